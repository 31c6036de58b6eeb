//! The upkeep: a thread that evicts images and ends sandboxes.

use std::{
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    time::Duration,
};

use super::runtime::Pools;
use crate::{image::ImageCache, memory::Charge, thread::Joined, variables::Variables};

/// How long the upkeep sleeps between two passes.
const PERIOD: Duration = Duration::from_secs(1);

/// A thread that looks after an engine until this is dropped.
#[derive(Debug)]
pub(super) struct Upkeep {
    // Dropped in this order: the thread ends when there is no sender.
    _end: Sender<()>,
    _thread: Joined,
}

impl Upkeep {
    pub(super) fn start(images: Arc<ImageCache>, pools: Arc<Pools>, variables: Arc<Variables>) -> Self {
        let (end, ended) = mpsc::channel();
        let thread = Joined::start("wasmfusion-upkeep", move || {
            while ended.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                images.evict();
                let idle = Duration::from_millis(variables.sandbox_idle_ms());
                pools.sweep(idle.as_nanos().div_ceil(PERIOD.as_nanos()) as u64);
                images.evict_unused(Charge::is_pressing);
            }
        });
        Self { _end: end, _thread: thread }
    }
}
