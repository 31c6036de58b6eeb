//! Functions on one batch, one core, everything from Arrow array to Arrow array counted, against native Rust and
//! against calling the guest once per row.
//!
//! `cargo bench --bench functions` prints the ratios of the run at its end.

mod support;

use std::{fs, hint::black_box, sync::Arc};

use criterion::{BatchSize, Criterion, Throughput};
use datafusion::{
    arrow::{
        array::{ArrayRef, AsArray, Float32Array, Float64Array, Int32Array, Int64Array, StringArray, StringBuilder},
        compute::{binary, cast, sort, unary},
        datatypes::{DataType, Float32Type, Float64Type, Int32Type, Int64Type},
    },
    logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf},
};
use support::{Bar, Function, fixtures, print_ratios, run, session};

/// The functions of the guest `geo`, compiled for this machine: the same code.
#[path = "../udf-fixtures/rust/geo/src/lib.rs"]
#[expect(unreachable_pub, reason = "in the guest they are exports")]
mod native;

const ROWS: usize = 8192;
const MANY_ROWS: usize = 1_000_000;

const FUNCTIONS: &str = "
    CREATE FUNCTION add_basic(a BIGINT, b BIGINT) RETURNS BIGINT
        AS WASM FROM INFILE '$F/built/geo.wasm' USING EXPORT 'add';
    CREATE FUNCTION add_component AS WASM FROM INFILE '$F/built/text.wasm' USING EXPORT 'add';
    CREATE FUNCTION haversine(lat1 DOUBLE, lon1 DOUBLE, lat2 DOUBLE, lon2 DOUBLE) RETURNS DOUBLE
        AS WASM FROM INFILE '$F/built/geo.wasm';
    CREATE FUNCTION guest_gcd(a INT, b INT) RETURNS INT AS WASM FROM INFILE '$F/built/geo.wasm' USING EXPORT 'gcd';
    CREATE FUNCTION shout AS WASM FROM INFILE '$F/built/text.wasm';
    CREATE FUNCTION polynomial(x REAL) RETURNS REAL AS WASM FROM INFILE '$F/wat/arithmetic.wat';
    CREATE FUNCTION polynomial_by_call(x REAL) RETURNS REAL AS WASM FROM INFILE '$F/wat/arithmetic.wat'";

/// A fixed sequence of numbers that look random.
fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 20
    })
}

fn integers(seed: u64, rows: usize) -> Int64Array {
    numbers(seed).take(rows).map(u64::cast_signed).collect()
}

fn small_integers(seed: u64, rows: usize) -> Int32Array {
    numbers(seed).take(rows).map(|n| Some((n % 1_000_000) as i32 + 1)).collect()
}

/// Degrees between `-limit` and `limit`.
fn degrees(seed: u64, limit: f64, rows: usize) -> Float64Array {
    numbers(seed).take(rows).map(|n| Some((n % 1_000_000) as f64 / 500_000.0 * limit - limit)).collect()
}

fn coordinates(rows: usize) -> Vec<ArrayRef> {
    [(1, 90.0), (2, 180.0), (3, 90.0), (4, 180.0)]
        .into_iter()
        .map(|(seed, limit)| Arc::new(degrees(seed, limit, rows)) as ArrayRef)
        .collect()
}

fn add(c: &mut Criterion) {
    let session = session(1);
    run(&session, FUNCTIONS);
    let (a, b) = (integers(1, ROWS), integers(2, ROWS));
    let args: Vec<ArrayRef> = vec![Arc::new(a.clone()), Arc::new(b.clone())];
    let mut group = c.benchmark_group("add");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("native", |bencher| {
        bencher.iter(|| binary::<_, _, _, Int64Type>(black_box(&a), black_box(&b), i64::wrapping_add).unwrap());
    });
    for (name, function) in [("basic", "add_basic"), ("component", "add_component")] {
        let function = Function::new(&session, function, &args);
        group.bench_function(name, |bencher| bencher.iter(|| function.call()));
    }
    per_row::core(&mut group, &a, &b);
    per_row::component(&mut group, &a, &b);
    group.finish();
}

fn haversine(c: &mut Criterion) {
    let session = session(1);
    run(&session, FUNCTIONS);
    let args = coordinates(ROWS);
    let mut group = c.benchmark_group("haversine");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("native", |bencher| {
        let columns: Vec<&Float64Array> = args.iter().map(|arg| arg.as_primitive::<Float64Type>()).collect();
        bencher.iter(|| {
            (0..ROWS)
                .map(|row| {
                    let at = |column: usize| columns[column].value(row);
                    Some(native::haversine(at(0), at(1), at(2), at(3)))
                })
                .collect::<Float64Array>()
        });
    });
    let function = Function::new(&session, "haversine", &args);
    group.bench_function("wasm", |bencher| bencher.iter(|| function.call()));
    group.finish();
}

fn gcd(c: &mut Criterion) {
    let session = session(1);
    run(&session, FUNCTIONS);
    let (a, b) = (small_integers(1, ROWS), small_integers(2, ROWS));
    let args: Vec<ArrayRef> = vec![Arc::new(a.clone()), Arc::new(b.clone())];
    let mut group = c.benchmark_group("gcd");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("native", |bencher| {
        bencher.iter(|| binary::<_, _, _, Int32Type>(black_box(&a), black_box(&b), |a, b| native::gcd(a, b)).unwrap());
    });
    let function = Function::new(&session, "guest_gcd", &args);
    group.bench_function("wasm", |bencher| bencher.iter(|| function.call()));
    group.finish();
}

fn shout(c: &mut Criterion) {
    let session = session(1);
    run(&session, FUNCTIONS);
    // 20 bytes each.
    let texts: StringArray = (0..ROWS).map(|row| Some(format!("row number {row:04} text"))).collect();
    assert_eq!(texts.value(7).len(), 20);
    let mut group = c.benchmark_group("shout");
    group.throughput(Throughput::Elements(ROWS as u64));
    // The same on Arrow's strings, without an allocation per row.
    group.bench_function("native", |bencher| {
        bencher.iter(|| {
            let mut shouted = StringBuilder::with_capacity(ROWS, 21 * ROWS);
            let mut buffer = String::new();
            for text in black_box(&texts) {
                buffer.clear();
                buffer.push_str(text.unwrap_or_default());
                buffer.make_ascii_uppercase();
                buffer.push('!');
                shouted.append_value(&buffer);
            }
            shouted.finish()
        });
    });
    let function = Function::new(&session, "shout", &[Arc::new(texts)]);
    group.bench_function("component", |bencher| bencher.iter(|| function.call()));
    group.finish();
}

/// A polynomial as a kernel and row by row, and with nulls, which kernels do not care about.
fn polynomial(c: &mut Criterion) {
    let session = session(1);
    run(&session, FUNCTIONS);
    let values = || numbers(1).take(ROWS).map(|n| (n % 1_000_000) as f32 / 500_000.0 - 1.0);
    let x: Float32Array = values().map(Some).collect();
    let holes: ArrayRef =
        Arc::new(values().zip(numbers(2)).map(|(x, n)| (n % 10 > 0).then_some(x)).collect::<Float32Array>());
    let mut group = c.benchmark_group("polynomial");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("native", |bencher| {
        let of = |x: f32| (((0.5 * x - 1.5) * x + 2.0) * x - 1.0) * x + 0.25;
        bencher.iter(|| unary::<_, _, Float32Type>(black_box(&x), of));
    });
    let x: ArrayRef = Arc::new(x);
    for (kind, args) in [("", [x]), (", nulls", [holes])] {
        for (name, function) in [("kernel", "polynomial"), ("one by one", "polynomial_by_call")] {
            let function = Function::new(&session, function, &args);
            group.bench_function(format!("{name}{kind}"), |bencher| bencher.iter(|| function.call()));
        }
    }
    group.finish();
}

/// A column of few texts, as it is, sorted, and as a dictionary.
fn few_values(c: &mut Criterion) {
    let session = session(1);
    run(&session, FUNCTIONS);
    let texts: StringArray = numbers(1).take(ROWS).map(|n| Some(format!("row number {:04} text", n % 100))).collect();
    let keys = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let encoded = cast(&texts, &keys).expect("a dictionary");
    let sorted = sort(&texts, None).expect("texts in order");
    let mut group = c.benchmark_group("few values");
    group.throughput(Throughput::Elements(ROWS as u64));
    for (name, column) in [("plain", Arc::new(texts) as ArrayRef), ("sorted", sorted), ("encoded", encoded)] {
        let function = Function::new(&session, "shout", &[column]);
        group.bench_function(name, |bencher| bencher.iter(|| function.call()));
    }
    group.finish();
}

fn one_row(c: &mut Criterion) {
    let session = session(1);
    run(&session, FUNCTIONS);
    let mut group = c.benchmark_group("one row");
    let numbers: Vec<ArrayRef> = vec![Arc::new(integers(1, 1)), Arc::new(integers(2, 1))];
    session.context().register_udf(native_add());
    for (name, function) in [("native", "native_add"), ("add", "add_basic")] {
        let function = Function::new(&session, function, &numbers);
        group.bench_function(name, |bencher| bencher.iter(|| function.call()));
    }
    let shout = Function::new(&session, "shout", &[Arc::new(StringArray::from(vec!["one row"]))]);
    group.bench_function("shout", |bencher| bencher.iter(|| shout.call()));
    group.finish();
}

/// What a function of DataFusion's costs that does the same.
fn native_add() -> ScalarUDF {
    let add = |args: &[ColumnarValue]| {
        let [ColumnarValue::Array(a), ColumnarValue::Array(b)] = args else { panic!("two columns") };
        let (a, b) = (a.as_primitive::<Int64Type>(), b.as_primitive::<Int64Type>());
        let sum = binary::<_, _, _, Int64Type>(a, b, i64::wrapping_add)?;
        Ok(ColumnarValue::Array(Arc::new(sum)))
    };
    let types = vec![DataType::Int64, DataType::Int64];
    create_udf("native_add", types, DataType::Int64, Volatility::Immutable, Arc::new(add))
}

fn workers(c: &mut Criterion) {
    let args = coordinates(MANY_ROWS);
    let mut group = c.benchmark_group("workers");
    group.throughput(Throughput::Elements(MANY_ROWS as u64)).sample_size(20);
    for workers in [1, 2] {
        let session = session(workers);
        run(&session, FUNCTIONS);
        let function = Function::new(&session, "haversine", &args);
        group.bench_function(workers.to_string(), |bencher| {
            bencher.iter_batched(|| (), |()| function.call(), BatchSize::PerIteration);
        });
    }
    group.finish();
}

/// What everyone else does: the host calls the guest once per row.
mod per_row {
    use criterion::{BenchmarkGroup, measurement::WallTime};
    use wasmtime::{Config, Engine, Instance, Module, Store, component};

    use super::{Int64Array, fixtures, fs};

    fn engine() -> Engine {
        Engine::new(Config::new().concurrency_support(false)).unwrap()
    }

    pub(super) fn core(group: &mut BenchmarkGroup<'_, WallTime>, a: &Int64Array, b: &Int64Array) {
        let engine = engine();
        let module = Module::new(&engine, fs::read(fixtures().join("built/geo.wasm")).unwrap()).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let add = instance.get_typed_func::<(i64, i64), i64>(&mut store, "add").unwrap();
        group.bench_function("core function per row", |bencher| {
            bencher.iter(|| {
                let rows = a.values().iter().zip(b.values());
                rows.map(|(a, b)| Some(add.call(&mut store, (*a, *b)).unwrap())).collect::<Int64Array>()
            });
        });
    }

    pub(super) fn component(group: &mut BenchmarkGroup<'_, WallTime>, a: &Int64Array, b: &Int64Array) {
        let engine = engine();
        let bytes = fs::read(fixtures().join("built/text.wasm")).unwrap();
        let component = component::Component::new(&engine, bytes).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = component::Linker::new(&engine).instantiate(&mut store, &component).unwrap();
        let add = instance.get_typed_func::<(i64, i64), (i64,)>(&mut store, "add").unwrap();
        group.bench_function("component function per row", |bencher| {
            bencher.iter(|| {
                let rows = a.values().iter().zip(b.values());
                rows.map(|(a, b)| Some(add.call(&mut store, (*a, *b)).unwrap().0)).collect::<Int64Array>()
            });
        });
    }
}

const BARS: &[Bar] = &[
    Bar { what: "add, BASIC / arrow's kernel", of: ("add", "basic"), over: ("add", "native"), wanted: "at most 2" },
    Bar {
        what: "add, component / arrow's kernel",
        of: ("add", "component"),
        over: ("add", "native"),
        wanted: "at most 2",
    },
    Bar {
        what: "core function per row / add, BASIC",
        of: ("add", "core function per row"),
        over: ("add", "basic"),
        wanted: "at least 25",
    },
    Bar {
        what: "component function per row / add, component",
        of: ("add", "component function per row"),
        over: ("add", "component"),
        wanted: "at least 200",
    },
    Bar {
        what: "polynomial / native",
        of: ("polynomial", "kernel"),
        over: ("polynomial", "native"),
        wanted: "at most 1.3",
    },
    Bar {
        what: "polynomial, one by one / kernel",
        of: ("polynomial", "one by one"),
        over: ("polynomial", "kernel"),
        wanted: "",
    },
    Bar {
        what: "polynomial with nulls, one by one / kernel",
        of: ("polynomial", "one by one, nulls"),
        over: ("polynomial", "kernel, nulls"),
        wanted: "",
    },
    Bar {
        what: "shout of 100 texts, plain / dictionary",
        of: ("few values", "plain"),
        over: ("few values", "encoded"),
        wanted: "",
    },
    Bar {
        what: "shout of 100 texts, plain / sorted",
        of: ("few values", "plain"),
        over: ("few values", "sorted"),
        wanted: "",
    },
    Bar {
        what: "haversine / native",
        of: ("haversine", "wasm"),
        over: ("haversine", "native"),
        wanted: "at most 1.15",
    },
    Bar { what: "one row of add / a native function", of: ("one row", "add"), over: ("one row", "native"), wanted: "" },
    Bar { what: "gcd / native", of: ("gcd", "wasm"), over: ("gcd", "native"), wanted: "at most 1.2" },
    Bar { what: "shout / native", of: ("shout", "component"), over: ("shout", "native"), wanted: "at most 1.7" },
    Bar {
        what: "haversine over 1,000,000 rows, one worker / two",
        of: ("workers", "1"),
        over: ("workers", "2"),
        wanted: "at least 1.8",
    },
];

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for bench in [add, haversine, gcd, shout, polynomial, few_values, one_row, workers] {
        bench(&mut criterion);
    }
    criterion.final_summary();
    print_ratios(BARS);
    for function in ["add", "shout"] {
        if let Some(nanoseconds) = support::median(("one row", function)) {
            println!("| one row of {function}, in µs | {:.2} | at most 0.5 |", nanoseconds / 1000.0);
        }
    }
}
