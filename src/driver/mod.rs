//! Batch drivers: Wasm that is synthesised for a signature and appended to the user's own core module.
//!
//! A driver loops over the rows of a batch inside Wasm: it reads the argument columns from a second memory, the arena,
//! calls the user's function and writes the result column. Call and callee are in one module, so Cranelift inlines.

mod arguments;
mod assemble;
mod copy;
mod dense;
mod emit;
pub(crate) mod frame;
mod interrupt;
mod results;
mod rows;
mod spec;
mod stubs;
mod turns;

pub(crate) use self::{
    assemble::{ARENA, ARENA_SIZE, INIT, MEMORY, assemble, without_imports},
    spec::{DriverSpec, Lane, Shape, Slot, Variant},
};
