//! Threads that are waited for.

use std::{
    mem, process,
    thread::{Builder, JoinHandle},
};

/// A thread that whoever drops this waits for.
#[derive(Debug)]
pub(crate) struct Joined {
    /// The process that started it: one that was forked from it has this, but not the thread.
    process: u32,
    handle: Option<JoinHandle<()>>,
}

impl Joined {
    /// Starts a thread. It has to be told to end before this is dropped.
    ///
    /// # Panics
    /// When the machine has no more threads: then no query can run either.
    pub(crate) fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Self {
        let handle = Builder::new().name(name.to_owned()).spawn(work);
        let handle = handle.expect("a process that can start no thread can run no query");
        Self { process: process::id(), handle: Some(handle) }
    }

    pub(crate) fn unpark(&self) {
        if let Some(handle) = &self.handle {
            handle.thread().unpark();
        }
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        let Some(handle) = self.handle.take() else { return };
        if self.process == process::id() {
            // A thread that panicked has nothing left to do.
            let _ = handle.join();
        } else {
            mem::forget(handle);
        }
    }
}
