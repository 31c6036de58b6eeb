//! Waiting for Rust from Python: without the interpreter's lock, and until Ctrl-C.

use std::{
    process,
    sync::{Arc, OnceLock, mpsc},
    time::Duration,
};

use pyo3::{exceptions::PyRuntimeError, prelude::*};
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinError,
};
use wasmfusion::Progress;

/// How often it is looked whether the user has pressed Ctrl-C.
pub(crate) const SIGNALS: Duration = Duration::from_millis(50);

/// The runtime of all sessions.
///
/// # Errors
/// In a process that was forked after the runtime was made: its threads are not there.
///
/// # Panics
/// When the machine has no more threads.
pub(crate) fn runtime() -> PyResult<&'static Runtime> {
    static RUNTIME: OnceLock<(u32, Runtime)> = OnceLock::new();
    let (process, runtime) = RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.thread_name("wasmfusion").enable_all().build().expect("threads for a runtime");
        (process::id(), runtime)
    });
    if *process == process::id() {
        return Ok(runtime);
    }
    Err(PyRuntimeError::new_err(
        "wasmfusion cannot be used in a forked process after its parent used it; with multiprocessing, choose the start \
         method 'spawn'",
    ))
}

/// Runs a future among the workers of the runtime and waits for it, while progress is shown. At a signal whose handler
/// raises, `stop` is called, the future is dropped, and what was raised is the error. A panic becomes an error.
pub(crate) fn wait<T: Send + 'static>(
    py: Python<'_>,
    progress: Arc<Progress>,
    stop: impl Fn(),
    future: impl Future<Output = T> + Send + 'static,
) -> PyResult<T> {
    let runtime = runtime()?;
    let task = runtime.spawn(future);
    let abort = task.abort_handle();
    let (sender, receiver) = mpsc::sync_channel(1);
    runtime.spawn(async move { sender.send(task.await) });
    let received = receive(py, receiver, || {
        stop();
        abort.abort();
    });
    // Whoever draws may be letting go of something that needs the interpreter's lock.
    py.detach(|| drop(progress));
    received
}

/// Runs what blocks, as [`wait`] does.
pub(crate) fn wait_blocking<T: Send + 'static>(
    py: Python<'_>,
    progress: Progress,
    stop: impl Fn(),
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    let runtime = runtime()?;
    let task = runtime.spawn_blocking(work);
    let (sender, receiver) = mpsc::sync_channel(1);
    runtime.spawn(async move { sender.send(task.await) });
    let received = receive(py, receiver, stop);
    py.detach(|| drop(progress));
    received
}

fn receive<T: Send>(
    py: Python<'_>,
    mut receiver: mpsc::Receiver<Result<T, JoinError>>,
    stop: impl Fn(),
) -> PyResult<T> {
    loop {
        let receiver = &mut receiver;
        match py.detach(move || receiver.recv_timeout(SIGNALS)) {
            Ok(done) => return done.map_err(|error| defect(&error)),
            Err(mpsc::RecvTimeoutError::Timeout) => py.check_signals().inspect_err(|_| stop())?,
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(PyRuntimeError::new_err("wasmfusion: the runtime has ended"));
            }
        }
    }
}

/// A panic of ours.
fn defect(error: &JoinError) -> PyErr {
    PyRuntimeError::new_err(format!("wasmfusion has a defect, please report it: {error}"))
}
