//! Functions as DataFusion sees them.

mod coercion;
mod definition;
mod scalar;

pub(crate) use self::definition::{FunctionSpec, build};
pub use self::{
    definition::{FunctionDefinition, Volatility},
    scalar::WasmScalarUdf,
};
