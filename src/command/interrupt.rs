//! Ctrl-C while a statement is running.

use std::{io, thread};

use futures::{FutureExt as _, StreamExt as _, channel::mpsc};
use tokio::runtime;

/// The interrupts of the user, from the time of [`Self::listen`] on; they no
/// longer end the program.
#[derive(Debug)]
pub(super) struct Interrupts(mpsc::UnboundedReceiver<()>);

impl Interrupts {
    /// Starts to listen.
    ///
    /// # Errors
    ///
    /// There are no resources for a thread.
    pub(super) fn listen() -> io::Result<Self> {
        let (sender, receiver) = mpsc::unbounded();
        // A thread of its own: the workers, one of which would otherwise have to notice the
        // signal, may all be inside of long function calls.
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let listen = async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                if sender.unbounded_send(()).is_err() {
                    break;
                }
            }
        };
        thread::Builder::new().name("interrupts".to_owned()).spawn(move || runtime.block_on(listen))?;
        Ok(Self(receiver))
    }

    /// Forgets the interrupts that came when nothing was running.
    pub(super) fn clear(&mut self) {
        while let Some(Some(())) = self.0.next().now_or_never() {}
    }

    /// Waits for an interrupt.
    pub(super) async fn next(&mut self) {
        if self.0.next().await.is_none() {
            // Nothing listens any more, so there will be none.
            std::future::pending().await
        }
    }
}
