//! Counting what functions do.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use crate::sandbox::Failure;

/// What a function did, or all functions of an engine.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    batches: AtomicU64,
    rows: AtomicU64,
    wasm: AtomicU64,
    marshalling: AtomicU64,
    traps: AtomicU64,
    timeouts: AtomicU64,
}

/// Counters at one time, or what is added to them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    /// Batches that the function was called on.
    pub(crate) batches: u64,
    /// Their rows.
    pub(crate) rows: u64,
    /// Time in guest and drivers, over all workers.
    pub(crate) wasm: Duration,
    /// Time between Arrow arrays and guest, over all workers; starting sandboxes is part of it, compiling is not.
    pub(crate) marshalling: Duration,
    /// Rows that failed with a trap, a memory limit or an exit.
    pub(crate) traps: u64,
    /// Rows that were interrupted.
    pub(crate) timeouts: u64,
}

impl Tally {
    /// Does something of which all time that is not time in Wasm is marshalling, and which stands for `weight` times as
    /// much. What is done tells how much longer all workers were busy than this thread was.
    pub(super) fn time<T, E>(&mut self, weight: u32, run: impl FnOnce() -> Result<(T, Duration), E>) -> Result<T, E> {
        if weight == 0 {
            return run().map(|(value, _)| value);
        }
        let start = Instant::now();
        let result = run();
        self.marshalling += start.elapsed() * weight;
        result.map(|(value, beside)| {
            self.marshalling += beside * weight;
            value
        })
    }

    pub(super) fn count(&mut self, failure: &Failure) {
        match failure {
            Failure::Trap(_) | Failure::Memory { .. } | Failure::Exit(_) => self.traps += 1,
            Failure::Timeout { .. } => self.timeouts += 1,
            Failure::Err(_) | Failure::Result(_) | Failure::Cancelled => {}
        }
    }
}

impl Counters {
    pub(crate) fn add(&self, tally: &Tally) {
        let add = |counter: &AtomicU64, value: u64| {
            if value > 0 {
                counter.fetch_add(value, Ordering::Relaxed);
            }
        };
        add(&self.batches, tally.batches);
        add(&self.rows, tally.rows);
        add(&self.wasm, nanoseconds(tally.wasm));
        add(&self.marshalling, nanoseconds(tally.marshalling));
        add(&self.traps, tally.traps);
        add(&self.timeouts, tally.timeouts);
    }

    pub(crate) fn batches(&self) -> u64 {
        self.batches.load(Ordering::Relaxed)
    }

    pub(crate) fn get(&self) -> Tally {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Tally {
            batches: get(&self.batches),
            rows: get(&self.rows),
            wasm: Duration::from_nanos(get(&self.wasm)),
            marshalling: Duration::from_nanos(get(&self.marshalling)),
            traps: get(&self.traps),
            timeouts: get(&self.timeouts),
        }
    }
}

pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
