//! Batches: Arrow columns through sandboxes.

mod call;
mod context;
mod counters;
mod distinct;
mod drivers;
mod general;
mod items;
mod kernel;
mod lift;
mod lower;
#[cfg(test)]
mod oracle;
mod query;
mod runtime;
mod share;
mod slice;
mod tree;
mod upkeep;

pub use self::query::Interrupt;
pub(crate) use self::{
    call::{Callable, Route},
    context::Caller,
    counters::{Counters, Tally, nanoseconds},
    drivers::Drivers,
    general::General,
    items::{Items, Opened},
    query::{Query, Reader},
    runtime::Runtime,
};
