//! Functions as DataFusion sees them.

mod coercion;
mod definition;
mod scalar;
mod table;

pub(crate) use self::{
    coercion::coerce,
    definition::{FunctionSpec, build, memory_limit},
    table::{TableCall, Yield},
};
pub use self::{
    definition::{FunctionDefinition, Volatility},
    scalar::WasmScalarUdf,
    table::{WasmExtensionPlanner, WasmTableFunction},
};
