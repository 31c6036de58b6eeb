//! The upkeep: a thread that evicts images and ends sandboxes.

use std::{
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::runtime::Pools;
use crate::{image::ImageCache, memory::Charge, variables::Variables};

/// How long the upkeep sleeps between two passes.
const PERIOD: Duration = Duration::from_secs(1);

/// A thread that looks after an engine until this is dropped.
#[derive(Debug)]
pub(super) struct Upkeep {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Upkeep {
    pub(super) fn start(images: Arc<ImageCache>, pools: Arc<Pools>, variables: Arc<Variables>) -> Self {
        let (end, ended) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("wasmfusion-upkeep".into())
            .spawn(move || {
                while ended.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                    images.evict();
                    let idle = Duration::from_millis(variables.sandbox_idle_ms());
                    pools.sweep(idle.as_nanos().div_ceil(PERIOD.as_nanos()) as u64);
                    images.evict_unused(Charge::is_pressing);
                }
            })
            .expect("a process that can start no thread can run no query");
        Self { end: Some(end), thread: Some(thread) }
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to do.
            let _ = thread.join();
        }
    }
}
