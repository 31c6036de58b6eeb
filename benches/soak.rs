//! Many queries at once with good and hostile functions, for long: no wrong result, and memory that does not grow.
//!
//! `cargo bench --bench soak [-- SECONDS [PLOT.svg]]` runs two parts of so many seconds (30 if none are given): first the
//! queries alone, then with a tiny limit for compiled images and functions that are replaced and dropped beside them.

mod support;

use std::{
    env, fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use datafusion::{arrow::util::display::array_value_to_string, error::Result};
use futures::StreamExt;
use support::{fixtures, resident};
use tempfile::TempDir;
use wasmfusion::{Engine, EngineOptions, Session};

/// Queries at a time.
const QUERIES: usize = 64;
/// The time limit of a batch in milliseconds.
const TIMEOUT: u64 = 500;

/// Guests that do what they should not.
const HOSTILE: &str = r#"(module (memory (export "memory") 1)
    (table 1 funcref)
    (func $deep (param i64) (result i64) (i64.add (call $deep (local.get 0)) (i64.const 1)))
    (func (export "spin") (param i64) (result i64) (loop $l (br $l)) (unreachable))
    (func (export "deep") (param i64) (result i64) (call $deep (local.get 0)))
    (func (export "trap") (param i64) (result i64) (i64.div_s (local.get 0) (i64.const 0)))
    (func (export "far") (param i64) (result i64) (i64.load (i32.const -8)))
    (func (export "null") (param i64) (result i64) (call_indirect (param i64) (result i64) (local.get 0) (i32.const 0)))
    (func (export "hoard") (param i64) (result i64)
        (loop $l (br_if $l (i32.ge_s (memory.grow (i32.const 16)) (i32.const 0)))) (unreachable)))"#;

const FUNCTIONS: &str = "
    CREATE FUNCTION shout AS WASM FROM INFILE '$F/built/text.wasm';
    CREATE FUNCTION word_count AS WASM FROM INFILE '$F/built/text.wasm';
    CREATE FUNCTION divisor(a INT, b INT) RETURNS INT AS WASM FROM INFILE '$F/built/geo.wasm' USING EXPORT 'gcd';
    CREATE FUNCTION plus(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$F/wat/longs.wat';
    CREATE FUNCTION words RETURNS TABLE (word VARCHAR) AS WASM FROM INFILE '$F/built/tables.wasm';
    CREATE FUNCTION split_str RETURNS TABLE AS WASM FROM INFILE '$F/built/tables.wasm';
    CREATE FUNCTION same AS WASM FROM INFILE '$F/built/types.component.wasm' USING EXPORT 'id-string';
    CREATE FUNCTION letters AS WASM FROM INFILE '$F/built/types.core.wasm' WITH WIT FROM INFILE '$F/rust/types/wit/types.wit'
        USING EXPORT 'id-chars';
    CREATE FUNCTION spin(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$H';
    CREATE FUNCTION deep(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$H';
    CREATE FUNCTION trap(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$H';
    CREATE FUNCTION far(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$H';
    CREATE FUNCTION \"null\"(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$H';
    CREATE FUNCTION hoard(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$H'";

/// What must come of a query.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    /// One value.
    Value(&'static str),
    /// An error with this in its text.
    Error(&'static str),
    /// Nothing: it is abandoned.
    Abandoned,
    /// A function of that name comes and goes: one of these values, or that there is no such function.
    Changing(&'static [&'static str]),
}

const MIX: &[(&str, Outcome)] = &[
    ("SELECT sum(length(shout('a' || value))) FROM generate_series(1, 20000)", Outcome::Value("128894")),
    ("SELECT sum(plus(value, 1)) FROM generate_series(1, 100000)", Outcome::Value("5000150000")),
    ("SELECT sum(divisor(CAST(value AS INT), 360)) FROM generate_series(1, 36000)", Outcome::Value("378000")),
    ("SELECT sum(word_count(repeat('a b ', value % 50))) FROM generate_series(1, 5000)", Outcome::Value("245000")),
    ("SELECT count(word) FROM generate_series(1, 300) AS t(n), words(repeat('ab cd ', t.n))", Outcome::Value("90300")),
    ("SELECT count(*) FROM generate_series(1, 2000) AS t(n), split_str('a-b-c', '-')", Outcome::Value("6000")),
    ("SELECT count(*) FROM generate_series(1, 9000) WHERE same('x' || value) = 'x' || value", Outcome::Value("9000")),
    (
        "SELECT sum(cardinality(letters(make_array('a', chr(65 + value % 26))))) FROM generate_series(1, 4000)",
        Outcome::Value("8000"),
    ),
    ("SELECT spin(value) FROM generate_series(1, 10)", Outcome::Error("was interrupted after 500 ms")),
    ("SELECT sum(deep(value)) FROM generate_series(1, 10)", Outcome::Error("call stack exhausted")),
    ("SELECT sum(trap(value)) FROM generate_series(1, 10000)", Outcome::Error("integer divide by zero")),
    ("SELECT sum(far(value)) FROM generate_series(1, 10)", Outcome::Error("out of bounds memory access")),
    ("SELECT sum(\"null\"(value)) FROM generate_series(1, 10)", Outcome::Error("uninitialized element")),
    ("SELECT sum(hoard(value)) FROM generate_series(1, 10)", Outcome::Error("needs more than its 16 MiB of memory")),
    ("SELECT spin(value) FROM generate_series(1, 100000)", Outcome::Abandoned),
    ("SELECT sum(changing(value, 2)) FROM generate_series(1, 1000)", Outcome::Changing(&["502500", "250000"])),
];

/// Checks one query.
async fn query(session: &Session, sql: &str, outcome: Outcome) -> Result<(), String> {
    let read = async {
        let mut stream = session.sql(sql).await?.execute_stream().await?;
        if matches!(outcome, Outcome::Abandoned) {
            return match tokio::time::timeout(Duration::from_millis(20), stream.next()).await {
                Err(_) => Ok("nothing".to_owned()),
                Ok(read) => Ok(format!("{:?}", read.transpose()?)),
            };
        }
        let mut value = "nothing".to_owned();
        while let Some(batch) = stream.next().await {
            value = array_value_to_string(batch?.column(0), 0)?;
        }
        Ok::<_, datafusion::error::DataFusionError>(value)
    };
    let found = read.await.map_err(|error| error.to_string());
    let is_right = match (&found, outcome) {
        (Ok(value), Outcome::Value(wanted)) => value == wanted,
        // Where the machine has more to do than it can, a guest may not come to its end in time.
        (Err(error), Outcome::Error(part)) => error.contains(part) || error.contains("was interrupted after"),
        (Ok(value), Outcome::Abandoned) => value == "nothing",
        // It waited for its turn longer than it was to run.
        (Err(error), Outcome::Abandoned) => error.contains("was interrupted after"),
        (Ok(value), Outcome::Changing(values)) => values.contains(&value.as_str()),
        (Err(error), Outcome::Changing(_)) => error.contains("Invalid function 'changing'"),
        _ => false,
    };
    if is_right { Ok(()) } else { Err(format!("{sql}: {found:?}, where it should be {outcome:?}")) }
}

/// The memory over time.
struct Samples(Vec<(f64, f64)>);

/// Runs queries for some time.
async fn part(engine: &Arc<Engine>, time: Duration, changes: bool, start: Instant, samples: &mut Samples) -> u64 {
    let (ended, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut tasks = Vec::new();
    for number in 0..QUERIES {
        let session = Session::new(Arc::clone(engine));
        let (ended, done) = (Arc::clone(&ended), Arc::clone(&done));
        tasks.push(tokio::spawn(async move {
            let mut next = number;
            while !ended.load(Ordering::Relaxed) {
                let (sql, outcome) = MIX[next % MIX.len()];
                if let Err(wrong) = query(&session, sql, outcome).await {
                    panic!("{wrong}");
                }
                done.fetch_add(1, Ordering::Relaxed);
                next += 1;
            }
        }));
    }
    let changer = changes.then(|| {
        let session = Session::new(Arc::clone(engine));
        let ended = Arc::clone(&ended);
        tokio::spawn(async move {
            let module = fixtures().join("wat/longs.wat");
            for round in 0.. {
                if ended.load(Ordering::Relaxed) {
                    break;
                }
                let export = ["plus", "divide"][round % 2];
                let create = format!(
                    "CREATE OR REPLACE FUNCTION changing(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE '{}' USING \
                     EXPORT '{export}'",
                    module.display()
                );
                session.sql(&create).await.expect("a function");
                tokio::time::sleep(Duration::from_millis(50)).await;
                if round % 5 == 0 {
                    session.sql("DROP FUNCTION changing").await.expect("there was one");
                }
            }
        })
    });
    let end = Instant::now() + time;
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_secs(1).min(time / 20)).await;
        samples.0.push((start.elapsed().as_secs_f64(), resident() as f64 / 1048576.0));
        if let Some(failed) = tasks.iter().position(tokio::task::JoinHandle::is_finished) {
            tasks.remove(failed).await.expect("no wrong result");
        }
    }
    ended.store(true, Ordering::Relaxed);
    for task in tasks.into_iter().chain(changer) {
        task.await.expect("no wrong result");
    }
    done.load(Ordering::Relaxed)
}

/// The highest of the samples between two fractions of them.
fn highest(samples: &[(f64, f64)], from: f64, to: f64) -> f64 {
    let at = |fraction: f64| (samples.len() as f64 * fraction) as usize;
    samples[at(from)..at(to)].iter().map(|(_, memory)| *memory).fold(0.0, f64::max)
}

fn main() {
    let mut arguments = env::args().skip(1).filter(|argument| argument != "--bench");
    let seconds = arguments.next().and_then(|argument| argument.parse().ok()).unwrap_or(30);
    let folder = TempDir::new().expect("a folder");
    let hostile = folder.path().join("hostile.wat");
    fs::write(&hostile, HOSTILE).expect("a file");
    let engine = Engine::new(EngineOptions {
        timeout_ms: TIMEOUT,
        plancache: Some(folder.path().join("plancache")),
        ..EngineOptions::default()
    })
    .expect("an engine");
    let session = Session::new(Arc::clone(&engine));
    support::run(&session, &FUNCTIONS.replace("$H", &hostile.display().to_string()));
    // Its own workers, so that the sampler is not held up by guests.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(8).enable_all().build().expect("a runtime");
    let start = Instant::now();
    let time = Duration::from_secs(seconds);
    println!("| part of {seconds} s | queries | MiB, highest in each tenth |");
    println!("| --- | --- | --- |");
    let mut samples = Samples(Vec::new());
    for (name, changes) in [("queries alone", false), ("evicted, replaced, dropped", true)] {
        if changes {
            support::run(&session, "SET wasm.compiled_images_eviction_memory_limit_mb = 1");
        }
        let from = samples.0.len();
        let queries = runtime.block_on(part(&engine, time, changes, start, &mut samples));
        let own = &samples.0[from..];
        let tenth = |tenth: u32| highest(own, f64::from(tenth) / 10.0, f64::from(tenth + 1) / 10.0);
        let tenths: Vec<String> = (0..10).map(|number| format!("{:.0}", tenth(number))).collect();
        println!("| {name} | {queries} | {} |", tenths.join(" "));
    }
    for name in ["calls", "traps", "timeouts", "evictions", "plancache_hits", "compilations", "live_sandboxes"] {
        println!("| {name} | {} | |", support::status(&session, name));
    }
    if let Some(path) = arguments.next() {
        fs::write(&path, plot(&samples.0)).expect("a plot");
        println!("\n{}", Path::new(&path).display());
    }
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 60.0;
const BOTTOM: f64 = 40.0;

/// The memory over time as SVG.
fn plot(samples: &[(f64, f64)]) -> String {
    let end = samples.last().map_or(1.0, |(time, _)| *time);
    let most = (highest(samples, 0.0, 1.0) / 100.0).ceil() * 100.0;
    let x = |time: f64| LEFT + time / end * (WIDTH - LEFT - 20.0);
    let y = |memory: f64| HEIGHT - BOTTOM - memory / most * (HEIGHT - BOTTOM - 20.0);
    let points: Vec<String> =
        samples.iter().map(|(time, memory)| format!("{:.1},{:.1}", x(*time), y(*memory))).collect();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for step in 0..=4 {
        let (memory, time) = (most / 4.0 * f64::from(step), end / 4.0 * f64::from(step));
        svg += &format!(
            "<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{1:.1}\" y2=\"{1:.1}\" stroke=\"#ddd\"/>\n\
             <text x=\"{2:.1}\" y=\"{3:.1}\" text-anchor=\"end\">{memory:.0} MiB</text>\n\
             <text x=\"{4:.1}\" y=\"{5:.1}\" text-anchor=\"middle\">{6:.0} s</text>\n",
            x(end),
            y(memory),
            LEFT - 6.0,
            y(memory) + 4.0,
            x(time),
            HEIGHT - BOTTOM + 18.0,
            time
        );
    }
    svg + &format!(
        "<line x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"20\" y2=\"{1:.1}\" stroke=\"#999\" stroke-dasharray=\"4\"/>\n\
         <polyline points=\"{2}\" fill=\"none\" stroke=\"#1565c0\"/>\n</svg>\n",
        x(end / 2.0),
        HEIGHT - BOTTOM,
        points.join(" ")
    )
}
