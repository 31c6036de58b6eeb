//! The native part of the Python package `wasmfusion`; what users see is in `wasmfusion/`.

mod engine;
mod error;
mod frame;
mod function;
mod guard;
mod session;
mod wait;

/// The native module.
#[pyo3::pymodule]
mod _wasmfusion {
    #[pymodule_export]
    use super::{
        engine::{Engine, run_compiler},
        error::{GuestError, WasmError},
        frame::Frame,
        function::Function,
        session::Session,
    };
}
