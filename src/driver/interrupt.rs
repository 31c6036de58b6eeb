//! Interruption: guests look at a word of the arena at every turn of a loop, after indirect calls and calls of imports,
//! after every instruction that works on a stretch of memory, and, where nothing of that is on the way, when a function is
//! entered; and trap when it is set.
//!
//! This does what wasmtime's epochs do and costs less: the check is one comparison with memory, and no value has to
//! survive a call on its slow path. The `gcd` of the benches takes 16 ns per row without checks, 36 with epochs and
//! 22 with these. Functions that are proven to end have no check at all.

use std::ops::Range;

use wasm_encoder::{BlockType, InstructionSink, MemArg};
use wasmparser::{BinaryReader, FunctionBody, Operator};

use super::{emit::at, frame, turns::SmallLoop};
use crate::module::CoreModule;

/// The bytes of a function's body with its checks, at its beginning only if it `checks_entry`. Where it copies within its
/// memory it calls `copy`, a function that does the same and checks when that was much.
pub(super) fn instrument(core: &CoreModule, body: Range<usize>, arena: u32, copy: u32, checks_entry: bool) -> Vec<u8> {
    let check = check(arena);
    let bytes = &core.bytes;
    let reader = BinaryReader::new(&bytes[body.clone()], body.start);
    let mut operators = FunctionBody::new(reader).get_operators_reader().expect("validated");
    let mut instrumented = Vec::with_capacity(body.len() + 4 * check.len());
    let mut from = operators.original_position();
    instrumented.extend_from_slice(&bytes[body.start..from]);
    if checks_entry {
        instrumented.extend_from_slice(&check);
    }
    while !operators.eof() {
        let before = operators.original_position();
        let operator = operators.read().expect("validated");
        let after = operators.original_position();
        if matches!(operator, Operator::MemoryCopy { .. }) {
            instrumented.extend_from_slice(&bytes[from..before]);
            InstructionSink::new(&mut instrumented).call(copy);
            from = after;
        } else if let Some(small) = SmallLoop::read(core, &operator, before..after, &operators) {
            instrumented.extend_from_slice(&bytes[from..before]);
            small.write(&mut instrumented, &check);
            operators = small.rest;
            from = operators.original_position();
        } else if needs_check_after(core, &operator) {
            instrumented.extend_from_slice(&bytes[from..after]);
            instrumented.extend_from_slice(&check);
            from = after;
        }
    }
    instrumented.extend_from_slice(&bytes[from..body.end]);
    instrumented
}

/// Loops turn for ever, nobody knows where an indirect call leads, and what works on whole stretches of memory takes
/// long when there are many in a row.
pub(super) fn needs_check_after(core: &CoreModule, operator: &Operator<'_>) -> bool {
    if let Operator::Call { function_index } = operator {
        return (*function_index as usize) < core.imports.len();
    }
    matches!(
        operator,
        Operator::Loop { .. }
            | Operator::CallIndirect { .. }
            | Operator::MemoryFill { .. }
            | Operator::MemoryInit { .. }
            | Operator::MemoryGrow { .. }
            | Operator::TableFill { .. }
            | Operator::TableCopy { .. }
            | Operator::TableInit { .. }
            | Operator::TableGrow { .. }
    )
}

/// `if arena[STOP] { unreachable }`
///
/// The load is atomic: the word is set by another thread, and a plain load that nothing in the loop stores to is done
/// once by Cranelift, before the loop.
fn check(arena: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_check(&mut InstructionSink::new(&mut bytes), arena);
    bytes
}

/// The same, in a function of ours that is being written.
pub(super) fn push_check(code: &mut InstructionSink<'_>, arena: u32) {
    let word = MemArg { align: 2, ..at(arena, frame::STOP) };
    code.i32_const(0).i32_atomic_load(word).if_(BlockType::Empty).unreachable().end();
}
