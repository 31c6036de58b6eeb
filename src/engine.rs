//! The engine: what sessions share.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
};

use crate::{
    batch::{Runtime, Tally},
    catalog::{Catalog, IfExists},
    error::Result,
    function::{FunctionDefinition, FunctionSpec, build},
    image::{ImageStatus, Program},
    lock::lock,
    module::{Module, ModuleHash},
    variables::{EngineOptions, Variables},
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
    /// When an option is out of its range, the folder of the plancache cannot be used, or this machine cannot run
    /// WebAssembly.
    pub fn new(options: EngineOptions) -> Result<Arc<Self>> {
        let variables = Arc::new(Variables::new(options)?);
        Ok(Arc::new(Self {
            runtime: Arc::new(Runtime::new(variables)?),
            catalog: Catalog::default(),
            programs: Mutex::default(),
        }))
    }

    /// The variables, as they are now.
    pub(crate) fn variables(&self) -> &Arc<Variables> {
        &self.runtime.variables
    }

    /// All functions of the engine, in the order of their names.
    pub(crate) fn functions(&self) -> Vec<Arc<FunctionDefinition>> {
        self.catalog.functions()
    }

    /// The functions, when they have changed since `version`, with their version now.
    pub(crate) fn changed_since(&self, version: u64) -> Option<(u64, Vec<Arc<FunctionDefinition>>)> {
        self.catalog.changed_since(version)
    }

    pub(crate) fn has_function(&self, name: &str) -> bool {
        self.catalog.contains(name)
    }

    /// Adds a function for all sessions.
    ///
    /// # Errors
    /// When there is one of that name and `if_exists` says so.
    pub(crate) fn add_function(&self, function: FunctionDefinition, if_exists: IfExists) -> Result<()> {
        if let Some(replaced) = self.catalog.add(function, if_exists)? {
            self.retire(&replaced);
        }
        Ok(())
    }

    /// Removes a function for all sessions; `false` when there is none of that name.
    pub(crate) fn remove_function(&self, name: &str) -> bool {
        let removed = self.catalog.remove(name);
        if let Some(removed) = &removed {
            self.retire(removed);
        }
        removed.is_some()
    }

    /// Lets go of what no function needs any more. Calls that are under way go on with what they have.
    fn retire(&self, function: &FunctionDefinition) {
        let mut unneeded = function.images();
        for other in self.functions() {
            let needed = other.images();
            unneeded.retain(|image| !needed.contains(image));
        }
        for image in &unneeded {
            self.runtime.images.forget(image);
        }
        self.runtime.pools.sweep_unneeded();
    }

    /// What the engine did and holds.
    pub(crate) fn status(&self) -> EngineStatus {
        EngineStatus {
            images: self.runtime.images.status(),
            eviction_limit: self.variables().eviction_limit(),
            live_sandboxes: self.runtime.live_sandboxes.get(),
            calls: self.runtime.counters.get(),
        }
    }

    /// Makes a function; it is not in the catalog yet.
    pub(crate) fn build(&self, spec: FunctionSpec, module: Module) -> Result<FunctionDefinition> {
        build(&self.runtime, spec, Arc::new(module), |module, memory_limit| self.program(module, memory_limit))
    }

    fn program(&self, module: Arc<Module>, memory_limit: u64) -> Arc<Program> {
        let mut programs = lock(&self.programs);
        programs.retain(|_, program| program.strong_count() > 0);
        let key = (module.hash(), memory_limit);
        if let Some(program) = programs.get(&key).and_then(Weak::upgrade) {
            return program;
        }
        let program = Arc::new(Program::new(module, memory_limit, &self.runtime.images));
        programs.insert(key, Arc::downgrade(&program));
        program
    }
}

/// What an engine did so far, and holds now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EngineStatus {
    pub(crate) images: ImageStatus,
    /// In bytes; `None` for no limit.
    pub(crate) eviction_limit: Option<u64>,
    pub(crate) live_sandboxes: u64,
    pub(crate) calls: Tally,
}
