//! Taking locks.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes a lock also when a thread that had it panicked: what this crate keeps behind locks is whole at every moment.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
