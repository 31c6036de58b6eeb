//! The engine: what sessions share.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use crate::{
    batch::{EngineOptions, Runtime},
    catalog::Catalog,
    error::Result,
    function::{FunctionDefinition, FunctionSpec, build},
    image::Program,
    module::{Module, ModuleHash},
};

/// A code engine: compiled images, sandboxes and the functions that were created. Any number of sessions share one.
#[derive(Debug)]
pub struct Engine {
    runtime: Arc<Runtime>,
    catalog: Catalog,
    /// The programs that functions are registered in, by module and memory limit.
    programs: Mutex<HashMap<(ModuleHash, u64), Weak<Program>>>,
}

impl Engine {
    /// Makes an engine without functions.
    ///
    /// # Errors
    /// When this machine cannot run WebAssembly.
    pub fn new(options: EngineOptions) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            runtime: Arc::new(Runtime::new(options)?),
            catalog: Catalog::default(),
            programs: Mutex::default(),
        }))
    }

    /// The variables of the engine.
    #[must_use]
    pub fn options(&self) -> &EngineOptions {
        &self.runtime.options
    }

    /// The functions that sessions of this engine see.
    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Makes a function; it is not in the catalog yet.
    pub(crate) fn build(&self, spec: FunctionSpec, module: Module) -> Result<FunctionDefinition> {
        build(&self.runtime, spec, Arc::new(module), |module, memory_limit| self.program(module, memory_limit))
    }

    fn program(&self, module: Arc<Module>, memory_limit: u64) -> Arc<Program> {
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        programs.retain(|_, program| program.strong_count() > 0);
        let key = (module.hash(), memory_limit);
        if let Some(program) = programs.get(&key).and_then(Weak::upgrade) {
            return program;
        }
        let program = Arc::new(Program::new(module, memory_limit));
        programs.insert(key, Arc::downgrade(&program));
        program
    }
}
