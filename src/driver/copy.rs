//! Copies between the user's memory and the arena. `memory.copy` is a call into the host's library, which costs more
//! than copying a short string; up to 64 bytes are copied by two or four loads and stores that may overlap.

use wasm_encoder::{BlockType, Function, InstructionSink};

use super::emit::at;

const DESTINATION: u32 = 0;
const SOURCE: u32 = 1;
const LEN: u32 = 2;

/// A function `(destination, source, len)` that copies from one memory to another; out of bounds it traps.
pub(super) fn copy(to: u32, from: u32) -> Function {
    let mut function = Function::new([]);
    let code = &mut function.instructions();
    longer_than(code, 64, |code| {
        code.local_get(DESTINATION).local_get(SOURCE).local_get(LEN).memory_copy(to, from);
    });
    longer_than(code, 31, |code| {
        for (offset, from_end) in [(0, 0), (16, 0), (0, 32), (0, 16)] {
            v128(code, to, from, offset, from_end);
        }
    });
    longer_than(code, 15, |code| {
        v128(code, to, from, 0, 0);
        v128(code, to, from, 0, 16);
    });
    longer_than(code, 7, |code| {
        for from_end in [0, 8] {
            address(code, DESTINATION, from_end);
            address(code, SOURCE, from_end);
            code.i64_load(at(from, 0)).i64_store(at(to, 0));
        }
    });
    longer_than(code, 3, |code| {
        for from_end in [0, 4] {
            address(code, DESTINATION, from_end);
            address(code, SOURCE, from_end);
            code.i32_load(at(from, 0)).i32_store(at(to, 0));
        }
    });
    longer_than(code, 0, |code| {
        // One to three bytes: the first, the last, and the one in the middle.
        for (offset, from_end) in [(0, 0), (0, 1)] {
            address(code, DESTINATION, from_end);
            address(code, SOURCE, from_end);
            code.i32_load8_u(at(from, offset)).i32_store8(at(to, offset));
        }
        for base in [DESTINATION, SOURCE] {
            code.local_get(base).local_get(LEN).i32_const(1).i32_shr_u().i32_add();
        }
        code.i32_load8_u(at(from, 0)).i32_store8(at(to, 0));
    });
    code.end();
    function
}

fn longer_than(code: &mut InstructionSink<'_>, len: i32, then: impl FnOnce(&mut InstructionSink<'_>)) {
    code.local_get(LEN).i32_const(len).i32_gt_u().if_(BlockType::Empty);
    then(code);
    code.return_().end();
}

/// Pushes the base address, or the end less `from_end` bytes when that is not 0.
fn address(code: &mut InstructionSink<'_>, base: u32, from_end: i32) {
    code.local_get(base);
    if from_end > 0 {
        code.local_get(LEN).i32_add().i32_const(from_end).i32_sub();
    }
}

fn v128(code: &mut InstructionSink<'_>, to: u32, from: u32, offset: u32, from_end: i32) {
    address(code, DESTINATION, from_end);
    address(code, SOURCE, from_end);
    code.v128_load(at(from, offset)).v128_store(at(to, offset));
}
