//! SQL: statements of our own, the session that understands them, and the factory for sessions that do not.

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
mod query;
mod relation;
mod session;
mod source;
mod statement;
mod status;
mod types;
mod variables;

pub use self::{factory::WasmFunctionFactory, session::Session, types::WasmTypePlanner};
