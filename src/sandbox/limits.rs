//! What a sandbox may use.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use datafusion::error::DataFusionError;
use wasmtime::ResourceLimiter;

use crate::{image::Deadline, memory::Charge};

/// The most elements that a guest's tables may have together. Large programs have some ten thousand.
const MAX_TABLE_ELEMENTS: usize = 1_000_000;

/// The most memories, tables and instances; one component of many languages has some dozens. Each memory reserves
/// gigabytes of address space.
const MAX_PARTS: usize = 100;

/// The bytes of an element of a table.
const TABLE_ELEMENT: usize = size_of::<usize>();

/// Counts the sandboxes of an engine that are alive.
#[derive(Debug, Clone, Default)]
pub(crate) struct LiveSandboxes(Arc<AtomicU64>);

impl LiveSandboxes {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One of them, until it is dropped.
#[derive(Debug)]
struct LiveSandbox(LiveSandboxes);

impl Drop for LiveSandbox {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The state of a sandbox's store: how its growth went.
#[derive(Debug)]
pub(crate) struct State {
    /// The most bytes that all memories together may have, where their own types do not say it: on the general route.
    pub(crate) memory_limit: Option<usize>,
    /// The bytes that all memories have, the arena included.
    pub(crate) memory: usize,
    /// The elements that all tables have.
    pub(crate) table_elements: usize,
    /// The guest asked for more memory than it may have.
    pub(crate) memory_refused: bool,
    /// When a component is stopped; other guests are stopped by their word in the arena.
    pub(crate) deadline: Deadline,
    pub(crate) charge: Charge,
    _live: LiveSandbox,
}

impl State {
    pub(crate) fn new(charge: Charge, live: &LiveSandboxes) -> Self {
        live.0.fetch_add(1, Ordering::Relaxed);
        Self {
            memory_limit: None,
            memory: 0,
            table_elements: 0,
            memory_refused: false,
            deadline: Deadline::default(),
            charge,
            _live: LiveSandbox(live.clone()),
        }
    }

    /// Charges more bytes.
    ///
    /// # Errors
    /// The refusal of the memory pool, which [`refusal_of`] finds again. It ends the sandbox: the guest would take it for
    /// a limit of its own.
    fn pay(&self, bytes: usize) -> wasmtime::Result<()> {
        self.charge.grow(bytes).map_err(wasmtime::Error::from)
    }
}

/// The memory pool's refusal, if an error of a sandbox was that.
pub(crate) fn refusal_of(error: wasmtime::Error) -> Result<DataFusionError, wasmtime::Error> {
    error.downcast()
}

/// Whether an error of a sandbox is the memory pool's refusal.
pub(crate) fn is_refusal(error: &wasmtime::Error) -> bool {
    error.is::<DataFusionError>()
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        let allowed =
            self.memory_limit.is_none_or(|limit| total <= limit) && maximum.is_none_or(|maximum| desired <= maximum);
        if allowed {
            self.pay(total - self.memory)?;
            self.memory = total;
        }
        self.memory_refused |= !allowed;
        Ok(allowed)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory_refused = true;
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table_elements.saturating_add(desired.saturating_sub(current));
        let allowed = total <= MAX_TABLE_ELEMENTS && maximum.is_none_or(|maximum| desired <= maximum);
        if allowed {
            self.pay((total - self.table_elements) * TABLE_ELEMENT)?;
            self.table_elements = total;
        }
        Ok(allowed)
    }

    fn instances(&self) -> usize {
        MAX_PARTS
    }

    fn tables(&self) -> usize {
        MAX_PARTS
    }

    fn memories(&self) -> usize {
        MAX_PARTS
    }
}
