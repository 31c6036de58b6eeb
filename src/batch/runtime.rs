//! What all functions of an engine share.

use std::{
    sync::{Arc, OnceLock, Weak},
    thread,
    time::Duration,
};

use datafusion::execution::memory_pool::MemoryPool;
use rayon::ThreadPool;

use super::{counters::Counters, general::Instance, upkeep::Upkeep};
use crate::{
    error::Result,
    image::{Engines, Image, ImageCache},
    memory::{Account, Relief},
    sandbox::{LiveSandboxes, Pool, Sandbox},
    variables::Variables,
};

/// Images, sandboxes and variables.
#[derive(Debug)]
pub(crate) struct Runtime {
    pub(crate) variables: Arc<Variables>,
    pub(crate) images: Arc<ImageCache>,
    pub(crate) pools: Arc<Pools>,
    pub(crate) live_sandboxes: LiveSandboxes,
    pub(crate) counters: Counters,
    relief: Relief,
    _upkeep: Upkeep,
}

/// The idle sandboxes of both routes.
#[derive(Debug)]
pub(crate) struct Pools {
    pub(super) drivers: Pool<Sandbox>,
    pub(super) general: Pool<Instance>,
}

impl Pools {
    /// Ends what was idle for more than so many passes of this, or whose image is not kept any more.
    pub(super) fn sweep(&self, passes: u64) {
        self.drivers.sweep(passes);
        self.general.sweep(passes);
    }

    /// Ends what is idle and whose image is not kept any more.
    pub(crate) fn sweep_unneeded(&self) {
        self.drivers.retain(|_| true);
        self.general.retain(|_| true);
    }

    fn clear(&self) {
        self.drivers.clear();
        self.general.clear();
    }
}

impl Runtime {
    pub(crate) fn new(variables: Arc<Variables>) -> Result<Self> {
        // Tasks of DataFusion and our own workers take sandboxes side by side.
        let lanes = 2 * cores();
        let pools = Arc::new(Pools { drivers: Pool::new(lanes), general: Pool::new(lanes) });
        let images = Arc::new(ImageCache::new(Arc::clone(&variables))?);
        Ok(Self {
            relief: relief(&pools, &images),
            live_sandboxes: LiveSandboxes::default(),
            counters: Counters::default(),
            _upkeep: Upkeep::start(Arc::clone(&images), Arc::clone(&pools), Arc::clone(&variables)),
            variables,
            images,
            pools,
        })
    }

    pub(crate) fn engines(&self) -> &Engines {
        self.images.engines()
    }

    /// Who pays for what a session's calls need.
    pub(crate) fn account(&self, pool: Option<Arc<dyn MemoryPool>>) -> Account {
        Account::new(pool, self.relief.clone())
    }

    /// Makes room for an image that was just loaded, when there are too many. Without this the images of busy functions
    /// would come back right after each pass of the upkeep, and stay above the limit until the next.
    pub(super) fn make_room(&self, image: &Image) {
        if self.images.was_crowded() {
            self.images.evict(Some(image));
            self.pools.sweep_unneeded();
        }
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        let timeout = self.variables.timeout_ms();
        (timeout > 0).then(|| Duration::from_millis(timeout))
    }

    /// How many workers may share one batch.
    pub(crate) fn parallelism(&self) -> usize {
        match self.variables.parallelism() as usize {
            0 => cores(),
            workers => workers.min(cores()),
        }
    }
}

/// Sandboxes and images hold their account, which holds this: it must not hold them.
fn relief(pools: &Arc<Pools>, images: &Arc<ImageCache>) -> Relief {
    let (pools, images) = (Arc::downgrade(pools), Arc::downgrade(images));
    Relief::new(move || {
        if let (Some(pools), Some(images)) = (Weak::upgrade(&pools), Weak::upgrade(&images)) {
            tracing::debug!("the memory pool refuses: idle sandboxes and images end");
            pools.clear();
            images.evict_unused();
        }
    })
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
pub(super) fn per_row(elapsed: Duration, rows: usize) -> f64 {
    elapsed.as_nanos() as f64 / rows.max(1) as f64
}
