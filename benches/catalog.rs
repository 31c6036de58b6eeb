//! The data folder: what it costs a statement, and opening one with many functions.
//!
//! `cargo bench --bench catalog`

mod support;

use std::{
    fs,
    time::{Duration, Instant},
};

use support::{median_time, run_one, session_on};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Functions of the folder that is opened.
const FUNCTIONS: usize = 1000;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn statements(runtime: &Runtime) {
    let module = support::fixtures().join("wat/longs.wat");
    let create = |name: usize| {
        format!(
            "CREATE FUNCTION f{name}(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE '{}' USING EXPORT 'plus'",
            module.display()
        )
    };
    println!("| µs per statement | in memory | data folder |\n| --- | --- | --- |");
    let folder = TempDir::new().expect("a folder");
    let sessions = [session_on(None), session_on(Some(folder.path()))];
    let both = |what: &str, runs: usize, sql: &dyn Fn(usize) -> String| {
        let times = sessions.each_ref().map(|session| median_time(runs, |n| run_one(runtime, session, &sql(n))));
        println!("| {what} | {} | {} |", times[0].as_micros(), times[1].as_micros());
    };
    both("SELECT 1", 2001, &|_| "SELECT 1".to_owned());
    both("CREATE FUNCTION", 101, &create);
    both("DROP FUNCTION", 101, &|n| format!("DROP FUNCTION f{n}"));
}

/// Opens a folder whose functions come from so many modules.
fn open(runtime: &Runtime, modules: usize) {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("db");
    let session = session_on(Some(&data));
    for function in 0..FUNCTIONS {
        let path = folder.path().join(format!("{}.wat", function % modules));
        let module = format!(
            "(module (func (export \"f\") (param i64) (result i64) (i64.add (local.get 0) (i64.const {}))))",
            function % modules
        );
        fs::write(&path, module).expect("a file");
        let path = path.display();
        let sql = format!(
            "CREATE FUNCTION f{function}(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '{path}' USING EXPORT 'f'"
        );
        run_one(runtime, &session, &sql);
    }
    run_one(runtime, &session, "SELECT f7(1)");
    drop(session);
    let start = Instant::now();
    let session = session_on(Some(&data));
    let opened = start.elapsed();
    run_one(runtime, &session, "SELECT 1");
    let first = start.elapsed();
    run_one(runtime, &session, "SELECT f7(1)");
    let called = start.elapsed();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!("| {modules} | {:.1} | {:.1} | {:.1} |", ms(opened), ms(first - opened), ms(called - first));
}

fn main() {
    let runtime = runtime();
    statements(&runtime);
    println!("\n{FUNCTIONS} functions:\n");
    println!("| modules | opening, ms | first statement, ms | first call, ms |");
    println!("| --- | --- | --- | --- |");
    for modules in [1, FUNCTIONS] {
        open(&runtime, modules);
    }
}
