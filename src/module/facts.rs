//! What the bytes prove of a function: that it always ends, and that it cannot trap.

use wasmparser::Operator;

use super::core::CoreModule;

/// Functions that take more instructions than this per call are interruptible even when they are sure to end: a batch
/// of 8,192 rows then stays below a second or so.
const MAX_INSTRUCTIONS: u64 = 10_000;

/// What was proven of a set of functions and of everything they call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    /// No loop, recursion, indirect call, call of an import or bulk operation is reachable, and the number of
    /// instructions is small: the call ends soon and needs no interruption.
    pub(crate) ends: bool,
    /// No reachable instruction can trap: the row need not be recorded.
    pub(crate) never_traps: bool,
    /// The size of the first root's own body in bytes, a measure of how much inlining it costs.
    pub(crate) body_size: usize,
}

#[derive(Debug, Clone, Default)]
struct Body {
    calls: Vec<u32>,
    instructions: u64,
    endless: bool,
    traps: bool,
}

/// Proves what it can of the functions `roots`; when in doubt, nothing.
pub(crate) fn prove(module: &CoreModule, roots: &[u32]) -> Facts {
    let mut prover = Prover { module, known: vec![None; module.function_count() as usize] };
    let verdicts: Vec<Verdict> = roots.iter().map(|&root| prover.verdict(root, 0)).collect();
    let first = roots.first().and_then(|&root| (root as usize).checked_sub(module.imports.len()));
    Facts {
        ends: verdicts.iter().all(|v| v.instructions.is_some()),
        never_traps: verdicts.iter().all(|v| !v.traps),
        body_size: first.map_or(usize::MAX, |index| module.bodies[index].len()),
    }
}

/// Tells of each function that the module defines whether it looks at the stop word when it is entered. Loops, calls of
/// imports and indirect calls look at it anyway, so only two kinds of functions need to: one in each circle of direct
/// calls, and those whose calls branch out to more than [`MAX_INSTRUCTIONS`] on the way.
pub(crate) fn checks_entry(module: &CoreModule) -> Vec<bool> {
    let imported = module.imports.len();
    let body = |function: usize| read_body(module, u32::try_from(function).expect("validated: below 2^32"));
    let mut functions = vec![Visit::Not; module.function_count() as usize];
    let mut entered = vec![false; functions.len()];
    for root in imported..functions.len() {
        // A stack of our own: chains of calls may be as long as the module.
        let mut stack = Vec::new();
        let begin = |function: usize, functions: &mut Vec<Visit>, stack: &mut Vec<(usize, Body, u64)>| {
            functions[function] = Visit::Begun;
            let body = body(function);
            let instructions = body.instructions;
            stack.push((function, body, instructions));
        };
        if functions[root] == Visit::Not {
            begin(root, &mut functions, &mut stack);
        }
        while let Some((function, body, instructions)) = stack.last_mut() {
            let Some(callee) = body.calls.last().map(|callee| *callee as usize) else {
                entered[*function] |= *instructions > MAX_INSTRUCTIONS;
                functions[*function] = Visit::Done(*instructions);
                stack.pop();
                continue;
            };
            match functions[callee] {
                Visit::Not if callee >= imported => begin(callee, &mut functions, &mut stack),
                visit => {
                    entered[callee] |= visit == Visit::Begun;
                    if let Visit::Done(more) = visit
                        && !entered[callee]
                    {
                        *instructions = instructions.saturating_add(more);
                    }
                    body.calls.pop();
                }
            }
        }
    }
    entered.split_off(imported)
}

/// How far a walk over the calls has come with a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Visit {
    Not,
    Begun,
    /// The most instructions of a call that passes no loop.
    Done(u64),
}

#[derive(Debug, Clone, Copy)]
struct Verdict {
    /// The greatest number of instructions, when the function is proven to end soon.
    instructions: Option<u64>,
    traps: bool,
}

const UNKNOWN: Verdict = Verdict { instructions: None, traps: true };

struct Prover<'a> {
    module: &'a CoreModule,
    known: Vec<Option<Verdict>>,
}

impl Prover<'_> {
    fn verdict(&mut self, function: u32, depth: usize) -> Verdict {
        // A chain of calls this deep is as good as recursion; it also bounds our own stack.
        if depth > 100 {
            return UNKNOWN;
        }
        if let Some(verdict) = self.known[function as usize] {
            return verdict;
        }
        if self.module.imports.len() > function as usize {
            return UNKNOWN;
        }
        // While a function is being looked at, calls back to it are recursion.
        self.known[function as usize] = Some(UNKNOWN);
        let body = read_body(self.module, function);
        let mut instructions = (!body.endless && body.instructions <= MAX_INSTRUCTIONS).then_some(body.instructions);
        let mut traps = body.traps;
        for callee in body.calls {
            let callee = self.verdict(callee, depth + 1);
            instructions = instructions
                .zip(callee.instructions)
                .map(|(a, b)| a.saturating_add(b))
                .filter(|total| *total <= MAX_INSTRUCTIONS);
            traps |= callee.traps;
        }
        let verdict = Verdict { instructions, traps };
        self.known[function as usize] = Some(verdict);
        verdict
    }
}

fn read_body(module: &CoreModule, function: u32) -> Body {
    let mut body = Body::default();
    let Some(operators) = module.operators(function) else {
        return Body { endless: true, traps: true, ..body };
    };
    // The two instructions before, which push the operands of most loads and stores.
    let mut before = [None, None];
    for operator in operators {
        let Ok(operator) = operator else { return Body { endless: true, traps: true, ..body } };
        body.instructions += 1;
        match &operator {
            Operator::Call { function_index } => body.calls.push(*function_index),
            access if is_within_memory(module, access, &before) => {}
            other => {
                let kind = classify(other);
                body.endless |= kind == Kind::Endless;
                body.traps |= kind != Kind::Safe;
            }
        }
        let [_, last] = before;
        before = [last, Some(operator)];
    }
    body
}

/// A load or store of a constant address that the memory has from the start on: the flags that compilers keep, such as
/// the one for constructors that every export of a wit-bindgen guest looks at.
fn is_within_memory(module: &CoreModule, access: &Operator<'_>, before: &[Option<Operator<'_>>; 2]) -> bool {
    use Operator as O;
    let (memarg, address) = match (access, before) {
        (O::I32Load { memarg } | O::I32Load8U { memarg } | O::I32Load8S { memarg }, [_, Some(address)]) => {
            (memarg, address)
        }
        // What is stored is pushed after the address, by one instruction that takes nothing.
        (
            O::I32Store { memarg } | O::I32Store8 { memarg },
            [Some(address), Some(O::I32Const { .. } | O::LocalGet { .. } | O::GlobalGet { .. })],
        ) => (memarg, address),
        _ => return false,
    };
    let O::I32Const { value } = address else { return false };
    let end = u64::from(value.cast_unsigned()).saturating_add(memarg.offset).saturating_add(4);
    module.memory.is_some_and(|memory| end <= memory.initial.saturating_mul(65536))
}

#[derive(PartialEq, Eq)]
enum Kind {
    /// Ends and cannot trap.
    Safe,
    /// Ends, but can trap.
    Traps,
    /// May take for ever, or very long.
    Endless,
}

/// Sorts instructions. Those that are not known to end count as endless, so a new proposal is never misjudged.
fn classify(operator: &Operator<'_>) -> Kind {
    use Operator as O;
    match operator {
        O::Nop
        | O::Block { .. }
        | O::If { .. }
        | O::Else
        | O::End
        | O::Br { .. }
        | O::BrIf { .. }
        | O::BrTable { .. }
        | O::Return
        | O::Drop
        | O::Select
        | O::TypedSelect { .. }
        | O::LocalGet { .. }
        | O::LocalSet { .. }
        | O::LocalTee { .. }
        | O::GlobalGet { .. }
        | O::GlobalSet { .. }
        | O::MemorySize { .. }
        | O::I32Const { .. }
        | O::I64Const { .. }
        | O::F32Const { .. }
        | O::F64Const { .. } => Kind::Safe,
        O::Unreachable
        | O::I32DivS
        | O::I32DivU
        | O::I32RemS
        | O::I32RemU
        | O::I64DivS
        | O::I64DivU
        | O::I64RemS
        | O::I64RemU
        | O::I32TruncF32S
        | O::I32TruncF32U
        | O::I32TruncF64S
        | O::I32TruncF64U
        | O::I64TruncF32S
        | O::I64TruncF32U
        | O::I64TruncF64S
        | O::I64TruncF64U => Kind::Traps,
        O::I32Load { .. }
        | O::I64Load { .. }
        | O::F32Load { .. }
        | O::F64Load { .. }
        | O::I32Load8S { .. }
        | O::I32Load8U { .. }
        | O::I32Load16S { .. }
        | O::I32Load16U { .. }
        | O::I64Load8S { .. }
        | O::I64Load8U { .. }
        | O::I64Load16S { .. }
        | O::I64Load16U { .. }
        | O::I64Load32S { .. }
        | O::I64Load32U { .. }
        | O::I32Store { .. }
        | O::I64Store { .. }
        | O::F32Store { .. }
        | O::F64Store { .. }
        | O::I32Store8 { .. }
        | O::I32Store16 { .. }
        | O::I64Store8 { .. }
        | O::I64Store16 { .. }
        | O::I64Store32 { .. } => Kind::Traps,
        // All of these have at most three operands and neither memory nor control flow: plain arithmetic.
        other if is_arithmetic(other) => Kind::Safe,
        _ => Kind::Endless,
    }
}

/// Comparisons, arithmetic and conversions of the four number types that never trap.
fn is_arithmetic(operator: &Operator<'_>) -> bool {
    // The opcodes from i32.eqz to i64.extend32_s, and the saturating conversions, are exactly these and the trapping
    // ones, which are sorted out before.
    use Operator as O;
    matches!(
        operator,
        O::I32Eqz
            | O::I32Eq
            | O::I32Ne
            | O::I32LtS
            | O::I32LtU
            | O::I32GtS
            | O::I32GtU
            | O::I32LeS
            | O::I32LeU
            | O::I32GeS
            | O::I32GeU
            | O::I64Eqz
            | O::I64Eq
            | O::I64Ne
            | O::I64LtS
            | O::I64LtU
            | O::I64GtS
            | O::I64GtU
            | O::I64LeS
            | O::I64LeU
            | O::I64GeS
            | O::I64GeU
            | O::F32Eq
            | O::F32Ne
            | O::F32Lt
            | O::F32Gt
            | O::F32Le
            | O::F32Ge
            | O::F64Eq
            | O::F64Ne
            | O::F64Lt
            | O::F64Gt
            | O::F64Le
            | O::F64Ge
            | O::I32Clz
            | O::I32Ctz
            | O::I32Popcnt
            | O::I32Add
            | O::I32Sub
            | O::I32Mul
            | O::I32And
            | O::I32Or
            | O::I32Xor
            | O::I32Shl
            | O::I32ShrS
            | O::I32ShrU
            | O::I32Rotl
            | O::I32Rotr
            | O::I64Clz
            | O::I64Ctz
            | O::I64Popcnt
            | O::I64Add
            | O::I64Sub
            | O::I64Mul
            | O::I64And
            | O::I64Or
            | O::I64Xor
            | O::I64Shl
            | O::I64ShrS
            | O::I64ShrU
            | O::I64Rotl
            | O::I64Rotr
            | O::F32Abs
            | O::F32Neg
            | O::F32Ceil
            | O::F32Floor
            | O::F32Trunc
            | O::F32Nearest
            | O::F32Sqrt
            | O::F32Add
            | O::F32Sub
            | O::F32Mul
            | O::F32Div
            | O::F32Min
            | O::F32Max
            | O::F32Copysign
            | O::F64Abs
            | O::F64Neg
            | O::F64Ceil
            | O::F64Floor
            | O::F64Trunc
            | O::F64Nearest
            | O::F64Sqrt
            | O::F64Add
            | O::F64Sub
            | O::F64Mul
            | O::F64Div
            | O::F64Min
            | O::F64Max
            | O::F64Copysign
            | O::I32WrapI64
            | O::I64ExtendI32S
            | O::I64ExtendI32U
            | O::F32ConvertI32S
            | O::F32ConvertI32U
            | O::F32ConvertI64S
            | O::F32ConvertI64U
            | O::F32DemoteF64
            | O::F64ConvertI32S
            | O::F64ConvertI32U
            | O::F64ConvertI64S
            | O::F64ConvertI64U
            | O::F64PromoteF32
            | O::I32ReinterpretF32
            | O::I64ReinterpretF64
            | O::F32ReinterpretI32
            | O::F64ReinterpretI64
            | O::I32Extend8S
            | O::I32Extend16S
            | O::I64Extend8S
            | O::I64Extend16S
            | O::I64Extend32S
            | O::I32TruncSatF32S
            | O::I32TruncSatF32U
            | O::I32TruncSatF64S
            | O::I32TruncSatF64U
            | O::I64TruncSatF32S
            | O::I64TruncSatF32U
            | O::I64TruncSatF64S
            | O::I64TruncSatF64U
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(text: &str) -> Facts {
        let module = CoreModule::parse(wat::parse_str(text).unwrap().into()).unwrap();
        prove(&module, &[module.exports["f"]])
    }

    #[test]
    fn straight_code_ends_and_does_not_trap() {
        let f = facts(r#"(module (func (export "f") (param i64) (result i64) (i64.add (local.get 0) (i64.const 1))))"#);
        assert!(f.ends && f.never_traps);
    }

    #[test]
    fn division_and_memory_can_trap_but_end() {
        let f =
            facts(r#"(module (func (export "f") (param i32) (result i32) (i32.div_s (local.get 0) (local.get 0))))"#);
        assert!(f.ends && !f.never_traps);
        let f = facts(r#"(module (memory 1) (func (export "f") (param i32) (result i32) (i32.load (local.get 0))))"#);
        assert!(f.ends && !f.never_traps);
    }

    #[test]
    fn constant_addresses_within_memory_do_not_trap() {
        let body = |address: u32| {
            format!(
                r#"(module (memory 1) (func (export "f") (param i32) (result i32)
                    (i32.store8 (i32.const {address}) (i32.const 1)) (i32.load8_u offset=8 (i32.const {address}))))"#
            )
        };
        assert!(facts(&body(1000)).never_traps);
        assert!(!facts(&body(65530)).never_traps);
        assert!(!facts(&body(u32::MAX)).never_traps);
        let computed = r#"(module (memory 1) (func (export "f") (param i32) (result i32)
            (i32.load8_u (i32.add (local.get 0) (i32.const 8)))))"#;
        assert!(!facts(computed).never_traps);
    }

    #[test]
    fn loops_recursion_indirect_calls_and_imports_are_interruptible() {
        for text in [
            r#"(module (func (export "f") (loop (br 0))))"#,
            r#"(module (func $f (export "f") (call $g)) (func $g (call $f)))"#,
            r#"(module (table 1 funcref) (func (export "f") (call_indirect (i32.const 0))))"#,
            r#"(module (import "a" "b" (func $g)) (func (export "f") (call $g)))"#,
            r#"(module (memory 1) (func (export "f") (memory.fill (i32.const 0) (i32.const 0) (i32.const 9))))"#,
        ] {
            assert!(!facts(text).ends, "{text}");
        }
    }

    #[test]
    fn doubling_calls_are_interruptible_though_they_end() {
        let mut text = String::from("(module (func $f0)");
        for i in 1..40 {
            text += &format!("(func $f{i} (call $f{p}) (call $f{p}))", p = i - 1);
        }
        text += r#"(export "f" (func $f39)))"#;
        assert!(!facts(&text).ends);
    }

    fn entries(text: &str) -> Vec<bool> {
        checks_entry(&CoreModule::parse(wat::parse_str(text).unwrap().into()).unwrap())
    }

    #[test]
    fn one_function_of_a_circle_looks_when_it_is_entered() {
        let circle = "(module (func $a (call $b)) (func $b (call $c)) (func $c (call $b) (call $c)) (func (call $a)))";
        assert_eq!(entries(circle), [false, true, true, false]);
        let loops = "(module (func $a (loop (br 0))) (func (call $a) (call $a)))";
        assert_eq!(entries(loops), [false, false]);
        let imports = r#"(module (import "a" "b" (func $i)) (func $a (call $i)) (func (call $a)))"#;
        assert_eq!(entries(imports), [false, false]);
    }

    #[test]
    fn doubling_calls_look_now_and_then() {
        let mut text = String::from("(module (func $f0)");
        for i in 1..40 {
            text += &format!("(func $f{i} (call $f{p}) (call $f{p}))", p = i - 1);
        }
        let entries = entries(&(text + ")"));
        // Between two that look there are at most 2^13 calls of three instructions each.
        let looking: Vec<usize> = entries.iter().enumerate().filter(|(_, looks)| **looks).map(|(i, _)| i).collect();
        assert_eq!(looking, [12, 24, 36]);
    }

    #[test]
    fn chains_of_calls_may_be_long() {
        let mut text = String::from("(module ");
        for i in 0..100_000 {
            text += &format!("(func (call {}))", (i + 1) % 100_000);
        }
        assert_eq!(entries(&(text + ")")).iter().filter(|looks| **looks).count(), 1 + 19);
    }
}
