//! The images that are kept, and which of them go when there are too many.

use std::{
    collections::HashMap,
    sync::{Arc, Weak, atomic::Ordering},
};

use super::{image::Image, key::Key};
use crate::memory::Charge;

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
        if let Some(replaced) = self.kept.insert(image.key, image) {
            replaced.kept.store(false, Ordering::Relaxed);
        }
    }

    pub(super) fn take(&mut self, key: &Key) -> Option<Arc<Image>> {
        self.in_use.retain(|_, image| image.strong_count() > 0);
        let image = self.kept.remove(key)?;
        image.kept.store(false, Ordering::Relaxed);
        self.in_use.insert(*key, Arc::downgrade(&image));
        Some(image)
    }

    /// Takes out images with `bytes` bytes or more, as far as there are so many: those that were not asked for longest.
    pub(super) fn evict(&mut self, bytes: u64) -> Vec<Arc<Image>> {
        let kept = self.kept.values();
        let mut order: Vec<_> =
            kept.map(|image| (image.used.load(Ordering::Relaxed), image.size(), image.key)).collect();
        order.sort_unstable_by_key(|(used, ..)| *used);
        let mut evicted = Vec::new();
        let mut sum = 0;
        for (_, size, key) in order {
            if sum >= bytes {
                break;
            }
            sum += size;
            evicted.extend(self.take(&key));
        }
        evicted
    }

    /// Takes out the images that nobody uses and whose charge says so.
    pub(super) fn evict_unused(&mut self, must_go: impl Fn(&Charge) -> bool) -> Vec<Arc<Image>> {
        let unused = self.kept.values().filter(|image| Arc::strong_count(image) == 1 && must_go(&image.charge));
        let unused: Vec<Key> = unused.map(|image| image.key).collect();
        unused.iter().filter_map(|key| self.take(key)).collect()
    }
}
