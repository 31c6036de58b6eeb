//! Work that whoever asks for it shares with workers that happen to be free.
//!
//! It does not wait for workers: they may be inside of guests that do not end, of this query or of others. What they do not
//! get to, the asking thread does itself.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Condvar, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::lock::lock;

/// The number of cores.
pub(super) fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

/// The workers of the process: as many as there are cores, however many queries there are.
struct Workers {
    pool: ThreadPool,
    /// How many of them are busy, or about to be.
    busy: AtomicUsize,
}

impl Workers {
    fn get() -> &'static Self {
        static WORKERS: OnceLock<Workers> = OnceLock::new();
        WORKERS.get_or_init(|| {
            let pool = ThreadPoolBuilder::new()
                .num_threads(cores())
                .thread_name(|index| format!("wasmfusion-{index}"))
                .build()
                .expect("a process that can start no thread can run no query");
            Self { pool, busy: AtomicUsize::new(0) }
        })
    }

    /// Has a worker do something, if one is free.
    fn offer(&'static self, task: impl FnOnce() + Send + 'static) {
        let free = |busy| (busy < self.pool.current_num_threads()).then_some(busy + 1);
        if self.busy.fetch_update(Ordering::Relaxed, Ordering::Relaxed, free).is_ok() {
            self.pool.spawn(move || {
                task();
                self.busy.fetch_sub(1, Ordering::Relaxed);
            });
        }
    }
}

/// Does `work` in this thread and, beside it, in up to `helpers` workers, each of which calls it once or not at all. It is
/// meant to take pieces until there are none, and returns when everybody who began has finished.
///
/// # Panics
/// When one of the calls panics, after all have finished.
pub(super) fn share(helpers: usize, work: &(dyn Fn() + Sync)) {
    let gate = Arc::new(Gate::default());
    for _ in 0..helpers {
        let (gate, work) = (Arc::clone(&gate), Borrowed::of(work));
        Workers::get().offer(move || gate.pass(&work));
    }
    let own = catch_unwind(AssertUnwindSafe(work));
    let others = gate.close();
    if let Some(panic) = own.err().or(others) {
        resume_unwind(panic);
    }
}

/// What is borrowed from the thread that waits at the gate.
struct Borrowed(*const (dyn Fn() + Sync + 'static));

// SAFETY: what it points to is `Sync`, and is only used inside of the gate.
unsafe impl Send for Borrowed {}

impl Borrowed {
    fn of(work: &(dyn Fn() + Sync)) -> Self {
        let pointer: *const (dyn Fn() + Sync + '_) = work;
        // SAFETY: only the lifetime changes, of which a pointer promises nothing.
        Self(unsafe {
            std::mem::transmute::<*const (dyn Fn() + Sync + '_), *const (dyn Fn() + Sync + 'static)>(pointer)
        })
    }
}

/// Lets helpers in until it is closed, and knows when all have left.
#[derive(Default)]
struct Gate {
    state: Mutex<State>,
    left: Condvar,
}

#[derive(Default)]
struct State {
    is_closed: bool,
    inside: usize,
    /// What a helper panicked with.
    panic: Option<Box<dyn Any + Send>>,
}

impl Gate {
    /// Does the work, unless the gate is closed already.
    fn pass(&self, work: &Borrowed) {
        {
            let mut state = lock(&self.state);
            if state.is_closed {
                return;
            }
            state.inside += 1;
        }
        // SAFETY: `share` does not return while somebody is inside, so what it borrowed is still there.
        let work = unsafe { &*work.0 };
        let done = catch_unwind(AssertUnwindSafe(work));
        let mut state = lock(&self.state);
        state.inside -= 1;
        state.panic = state.panic.take().or(done.err());
        self.left.notify_one();
    }

    /// Closes the gate and waits until nobody is inside. The answer is what one of them panicked with.
    fn close(&self) -> Option<Box<dyn Any + Send>> {
        let mut state = lock(&self.state);
        state.is_closed = true;
        while state.inside > 0 {
            state = self.left.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.panic.take()
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;

    #[test]
    fn everything_is_done_once() {
        for pieces in [0, 1, 2, 1000] {
            let (next, done) = (AtomicUsize::new(0), Mutex::new(vec![0; pieces]));
            share(4, &|| {
                loop {
                    let piece = next.fetch_add(1, Ordering::Relaxed);
                    if piece >= pieces {
                        return;
                    }
                    lock(&done)[piece] += 1;
                }
            });
            assert!(lock(&done).iter().all(|times| *times == 1));
        }
    }

    #[test]
    fn nobody_waits_for_workers_that_are_busy() {
        let (release, wait) = mpsc::channel::<()>();
        let wait = Mutex::new(wait);
        thread::scope(|scope| {
            // All workers and this thread are inside.
            let busy = scope.spawn(|| share(64, &|| while lock(&wait).recv().is_ok() {}));
            thread::sleep(Duration::from_millis(100));
            let done = AtomicUsize::new(0);
            share(64, &|| {
                done.fetch_add(1, Ordering::Relaxed);
            });
            assert!(done.into_inner() >= 1 && !busy.is_finished());
            drop(release);
        });
    }

    #[test]
    fn a_panic_goes_on_when_all_have_finished() {
        let calls = AtomicUsize::new(0);
        let shared = catch_unwind(AssertUnwindSafe(|| {
            share(2, &|| {
                calls.fetch_add(1, Ordering::Relaxed);
                panic!("as expected");
            });
        }));
        assert_eq!(shared.unwrap_err().downcast_ref(), Some(&"as expected"));
        assert!((1..=3).contains(&calls.into_inner()));
    }
}
