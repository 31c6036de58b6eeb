//! The wasmtime engines: how code is compiled.

use wasmtime::{Config, Engine, Inlining, WasmFeatures};

use super::clock::{Clock, Watch};
use crate::error::{Error, Result};

/// How an image is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Drivers with their guest, inlined.
    Drivers,
    /// The same without inlining, so that a backtrace has every frame.
    Replay,
    /// A component as the user gave it, which wasmtime's epochs interrupt, without inlining.
    Component,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Drivers, Self::Replay, Self::Component];

    /// Its name for the program that compiles.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Drivers => "drivers",
            Self::Replay => "replay",
            Self::Component => "component",
        }
    }
}

/// The stack that guests may use, in bytes.
const STACK: usize = 512 * 1024;

/// Caller plus callee above this size (in Cranelift's units) are not inlined. At wasmtime's 2000 a large guest bloats
/// itself first and then no longer fits its driver: 9.7 ns per row against 6.8, and twice the compile time.
const INLINING_THRESHOLD: &str = "500";

/// One engine per [`Kind`], and the clock.
#[derive(Debug)]
pub(crate) struct Engines {
    drivers: Engine,
    replay: Engine,
    component: Engine,
    clock: Clock,
}

impl Engines {
    pub(crate) fn new() -> Result<Self> {
        let component = engine(Kind::Component)?;
        Ok(Self {
            drivers: engine(Kind::Drivers)?,
            replay: engine(Kind::Replay)?,
            clock: Clock::start(component.clone()),
            component,
        })
    }

    pub(crate) fn get(&self, kind: Kind) -> &Engine {
        match kind {
            Kind::Drivers => &self.drivers,
            Kind::Replay => &self.replay,
            Kind::Component => &self.component,
        }
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Keeps the epochs of components going for as long as the answer lives.
    pub(crate) fn watch(&self) -> Watch {
        self.clock.watch(None)
    }
}

/// Compiles Wasm for the engine of a kind.
///
/// Each time with an engine of its own, because an engine keeps what compiling needs, for as long as it lives and as much
/// as the largest module needed: gigabytes after a module of 18 MB.
pub(super) fn precompile(kind: Kind, wasm: &[u8]) -> wasmtime::Result<Vec<u8>> {
    let engine = engine(kind).map_err(wasmtime::Error::from)?;
    match kind {
        Kind::Component => engine.precompile_component(wasm),
        Kind::Drivers | Kind::Replay => engine.precompile_module(wasm),
    }
}

fn engine(kind: Kind) -> Result<Engine> {
    let mut config = Config::new();
    config.concurrency_support(false);
    config.wasm_multi_memory(true);
    config.max_wasm_stack(STACK);
    // The word that stops a guest is set through its address, so memories must stay where they are.
    config.memory_may_move(false);
    // Only for the atomic load that our own checks consist of; guests are validated without it.
    config.wasm_features(WasmFeatures::THREADS, true);
    config.epoch_interruption(kind == Kind::Component);
    // Large components would take gigabytes to compile: inlining keeps what the compiler needs of all functions at once.
    if kind == Kind::Drivers {
        config.compiler_inlining(Inlining::Yes);
        // SAFETY: the flag changes which calls are inlined and nothing else; any number is right.
        unsafe {
            config.cranelift_flag_set("wasmtime_inlining_sum_size_threshold", INLINING_THRESHOLD);
        }
    }
    Engine::new(&config).map_err(|e| Error::Module(format!("this machine cannot run WebAssembly: {e:#}")))
}
