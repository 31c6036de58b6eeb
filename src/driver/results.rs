//! Results that are lists, records or tuples: read from the guest's memory and appended to their columns.
//!
//! The columns of a list's items have room for so many items, and those of strings for so many bytes. What has no room
//! is left in the guest, the host takes what is there, and the driver goes on with empty columns: a list goes on at its
//! next item, so that its length does not matter, any other result is written whole again.

use wasm_encoder::{BlockType, InstructionSink};

use super::{
    emit::{
        Indices, Locals, USER, add_to, at, core_type, element, is_outside, load, memory_lane, set_word, store, word,
        zero,
    },
    frame::{self, Status},
    interrupt,
    spec::{Lane, Shape, Slot},
};
use crate::module::GuestType;

/// Where a function's results go.
pub(super) struct Results<'a> {
    node: Node<'a>,
    /// Where the current row's result goes, counted from the first row of this call.
    index: u32,
    /// The return area of a row that was called before and had no room, plus 1.
    pending: u32,
    /// Of a list: the items of the current row that were delivered.
    item: u32,
    /// The return area of the current row.
    ret: u32,
    row: u32,
    scratch: u32,
}

/// The locals through which a slot and its parts are written.
struct Node<'a> {
    slot: &'a Slot,
    column: u32,
    /// The address of the values or of the end offsets.
    values: u32,
    validity: u32,
    /// Of strings: where the bytes begin, where the next go, and the end of the room for them.
    data: u32,
    position: u32,
    /// Of strings the end of the room for bytes, of lists how many items there is room for.
    end: u32,
    /// Of lists: how many items were written.
    count: u32,
    /// The current value in the guest's memory.
    pointer: u32,
    len: u32,
    /// Of lists: how many items of the current one are not written yet.
    left: u32,
    parts: Vec<Self>,
}

impl<'a> Results<'a> {
    /// `row` and `ret` are locals of the driver.
    pub(super) fn declare(locals: &mut Locals, slot: &'a Slot, row: u32, ret: u32, pending: u32, scratch: u32) -> Self {
        Self {
            node: Node::declare(locals, &mut 0, slot),
            index: locals.i32(),
            pending,
            item: locals.i32(),
            ret,
            row,
            scratch,
        }
    }

    pub(super) fn begin(&self, code: &mut InstructionSink<'_>, to: &Indices) {
        self.node.begin(code, to.arena);
        word(code, to.arena, frame::ITEM);
        code.local_set(self.item);
    }

    pub(super) fn advance(&self, code: &mut InstructionSink<'_>) {
        code.i32_const(1);
        add_to(code, self.index);
    }

    /// The result of a row on which the function is not called, or nothing.
    pub(super) fn empty(&self, code: &mut InstructionSink<'_>, to: &Indices) {
        self.node.empty(code, to, self.index);
    }

    /// Stores a result that was returned by value, a record of one number, from the stack.
    pub(super) fn store_direct(&self, code: &mut InstructionSink<'_>, to: &Indices, value: u32) {
        let mut leaf = &self.node;
        while let [only] = leaf.parts.as_slice() {
            leaf = only;
        }
        let Shape::Lane(lane) = leaf.slot.shape else { unreachable!("other results come through a pointer") };
        if leaf.slot.guest == GuestType::Bool {
            code.i32_const(0).i32_ne();
        }
        code.local_set(value);
        leaf.address(code, self.index, lane.width());
        code.local_get(value);
        store(code, lane, at(to.arena, 0));
    }

    /// Stores the payload of the result, which lies in the return area at an offset.
    pub(super) fn store(&self, code: &mut InstructionSink<'_>, to: &Indices, offset: u32) {
        let writer = Writer { to, results: self };
        match self.node.slot.shape {
            Shape::List => writer.top_list(code, offset),
            _ => writer.payload(code, &self.node, self.index, self.ret, offset),
        }
    }

    /// Stores whether there is a result: what is on the stack.
    pub(super) fn store_validity(&self, code: &mut InstructionSink<'_>, to: &Indices, some: u32) {
        code.local_get(self.node.validity).local_get(self.index).i32_add().local_get(some).i32_store8(at(to.arena, 0));
    }
}

/// The local that takes a direct result of a nested type.
pub(super) fn direct_lane(slot: &Slot) -> Option<Lane> {
    match (slot.optional, slot.shape, slot.parts.as_slice()) {
        (true, ..) => None,
        (_, Shape::Lane(lane), _) => Some(lane),
        (_, Shape::Record, [only]) => direct_lane(only),
        _ => None,
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
            validity: locals.i32(),
            data: locals.i32(),
            position: locals.i32(),
            end: locals.i32(),
            count: locals.i32(),
            pointer: locals.i32(),
            len: locals.i32(),
            left: locals.i32(),
            parts: slot.parts.iter().map(|part| Self::declare(locals, column, part)).collect(),
        }
    }

    fn begin(&self, code: &mut InstructionSink<'_>, arena: u32) {
        let mut take = |offset, local| {
            word(code, arena, offset);
            code.local_set(local);
        };
        if self.slot.shape != Shape::Record {
            take(frame::out(self.column), self.values);
        }
        if self.slot.optional {
            take(frame::out_validity(self.column), self.validity);
        }
        if self.slot.shape == Shape::Bytes {
            take(frame::out_data(self.column), self.data);
            take(frame::out_data(self.column), self.position);
        }
        if matches!(self.slot.shape, Shape::Bytes | Shape::List) {
            take(frame::out_end(self.column), self.end);
        }
        self.parts.iter().for_each(|part| part.begin(code, arena));
    }

    /// Pushes the address of fixed-size value or end offset `index`.
    fn address(&self, code: &mut InstructionSink<'_>, index: u32, width: u32) {
        element(code, self.values, index, width);
    }

    /// Writes the end of string or list `index`.
    fn store_end(&self, code: &mut InstructionSink<'_>, to: &Indices, index: u32) {
        self.address(code, index, 4);
        match self.slot.shape {
            Shape::Bytes => code.local_get(self.position).local_get(self.data).i32_sub(),
            _ => code.local_get(self.count),
        };
        code.i32_store(at(to.arena, 0));
    }

    /// Writes value `index` of something that is not there.
    fn empty(&self, code: &mut InstructionSink<'_>, to: &Indices, index: u32) {
        if self.slot.optional {
            code.local_get(self.validity).local_get(index).i32_add().i32_const(0).i32_store8(at(to.arena, 0));
        }
        match self.slot.shape {
            Shape::Lane(lane) => {
                self.address(code, index, lane.width());
                zero(code, core_type(lane));
                store(code, lane, at(to.arena, 0));
            }
            Shape::Bytes | Shape::List => self.store_end(code, to, index),
            Shape::Record => self.parts.iter().for_each(|part| part.empty(code, to, index)),
        }
    }
}

/// What writes results.
struct Writer<'a> {
    to: &'a Indices,
    results: &'a Results<'a>,
}

impl Writer<'_> {
    /// Returns `status` when what is on the stack is not 0.
    fn give_up_if(&self, code: &mut InstructionSink<'_>, status: Status) {
        code.if_(BlockType::Empty).i32_const(status.code()).return_().end();
    }

    /// Leaves the current row waiting because a column needs more room; how much is in the local `needed`.
    fn needs_room(&self, code: &mut InstructionSink<'_>, column: u32, needed: u32) {
        let (arena, all) = (self.to.arena, self.results);
        // Not 0, which means that nothing waits: address 0 is as good as any.
        code.local_get(all.ret).i32_const(1).i32_add().local_set(all.pending);
        set_word(code, arena, frame::PENDING, all.pending);
        set_word(code, arena, frame::NEEDED, needed);
        code.i32_const(column.cast_signed()).local_set(all.scratch);
        set_word(code, arena, frame::NEEDED_COLUMN, all.scratch);
        set_word(code, arena, frame::DONE, all.row);
        if all.node.slot.shape == Shape::List {
            set_word(code, arena, frame::ITEM, all.item);
            set_word(code, arena, frame::ITEMS, all.node.count);
        }
        code.i32_const(Status::NeedsRoom.code()).return_();
    }

    /// Writes value `index` of a slot, which lies at an offset of the address in the local `from`.
    fn value(&self, code: &mut InstructionSink<'_>, node: &Node<'_>, index: u32, from: u32, offset: u32) {
        if !node.slot.optional {
            return self.payload(code, node, index, from, offset);
        }
        let some = node.left;
        code.local_get(from).i32_load8_u(at(USER, offset)).local_tee(some).i32_const(1).i32_gt_u();
        self.give_up_if(code, Status::BadDiscriminant);
        code.local_get(node.validity).local_get(index).i32_add().local_get(some).i32_store8(at(self.to.arena, 0));
        code.local_get(some).if_(BlockType::Empty);
        self.payload(code, node, index, from, offset + node.slot.align());
        code.else_();
        node.empty(code, self.to, index);
        code.end();
    }

    fn payload(&self, code: &mut InstructionSink<'_>, node: &Node<'_>, index: u32, from: u32, offset: u32) {
        match node.slot.shape {
            Shape::Lane(lane) => {
                node.address(code, index, lane.width());
                code.local_get(from);
                load(code, memory_lane(&node.slot.guest, lane), at(USER, offset));
                if node.slot.guest == GuestType::Bool {
                    code.i32_const(0).i32_ne();
                }
                store(code, lane, at(self.to.arena, 0));
            }
            Shape::Bytes => {
                self.find(code, node, from, offset);
                code.local_get(node.len).local_get(node.end).local_get(node.position).i32_sub().i32_gt_u();
                code.if_(BlockType::Empty);
                // No room is made for what is not there. What has room is checked by copying it.
                is_outside(code, USER, node.pointer, node.len, 1);
                self.give_up_if(code, Status::OutOfBounds);
                code.local_get(node.position).local_get(node.data).i32_sub().local_get(node.len).i32_add();
                code.local_set(node.len);
                self.needs_room(code, node.column, node.len);
                code.end();
                code.local_get(node.position).local_get(node.pointer).local_get(node.len).call(self.to.copy_out);
                code.local_get(node.len);
                add_to(code, node.position);
                node.store_end(code, self.to, index);
            }
            Shape::List => {
                self.find(code, node, from, offset);
                self.check_bounds(code, node);
                code.local_get(node.len).local_get(node.end).local_get(node.count).i32_sub().i32_gt_u();
                code.if_(BlockType::Empty);
                code.local_get(node.len).local_get(node.count).i32_add().local_set(node.len);
                self.needs_room(code, node.column, node.len);
                code.end();
                code.local_get(node.len).local_set(node.left);
                self.items(code, node, |_| {});
                node.store_end(code, self.to, index);
            }
            Shape::Record => {
                let (offsets, ..) = Slot::layout(&node.slot.parts);
                for (part, field) in node.parts.iter().zip(offsets) {
                    self.value(code, part, index, from, offset + field);
                }
            }
        }
    }

    /// Sets `pointer` and `len` to those of the string or list at an offset of the address in `from`.
    fn find(&self, code: &mut InstructionSink<'_>, node: &Node<'_>, from: u32, offset: u32) {
        code.local_get(from).i32_load(at(USER, offset)).local_set(node.pointer);
        code.local_get(from).i32_load(at(USER, offset + 4)).local_set(node.len);
    }

    /// Checks that a list is aligned and lies in the guest's memory.
    fn check_bounds(&self, code: &mut InstructionSink<'_>, node: &Node<'_>) {
        let item = &node.parts[0].slot;
        if item.align() > 1 {
            code.local_get(node.pointer).i32_const((item.align() - 1).cast_signed()).i32_and();
            self.give_up_if(code, Status::Misaligned);
        }
        is_outside(code, USER, node.pointer, node.len, item.size());
        self.give_up_if(code, Status::OutOfBounds);
    }

    /// Writes the `left` next items from `pointer` on, for which there is room. `each` comes after each item when they
    /// are written one by one.
    fn items(&self, code: &mut InstructionSink<'_>, node: &Node<'_>, each: impl Fn(&mut InstructionSink<'_>)) {
        let [item] = node.parts.as_slice() else { unreachable!("a list has one part") };
        if let Some(width) = item.slot.plain_width() {
            item.address(code, node.count, width);
            code.local_get(node.pointer).local_get(node.left).i32_const(width.cast_signed()).i32_mul();
            code.call(self.to.copy_out).local_get(node.left);
            add_to(code, node.count);
            return;
        }
        code.block(BlockType::Empty);
        code.local_get(node.left).i32_eqz().br_if(0);
        code.loop_(BlockType::Empty);
        self.value(code, item, node.count, node.pointer, 0);
        code.i32_const(1);
        add_to(code, node.count);
        code.i32_const(item.slot.size().cast_signed());
        add_to(code, node.pointer);
        each(code);
        interrupt::push_check(code, self.to.arena);
        code.local_get(node.left).i32_const(1).i32_sub().local_tee(node.left).br_if(0);
        code.end().end();
    }

    /// Writes the list that is the result, or as much of it as there is room for.
    fn top_list(&self, code: &mut InstructionSink<'_>, offset: u32) {
        let all = self.results;
        let node = &all.node;
        let item = &node.parts[0].slot;
        self.find(code, node, all.ret, offset);
        self.check_bounds(code, node);
        // A guest that is called in between, by nobody, could make the list shorter: it must not wrap around.
        code.local_get(all.item).local_get(node.len).i32_gt_u();
        self.give_up_if(code, Status::OutOfBounds);
        code.local_get(all.item).i32_const(item.size().cast_signed()).i32_mul();
        add_to(code, node.pointer);
        // As many as there is room for, and not more than are left.
        code.local_get(node.len).local_get(all.item).i32_sub().local_tee(node.left);
        code.local_get(node.end).local_get(node.count).i32_sub().local_tee(all.scratch);
        code.local_get(node.left).local_get(all.scratch).i32_lt_u().select().local_set(node.left);
        if item.plain_width().is_some() {
            code.local_get(node.left);
            add_to(code, all.item);
            self.items(code, node, |_| {});
        } else {
            self.items(code, node, |code| {
                code.i32_const(1);
                add_to(code, all.item);
            });
        }
        code.local_get(all.item).local_get(node.len).i32_lt_u().if_(BlockType::Empty);
        code.local_get(node.count).i32_const(1).i32_add().local_set(node.len);
        self.needs_room(code, node.column, node.len);
        code.end();
        code.i32_const(0).local_set(all.item);
        node.store_end(code, self.to, all.index);
    }
}
