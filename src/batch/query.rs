//! One query: how its calls are stopped, and the sandboxes that are its own.

use std::sync::{Arc, Mutex, OnceLock};

use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::block_in_place,
};

use super::runtime::Pools;
use crate::{image::Cancellation, lock::lock};

/// What the calls of one query share, or those that a session's planner makes.
#[derive(Debug, Default)]
pub(crate) struct Query {
    /// These are calls of a planner, which belong to many queries.
    is_planning: bool,
    /// What stops the calls that begin now.
    cancellation: Mutex<Cancellation>,
    /// How many read what it yields.
    readers: Mutex<usize>,
    /// Its sandboxes, when they are not those of the engine.
    pools: OnceLock<Pools>,
}

impl Query {
    /// The calls that a session's planner makes.
    pub(crate) fn planning() -> Self {
        Self { is_planning: true, ..Self::default() }
    }

    /// Does what may take long. In a task of a runtime with several workers, its other tasks go on meanwhile: else timers,
    /// sockets and whoever wants to give up the query could wait for a guest.
    pub(super) fn aside<T>(query: Option<&Self>, work: impl FnOnce() -> T) -> T {
        // Plans are run in tasks, but a planner may be where blocking is not allowed.
        let is_in_task = query.is_some_and(|query| !query.is_planning)
            && Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
        if is_in_task { block_in_place(work) } else { work() }
    }

    pub(super) fn cancellation(&self) -> Cancellation {
        lock(&self.cancellation).clone()
    }

    /// Its own sandboxes, if it is one query.
    pub(super) fn pools(&self) -> Option<&Pools> {
        (!self.is_planning).then(|| self.pools.get_or_init(Pools::new))
    }

    /// Stops the calls that are under way and those that begin before the query is read anew.
    pub(crate) fn cancel(&self) {
        self.cancellation().cancel();
    }

    /// Stops the calls that are under way; later ones run.
    pub(crate) fn interrupt(&self) {
        std::mem::take(&mut *lock(&self.cancellation)).cancel();
    }

    /// Somebody reads what the query yields, until the answer is dropped.
    pub(crate) fn read(self: &Arc<Self>) -> Reader {
        let mut readers = lock(&self.readers);
        if *readers == 0 {
            *lock(&self.cancellation) = Cancellation::default();
        }
        *readers += 1;
        Reader(Arc::clone(self))
    }
}

/// One that reads what a query yields. When the last one goes, nobody waits for the calls that are under way any more, and they
/// are stopped: after the end, too, when a LIMIT has enough rows.
#[derive(Debug)]
pub(crate) struct Reader(Arc<Query>);

impl Drop for Reader {
    fn drop(&mut self) {
        let mut readers = lock(&self.0.readers);
        *readers -= 1;
        if *readers > 0 {
            return;
        }
        self.0.cancel();
        if let Some(pools) = self.0.pools.get() {
            pools.clear();
        }
    }
}

/// Stops calls from elsewhere: those that were told of it with
/// [`WasmScalarUdf::stopped_by`](crate::WasmScalarUdf::stopped_by).
#[derive(Debug, Clone)]
pub struct Interrupt(pub(crate) Arc<Query>);

impl Interrupt {
    /// Makes an interrupt that nothing knows yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Query::planning()))
    }

    /// Stops the guest code that is under way, within some milliseconds; the calls fail with
    /// [`Failure::Cancelled`](crate::Failure::Cancelled). Calls that begin later run.
    pub fn stop(&self) {
        self.0.interrupt();
    }
}

impl Default for Interrupt {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_cancelled_when_its_last_reader_goes() {
        let query = Arc::new(Query::default());
        let (one, other) = (query.read(), query.read());
        let call = query.cancellation();
        drop(one);
        assert!(!call.is_cancelled());
        drop(other);
        assert!(call.is_cancelled() && query.cancellation().is_cancelled());
        let _again = query.read();
        assert!(!query.cancellation().is_cancelled());
    }

    #[test]
    fn an_interrupt_stops_what_is_under_way_only() {
        let query = Query::default();
        let call = query.cancellation();
        query.interrupt();
        assert!(call.is_cancelled() && !query.cancellation().is_cancelled());
    }
}
