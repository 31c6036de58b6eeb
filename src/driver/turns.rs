//! Small loops, written several times over: a guest looks at the stop word at every fourth turn of them, and loops of fewer
//! turns, over the last bytes of a string say, never do.
//!
//! `loop $l { body }` becomes
//!
//! ```text
//! block $end
//!   loop $l
//!     block $second { body, with $second for $l; br $end }
//!     block $third  { body, with $third for $l;  br $end }
//!     block $fourth { body, with $fourth for $l; br $end }
//!     look at the stop word
//!     body
//! ```

use std::ops::Range;

use wasm_encoder::{BlockType, InstructionSink};
use wasmparser::{Operator, OperatorsReader};

use super::interrupt::needs_check_after;
use crate::module::CoreModule;

/// How often the body of a small loop is written.
const TURNS: usize = 4;

/// Loops of more instructions than this are left as they are: one look more does not matter to them.
const MAX_OPERATORS: usize = 64;

const BLOCK: u8 = 0x02;
const LOOP: u8 = 0x03;

/// A loop with no loops and no calls in it. Calls would multiply: each of a chain of functions could call the next three
/// times without a look.
pub(super) struct SmallLoop<'a> {
    module: &'a [u8],
    /// The encoded type of its block.
    ty: &'a [u8],
    body: Vec<(Operator<'a>, Range<usize>)>,
    /// What comes after the loop.
    pub(super) rest: OperatorsReader<'a>,
}

impl<'a> SmallLoop<'a> {
    /// The loop whose first instruction was `opening`, at `at`, and whose others are read next, if it is a small one.
    pub(super) fn read(
        core: &'a CoreModule,
        opening: &Operator<'_>,
        at: Range<usize>,
        next: &OperatorsReader<'a>,
    ) -> Option<Self> {
        let Operator::Loop { blockty } = opening else { return None };
        // Blocks within would not see what the loop is given.
        if let wasmparser::BlockType::FuncType(ty) = blockty
            && !core.types[*ty as usize].params().is_empty()
        {
            return None;
        }
        let mut rest = next.clone();
        let mut body = Vec::new();
        let mut depth = 0u32;
        while body.len() <= MAX_OPERATORS {
            let from = rest.original_position();
            let operator = rest.read().expect("validated");
            let to = rest.original_position();
            match &operator {
                Operator::Block { .. } | Operator::If { .. } => depth += 1,
                Operator::End if depth == 0 => {
                    let module = &core.bytes[..];
                    return Some(Self { module, ty: &module[at.start + 1..at.end], body, rest });
                }
                Operator::End => depth -= 1,
                Operator::Call { .. } | Operator::MemoryCopy { .. } => return None,
                other if needs_check_after(core, other) => return None,
                _ => {}
            }
            body.push((operator, from..to));
        }
        None
    }

    /// Appends the loop, with `check`, which looks at the stop word.
    pub(super) fn write(&self, code: &mut Vec<u8>, check: &[u8]) {
        for opening in [BLOCK, LOOP] {
            code.push(opening);
            code.extend_from_slice(self.ty);
        }
        for _ in 1..TURNS {
            InstructionSink::new(code).block(BlockType::Empty);
            self.write_body(code, 2);
            InstructionSink::new(code).br(2).end();
        }
        code.extend_from_slice(check);
        self.write_body(code, 1);
        InstructionSink::new(code).end().end();
    }

    /// Appends the body, which lies in `deeper` more blocks than it did. What turned the loop leads to the innermost of
    /// the blocks around it: the loop, or a block whose end is the next turn.
    fn write_body(&self, code: &mut Vec<u8>, deeper: u32) {
        let mut depth = 0;
        for (operator, at) in &self.body {
            let label = |label: u32| if label > depth { label + deeper } else { label };
            match operator {
                Operator::Br { relative_depth } => {
                    InstructionSink::new(code).br(label(*relative_depth));
                }
                Operator::BrIf { relative_depth } => {
                    InstructionSink::new(code).br_if(label(*relative_depth));
                }
                Operator::BrTable { targets } => {
                    let labels: Vec<u32> = targets.targets().map(|to| label(to.expect("validated"))).collect();
                    InstructionSink::new(code).br_table(labels, label(targets.default()));
                }
                other => {
                    match other {
                        Operator::Block { .. } | Operator::If { .. } => depth += 1,
                        Operator::End => depth -= 1,
                        _ => {}
                    }
                    code.extend_from_slice(&self.module[at.clone()]);
                }
            }
        }
    }
}
