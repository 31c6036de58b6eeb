//! The same functions on the same data in several engines, in one process.
//!
//! It prints a line of JSON for each measurement: engine, function, rows of a batch, nulls in a hundred, and nanoseconds per
//! row, the median of several samples. Before it measures, every engine's result is compared with that of native Rust.
//! `wasmfusion-peers data` prints the data for engines of other languages, `wasmfusion-peers queries` measures whole queries.

mod arrow_udf;
mod data;
mod engine;
mod native;
mod ours;
mod per_row;
mod queries;

use std::{
    env, fs,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::json;

use self::{
    arrow_udf::ArrowUdf,
    data::{Column, Kind, columns},
    engine::{Call, Engine},
    native::Native,
    ours::Ours,
    per_row::{Components, Core},
};

/// A function, and what it is called on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    kind: Kind,
}

const CASES: [Case; 10] = [
    Case { name: "add", kind: Kind::Longs(2) },
    Case { name: "haversine", kind: Kind::Degrees },
    Case { name: "gcd", kind: Kind::Ints(2) },
    Case { name: "luhn", kind: Kind::Longs(1) },
    Case { name: "shout", kind: Kind::Words(1) },
    Case { name: "distance", kind: Kind::Words(2) },
    Case { name: "is_match", kind: Kind::Lines },
    Case { name: "field", kind: Kind::Documents },
    Case { name: "sentiment", kind: Kind::Sentences },
    Case { name: "split", kind: Kind::Lists },
];

/// Rows of a batch, and nulls in a hundred.
const SHAPES: [(usize, u64); 7] = [(8192, 0), (8192, 10), (8192, 90), (1, 0), (64, 0), (1024, 0), (65536, 0)];

/// Samples of a measurement, and how long each takes at least.
const SAMPLES: usize = 11;
const SAMPLE: Duration = Duration::from_millis(20);

fn main() {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("built");
    match env::args().nth(1).as_deref() {
        None => measure_functions(&built),
        Some("data") => print_data(),
        Some("queries") => queries::measure(&built.join("ours.wasm")),
        Some(other) => panic!("{other} is neither data nor queries"),
    }
}

fn measure_functions(built: &Path) {
    let read = |name: &str| fs::read(built.join(name)).expect("a built guest");
    let engines: [Box<dyn Engine>; 5] = [
        Box::new(Native),
        Box::new(Ours::new(&built.join("ours.wasm").display().to_string(), &CASES)),
        Box::new(ArrowUdf::new(&read("arrow_udf.wasm"))),
        Box::new(Core::new(&read("ours.core.wasm"))),
        Box::new(Components::new(&read("ours.wasm"))),
    ];
    for case in &CASES {
        for (rows, nulls) in SHAPES {
            let columns = columns(case.kind, rows, nulls);
            let mut expected = None;
            for engine in &engines {
                let Some(mut call) = engine.prepare(case, &columns) else { continue };
                let found = call.rows();
                let expected = expected.get_or_insert_with(|| found.clone());
                assert_eq!(found.len(), expected.len(), "{} of {}", case.name, engine.name());
                for (found, expected) in found.iter().zip(expected.iter()) {
                    let (name, engine) = (case.name, engine.name());
                    assert!(engine::same(found, expected), "{name} of {engine}: {found} instead of {expected}");
                }
                let nanoseconds = measure(call.as_mut()) / rows as f64;
                println!(
                    "{}",
                    json!({"engine": engine.name(), "function": case.name, "rows": rows, "nulls": nulls, "ns": nanoseconds})
                );
            }
        }
    }
}

/// Prints what functions are called on in batches of the first shape, for engines of other languages.
fn print_data() {
    let (rows, nulls) = SHAPES[0];
    let case = |case: &Case| {
        let columns: Vec<_> = columns(case.kind, rows, nulls).iter().map(Column::json).collect();
        let expected = Native.prepare(case, &self::columns(case.kind, rows, nulls)).map(|mut call| call.rows());
        (case.name.to_owned(), json!({"columns": columns, "expected": expected}))
    };
    println!("{}", serde_json::Value::Object(CASES.iter().map(case).collect()));
}

/// The median of the nanoseconds that a call takes.
fn measure(call: &mut dyn Call) -> f64 {
    // As often as a sample takes, found by doubling; this warms up as well.
    let mut times = 1u32;
    while sample(call, times) < SAMPLE && times < 1 << 24 {
        times *= 2;
    }
    let mut samples: Vec<Duration> = (0..SAMPLES).map(|_| sample(call, times)).collect();
    samples.sort();
    samples[SAMPLES / 2].as_secs_f64() * 1e9 / f64::from(times)
}

fn sample(call: &mut dyn Call, times: u32) -> Duration {
    let start = Instant::now();
    (0..times).for_each(|_| call.run());
    start.elapsed()
}
