//! Cold paths: from CREATE and from a restart to the first row, many registered functions, and what an idle one holds.
//!
//! `cargo bench --bench cold`. Every time is the median of several runs, each with an engine of its own.

mod support;

use std::{
    env, fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use support::{fixtures, median_time, median_times, resident, run_one, session_on};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use wasmfusion::Session;

const RUNS: usize = 21;

/// Functions that are registered at once.
const FUNCTIONS: usize = 1000;

fn create(name: &str, module: &str, export: &str) -> String {
    format!(
        "CREATE FUNCTION {name} AS WASM FROM INFILE '{}' USING EXPORT '{export}'",
        fixtures().join(module).display()
    )
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// From CREATE FUNCTION to the first row, nothing compiled yet; and from a start with a data folder and images of before to
/// the first row, beside the same query without a function of ours.
fn first_rows(runtime: &Runtime) {
    println!(
        "| ms to the first row | CREATE | restart | restart, built-in function instead |\n| --- | --- | --- | --- |"
    );
    let queries =
        [("shout", "built/text.wasm", "shout", "upper"), ("word_count", "built/text.wasm", "word-count", "length")];
    for (name, module, export, built_in) in queries {
        let query = |function: &str| format!("SELECT {function}(x) FROM (VALUES ('a'), ('b')) AS t(x)");
        let engines: Vec<Session> = (0..RUNS).map(|_| session_on(None)).collect();
        let created = median_time(RUNS, |turn| {
            run_one(runtime, &engines[turn], &create(name, module, export));
            run_one(runtime, &engines[turn], &query(name));
        });
        let folder = TempDir::new().expect("a folder");
        let session = session_on(Some(folder.path()));
        run_one(runtime, &session, &create(name, module, export));
        run_one(runtime, &session, &query(name));
        drop(session);
        let restart = |function: &str| run_one(runtime, &session_on(Some(folder.path())), &query(function));
        let [ours, theirs] = median_times(RUNS, [&mut |_| restart(name), &mut |_| restart(built_in)]);
        let [created, ours, theirs] = [created, ours, theirs].map(milliseconds);
        println!("| {name} | {created:.1} | {ours:.1} | {theirs:.1} |");
    }
}

/// Makes functions of a module each in a data folder.
fn make(runtime: &Runtime, data: &Path) {
    let session = session_on(Some(data));
    for number in 0..FUNCTIONS {
        let module = data.with_file_name(format!("{number}.wat"));
        let add = format!("i64.add (local.get 0) (i64.const {number})");
        fs::write(&module, format!("(module (func (export \"f\") (param i64) (result i64) ({add})))")).expect("a file");
        let types = format!("CREATE FUNCTION f{number}(x BIGINT) RETURNS BIGINT");
        run_one(runtime, &session, &format!("{types} AS WASM FROM INFILE '{}' USING EXPORT 'f'", module.display()));
    }
    // One of them has an image in the plancache.
    run_one(runtime, &session, "SELECT f7(1)");
}

/// Opening a folder of many functions, and the memory that they hold before and after each was called once.
fn many(runtime: &Runtime) {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    // By another process, whose memory is not counted.
    let program = env::current_exe().expect("this program");
    let made = Command::new(program).arg("make").arg(&data).status().expect("a process");
    assert!(made.success(), "{made}");
    let empty = TempDir::new().expect("a folder");
    // What any engine holds is not the functions'.
    run_one(runtime, &session_on(Some(empty.path())), "SELECT abs(1)");
    let before = resident();
    let start = Instant::now();
    let session = session_on(Some(&data));
    let opened = milliseconds(start.elapsed());
    run_one(runtime, &session, "SELECT f7(1)");
    let called = milliseconds(start.elapsed());
    let idle = mebibytes(resident().saturating_sub(before));
    for number in 0..FUNCTIONS {
        run_one(runtime, &session, &format!("SELECT f{number}(1)"));
    }
    let used = mebibytes(resident().saturating_sub(before));
    println!("\n| {FUNCTIONS} functions, a module each | |\n| --- | --- |");
    println!("| opening, ms | {opened:.1} |\n| opening and the first call, ms | {called:.1} |");
    println!("| memory, MiB | {idle:.1} |\n| memory when each was called, MiB | {used:.1} |");
    println!("| KiB of an idle function | {:.1} |", idle * 1024.0 / FUNCTIONS as f64);
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut args = env::args().skip(1);
    if args.next().as_deref() == Some("make") {
        return make(&runtime, Path::new(&args.next().expect("a folder")));
    }
    // In this order: what others leave free is no memory that functions take.
    many(&runtime);
    first_rows(&runtime);
}
