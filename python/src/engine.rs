//! Engines.

use std::{ffi::OsString, path::PathBuf, sync::Arc};

use pyo3::prelude::*;
use wasmfusion::{EngineOptions, Progress};

use crate::{error::raise_own, function::Function, wait::wait_blocking};

/// An engine.
#[pyclass(frozen, module = "wasmfusion._wasmfusion")]
pub(crate) struct Engine(pub(crate) Shared);

/// What the objects of an engine share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) engine: Arc<wasmfusion::Engine>,
    shows_progress: bool,
}

impl Shared {
    /// Shows on a terminal what takes long, unless the user does not want it.
    pub(crate) fn progress(&self) -> Progress {
        if self.shows_progress { Progress::show(&self.engine) } else { Progress::hidden() }
    }
}

#[pymethods]
impl Engine {
    #[new]
    fn new(
        py: Python<'_>,
        data_dir: Option<PathBuf>,
        plancache: Option<PathBuf>,
        variables: Vec<(String, String)>,
        shows_progress: bool,
        compiler: Vec<OsString>,
    ) -> PyResult<Self> {
        let mut options = EngineOptions { data_dir, plancache, compiler, ..EngineOptions::default() };
        for (name, value) in variables {
            options.set(&name, &value).map_err(raise_own)?;
        }
        let engine = wait_blocking(py, Arc::new(Progress::hidden()), || {}, move || wasmfusion::Engine::new(options))?;
        Ok(Self(Shared { engine: engine.map_err(raise_own)?, shows_progress }))
    }

    /// All functions, also those that other processes created in the same data folder.
    fn functions(&self, py: Python<'_>) -> PyResult<Vec<Function>> {
        let engine = &self.0.engine;
        py.detach(|| engine.refresh()).map_err(raise_own)?;
        let function = |definition| Function { definition, shared: self.0.clone() };
        Ok(engine.functions().into_iter().map(function).collect())
    }

    /// The function of a name.
    fn function(&self, py: Python<'_>, name: &str) -> PyResult<Option<Function>> {
        let engine = &self.0.engine;
        py.detach(|| engine.refresh()).map_err(raise_own)?;
        let found = engine.function(name).or_else(|| engine.function(&name.to_lowercase()));
        Ok(found.map(|definition| Function { definition, shared: self.0.clone() }))
    }
}

/// What a process of the compiler does, with its arguments.
#[pyfunction]
pub(crate) fn run_compiler(arguments: Vec<String>) -> PyResult<()> {
    wasmfusion::run_compiler(&arguments).map_err(raise_own)
}
