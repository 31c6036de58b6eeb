//! The wasmtime engines: how code is compiled, and the clock that interrupts it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use wasmtime::{Config, Engine, Inlining};

use crate::error::{Error, Result};

/// How an image is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Without checks for interruption, for functions that are proven to end. Those checks cost 0.7 ns per row of a
    /// numeric function.
    Proven,
    /// With checks for interruption.
    Interruptible,
    /// With them and without inlining, so that a backtrace has every frame.
    Replay,
}

/// The stack that guests may use, in bytes.
const STACK: usize = 512 * 1024;

/// Caller plus callee above this size (in Cranelift's units) are not inlined. At wasmtime's 2000 a large guest bloats
/// itself first and then no longer fits its driver: 9.7 ns per row against 6.8, and twice the compile time.
const INLINING_THRESHOLD: &str = "500";

/// One engine per [`Kind`], and the clock.
#[derive(Debug)]
pub(crate) struct Engines {
    proven: Engine,
    interruptible: Engine,
    replay: Engine,
    clock: Clock,
}

impl Engines {
    pub(crate) fn new() -> Result<Self> {
        let interruptible = engine(Kind::Interruptible)?;
        let replay = engine(Kind::Replay)?;
        let clock = Clock::start([interruptible.clone(), replay.clone()]);
        Ok(Self { proven: engine(Kind::Proven)?, interruptible, replay, clock })
    }

    pub(crate) fn get(&self, kind: Kind) -> &Engine {
        match kind {
            Kind::Proven => &self.proven,
            Kind::Interruptible => &self.interruptible,
            Kind::Replay => &self.replay,
        }
    }

    /// Keeps the clock going for as long as the answer lives; interruptible code needs it.
    pub(crate) fn watch(&self) -> Watch<'_> {
        self.clock.watch()
    }
}

fn engine(kind: Kind) -> Result<Engine> {
    let mut config = Config::new();
    config.concurrency_support(false);
    config.wasm_multi_memory(true);
    config.max_wasm_stack(STACK);
    config.epoch_interruption(kind != Kind::Proven);
    if kind != Kind::Replay {
        config.compiler_inlining(Inlining::Yes);
        // SAFETY: the flag changes which calls are inlined and nothing else; any number is right.
        unsafe {
            config.cranelift_flag_set("wasmtime_inlining_sum_size_threshold", INLINING_THRESHOLD);
        }
    }
    Engine::new(&config).map_err(|e| Error::Module(format!("this machine cannot run WebAssembly: {e:#}")))
}

/// How long a tick of the clock is.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// How many ticks the clock goes on when nobody watches it, so that short batches need not wake it each time.
const IDLE_TICKS: u32 = 100;

/// A thread that counts up the epochs of the interruptible engines while somebody watches.
#[derive(Debug)]
struct Clock {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    watchers: AtomicUsize,
    parked: AtomicBool,
    ended: AtomicBool,
}

impl Clock {
    fn start(engines: [Engine; 2]) -> Self {
        let shared = Arc::new(Shared::default());
        let for_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("wasmfusion-clock".into())
            .spawn(move || run(&for_thread, &engines))
            .expect("a process that can start no thread can run no query");
        Self { shared, thread: Some(thread) }
    }

    fn watch(&self) -> Watch<'_> {
        self.shared.watchers.fetch_add(1, Ordering::SeqCst);
        if self.shared.parked.swap(false, Ordering::SeqCst)
            && let Some(thread) = &self.thread
        {
            thread.thread().unpark();
        }
        Watch(&self.shared)
    }
}

fn run(shared: &Shared, engines: &[Engine]) {
    let mut idle = 0;
    while !shared.ended.load(Ordering::SeqCst) {
        thread::sleep(TICK);
        engines.iter().for_each(Engine::increment_epoch);
        idle = if shared.watchers.load(Ordering::SeqCst) == 0 { idle + 1 } else { 0 };
        if idle < IDLE_TICKS {
            continue;
        }
        shared.parked.store(true, Ordering::SeqCst);
        // Whoever came between the look at the watchers and this line has not seen `parked`.
        if shared.watchers.load(Ordering::SeqCst) == 0 && !shared.ended.load(Ordering::SeqCst) {
            thread::park();
        }
        shared.parked.store(false, Ordering::SeqCst);
        idle = 0;
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A thread that panicked has nothing left to do.
            let _ = thread.join();
        }
    }
}

/// Somebody who needs the clock.
#[derive(Debug)]
pub(crate) struct Watch<'a>(&'a Shared);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.0.watchers.fetch_sub(1, Ordering::SeqCst);
    }
}
