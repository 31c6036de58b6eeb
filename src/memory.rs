//! Charging what an engine holds to the memory pool of the session that needs it.

use std::{fmt, sync::Arc};

use datafusion::{
    error::DataFusionError,
    execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation},
};

/// Tells memory pools apart for as long as anything is charged to them; `None` when nobody pays.
pub(crate) type PoolId = Option<usize>;

/// Ends what an engine keeps without need at the cost of a memory pool.
#[derive(Clone)]
pub(crate) struct Relief(Arc<dyn Fn(PoolId) + Send + Sync>);

impl Relief {
    pub(crate) fn new(relieve: impl Fn(PoolId) + Send + Sync + 'static) -> Self {
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

    pub(crate) fn pool(&self) -> PoolId {
        self.pool.as_ref().map(id)
    }

    /// A charge of nothing yet, for `what`.
    pub(crate) fn open(&self, what: &str) -> Charge {
        Charge(self.pool.as_ref().map(|pool| Open {
            reservation: MemoryConsumer::new(what).register(pool),
            pool: Arc::clone(pool),
            relief: self.relief.clone(),
        }))
    }
}

fn id(pool: &Arc<dyn MemoryPool>) -> usize {
    Arc::as_ptr(pool).addr()
}

/// Memory that is charged to a pool until this is dropped.
#[derive(Debug)]
pub(crate) struct Charge(Option<Open>);

#[derive(Debug)]
struct Open {
    reservation: MemoryReservation,
    pool: Arc<dyn MemoryPool>,
    relief: Relief,
}

impl Charge {
    pub(crate) fn pool(&self) -> PoolId {
        self.0.as_ref().map(|open| id(&open.pool))
    }

    /// Charges `bytes` more. When the pool refuses, the engine lets go of what it keeps without need at the pool's cost,
    /// and the pool is asked again.
    ///
    /// # Errors
    /// The pool's.
    pub(crate) fn grow(&self, bytes: usize) -> Result<(), DataFusionError> {
        let Some(Open { reservation, relief, .. }) = &self.0 else { return Ok(()) };
        reservation.try_grow(bytes).or_else(|_| {
            (relief.0)(self.pool());
            reservation.try_grow(bytes)
        })
    }

    /// Nine tenths of the pool or more are taken: what is not needed now should go before a query is refused.
    pub(crate) fn is_pressing(&self) -> bool {
        self.0.as_ref().is_some_and(|Open { pool, .. }| match pool.memory_limit() {
            MemoryLimit::Finite(limit) => pool.reserved() >= limit - limit / 10,
            _ => false,
        })
    }
}
