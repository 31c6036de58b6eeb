//! Table functions in plans: a call for each row of an input, whose items become rows.

mod exec;
mod node;
mod planner;
mod standalone;

pub(crate) use self::node::{TableCall, Yield};
pub use self::{planner::WasmExtensionPlanner, standalone::WasmTableFunction};
