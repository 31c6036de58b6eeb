//! Results: plans that are run when somebody reads them.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        mpsc::{self, RecvTimeoutError},
    },
};

use datafusion::{
    arrow::{
        array::RecordBatchReader,
        datatypes::{Schema, SchemaRef},
        error::ArrowError,
        record_batch::RecordBatch,
    },
    common::exec_datafusion_err,
    dataframe::DataFrame,
    error::{DataFusionError, Result},
    execution::SendableRecordBatchStream,
    physical_plan::{ExecutionPlan, execute_stream},
};
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use pyo3::{
    exceptions::{PyKeyboardInterrupt, PyRuntimeError},
    prelude::*,
    types::PyCapsule,
};
use pyo3_arrow::{PyRecordBatch, PyRecordBatchReader, PySchema, PyTable};
use tokio::{sync::Semaphore, task::JoinHandle};
use wasmfusion::Progress;

use crate::{
    error::raise,
    session::Session,
    wait::{SIGNALS, runtime, wait},
};

/// Batches that may wait to be read. One is enough to keep both sides busy.
const WAITING: usize = 1;

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

    /// Begins to run the plan.
    async fn run(frame: DataFrame, progress: &Progress) -> Result<(Arc<dyn ExecutionPlan>, SendableRecordBatchStream)> {
        let task = Arc::new(frame.task_ctx());
        let plan = frame.create_physical_plan().await?;
        progress.watch(&plan);
        let stream = execute_stream(Arc::clone(&plan), task)?;
        Ok((plan, stream))
    }

    /// The rows, or the first of them, which Ctrl-C stops.
    fn rows(&self, py: Python<'_>, most: Option<usize>) -> PyResult<PyTable> {
        let frame = self.frame.clone();
        let progress = Arc::new(self.session.shared.progress());
        let shown = Arc::clone(&progress);
        let running = async move {
            let (_, mut stream) = Self::run(frame, &shown).await?;
            let schema = stream.schema();
            let Some(most) = most else { return Ok((stream.try_collect().await?, schema)) };
            // A plan with a limit would be another one, and there is none for EXPLAIN.
            let (mut batches, mut rest) = (Vec::new(), most);
            while rest > 0
                && let Some(batch) = stream.try_next().await?
            {
                let batch = batch.slice(0, rest.min(batch.num_rows()));
                rest -= batch.num_rows();
                batches.push(batch);
            }
            Ok::<_, DataFusionError>((batches, schema))
        };
        let (batches, schema): (Vec<RecordBatch>, _) =
            wait(py, progress, || self.session.session.interrupt(), running)?.map_err(raise)?;
        PyTable::try_new(batches, schema)
    }

    /// A reader of batches as they come.
    fn reader(&self, py: Python<'_>) -> PyResult<Reader> {
        let frame = self.frame.clone();
        let progress = Arc::new(self.session.shared.progress());
        let shown = Arc::clone(&progress);
        let started = async move { Self::run(frame, &shown).await };
        let (plan, stream) = wait(py, progress, || self.session.session.interrupt(), started)?.map_err(raise)?;
        let schema = stream.schema();
        let (sender, batches) = mpsc::channel();
        let room = Arc::new(Semaphore::new(WAITING));
        let task = runtime()?.spawn(send(stream, sender, Arc::clone(&room)));
        Ok(Reader { schema, batches, room, task, session: self.session.clone(), first: Some(plan) })
    }
}

/// Sends what a stream yields when there is room for it, up to its end or its first error; a panic is one.
async fn send(stream: SendableRecordBatchStream, sender: mpsc::Sender<Result<RecordBatch>>, room: Arc<Semaphore>) {
    let mut stream = stream;
    loop {
        let Ok(permit) = room.acquire().await else { return };
        permit.forget();
        let next = match AssertUnwindSafe(stream.next()).catch_unwind().await {
            Ok(next) => next,
            Err(_) => Some(Err(exec_datafusion_err!("a defect of DataFusion: a panic"))),
        };
        let Some(batch) = next else { return };
        let failed = batch.is_err();
        if sender.send(batch).is_err() || failed {
            return;
        }
    }
}

#[pymethods]
impl Frame {
    #[getter]
    fn schema(&self) -> PySchema {
        PySchema::new(Arc::new(Schema::clone(self.frame.schema().as_arrow())))
    }

    /// All rows.
    fn collect(&self, py: Python<'_>) -> PyResult<PyTable> {
        self.rows(py, None)
    }

    /// The first rows.
    fn head(&self, py: Python<'_>, rows: usize) -> PyResult<PyTable> {
        self.rows(py, Some(rows))
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
        let batch = reader.receive(py)?.transpose().map_err(raise)?;
        Ok(batch.map(PyRecordBatch::new))
    }
}

/// The batches of a plan that is being run.
struct Reader {
    schema: SchemaRef,
    batches: mpsc::Receiver<Result<RecordBatch>>,
    /// For batches that wait.
    room: Arc<Semaphore>,
    /// What sends them.
    task: JoinHandle<()>,
    session: Session,
    /// The plan, until somebody waits for the first batch.
    first: Option<Arc<dyn ExecutionPlan>>,
}

impl Reader {
    /// Waits for the next batch; there is none after the last.
    ///
    /// # Errors
    /// What the handler of a signal raises, with which the query ends.
    fn receive(&mut self, py: Python<'_>) -> PyResult<Option<Result<RecordBatch>>> {
        // Later batches are waited for while others write to the terminal.
        let progress = self.first.take().map(|plan| {
            let progress = self.session.shared.progress();
            progress.watch(&plan);
            (progress, plan)
        });
        let received = loop {
            let batches = &mut self.batches;
            match py.detach(move || batches.recv_timeout(SIGNALS)) {
                Ok(batch) => {
                    self.room.add_permits(1);
                    break Ok(Some(batch));
                }
                Err(RecvTimeoutError::Disconnected) => break Ok(None),
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(raised) = py.check_signals() {
                        self.task.abort();
                        break Err(raised);
                    }
                }
            }
        };
        // Whoever draws may be letting go of something that needs the interpreter's lock.
        py.detach(|| drop(progress));
        received
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // Nobody reads on; dropping the stream stops what is under way.
        self.task.abort();
    }
}

/// For Arrow's C stream interface, across which nothing may panic, and which takes no text with a NUL.
impl Iterator for Reader {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let error = |text: String| ArrowError::ExternalError(text.replace('\0', "\\0").into());
        // Whoever reads may or may not have the lock of the interpreter.
        let received = || Python::attach(|py| self.receive(py).map_err(|raised| raised_text(py, &raised)));
        let received = catch_unwind(AssertUnwindSafe(received));
        match received {
            Ok(Ok(batch)) => batch.map(|batch| batch.map_err(|wrong| error(wrong.to_string()))),
            Ok(Err(raised)) => Some(Err(error(raised))),
            Err(_) => Some(Err(error("wasmfusion has a defect, please report it: a panic".to_owned()))),
        }
    }
}

/// What was raised, as text.
fn raised_text(py: Python<'_>, raised: &PyErr) -> String {
    let text = raised.to_string();
    if raised.is_instance_of::<PyKeyboardInterrupt>(py) {
        // The interface has no way for Python's exceptions: the signal is given back, to be raised when Python runs next,
        // so nothing of Python may be asked after this.
        // SAFETY: it only sets a flag.
        unsafe { pyo3::ffi::PyErr_SetInterrupt() };
    }
    text
}

impl RecordBatchReader for Reader {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
