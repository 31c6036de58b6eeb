//! One live instance of an image.

use std::time::{Duration, Instant};

use wasmtime::{Global, Instance, Memory, Store, TypedFunc};

use super::limits::State;
use crate::{
    driver::{ARENA, DriverSpec, INIT, MEMORY, ROW, STDERR, Variant, frame},
    image::{Code, Engines, Image, Kind, TICK},
};

/// When guest code is to be interrupted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// After `timeout` from now; never when it is `None`.
    pub(crate) fn after(timeout: Option<Duration>) -> Self {
        Self(timeout.and_then(|timeout| Instant::now().checked_add(timeout)))
    }

    /// In ticks of the clock from now, rounded up: a batch gets at least the time that was promised.
    pub(crate) fn ticks(self) -> u64 {
        match self.0 {
            // Far beyond any process, and far from overflow.
            None => 1 << 60,
            Some(at) => {
                let left = at.saturating_duration_since(Instant::now());
                u64::try_from(left.as_nanos().div_ceil(TICK.as_nanos())).unwrap_or(1 << 60) + 1
            }
        }
    }
}

type Driver = TypedFunc<(u32, u32), u32>;

/// A sandbox: a store with one instance, its memories and its drivers.
pub(crate) struct Sandbox {
    pub(crate) image: u64,
    kind: Kind,
    pub(crate) store: Store<State>,
    instance: Instance,
    arena: Memory,
    memory: Option<Memory>,
    row: Global,
    stderr: Global,
    /// Drivers that were looked up, by number and variant.
    drivers: Vec<(usize, Variant, Option<Driver>)>,
    /// The size of the guest's memory at the start, in bytes.
    initial_size: usize,
    /// The guest has run a row here before.
    pub(crate) used: bool,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("image", &self.image).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Instantiates an image: its start function and `_initialize` run before `deadline`.
    ///
    /// # Errors
    /// What the guest did, with its store for a report.
    pub(crate) fn new(
        engines: &Engines,
        kind: Kind,
        image: &Image,
        deadline: Deadline,
    ) -> Result<Self, (Box<Store<State>>, wasmtime::Error)> {
        let mut store = Store::new(engines.get(kind), State::default());
        store.limiter(|state| state);
        if kind != Kind::Proven {
            store.set_epoch_deadline(deadline.ticks());
        }
        let Code::Module(module) = &image.code else { unreachable!("components take the general route") };
        let instance = match Instance::new(&mut store, module, &[]) {
            Ok(instance) => instance,
            Err(error) => return Err((Box::new(store), error)),
        };
        if let Ok(init) = instance.get_typed_func::<(), ()>(&mut store, INIT)
            && let Err(error) = init.call(&mut store, ())
        {
            return Err((Box::new(store), error));
        }
        let (Some(arena), Some(row), Some(stderr)) = (
            instance.get_memory(&mut store, ARENA),
            instance.get_global(&mut store, ROW),
            instance.get_global(&mut store, STDERR),
        ) else {
            unreachable!("every assembled module has these exports")
        };
        let memory = instance.get_memory(&mut store, MEMORY);
        let initial_size = memory.map_or(0, |memory| memory.data_size(&store));
        Ok(Self {
            image: image.id,
            kind,
            store,
            instance,
            arena,
            memory,
            row,
            stderr,
            drivers: Vec::new(),
            initial_size,
            used: false,
        })
    }

    /// Whether a function has this variant of driver.
    pub(crate) fn has(&mut self, number: usize, variant: Variant) -> bool {
        self.driver(number, variant).is_some()
    }

    fn driver(&mut self, number: usize, variant: Variant) -> Option<Driver> {
        if let Some((_, _, found)) = self.drivers.iter().find(|(n, v, _)| (*n, *v) == (number, variant)) {
            return found.clone();
        }
        let name = DriverSpec::export_name(number, variant);
        let found = self.instance.get_typed_func(&mut self.store, &name).ok();
        self.drivers.push((number, variant, found.clone()));
        found
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
        deadline: Deadline,
    ) -> wasmtime::Result<u32> {
        if self.kind != Kind::Proven {
            self.store.set_epoch_deadline(deadline.ticks());
        }
        let driver = self.driver(number, variant).expect("asked for with has()");
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

    /// Makes the arena at least `size` bytes large.
    ///
    /// # Errors
    /// When it would exceed the 4 GiB of a Wasm memory or what the machine has.
    pub(crate) fn grow_arena(&mut self, size: u64) -> wasmtime::Result<()> {
        let missing = size.saturating_sub(self.arena.data_size(&self.store) as u64);
        self.arena.grow(&mut self.store, missing.div_ceil(65536))?;
        Ok(())
    }

    /// The row that was worked on last.
    pub(crate) fn row(&mut self) -> usize {
        self.row.get(&mut self.store).i32().map_or(0, |row| row.cast_unsigned() as usize)
    }

    /// Sets the row that is worked on next.
    pub(crate) fn set_row(&mut self, row: usize) {
        let row = wasmtime::Val::I32((row as u32).cast_signed());
        self.row.set(&mut self.store, row).expect("a mutable i32");
    }

    /// What the guest wrote to stdout and stderr: the last of it.
    pub(crate) fn output(&mut self) -> Vec<u8> {
        let written = self.stderr.get(&mut self.store).i32().map_or(0, i32::cast_unsigned);
        let ring = &self.arena.data(&self.store)[frame::STDERR as usize..][..frame::STDERR_SIZE as usize];
        let next = (written % frame::STDERR_SIZE) as usize;
        if written < frame::STDERR_SIZE {
            ring[..next].to_vec()
        } else {
            [&ring[next..], &ring[..next]].concat()
        }
    }

    /// Forgets what was written before, so that a report shows what belongs to it.
    pub(crate) fn clear_output(&mut self) {
        self.stderr.set(&mut self.store, wasmtime::Val::I32(0)).expect("a mutable i32");
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
