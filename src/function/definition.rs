//! Function definitions: what a CREATE FUNCTION statement made.

use std::sync::Arc;

use crate::{
    batch::{Callable, Drivers, General, Route, Runtime, Tally},
    driver::DriverSpec,
    error::{Error, Result},
    image::{Key, Program},
    module::{Abi, DeclaredTypes, Module, ModuleHash, Signature},
};

/// Whether equal arguments give equal results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Volatility {
    /// Always: constants are evaluated at planning, equal calls once. The default, since a sandbox has neither clock
    /// nor entropy, and what guests keep between calls is promised to nobody.
    #[default]
    Immutable,
    /// Within one query.
    Stable,
    /// Not at all: the function is called on every row.
    Volatile,
}

/// What is needed to make a function, besides the module.
#[derive(Debug, Clone)]
pub(crate) struct FunctionSpec {
    /// The SQL name, folded.
    pub(crate) name: String,
    /// The statement that makes it, without secrets; empty when there is none to show.
    pub(crate) statement: String,
    /// The extension that it belongs to.
    pub(crate) extension: Option<String>,
    pub(crate) abi: Option<Abi>,
    pub(crate) export: Option<String>,
    /// GROW TO, in bytes.
    pub(crate) grow_to: Option<u64>,
    pub(crate) declared: DeclaredTypes,
    pub(crate) volatility: Volatility,
}

/// A function that can be called from SQL.
#[derive(Debug)]
pub struct FunctionDefinition {
    /// What was asked for.
    pub(crate) spec: FunctionSpec,
    pub(crate) module: Arc<Module>,
    export: String,
    abi: Abi,
    memory_limit: u64,
    pub(crate) callable: Callable,
}

impl FunctionDefinition {
    /// The SQL name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.callable.name
    }

    /// The signature in SQL's and in the guest's types.
    #[must_use]
    pub fn signature(&self) -> &Signature {
        &self.callable.signature
    }

    /// It is a table function: it can be called in FROM.
    #[must_use]
    pub fn is_table(&self) -> bool {
        self.callable.signature.columns.is_some()
    }

    /// The name of the export in the module.
    #[must_use]
    pub fn export(&self) -> &str {
        &self.export
    }

    /// The statement that makes the function, in one form and without secrets; empty when a plain context made it.
    #[must_use]
    pub fn statement(&self) -> &str {
        &self.spec.statement
    }

    /// The extension that the function belongs to.
    #[must_use]
    pub fn extension(&self) -> Option<&str> {
        self.spec.extension.as_deref()
    }

    /// The ABI.
    #[must_use]
    pub fn abi(&self) -> Abi {
        self.abi
    }

    /// Whether equal arguments give equal results.
    #[must_use]
    pub fn volatility(&self) -> Volatility {
        self.spec.volatility
    }

    /// The module by content.
    #[must_use]
    pub fn module_hash(&self) -> ModuleHash {
        self.module.hash()
    }

    /// The most bytes that a sandbox's linear memory may have.
    #[must_use]
    pub fn memory_limit(&self) -> u64 {
        self.memory_limit
    }

    /// The function runs through batch drivers, not through the general route.
    #[must_use]
    pub fn has_drivers(&self) -> bool {
        matches!(self.callable.route, Route::Drivers(_))
    }

    /// The function is interrupted when it takes too long; one that is proven to end needs no interruption.
    #[must_use]
    pub fn is_interruptible(&self) -> bool {
        match &self.callable.route {
            Route::Drivers(drivers) => !drivers.function.facts.ends,
            Route::General(_) => true,
        }
    }

    /// What the images that the function uses are known by.
    pub(crate) fn images(&self) -> Vec<Key> {
        match &self.callable.route {
            Route::Drivers(drivers) => drivers.program.keys(),
            Route::General(general) => general.key().into_iter().collect(),
        }
    }

    /// The size of the module in bytes.
    pub(crate) fn module_size(&self) -> usize {
        self.module.bytes().len()
    }

    /// What the function did so far, in all sessions.
    pub(crate) fn tally(&self) -> Tally {
        self.callable.counters.get()
    }
}

/// The memory of a sandbox in bytes when nothing is said.
const DEFAULT_MEMORY: u64 = 16 << 20;

/// Makes a function from a module, whose sandboxes have at most so many bytes of linear memory. `program` gives the program of a module under a memory limit.
///
/// # Errors
/// When the module and the statement do not fit, naming both sides.
pub(crate) fn build(
    runtime: &Arc<Runtime>,
    spec: FunctionSpec,
    module: Arc<Module>,
    memory_limit: u64,
    program: impl FnOnce(Arc<Module>, u64) -> Arc<Program>,
) -> Result<FunctionDefinition> {
    let abi = spec.abi.unwrap_or_else(|| module.default_abi());
    let export = module.export(&spec.name, spec.export.as_deref(), abi, &spec.declared)?;
    let signature = Signature::matching(spec.declared.clone(), export.guest)?;
    let with_drivers = export.lifted.as_ref().and_then(|lifted| DriverSpec::of(lifted, &signature.guest, abi));
    let route = match with_drivers {
        Some(drivers) => {
            let program = program(Arc::clone(&module), memory_limit);
            let function = program.register(drivers).expect("a lifted function has a core module");
            Route::Drivers(Drivers { program, function })
        }
        None => Route::General(General::new(&module, &export.name, memory_limit, &runtime.images)?),
    };
    Ok(FunctionDefinition {
        module,
        export: export.name,
        abi,
        memory_limit,
        callable: Callable::new(
            spec.name.clone(),
            signature,
            spec.volatility != Volatility::Volatile,
            route,
            Arc::clone(runtime),
        ),
        spec,
    })
}

/// The most bytes of linear memory: GROW TO, or the default, or what the module declares when that is more.
///
/// # Errors
/// When that is more than is allowed, or less than the module declares.
pub(crate) fn memory_limit(runtime: &Runtime, module: &Module, grow_to: Option<u64>) -> Result<u64> {
    let cap = runtime.variables.max_linear_memory_size();
    let declared = module.declared_memory();
    if declared > cap {
        return Err(Error::Module(format!(
            "it declares {declared} bytes of memory; at most {cap} are allowed (wasm.max_linear_memory_size)"
        )));
    }
    match grow_to {
        None => Ok(DEFAULT_MEMORY.min(cap).max(declared)),
        Some(bytes) if bytes > cap => Err(Error::Statement(format!(
            "GROW TO {bytes}: at most {cap} bytes are allowed (wasm.max_linear_memory_size)"
        ))),
        Some(bytes) if bytes < declared => {
            Err(Error::Statement(format!("GROW TO {bytes}: the module declares {declared} bytes of memory")))
        }
        Some(bytes) => Ok(bytes),
    }
}
