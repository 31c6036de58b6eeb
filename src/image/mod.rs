//! Images: compiled code of assembled modules, shared by all sessions of an engine.

mod cache;
mod clock;
mod engines;
mod program;

pub(crate) use self::{
    cache::{Code, Image, ImageCache},
    clock::{StopWord, TICK, Watch},
    engines::{Engines, Kind},
    program::{Function, Linked, Program},
};
