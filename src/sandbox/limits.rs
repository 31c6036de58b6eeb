//! What a sandbox may use.

use wasmtime::ResourceLimiter;

/// The most elements that a guest's tables may have. Large programs have some ten thousand.
const MAX_TABLE_ELEMENTS: usize = 1_000_000;

/// The state of a sandbox's store: how its growth went.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// The most bytes that any memory may have, where the memory's own type does not say it: on the general route.
    pub(crate) memory_limit: Option<usize>,
    /// The guest asked for more memory than it may have.
    pub(crate) memory_refused: bool,
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let allowed = self.memory_limit.is_none_or(|limit| desired <= limit);
        self.memory_refused |= !allowed;
        Ok(allowed)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory_refused = true;
        Ok(())
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }
}
