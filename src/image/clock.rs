//! The clock: a thread that stops guests when their time is up.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use wasmtime::Engine;

use crate::{lock::lock, thread::Joined};

/// How long a tick is: guests are stopped at most this much too late.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// How many ticks the clock goes on when nobody watches it, so that short batches need not wake it each time.
const IDLE_TICKS: u32 = 100;

/// The address of a word that stops a guest when it is set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StopWord(*mut u32);

// SAFETY: the word is only accessed atomically, and only while its owner keeps it alive (see `StopWord::new`).
unsafe impl Send for StopWord {}

impl StopWord {
    /// Makes the handle of a word.
    ///
    /// # Safety
    /// The word must be aligned and stay where it is for as long as a [`Watch`] of it lives, and no other Rust code may
    /// access it meanwhile.
    pub(crate) unsafe fn new(word: *mut u32) -> Self {
        Self(word)
    }

    fn set(self) {
        // SAFETY: as promised to `new`; compiled code reads the word as it reads any memory.
        unsafe { AtomicU32::from_ptr(self.0) }.store(1, Ordering::Relaxed);
    }
}

/// Tells guests that nobody waits for what they do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    pub(crate) fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// When guest code is to be interrupted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deadline {
    at: Option<Instant>,
    cancellation: Option<Cancellation>,
}

impl Deadline {
    /// After `timeout` from now, never when it is `None`; and as soon as the call is cancelled.
    pub(crate) fn after(timeout: Option<Duration>, cancellation: Option<&Cancellation>) -> Self {
        let at = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Self { at, cancellation: cancellation.cloned() }
    }

    /// The guest has to stop.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.at.is_some_and(|at| at <= now) || self.is_cancelled()
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancellation.as_ref().is_some_and(Cancellation::is_cancelled)
    }
}

/// Stops guests whose time is up, and counts up the epochs of an engine, while somebody watches.
#[derive(Debug)]
pub(crate) struct Clock {
    shared: Arc<Shared>,
    thread: Joined,
}

#[derive(Debug, Default)]
struct Shared {
    watches: Mutex<Watches>,
    parked: AtomicBool,
    ended: AtomicBool,
}

#[derive(Debug, Default)]
struct Watches {
    next: u64,
    /// When which guest is to be stopped; `None` for those that watch the epochs themselves.
    running: HashMap<u64, Option<(Deadline, StopWord)>>,
}

impl Shared {
    fn watches(&self) -> MutexGuard<'_, Watches> {
        lock(&self.watches)
    }
}

impl Clock {
    pub(super) fn start(engine: Engine) -> Self {
        let shared = Arc::new(Shared::default());
        let for_thread = Arc::clone(&shared);
        let thread = Joined::start("wasmfusion-clock", move || run(&for_thread, &engine));
        Self { shared, thread }
    }

    /// Sets a guest's word at its deadline, unless the answer is dropped before.
    pub(crate) fn watch(&self, stop: Option<(Deadline, StopWord)>) -> Watch {
        let number = {
            let mut watches = self.shared.watches();
            watches.next += 1;
            let number = watches.next;
            watches.running.insert(number, stop);
            number
        };
        if self.shared.parked.swap(false, Ordering::SeqCst) {
            self.thread.unpark();
        }
        Watch { shared: Arc::clone(&self.shared), number }
    }
}

fn run(shared: &Shared, engine: &Engine) {
    let mut idle = 0;
    while !shared.ended.load(Ordering::SeqCst) {
        // Not a sleep, which whoever drops the engine would wait for.
        thread::park_timeout(TICK);
        engine.increment_epoch();
        let now = Instant::now();
        let nobody = {
            // Held while words are set: whoever drops a watch waits, so the word is still there.
            let watches = shared.watches();
            let due = watches.running.values().flatten().filter(|(deadline, _)| deadline.is_over(now));
            due.for_each(|(_, word)| word.set());
            watches.running.is_empty()
        };
        idle = if nobody { idle + 1 } else { 0 };
        if idle < IDLE_TICKS {
            continue;
        }
        shared.parked.store(true, Ordering::SeqCst);
        // Whoever came between the look at the watches and this line has not seen `parked`.
        if shared.watches().running.is_empty() && !shared.ended.load(Ordering::SeqCst) {
            thread::park();
        }
        shared.parked.store(false, Ordering::SeqCst);
        idle = 0;
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

/// A guest that is being watched.
#[derive(Debug)]
pub(crate) struct Watch {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.watches().running.remove(&self.number);
    }
}
