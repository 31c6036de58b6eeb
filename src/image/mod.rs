//! Images: compiled code of assembled modules, shared by all sessions of an engine.

mod cache;
mod clock;
mod compiler;
mod engines;
#[expect(clippy::module_inception, reason = "the word for what the room is about")]
mod image;
mod key;
mod plancache;
mod program;
mod shelf;

pub use self::compiler::run_compiler;
pub(crate) use self::{
    cache::{ImageCache, ImageStatus, OnEvicted},
    clock::{Cancellation, Deadline, StopWord, Watch},
    engines::{Engines, Kind},
    image::{Code, Image},
    key::Key,
    program::{Function, Linked, Program},
};
