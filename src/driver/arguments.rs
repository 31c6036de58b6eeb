//! Arguments that are lists, records or tuples: read from their columns, put into the guest's memory, and passed flat
//! or by a pointer, as the canonical ABI says.

use wasm_encoder::{BlockType, InstructionSink, ValType};

use super::{
    emit::{Indices, Locals, USER, add_to, at, element, load, memory_lane, store, word, zero},
    frame::{self, Status},
    spec::{Shape, Slot},
};

/// Where one value of a function's parameters is read from.
pub(super) struct Argument<'a> {
    node: Node<'a>,
    /// The row, counted in the parameter's own columns.
    index: u32,
    /// 1, or 0 for a constant.
    step: u32,
    /// The flat values of the current row.
    flat: Vec<(u32, ValType)>,
}

/// The locals through which a slot and its parts are read.
struct Node<'a> {
    slot: &'a Slot,
    column: u32,
    /// The address of the values or offsets.
    values: u32,
    /// The address that string offsets count from.
    data: u32,
    validity: u32,
    /// Of strings and lists: where the current value is in the guest's memory, and its length.
    pointer: u32,
    len: u32,
    /// Of lists: the current item, the one after the last, and where the current item goes.
    item: u32,
    end: u32,
    place: u32,
    parts: Vec<Self>,
}

impl<'a> Argument<'a> {
    pub(super) fn declare(locals: &mut Locals, column: u32, slot: &'a Slot) -> Self {
        Self {
            node: Node::declare(locals, &mut { column }, slot),
            index: locals.i32(),
            step: locals.i32(),
            flat: slot.flat_types().into_iter().map(|ty| (locals.add(ty), ty)).collect(),
        }
    }

    /// Gets ready for the row in the local `row`.
    pub(super) fn begin(&self, code: &mut InstructionSink<'_>, arena: u32, row: u32) {
        self.node.begin(code, arena);
        word(code, arena, frame::stride(self.node.column));
        // A distance of bytes, where here rows are counted.
        code.i32_const(0).i32_ne().local_tee(self.step).local_get(row).i32_mul().local_set(self.index);
    }

    /// Pushes the flat values of the current row.
    pub(super) fn push(&self, code: &mut InstructionSink<'_>, to: &Indices) {
        self.node.flat(code, to, self.index, &self.flat);
        for (local, _) in &self.flat {
            code.local_get(*local);
        }
    }

    /// Stores the current row's value in the guest's memory.
    fn store(&self, code: &mut InstructionSink<'_>, to: &Indices, place: u32, offset: u32) {
        self.node.store(code, to, self.index, place, offset);
    }

    /// Goes on to the next row.
    pub(super) fn advance(&self, code: &mut InstructionSink<'_>) {
        code.local_get(self.step);
        add_to(code, self.index);
    }
}

/// Pushes a pointer to the current row's values of all parameters, which are too many to be flat. `place` is a scratch
/// local.
pub(super) fn push_spilled(code: &mut InstructionSink<'_>, to: &Indices, args: &[Argument<'_>], place: u32) {
    let slots: Vec<Slot> = args.iter().map(|arg| arg.node.slot.clone()).collect();
    let (offsets, size, align) = Slot::layout(&slots);
    allocate(code, to, align, place, |code| {
        code.i32_const(size.cast_signed());
    });
    for (arg, offset) in args.iter().zip(offsets) {
        arg.store(code, to, place, offset);
    }
    code.local_get(place);
}

/// Sets the local `block` to the address of a new block of the guest's, whose size `size` pushes.
fn allocate(
    code: &mut InstructionSink<'_>,
    to: &Indices,
    align: u32,
    block: u32,
    size: impl FnOnce(&mut InstructionSink<'_>),
) {
    code.i32_const(0).i32_const(0).i32_const(align.cast_signed());
    size(code);
    code.call(to.realloc.expect("checked when the module was inspected")).local_set(block);
    if align > 1 {
        code.local_get(block).i32_const((align - 1).cast_signed()).i32_and().if_(BlockType::Empty);
        code.i32_const(Status::Misaligned.code()).return_().end();
    }
}

impl<'a> Node<'a> {
    fn declare(locals: &mut Locals, column: &mut u32, slot: &'a Slot) -> Self {
        let own = *column;
        *column += 1;
        Self {
            slot,
            column: own,
            values: locals.i32(),
            data: locals.i32(),
            validity: locals.i32(),
            pointer: locals.i32(),
            len: locals.i32(),
            item: locals.i32(),
            end: locals.i32(),
            place: locals.i32(),
            parts: slot.parts.iter().map(|part| Self::declare(locals, column, part)).collect(),
        }
    }

    fn begin(&self, code: &mut InstructionSink<'_>, arena: u32) {
        if self.slot.shape != Shape::Record {
            word(code, arena, frame::values(self.column));
            code.local_set(self.values);
        }
        if self.slot.shape == Shape::Bytes {
            word(code, arena, frame::data(self.column));
            code.local_set(self.data);
        }
        if self.slot.optional {
            word(code, arena, frame::validity(self.column));
            code.local_set(self.validity);
        }
        self.parts.iter().for_each(|part| part.begin(code, arena));
    }

    /// Pushes whether value `index` is there.
    fn is_some(&self, code: &mut InstructionSink<'_>, to: &Indices, index: u32) {
        code.local_get(self.validity).local_get(index).i32_add().i32_load8_u(at(to.arena, 0));
    }

    /// Pushes the address of fixed-size value or offset `index`.
    fn address(&self, code: &mut InstructionSink<'_>, index: u32, width: u32) {
        element(code, self.values, index, width);
    }

    /// Sets the locals of the flat values to value `index`.
    fn flat(&self, code: &mut InstructionSink<'_>, to: &Indices, index: u32, flat: &[(u32, ValType)]) {
        if !self.slot.optional {
            return self.flat_payload(code, to, index, flat);
        }
        let [(some, _), payload @ ..] = flat else { unreachable!("an option has a discriminant") };
        self.is_some(code, to, index);
        code.local_set(*some);
        for &(local, ty) in payload {
            zero(code, ty);
            code.local_set(local);
        }
        code.local_get(*some).if_(BlockType::Empty);
        self.flat_payload(code, to, index, payload);
        code.end();
    }

    fn flat_payload(&self, code: &mut InstructionSink<'_>, to: &Indices, index: u32, flat: &[(u32, ValType)]) {
        match self.slot.shape {
            Shape::Lane(lane) => {
                self.address(code, index, lane.width());
                load(code, lane, at(to.arena, 0));
                code.local_set(flat[0].0);
            }
            Shape::Bytes | Shape::List => {
                self.copy(code, to, index);
                code.local_get(self.pointer).local_set(flat[0].0).local_get(self.len).local_set(flat[1].0);
            }
            Shape::Record => {
                let mut rest = flat;
                for part in &self.parts {
                    let (own, others) = rest.split_at(part.slot.flat_types().len());
                    part.flat(code, to, index, own);
                    rest = others;
                }
            }
        }
    }

    /// Stores value `index` in the guest's memory at an offset of the address in `place`.
    fn store(&self, code: &mut InstructionSink<'_>, to: &Indices, index: u32, place: u32, offset: u32) {
        if self.slot.optional {
            code.local_get(place);
            self.is_some(code, to, index);
            code.i32_store8(at(USER, offset));
            self.is_some(code, to, index);
            code.if_(BlockType::Empty);
            self.store_payload(code, to, index, place, offset + self.slot.align());
            code.end();
        } else {
            self.store_payload(code, to, index, place, offset);
        }
    }

    fn store_payload(&self, code: &mut InstructionSink<'_>, to: &Indices, index: u32, place: u32, offset: u32) {
        match self.slot.shape {
            Shape::Lane(lane) => {
                code.local_get(place);
                self.address(code, index, lane.width());
                load(code, lane, at(to.arena, 0));
                store(code, memory_lane(&self.slot.guest, lane), at(USER, offset));
            }
            Shape::Bytes | Shape::List => {
                self.copy(code, to, index);
                code.local_get(place).local_get(self.pointer).i32_store(at(USER, offset));
                code.local_get(place).local_get(self.len).i32_store(at(USER, offset + 4));
            }
            Shape::Record => {
                let (offsets, ..) = Slot::layout(&self.slot.parts);
                for (part, field) in self.parts.iter().zip(offsets) {
                    part.store(code, to, index, place, offset + field);
                }
            }
        }
    }

    /// Copies the string or list `index` into new memory of the guest's and sets `pointer` and `len`.
    fn copy(&self, code: &mut InstructionSink<'_>, to: &Indices, index: u32) {
        self.address(code, index, 4);
        code.local_tee(self.place).i32_load(at(to.arena, 0)).local_set(self.item);
        code.local_get(self.place).i32_load(at(to.arena, 4)).local_tee(self.end);
        code.local_get(self.item).i32_sub().local_set(self.len);
        match self.slot.shape {
            Shape::Bytes => {
                allocate(code, to, 1, self.pointer, |code| {
                    code.local_get(self.len);
                });
                code.local_get(self.pointer).local_get(self.data).local_get(self.item).i32_add().local_get(self.len);
                code.call(to.copy_in);
            }
            _ => self.copy_items(code, to),
        }
    }

    fn copy_items(&self, code: &mut InstructionSink<'_>, to: &Indices) {
        let [item] = self.parts.as_slice() else { unreachable!("a list has one part") };
        let size = item.slot.size();
        if size > 1 {
            // The guest could not address more, and the product must not wrap around.
            code.local_get(self.len).i32_const((u32::MAX / size).cast_signed()).i32_gt_u();
            code.if_(BlockType::Empty).unreachable().end();
        }
        allocate(code, to, item.slot.align(), self.pointer, |code| {
            code.local_get(self.len).i32_const(size.cast_signed()).i32_mul();
        });
        if let Some(width) = item.slot.plain_width() {
            code.local_get(self.pointer);
            item.address(code, self.item, width);
            code.local_get(self.len).i32_const(width.cast_signed()).i32_mul().call(to.copy_in);
            return;
        }
        code.local_get(self.pointer).local_set(self.place);
        code.block(BlockType::Empty);
        code.local_get(self.item).local_get(self.end).i32_ge_u().br_if(0);
        code.loop_(BlockType::Empty);
        item.store(code, to, self.item, self.place, 0);
        code.i32_const(size.cast_signed());
        add_to(code, self.place);
        code.local_get(self.item).i32_const(1).i32_add().local_tee(self.item);
        code.local_get(self.end).i32_lt_u().br_if(0);
        code.end().end();
    }
}
