//! Machine code of arithmetic: a loop over vectors, and one over the rows that are left.

use std::{
    fmt,
    ops::Range,
    sync::{Mutex, PoisonError},
};

use cranelift_codegen::ir::{
    AbiParam, Block, BlockArg, Endianness, InstBuilder, MemFlagsData, Type, Value,
    condcodes::IntCC,
    immediates::{Ieee32, Ieee64},
    types,
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Linkage, Module, ModuleError, default_libcall_names};
use datafusion::arrow::buffer::MutableBuffer;

use super::{
    MAX_PARAMS,
    arithmetic::{Arithmetic, Operation, Shift},
};
use crate::driver::Lane;

/// The bytes of a vector.
const VECTOR: i32 = 16;
/// How many vectors one turn of the loop does.
const UNROLL: i32 = 4;

/// `(the addresses of the columns, that of the results, the bytes of a column)`
type Entry = unsafe extern "C" fn(*const *const u8, *mut u8, usize);

/// The values of an argument, as bytes: one for each row, or one for all.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column<'a> {
    Rows(&'a [u8]),
    Constant(&'a [u8]),
}

/// Machine code for one combination of columns and constants.
pub(crate) struct Code {
    entry: Entry,
    params: usize,
    constants: usize,
    width: usize,
    /// What owns the code, until it is dropped.
    module: Mutex<Option<JITModule>>,
}

impl Drop for Code {
    fn drop(&mut self) {
        if let Some(module) = self.module.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            // SAFETY: the entry is called by methods of this value only, and does not return addresses of code.
            unsafe { module.free_memory() };
        }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").field("constants", &self.constants).finish_non_exhaustive()
    }
}

impl Code {
    /// Compiles arithmetic for columns and, by the bits of `constants`, constants; `None` when the compiler refuses.
    pub(super) fn compile(arithmetic: &Arithmetic, constants: usize) -> Option<Self> {
        Self::try_compile(arithmetic, constants)
            .inspect_err(|error| tracing::warn!(%error, ?arithmetic, "no kernel, drivers are used instead"))
            .ok()
    }

    fn try_compile(arithmetic: &Arithmetic, constants: usize) -> Result<Self, Box<ModuleError>> {
        let mut module = JITModule::new(JITBuilder::with_flags(&[("opt_level", "speed")], default_libcall_names())?);
        let pointer = module.target_config().pointer_type();
        let mut context = module.make_context();
        context.func.signature.params.extend([AbiParam::new(pointer); 3]);
        let mut builders = FunctionBuilderContext::new();
        let mut builder = FunctionBuilder::new(&mut context.func, &mut builders);
        Emitter::new(arithmetic, constants, &mut builder, pointer).emit();
        builder.finalize(module.target_config());
        let function = module.declare_function("kernel", Linkage::Export, &context.func.signature)?;
        module.define_function(function, &mut context)?;
        module.finalize_definitions()?;
        let code = module.get_finalized_function(function);
        // SAFETY: the code was compiled for the platform's calling convention with three parameters of the size of a
        // pointer and no result.
        let entry = unsafe { std::mem::transmute::<*const u8, Entry>(code) };
        Ok(Self {
            entry,
            params: arithmetic.params as usize,
            constants,
            width: arithmetic.lane.width() as usize,
            module: Mutex::new(Some(module)),
        })
    }

    /// Appends the results of some rows.
    ///
    /// # Panics
    /// When the columns are not those that the code is for, or have fewer rows.
    pub(crate) fn append(&self, columns: &[Column<'_>], rows: Range<usize>, results: &mut MutableBuffer) {
        let (before, from, bytes) = (results.len(), rows.start * self.width, rows.len() * self.width);
        let mut addresses = [std::ptr::null(); MAX_PARAMS];
        assert_eq!(columns.len(), self.params, "a column for each parameter");
        for (index, (address, column)) in addresses.iter_mut().zip(columns).enumerate() {
            let (values, is_constant) = match column {
                Column::Rows(values) => (&values[from..from + bytes], false),
                Column::Constant(values) => (&values[..self.width], true),
            };
            assert_eq!(is_constant, self.constants >> index & 1 == 1, "code for these constants");
            *address = values.as_ptr();
        }
        results.reserve(bytes);
        // SAFETY: the code reads `bytes` bytes of every column and one value of every constant, which are there as was just
        // checked, and writes `bytes` bytes of results, for which room was just made.
        unsafe {
            (self.entry)(addresses.as_ptr(), results.as_mut_ptr().add(before), bytes);
            results.set_len(before + bytes);
        }
    }
}

/// Writes the body of the function.
struct Emitter<'a, 'b> {
    arithmetic: &'a Arithmetic,
    constants: usize,
    builder: &'a mut FunctionBuilder<'b>,
    pointer: Type,
    scalar: Type,
    vector: Type,
}

/// The parameters of one loop.
struct Params {
    ty: Type,
    /// The address of a column, or the value of a constant.
    values: Vec<Value>,
}

impl<'a, 'b> Emitter<'a, 'b> {
    fn new(arithmetic: &'a Arithmetic, constants: usize, builder: &'a mut FunctionBuilder<'b>, pointer: Type) -> Self {
        let (scalar, vector) = match arithmetic.lane {
            Lane::I64 => (types::I64, types::I64X2),
            Lane::F32 => (types::F32, types::F32X4),
            Lane::F64 => (types::F64, types::F64X2),
            _ => (types::I32, types::I32X4),
        };
        Self { arithmetic, constants, builder, pointer, scalar, vector }
    }

    fn emit(mut self) {
        let entry = self.builder.create_block();
        self.builder.append_block_params_for_function_params(entry);
        self.builder.switch_to_block(entry);
        let &[columns, results, end] = self.builder.block_params(entry) else { unreachable!("three parameters") };
        let scalars: Vec<Value> = (0..self.arithmetic.params).map(|param| self.param(columns, param)).collect();
        let vectors = (0u32..).zip(&scalars).map(|(param, value)| match self.is_constant(param) {
            true => self.builder.ins().splat(self.vector, *value),
            false => *value,
        });
        let vectors = vectors.collect();
        let vectors = Params { ty: self.vector, values: vectors };
        let scalars = Params { ty: self.scalar, values: scalars };
        let turn = VECTOR * UNROLL;
        let whole_turns = self.builder.ins().band_imm_s(end, i64::from(-turn));
        let start = self.builder.ins().iconst(self.pointer, 0);
        let rest = self.turns(start, whole_turns, turn, |this, at| {
            for nth in 0..UNROLL {
                this.row(&vectors, results, at, nth * VECTOR);
            }
        });
        let width = self.arithmetic.lane.width().cast_signed();
        self.turns(rest, end, width, |this, at| this.row(&scalars, results, at, 0));
        self.builder.ins().return_(&[]);
        self.builder.seal_all_blocks();
    }

    fn is_constant(&self, param: u32) -> bool {
        self.constants >> param & 1 == 1
    }

    /// The address of a column, or the value of a constant.
    fn param(&mut self, columns: Value, param: u32) -> Value {
        let offset = (param * self.pointer.bytes()).cast_signed();
        let column = self.builder.ins().load(self.pointer, MemFlagsData::trusted(), columns, offset);
        match self.is_constant(param) {
            true => self.builder.ins().load(self.scalar, values(), column, 0),
            false => column,
        }
    }

    /// Does something at every `step` bytes from `start` up to `end`. The answer is where it ended.
    fn turns(&mut self, start: Value, end: Value, step: i32, body: impl FnOnce(&mut Self, Value)) -> Value {
        let (turn, done) = (self.builder.create_block(), self.builder.create_block());
        let at = self.builder.append_block_param(turn, self.pointer);
        let last = self.builder.append_block_param(done, self.pointer);
        self.go_on(start, end, turn, done);
        self.builder.switch_to_block(turn);
        body(self, at);
        let next = self.builder.ins().iadd_imm_s(at, i64::from(step));
        self.go_on(next, end, turn, done);
        self.builder.switch_to_block(done);
        last
    }

    fn go_on(&mut self, at: Value, end: Value, turn: Block, done: Block) {
        let is_more = self.builder.ins().icmp(IntCC::UnsignedLessThan, at, end);
        let at = [BlockArg::Value(at)];
        self.builder.ins().brif(is_more, turn, &at, done, &at);
    }

    /// One result, a number or a vector, so many bytes after the `at`-th.
    fn row(&mut self, params: &Params, results: Value, at: Value, offset: i32) {
        let mut stack = Vec::new();
        let mut locals = vec![None; self.arithmetic.locals()];
        for operation in &self.arithmetic.operations {
            match *operation {
                Operation::Local(local) => {
                    let value = *locals[local as usize]
                        .get_or_insert_with(|| self.argument(params, local as usize, at, offset));
                    stack.push(value);
                }
                Operation::Set(local) => locals[local as usize] = stack.pop(),
                Operation::Tee(local) => locals[local as usize] = stack.last().copied(),
                other => {
                    let result = self.calculate(params.ty, other, &mut stack);
                    stack.push(result);
                }
            }
        }
        let result = stack.pop().expect("validated: a function has a result");
        let place = self.builder.ins().iadd(results, at);
        self.builder.ins().store(values(), result, place, offset);
    }

    fn argument(&mut self, params: &Params, param: usize, at: Value, offset: i32) -> Value {
        let value = params.values[param];
        if self.constants >> param & 1 == 1 {
            return value;
        }
        let place = self.builder.ins().iadd(value, at);
        self.builder.ins().load(params.ty, values(), place, offset)
    }

    fn calculate(&mut self, ty: Type, operation: Operation, stack: &mut Vec<Value>) -> Value {
        use Operation as O;
        let mut pop = || stack.pop().expect("validated: operands are on the stack");
        let is_float = self.scalar.is_float();
        let code = &mut *self.builder;
        match operation {
            O::Constant(bits) => {
                let scalar = match self.scalar {
                    types::F32 => code.ins().f32const(Ieee32::with_bits(bits as u32)),
                    types::F64 => code.ins().f64const(Ieee64::with_bits(bits)),
                    integer => code.ins().iconst(integer, bits.cast_signed()),
                };
                if ty.is_vector() { code.ins().splat(ty, scalar) } else { scalar }
            }
            O::Neg => code.ins().fneg(pop()),
            O::Abs => code.ins().fabs(pop()),
            O::Sqrt => code.ins().sqrt(pop()),
            O::Ceil => code.ins().ceil(pop()),
            O::Floor => code.ins().floor(pop()),
            O::Trunc => code.ins().trunc(pop()),
            O::Nearest => code.ins().nearest(pop()),
            O::Shift(shift, amount) => {
                let amount = code.ins().iconst(types::I32, i64::from(amount));
                match shift {
                    Shift::Left => code.ins().ishl(pop(), amount),
                    Shift::RightSigned => code.ins().sshr(pop(), amount),
                    Shift::RightUnsigned => code.ins().ushr(pop(), amount),
                }
            }
            O::Not if ty.is_vector() => code.ins().bnot(pop()),
            O::Not => code.ins().bxor_imm_u(pop(), 1),
            O::Select => {
                let (condition, right, left) = (pop(), pop(), pop());
                if !ty.is_vector() {
                    return code.ins().select(condition, left, right);
                }
                let same = MemFlagsData::new().with_endianness(Endianness::Little);
                let mask = if is_float { code.ins().bitcast(ty, same, condition) } else { condition };
                code.ins().bitselect(mask, left, right)
            }
            binary => {
                let (right, left) = (pop(), pop());
                match binary {
                    O::Add if is_float => code.ins().fadd(left, right),
                    O::Add => code.ins().iadd(left, right),
                    O::Sub if is_float => code.ins().fsub(left, right),
                    O::Sub => code.ins().isub(left, right),
                    O::Mul if is_float => code.ins().fmul(left, right),
                    O::Mul => code.ins().imul(left, right),
                    O::Div => code.ins().fdiv(left, right),
                    O::And => code.ins().band(left, right),
                    O::Or => code.ins().bor(left, right),
                    O::Xor => code.ins().bxor(left, right),
                    O::CompareIntegers(how) => code.ins().icmp(how, left, right),
                    O::CompareFloats(how) => code.ins().fcmp(how, left, right),
                    _ => unreachable!("dealt with above"),
                }
            }
        }
    }
}

/// Access to values, which are where they should be, but not aligned for vectors.
fn values() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}
