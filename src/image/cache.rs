//! The image cache: compiled code by content, compiled once however many ask for it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use sha2::{Digest, Sha256};
use wasmtime::{Module, component::Component};

use super::engines::{Engines, Kind};

/// Compiled code.
#[derive(Debug)]
pub(crate) struct Image {
    /// Unique in this process.
    pub(crate) id: u64,
    pub(crate) code: Code,
}

/// What was compiled.
#[derive(Debug)]
pub(crate) enum Code {
    /// An assembled module with its drivers.
    Module(Module),
    /// A component as the user gave it, for the general route.
    Component(Component),
}

/// What an image is known by: the hash of the assembled module or of the component, and how it was compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key([u8; 32], Kind);

/// A place for an image: whoever comes first compiles, the others wait for it.
type Place = Arc<OnceLock<Result<Arc<Image>, String>>>;

/// All images of an engine.
#[derive(Debug, Default)]
pub(crate) struct ImageCache {
    places: Mutex<HashMap<Key, Place>>,
    next_id: AtomicU64,
}

impl ImageCache {
    /// The image of an assembled module.
    ///
    /// # Errors
    /// What the compiler said. A failure is not kept: the next call tries again.
    pub(crate) fn module(&self, engines: &Engines, kind: Kind, assembled: &[u8]) -> Result<Arc<Image>, String> {
        let key = Key(Sha256::digest(assembled).into(), kind);
        self.get(key, || Module::from_binary(engines.get(kind), assembled).map(Code::Module))
    }

    /// The image of a component.
    ///
    /// # Errors
    /// As above.
    pub(crate) fn component(&self, engines: &Engines, bytes: &[u8]) -> Result<Arc<Image>, String> {
        let kind = Kind::Component;
        self.get(Key(Sha256::digest(bytes).into(), kind), || {
            Component::from_binary(engines.get(kind), bytes).map(Code::Component)
        })
    }

    fn get(&self, key: Key, compile: impl FnOnce() -> wasmtime::Result<Code>) -> Result<Arc<Image>, String> {
        let place = Arc::clone(self.places().entry(key).or_default());
        let image = place.get_or_init(|| {
            let start = Instant::now();
            let code = compile().map_err(|e| format!("{e:#}"))?;
            tracing::debug!(?key, elapsed = ?start.elapsed(), "compiled");
            let id = self.next_id.fetch_add(1, Ordering::Relaxed);
            Ok(Arc::new(Image { id, code }))
        });
        if image.is_err() {
            let mut places = self.places();
            if places.get(&key).is_some_and(|current| Arc::ptr_eq(current, &place)) {
                places.remove(&key);
            }
        }
        image.clone()
    }

    fn places(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Place>> {
        // The map is whole whatever a thread that held it did.
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
