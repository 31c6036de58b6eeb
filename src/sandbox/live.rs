//! One live instance of an image.

use std::sync::Arc;

use wasmtime::{Instance, Memory, Store, TypedFunc};

use super::{limits::State, pool::Idle};
use crate::{
    driver::{ARENA, DriverSpec, INIT, MEMORY, Variant, frame},
    image::{Code, Deadline, Engines, Image, StopWord, Watch},
    memory::Charge,
};

/// By whom and when a guest is interrupted; functions that are proven to end need none.
pub(crate) type Interrupt<'a> = (&'a Engines, &'a Deadline);

type Driver = TypedFunc<(u32, u32), u32>;

/// A sandbox: a store with one instance, its memories and its drivers.
pub(crate) struct Sandbox {
    pub(crate) store: Store<State>,
    /// Kept for as long as the sandbox runs its code.
    image: Arc<Image>,
    instance: Instance,
    arena: Memory,
    memory: Option<Memory>,
    /// Drivers that were looked up, by number and variant.
    drivers: Vec<(usize, Variant, Option<Driver>)>,
    /// The size of the guest's memory at the start, in bytes.
    initial_size: usize,
    /// The guest has run a row here before.
    pub(crate) used: bool,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("image", &self.image.key).finish_non_exhaustive()
    }
}

impl Idle for Sandbox {
    fn charge(&self) -> &Charge {
        &self.store.data().charge
    }
}

impl Sandbox {
    /// Instantiates an image: what the guest wants to run first runs before `deadline`.
    ///
    /// # Errors
    /// What the guest did, with its sandbox for a report when it came so far.
    pub(crate) fn new(
        engines: &Engines,
        image: &Arc<Image>,
        state: State,
        deadline: &Deadline,
    ) -> Result<Self, (Option<Box<Self>>, wasmtime::Error)> {
        let mut store = Store::new(engines.get(image.key.kind()), state);
        store.limiter(|state| state);
        let Code::Module(module) = &image.code else { unreachable!("components take the general route") };
        let instance = Instance::new(&mut store, module, &[]).map_err(|error| (None, error))?;
        let arena = instance.get_memory(&mut store, ARENA).expect("every assembled module has an arena");
        let memory = instance.get_memory(&mut store, MEMORY);
        let mut sandbox = Self {
            image: Arc::clone(image),
            instance,
            arena,
            memory,
            drivers: Vec::new(),
            initial_size: 0,
            used: false,
            store,
        };
        if let Ok(init) = sandbox.instance.get_typed_func::<(), ()>(&mut sandbox.store, INIT) {
            let watch = sandbox.watch((engines, deadline));
            let result = init.call(&mut sandbox.store, ());
            drop(watch);
            if let Err(error) = result {
                return Err((Some(Box::new(sandbox)), error));
            }
        }
        sandbox.initial_size = memory.map_or(0, |memory| memory.data_size(&sandbox.store));
        Ok(sandbox)
    }

    /// Gets ready for a batch: nothing of an earlier one is left in the frame.
    pub(crate) fn begin(&mut self) {
        // One look at the memory for all words: it is part of what a call of one row costs.
        let arena = self.arena();
        for word in [frame::WRITTEN, frame::STOP, frame::EXITED] {
            arena[word as usize..word as usize + 4].fill(0);
        }
    }

    /// Lets the clock stop the guest at a deadline for as long as the answer lives.
    fn watch(&self, (engines, deadline): Interrupt<'_>) -> Watch {
        let word = self.arena.data_ptr(&self.store).wrapping_add(frame::STOP as usize).cast();
        // SAFETY: the word is aligned, since memories begin at a page; memories do not move (the engines are
        // configured so), and this one lives as long as the store. The watch is kept only while the guest runs, when
        // nobody else looks at the arena.
        let word = unsafe { StopWord::new(word) };
        engines.clock().watch(Some((deadline.clone(), word)))
    }

    /// The guest was told to stop.
    pub(crate) fn stopped(&self) -> bool {
        self.word(frame::STOP) != 0
    }

    /// Whether a function has this variant of driver.
    pub(crate) fn has(&mut self, number: usize, variant: Variant) -> bool {
        let found = self.find(number, variant);
        self.drivers[found].2.is_some()
    }

    fn find(&mut self, number: usize, variant: Variant) -> usize {
        if let Some(found) = self.drivers.iter().position(|(n, v, _)| (*n, *v) == (number, variant)) {
            return found;
        }
        let name = DriverSpec::export_name(number, variant);
        let found = self.instance.get_typed_func(&mut self.store, &name).ok();
        self.drivers.push((number, variant, found));
        self.drivers.len() - 1
    }

    /// Runs a driver over the rows before `rows` that the frame asks for. The answer is the driver's status.
    ///
    /// # Errors
    /// A trap; the sandbox is of no further use then but for a report.
    pub(crate) fn run(
        &mut self,
        number: usize,
        variant: Variant,
        rows: u32,
        interrupt: Option<Interrupt<'_>>,
    ) -> wasmtime::Result<u32> {
        let found = self.find(number, variant);
        let _watch = interrupt.map(|interrupt| self.watch(interrupt));
        let driver = self.drivers[found].2.as_ref().expect("asked for with has()");
        driver.call(&mut self.store, (0, rows))
    }

    /// The arena's bytes.
    pub(crate) fn arena(&mut self) -> &mut [u8] {
        self.arena.data_mut(&mut self.store)
    }

    /// A word of the frame.
    pub(crate) fn word(&self, offset: u32) -> u32 {
        let bytes = self.arena.data(&self.store);
        bytemuck::pod_read_unaligned(&bytes[offset as usize..offset as usize + 4])
    }

    /// The arena's bytes, at least `size` of them.
    ///
    /// # Errors
    /// When that exceeds the 4 GiB of a Wasm memory or what the machine has.
    pub(crate) fn arena_of(&mut self, size: usize) -> wasmtime::Result<&mut [u8]> {
        let missing = size.saturating_sub(self.arena.data_size(&self.store));
        if missing > 0 {
            self.arena.grow(&mut self.store, missing.div_ceil(65536) as u64)?;
        }
        Ok(self.arena())
    }

    /// What the guest wrote to stdout and stderr: the last of it.
    pub(crate) fn output(&self) -> Vec<u8> {
        let written = self.word(frame::WRITTEN);
        let ring = &self.arena.data(&self.store)[frame::STDERR as usize..][..frame::STDERR_SIZE as usize];
        let next = (written % frame::STDERR_SIZE) as usize;
        if written < frame::STDERR_SIZE { ring[..next].to_vec() } else { [&ring[next..], &ring[..next]].concat() }
    }

    /// The guest's memory has grown past half of `limit`. Some guests never free; they are replaced before they fail.
    pub(crate) fn is_bloated(&self, limit: u64) -> bool {
        let size = self.memory.map_or(0, |memory| memory.data_size(&self.store));
        size > self.initial_size && size as u64 > limit / 2
    }

    /// The arena had to be made larger for one row, or the guest is bloated: not worth keeping.
    pub(crate) fn is_worth_keeping(&self, limit: u64) -> bool {
        !self.is_bloated(limit) && self.arena.data_size(&self.store) as u64 <= crate::driver::ARENA_SIZE
    }
}
