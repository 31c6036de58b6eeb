//! Images: compiled code of assembled modules, shared by all sessions of an engine.

mod cache;
mod engines;
mod program;

pub(crate) use self::{
    cache::{Code, Image, ImageCache},
    engines::{Engines, Kind, TICK},
    program::{Function, Linked, Program},
};
