//! The driver that goes through a batch row by row, for every signature.

use wasm_encoder::{BlockType, Function, InstructionSink};

use super::{
    emit::{
        Cursor, Indices, Locals, ROWS, USER, add_to, at, core_type, load, normalise, record_row, set_word, store, word,
        zero,
    },
    frame::{self, Status},
    spec::{DriverSpec, Lane, Shape},
};
use crate::module::GuestType;

/// Makes the driver `(frame, rows) -> status`. With `masked` it skips the rows whose mask byte is 0.
pub(super) fn driver(spec: &DriverSpec, to: &Indices, masked: bool) -> Function {
    let mut locals = Locals::default();
    let plan = Plan {
        spec,
        to,
        masked,
        row: locals.i32(),
        out: locals.i32(),
        validity: locals.i32(),
        mask: locals.i32(),
        base: locals.i32(),
        position: locals.i32(),
        pending: locals.i32(),
        ret: locals.i32(),
        scratch: [locals.i32(), locals.i32(), locals.i32()],
        value: match spec.result.shape {
            Shape::Lane(lane) => locals.add(core_type(lane)),
            Shape::Bytes => locals.i32(),
        },
        cursors: spec.params.iter().map(|_| Cursor::declare(&mut locals)).collect(),
    };
    let mut function = Function::new_with_locals_types(locals.into_types());
    plan.emit(&mut function.instructions());
    function
}

struct Plan<'a> {
    spec: &'a DriverSpec,
    to: &'a Indices,
    masked: bool,
    /// The current row.
    row: u32,
    /// Where its result goes.
    out: u32,
    /// Where the validity of its result goes.
    validity: u32,
    /// Where its mask byte is.
    mask: u32,
    /// Where the result bytes of this call begin.
    base: u32,
    /// Where the next ones go.
    position: u32,
    /// The return area of a row that was called before and had no room.
    pending: u32,
    /// The return area of the current row.
    ret: u32,
    scratch: [u32; 3],
    /// A direct result.
    value: u32,
    cursors: Vec<Cursor>,
}

impl Plan<'_> {
    fn emit(&self, code: &mut InstructionSink<'_>) {
        self.begin(code);
        code.block(BlockType::Empty);
        code.local_get(self.row).local_get(ROWS).i32_ge_u().br_if(0);
        code.loop_(BlockType::Empty);
        code.i32_const(0).local_get(self.row);
        record_row(code, self.to.arena);
        if self.masked {
            code.local_get(self.mask).i32_load8_u(at(self.to.arena, 0)).if_(BlockType::Empty);
            self.row(code);
            code.else_();
            // Its validity does not matter: the host knows the rows that were skipped.
            self.empty(code);
            code.end();
        } else {
            self.row(code);
        }
        self.advance(code);
        code.local_get(self.row).i32_const(1).i32_add().local_tee(self.row);
        code.local_get(ROWS).i32_lt_u().br_if(0);
        code.end().end();
        set_word(code, self.to.arena, frame::DONE, self.row);
        code.i32_const(Status::Done.code()).end();
    }

    fn begin(&self, code: &mut InstructionSink<'_>) {
        let mut take = |offset, local| {
            word(code, self.to.arena, offset);
            code.local_set(local);
        };
        take(frame::START, self.row);
        take(frame::OUT, self.out);
        if self.spec.result.optional {
            take(frame::OUT_VALIDITY, self.validity);
        }
        if self.spec.result.shape == Shape::Bytes {
            take(frame::OUT_DATA, self.base);
            take(frame::OUT_DATA, self.position);
            take(frame::PENDING, self.pending);
        }
        if self.masked {
            take(frame::MASK, self.mask);
            code.local_get(self.row);
            add_to(code, self.mask);
        }
        for ((cursor, slot), index) in self.cursors.iter().zip(&self.spec.params).zip(0..) {
            cursor.begin(code, slot, index, self.to.arena, self.row);
        }
    }

    fn advance(&self, code: &mut InstructionSink<'_>) {
        let width = match self.spec.result.shape {
            Shape::Lane(lane) => lane.width().cast_signed(),
            Shape::Bytes => 4,
        };
        code.i32_const(width);
        add_to(code, self.out);
        if self.spec.result.optional {
            code.i32_const(1);
            add_to(code, self.validity);
        }
        if self.masked {
            code.i32_const(1);
            add_to(code, self.mask);
        }
        for (cursor, slot) in self.cursors.iter().zip(&self.spec.params) {
            cursor.advance(code, slot);
        }
    }

    /// Calls the function on the current row and stores the result.
    fn row(&self, code: &mut InstructionSink<'_>) {
        match self.spec.result.shape {
            Shape::Lane(lane) if self.spec.returns_directly() => {
                self.call(code);
                normalise(code, self.spec, self.scratch[0]);
                self.store_lane(code, lane);
                self.post_return(code, self.value);
            }
            shape => {
                if shape == Shape::Bytes {
                    // A row whose result had no room is not called again: its result waits in the guest.
                    code.local_get(self.pending).i32_eqz().if_(BlockType::Empty);
                    self.call(code);
                    code.local_set(self.ret).else_();
                    code.local_get(self.pending).i32_const(1).i32_sub().local_set(self.ret);
                    code.i32_const(0).local_set(self.pending).end();
                } else {
                    self.call(code);
                    code.local_set(self.ret);
                }
                self.returned(code);
                self.post_return(code, self.ret);
            }
        }
    }

    fn call(&self, code: &mut InstructionSink<'_>) {
        for (cursor, slot) in self.cursors.iter().zip(&self.spec.params) {
            cursor.push(code, slot, self.to, self.scratch);
        }
        code.call(self.to.function);
    }

    fn post_return(&self, code: &mut InstructionSink<'_>, result: u32) {
        if let Some(post_return) = self.to.post_return {
            code.local_get(result).call(post_return);
        }
    }

    /// Stores the number on the stack as the current row's result.
    fn store_lane(&self, code: &mut InstructionSink<'_>, lane: Lane) {
        code.local_set(self.value).local_get(self.out).local_get(self.value);
        store(code, lane, at(self.to.arena, 0));
    }

    /// Stores the result that lies in the return area.
    fn returned(&self, code: &mut InstructionSink<'_>) {
        let result = &self.spec.result;
        let mut offset = 0;
        let align = result.guest.align();
        let whole = if self.spec.fallible { align.max(4) } else { align };
        if whole > 1 {
            code.local_get(self.ret).i32_const((whole - 1).cast_signed()).i32_and().if_(BlockType::Empty);
            code.i32_const(Status::Misaligned.code()).return_().end();
        }
        if self.spec.fallible {
            offset = whole;
            self.discriminant(code, 0);
            code.if_(BlockType::Empty);
            self.failed(code, offset);
            code.end();
        }
        if result.optional {
            self.discriminant(code, offset);
            code.local_set(self.scratch[0]);
            code.local_get(self.validity).local_get(self.scratch[0]).i32_store8(at(self.to.arena, 0));
            code.local_get(self.scratch[0]).if_(BlockType::Empty);
            self.payload(code, offset + align);
            code.else_();
            self.empty(code);
            code.end();
        } else {
            self.payload(code, offset);
        }
    }

    /// Pushes the discriminant of an option or a result, which is 0 or 1; anything else ends the batch.
    fn discriminant(&self, code: &mut InstructionSink<'_>, offset: u32) {
        code.local_get(self.ret).i32_load8_u(at(USER, offset)).local_tee(self.scratch[0]);
        code.i32_const(1).i32_gt_u().if_(BlockType::Empty);
        code.i32_const(Status::BadDiscriminant.code()).return_().end();
        code.local_get(self.scratch[0]);
    }

    /// Hands back the message of an `err` result, as much of it as there is room for.
    fn failed(&self, code: &mut InstructionSink<'_>, offset: u32) {
        let [pointer, len, _] = self.scratch;
        code.local_get(self.ret).i32_load(at(USER, offset)).local_set(pointer);
        code.local_get(self.ret).i32_load(at(USER, offset + 4)).local_set(len);
        set_word(code, self.to.arena, frame::MESSAGE_LEN, len);
        let room = frame::MESSAGE_SIZE.cast_signed();
        code.i32_const(frame::MESSAGE.cast_signed()).local_get(pointer);
        code.local_get(len).i32_const(room).local_get(len).i32_const(room).i32_lt_u().select();
        code.call(self.to.copy_out);
        self.post_return(code, self.ret);
        code.i32_const(Status::Err.code()).return_();
    }

    fn payload(&self, code: &mut InstructionSink<'_>, offset: u32) {
        match self.spec.result.shape {
            Shape::Lane(_) => {
                let guest = &self.spec.result.guest;
                code.local_get(self.out).local_get(self.ret);
                let (stored, lane) = memory_lane(guest, self.spec.result.shape);
                load(code, stored, at(USER, offset));
                if *guest == GuestType::Bool {
                    code.i32_const(0).i32_ne();
                }
                store(code, lane, at(self.to.arena, 0));
            }
            Shape::Bytes => {
                let [pointer, len, room] = self.scratch;
                code.local_get(self.ret).i32_load(at(USER, offset)).local_set(pointer);
                code.local_get(self.ret).i32_load(at(USER, offset + 4)).local_set(len);
                word(code, self.to.arena, frame::OUT_DATA_END);
                code.local_get(self.position).i32_sub().local_set(room);
                code.local_get(len).local_get(room).i32_gt_u().if_(BlockType::Empty);
                // Not 0, which means that nothing waits: address 0 is as good as any.
                code.local_get(self.ret).i32_const(1).i32_add().local_set(self.ret);
                set_word(code, self.to.arena, frame::PENDING, self.ret);
                set_word(code, self.to.arena, frame::NEEDED, len);
                set_word(code, self.to.arena, frame::DONE, self.row);
                code.i32_const(Status::NeedsRoom.code()).return_().end();
                code.local_get(self.position).local_get(pointer).local_get(len).call(self.to.copy_out);
                code.local_get(len);
                add_to(code, self.position);
                self.store_end(code);
            }
        }
    }

    /// The end of the current row's bytes, counted from where this call began.
    fn store_end(&self, code: &mut InstructionSink<'_>) {
        code.local_get(self.out).local_get(self.position).local_get(self.base).i32_sub();
        code.i32_store(at(self.to.arena, 0));
    }

    /// The result of a row that is null: 0, or no bytes.
    fn empty(&self, code: &mut InstructionSink<'_>) {
        match self.spec.result.shape {
            Shape::Lane(lane) => {
                code.local_get(self.out);
                zero(code, core_type(lane));
                store(code, lane, at(self.to.arena, 0));
            }
            Shape::Bytes => self.store_end(code),
        }
    }
}

/// The form of a value in the guest's memory, and in the arena: they differ for enums, whose discriminant is as small
/// as it can be.
fn memory_lane(guest: &GuestType, shape: Shape) -> (Lane, Lane) {
    let Shape::Lane(lane) = shape else { unreachable!("called for lanes") };
    match guest {
        GuestType::Enum(_) => match guest.size() {
            1 => (Lane::U8, lane),
            2 => (Lane::U16, lane),
            _ => (Lane::I32, lane),
        },
        _ => (lane, lane),
    }
}
