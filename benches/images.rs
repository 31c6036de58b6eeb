//! Images: compiling against loading, and many functions under a limit that does not hold them all.
//!
//! `cargo bench --bench images [-- SECONDS]`. A large component with an export `shout: func(s: string) -> string` is
//! measured as well when `WASMFUSION_LARGE_COMPONENT` has its path.

mod support;

use std::{
    env,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use datafusion::arrow::array::{ArrayRef, AsArray, StringArray};
use support::{Function, fixtures, run, status};
use tempfile::TempDir;
use wasmfusion::{Engine, EngineOptions, Session};

const FUNCTIONS: usize = 50;
const THREADS: usize = 8;
const MIB: f64 = 1048576.0;

fn main() {
    let seconds = env::args().find_map(|arg| arg.parse().ok()).unwrap_or(60);
    let folder = TempDir::new().expect("a folder");
    println!("| module | KiB | compiling, ms | loading, ms | compiling / loading |\n| --- | --- | --- | --- | --- |");
    let large = env::var_os("WASMFUSION_LARGE_COMPONENT").map(PathBuf::from);
    for path in [fixtures().join("built/text.wasm")].into_iter().chain(large) {
        compare(folder.path(), &path);
    }
    crowd(&folder.path().join("crowd"), Duration::from_secs(seconds));
}

/// A session on an engine of its own; nothing is refused for its size.
fn session(plancache: &Path, limit_mb: u64) -> Session {
    let options = EngineOptions {
        plancache: Some(plancache.to_owned()),
        compiled_images_eviction_memory_limit_mb: limit_mb,
        max_raw_module_size: 1 << 30,
        max_compiled_module_size: 1 << 30,
        ..EngineOptions::default()
    };
    Session::new(Engine::new(options).expect("an engine"))
}

fn words() -> ArrayRef {
    Arc::new(StringArray::from(vec!["hello"]))
}

/// What the first call takes longer than the second one, with an empty plancache and with the image in it.
fn compare(folder: &Path, path: &Path) {
    let name = path.file_name().expect("a file").display();
    let plancache = folder.join(name.to_string());
    let first_call = || {
        let session = session(&plancache, 0);
        run(
            &session,
            &format!("CREATE FUNCTION shout(s VARCHAR) RETURNS VARCHAR AS WASM FROM INFILE '{}'", path.display()),
        );
        let function = Function::new(&session, "shout", &[words()]);
        let time = || {
            let start = Instant::now();
            assert_eq!(function.call().as_string::<i32>().value(0), "HELLO!");
            start.elapsed().as_secs_f64() * 1e3
        };
        time() - time()
    };
    let compiling = first_call();
    let loading = (0..5).map(|_| first_call()).fold(f64::INFINITY, f64::min);
    let kib = path.metadata().expect("a file").len() >> 10;
    println!("| {name} | {kib} | {compiling:.2} | {loading:.2} | {:.0} |", compiling / loading);
}

/// More functions than fit into the limit, called from more threads than there are cores. Each function has an image of
/// its own, because the memory limit is part of the image.
fn crowd(plancache: &Path, time: Duration) {
    let session = session(plancache, 1);
    let functions: Vec<Function> = (0..FUNCTIONS)
        .map(|number| {
            let limit = (32 << 20) + number * 65536;
            let source = format!("GROW TO {limit} FROM INFILE '$F/built/text.wasm' USING EXPORT 'shout'");
            run(&session, &format!("CREATE FUNCTION shout{number} AS WASM {source}"));
            Function::new(&session, &format!("shout{number}"), &[words()])
        })
        .collect();
    let call = |number: usize| assert_eq!(functions[number].call().as_string::<i32>().value(0), "HELLO!");
    (0..FUNCTIONS).for_each(call);
    let compiled = status(&session, "compilations");

    let (ended, calls) = (AtomicBool::new(false), AtomicU64::new(0));
    let (mut peak, mut samples, mut above) = (0, 0_u64, 0_u64);
    // The longest time for which no sample was at or under the limit.
    let mut longest = Duration::ZERO;
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (ended, calls, call) = (&ended, &calls, &call);
            scope.spawn(move || {
                for number in (0..FUNCTIONS).cycle().skip(thread * FUNCTIONS / THREADS) {
                    if ended.load(Ordering::Relaxed) {
                        break;
                    }
                    call(number);
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let start = Instant::now();
        let mut under = Instant::now();
        while start.elapsed() < time {
            let bytes = status(&session, "alloc_compiled_unit_sections");
            samples += 1;
            peak = bytes.max(peak);
            if bytes <= 1 << 20 {
                under = Instant::now();
            } else {
                above += 1;
                longest = longest.max(under.elapsed());
            }
            thread::sleep(Duration::from_millis(20));
        }
        ended.store(true, Ordering::Relaxed);
    });
    let calls = calls.into_inner();
    println!("\n{FUNCTIONS} functions round-robin from {THREADS} threads for {} s, limit 1 MiB:\n", time.as_secs());
    println!("| what | found |\n| --- | --- |");
    println!("| calls of one row, all with the right result | {calls} |");
    println!("| µs per call and core | {:.0} |", time.as_secs_f64() * 1e6 * cores() / calls as f64);
    println!("| evictions | {} |", status(&session, "evictions"));
    println!("| reloads | {} |", status(&session, "plancache_hits"));
    println!("| compilations in the first round | {compiled} |");
    println!("| compilations after it | {} |", status(&session, "compilations") - compiled);
    println!("| highest memory of images, MiB | {:.2} |", peak as f64 / MIB);
    println!("| samples above the limit | {above} of {samples} |");
    println!("| longest time above the limit, ms | {} |", longest.as_millis());
}

fn cores() -> f64 {
    thread::available_parallelism().map_or(1.0, |cores| cores.get().min(THREADS) as f64)
}
