//! The engine: what sessions share.

use std::{
    collections::{BTreeMap, HashMap, HashSet, btree_map::Entry},
    sync::{Arc, Mutex, Weak},
};

use crate::{
    batch::{Route, Runtime, Tally},
    catalog::{Catalog, Change, State, StoredFunction},
    error::Result,
    function::{FunctionDefinition, FunctionSpec, build, memory_limit},
    image::{ImageStatus, Kind, Program},
    lock::lock,
    module::{Module, ModuleHash},
    variables::{EngineOptions, PLANCACHE, Variables},
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
    /// Makes an engine with the functions of its data folder, or without functions.
    ///
    /// # Errors
    /// When an option is out of its range, the data folder or that of the plancache cannot be used, or this machine
    /// cannot run WebAssembly.
    pub fn new(mut options: EngineOptions) -> Result<Arc<Self>> {
        let catalog = match &options.data_dir {
            Some(folder) => Catalog::open(folder)?,
            None => Catalog::in_memory(),
        };
        if let (Some(folder), None) = (&options.data_dir, &options.plancache) {
            options.plancache = Some(folder.join(PLANCACHE));
        }
        let variables = Arc::new(Variables::new(options)?);
        let engine =
            Arc::new(Self { runtime: Arc::new(Runtime::new(variables)?), catalog, programs: Mutex::default() });
        engine.refresh()?;
        Ok(engine)
    }

    /// The variables, as they are now.
    pub(crate) fn variables(&self) -> &Arc<Variables> {
        &self.runtime.variables
    }

    /// The catalog, as far as this process knows.
    pub(crate) fn catalog(&self) -> Arc<State> {
        self.catalog.state()
    }

    /// All functions of the engine, in the order of their names.
    #[must_use]
    pub fn functions(&self) -> Vec<Arc<FunctionDefinition>> {
        self.catalog().functions.values().map(Arc::clone).collect()
    }

    /// The function of a name, which is in lower case unless it was created in quotes.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<Arc<FunctionDefinition>> {
        self.catalog().functions.get(name).map(Arc::clone)
    }

    /// The functions, when they have changed since `version`, with their version now.
    pub(crate) fn changed_since(&self, version: u64) -> Option<(u64, Vec<Arc<FunctionDefinition>>)> {
        self.catalog.changed_since(version)
    }

    pub(crate) fn has_function(&self, name: &str) -> bool {
        self.catalog().has_function(name)
    }

    /// Takes over what other processes changed in the data folder. Sessions do so at each statement.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn refresh(&self) -> Result<()> {
        let gone = self.catalog.refresh(&|stored, module| self.rebuild(stored, module))?;
        self.retire(&gone);
        Ok(())
    }

    /// Changes the catalog for all sessions as `decide` says when it has seen what is in it at that time.
    ///
    /// # Errors
    /// Those of `decide`, and when the data folder cannot be written; nothing has changed then.
    pub(crate) fn change(&self, decide: impl FnOnce(&State) -> Result<Change>) -> Result<()> {
        let gone = self.catalog.change(&|stored, module| self.rebuild(stored, module), decide)?;
        self.retire(&gone);
        Ok(())
    }

    /// Lets go of what no function needs any more. Calls that are under way go on with what they have.
    fn retire(&self, gone: &[Arc<FunctionDefinition>]) {
        if gone.is_empty() {
            return;
        }
        let needed: HashSet<_> = self.functions().iter().flat_map(|function| function.images()).collect();
        for image in gone.iter().flat_map(|function| function.images()).filter(|image| !needed.contains(image)) {
            self.runtime.images.forget(&image);
        }
        self.runtime.pools.sweep_unneeded();
    }

    /// How many modules are being compiled.
    pub(crate) fn compiling(&self) -> u64 {
        self.runtime.images.compiling()
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
    pub(crate) fn build(&self, spec: FunctionSpec, module: Arc<Module>) -> Result<FunctionDefinition> {
        let memory_limit = memory_limit(&self.runtime, &module, spec.grow_to)?;
        self.build_with(spec, module, memory_limit)
    }

    /// Makes a function that a store or a backup describes.
    pub(crate) fn rebuild(&self, stored: StoredFunction, module: Arc<Module>) -> Result<FunctionDefinition> {
        let (spec, memory_limit) = stored.spec()?;
        self.build_with(spec, module, memory_limit)
    }

    /// The images of functions as files, by their names in a plancache. What has to be compiled is compiled.
    pub(crate) fn image_files<'a>(
        &self,
        functions: impl Iterator<Item = &'a Arc<FunctionDefinition>>,
    ) -> Result<BTreeMap<String, Vec<u8>>> {
        let cache = &self.runtime.images;
        let account = self.runtime.account(None);
        let mut files = BTreeMap::new();
        for function in functions {
            let image = match &function.callable.route {
                Route::Drivers(drivers) => drivers.program.image(cache, &drivers.function, Kind::Drivers, &account)?.1,
                Route::General(general) => general.compiled(cache, &account)?,
            };
            // Functions share images.
            if let Entry::Vacant(entry) = files.entry(image.key.file_name()) {
                entry.insert(cache.file(&image)?);
            }
        }
        Ok(files)
    }

    /// Takes files of images into the plancache.
    pub(crate) fn take_images(&self, files: &BTreeMap<String, Vec<u8>>) -> Result<()> {
        self.runtime.images.take(files)
    }

    fn build_with(&self, spec: FunctionSpec, module: Arc<Module>, memory_limit: u64) -> Result<FunctionDefinition> {
        build(&self.runtime, spec, module, memory_limit, |module, memory_limit| self.program(module, memory_limit))
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
