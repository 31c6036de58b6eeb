//! The image cache: compiled code by content, compiled once however many ask for it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
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

/// A place for an image: whoever comes first compiles, the others wait for it. It does not keep the image: programs do,
/// for as long as they have functions.
type Place = Arc<Mutex<Weak<Image>>>;

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
        let place = {
            let mut places = self.places();
            if !places.contains_key(&key) {
                places.retain(|_, place| Arc::strong_count(place) > 1 || lock(place).strong_count() > 0);
            }
            Arc::clone(places.entry(key).or_default())
        };
        let mut image = lock(&place);
        if let Some(image) = image.upgrade() {
            return Ok(image);
        }
        let start = Instant::now();
        let code = compile().map_err(|e| format!("{e:#}"))?;
        tracing::debug!(?key, elapsed = ?start.elapsed(), "compiled");
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let compiled = Arc::new(Image { id, code });
        *image = Arc::downgrade(&compiled);
        Ok(compiled)
    }

    fn places(&self) -> MutexGuard<'_, HashMap<Key, Place>> {
        lock(&self.places)
    }
}

/// What is behind these locks is whole whatever a thread that held them did.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
