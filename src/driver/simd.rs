//! Straight-line arithmetic, operation by operation on vectors.
//!
//! Only what gives the same bits as the function itself is translated. Of a NaN that an operation makes Wasm leaves the
//! bits open: with those below, Cranelift's code does the same in a lane of a vector as with a single number. Not so with
//! minimum and maximum, which are left alone.

use wasm_encoder::{InstructionSink, ValType};
use wasmparser::{BlockType, MemArg, Operator};

use super::spec::{DriverSpec, Lane, Shape};
use crate::module::{CoreModule, GuestType};

/// The longest function, in operations, that is worth it.
const MAX_OPERATIONS: usize = 32;

/// The most locals beside its parameters: the driver has as many more.
const MAX_LOCALS: u32 = 16;

/// A function as operations on vectors of one lane type.
#[derive(Debug, Clone)]
pub(crate) struct Vectors {
    lane: Lane,
    params: u32,
    /// Before anything else the function sees to it that something has been done once: all calls but the first skip that.
    pub(super) begins_once: bool,
    operations: Vec<Operation>,
}

#[derive(Debug, Clone, Copy)]
enum Operation {
    Local(u32),
    Set(u32),
    Tee(u32),
    /// The bits of a number of the lane.
    Constant(u64),
    Add,
    Sub,
    Mul,
    Div,
    And,
    Or,
    Xor,
    Neg,
    Abs,
    Sqrt,
    Ceil,
    Floor,
    Trunc,
    Nearest,
}

impl Vectors {
    /// Translates the function of a spec; `None` when it is more than arithmetic.
    pub(crate) fn of(core: &CoreModule, spec: &DriverSpec) -> Option<Self> {
        let (
            Shape::Lane(lane @ (Lane::I32 | Lane::I64 | Lane::F32 | Lane::F64)),
            GuestType::S32 | GuestType::U32 | GuestType::S64 | GuestType::U64 | GuestType::F32 | GuestType::F64,
        ) = (spec.result.shape, &spec.result.guest)
        else {
            return None;
        };
        let is_plain = spec.returns_directly()
            && spec.lifted.post_return.is_none()
            && spec.params.iter().all(|slot| !slot.optional && slot.shape == Shape::Lane(lane));
        is_plain.then_some(())?;
        let all: Vec<Operator<'_>> = core
            .operators(core.exports[&spec.lifted.function])?
            .into_iter()
            .take(MAX_OPERATIONS + ONCE + 1)
            .collect::<Result<_, _>>()
            .ok()?;
        let after = after_once(&all);
        let params = u32::try_from(spec.params.len()).ok()?;
        let [body @ .., Operator::End] = after.unwrap_or(&all) else { return None };
        let operations = body.iter().map(operation).collect::<Option<Vec<_>>>()?;
        let vectors = Self { lane, params, begins_once: after.is_some(), operations };
        (vectors.operations.len() <= MAX_OPERATIONS && vectors.locals_are_set()).then_some(vectors)
    }

    /// Parameters are only read, and other locals, of which there are not many, only after they were set.
    fn locals_are_set(&self) -> bool {
        let mut set = Vec::new();
        self.operations.iter().all(|operation| match operation {
            Operation::Local(local) => *local < self.params || set.contains(local),
            Operation::Set(local) | Operation::Tee(local) => {
                set.push(*local);
                (self.params..self.params + MAX_LOCALS).contains(local)
            }
            _ => true,
        })
    }

    /// How many rows one vector has.
    pub(super) fn rows(&self) -> u32 {
        16 / self.lane.width()
    }

    /// How many locals the function has beside its parameters, of those that it uses.
    pub(super) fn locals(&self) -> u32 {
        let used = self.operations.iter().filter_map(|operation| match operation {
            Operation::Set(local) | Operation::Tee(local) => Some(local + 1 - self.params),
            _ => None,
        });
        used.max().unwrap_or(0)
    }

    /// Makes a vector of the number on the stack.
    pub(super) fn splat(&self, code: &mut InstructionSink<'_>) {
        match self.lane {
            Lane::I32 => code.i32x4_splat(),
            Lane::F32 => code.f32x4_splat(),
            Lane::F64 => code.f64x2_splat(),
            _ => code.i64x2_splat(),
        };
    }

    /// Pushes the result of one vector of rows. `push` pushes the vector of a parameter, and `locals` are those for the
    /// other locals.
    pub(super) fn emit(
        &self,
        code: &mut InstructionSink<'_>,
        locals: &[u32],
        push: impl Fn(&mut InstructionSink<'_>, u32),
    ) {
        let own = |local: u32| locals[(local - self.params) as usize];
        for operation in &self.operations {
            match *operation {
                Operation::Local(index) if index < self.params => push(code, index),
                Operation::Local(index) => drop(code.local_get(own(index))),
                Operation::Set(index) => drop(code.local_set(own(index))),
                Operation::Tee(index) => drop(code.local_tee(own(index))),
                Operation::Constant(bits) => {
                    let twice = if self.lane.width() == 4 { bits << 32 | bits } else { bits };
                    code.v128_const((u128::from(twice) << 64 | u128::from(twice)).cast_signed());
                }
                other => self.calculate(code, other),
            }
        }
    }

    fn calculate(&self, code: &mut InstructionSink<'_>, operation: Operation) {
        use Operation as O;
        match (operation, self.lane) {
            (O::Add, Lane::I32) => code.i32x4_add(),
            (O::Add, Lane::I64) => code.i64x2_add(),
            (O::Add, Lane::F32) => code.f32x4_add(),
            (O::Add, Lane::F64) => code.f64x2_add(),
            (O::Sub, Lane::I32) => code.i32x4_sub(),
            (O::Sub, Lane::I64) => code.i64x2_sub(),
            (O::Sub, Lane::F32) => code.f32x4_sub(),
            (O::Sub, Lane::F64) => code.f64x2_sub(),
            (O::Mul, Lane::I32) => code.i32x4_mul(),
            (O::Mul, Lane::I64) => code.i64x2_mul(),
            (O::Mul, Lane::F32) => code.f32x4_mul(),
            (O::Mul, Lane::F64) => code.f64x2_mul(),
            (O::Div, Lane::F32) => code.f32x4_div(),
            (O::Div, _) => code.f64x2_div(),
            (O::And, _) => code.v128_and(),
            (O::Or, _) => code.v128_or(),
            (O::Xor, _) => code.v128_xor(),
            (O::Neg, Lane::F32) => code.f32x4_neg(),
            (O::Neg, _) => code.f64x2_neg(),
            (O::Abs, Lane::F32) => code.f32x4_abs(),
            (O::Abs, _) => code.f64x2_abs(),
            (O::Sqrt, Lane::F32) => code.f32x4_sqrt(),
            (O::Sqrt, _) => code.f64x2_sqrt(),
            (O::Ceil, Lane::F32) => code.f32x4_ceil(),
            (O::Ceil, _) => code.f64x2_ceil(),
            (O::Floor, Lane::F32) => code.f32x4_floor(),
            (O::Floor, _) => code.f64x2_floor(),
            (O::Trunc, Lane::F32) => code.f32x4_trunc(),
            (O::Trunc, _) => code.f64x2_trunc(),
            (O::Nearest, Lane::F32) => code.f32x4_nearest(),
            (O::Nearest, _) => code.f64x2_nearest(),
            _ => unreachable!("all operations are of the lane, and these are dealt with by `emit`"),
        };
    }
}

/// An operation of which all operands and the result have one type, that of the function's parameters and result.
fn operation(operator: &Operator<'_>) -> Option<Operation> {
    use Operation as O;
    use Operator as W;
    Some(match *operator {
        W::LocalGet { local_index } => O::Local(local_index),
        W::LocalSet { local_index } => O::Set(local_index),
        W::LocalTee { local_index } => O::Tee(local_index),
        W::I32Const { value } => O::Constant(value.cast_unsigned().into()),
        W::I64Const { value } => O::Constant(value.cast_unsigned()),
        W::F32Const { value } => O::Constant(value.bits().into()),
        W::F64Const { value } => O::Constant(value.bits()),
        W::I32Add | W::I64Add | W::F32Add | W::F64Add => O::Add,
        W::I32Sub | W::I64Sub | W::F32Sub | W::F64Sub => O::Sub,
        W::I32Mul | W::I64Mul | W::F32Mul | W::F64Mul => O::Mul,
        W::F32Div | W::F64Div => O::Div,
        W::I32And | W::I64And => O::And,
        W::I32Or | W::I64Or => O::Or,
        W::I32Xor | W::I64Xor => O::Xor,
        W::F32Neg | W::F64Neg => O::Neg,
        W::F32Abs | W::F64Abs => O::Abs,
        W::F32Sqrt | W::F64Sqrt => O::Sqrt,
        W::F32Ceil | W::F64Ceil => O::Ceil,
        W::F32Floor | W::F64Floor => O::Floor,
        W::F32Trunc | W::F64Trunc => O::Trunc,
        W::F32Nearest | W::F64Nearest => O::Nearest,
        _ => return None,
    })
}

/// The operators of what [`after_once`] leaves out.
const ONCE: usize = 9;

/// What comes after `if (!flag) { something(); flag = 1 }`, with which wit-bindgen begins every export so that constructors
/// have run. After one call of the function the flag is set, and arithmetic does not change it.
fn after_once<'a, 'b>(operators: &'a [Operator<'b>]) -> Option<&'a [Operator<'b>]> {
    let place = |memarg: &MemArg| (memarg.memory, memarg.offset);
    match operators {
        [
            Operator::Block { blockty: BlockType::Empty },
            Operator::I32Const { value: read },
            Operator::I32Load8U { memarg: from },
            Operator::BrIf { relative_depth: 0 },
            Operator::Call { .. },
            Operator::I32Const { value: written },
            Operator::I32Const { value: 1 },
            Operator::I32Store8 { memarg: to },
            Operator::End,
            rest @ ..,
        ] if read == written && place(from) == place(to) => Some(rest),
        _ => None,
    }
}

/// The type of a vector local.
pub(super) const VECTOR: ValType = ValType::V128;
