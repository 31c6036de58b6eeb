//! The image cache: compiled code by content, compiled once however many ask for it.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use wasmtime::{Module, component::Component};

use super::{
    compiler::{Failure, Limits, compile},
    engines::{Engines, Kind},
    image::{Code, Image, Live, Room},
    key::Key,
    plancache::{Plancache, code_of, file},
    shelf::Shelf,
};
use crate::{
    error::{Error, Result},
    lock::lock,
    memory::{Account, Charge},
    variables::Variables,
};

/// How long after an eviction images that are loaded have to fit into the limit.
///
/// Busy functions ask for their images again at once. If those always had to fit, calls of more functions than fit would
/// reload their images every time: 341 µs per call, where it takes 2 µs with an eviction per second only. If they never
/// had to, the memory would be above the limit again within milliseconds, and never be seen below it.
const HOLD: Duration = Duration::from_millis(200);

/// The images of a wasmfusion engine.
#[derive(Debug)]
pub(crate) struct ImageCache {
    engines: Engines,
    variables: Arc<Variables>,
    plancache: Option<Plancache>,
    shelf: Mutex<Shelf>,
    /// Whoever comes first makes an image, the others wait for their turn and find it made.
    turns: Mutex<HashMap<Key, Arc<Mutex<()>>>>,
    /// The sizes of images that were compiled: what is too large is not compiled again to find that out.
    sizes: Mutex<HashMap<Key, u64>>,
    /// What took more than these limits, and what was said then: it is not tried again under the same limits.
    hopeless: Mutex<HashMap<Key, (Limits, String)>>,
    next_id: AtomicU64,
    /// Counts up each time an image is asked for.
    now: AtomicU64,
    live: Arc<Live>,
    /// Until when the limit is held strictly.
    held: Mutex<Option<Instant>>,
    on_evicted: OnEvicted,
    /// What is being compiled has a share of this.
    compiling: Arc<()>,
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
            sizes: Mutex::default(),
            hopeless: Mutex::default(),
            next_id: AtomicU64::new(0),
            now: AtomicU64::new(0),
            live: Arc::default(),
            held: Mutex::default(),
            on_evicted,
            compiling: Arc::default(),
            compilations: AtomicU64::new(0),
            plancache_hits: AtomicU64::new(0),
            evictions: AtomicU64::new(0),
        })
    }

    pub(crate) fn engines(&self) -> &Engines {
        &self.engines
    }

    /// The image of an assembled module or of a component, in the Wasm format.
    ///
    /// # Errors
    /// What the compiler said, a limit, or the refusal of the memory pool. A failure is not kept: the next call tries
    /// again.
    pub(crate) fn image(&self, kind: Kind, wasm: &[u8], account: &Account) -> Result<Arc<Image>> {
        let image = self.get(Key::new(&self.engines, kind, wasm), account, Some(wasm))?;
        Ok(image.expect("made when it was not there"))
    }

    /// An image as a file, with the name that it has in a plancache.
    ///
    /// # Errors
    /// When the code cannot be written down.
    pub(crate) fn file(&self, image: &Image) -> Result<Vec<u8>> {
        let code = match &image.code {
            Code::Module(module) => module.serialize(),
            Code::Component(component) => component.serialize(),
        };
        let code = code.map_err(|error| compile_error(format!("{error:#}")))?;
        Ok(file(&image.key, &code))
    }

    /// Takes files of images into the plancache, unless they are for another machine or another version. Their code is
    /// run as it is: whoever gives them vouches for them.
    ///
    /// # Errors
    /// When there is no plancache, or a file is damaged; nothing was taken then.
    pub(crate) fn take(&self, files: &BTreeMap<String, Vec<u8>>) -> Result<()> {
        let Some(plancache) = &self.plancache else {
            return Err(Error::Statement("there is no plancache to take images into (wasm.plancache)".to_owned()));
        };
        let keyed = files.iter().filter_map(|(name, file)| Some((name, file, Key::named(&self.engines, name)?)));
        let checked = keyed.map(|(name, file, key)| match code_of(&key, file) {
            Some(code) => Ok((key, code)),
            None => Err(Error::Statement(format!("the image {name} is damaged"))),
        });
        for (key, code) in checked.collect::<Result<Vec<_>>>()? {
            plancache.store(&key, code, self.variables.plancache_limit());
        }
        Ok(())
    }

    /// An image that was made before, from memory or from the plancache; `None` when it has to be compiled again.
    ///
    /// # Errors
    /// As above.
    pub(crate) fn again(&self, key: Key, account: &Account) -> Result<Option<Arc<Image>>> {
        self.get(key, account, None)
    }

    /// An image that was asked for before and is still kept.
    pub(crate) fn still(&self, image: &Weak<Image>) -> Option<Arc<Image>> {
        image.upgrade().filter(|image| image.is_kept()).inspect(|image| self.touch(image))
    }

    /// Notes that an image is asked for.
    fn touch(&self, image: &Image) {
        image.used.store(self.now.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    }

    fn get(&self, key: Key, account: &Account, wasm: Option<&[u8]>) -> Result<Option<Arc<Image>>> {
        let found = || lock(&self.shelf).get(&key).inspect(|image| self.touch(image));
        if let Some(image) = found() {
            return Ok(Some(image));
        }
        let turn = Arc::clone(lock(&self.turns).entry(key).or_default());
        let result = {
            let _turn = lock(&turn);
            match found() {
                Some(image) => Ok(Some(image)),
                None => self.make(key, account, wasm),
            }
        };
        let mut turns = lock(&self.turns);
        // The map's and this one: nobody waits. Whoever comes now begins anew.
        if Arc::strong_count(&turn) == 2 {
            turns.remove(&key);
        }
        result
    }

    fn make(&self, key: Key, account: &Account, wasm: Option<&[u8]>) -> Result<Option<Arc<Image>>> {
        if let Some(plancache) = &self.plancache
            && let Some(code) = plancache.load(&key)
        {
            let admitted = self.admit(code.len() as u64, account)?;
            match self.map(&key, &code) {
                Ok(code) => {
                    self.plancache_hits.fetch_add(1, Ordering::Relaxed);
                    tracing::debug!(?key, "image loaded");
                    return Ok(Some(self.shelve(key, code, admitted)));
                }
                Err(error) => plancache.remove(&key, &format!("{error:#}")),
            }
        }
        let Some(wasm) = wasm else { return Ok(None) };
        let known = lock(&self.sizes).get(&key).copied();
        if let Some(size) = known {
            self.pay(size, account)?;
        }
        let code = self.compile(&key, wasm)?;
        let admitted = self.admit(code.len() as u64, account)?;
        let code = self.map(&key, &code).map_err(|error| compile_error(format!("{error:#}")))?;
        Ok(Some(self.shelve(key, code, admitted)))
    }

    /// Compiles, and keeps the code in the plancache.
    fn compile(&self, key: &Key, wasm: &[u8]) -> Result<Vec<u8>> {
        let start = Instant::now();
        let limits =
            Limits { time: self.variables.compile_timeout_ms(), memory: self.variables.max_compile_memory_mb() << 20 };
        if let Some((tried, why)) = lock(&self.hopeless).get(key)
            && limits.within(*tried)
        {
            return Err(compile_error(why.clone()));
        }
        let _compiling = Arc::clone(&self.compiling);
        let code = compile(self.variables.compiler(), key.kind(), wasm, limits).map_err(|failure| match failure {
            Failure::Refused(why) => compile_error(why),
            Failure::TooMuch(why) => {
                tracing::warn!(?key, why, "compiling was given up");
                lock(&self.hopeless).insert(*key, (limits, why.clone()));
                compile_error(why)
            }
        })?;
        self.compilations.fetch_add(1, Ordering::Relaxed);
        let size = code.len() as u64;
        lock(&self.sizes).insert(*key, size);
        tracing::info!(?key, elapsed = ?start.elapsed(), bytes = size, "image compiled");
        self.check_size(size)?;
        if let Some(plancache) = &self.plancache {
            plancache.store(key, &code, self.variables.plancache_limit());
        }
        Ok(code)
    }

    /// Lets an image of so many bytes in, which it has in memory as in the plancache.
    fn admit(&self, size: u64, account: &Account) -> Result<Admitted> {
        let charge = self.pay(size, account)?;
        Ok(Admitted { charge, room: self.room(size) })
    }

    fn pay(&self, size: u64, account: &Account) -> Result<Charge> {
        self.check_size(size)?;
        let charge = account.open("WebAssembly image");
        charge.grow(size as usize).map_err(Error::refused)?;
        Ok(charge)
    }

    fn check_size(&self, size: u64) -> Result<()> {
        let most = self.variables.max_compiled_module_size();
        if size <= most {
            return Ok(());
        }
        Err(compile_error(format!(
            "the compiled code has {size} bytes; at most {most} are allowed (wasm.max_compiled_module_size)"
        )))
    }

    fn map(&self, key: &Key, code: &[u8]) -> wasmtime::Result<Code> {
        let engine = self.engines.get(key.kind());
        // SAFETY: the code was compiled a moment ago, or it is what was compiled for this key, which stands for content,
        // kind and compatibility: it has the checksum that was written with it, into a folder that nobody else can write
        // to. Whoever can is this user, who could as well change this program.
        unsafe {
            match key.kind() {
                Kind::Component => Component::deserialize(engine, code).map(Code::Component),
                Kind::Drivers | Kind::Replay => Module::deserialize(engine, code).map(Code::Module),
            }
        }
    }

    fn shelve(&self, key: Key, code: Code, Admitted { charge, room }: Admitted) -> Arc<Image> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let image = Arc::new(Image { id, key, code, used: 0.into(), kept: false.into(), charge, room });
        self.touch(&image);
        lock(&self.shelf).put(Arc::clone(&image));
        image
    }

    /// Evicts images that were not asked for longest while there are more bytes of them than the limit, in memory and in
    /// the plancache.
    pub(crate) fn evict(&self) {
        {
            let mut held = lock(&self.held);
            if self.make_room(0) {
                *held = Some(Instant::now() + HOLD);
            }
        }
        if let Some(plancache) = &self.plancache {
            plancache.keep_limit(self.variables.plancache_limit());
        }
    }

    /// Room for an image. Shortly after others were evicted, more have to go for it.
    fn room(&self, bytes: u64) -> Room {
        // One at a time: whoever loads images faster than others can be unmapped has to wait.
        let held = lock(&self.held);
        if held.is_some_and(|held| Instant::now() < held) {
            self.make_room(bytes);
        }
        Room::new(&self.live, bytes)
    }

    /// Evicts images until there is room for so many bytes below the limit. The answer is whether there were too many.
    fn make_room(&self, bytes: u64) -> bool {
        let mut too_many = false;
        while let Some(limit) = self.variables.eviction_limit() {
            let excess = (self.live.bytes.load(Ordering::Relaxed) + bytes).saturating_sub(limit);
            if excess == 0 {
                break;
            }
            too_many = true;
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
        too_many
    }

    /// Evicts the images that nobody uses and whose charge says so.
    pub(crate) fn evict_unused(&self, must_go: impl Fn(&Charge) -> bool) {
        let evicted = lock(&self.shelf).evict_unused(must_go);
        self.evicted(&evicted);
    }

    fn evicted(&self, images: &[Arc<Image>]) {
        self.evictions.fetch_add(images.len() as u64, Ordering::Relaxed);
        for image in images {
            tracing::debug!(key = ?image.key, bytes = image.size(), "image evicted");
        }
    }

    /// Lets go of an image that is not needed any more.
    pub(crate) fn forget(&self, key: &Key) {
        // Not in one line: the image must end after the lock.
        let image = lock(&self.shelf).take(key);
        drop(image);
    }

    /// How many modules are being compiled.
    pub(crate) fn compiling(&self) -> u64 {
        Arc::strong_count(&self.compiling) as u64 - 1
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

/// What an image needs before it is in memory.
struct Admitted {
    charge: Charge,
    room: Room,
}

fn compile_error(message: String) -> Error {
    Error::Compile { function: String::new(), message }
}
