//! What drivers have in common: memory access, arguments and direct results.

use wasm_encoder::{BlockType, InstructionSink, MemArg, ValType};

use super::{
    frame::{self, Status},
    spec::{DriverSpec, Lane, Shape, Slot},
};
use crate::module::GuestType;

/// The user's memory is always the first one.
pub(super) const USER: u32 = 0;

/// The indices that a driver refers to in the assembled module.
#[derive(Debug, Clone, Copy)]
pub(super) struct Indices {
    pub(super) function: u32,
    pub(super) realloc: Option<u32>,
    pub(super) post_return: Option<u32>,
    /// The arena's memory.
    pub(super) arena: u32,
    /// Copies into the user's memory, and out of it; only there when the module has a memory.
    pub(super) copy_in: u32,
    pub(super) copy_out: u32,
}

/// The locals of a driver: two parameters, then as many as are asked for.
#[derive(Debug, Default)]
pub(super) struct Locals {
    types: Vec<ValType>,
}

/// The driver's parameters.
pub(super) const FRAME: u32 = 0;
pub(super) const ROWS: u32 = 1;

impl Locals {
    pub(super) fn add(&mut self, ty: ValType) -> u32 {
        self.types.push(ty);
        u32::try_from(self.types.len()).expect("a few dozen locals") + 1
    }

    pub(super) fn i32(&mut self) -> u32 {
        self.add(ValType::I32)
    }

    pub(super) fn into_types(self) -> Vec<ValType> {
        self.types
    }
}

pub(super) fn at(memory: u32, offset: u32) -> MemArg {
    // The alignment is a hint; 0 is always right, and x86 and ARM do not care.
    MemArg { offset: offset.into(), align: 0, memory_index: memory }
}

/// The form of a value in the guest's memory, where the arena has a lane: they differ for enums, whose discriminant is as
/// small as it can be.
pub(super) fn memory_lane(guest: &GuestType, lane: Lane) -> Lane {
    match guest {
        GuestType::Enum(_) => match guest.size() {
            1 => Lane::U8,
            2 => Lane::U16,
            _ => Lane::I32,
        },
        _ => lane,
    }
}

/// The core type of a lane's values.
pub(super) fn core_type(lane: Lane) -> ValType {
    match lane {
        Lane::I64 => ValType::I64,
        Lane::F32 => ValType::F32,
        Lane::F64 => ValType::F64,
        _ => ValType::I32,
    }
}

pub(super) fn load(code: &mut InstructionSink<'_>, lane: Lane, place: MemArg) {
    match lane {
        Lane::I8 => code.i32_load8_s(place),
        Lane::U8 => code.i32_load8_u(place),
        Lane::I16 => code.i32_load16_s(place),
        Lane::U16 => code.i32_load16_u(place),
        Lane::I32 => code.i32_load(place),
        Lane::I64 => code.i64_load(place),
        Lane::F32 => code.f32_load(place),
        Lane::F64 => code.f64_load(place),
    };
}

pub(super) fn store(code: &mut InstructionSink<'_>, lane: Lane, place: MemArg) {
    match lane {
        Lane::I8 | Lane::U8 => code.i32_store8(place),
        Lane::I16 | Lane::U16 => code.i32_store16(place),
        Lane::I32 => code.i32_store(place),
        Lane::I64 => code.i64_store(place),
        Lane::F32 => code.f32_store(place),
        Lane::F64 => code.f64_store(place),
    };
}

pub(super) fn zero(code: &mut InstructionSink<'_>, ty: ValType) {
    match ty {
        ValType::I64 => code.i64_const(0),
        ValType::F32 => code.f32_const(0.0.into()),
        ValType::F64 => code.f64_const(0.0.into()),
        _ => code.i32_const(0),
    };
}

/// Pushes the address of element `index` of an array at `base`, both locals; `width` is a power of two.
pub(super) fn element(code: &mut InstructionSink<'_>, base: u32, index: u32, width: u32) {
    code.local_get(base).local_get(index);
    if width > 1 {
        code.i32_const(width.trailing_zeros().cast_signed()).i32_shl();
    }
    code.i32_add();
}

/// Pushes whether `len` items of `size` bytes from `pointer` on do not lie in a memory. Sums have 64 bits.
pub(super) fn is_outside(code: &mut InstructionSink<'_>, memory: u32, pointer: u32, len: u32, size: u32) {
    code.local_get(len).i64_extend_i32_u().i64_const(size.into()).i64_mul();
    code.local_get(pointer).i64_extend_i32_u().i64_add();
    code.memory_size(memory).i64_extend_i32_u().i64_const(16).i64_shl().i64_gt_u();
}

/// Pushes a word of the frame.
pub(super) fn word(code: &mut InstructionSink<'_>, arena: u32, offset: u32) {
    code.local_get(FRAME).i32_load(at(arena, offset));
}

/// Sets a word of the frame to a local.
pub(super) fn set_word(code: &mut InstructionSink<'_>, arena: u32, offset: u32, local: u32) {
    code.local_get(FRAME).local_get(local).i32_store(at(arena, offset));
}

/// Records the row that is worked on, which is on the stack; the address, 0, lies below it.
pub(super) fn record_row(code: &mut InstructionSink<'_>, arena: u32) {
    code.i32_store(at(arena, frame::ROW));
}

/// `local += amount`, where the amount is on the stack.
pub(super) fn add_to(code: &mut InstructionSink<'_>, local: u32) {
    code.local_get(local).i32_add().local_set(local);
}

/// Makes a direct result on the stack what is stored: booleans become 0 or 1, BASIC results outside the range of a
/// narrow type end the batch. `scratch` is a local of type i32.
pub(super) fn normalise(code: &mut InstructionSink<'_>, spec: &DriverSpec, scratch: u32) {
    if spec.result.guest == GuestType::Bool {
        code.i32_const(0).i32_ne();
    }
    if !spec.checks_range() {
        return;
    }
    code.local_tee(scratch).local_get(scratch);
    match spec.result.shape {
        Shape::Lane(Lane::I8) => code.i32_extend8_s(),
        Shape::Lane(Lane::U8) => code.i32_const(0xff).i32_and(),
        Shape::Lane(Lane::I16) => code.i32_extend16_s(),
        _ => code.i32_const(0xffff).i32_and(),
    };
    code.local_get(scratch).i32_ne().if_(BlockType::Empty);
    code.i32_const(Status::OutOfRange.code()).return_().end();
}

/// The locals through which one parameter is read, row by row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor {
    values: u32,
    stride: u32,
    data: u32,
    validity: u32,
    validity_stride: u32,
}

impl Cursor {
    pub(super) fn declare(locals: &mut Locals) -> Self {
        Self {
            values: locals.i32(),
            stride: locals.i32(),
            data: locals.i32(),
            validity: locals.i32(),
            validity_stride: locals.i32(),
        }
    }

    /// Sets the cursor of parameter `index` to the row in the local `row`.
    pub(super) fn begin(&self, code: &mut InstructionSink<'_>, slot: &Slot, index: u32, arena: u32, row: u32) {
        let position = |code: &mut InstructionSink<'_>, address, step, at_local, step_local| {
            word(code, arena, step);
            code.local_tee(step_local).local_get(row).i32_mul();
            word(code, arena, address);
            code.i32_add().local_set(at_local);
        };
        position(code, frame::values(index), frame::stride(index), self.values, self.stride);
        if slot.shape == Shape::Bytes {
            word(code, arena, frame::data(index));
            code.local_set(self.data);
        }
        if slot.optional {
            let (address, step) = (frame::validity(index), frame::validity_stride(index));
            position(code, address, step, self.validity, self.validity_stride);
        }
    }

    /// Pushes the flat arguments of the current row. `start`, `len` and `pointer` are scratch locals.
    pub(super) fn push(&self, code: &mut InstructionSink<'_>, slot: &Slot, to: &Indices, scratch: [u32; 3]) {
        let [start, len, pointer] = scratch;
        match slot.shape {
            Shape::Lane(lane) if slot.optional => {
                // A null's value can be anything in Arrow; the guest sees 0.
                code.local_get(self.validity).i32_load8_u(at(to.arena, 0));
                code.local_get(self.values);
                load(code, lane, at(to.arena, 0));
                zero(code, core_type(lane));
                code.local_get(self.validity).i32_load8_u(at(to.arena, 0)).select();
            }
            Shape::Lane(lane) => {
                code.local_get(self.values);
                load(code, lane, at(to.arena, 0));
            }
            Shape::Bytes => {
                if slot.optional {
                    code.local_get(self.validity).i32_load8_u(at(to.arena, 0));
                    code.i32_const(0).local_set(pointer).i32_const(0).local_set(len);
                    code.local_get(self.validity).i32_load8_u(at(to.arena, 0)).if_(BlockType::Empty);
                }
                code.local_get(self.values).i32_load(at(to.arena, 4));
                code.local_get(self.values).i32_load(at(to.arena, 0)).local_tee(start);
                code.i32_sub().local_set(len);
                let realloc = to.realloc.expect("checked when the module was inspected");
                code.i32_const(0).i32_const(0).i32_const(1).local_get(len).call(realloc).local_set(pointer);
                code.local_get(pointer).local_get(self.data).local_get(start).i32_add().local_get(len);
                code.call(to.copy_in);
                if slot.optional {
                    code.end();
                }
                code.local_get(pointer).local_get(len);
            }
            Shape::List | Shape::Record => unreachable!("an `Argument`, not a cursor"),
        }
    }

    /// Goes on to the next row.
    pub(super) fn advance(&self, code: &mut InstructionSink<'_>, slot: &Slot) {
        code.local_get(self.stride);
        add_to(code, self.values);
        if slot.optional {
            code.local_get(self.validity_stride);
            add_to(code, self.validity);
        }
    }
}
