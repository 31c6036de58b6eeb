//! What all functions of an engine share.

use std::{
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use rayon::ThreadPool;

use crate::{
    error::Result,
    image::{Engines, ImageCache},
    sandbox::Pool,
};

/// The variables of an engine, each with the name that it has in SQL as `wasm.…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineOptions {
    /// The most bytes that a sandbox's linear memory may have, GROW TO included. Default 1 GiB.
    pub max_linear_memory_size: u64,
    /// The most bytes that a module may have. Default 25 MiB.
    pub max_raw_module_size: u64,
    /// The longest time in milliseconds that one batch may hold one sandbox; 0 for no limit. Default 30,000.
    pub timeout_ms: u64,
    /// How many workers may share one batch; 0 for as many as there are cores. Default 0.
    pub parallelism: usize,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { max_linear_memory_size: 1 << 30, max_raw_module_size: 25 << 20, timeout_ms: 30_000, parallelism: 0 }
    }
}

/// Engines, images and sandboxes.
#[derive(Debug)]
pub(crate) struct Runtime {
    pub(crate) engines: Engines,
    pub(crate) images: ImageCache,
    pub(crate) pool: Pool,
    pub(crate) options: EngineOptions,
}

impl Runtime {
    pub(crate) fn new(options: EngineOptions) -> Result<Self> {
        // Tasks of DataFusion and our own workers take sandboxes side by side.
        let lanes = 2 * cores();
        Ok(Self { engines: Engines::new()?, images: ImageCache::default(), pool: Pool::new(lanes), options })
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        (self.options.timeout_ms > 0).then(|| Duration::from_millis(self.options.timeout_ms))
    }

    /// How many workers may share one batch.
    pub(crate) fn parallelism(&self) -> usize {
        match self.options.parallelism {
            0 => cores(),
            workers => workers.min(cores()),
        }
    }
}

fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

/// The workers that share dear batches: one pool for the process, so that there are never more workers than cores.
pub(super) fn workers() -> &'static ThreadPool {
    static WORKERS: OnceLock<ThreadPool> = OnceLock::new();
    WORKERS.get_or_init(|| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(cores())
            .thread_name(|index| format!("wasmfusion-{index}"))
            .build()
            .expect("a process that can start no thread can run no query")
    })
}

/// How long something took, per row, in nanoseconds.
pub(super) fn per_row(start: Instant, rows: usize) -> f64 {
    start.elapsed().as_nanos() as f64 / rows.max(1) as f64
}
