//! Batches: Arrow columns through sandboxes.

mod call;
mod drivers;
mod general;
mod lift;
mod lower;
#[cfg(test)]
mod oracle;
mod runtime;
mod slice;
mod tree;

pub use self::runtime::EngineOptions;
pub(crate) use self::{
    call::{Callable, Route},
    drivers::Drivers,
    general::General,
    runtime::Runtime,
};
