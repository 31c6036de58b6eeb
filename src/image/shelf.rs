//! The images that are kept, and which of them go when there are too many.

use std::{
    collections::HashMap,
    sync::{Arc, Weak, atomic::Ordering},
};

use super::{image::Image, key::Key};

/// Images by key. Those that were taken out but are still in use can come back without being loaded.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    kept: HashMap<Key, Arc<Image>>,
    in_use: HashMap<Key, Weak<Image>>,
}

impl Shelf {
    pub(super) fn get(&mut self, key: &Key) -> Option<Arc<Image>> {
        if let Some(image) = self.kept.get(key) {
            return Some(Arc::clone(image));
        }
        let image = self.in_use.remove(key)?.upgrade()?;
        self.put(Arc::clone(&image));
        Some(image)
    }

    pub(super) fn put(&mut self, image: Arc<Image>) {
        image.kept.store(true, Ordering::Relaxed);
        self.kept.insert(image.key, image);
    }

    pub(super) fn take(&mut self, key: &Key) -> Option<Arc<Image>> {
        self.in_use.retain(|_, image| image.strong_count() > 0);
        let image = self.kept.remove(key)?;
        image.kept.store(false, Ordering::Relaxed);
        self.in_use.insert(*key, Arc::downgrade(&image));
        Some(image)
    }

    /// The bytes of the images that are kept.
    pub(super) fn bytes(&self) -> u64 {
        self.kept.values().map(|image| image.size).sum()
    }

    /// Takes out images that were not asked for longest, but not the spared one, until the rest have at most `limit`
    /// bytes.
    pub(super) fn evict(&mut self, limit: u64, spared: Option<&Image>) -> Vec<Arc<Image>> {
        let mut total = self.bytes();
        if total <= limit {
            return Vec::new();
        }
        let mut order: Vec<_> = self
            .kept
            .values()
            .filter(|image| spared.is_none_or(|spared| spared.id != image.id))
            .map(|image| (image.used.load(Ordering::Relaxed), image.size, image.key))
            .collect();
        order.sort_unstable_by_key(|(used, ..)| *used);
        let mut evicted = Vec::new();
        for (_, size, key) in order {
            if total <= limit {
                break;
            }
            total -= size;
            evicted.extend(self.take(&key));
        }
        evicted
    }

    /// Takes out the images that nobody uses.
    pub(super) fn evict_unused(&mut self) -> Vec<Arc<Image>> {
        let unused: Vec<Key> =
            self.kept.iter().filter(|(_, image)| Arc::strong_count(image) == 1).map(|(key, _)| *key).collect();
        unused.iter().filter_map(|key| self.take(key)).collect()
    }
}
