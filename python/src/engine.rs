//! Engines.

use std::{path::PathBuf, sync::Arc};

use pyo3::prelude::*;
use wasmfusion::EngineOptions;

use crate::{error::raise_own, function::Function, wait::wait_blocking};

/// An engine.
#[pyclass(frozen, module = "wasmfusion._wasmfusion")]
pub(crate) struct Engine(pub(crate) Arc<wasmfusion::Engine>);

#[pymethods]
impl Engine {
    #[new]
    fn new(
        py: Python<'_>,
        data_dir: Option<PathBuf>,
        plancache: Option<PathBuf>,
        variables: Vec<(String, String)>,
    ) -> PyResult<Self> {
        let mut options = EngineOptions { data_dir, plancache, ..EngineOptions::default() };
        for (name, value) in variables {
            options.set(&name, &value).map_err(raise_own)?;
        }
        let engine = wait_blocking(py, || {}, move || wasmfusion::Engine::new(options))?;
        Ok(Self(engine.map_err(raise_own)?))
    }

    /// All functions, also those that other processes created in the same data folder.
    fn functions(&self, py: Python<'_>) -> PyResult<Vec<Function>> {
        py.detach(|| self.0.refresh()).map_err(raise_own)?;
        Ok(self.0.functions().into_iter().map(Function).collect())
    }

    /// The function of a name.
    fn function(&self, py: Python<'_>, name: &str) -> PyResult<Option<Function>> {
        py.detach(|| self.0.refresh()).map_err(raise_own)?;
        let found = self.0.function(name).or_else(|| self.0.function(&name.to_lowercase()));
        Ok(found.map(Function))
    }
}
