//! The image cache: compiled code by content, compiled once however many ask for it.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use wasmtime::{Module, component::Component};

use super::{
    engines::{Engines, Kind},
    image::{Code, Image, Live, Room},
    key::Key,
    plancache::Plancache,
    shelf::Shelf,
};
use crate::{
    error::{Error, Result},
    memory::{Account, Charge},
    variables::Variables,
};

/// The images of a wasmfusion engine.
#[derive(Debug)]
pub(crate) struct ImageCache {
    engines: Engines,
    variables: Arc<Variables>,
    plancache: Option<Plancache>,
    shelf: Mutex<Shelf>,
    /// Whoever comes first makes an image, the others wait for their turn and find it made.
    turns: Mutex<HashMap<Key, Arc<Mutex<()>>>>,
    next_id: AtomicU64,
    /// Counts up each time an image is asked for.
    now: AtomicU64,
    live: Arc<Live>,
    evicting: Mutex<()>,
    on_evicted: OnEvicted,
    compilations: AtomicU64,
    plancache_hits: AtomicU64,
    evictions: AtomicU64,
}

/// Ends what is idle and holds images that are not kept any more.
pub(crate) struct OnEvicted(pub(crate) Box<dyn Fn() + Send + Sync>);

impl fmt::Debug for OnEvicted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnEvicted")
    }
}

/// What an image cache has and did so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ImageStatus {
    /// Images in memory, also those that are evicted and still in use.
    pub(crate) images: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    pub(crate) compilations: u64,
    pub(crate) plancache_hits: u64,
    pub(crate) evictions: u64,
}

impl ImageCache {
    /// # Errors
    /// When the machine cannot run WebAssembly, or the folder of the plancache cannot be used.
    pub(crate) fn new(variables: Arc<Variables>, on_evicted: OnEvicted) -> Result<Self> {
        Ok(Self {
            engines: Engines::new()?,
            plancache: variables.plancache().map(|folder| Plancache::open(folder)).transpose()?,
            variables,
            shelf: Mutex::default(),
            turns: Mutex::default(),
            next_id: AtomicU64::new(0),
            now: AtomicU64::new(0),
            live: Arc::default(),
            evicting: Mutex::default(),
            on_evicted,
            compilations: AtomicU64::new(0),
            plancache_hits: AtomicU64::new(0),
            evictions: AtomicU64::new(0),
        })
    }

    pub(crate) fn engines(&self) -> &Engines {
        &self.engines
    }

    /// The image of an assembled module.
    ///
    /// # Errors
    /// What the compiler said, a limit, or the refusal of the memory pool. A failure is not kept: the next call tries
    /// again.
    pub(crate) fn module(&self, kind: Kind, assembled: &[u8], account: &Account) -> Result<Arc<Image>> {
        let compile = || Module::from_binary(self.engines.get(kind), assembled).map(Code::Module);
        let image = self.get(Key::new(&self.engines, kind, assembled), account, Some(&compile))?;
        Ok(image.expect("made when it was not there"))
    }

    /// The image of a component.
    ///
    /// # Errors
    /// As above.
    pub(crate) fn component(&self, bytes: &[u8], account: &Account) -> Result<Arc<Image>> {
        let kind = Kind::Component;
        let compile = || Component::from_binary(self.engines.get(kind), bytes).map(Code::Component);
        let image = self.get(Key::new(&self.engines, kind, bytes), account, Some(&compile))?;
        Ok(image.expect("made when it was not there"))
    }

    /// An image that was made before, from memory or from the plancache; `None` when it has to be compiled again.
    ///
    /// # Errors
    /// As above.
    pub(crate) fn again(&self, key: Key, account: &Account) -> Result<Option<Arc<Image>>> {
        self.get(key, account, None)
    }

    /// Notes that an image is asked for.
    pub(crate) fn touch(&self, image: &Image) {
        image.used.store(self.now.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    }

    fn get(
        &self,
        key: Key,
        account: &Account,
        compile: Option<&dyn Fn() -> wasmtime::Result<Code>>,
    ) -> Result<Option<Arc<Image>>> {
        let found = || lock(&self.shelf).get(&key).inspect(|image| self.touch(image));
        if let Some(image) = found() {
            return Ok(Some(image));
        }
        let turn = Arc::clone(lock(&self.turns).entry(key).or_default());
        let result = {
            let _turn = lock(&turn);
            match found() {
                Some(image) => Ok(Some(image)),
                None => self.make(key, account, compile),
            }
        };
        let mut turns = lock(&self.turns);
        // The map's and this one: nobody waits. Whoever comes now begins anew.
        if Arc::strong_count(&turn) == 2 {
            turns.remove(&key);
        }
        result
    }

    fn make(
        &self,
        key: Key,
        account: &Account,
        compile: Option<&dyn Fn() -> wasmtime::Result<Code>>,
    ) -> Result<Option<Arc<Image>>> {
        let (code, room) = match (self.load(&key)?, compile) {
            (Some(loaded), _) => loaded,
            (None, Some(compile)) => {
                let code = self.compile(&key, compile)?;
                let room = self.room(code.size());
                (code, room)
            }
            (None, None) => return Ok(None),
        };
        let size = code.size();
        let charge = account.open("WebAssembly image");
        charge.grow(size as usize).map_err(Error::refused)?;
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let image = Arc::new(Image { id, key, code, size, used: 0.into(), kept: false.into(), _room: room, charge });
        self.touch(&image);
        lock(&self.shelf).put(Arc::clone(&image));
        Ok(Some(image))
    }

    fn load(&self, key: &Key) -> Result<Option<(Code, Room)>> {
        let start = Instant::now();
        let Some(plancache) = &self.plancache else { return Ok(None) };
        let Some(bytes) = plancache.load(key) else { return Ok(None) };
        self.check_size(bytes.len() as u64)?;
        // Before it is mapped. In memory it has the same size.
        let room = self.room(bytes.len() as u64);
        let engine = self.engines.get(key.kind());
        // SAFETY: the bytes are what `Code::serialize` gave to `Plancache::store` under this key, which stands for
        // content, kind and compatibility: they have the checksum that was written with them, into a folder that
        // nobody else can write to. Whoever can is this user, who could as well change this program.
        let code = unsafe {
            match key.kind() {
                Kind::Component => Component::deserialize(engine, &bytes).map(Code::Component),
                Kind::Drivers | Kind::Replay => Module::deserialize(engine, &bytes).map(Code::Module),
            }
        };
        match code {
            Ok(code) => {
                self.plancache_hits.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(?key, elapsed = ?start.elapsed(), bytes = bytes.len(), "image loaded");
                Ok(Some((code, room)))
            }
            Err(error) => {
                plancache.remove(key, &format!("{error:#}"));
                Ok(None)
            }
        }
    }

    fn compile(&self, key: &Key, compile: &dyn Fn() -> wasmtime::Result<Code>) -> Result<Code> {
        let start = Instant::now();
        let code = compile().map_err(|e| Error::Compile { function: String::new(), message: format!("{e:#}") })?;
        self.compilations.fetch_add(1, Ordering::Relaxed);
        let size = code.size();
        tracing::info!(?key, elapsed = ?start.elapsed(), bytes = size, "image compiled");
        self.check_size(size)?;
        if let Some(plancache) = &self.plancache {
            let limit = self.variables.plancache_limit();
            match code.serialize() {
                Ok(bytes) => plancache.store(key, &bytes, limit),
                Err(error) => tracing::warn!(?key, %error, "cannot serialise an image"),
            }
        }
        Ok(code)
    }

    fn check_size(&self, size: u64) -> Result<()> {
        let most = self.variables.max_compiled_module_size();
        if size <= most {
            return Ok(());
        }
        let message =
            format!("the compiled code has {size} bytes; at most {most} are allowed (wasm.max_compiled_module_size)");
        Err(Error::Compile { function: String::new(), message })
    }

    /// Evicts images that were not asked for longest while there are more bytes of them than the limit, in memory and in
    /// the plancache.
    pub(crate) fn evict(&self) {
        self.make_room(0, &lock(&self.evicting));
        if let Some(plancache) = &self.plancache {
            plancache.keep_limit(self.variables.plancache_limit());
        }
    }

    /// Room for an image, for which others are evicted. The upkeep alone would not do: images of busy functions would come
    /// back right after each pass, and exceed the limit until the next.
    fn room(&self, bytes: u64) -> Room {
        // One at a time: whoever loads images faster than others can be unmapped has to wait.
        let turn = lock(&self.evicting);
        self.make_room(bytes, &turn);
        Room::new(&self.live, bytes)
    }

    fn make_room(&self, bytes: u64, _turn: &MutexGuard<'_, ()>) {
        while let Some(limit) = self.variables.eviction_limit() {
            let excess = (self.live.bytes.load(Ordering::Relaxed) + bytes).saturating_sub(limit);
            if excess == 0 {
                break;
            }
            let evicted = lock(&self.shelf).evict(excess);
            let none = evicted.is_empty();
            self.evicted(&evicted);
            drop(evicted);
            (self.on_evicted.0)();
            // Some may be in use, and then stay in memory: others have to go for them.
            if none {
                break;
            }
        }
    }

    /// Evicts the images that nobody uses and whose charge says so.
    pub(crate) fn evict_unused(&self, must_go: impl Fn(&Charge) -> bool) {
        let evicted = lock(&self.shelf).evict_unused(must_go);
        self.evicted(&evicted);
    }

    fn evicted(&self, images: &[Arc<Image>]) {
        self.evictions.fetch_add(images.len() as u64, Ordering::Relaxed);
        for image in images {
            tracing::debug!(key = ?image.key, bytes = image.size, "image evicted");
        }
    }

    /// Lets go of an image that is not needed any more.
    pub(crate) fn forget(&self, key: &Key) {
        // Not in one line: the image must end after the lock.
        let image = lock(&self.shelf).take(key);
        drop(image);
    }

    pub(crate) fn status(&self) -> ImageStatus {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ImageStatus {
            images: get(&self.live.images),
            bytes: get(&self.live.bytes),
            compilations: get(&self.compilations),
            plancache_hits: get(&self.plancache_hits),
            evictions: get(&self.evictions),
        }
    }
}

/// What is behind these locks is whole whatever a thread that held them did.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
