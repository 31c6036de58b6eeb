//! The pool: idle sandboxes, one lane per worker so that taking and giving back is not contended.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use datafusion::common::HashMap;

use crate::{
    image::Image,
    lock::lock,
    memory::{Charge, PoolId},
};

/// What can be idle.
pub(crate) trait Idle {
    /// Who pays for it.
    fn charge(&self) -> &Charge;
}

/// What tells sandboxes apart: the image, the greatest size of their memory where the image does not say it, and who
/// pays for them.
type Sort = (u64, u64, PoolId);

/// Idle sandboxes, with the pass since when each is idle. They are boxed because they are large, and are moved at every
/// call.
type Lane<T> = Mutex<HashMap<Sort, (Arc<Image>, Vec<(u64, Box<T>)>)>>;

/// The idle sandboxes of all images of an engine.
#[derive(Debug)]
pub(crate) struct Pool<T> {
    lanes: Vec<Lane<T>>,
    /// Counts up with every [`Self::sweep`]: looking at the clock would cost too much when a sandbox is given back.
    pass: AtomicU64,
}

/// More idle sandboxes of one image than this are not kept in a lane.
const MAX_IDLE: usize = 4;

impl<T: Idle> Pool<T> {
    pub(crate) fn new(lanes: usize) -> Self {
        Self { lanes: (0..lanes.max(1)).map(|_| Lane::default()).collect(), pass: AtomicU64::new(0) }
    }

    /// An idle sandbox, if there is one of the sort: from the own lane, else from another that is free to look at.
    pub(crate) fn take(&self, image: &Image, memory_limit: u64, pool: PoolId) -> Option<Box<T>> {
        let sort = (image.id, memory_limit, pool);
        let own = self.own();
        if let Some((_, sandbox)) = lock(&self.lanes[own]).get_mut(&sort).and_then(|(_, idle)| idle.pop()) {
            return Some(sandbox);
        }
        self.lanes
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != own)
            .find_map(|(_, lane)| lane.try_lock().ok()?.get_mut(&sort)?.1.pop())
            .map(|(_, sandbox)| sandbox)
    }

    /// Gives a sandbox of an image back.
    pub(crate) fn give(&self, image: &Arc<Image>, memory_limit: u64, sandbox: Box<T>) {
        if !image.is_kept() {
            return;
        }
        let pass = self.pass.load(Ordering::Relaxed);
        let sort = (image.id, memory_limit, sandbox.charge().pool());
        let mut lane = lock(&self.lanes[self.own()]);
        let (_, idle) = lane.entry(sort).or_insert_with(|| (Arc::clone(image), Vec::new()));
        if idle.len() < MAX_IDLE {
            idle.push((pass, sandbox));
        }
    }

    /// Ends the sandboxes that were idle for more than `passes` calls of this, and those whose memory others need.
    pub(crate) fn sweep(&self, passes: u64) {
        let pass = self.pass.fetch_add(1, Ordering::Relaxed) + 1;
        self.retain(|since, sandbox| pass.saturating_sub(since) <= passes && !sandbox.charge().is_pressing());
    }

    /// Ends the sandboxes for which `keep` does not hold, given the pass since when one is idle, and those whose image is
    /// not kept any more.
    pub(crate) fn retain(&self, keep: impl Fn(u64, &T) -> bool) {
        for lane in &self.lanes {
            let mut ended = Vec::new();
            lock(lane).retain(|_, (image, idle)| {
                let image_is_kept = image.is_kept();
                ended.extend(idle.extract_if(.., |(since, sandbox)| !(image_is_kept && keep(*since, sandbox))));
                !idle.is_empty()
            });
            // Only now, without the lock: it takes its time.
            drop(ended);
        }
    }

    /// The calling thread's lane.
    fn own(&self) -> usize {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed);
        }
        OWN.with(|own| own % self.lanes.len())
    }
}
