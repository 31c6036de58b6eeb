//! wasmfusion
mod driver;
mod error;
mod module;
mod sandbox;
mod sql;
pub use error::{Error, Result};
pub use module::{Abi, GuestSignature, GuestType, Module, ModuleHash, Parameter, Signature};
pub use sql::Session;
