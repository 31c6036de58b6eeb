//! One call: who calls, and what it takes.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use super::{
    counters::{Counters, nanoseconds},
    runtime::Runtime,
};
use crate::{
    memory::{Account, Charge},
    sandbox::State,
};

/// On whose behalf a function is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'a> {
    /// Who pays for memory.
    pub(crate) account: &'a Account,
    /// What counts this query's calls, when somebody wants to know.
    pub(crate) meter: Option<&'a Counters>,
}

/// What the parts of a call need besides the arguments.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) function: &'a str,
    pub(super) runtime: &'a Runtime,
    pub(super) account: &'a Account,
    /// Nanoseconds in guest and drivers.
    wasm: AtomicU64,
}

impl<'a> Context<'a> {
    pub(super) fn new(function: &'a str, runtime: &'a Runtime, account: &'a Account) -> Self {
        Self { function, runtime, account, wasm: AtomicU64::new(0) }
    }

    /// The state of a new sandbox.
    pub(super) fn state(&self) -> State {
        let charge: Charge = self.account.open(&format!("WebAssembly sandbox of {}", self.function));
        State::new(charge, &self.runtime.live_sandboxes)
    }

    /// Does something that counts as time in Wasm.
    pub(super) fn in_wasm<T>(&self, run: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = run();
        self.wasm.fetch_add(nanoseconds(start.elapsed()), Ordering::Relaxed);
        result
    }

    /// Time in Wasm so far.
    pub(super) fn wasm(&self) -> Duration {
        Duration::from_nanos(self.wasm.load(Ordering::Relaxed))
    }
}
