//! Straight-line integer functions, operation by operation on vectors.
//!
//! Only what gives the same bits as the function itself is translated: additions, subtractions, multiplications and
//! bitwise operations of the four and eight byte integers. Floats are left alone, because the bits of a NaN that an
//! operation makes are not fixed.

use wasm_encoder::{InstructionSink, ValType};
use wasmparser::Operator;

use super::spec::{DriverSpec, Lane, Shape};
use crate::module::{CoreModule, GuestType};

/// The longest function, in operations, that is worth it.
const MAX_OPERATIONS: usize = 16;

/// A function as operations on vectors of one lane type.
#[derive(Debug, Clone)]
pub(super) struct Vectors {
    pub(super) lane: Lane,
    operations: Vec<Operation>,
}

#[derive(Debug, Clone, Copy)]
enum Operation {
    Parameter(u32),
    Constant(i64),
    Add,
    Sub,
    Mul,
    And,
    Or,
    Xor,
}

impl Vectors {
    /// Translates the function of a spec that dense drivers are made for; `None` when it is more than arithmetic.
    pub(super) fn of(core: &CoreModule, spec: &DriverSpec) -> Option<Self> {
        let (
            Shape::Lane(lane @ (Lane::I32 | Lane::I64)),
            GuestType::S32 | GuestType::U32 | GuestType::S64 | GuestType::U64,
        ) = (spec.result.shape, &spec.result.guest)
        else {
            return None;
        };
        spec.params.iter().all(|slot| slot.shape == Shape::Lane(lane)).then_some(())?;
        let params = u32::try_from(spec.params.len()).ok()?;
        let mut operations = Vec::new();
        for operator in core.operators(core.exports[&spec.lifted.function])? {
            operations.push(match operator.ok()? {
                Operator::LocalGet { local_index } if local_index < params => Operation::Parameter(local_index),
                Operator::I32Const { value } => Operation::Constant(value.into()),
                Operator::I64Const { value } => Operation::Constant(value),
                Operator::I32Add | Operator::I64Add => Operation::Add,
                Operator::I32Sub | Operator::I64Sub => Operation::Sub,
                Operator::I32Mul | Operator::I64Mul => Operation::Mul,
                Operator::I32And | Operator::I64And => Operation::And,
                Operator::I32Or | Operator::I64Or => Operation::Or,
                Operator::I32Xor | Operator::I64Xor => Operation::Xor,
                // The last one: nothing that has an end inside is translated.
                Operator::End => break,
                _ => return None,
            });
        }
        (operations.len() <= MAX_OPERATIONS).then_some(Self { lane, operations })
    }

    /// How many rows one vector has.
    pub(super) fn rows(&self) -> u32 {
        16 / self.lane.width()
    }

    /// Makes a vector of the number on the stack.
    pub(super) fn splat(&self, code: &mut InstructionSink<'_>) {
        match self.lane {
            Lane::I32 => code.i32x4_splat(),
            _ => code.i64x2_splat(),
        };
    }

    /// Pushes the result of one vector of rows; `push` pushes the vector of a parameter.
    pub(super) fn emit(&self, code: &mut InstructionSink<'_>, push: impl Fn(&mut InstructionSink<'_>, u32)) {
        let wide = self.lane == Lane::I64;
        for operation in &self.operations {
            match operation {
                Operation::Parameter(index) => push(code, *index),
                Operation::Constant(value) => {
                    match wide {
                        true => code.i64_const(*value),
                        false => code.i32_const(*value as i32),
                    };
                    self.splat(code);
                }
                Operation::Add if wide => drop(code.i64x2_add()),
                Operation::Sub if wide => drop(code.i64x2_sub()),
                Operation::Mul if wide => drop(code.i64x2_mul()),
                Operation::Add => drop(code.i32x4_add()),
                Operation::Sub => drop(code.i32x4_sub()),
                Operation::Mul => drop(code.i32x4_mul()),
                Operation::And => drop(code.v128_and()),
                Operation::Or => drop(code.v128_or()),
                Operation::Xor => drop(code.v128_xor()),
            }
        }
    }
}

/// The type of a vector local.
pub(super) const VECTOR: ValType = ValType::V128;
