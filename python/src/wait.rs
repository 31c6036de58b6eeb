//! Waiting for Rust from Python: without the interpreter's lock, and until Ctrl-C.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process,
    sync::{Arc, OnceLock, mpsc},
    time::Duration,
};

use futures::future::abortable;
use pyo3::{exceptions::PyRuntimeError, prelude::*};
use tokio::runtime::{Builder, Runtime};
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

/// Runs a future and waits for it, while progress is shown. At a signal whose handler raises, `stop` is called, the future is
/// dropped, and what was raised is the error. A panic becomes an error.
///
/// The future has a thread of its own. The runtime's workers may all be inside of operators that do not yield, of other
/// queries or of one that was given up, and what needs no worker should not wait for them.
pub(crate) fn wait<T: Send + 'static>(
    py: Python<'_>,
    progress: Arc<Progress>,
    stop: impl Fn(),
    future: impl Future<Output = T> + Send + 'static,
) -> PyResult<T> {
    let runtime = runtime()?;
    let (future, handle) = abortable(future);
    let stop = || {
        stop();
        handle.abort();
    };
    let done = wait_blocking(py, progress, stop, move || runtime.block_on(future))?;
    done.map_err(|_| PyRuntimeError::new_err("wasmfusion: interrupted"))
}

/// Runs what blocks, as [`wait`] does.
pub(crate) fn wait_blocking<T: Send + 'static>(
    py: Python<'_>,
    progress: Arc<Progress>,
    stop: impl Fn(),
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    let (sender, mut receiver) = mpsc::sync_channel(1);
    // Nobody may be waiting any more.
    runtime()?.spawn_blocking(move || drop(sender.send(catch_unwind(AssertUnwindSafe(work)))));
    let received = loop {
        let receiver = &mut receiver;
        match py.detach(move || receiver.recv_timeout(SIGNALS)) {
            Ok(done) => break done.map_err(|_| defect()),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                if let Err(raised) = py.check_signals() {
                    stop();
                    break Err(raised);
                }
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                break Err(PyRuntimeError::new_err("wasmfusion: the runtime has ended"));
            }
        }
    };
    // Whoever draws may be letting go of something that needs the interpreter's lock.
    py.detach(|| drop(progress));
    received
}

/// A panic of ours, which was printed when it happened.
fn defect() -> PyErr {
    PyRuntimeError::new_err("wasmfusion has a defect, please report it: a panic")
}
