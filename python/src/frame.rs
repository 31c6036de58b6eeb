//! Results: plans that are run when somebody reads them.

use std::sync::{Arc, Mutex};

use datafusion::{
    arrow::{
        array::RecordBatchReader,
        datatypes::{Schema, SchemaRef},
        error::ArrowError,
        record_batch::RecordBatch,
    },
    common::exec_err,
    dataframe::DataFrame,
    error::{DataFusionError, Result},
    physical_plan::{collect, execute_stream},
};
use futures::StreamExt as _;
use pyo3::{exceptions::PyRuntimeError, prelude::*, types::PyCapsule};
use pyo3_arrow::{PyRecordBatch, PyRecordBatchReader, PySchema, PyTable};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};
use wasmfusion::Progress;

use crate::{
    error::raise,
    session::Session,
    wait::{SIGNALS, runtime, wait},
};

/// What a statement gives.
#[pyclass(frozen, module = "wasmfusion._wasmfusion")]
pub(crate) struct Frame {
    frame: DataFrame,
    session: Session,
}

impl Frame {
    pub(crate) fn new(frame: DataFrame, session: Session) -> Self {
        Self { frame, session }
    }

    fn arrow_schema(&self) -> SchemaRef {
        Arc::new(Schema::clone(self.frame.schema().as_arrow()))
    }

    /// Collects a result, which Ctrl-C stops.
    fn collected(&self, py: Python<'_>, frame: DataFrame) -> PyResult<PyTable> {
        let progress = self.session.shared.progress();
        let running = async move {
            let task = Arc::new(frame.task_ctx());
            let plan = frame.create_physical_plan().await?;
            progress.watch(&plan);
            collect(plan, task).await
        };
        let batches = wait(py, || self.session.session.interrupt(), running)?.map_err(raise)?;
        // Batches know more of their columns than the plan: that one of them has no nulls.
        let schema = batches.first().map_or_else(|| self.arrow_schema(), RecordBatch::schema);
        PyTable::try_new(batches, schema)
    }

    /// Begins to run the plan.
    fn reader(&self, py: Python<'_>) -> PyResult<Reader> {
        let frame = self.frame.clone();
        let progress = self.session.shared.progress();
        let session = Arc::clone(&self.session.session);
        let started = async move {
            let task = Arc::new(frame.task_ctx());
            let plan = frame.create_physical_plan().await?;
            progress.watch(&plan);
            Ok::<_, DataFusionError>((execute_stream(plan, task)?, progress))
        };
        let (stream, progress) = wait(py, || session.interrupt(), started)?.map_err(raise)?;
        let schema = stream.schema();
        let (sender, batches) = mpsc::channel(1);
        let task = runtime().spawn(async move {
            let mut stream = stream;
            while let Some(batch) = stream.next().await {
                if sender.send(batch).await.is_err() {
                    break;
                }
            }
        });
        Ok(Reader { schema, batches, session, task, progress })
    }
}

#[pymethods]
impl Frame {
    #[getter]
    fn schema(&self) -> PySchema {
        PySchema::new(self.arrow_schema())
    }

    /// All rows.
    fn collect(&self, py: Python<'_>) -> PyResult<PyTable> {
        self.collected(py, self.frame.clone())
    }

    /// The first rows.
    fn head(&self, py: Python<'_>, rows: usize) -> PyResult<PyTable> {
        self.collected(py, self.frame.clone().limit(0, Some(rows)).map_err(raise)?)
    }

    /// A reader of batches as they come.
    fn stream(&self, py: Python<'_>) -> PyResult<Batches> {
        Ok(Batches(Mutex::new(self.reader(py)?)))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let reader = PyRecordBatchReader::new(Box::new(self.reader(py)?));
        let reader = Bound::new(py, reader)?;
        reader.call_method1("__arrow_c_stream__", (requested_schema,))
    }
}

/// Batches one by one.
#[pyclass(frozen, module = "wasmfusion._wasmfusion")]
pub(crate) struct Batches(Mutex<Reader>);

#[pymethods]
impl Batches {
    fn __iter__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<PyRecordBatch>> {
        let mut reader =
            self.0.try_lock().map_err(|_| PyRuntimeError::new_err("another thread is reading these batches"))?;
        loop {
            let reader = &mut *reader;
            match py.detach(|| reader.wait()) {
                Some(batch) => return Ok(batch.transpose().map_err(raise)?.map(PyRecordBatch::new)),
                None => py.check_signals().inspect_err(|_| reader.stop())?,
            }
        }
    }
}

/// The batches of a plan that is being run.
struct Reader {
    schema: SchemaRef,
    batches: mpsc::Receiver<Result<RecordBatch>>,
    session: Arc<wasmfusion::Session>,
    /// What sends them.
    task: JoinHandle<()>,
    /// Until the first of them is there: from then on others write to the terminal.
    progress: Progress,
}

impl Reader {
    /// Waits a while for the next batch: `None` when it did not come yet, `Some(None)` after the last one.
    fn wait(&mut self) -> Option<Option<Result<RecordBatch>>> {
        let next = runtime().block_on(async { timeout(SIGNALS, self.batches.recv()).await.ok() })?;
        self.progress = Progress::hidden();
        if next.is_none() && !self.task.is_finished() {
            // The sender is gone a moment before its task.
            return None;
        }
        if next.is_none()
            && let Err(error) = runtime().block_on(&mut self.task)
        {
            return Some(Some(exec_err!("wasmfusion has a defect, please report it: {error}")));
        }
        Some(next)
    }

    fn stop(&self) {
        self.session.interrupt();
        self.task.abort();
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // Nobody reads on; dropping the stream stops what is under way.
        self.task.abort();
    }
}

impl Iterator for Reader {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            // Whoever reads may or may not have the lock of the interpreter.
            let waited = Python::attach(|py| py.detach(|| self.wait()));
            if let Some(batch) = waited {
                return batch.map(|batch| batch.map_err(ArrowError::from));
            }
            if Python::attach(|py| py.check_signals()).is_err() {
                self.stop();
                // Arrow's stream interface has no way for Python's exception: the signal is given back.
                // SAFETY: it only sets a flag.
                unsafe { pyo3::ffi::PyErr_SetInterrupt() };
                return Some(Err(ArrowError::ExternalError("interrupted".into())));
            }
        }
    }
}

impl RecordBatchReader for Reader {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
