//! One call: who calls, and what it takes.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use super::{
    call::Stop,
    counters::{Counters, nanoseconds},
    query::Query,
    runtime::{Pools, Runtime},
};
use crate::{
    image::{Cancellation, Deadline},
    memory::Account,
    sandbox::{Failure, State},
    variables::SandboxScope,
};

/// On whose behalf a function is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'a> {
    /// Who pays for memory.
    pub(crate) account: &'a Account,
    /// What counts this query's calls, when somebody wants to know.
    pub(crate) meter: Option<&'a Counters>,
    /// The query that the call is part of; none when the function is called without a session.
    pub(crate) query: Option<&'a Query>,
}

/// What the parts of a call need besides the arguments.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) function: &'a str,
    pub(super) runtime: &'a Runtime,
    pub(super) account: &'a Account,
    /// `wasm.timeout_ms` as it was when the call began.
    pub(super) timeout_ms: u64,
    cancellation: Option<Cancellation>,
    /// The idle sandboxes that may be used; without them each part of the call has a fresh one.
    pub(super) pools: Option<&'a Pools>,
    /// How many calls the time of this one stands for; that of 0 is not looked at.
    pub(super) weight: u32,
    /// Nanoseconds in guest and drivers.
    wasm: AtomicU64,
}

impl<'a> Context<'a> {
    pub(super) fn new(function: &'a str, runtime: &'a Runtime, caller: Caller<'a>, weight: u32) -> Self {
        let pools = match runtime.variables.sandbox_scope() {
            SandboxScope::Engine => Some(&*runtime.pools),
            SandboxScope::Query => caller.query.and_then(Query::pools),
        };
        Self {
            function,
            runtime,
            account: caller.account,
            timeout_ms: runtime.variables.timeout_ms(),
            cancellation: caller.query.map(Query::cancellation),
            pools,
            weight,
            wasm: AtomicU64::new(0),
        }
    }

    /// The longest time that this call may hold one sandbox.
    pub(super) fn timeout(&self) -> Option<Duration> {
        (self.timeout_ms > 0).then(|| Duration::from_millis(self.timeout_ms))
    }

    /// When a guest that begins now has to stop.
    pub(super) fn deadline(&self) -> Deadline {
        Deadline::after(self.timeout(), self.cancellation.as_ref())
    }

    /// The same for one that may take less time.
    pub(super) fn deadline_within(&self, limit: Duration) -> Deadline {
        Deadline::after(Some(limit), self.cancellation.as_ref())
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancellation.as_ref().is_some_and(Cancellation::is_cancelled)
    }

    /// # Errors
    /// When the query was cancelled.
    pub(super) fn check(&self) -> Result<(), Stop> {
        match self.is_cancelled() {
            true => Err(Stop::before(Failure::Cancelled)),
            false => Ok(()),
        }
    }

    /// The state of a new sandbox.
    pub(super) fn state(&self) -> State {
        let charge = self.account.open(&format!("WebAssembly sandbox of {}", self.function));
        State::new(charge, &self.runtime.live_sandboxes)
    }

    /// Does something that counts as time in Wasm.
    pub(super) fn in_wasm<T>(&self, run: impl FnOnce() -> T) -> T {
        if self.weight == 0 {
            return run();
        }
        let start = Instant::now();
        let result = run();
        self.wasm.fetch_add(nanoseconds(start.elapsed() * self.weight), Ordering::Relaxed);
        result
    }

    /// Time in Wasm so far.
    pub(super) fn wasm(&self) -> Duration {
        Duration::from_nanos(self.wasm.load(Ordering::Relaxed))
    }
}
