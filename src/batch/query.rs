//! One query: how its calls are stopped, and the sandboxes that are its own.

use std::sync::{Arc, Mutex, OnceLock};

use super::runtime::Pools;
use crate::{image::Cancellation, lock::lock};

/// What the calls of one query share, or those that a session's planner makes.
#[derive(Debug, Default)]
pub(crate) struct Query {
    /// These are calls of a planner, which belong to many queries.
    is_planning: bool,
    /// What stops the calls that begin now.
    cancellation: Mutex<Cancellation>,
    streams: Mutex<Streams>,
    /// Its sandboxes, when they are not those of the engine.
    pools: OnceLock<Pools>,
}

/// Who reads what the query yields.
#[derive(Debug, Default)]
struct Streams {
    open: usize,
    /// One of them was dropped before its end.
    is_abandoned: bool,
}

impl Query {
    /// The calls that a session's planner makes.
    pub(crate) fn planning() -> Self {
        Self { is_planning: true, ..Self::default() }
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
        let mut streams = lock(&self.streams);
        if streams.open == 0 && streams.is_abandoned {
            streams.is_abandoned = false;
            *lock(&self.cancellation) = Cancellation::default();
        }
        streams.open += 1;
        Reader { query: Arc::clone(self), is_at_end: false }
    }
}

/// One that reads what a query yields. When the last one goes, and not all of them have read to the end, nobody waits for the
/// calls that are under way any more, and they are stopped.
#[derive(Debug)]
pub(crate) struct Reader {
    query: Arc<Query>,
    /// There is nothing more to read.
    pub(crate) is_at_end: bool,
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut streams = lock(&self.query.streams);
        streams.open -= 1;
        streams.is_abandoned |= !self.is_at_end;
        if streams.open > 0 {
            return;
        }
        if streams.is_abandoned {
            self.query.cancel();
        }
        if let Some(pools) = self.query.pools.get() {
            pools.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_cancelled_when_its_last_reader_goes_before_the_end() {
        let query = Arc::new(Query::default());
        let (mut one, other) = (query.read(), query.read());
        let call = query.cancellation();
        one.is_at_end = true;
        drop(one);
        assert!(!call.is_cancelled());
        drop(other);
        assert!(call.is_cancelled() && query.cancellation().is_cancelled());
        // It is read once more, to the end.
        let mut again = query.read();
        assert!(!query.cancellation().is_cancelled());
        again.is_at_end = true;
        drop(again);
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
