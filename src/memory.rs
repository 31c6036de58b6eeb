//! Charging what an engine holds to the memory pool of the session that needs it.

use std::{fmt, sync::Arc};

use datafusion::{
    error::DataFusionError,
    execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation},
};

/// Ends what an engine keeps without need, so that others can have its memory.
#[derive(Clone)]
pub(crate) struct Relief(Arc<dyn Fn() + Send + Sync>);

impl Relief {
    pub(crate) fn new(relieve: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(relieve))
    }
}

impl fmt::Debug for Relief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Relief")
    }
}

/// Who pays for memory: a DataFusion memory pool, or nobody.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pool: Option<Arc<dyn MemoryPool>>,
    relief: Relief,
}

impl Account {
    pub(crate) fn new(pool: Option<Arc<dyn MemoryPool>>, relief: Relief) -> Self {
        Self { pool, relief }
    }

    /// A charge of nothing yet, for `what`.
    pub(crate) fn open(&self, what: &str) -> Charge {
        let reservation = self.pool.as_ref().map(|pool| MemoryConsumer::new(what).register(pool));
        Charge(reservation.map(|reservation| (reservation, self.relief.clone())))
    }
}

/// Memory that is charged to a pool until this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Charge(Option<(MemoryReservation, Relief)>);

impl Charge {
    /// Charges `bytes` more. When the pool refuses, the engine lets go of what it keeps without need, and the pool is
    /// asked again.
    ///
    /// # Errors
    /// The pool's.
    pub(crate) fn grow(&self, bytes: usize) -> Result<(), DataFusionError> {
        let Some((reservation, relief)) = &self.0 else { return Ok(()) };
        reservation.try_grow(bytes).or_else(|_| {
            (relief.0)();
            reservation.try_grow(bytes)
        })
    }
}
