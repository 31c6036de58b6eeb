//! The driver that goes through a batch row by row, for every signature.

use wasm_encoder::{BlockType, Function, InstructionSink, ValType};

use super::{
    arguments::{Argument, push_spilled},
    emit::{
        Cursor, Indices, Locals, ROWS, USER, add_to, at, core_type, is_outside, load, memory_lane, normalise,
        record_row, set_word, store, word, zero,
    },
    frame::{self, Status},
    interrupt,
    results::{Results, direct_lane},
    spec::{DriverSpec, Lane, Shape, Slot},
};
use crate::module::GuestType;

/// Makes the driver `(frame, rows) -> status`. With `masked` it skips the rows whose mask byte is 0.
pub(super) fn driver(spec: &DriverSpec, to: &Indices, masked: bool) -> Function {
    let mut locals = Locals::default();
    let (row, pending, ret) = (locals.i32(), locals.i32(), locals.i32());
    let scratch = [locals.i32(), locals.i32(), locals.i32()];
    let results = || Results::declare(&mut locals, &spec.result, row, ret, pending, scratch[0]);
    let plan = Plan {
        spec,
        to,
        masked,
        row,
        pending,
        ret,
        scratch,
        nested: spec.result.is_nested().then(results),
        out: locals.i32(),
        validity: locals.i32(),
        mask: locals.i32(),
        base: locals.i32(),
        position: locals.i32(),
        value: locals.add(direct_lane(&spec.result).map_or(ValType::I32, core_type)),
        args: Args::declare(&mut locals, spec),
    };
    let mut function = Function::new_with_locals_types(locals.into_types());
    plan.emit(&mut function.instructions());
    function
}

/// How the arguments are read.
enum Args<'a> {
    Flat(Vec<Param<'a>>),
    /// They are passed in memory.
    Spilled(Vec<Argument<'a>>),
}

enum Param<'a> {
    Plain(Cursor, &'a Slot, u32),
    Nested(Argument<'a>),
}

impl<'a> Args<'a> {
    fn declare(locals: &mut Locals, spec: &'a DriverSpec) -> Self {
        let columns = spec.param_columns();
        if spec.spilled {
            return Self::Spilled(columns.map(|(column, slot)| Argument::declare(locals, column, slot)).collect());
        }
        let param = |(column, slot): (u32, &'a Slot)| match slot.is_nested() {
            true => Param::Nested(Argument::declare(locals, column, slot)),
            false => Param::Plain(Cursor::declare(locals), slot, column),
        };
        Self::Flat(columns.map(param).collect())
    }

    fn begin(&self, code: &mut InstructionSink<'_>, arena: u32, row: u32) {
        match self {
            Self::Flat(params) => params.iter().for_each(|param| match param {
                Param::Plain(cursor, slot, column) => cursor.begin(code, slot, *column, arena, row),
                Param::Nested(argument) => argument.begin(code, arena, row),
            }),
            Self::Spilled(args) => args.iter().for_each(|argument| argument.begin(code, arena, row)),
        }
    }

    fn push(&self, code: &mut InstructionSink<'_>, to: &Indices, scratch: [u32; 3]) {
        match self {
            Self::Flat(params) => params.iter().for_each(|param| match param {
                Param::Plain(cursor, slot, _) => cursor.push(code, slot, to, scratch),
                Param::Nested(argument) => argument.push(code, to),
            }),
            Self::Spilled(args) => push_spilled(code, to, args, scratch[0]),
        }
    }

    fn advance(&self, code: &mut InstructionSink<'_>) {
        match self {
            Self::Flat(params) => params.iter().for_each(|param| match param {
                Param::Plain(cursor, slot, _) => cursor.advance(code, slot),
                Param::Nested(argument) => argument.advance(code),
            }),
            Self::Spilled(args) => args.iter().for_each(|argument| argument.advance(code)),
        }
    }
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
    args: Args<'a>,
    /// Where results go that are lists, records or tuples.
    nested: Option<Results<'a>>,
}

impl Plan<'_> {
    fn emit(&self, code: &mut InstructionSink<'_>) {
        self.begin(code);
        code.block(BlockType::Empty);
        code.local_get(self.row).local_get(ROWS).i32_ge_u().br_if(0);
        code.loop_(BlockType::Empty);
        code.i32_const(0).local_get(self.row);
        record_row(code, self.to.arena);
        if self.spec.result.is_stretchy() {
            // The guest may be short, and its result be long.
            interrupt::push_check(code, self.to.arena);
        }
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
        if self.nested.is_none() {
            take(frame::out(0), self.out);
            if self.spec.result.optional {
                take(frame::out_validity(0), self.validity);
            }
        }
        if self.spec.result.shape == Shape::Bytes {
            take(frame::out_data(0), self.base);
            take(frame::out_data(0), self.position);
        }
        if self.waits() {
            take(frame::PENDING, self.pending);
        }
        if self.masked {
            take(frame::MASK, self.mask);
            code.local_get(self.row);
            add_to(code, self.mask);
        }
        if let Some(nested) = &self.nested {
            nested.begin(code, self.to);
        }
        self.args.begin(code, self.to.arena, self.row);
    }

    /// Results may have no room, and then wait in the guest.
    fn waits(&self) -> bool {
        !matches!(self.spec.result.shape, Shape::Lane(_)) && direct_lane(&self.spec.result).is_none()
    }

    fn advance(&self, code: &mut InstructionSink<'_>) {
        match (&self.nested, self.spec.result.shape) {
            (Some(nested), _) => nested.advance(code),
            (None, Shape::Lane(lane)) => {
                code.i32_const(lane.width().cast_signed());
                add_to(code, self.out);
            }
            (None, _) => {
                code.i32_const(4);
                add_to(code, self.out);
            }
        }
        if self.spec.result.optional && self.nested.is_none() {
            code.i32_const(1);
            add_to(code, self.validity);
        }
        if self.masked {
            code.i32_const(1);
            add_to(code, self.mask);
        }
        self.args.advance(code);
    }

    /// Calls the function on the current row and stores the result.
    fn row(&self, code: &mut InstructionSink<'_>) {
        match (&self.nested, direct_lane(&self.spec.result).filter(|_| !self.spec.fallible)) {
            (None, Some(lane)) => {
                self.call(code);
                normalise(code, self.spec, self.scratch[0]);
                self.store_lane(code, lane);
                self.post_return(code, self.value);
            }
            (Some(nested), Some(_)) => {
                self.call(code);
                nested.store_direct(code, self.to, self.value);
                self.post_return(code, self.value);
            }
            (_, None) => {
                if self.waits() {
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
        self.args.push(code, self.to, self.scratch);
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
            match &self.nested {
                Some(nested) => nested.store_validity(code, self.to, self.scratch[0]),
                None => {
                    code.local_get(self.validity).local_get(self.scratch[0]).i32_store8(at(self.to.arena, 0));
                }
            }
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
        is_outside(code, USER, pointer, len, 1);
        code.if_(BlockType::Empty).i32_const(Status::OutOfBounds.code()).return_().end();
        set_word(code, self.to.arena, frame::MESSAGE_LEN, len);
        let room = frame::MESSAGE_SIZE.cast_signed();
        code.i32_const(frame::MESSAGE.cast_signed()).local_get(pointer);
        code.local_get(len).i32_const(room).local_get(len).i32_const(room).i32_lt_u().select();
        code.call(self.to.copy_out);
        self.post_return(code, self.ret);
        code.i32_const(Status::Err.code()).return_();
    }

    fn payload(&self, code: &mut InstructionSink<'_>, offset: u32) {
        if let Some(nested) = &self.nested {
            return nested.store(code, self.to, offset);
        }
        match self.spec.result.shape {
            Shape::Lane(lane) => {
                let guest = &self.spec.result.guest;
                code.local_get(self.out).local_get(self.ret);
                load(code, memory_lane(guest, lane), at(USER, offset));
                if *guest == GuestType::Bool {
                    code.i32_const(0).i32_ne();
                }
                store(code, lane, at(self.to.arena, 0));
            }
            _ => {
                let [pointer, len, room] = self.scratch;
                code.local_get(self.ret).i32_load(at(USER, offset)).local_set(pointer);
                code.local_get(self.ret).i32_load(at(USER, offset + 4)).local_set(len);
                word(code, self.to.arena, frame::out_end(0));
                code.local_get(self.position).i32_sub().local_set(room);
                code.local_get(len).local_get(room).i32_gt_u().if_(BlockType::Empty);
                // No room is made for what is not there. What has room is checked by copying it.
                is_outside(code, USER, pointer, len, 1);
                code.if_(BlockType::Empty).i32_const(Status::OutOfBounds.code()).return_().end();
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
        if let Some(nested) = &self.nested {
            return nested.empty(code, self.to);
        }
        match self.spec.result.shape {
            Shape::Lane(lane) => {
                code.local_get(self.out);
                zero(code, core_type(lane));
                store(code, lane, at(self.to.arena, 0));
            }
            _ => self.store_end(code),
        }
    }
}
