//! How long guests go on after nobody waits for them, and after their time is up; and what a query pays for that.
//!
//! `cargo bench --bench interruption`

mod support;

use std::{
    fs,
    time::{Duration, Instant},
};

use futures::StreamExt;
use tempfile::TempDir;
use wasmfusion::{Engine, EngineOptions, SandboxScope, Session};

const NUMBERS: &str = r#"(module
    (func (export "spin") (param i64) (result i64) (loop $l (br $l)) (unreachable))
    (func (export "plus") (param i64) (result i64) (i64.add (local.get 0) (i64.const 1))))"#;
const GENERAL: &str = r#"(component
    (core module $other (func (export "f") (param i64) (result i64) (loop $l (br $l)) (unreachable)))
    (core module $main (import "o" "f" (func $f (param i64) (result i64)))
        (func (export "general") (param i64) (result i64) (call $f (local.get 0))))
    (core instance $o (instantiate $other))
    (core instance $m (instantiate $main (with "o" (instance $o))))
    (func (export "general") (param "x" s64) (result s64) (canon lift (core func $m "general"))))"#;

fn session(folder: &TempDir, options: EngineOptions) -> Session {
    let session = Session::new(Engine::new(options).expect("an engine"));
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let (numbers, general) = (path("numbers.wat", NUMBERS), path("general.wat", GENERAL));
    support::run(
        &session,
        &format!(
            "CREATE FUNCTION spin(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '{numbers}';
             CREATE FUNCTION plus(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '{numbers}';
             CREATE FUNCTION shout AS WASM FROM INFILE '$F/built/text.wasm';
             CREATE FUNCTION general AS WASM FROM INFILE '{general}'"
        ),
    );
    session
}

/// The smallest, the median and the greatest.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1e3);
    format!("{} | {} | {}", ms(times[0]), ms(times[times.len() / 2]), ms(times[times.len() - 1]))
}

/// From the moment at which the stream is dropped to the end of the call.
fn dropped(folder: &TempDir, runtime: &tokio::runtime::Runtime) {
    let session = session(folder, EngineOptions { timeout_ms: 0, ..EngineOptions::default() });
    for (what, function, rows) in
        [("a loop", "spin", 10), ("a loop, shared by workers", "spin", 100_000), ("a component", "general", 10)]
    {
        let sql = format!("SELECT {function}(value) FROM generate_series(1, {rows})");
        let calls = || {
            let functions = session.context().sql("SELECT name, calls FROM wasm_functions");
            let batches = runtime.block_on(async { functions.await?.collect().await }).expect("functions");
            let text = datafusion::arrow::util::pretty::pretty_format_batches(&batches).expect("text").to_string();
            let line = text.lines().find(|line| line.contains(&format!(" {function} "))).expect("the function");
            line.rsplit('|').nth(1).and_then(|count| count.trim().parse::<i64>().ok()).expect("a count")
        };
        let times = (0..30).map(|_| {
            let before = calls();
            let start = runtime.block_on(async {
                let mut stream = session.sql(&sql).await.expect("a query").execute_stream().await.expect("a stream");
                let read = tokio::time::timeout(Duration::from_millis(100), stream.next()).await;
                assert!(read.is_err(), "it has ended");
                let start = Instant::now();
                drop(stream);
                start
            });
            while calls() == before {}
            start.elapsed()
        });
        println!("| {what}: dropped → ended | {} |", spread(times.collect()));
    }
}

/// By how much a call exceeds its limit of time.
fn timed_out(folder: &TempDir, runtime: &tokio::runtime::Runtime) {
    for limit in [20, 200, 1000] {
        let session = session(folder, EngineOptions { timeout_ms: limit, ..EngineOptions::default() });
        let sql = "SELECT spin(value) FROM generate_series(1, 10)";
        // The first one compiles.
        let times = (0..11).map(|_| {
            let start = Instant::now();
            let result = runtime.block_on(async { session.sql(sql).await?.collect().await });
            assert!(result.is_err());
            start.elapsed().saturating_sub(Duration::from_millis(limit))
        });
        println!("| a limit of {limit} ms: more than that | {} |", spread(times.skip(1).collect()));
    }
}

/// What fresh sandboxes for each query cost.
fn scopes(folder: &TempDir, runtime: &tokio::runtime::Runtime) {
    println!("\n| µs per query | sandboxes of the engine | of the query |\n| --- | --- | --- |");
    let options = |sandbox_scope| EngineOptions { sandbox_scope, ..EngineOptions::default() };
    let sessions = [SandboxScope::Engine, SandboxScope::Query].map(|scope| session(folder, options(scope)));
    for (what, sql) in [
        ("plus on 10 rows", "SELECT plus(value) FROM generate_series(1, 10)"),
        ("shout on 10 rows", "SELECT shout(CAST(value AS VARCHAR)) FROM generate_series(1, 10)"),
        ("shout on 100,000 rows", "SELECT max(shout(CAST(value AS VARCHAR))) FROM generate_series(1, 100000)"),
        ("no function of ours", "SELECT value + 1 FROM generate_series(1, 10)"),
    ] {
        let medians = sessions.each_ref().map(|session| {
            let mut times: Vec<Duration> = (0..301)
                .map(|_| {
                    let start = Instant::now();
                    runtime.block_on(async { session.sql(sql).await?.collect().await }).expect("rows");
                    start.elapsed()
                })
                .collect();
            times.sort();
            times[times.len() / 2].as_micros()
        });
        println!("| {what} | {} | {} |", medians[0], medians[1]);
    }
}

fn main() {
    let folder = TempDir::new().expect("a folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    println!("| ms | least | median | most |\n| --- | --- | --- | --- |");
    dropped(&folder, &runtime);
    timed_out(&folder, &runtime);
    scopes(&folder, &runtime);
}
