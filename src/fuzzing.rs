//! What the targets in `fuzz/` and the property tests need beside the public API. Without the feature `fuzzing` it is not
//! there, and it is no part of the API.

use std::sync::Arc;

use datafusion::{
    arrow::{array::ArrayRef, datatypes::DataType},
    logical_expr::ColumnarValue,
};

use crate::{
    batch::{Callable, Caller, General, Route},
    catalog::StoredFunction,
    engine::Engine,
    error::{Error, Result},
    function::{FunctionDefinition, FunctionSpec, Volatility},
    module::{self, Abi, DeclaredTypes, GuestType, Module, Signature},
};

/// What a call gave: the array, or the row and the text of an error.
pub type Outcome = std::result::Result<ArrayRef, Wrong>;

/// An error of a call in a form that can be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The guest failed; otherwise the arguments, the code or the results could not be handled.
    pub in_guest: bool,
    /// The row, when it is known.
    pub row: Option<usize>,
    /// What went wrong.
    pub text: String,
}

/// A function that can be called through its batch drivers and by the general route, which calls it row by row through
/// wasmtime's component API.
#[derive(Debug)]
pub struct Routes {
    drivers: FunctionDefinition,
    general: Callable,
}

impl Routes {
    /// Makes a function of a component, or of a core module with WIT; `None` when it has no drivers.
    ///
    /// # Errors
    /// When the function cannot be made.
    pub fn canonical(engine: &Engine, module: &Arc<Module>, export: &str) -> Result<Option<Self>> {
        let drivers = engine.build(spec(export, Abi::Canonical, DeclaredTypes::default()), Arc::clone(module))?;
        let general = general(&drivers)?;
        Ok(drivers.has_drivers().then_some(Self { drivers, general }))
    }

    /// Makes a BASIC function of a core module. `with_wit` is the same module with the WIT that the general route needs,
    /// in which types are those that need no check in either ABI: `s32`, `s64`, `f32`, `f64`.
    ///
    /// # Errors
    /// When the function cannot be made.
    pub fn basic(engine: &Engine, plain: &Arc<Module>, with_wit: &Arc<Module>, export: &str) -> Result<Self> {
        let canonical = engine.build(spec(export, Abi::Canonical, DeclaredTypes::default()), Arc::clone(with_wit))?;
        let Signature { params, return_type, .. } = canonical.signature().clone();
        let declared = DeclaredTypes { params: Some(params), result: Some(return_type), ..DeclaredTypes::default() };
        let drivers = engine.build(spec(export, Abi::Basic, declared), Arc::clone(plain))?;
        Ok(Self { drivers, general: general(&canonical)? })
    }

    /// The types of both.
    #[must_use]
    pub fn signature(&self) -> &Signature {
        self.drivers.signature()
    }

    /// Calls the function through its drivers.
    ///
    /// # Errors
    /// What the call says.
    pub fn through_drivers(&self, args: &[ColumnarValue], rows: usize) -> Outcome {
        outcome(&self.drivers.callable, args, rows)
    }

    /// Calls the function by the general route.
    ///
    /// # Errors
    /// What the call says.
    pub fn through_components(&self, args: &[ColumnarValue], rows: usize) -> Outcome {
        outcome(&self.general, args, rows)
    }
}

/// A function as CREATE FUNCTION would say it.
pub(crate) fn spec(export: &str, abi: Abi, declared: DeclaredTypes) -> FunctionSpec {
    FunctionSpec {
        name: export.replace('-', "_"),
        statement: String::new(),
        extension: None,
        abi: Some(abi),
        export: Some(export.to_owned()),
        grow_to: None,
        declared,
        // Constants go through the batch path, too.
        volatility: Volatility::Volatile,
    }
}

/// The same function by the general route.
pub(crate) fn general(definition: &FunctionDefinition) -> Result<Callable> {
    let known = &definition.callable;
    let route =
        General::new(&definition.module, definition.export(), definition.memory_limit(), &known.runtime.images)?;
    Ok(Callable::new(
        known.name.clone(),
        known.signature.clone(),
        known.deterministic,
        Route::General(route),
        Arc::clone(&known.runtime),
    ))
}

/// Calls a function.
pub(crate) fn outcome(callable: &Callable, args: &[ColumnarValue], rows: usize) -> Outcome {
    let account = callable.runtime.account(None);
    let called = callable.call(args, rows, Caller { account: &account, meter: None, query: None });
    let wrong = |error: Error| match error {
        Error::Guest(error) => Wrong { in_guest: true, row: error.row, text: error.failure.to_string() },
        other => Wrong { in_guest: false, row: None, text: other.to_string() },
    };
    called.map_err(wrong).and_then(|value| {
        value.into_array(rows).map_err(|error| Wrong { in_guest: false, row: None, text: error.to_string() })
    })
}

/// The names of the functions that the WIT of a module has.
#[must_use]
pub fn exports(module: &Module) -> Vec<String> {
    let functions = module.wit().map(|wit| wit.functions()).unwrap_or_default();
    functions.into_iter().map(|(name, _)| name).collect()
}

/// The functions of an engine, in the order of their names.
#[must_use]
pub fn functions(engine: &Engine) -> Vec<Arc<FunctionDefinition>> {
    engine.functions()
}

/// Everything that the catalog of an engine has, as one text: two that are equal have the same functions and extensions.
#[must_use]
pub fn fingerprint(engine: &Engine) -> String {
    let state = engine.catalog();
    let functions: Vec<_> = state
        .functions
        .values()
        .map(|function| format!("{:?} {}", StoredFunction::of(function), function.module_hash()))
        .collect();
    format!("{functions:#?} {:#?}", state.extensions)
}

/// The SQL type that a guest type stands for when none is declared.
#[must_use]
pub fn natural_type(guest: &GuestType) -> DataType {
    module::natural_type(guest)
}
