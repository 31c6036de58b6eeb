//! The same functions on the same data in several engines, in one process.
//!
//! It prints a line of JSON for each measurement: engine, function, rows of a batch, nulls in a hundred, and nanoseconds per
//! row, the fastest of samples that the engines take in turns: machines are shared, and their speed changes. Before it
//! measures, every engine's result is compared with that of native Rust.
//! `wasmfusion-peers data` prints the data for engines of other languages, `wasmfusion-peers queries` measures whole queries, and
//! `wasmfusion-peers gcd luhn` these functions only.

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
const SAMPLES: usize = 21;
const SAMPLE: Duration = Duration::from_millis(20);

fn main() {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("built");
    let args: Vec<String> = env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("data") => print_data(),
        Some("queries") => queries::measure(&built.join("ours.wasm")),
        _ => {
            let unknown = args.iter().find(|arg| CASES.iter().all(|case| case.name != *arg));
            assert!(unknown.is_none(), "{unknown:?} is neither data nor queries nor a function");
            measure_functions(&built, |case| args.is_empty() || args.iter().any(|arg| arg == case.name));
        }
    }
}

fn measure_functions(built: &Path, is_wanted: impl Fn(&Case) -> bool) {
    let read = |name: &str| fs::read(built.join(name)).expect("a built guest");
    let engines: [Box<dyn Engine>; 5] = [
        Box::new(Native),
        Box::new(Ours::new(&built.join("ours.wasm").display().to_string(), &CASES)),
        Box::new(ArrowUdf::new(&read("arrow_udf.wasm"))),
        Box::new(Core::new(&read("ours.core.wasm"))),
        Box::new(Components::new(&read("ours.wasm"))),
    ];
    for case in CASES.iter().filter(|case| is_wanted(case)) {
        for (rows, nulls) in SHAPES {
            let columns = columns(case.kind, rows, nulls);
            let mut expected = None;
            let mut measured = Vec::new();
            for engine in &engines {
                let Some(mut call) = engine.prepare(case, &columns) else { continue };
                let found = call.rows();
                let expected = expected.get_or_insert_with(|| found.clone());
                assert_eq!(found.len(), expected.len(), "{} of {}", case.name, engine.name());
                for (found, expected) in found.iter().zip(expected.iter()) {
                    let (name, engine) = (case.name, engine.name());
                    assert!(engine::same(found, expected), "{name} of {engine}: {found} instead of {expected}");
                }
                measured.push((engine.name(), Measured::new(call)));
            }
            for _ in 0..SAMPLES {
                for (_, measured) in &mut measured {
                    measured.sample();
                }
            }
            for (engine, Measured { fastest, .. }) in measured {
                let nanoseconds = fastest / rows as f64;
                println!(
                    "{}",
                    json!({"engine": engine, "function": case.name, "rows": rows, "nulls": nulls, "ns": nanoseconds})
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

/// A call, and what it takes.
struct Measured {
    call: Box<dyn Call>,
    /// How often it is called in a sample.
    times: u32,
    /// The fewest nanoseconds that a call took so far.
    fastest: f64,
}

impl Measured {
    /// Finds by doubling how often a sample calls it, which warms it up as well.
    fn new(call: Box<dyn Call>) -> Self {
        let mut this = Self { call, times: 1, fastest: f64::INFINITY };
        while this.sample() < SAMPLE && this.times < 1 << 24 {
            this.times *= 2;
        }
        this
    }

    fn sample(&mut self) -> Duration {
        let start = Instant::now();
        (0..self.times).for_each(|_| self.call.run());
        let elapsed = start.elapsed();
        self.fastest = self.fastest.min(elapsed.as_secs_f64() * 1e9 / f64::from(self.times));
        elapsed
    }
}
