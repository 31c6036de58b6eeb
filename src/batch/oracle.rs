//! Property tests: drivers against the general route, which calls the same function row by row through wasmtime's
//! component API, and BASIC drivers against what the functions mean.

use std::{fs, path::PathBuf, sync::Arc};

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, Int32Array, Int64Array, StructArray},
        compute::{cast, unary},
        datatypes::{
            DataType, Float32Type, Float64Type, Int32Type, Int64Type, IntervalUnit, TimeUnit, UInt32Type, UInt64Type,
        },
        util::display::{ArrayFormatter, FormatOptions},
    },
    common::ScalarValue,
    logical_expr::ColumnarValue,
};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::call::Route;
use crate::{
    Engine, EngineOptions,
    function::FunctionDefinition,
    fuzzing::{general, outcome, spec},
    module::{Abi, DeclaredTypes, GuestType, Module, Parameter, natural_type},
};

/// Cases of each function. There are more than 60 functions, so this makes more than 10,000 cases.
const CASES: u32 = 180;

fn fixture(path: &str) -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("udf-fixtures").join(path)).unwrap()
}

fn engine() -> Arc<Engine> {
    Engine::new(EngineOptions::default()).unwrap()
}

/// An argument as it is generated: rows before and after a slice, and the layout of strings.
#[derive(Debug, Clone)]
struct Column {
    values: Vec<ScalarValue>,
    before: usize,
    after: usize,
    layout: u8,
    constant: bool,
}

impl Column {
    fn argument(&self) -> ColumnarValue {
        let layout = layout(&self.values[0].data_type(), self.layout);
        if self.constant {
            let array = cast(&self.values[0].to_array_of_size(1).unwrap(), &layout).unwrap();
            return ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0).unwrap());
        }
        let array = cast(&ScalarValue::iter_to_array(self.values.clone()).unwrap(), &layout).unwrap();
        ColumnarValue::Array(array.slice(self.before, array.len() - self.before - self.after))
    }
}

fn layout(ty: &DataType, choice: u8) -> DataType {
    match (ty, choice % 3) {
        (DataType::Utf8, 1) => DataType::LargeUtf8,
        (DataType::Utf8, 2) => DataType::Utf8View,
        (DataType::List(item), 1) => DataType::LargeList(Arc::clone(item)),
        (DataType::List(item), _) => {
            let ty = layout(item.data_type(), choice);
            DataType::List(Arc::new(item.as_ref().clone().with_data_type(ty)))
        }
        (DataType::Binary, 1) => DataType::LargeBinary,
        (DataType::Binary, 2) => DataType::BinaryView,
        _ => ty.clone(),
    }
}

/// Values of a guest type, extreme ones often.
fn value(guest: &GuestType) -> BoxedStrategy<ScalarValue> {
    macro_rules! integer {
        ($ty:ty, $variant:ident) => {
            prop_oneof![any::<$ty>(), Just(<$ty>::MIN), Just(<$ty>::MAX), Just(0), 0..100 as $ty]
                .prop_map(|v| ScalarValue::$variant(Some(v)))
                .boxed()
        };
    }
    match guest {
        GuestType::Bool => any::<bool>().prop_map(|v| ScalarValue::Boolean(Some(v))).boxed(),
        GuestType::S8 => integer!(i8, Int8),
        GuestType::U8 => integer!(u8, UInt8),
        GuestType::S16 => integer!(i16, Int16),
        GuestType::U16 => integer!(u16, UInt16),
        GuestType::S32 => integer!(i32, Int32),
        GuestType::U32 => integer!(u32, UInt32),
        GuestType::S64 => integer!(i64, Int64),
        GuestType::U64 => integer!(u64, UInt64),
        // Any bits: NaNs with payloads, infinities, denormals.
        GuestType::F32 => {
            prop_oneof![any::<u32>().prop_map(f32::from_bits), Just(f32::NAN), Just(-0.0), -100.0..100.0f32]
                .prop_map(|v| ScalarValue::Float32(Some(v)))
                .boxed()
        }
        GuestType::F64 => {
            prop_oneof![any::<u64>().prop_map(f64::from_bits), Just(f64::NAN), Just(-0.0), -100.0..100.0f64]
                .prop_map(|v| ScalarValue::Float64(Some(v)))
                .boxed()
        }
        GuestType::Char => {
            prop_oneof![any::<char>(), Just('e'), Just('\0')].prop_map(|v| ScalarValue::from(v.to_string())).boxed()
        }
        GuestType::String => prop_oneof![
            4 => "\\PC{0,12}",
            4 => "[a-zé€😀]{0,80}",
            1 => Just(String::new()),
            1 => (0..3000usize).prop_map(|n| "ä".repeat(n)),
        ]
        .prop_map(ScalarValue::from)
        .boxed(),
        GuestType::Bytes => prop_oneof![8 => vec(any::<u8>(), 0..80), 1 => vec(any::<u8>(), 0..2000)]
            .prop_map(|v| ScalarValue::Binary(Some(v)))
            .boxed(),
        GuestType::Enum(cases) => proptest::sample::select(cases.clone()).prop_map(ScalarValue::from).boxed(),
        GuestType::Option(inner) => {
            let null = null(inner);
            option::weighted(0.7, value(inner)).prop_map(move |value| value.unwrap_or_else(|| null.clone())).boxed()
        }
        GuestType::List(item) => {
            let ty = natural_type(item);
            let lengths = match item.depth() {
                0 => prop_oneof![20 => 0..6usize, 4 => 0..40usize, 1 => 0..400usize].boxed(),
                _ => (0..4usize).boxed(),
            };
            lengths
                .prop_flat_map({
                    let item = value(item);
                    move |length| vec(item.clone(), length)
                })
                .prop_map(move |items| ScalarValue::List(ScalarValue::new_list(&items, &ty, true)))
                .boxed()
        }
        GuestType::Record(fields) => fields_of(fields.iter().map(|(_, ty)| ty), natural_type(guest)),
        GuestType::Tuple(items) => fields_of(items.iter(), natural_type(guest)),
    }
}

fn null(guest: &GuestType) -> ScalarValue {
    ScalarValue::try_from(&natural_type(guest)).unwrap()
}

fn fields_of<'a>(types: impl Iterator<Item = &'a GuestType>, ty: DataType) -> BoxedStrategy<ScalarValue> {
    let DataType::Struct(fields) = ty else { unreachable!("the type of a record") };
    let values: Vec<_> = types.map(value).collect();
    values
        .prop_map(move |values| {
            let columns = values.iter().map(|value| value.to_array_of_size(1).unwrap()).collect();
            ScalarValue::Struct(Arc::new(StructArray::new(fields.clone(), columns, None)))
        })
        .boxed()
}

fn column(guest: &GuestType, rows: usize) -> impl Strategy<Value = Column> + use<> {
    let (inner, _) = guest.unwrap_option();
    let null = null(inner);
    let (before, after) = (0..9usize, 0..3usize);
    let inner = value(inner);
    (before, after, any::<u8>(), 0..6u8, any::<bool>()).prop_flat_map(
        move |(before, after, layout, constant, nulls)| {
            let total = (before + rows + after).max(1);
            let probability = if nulls { 0.3 } else { 1e-9 };
            let null = null.clone();
            vec(option::weighted(1.0 - probability, inner.clone()), total).prop_map(move |values| Column {
                values: values.into_iter().map(|value| value.unwrap_or_else(|| null.clone())).collect(),
                before: before.min(total - rows.min(total)),
                after: total - rows.min(total) - before.min(total - rows.min(total)),
                layout,
                constant: constant == 0,
            })
        },
    )
}

fn batch(guests: Vec<GuestType>) -> impl Strategy<Value = (usize, Vec<Column>)> {
    // Values of nested types are large, and slow to make.
    let rows = match guests.iter().map(GuestType::depth).max() {
        None | Some(0) => prop_oneof![30 => 0..20usize, 6 => 20..200usize, 1 => 8190..8300usize].boxed(),
        Some(1) => prop_oneof![30 => 0..20usize, 2 => 20..300usize].boxed(),
        _ => (0..9usize).boxed(),
    };
    rows.prop_flat_map(move |rows| {
        (Just(rows), guests.iter().map(|guest| column(guest, rows).boxed()).collect::<Vec<_>>())
    })
}

/// The first row that differs.
fn difference(found: &ArrayRef, expected: &ArrayRef) -> Option<String> {
    if found.data_type() != expected.data_type() || found.len() != expected.len() {
        return Some(format!(
            "{} of {}, {} of {}",
            found.len(),
            found.data_type(),
            expected.len(),
            expected.data_type()
        ));
    }
    let row = (0..found.len()).find(|row| found.slice(*row, 1) != expected.slice(*row, 1))?;
    let text = |array: &ArrayRef| {
        ArrayFormatter::try_new(array, &FormatOptions::default().with_null("NULL")).unwrap().value(row).to_string()
    };
    Some(format!("row {row}: {} instead of {}", text(found), text(expected)))
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() })
}

/// Checks every function of a module that has drivers. Returns how many there were.
fn check(module: &str, wit: Option<&str>, cases: u32) -> usize {
    let engine = engine();
    let read = || Module::read(&fixture(module), wit, 1 << 25).unwrap();
    let parsed = read();
    let world = parsed.wit().unwrap();
    let names: Vec<String> = world.functions().into_iter().map(|(name, _)| name).collect();
    let mut checked = 0;
    for name in names {
        let definition = engine.build(spec(&name, Abi::Canonical, DeclaredTypes::default()), Arc::new(read())).unwrap();
        if !definition.has_drivers() {
            continue;
        }
        checked += 1;
        let oracle = general(&definition).unwrap();
        let guests: Vec<GuestType> =
            definition.signature().guest.params.iter().map(|(_, guest)| guest.clone()).collect();
        let cases = if guests.iter().any(|guest| guest.depth() > 1) { cases / 3 } else { cases };
        runner(cases)
            .run(&batch(guests), |(rows, columns)| {
                let args: Vec<ColumnarValue> = columns.iter().map(Column::argument).collect();
                let expected = outcome(&oracle, &args, rows);
                let found = outcome(&definition.callable, &args, rows);
                match (&found, &expected) {
                    (Ok(found), Ok(expected)) => {
                        let difference = difference(found, expected);
                        prop_assert!(difference.is_none(), "{}, {}", name, difference.unwrap_or_default());
                    }
                    _ => prop_assert_eq!(&found, &expected, "{}", name),
                }
                Ok(())
            })
            .unwrap_or_else(|e| panic!("{module}, {name}: {e}"));
    }
    checked
}

#[test]
fn drivers_of_an_unwrapped_component_do_what_the_component_api_does() {
    assert!(check("built/types.component.wasm", None, CASES) >= 45);
    assert!(check("built/text.wasm", None, CASES) >= 7);
}

#[test]
fn drivers_of_a_core_module_with_wit_do_what_the_component_api_does() {
    let wit = String::from_utf8(fixture("rust/types/wit/types.wit")).unwrap();
    assert!(check("built/types.core.wasm", Some(&wit), CASES / 4) >= 45);
    let wit = String::from_utf8(fixture("c/wit/text-c.wit")).unwrap();
    assert!(check("built/text_c.wasm", Some(&wit), CASES / 4) >= 3);
}

/// A BASIC function of a module of one function.
fn basic(text: &str, params: &[DataType], result: &DataType) -> FunctionDefinition {
    let named = params.iter().enumerate().map(|(index, ty)| Parameter {
        name: format!("p{index}"),
        data_type: ty.clone(),
        not_null: false,
    });
    let declared =
        DeclaredTypes { params: Some(named.collect()), result: Some(result.clone()), ..DeclaredTypes::default() };
    let module = Module::read(text.as_bytes(), None, 1 << 20).unwrap();
    engine().build(spec("f", Abi::Basic, declared), Arc::new(module)).unwrap()
}

#[test]
fn basic_types_pass_unchanged() {
    let types = [
        (GuestType::Bool, DataType::Boolean, "i32"),
        (GuestType::S8, DataType::Int8, "i32"),
        (GuestType::U8, DataType::UInt8, "i32"),
        (GuestType::S16, DataType::Int16, "i32"),
        (GuestType::U16, DataType::UInt16, "i32"),
        (GuestType::S32, DataType::Int32, "i32"),
        (GuestType::U32, DataType::UInt32, "i32"),
        (GuestType::S64, DataType::Int64, "i64"),
        (GuestType::U64, DataType::UInt64, "i64"),
        (GuestType::F32, DataType::Float32, "f32"),
        (GuestType::F64, DataType::Float64, "f64"),
        (GuestType::S32, DataType::Date32, "i32"),
        (GuestType::S64, DataType::Timestamp(TimeUnit::Microsecond, Some("Europe/Rome".into())), "i64"),
        (GuestType::S64, DataType::Duration(TimeUnit::Second), "i64"),
        (GuestType::S32, DataType::Interval(IntervalUnit::YearMonth), "i32"),
    ];
    for (guest, ty, core) in types {
        let text = format!("(module (func (export \"f\") (param {core}) (result {core}) local.get 0))");
        let identity = basic(&text, std::slice::from_ref(&ty), &ty);
        runner(100)
            .run(&batch(vec![guest]), |(rows, columns)| {
                let plain = columns[0].argument().into_array(rows).unwrap();
                // The values of Arrow's other types are those of the integers that carry them.
                let data = plain.to_data().into_builder().data_type(ty.clone()).build().unwrap();
                let expected: ArrayRef = datafusion::arrow::array::make_array(data);
                let found = outcome(&identity.callable, &[ColumnarValue::Array(Arc::clone(&expected))], rows).unwrap();
                prop_assert_eq!(&found, &expected);
                Ok(())
            })
            .unwrap_or_else(|e| panic!("{ty}: {e}"));
    }
}

/// Straight-line integer functions, the first batch in a sandbox and the others through a kernel.
#[test]
fn vectors_do_what_the_function_does() {
    type Meaning = fn(i32, i32) -> i32;
    let functions: [(&str, Meaning); 4] = [
        ("(i32.mul (local.get 0) (local.get 1))", i32::wrapping_mul),
        ("(i32.sub (i32.const 7) (i32.xor (local.get 1) (local.get 0)))", |a, b| 7i32.wrapping_sub(b ^ a)),
        ("(i32.or (i32.and (local.get 0) (i32.const -8)) (local.get 1))", |a, b| (a & -8) | b),
        ("(i32.add (local.get 1) (i32.add (local.get 1) (i32.const 100)))", |_, b| b.wrapping_add(b).wrapping_add(100)),
    ];
    for (body, meaning) in functions {
        let text = format!("(module (func (export \"f\") (param i32 i32) (result i32) {body}))");
        let function = basic(&text, &[DataType::Int32, DataType::Int32], &DataType::Int32);
        runner(200)
            .run(&batch(vec![GuestType::S32, GuestType::S32]), |(rows, columns)| {
                let args: Vec<ColumnarValue> = columns.iter().map(Column::argument).collect();
                let arrays: Vec<ArrayRef> = args.iter().map(|arg| arg.to_array(rows).unwrap()).collect();
                let [a, b] = [&arrays[0], &arrays[1]].map(|array| array.as_primitive::<Int32Type>());
                let expected: Int32Array = a.iter().zip(b).map(|(a, b)| Some(meaning(a?, b?))).collect();
                let found = outcome(&function.callable, &args, rows).unwrap();
                prop_assert_eq!(found.as_primitive::<Int32Type>(), &expected);
                Ok(())
            })
            .unwrap_or_else(|e| panic!("{body}: {e}"));
    }
}

/// Loops, which are written several times over when they are small, turn as often as they do in plain wasmtime, and are left
/// in the same ways.
#[test]
fn loops_do_what_wasmtime_does() {
    // All turn at most `a & 31` times, on local 0; local 2 is what comes out.
    let counted = "(local i32 i32) (local.set 3 (i32.and (local.get 0) (i32.const 31)))";
    let step = "(local.set 2 (i32.add (i32.mul (local.get 2) (i32.const 31)) (i32.xor (local.get 1) (local.get 3))))";
    let more = "(i32.ge_s (local.tee 3 (i32.sub (local.get 3) (i32.const 1))) (i32.const 0))";
    let loops = [
        // A turn at least.
        "(loop $l STEP (br_if $l MORE)) (local.get 2)",
        // Perhaps none, and left in the middle.
        "(block $end (loop $l (br_if $end (i32.eqz MORE)) STEP (br_if $end (i32.eq (local.get 1) (local.get 3))) (br $l)))
            (local.get 2)",
        // With a result, which is left on the way, too.
        "(block $end (result i32)
            (loop $l (result i32) (drop (br_if $end (i32.const 7) (i32.eq (local.get 1) (local.get 3))))
                STEP (br_if $l MORE) (local.get 2)))",
        // Turned from within other blocks, on both sides.
        "(loop $l (if MORE
            (then (if (i32.and (local.get 3) (i32.const 1)) (then STEP (br $l)) (else (block STEP STEP (br $l))))
                (local.set 2 (i32.const 0)))))
            (local.get 2)",
        // Left for a loop further out, which goes on or is left.
        "(block $end (loop $out
            (loop $l STEP (br_if $end (i32.eqz MORE)) (br_if $out (i32.and (local.get 3) (i32.const 2))) (br_if $l MORE))
            (local.set 2 (i32.add (local.get 2) (i32.const 5))) (br_if $out MORE)))
            (local.get 2)",
        // By tables.
        "(block $end (block $near (loop $l (block $here STEP (br_if $near (i32.eqz MORE))
            (br_table $here $l $near $end $l (i32.and (local.get 2) (i32.const 7)))) STEP (br $l))) STEP) (local.get 2)",
        // Left by the function.
        "(loop $l STEP (if (i32.eq (local.get 1) (local.get 3)) (then (return (local.get 3)))) (br_if $l MORE)) (local.get 2)",
        // What is on the stack when it begins stays there.
        "(local.get 1) (loop $l STEP (br_if $l MORE)) (i32.add (local.get 2))",
        // Given values, which the others are not.
        "(local.get 1) (loop $l (param i32) (result i32)
            (local.set 2 (i32.add (local.get 2))) STEP (local.get 2) (br_if $l MORE))",
        // Never turned.
        "(loop $l STEP (br_if 1 (i32.const 9) (i32.eqz MORE)) (drop)) (local.get 2)",
        // A trap on the way.
        "(loop $l STEP (drop (i32.div_s (i32.const 1) (i32.sub (local.get 1) (local.get 3)))) (br_if $l MORE)) (local.get 2)",
    ];
    let wasmtime = wasmtime::Engine::default();
    for body in loops {
        let body = body.replace("STEP", step).replace("MORE", more);
        let text = format!("(module (func (export \"f\") (param i32 i32) (result i32) {counted} {body}))");
        let function = basic(&text, &[DataType::Int32, DataType::Int32], &DataType::Int32);
        let module = wasmtime::Module::new(&wasmtime, wat::parse_str(&text).unwrap()).unwrap();
        for a in 0..32 {
            for b in -2..33 {
                let mut store = wasmtime::Store::new(&wasmtime, ());
                let instance = wasmtime::Instance::new(&mut store, &module, &[]).unwrap();
                let plain = instance.get_typed_func::<(i32, i32), i32>(&mut store, "f").unwrap();
                let expected = plain.call(&mut store, (a, b)).ok();
                let args = [a, b].map(|n| ColumnarValue::Array(Arc::new(Int32Array::from(vec![n])) as ArrayRef));
                let found = outcome(&function.callable, &args, 1).ok();
                assert_eq!(found.map(|f| f.as_primitive::<Int32Type>().value(0)), expected, "{body} of {a}, {b}");
            }
        }
    }
}

#[test]
fn basic_arithmetic_is_right_for_columns_and_constants() {
    let text = "(module (func (export \"f\") (param i64 i64) (result i64) (i64.sub (local.get 0) (local.get 1))))";
    let minus = basic(text, &[DataType::Int64, DataType::Int64], &DataType::Int64);
    runner(500)
        .run(&batch(vec![GuestType::S64, GuestType::S64]), |(rows, columns)| {
            let args: Vec<ColumnarValue> = columns.iter().map(Column::argument).collect();
            let arrays: Vec<ArrayRef> = args.iter().map(|arg| arg.to_array(rows).unwrap()).collect();
            let [a, b] = [&arrays[0], &arrays[1]].map(|array| array.as_primitive::<Int64Type>());
            let expected: Int64Array = a.iter().zip(b).map(|(a, b)| Some(a?.wrapping_sub(b?))).collect();
            let found = outcome(&minus.callable, &args, rows).unwrap();
            prop_assert_eq!(found.as_primitive::<Int64Type>(), &expected);
            Ok(())
        })
        .unwrap();
}

fn is_arithmetic(function: &FunctionDefinition) -> bool {
    matches!(&function.callable.route, Route::Drivers(drivers) if drivers.function.is_arithmetic())
}

/// Straight-line functions give the same bits through a kernel as one by one in a sandbox, also of NaNs.
#[test]
fn kernels_give_the_same_bits() {
    // `T` is the type.
    let floats = [
        "(T.add (T.mul (T.sub (T.mul (local.get 0) (T.const 0.25)) (local.get 1)) (local.get 0)) (T.const 1.5))",
        "(T.div (local.get 0) (local.get 1))",
        "(T.sqrt (T.abs (local.get 1)))",
        "(T.sub (T.neg (local.get 0)) (T.const -0))",
        "(T.sub (T.ceil (local.get 0)) (T.floor (local.get 1)))",
        "(T.add (T.trunc (local.get 0)) (T.nearest (local.get 1)))",
        "(local T T) (local.set 3 (T.mul (local.get 0) (local.get 0))) \
         (T.add (local.get 3) (T.div (local.tee 2 (T.add (local.get 3) (local.get 1))) (local.get 2)))",
        "(select (local.get 0) (T.neg (local.get 1)) (T.lt (local.get 0) (local.get 1)))",
        "(select (T.const nan) (local.get 1) (i32.eqz (T.ge (local.get 0) (T.const 0))))",
        "(select (local.get 0) (select (local.get 1) (T.const 7) (T.ne (local.get 1) (local.get 1))) \
            (T.eq (local.get 0) (local.get 0)))",
    ];
    let integers = [
        "(T.add (T.mul (local.get 0) (T.const 3)) (T.xor (local.get 1) (T.const -7)))",
        "(T.or (T.shl (T.sub (local.get 0) (local.get 1)) (T.const 3)) (T.shr_s (local.get 1) (T.const 67)))",
        "(T.and (T.shr_u (local.get 0) (T.const 5)) (local.get 1))",
        "(select (local.get 0) (local.get 1) (T.lt_s (local.get 0) (local.get 1)))",
        "(select (T.const 0) (local.get 0) (i32.eqz (T.ge_s (local.get 1) (T.const 5))))",
        "(select (local.get 1) (local.get 0) (T.eqz (T.and (local.get 0) (T.const 1))))",
        "(local.get 1)",
    ];
    let unsigned = ["lt_u", "le_u", "gt_u", "ge_u"]
        .map(|how| format!("(select (local.get 0) (local.get 1) (i32.{how} (local.get 0) (local.get 1)))"));
    for (ty, guest, sql) in [("f32", GuestType::F32, DataType::Float32), ("f64", GuestType::F64, DataType::Float64)] {
        floats.iter().for_each(|body| same_bits(&body.replace('T', ty), ty, &guest, &sql));
    }
    for (ty, guest, sql) in [("i32", GuestType::S32, DataType::Int32), ("i64", GuestType::S64, DataType::Int64)] {
        integers.iter().for_each(|body| same_bits(&body.replace('T', ty), ty, &guest, &sql));
    }
    unsigned.iter().for_each(|body| same_bits(body, "i32", &GuestType::S32, &DataType::Int32));
}

fn same_bits(body: &str, ty: &str, guest: &GuestType, sql: &DataType) {
    let signature = format!("(param {ty} {ty}) (result {ty})");
    let types = [sql.clone(), sql.clone()];
    let as_kernel = basic(&format!("(module (func (export \"f\") {signature} {body}))"), &types, sql);
    // A call is more than arithmetic.
    let one_by_one = basic(
        &format!(
            "(module (func $g {signature} {body})
                (func (export \"f\") {signature} (call $g (local.get 0) (local.get 1))))"
        ),
        &types,
        sql,
    );
    assert!(is_arithmetic(&as_kernel) && !is_arithmetic(&one_by_one), "{body}");
    runner(100)
        .run(&batch(vec![guest.clone(), guest.clone()]), |(rows, columns)| {
            let args: Vec<ColumnarValue> = columns.iter().map(Column::argument).collect();
            let bits = |function: &FunctionDefinition| -> ArrayRef {
                let result = outcome(&function.callable, &args, rows).unwrap();
                match result.data_type() {
                    DataType::Float32 => {
                        Arc::new(unary::<_, _, UInt32Type>(result.as_primitive::<Float32Type>(), f32::to_bits))
                    }
                    DataType::Float64 => {
                        Arc::new(unary::<_, _, UInt64Type>(result.as_primitive::<Float64Type>(), f64::to_bits))
                    }
                    _ => result,
                }
            };
            prop_assert_eq!(&bits(&as_kernel), &bits(&one_by_one));
            Ok(())
        })
        .unwrap_or_else(|e| panic!("{body}: {e}"));
    assert!(has_kernel(&as_kernel), "{body}");
}

fn has_kernel(function: &FunctionDefinition) -> bool {
    let Route::Drivers(drivers) = &function.callable.route else { return false };
    drivers.function.kernel().is_some_and(|kernel| kernel.code(0).is_some())
}

/// A batch that workers share, of a column that begins somewhere in its buffer.
#[test]
fn kernels_are_right_for_millions_of_rows() {
    let text = "(module (func (export \"f\") (param i64 i64) (result i64) (i64.sub (local.get 0) (local.get 1))))";
    let minus = basic(text, &[DataType::Int64, DataType::Int64], &DataType::Int64);
    let squares = Int64Array::from_iter_values((0..3_000_005).map(|n: i64| n * n)).slice(5, 3_000_000);
    let args = [ColumnarValue::Array(Arc::new(squares)), ColumnarValue::Scalar(ScalarValue::from(7i64))];
    let expected = Int64Array::from_iter_values((5..3_000_005).map(|n: i64| n * n - 7));
    assert!(!has_kernel(&minus));
    for _ in 0..3 {
        let found = outcome(&minus.callable, &args, 3_000_000).unwrap();
        assert_eq!(found.as_primitive::<Int64Type>(), &expected);
        assert!(has_kernel(&minus));
    }
}

/// What is more than arithmetic of one type, or not the same on vectors, is left to drivers.
#[test]
fn other_functions_have_no_kernel() {
    for (ty, sql, body) in [
        ("f64", DataType::Float64, "(f64.min (local.get 0) (local.get 1))"),
        ("f64", DataType::Float64, "(select (local.get 0) (local.get 1) (i32.lt_s (i32.const 1) (i32.const 2)))"),
        ("f64", DataType::Float64, "(f64.promote_f32 (f32.const 1))"),
        ("i64", DataType::Int64, "(select (local.get 0) (local.get 1) (i64.lt_u (local.get 0) (local.get 1)))"),
        ("i64", DataType::Int64, "(i64.div_s (local.get 0) (local.get 1))"),
        ("i64", DataType::Int64, "(i64.shl (local.get 0) (local.get 1))"),
        ("i32", DataType::Int32, "(i32.lt_s (local.get 0) (local.get 1))"),
        ("i32", DataType::Int32, "(i32.add (local.get 0) (i32.eqz (local.get 1)))"),
        ("i32", DataType::Int32, "(select (local.get 0) (local.get 1) (local.get 1))"),
        ("i32", DataType::Int32, "(local i32) (i32.add (local.get 0) (local.get 2))"),
        ("i32", DataType::Int32, "(if (result i32) (local.get 0) (then (local.get 1)) (else (i32.const 0)))"),
    ] {
        let text = format!("(module (func (export \"f\") (param {ty} {ty}) (result {ty}) {body}))");
        assert!(!is_arithmetic(&basic(&text, &[sql.clone(), sql.clone()], &sql)), "{body}");
    }
}

/// What a function does before anything else, once, is done before the first row, whatever the number of rows.
#[test]
fn what_is_done_once_is_done_first() {
    let text = "(module (memory (export \"memory\") 1)
        (func $once (i64.store (i32.const 8) (i64.const 1000)))
        (func (export \"f\") (param i64 i64) (result i64)
            (block (br_if 0 (i32.load8_u offset=100 (i32.const 4)))
                (call $once) (i32.store8 offset=100 (i32.const 4) (i32.const 1)))
            (i64.add (local.get 0) (local.get 1))))";
    let types = [DataType::Int64, DataType::Int64];
    assert!(is_arithmetic(&basic(text, &types, &DataType::Int64)));
    for (wrong, right) in [
        // Another flag than the one that is looked at, which stays 0.
        ("i32.store8 offset=100", "i32.store8 offset=101"),
        ("(i32.const 4) (i32.const 1)", "(i32.const 5) (i32.const 1)"),
        ("(i32.const 4) (i32.const 1)", "(i32.const 4) (i32.const 0)"),
    ] {
        assert!(text.contains(wrong));
        assert!(!is_arithmetic(&basic(&text.replace(wrong, right), &types, &DataType::Int64)), "{right}");
    }
    for rows in [1, 7, 8, 9, 16, 17, 100] {
        // A sandbox in which nothing has been done.
        let function = basic(text, &types, &DataType::Int64);
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
        let args = [ColumnarValue::Array(Arc::clone(&column)), ColumnarValue::Array(column)];
        let expected = Int64Array::from_iter_values((0..rows).map(|row| 2 * row));
        for _ in 0..2 {
            let found = outcome(&function.callable, &args, rows as usize).unwrap();
            assert_eq!(found.as_primitive::<Int64Type>(), &expected);
        }
    }
    let reads_it = text.replace("(i64.add (local.get 0) (local.get 1))", "(i64.load (i32.const 8))");
    let function = basic(&reads_it, &types, &DataType::Int64);
    assert!(!is_arithmetic(&function));
    let zeros: ArrayRef = Arc::new(Int64Array::from(vec![0; 20]));
    let args = [ColumnarValue::Array(Arc::clone(&zeros)), ColumnarValue::Array(zeros)];
    let found = outcome(&function.callable, &args, 20).unwrap();
    assert_eq!(found.as_primitive::<Int64Type>(), &Int64Array::from(vec![1000; 20]));
}
