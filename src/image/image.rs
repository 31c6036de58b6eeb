//! Compiled code.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use wasmtime::{Module, component::Component};

use super::key::Key;
use crate::memory::Charge;

/// Compiled code, of which sandboxes are made. It lives until the image cache and the last sandbox have let go of it.
#[derive(Debug)]
pub(crate) struct Image {
    /// Unique in this process.
    pub(crate) id: u64,
    pub(crate) key: Key,
    pub(crate) code: Code,
    /// When it was asked for last, by the count of the cache.
    pub(super) used: AtomicU64,
    pub(super) kept: AtomicBool,
    pub(super) room: Room,
    pub(super) charge: Charge,
}

impl Image {
    /// The size of the code in memory, in bytes.
    pub(super) fn size(&self) -> u64 {
        self.room.bytes
    }

    /// The image cache has it. When not, it was evicted or is not needed any more, and idle sandboxes of it must go.
    pub(crate) fn is_kept(&self) -> bool {
        self.kept.load(Ordering::Relaxed)
    }
}

/// What was compiled.
#[derive(Debug)]
pub(crate) enum Code {
    /// An assembled module with its drivers.
    Module(Module),
    /// A component as the user gave it, for the general route.
    Component(Component),
}

/// The images that are in memory, in the cache or in use.
#[derive(Debug, Default)]
pub(super) struct Live {
    pub(super) images: AtomicU64,
    pub(super) bytes: AtomicU64,
}

/// The part of [`Live`] that is one image's, from before it is loaded to its end.
#[derive(Debug)]
pub(super) struct Room {
    live: Arc<Live>,
    bytes: u64,
}

impl Room {
    pub(super) fn new(live: &Arc<Live>, bytes: u64) -> Self {
        live.images.fetch_add(1, Ordering::Relaxed);
        live.bytes.fetch_add(bytes, Ordering::Relaxed);
        Self { live: Arc::clone(live), bytes }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.live.images.fetch_sub(1, Ordering::Relaxed);
        self.live.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
