//! The unrolled driver for tiny functions of numbers, where the loop costs more than the call.

use wasm_encoder::{BlockType, Function, InstructionSink};

use super::{
    emit::{Indices, Locals, ROWS, add_to, at, core_type, load, normalise, record_row, store, word},
    frame::{self, Status},
    spec::{DriverSpec, Lane, Shape},
};
use crate::module::Facts;

/// How many rows one turn of the loop does. With 4 an addition takes 0.30 ns per row, with 8 0.25.
const UNROLL: u32 = 8;
/// A function whose body has more bytes than this is not worth unrolling around.
const TINY: usize = 96;
/// With more parameters than this there would be too many combinations of constants.
const MAX_PARAMS: usize = 3;

/// Whether unrolling pays for a function: its body is tiny, it soon ends, and it takes and gives plain numbers.
pub(super) fn pays(spec: &DriverSpec, facts: &Facts) -> bool {
    facts.ends
        && facts.body_size <= TINY
        && (1..=MAX_PARAMS).contains(&spec.params.len())
        && spec.returns_directly()
        && spec.lifted.post_return.is_none()
        && spec.params.iter().all(|slot| !slot.optional && matches!(slot.shape, Shape::Lane(_)))
}

/// Makes the driver `(frame, rows) -> status` for columns and, by the bits of `constants`, constants.
pub(super) fn driver(spec: &DriverSpec, to: &Indices, facts: &Facts, constants: u32) -> Function {
    let lane_of = |shape| match shape {
        Shape::Lane(lane) => lane,
        _ => unreachable!("pays() admits lanes only"),
    };
    let mut locals = Locals::default();
    let row = locals.i32();
    let scratch = locals.i32();
    let out = locals.i32();
    let end = locals.i32();
    let result = lane_of(spec.result.shape);
    let value = locals.add(core_type(result));
    let args: Vec<Arg> = (0u32..)
        .zip(&spec.params)
        .map(|(index, slot)| {
            let lane = lane_of(slot.shape);
            let constant = constants & (1 << index) != 0;
            let local = if constant { locals.add(core_type(lane)) } else { locals.i32() };
            Arg { index, lane, constant, local }
        })
        .collect();
    let mut function = Function::new_with_locals_types(locals.into_types());
    let code = &mut function.instructions();

    word(code, to.arena, frame::out(0));
    code.local_set(out);
    for arg in &args {
        word(code, to.arena, frame::values(arg.index));
        if arg.constant {
            load(code, arg.lane, at(to.arena, 0));
        }
        code.local_set(arg.local);
    }
    // The row is needed only when something can go wrong in it.
    let tracks_row = !facts.never_traps || spec.checks_range();
    // Whole turns, then the rows that are left.
    for rows in [UNROLL, 1] {
        code.local_get(ROWS).i32_const(-rows.cast_signed()).i32_and();
        code.i32_const(result.width().cast_signed()).i32_mul();
        word(code, to.arena, frame::out(0));
        code.i32_add().local_set(end);
        code.block(BlockType::Empty);
        code.local_get(out).local_get(end).i32_ge_u().br_if(0);
        code.loop_(BlockType::Empty);
        for nth in 0..rows {
            if tracks_row {
                code.i32_const(0).local_get(row).i32_const(nth.cast_signed()).i32_add();
                record_row(code, to.arena);
            }
            args.iter().for_each(|arg| arg.push(code, to.arena, nth));
            code.call(to.function);
            normalise(code, spec, scratch);
            code.local_set(value).local_get(out).local_get(value);
            store(code, result, at(to.arena, nth * result.width()));
        }
        for arg in args.iter().filter(|arg| !arg.constant) {
            code.i32_const((rows * arg.lane.width()).cast_signed());
            add_to(code, arg.local);
        }
        if tracks_row {
            code.i32_const(rows.cast_signed());
            add_to(code, row);
        }
        code.i32_const((rows * result.width()).cast_signed());
        add_to(code, out);
        code.local_get(out).local_get(end).i32_lt_u().br_if(0);
        code.end().end();
    }
    code.i32_const(Status::Done.code()).end();
    function
}

struct Arg {
    index: u32,
    lane: Lane,
    constant: bool,
    /// The address of the current value or, for a constant, the value.
    local: u32,
}

impl Arg {
    fn push(&self, code: &mut InstructionSink<'_>, arena: u32, nth: u32) {
        code.local_get(self.local);
        if !self.constant {
            load(code, self.lane, at(arena, nth * self.lane.width()));
        }
    }
}
