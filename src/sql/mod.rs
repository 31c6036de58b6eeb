//! SQL: statements of our own, the session that understands them, and the factory for sessions that do not.

mod analyze;
mod backup;
mod barrier;
mod create;
mod define;
mod extension;
mod factory;
mod information_schema;
mod lateral;
mod parser;
mod planner;
mod prune;
mod relation;
mod session;
mod source;
mod statement;
mod status;
mod types;
mod variables;

pub use self::{factory::WasmFunctionFactory, session::Session, types::WasmTypePlanner};
