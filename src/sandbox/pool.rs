//! The pool: idle sandboxes, one lane per worker so that taking and giving back is not contended.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::live::Sandbox;
use crate::image::Image;

/// Idle sandboxes by image, with the image: once it is gone they are of no use. They are boxed because they are large,
/// and are moved at every call.
type Idle = HashMap<u64, (Weak<Image>, Vec<Box<Sandbox>>)>;

type Lane = Mutex<Idle>;

/// The idle sandboxes of all images of an engine.
#[derive(Debug)]
pub(crate) struct Pool {
    lanes: Vec<Lane>,
}

/// More idle sandboxes of one image than this are not kept in a lane.
const MAX_IDLE: usize = 4;

impl Pool {
    pub(crate) fn new(lanes: usize) -> Self {
        Self { lanes: (0..lanes.max(1)).map(|_| Lane::default()).collect() }
    }

    /// An idle sandbox of an image, if there is one: from the own lane, else from another that is free to look at.
    pub(crate) fn take(&self, image: u64) -> Option<Box<Sandbox>> {
        let own = self.own();
        if let Some(sandbox) = lock(&self.lanes[own]).get_mut(&image).and_then(|(_, idle)| idle.pop()) {
            return Some(sandbox);
        }
        self.lanes
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != own)
            .find_map(|(_, lane)| lane.try_lock().ok()?.get_mut(&image)?.1.pop())
    }

    /// Gives a sandbox of an image back.
    pub(crate) fn give(&self, image: &Arc<Image>, sandbox: Box<Sandbox>) {
        let mut lane = lock(&self.lanes[self.own()]);
        if !lane.contains_key(&image.id) {
            // An image is new here: the time to let go of those that are gone.
            lane.retain(|_, (image, _)| image.strong_count() > 0);
        }
        let (_, idle) = lane.entry(image.id).or_insert_with(|| (Arc::downgrade(image), Vec::new()));
        if idle.len() < MAX_IDLE {
            idle.push(sandbox);
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

fn lock(lane: &Lane) -> MutexGuard<'_, Idle> {
    // The map is whole whatever a thread that held it did.
    lane.lock().unwrap_or_else(PoisonError::into_inner)
}
