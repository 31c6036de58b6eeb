//! Sessions with the whole SQL surface.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use datafusion::{
    arrow::record_batch::RecordBatch,
    common::ParamValues,
    datasource::MemTable,
    logical_expr::LogicalPlan,
    prelude::{CsvReadOptions, JsonReadOptions, ParquetReadOptions},
    scalar::ScalarValue,
};
use pyo3::prelude::*;
use pyo3_arrow::input::{AnyArray, AnyRecordBatch};

use crate::{
    engine::{Engine, Shared},
    error::{WasmError, raise},
    frame::Frame,
    function::whole,
    wait::wait,
};

/// A session.
#[pyclass(frozen, skip_from_py_object, module = "wasmfusion._wasmfusion")]
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) session: Arc<wasmfusion::Session>,
    pub(crate) shared: Shared,
}

impl Session {
    /// Does something with the session, which Ctrl-C stops.
    fn with<T: Send + 'static, F: Future<Output = datafusion::error::Result<T>> + Send + 'static>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(Arc<wasmfusion::Session>) -> F,
    ) -> PyResult<T> {
        let progress = Arc::new(self.shared.progress());
        wait(py, progress, || self.session.interrupt(), work(Arc::clone(&self.session)))?.map_err(raise)
    }
}

#[pymethods]
impl Session {
    #[new]
    fn new(engine: &Engine) -> Self {
        let shared = engine.0.clone();
        Self { session: Arc::new(wasmfusion::Session::new(Arc::clone(&shared.engine))), shared }
    }

    /// Plans a statement, with arrays of one value each for its parameters, which have names or numbers; one that defines,
    /// changes or writes something is carried out.
    #[pyo3(signature = (statement, values=None, names=None))]
    fn sql(
        &self,
        py: Python<'_>,
        statement: String,
        values: Option<Vec<AnyArray>>,
        names: Option<Vec<String>>,
    ) -> PyResult<Frame> {
        let values = values.map(|values| values.into_iter().map(scalar).collect::<PyResult<Vec<_>>>()).transpose()?;
        let values = values.map(|values| match names {
            Some(names) => ParamValues::from(names.into_iter().zip(values).collect::<Vec<_>>()),
            None => ParamValues::from(values),
        });
        let frame = self.with(py, |session| async move {
            let frame = session.sql(&statement).await?;
            let frame = match values {
                Some(values) => frame.with_param_values(values)?,
                None => frame,
            };
            match frame.logical_plan() {
                // To DataFusion, these are queries that run when they are read, each time.
                LogicalPlan::Dml(_) | LogicalPlan::Copy(_) => session.context().read_batches(frame.collect().await?),
                _ => Ok(frame),
            }
        })?;
        Ok(Frame::new(frame, self.clone()))
    }

    /// A table as a result.
    fn table(&self, py: Python<'_>, name: String) -> PyResult<Frame> {
        let frame = self.with(py, |session| async move { session.context().table(&name).await })?;
        Ok(Frame::new(frame, self.clone()))
    }

    fn register_parquet(&self, py: Python<'_>, name: String, path: String) -> PyResult<()> {
        self.with(py, |session| async move {
            let extension = extension(&path, ".parquet");
            let options = ParquetReadOptions::default().file_extension(extension);
            session.context().deregister_table(&name)?;
            session.context().register_parquet(name, path, options).await
        })
    }

    fn register_csv(&self, py: Python<'_>, name: String, path: String, has_header: bool) -> PyResult<()> {
        self.with(py, move |session| async move {
            let extension = extension(&path, ".csv");
            let options = CsvReadOptions::new().has_header(has_header).file_extension(extension);
            session.context().deregister_table(&name)?;
            session.context().register_csv(name, path, options).await
        })
    }

    fn register_json(&self, py: Python<'_>, name: String, path: String) -> PyResult<()> {
        self.with(py, |session| async move {
            let extension = extension(&path, ".json");
            let options = JsonReadOptions::default().file_extension(extension);
            session.context().deregister_table(&name)?;
            session.context().register_json(name, path, options).await
        })
    }

    /// Registers what gives Arrow batches; they are kept in memory.
    fn register_batches(&self, py: Python<'_>, name: String, data: AnyRecordBatch) -> PyResult<()> {
        let reader = data.into_reader()?;
        let schema = reader.schema();
        // A reader of Python objects takes the lock of the interpreter when it needs it.
        let batches = py.detach(|| reader.collect::<Result<Vec<RecordBatch>, _>>());
        // It may have ended because of Ctrl-C.
        py.check_signals()?;
        let batches = batches.map_err(|error| WasmError::new_err(error.to_string()))?;
        self.with(py, |session| async move {
            let partitions = vec![batches];
            let table = MemTable::try_new(schema, partitions)?;
            session.context().deregister_table(&name)?;
            session.context().register_table(name, Arc::new(table))?;
            Ok(())
        })
    }

    fn deregister_table(&self, name: &str) -> PyResult<bool> {
        Ok(self.session.context().deregister_table(name).map_err(raise)?.is_some())
    }

    /// Packs the extension in a folder.
    fn pack_extension(&self, py: Python<'_>, folder: PathBuf, output: Option<PathBuf>) -> PyResult<(String, PathBuf)> {
        self.with(py, |session| async move { session.pack_extension(&folder, output.as_deref()) })
    }
}

/// The value of an array of one.
fn scalar(array: AnyArray) -> PyResult<ScalarValue> {
    ScalarValue::try_from_array(&whole(array)?, 0).map_err(raise)
}

/// How names of files end: those of a folder as is usual, a single one as it likes.
fn extension(path: &str, usual: &'static str) -> &'static str {
    if Path::new(path).is_file() { "" } else { usual }
}
