//! wasmfusion: the code engine for Apache DataFusion.
//!
//! A function in any language that compiles to WebAssembly is registered with `CREATE FUNCTION … AS WASM` and called from
//! SQL. It runs in a sandbox inside the query process, over whole Arrow batches, on every core.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use wasmfusion::{Engine, EngineOptions, Session};
//!
//! let session = Session::new(Engine::new(EngineOptions::default())?);
//! session.sql("CREATE FUNCTION shout AS WASM FROM INFILE 'text.wasm'").await?;
//! session.sql("SELECT shout('hello')").await?.show().await?;
//! # Ok(())
//! # }
//! ```
//!
//! An [`Engine`] holds what sessions share: compiled code, sandboxes and functions. A [`Session`] understands all
//! statements; [`WasmFunctionFactory`] brings `CREATE FUNCTION … LANGUAGE wasm` to a plain DataFusion context.

mod archive;
mod batch;
mod catalog;
mod driver;
mod engine;
mod error;
mod function;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod image;
mod kernel;
mod lock;
mod memory;
mod module;
mod progress;
mod sandbox;
mod sql;
mod thread;
mod variables;
mod whole;

pub use batch::Interrupt;
pub use engine::Engine;
pub use error::{Error, Result};
pub use function::{FunctionDefinition, Volatility, WasmExtensionPlanner, WasmScalarUdf, WasmTableFunction};
pub use image::run_compiler;
pub use module::{Abi, Column, GuestSignature, GuestType, Module, ModuleHash, Parameter, Signature};
pub use progress::Progress;
pub use sandbox::{Failure, GuestError};
pub use sql::{Session, WasmFunctionFactory, WasmTypePlanner};
pub use variables::{EngineOptions, SandboxScope};
