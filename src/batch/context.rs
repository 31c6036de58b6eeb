//! One call: who calls, and what it takes.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use super::{
    counters::{Counters, nanoseconds},
    runtime::Runtime,
};
use crate::{memory::Account, sandbox::State};

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
    /// `wasm.timeout_ms` as it was when the call began.
    pub(super) timeout_ms: u64,
    /// Nanoseconds in guest and drivers.
    wasm: AtomicU64,
}

impl<'a> Context<'a> {
    pub(super) fn new(function: &'a str, runtime: &'a Runtime, account: &'a Account) -> Self {
        let timeout_ms = runtime.variables.timeout_ms();
        Self { function, runtime, account, timeout_ms, wasm: AtomicU64::new(0) }
    }

    /// The longest time that this call may hold one sandbox.
    pub(super) fn timeout(&self) -> Option<Duration> {
        (self.timeout_ms > 0).then(|| Duration::from_millis(self.timeout_ms))
    }

    /// The state of a new sandbox.
    pub(super) fn state(&self) -> State {
        let charge = self.account.open(&format!("WebAssembly sandbox of {}", self.function));
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
