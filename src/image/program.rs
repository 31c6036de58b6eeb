//! A module with the functions that are registered from it.

use std::sync::{
    Arc, Mutex, MutexGuard, Weak,
    atomic::{AtomicBool, Ordering},
};

use super::{cache::ImageCache, engines::Kind, image::Image, key::Key};
use crate::{
    driver::{DriverSpec, assemble},
    error::{Error, Result},
    kernel::Kernel,
    lock::lock,
    memory::Account,
    module::{Facts, Module},
};

/// A function of a program: what its drivers are made for, and what is proven of it.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) spec: DriverSpec,
    pub(crate) facts: Facts,
    kernel: Option<Kernel>,
    has_run: AtomicBool,
}

impl Function {
    /// It is nothing but arithmetic.
    #[cfg(test)]
    pub(crate) fn is_arithmetic(&self) -> bool {
        self.kernel.is_some()
    }

    /// What can be run instead of the drivers, if the function is nothing but arithmetic and has run in a sandbox, which shows
    /// that its module can be compiled and starts as it should.
    pub(crate) fn kernel(&self) -> Option<&Kernel> {
        self.kernel.as_ref().filter(|_| self.has_run.load(Ordering::Relaxed))
    }

    /// A sandbox has run a batch of it.
    pub(crate) fn ran(&self) {
        if self.kernel.is_some() {
            self.has_run.store(true, Ordering::Relaxed);
        }
    }
}

/// A module under one memory limit, with the functions that are registered from it. They share an image, so that a
/// library of twenty functions is compiled once.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) module: Arc<Module>,
    /// The greatest size of a sandbox's linear memory in bytes.
    pub(crate) memory_limit: u64,
    functions: Mutex<Vec<Weak<Function>>>,
    /// The newest image of each kind, with the functions that it has drivers of, in order.
    images: Mutex<Vec<(Kind, Arc<Linked>)>>,
    cache: Weak<ImageCache>,
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(cache) = self.cache.upgrade() {
            self.keys().iter().for_each(|key| cache.forget(key));
        }
    }
}

/// An image and the functions in it.
#[derive(Debug)]
pub(crate) struct Linked {
    key: Key,
    image: Weak<Image>,
    functions: Vec<Weak<Function>>,
}

impl Linked {
    /// The number of a function's drivers.
    pub(crate) fn position(&self, function: &Arc<Function>) -> Option<usize> {
        self.functions.iter().position(|linked| std::ptr::eq(linked.as_ptr(), Arc::as_ptr(function)))
    }

    /// The same with an image that was loaded again.
    fn with(&self, image: &Arc<Image>) -> Self {
        Self { key: self.key, image: Arc::downgrade(image), functions: self.functions.clone() }
    }
}

impl Program {
    pub(crate) fn new(module: Arc<Module>, memory_limit: u64, cache: &Arc<ImageCache>) -> Self {
        let cache = Arc::downgrade(cache);
        Self { module, memory_limit, functions: Mutex::default(), images: Mutex::default(), cache }
    }

    /// Registers a function; it is part of every image that is made from now on, for as long as it lives.
    pub(crate) fn register(&self, spec: DriverSpec) -> Option<Arc<Function>> {
        let core = self.module.core()?;
        let (facts, kernel) = (spec.facts(core), Kernel::of(core, &spec));
        let mut functions = lock(&self.functions);
        functions.retain(|function| function.strong_count() > 0);
        let same = functions.iter().filter_map(Weak::upgrade).find(|function| function.spec == spec);
        Some(same.unwrap_or_else(|| {
            let function = Arc::new(Function { spec, facts, kernel, has_run: AtomicBool::new(false) });
            functions.push(Arc::downgrade(&function));
            function
        }))
    }

    /// The image that has a function's drivers.
    ///
    /// # Errors
    /// When the module cannot be assembled or compiled, or its image does not fit into memory.
    pub(crate) fn image(
        &self,
        cache: &ImageCache,
        function: &Arc<Function>,
        kind: Kind,
        account: &Account,
    ) -> Result<(Arc<Linked>, Arc<Image>)> {
        let known = self.images().iter().find(|(k, _)| *k == kind).map(|(_, linked)| Arc::clone(linked));
        let current = known.as_ref().filter(|linked| linked.position(function).is_some());
        if let Some(linked) = current
            && let Some(image) = cache.still(&linked.image)
        {
            return Ok((Arc::clone(linked), image));
        }
        // An evicted image comes back by its key; only when it is lost its module is assembled again.
        let (linked, image) = match current.map(|linked| cache.again(linked.key, account)).transpose()?.flatten() {
            Some(image) => (current.expect("it has a key").with(&image), image),
            None => self.make(cache, function, kind, account)?,
        };
        if let Some(known) = known
            && known.key != linked.key
        {
            cache.forget(&known.key);
        }
        let linked = Arc::new(linked);
        let mut images = self.images();
        images.retain(|(k, _)| *k != kind);
        images.push((kind, Arc::clone(&linked)));
        Ok((linked, image))
    }

    /// What its images are known by.
    pub(crate) fn keys(&self) -> Vec<Key> {
        self.images().iter().map(|(_, linked)| linked.key).collect()
    }

    fn images(&self) -> MutexGuard<'_, Vec<(Kind, Arc<Linked>)>> {
        lock(&self.images)
    }

    fn make(
        &self,
        cache: &ImageCache,
        function: &Arc<Function>,
        kind: Kind,
        account: &Account,
    ) -> Result<(Linked, Arc<Image>)> {
        let functions: Vec<Arc<Function>> = {
            let all = lock(&self.functions);
            all.iter().filter_map(Weak::upgrade).collect()
        };
        // A replay is about one function only.
        let mut functions = if kind == Kind::Replay { vec![Arc::clone(function)] } else { functions };
        // Whichever was registered first: another process makes the same image.
        functions.sort_by_cached_key(|function| format!("{:?}", function.spec));
        let core = self.module.core().expect("a function with drivers has a core module");
        let drivers: Vec<_> = functions.iter().map(|f| (f.spec.clone(), f.facts)).collect();
        let assembled = assemble(core, &drivers, self.memory_limit)
            .map_err(|e| Error::Compile { function: String::new(), message: e.to_string() })?;
        let image = cache.image(kind, &assembled, account)?;
        let functions = functions.iter().map(Arc::downgrade).collect();
        Ok((Linked { key: image.key, image: Arc::downgrade(&image), functions }, image))
    }
}
