//! What all functions of an engine share.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use datafusion::execution::memory_pool::MemoryPool;

use super::{counters::Counters, general::Instance, share::cores, upkeep::Upkeep};
use crate::{
    error::Result,
    image::{Engines, ImageCache, OnEvicted},
    memory::{Account, PoolId, Relief},
    sandbox::{Idle, LiveSandboxes, Pool, Sandbox},
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
    pub(super) fn new() -> Self {
        // Tasks of DataFusion and our own workers take sandboxes side by side.
        let lanes = 2 * cores();
        Self { drivers: Pool::new(lanes), general: Pool::new(lanes) }
    }

    /// Ends what is idle.
    pub(super) fn clear(&self) {
        self.drivers.retain(|_, _| false);
        self.general.retain(|_, _| false);
    }

    /// Ends what was idle for more than so many passes of this, or whose image is not kept any more.
    pub(super) fn sweep(&self, passes: u64) {
        self.drivers.sweep(passes);
        self.general.sweep(passes);
    }

    /// Ends what is idle and whose image is not kept any more.
    pub(crate) fn sweep_unneeded(&self) {
        self.drivers.retain(|_, _| true);
        self.general.retain(|_, _| true);
    }

    /// Ends what is idle at the cost of a memory pool.
    fn clear_of(&self, pool: PoolId) {
        self.drivers.retain(|_, sandbox| sandbox.charge().pool() != pool);
        self.general.retain(|_, instance| instance.charge().pool() != pool);
    }
}

impl Runtime {
    pub(crate) fn new(variables: Arc<Variables>) -> Result<Self> {
        let pools = Arc::new(Pools::new());
        let for_images = Arc::downgrade(&pools);
        let on_evicted = move || {
            if let Some(pools) = Weak::upgrade(&for_images) {
                pools.sweep_unneeded();
            }
        };
        let images = Arc::new(ImageCache::new(Arc::clone(&variables), OnEvicted(Box::new(on_evicted)))?);
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
    Relief::new(move |pool| {
        if let (Some(pools), Some(images)) = (Weak::upgrade(&pools), Weak::upgrade(&images)) {
            tracing::debug!("the memory pool refuses: idle sandboxes and unused images end");
            pools.clear_of(pool);
            images.evict_unused(|charge| charge.pool() == pool);
        }
    })
}

/// How long something took, per row, in nanoseconds.
pub(super) fn per_row(elapsed: Duration, rows: usize) -> f64 {
    elapsed.as_nanos() as f64 / rows.max(1) as f64
}
