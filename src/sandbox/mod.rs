//! Sandboxes: live instances of images, what they may use, and what is reported when they fail.

mod limits;
mod live;
mod pool;
mod report;

pub use self::report::{Failure, GuestError};
pub(crate) use self::{
    limits::{LiveSandboxes, State, is_refusal, refusal_of},
    live::Sandbox,
    pool::{Idle, Pool},
    report::{failure_of, frames_of, output_of},
};
