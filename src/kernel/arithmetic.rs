//! What a function does, when it is straight-line arithmetic.
//!
//! Only what gives the same bits on vectors is taken. Of a NaN that an operation makes Wasm leaves the bits open: with
//! those below, Cranelift's code does the same in a lane of a vector as with a single number. Not so with minimum and
//! maximum, which are left alone.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use wasmparser::{BlockType, MemArg, Operator};

use crate::{
    driver::{DriverSpec, Lane, Shape},
    module::{CoreModule, GuestType},
};

/// The longest function, in operations.
const MAX_OPERATIONS: usize = 64;

/// A function as operations on numbers of one type, that of its parameters and its result.
#[derive(Debug, Clone)]
pub(super) struct Arithmetic {
    pub(super) lane: Lane,
    pub(super) params: u32,
    pub(super) operations: Vec<Operation>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Operation {
    Local(u32),
    Set(u32),
    Tee(u32),
    /// The bits of a number.
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
    Shift(Shift, u32),
    CompareIntegers(IntCC),
    CompareFloats(FloatCC),
    /// Of a condition.
    Not,
    /// Of two numbers, by a condition.
    Select,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shift {
    Left,
    RightSigned,
    RightUnsigned,
}

/// What is on the stack.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Number,
    Condition,
}

impl Arithmetic {
    /// Reads the function of a spec; `None` when it is more than arithmetic.
    pub(super) fn of(core: &CoreModule, spec: &DriverSpec) -> Option<Self> {
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
        let [body @ .., Operator::End] = after_once(&all).unwrap_or(&all) else { return None };
        (body.len() <= MAX_OPERATIONS).then_some(())?;
        let mut reader = Reader { lane, operations: Vec::new(), stack: Vec::new() };
        body.iter().try_for_each(|operator| reader.read(operator))?;
        (reader.stack == [Kind::Number]).then_some(())?;
        let params = u32::try_from(spec.params.len()).ok()?;
        let arithmetic = Self { lane, params, operations: reader.operations };
        arithmetic.locals_are_set().then_some(arithmetic)
    }

    /// Locals that are no parameters are read only after they were set.
    fn locals_are_set(&self) -> bool {
        let mut set = Vec::new();
        self.operations.iter().all(|operation| match operation {
            Operation::Local(local) => *local < self.params || set.contains(local),
            Operation::Set(local) | Operation::Tee(local) => {
                set.push(*local);
                true
            }
            _ => true,
        })
    }

    /// How many locals the function has, its parameters and those that it uses.
    pub(super) fn locals(&self) -> usize {
        let used = self.operations.iter().filter_map(|operation| match operation {
            Operation::Set(local) | Operation::Tee(local) => Some(local + 1),
            _ => None,
        });
        used.max().unwrap_or(0).max(self.params) as usize
    }
}

/// Reads operators one after the other. Constants of other types are refused, and no operation changes the type: so all
/// numbers are of the lane's type. A condition is an `i32`, and told apart from numbers.
struct Reader {
    lane: Lane,
    operations: Vec<Operation>,
    stack: Vec<Kind>,
}

impl Reader {
    /// Takes one more in; `None` when it is no arithmetic.
    fn read(&mut self, operator: &Operator<'_>) -> Option<()> {
        use Kind::{Condition, Number};
        use Operation as O;
        use Operator as W;
        match operator {
            W::I32Shl | W::I64Shl => return self.shift(Shift::Left),
            W::I32ShrS | W::I64ShrS => return self.shift(Shift::RightSigned),
            W::I32ShrU | W::I64ShrU => return self.shift(Shift::RightUnsigned),
            W::I32Eqz if self.stack.last() == Some(&Condition) => {
                return self.push(O::Not, &[Condition], Some(Condition));
            }
            W::I32Eqz | W::I64Eqz => {
                self.push(O::Constant(0), &[], Some(Number))?;
                return self.push(O::CompareIntegers(IntCC::Equal), &[Number; 2], Some(Condition));
            }
            W::Select => return self.push(O::Select, &[Number, Number, Condition], Some(Number)),
            W::LocalSet { local_index } => return self.push(O::Set(*local_index), &[Number], None),
            _ => {}
        }
        if let Some(operation) = comparison(operator) {
            return self.push(operation, &[Number; 2], Some(Condition));
        }
        let operation = operation(operator, self.lane)?;
        match operation {
            O::Local(_) | O::Constant(_) => self.push(operation, &[], Some(Number)),
            O::Tee(_) | O::Neg | O::Abs | O::Sqrt | O::Ceil | O::Floor | O::Trunc | O::Nearest => {
                self.push(operation, &[Number], Some(Number))
            }
            _ => self.push(operation, &[Number; 2], Some(Number)),
        }
    }

    fn push(&mut self, operation: Operation, takes: &[Kind], gives: Option<Kind>) -> Option<()> {
        let rest = self.stack.len().checked_sub(takes.len())?;
        (self.stack[rest..] == *takes).then_some(())?;
        self.stack.truncate(rest);
        self.stack.extend(gives);
        self.operations.push(operation);
        Some(())
    }

    /// A shift by a constant, of which the lowest bits count.
    fn shift(&mut self, shift: Shift) -> Option<()> {
        let Some(Operation::Constant(amount)) = self.operations.pop() else { return None };
        self.stack.pop();
        let amount = (amount & u64::from(8 * self.lane.width() - 1)) as u32;
        self.push(Operation::Shift(shift, amount), &[Kind::Number], Some(Kind::Number))
    }
}

/// Comparisons that there are for vectors: those that Wasm has, too.
fn comparison(operator: &Operator<'_>) -> Option<Operation> {
    use Operator as W;
    let integers = |how| Some(Operation::CompareIntegers(how));
    let floats = |how| Some(Operation::CompareFloats(how));
    match operator {
        W::I32Eq | W::I64Eq => integers(IntCC::Equal),
        W::I32Ne | W::I64Ne => integers(IntCC::NotEqual),
        W::I32LtS | W::I64LtS => integers(IntCC::SignedLessThan),
        W::I32LeS | W::I64LeS => integers(IntCC::SignedLessThanOrEqual),
        W::I32GtS | W::I64GtS => integers(IntCC::SignedGreaterThan),
        W::I32GeS | W::I64GeS => integers(IntCC::SignedGreaterThanOrEqual),
        W::I32LtU => integers(IntCC::UnsignedLessThan),
        W::I32LeU => integers(IntCC::UnsignedLessThanOrEqual),
        W::I32GtU => integers(IntCC::UnsignedGreaterThan),
        W::I32GeU => integers(IntCC::UnsignedGreaterThanOrEqual),
        W::F32Eq | W::F64Eq => floats(FloatCC::Equal),
        W::F32Ne | W::F64Ne => floats(FloatCC::NotEqual),
        W::F32Lt | W::F64Lt => floats(FloatCC::LessThan),
        W::F32Le | W::F64Le => floats(FloatCC::LessThanOrEqual),
        W::F32Gt | W::F64Gt => floats(FloatCC::GreaterThan),
        W::F32Ge | W::F64Ge => floats(FloatCC::GreaterThanOrEqual),
        _ => None,
    }
}

/// An operation of which all operands and the result have one type, that of the function's parameters and result.
fn operation(operator: &Operator<'_>, lane: Lane) -> Option<Operation> {
    use Operation as O;
    use Operator as W;
    Some(match *operator {
        W::LocalGet { local_index } => O::Local(local_index),
        W::LocalTee { local_index } => O::Tee(local_index),
        W::I32Const { value } if lane == Lane::I32 => O::Constant(value.cast_unsigned().into()),
        W::I64Const { value } if lane == Lane::I64 => O::Constant(value.cast_unsigned()),
        W::F32Const { value } if lane == Lane::F32 => O::Constant(value.bits().into()),
        W::F64Const { value } if lane == Lane::F64 => O::Constant(value.bits()),
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
