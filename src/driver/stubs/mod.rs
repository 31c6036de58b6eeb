//! WASI as local functions: no files, no environment, no sockets, no clock, no entropy.
//!
//! What a guest writes to stdout and stderr goes to a ring in the arena, which the host shows with an error. Random
//! numbers come from a fixed sequence, time stands still at 0. What is not known here fails with "not supported" where
//! the interface has a way to say so, and traps elsewhere.

mod preview1;
mod preview2;

use wasm_encoder::{BlockType, Function, InstructionSink, ValType};
use wasmparser::FuncType;

use super::{
    emit::{USER, at},
    frame,
    interrupt::push_check,
};
use crate::module::{Answer, FunctionImport, PREVIEW_1};

/// What stubs can use in the assembled module.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings {
    /// The module has a memory of its own.
    pub(super) memory: bool,
    pub(super) arena: u32,
    /// Global: the state of the random sequence.
    pub(super) random: u32,
    pub(super) realloc: Option<u32>,
}

/// The local function that takes the place of an import.
pub(super) fn stub(import: &FunctionImport, ty: &FuncType, to: &Surroundings) -> Function {
    // Locals for scratch: three of i32.
    let mut function = Function::new([(3, ValType::I32)]);
    let params = u32::try_from(ty.params().len()).expect("validated: at most 1,000");
    let mut stub = Stub { code: function.instructions(), to, scratch: [params, params + 1, params + 2] };
    match Answer::of(import, ty) {
        Answer::Given { in_memory: true } if !to.memory => stub.trap(),
        Answer::Given { .. } if import.module == PREVIEW_1 => preview1::answer(&mut stub, &import.field),
        Answer::Given { .. } => preview2::answer(&mut stub, &import.module, &import.field, params),
        Answer::ErrorNumber => preview1::error_number(&mut stub, &import.field),
        Answer::Trap | Answer::WrongType => stub.trap(),
    }
    stub.code.end();
    function
}

/// A stub being written.
struct Stub<'a, 'f> {
    code: InstructionSink<'f>,
    to: &'a Surroundings,
    scratch: [u32; 3],
}

impl Stub<'_, '_> {
    /// Appends `len` bytes at `pointer` of the user's memory to the ring; both are locals, which change.
    fn write(&mut self, pointer: u32, len: u32) {
        let size = frame::STDERR_SIZE.cast_signed();
        let code = &mut self.code;
        // Only the last bytes can be kept.
        code.local_get(len).i32_const(size).i32_gt_u().if_(BlockType::Empty);
        code.local_get(pointer).local_get(len).i32_add().i32_const(size).i32_sub().local_set(pointer);
        code.i32_const(size).local_set(len).end();
        code.block(BlockType::Empty).loop_(BlockType::Empty);
        push_check(code, self.to.arena);
        code.local_get(len).i32_eqz().br_if(1);
        let written = at(self.to.arena, frame::WRITTEN);
        code.i32_const(0).i32_load(written).i32_const(size - 1).i32_and();
        code.local_get(pointer).i32_load8_u(at(USER, 0)).i32_store8(at(self.to.arena, frame::STDERR));
        code.i32_const(0).i32_const(0).i32_load(written).i32_const(1).i32_add().i32_store(written);
        code.local_get(pointer).i32_const(1).i32_add().local_set(pointer);
        code.local_get(len).i32_const(1).i32_sub().local_set(len);
        code.br(0).end().end();
    }

    /// Pushes the next number of the fixed sequence (Knuth's MMIX generator).
    fn random(&mut self) {
        self.code.global_get(self.to.random);
        self.code.i64_const(6_364_136_223_846_793_005).i64_mul().i64_const(1_442_695_040_888_963_407).i64_add();
        self.code.global_set(self.to.random).global_get(self.to.random);
        // The low bits of such a generator repeat soon.
        self.code.i64_const(32).i64_rotl();
    }

    /// Fills `len` bytes at `pointer` from the sequence; both are locals, which change.
    fn fill_random(&mut self, pointer: u32, len: u32) {
        self.code.block(BlockType::Empty).loop_(BlockType::Empty);
        push_check(&mut self.code, self.to.arena);
        self.code.local_get(len).i32_eqz().br_if(1).local_get(pointer);
        self.random();
        self.code.i64_store8(at(USER, 0));
        self.code.local_get(pointer).i32_const(1).i32_add().local_set(pointer);
        self.code.local_get(len).i32_const(1).i32_sub().local_set(len);
        self.code.br(0).end().end();
    }

    fn trap(&mut self) {
        self.code.unreachable();
    }

    /// Ends the guest, which asked for it with the code in local `status`.
    fn exit(&mut self, status: u32) {
        self.code.i32_const(0).local_get(status).i32_store(at(self.to.arena, frame::EXIT_CODE));
        self.code.i32_const(0).i32_const(1).i32_store(at(self.to.arena, frame::EXITED)).unreachable();
    }

    /// Stores zeros of 8 bytes each from `offset` of the address in local `pointer`.
    fn zeros(&mut self, pointer: u32, offset: u32, count: u32) {
        for index in 0..count {
            self.code.local_get(pointer).i64_const(0).i64_store(at(USER, offset + 8 * index));
        }
    }

    /// Stores one byte at the address in local `pointer`.
    fn byte(&mut self, pointer: u32, offset: u32, value: i32) {
        self.code.local_get(pointer).i32_const(value).i32_store8(at(USER, offset));
    }

    /// Stores a 32-bit number at the address in local `pointer`.
    fn number(&mut self, pointer: u32, offset: u32, value: i32) {
        self.code.local_get(pointer).i32_const(value).i32_store(at(USER, offset));
    }
}
