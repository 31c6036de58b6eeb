//! wasmfusion: the code engine for Apache DataFusion.

mod batch;
mod catalog;
mod driver;
mod engine;
mod error;
mod function;
mod image;
mod module;
mod sandbox;
mod sql;

pub use batch::EngineOptions;
pub use engine::Engine;
pub use error::{Error, Result};
pub use function::{FunctionDefinition, Volatility, WasmScalarUdf};
pub use module::{Abi, GuestSignature, GuestType, Module, ModuleHash, Parameter, Signature};
pub use sandbox::{Failure, GuestError};
pub use sql::{Session, WasmFunctionFactory};
