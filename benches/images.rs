//! Images: compiling against loading, and many functions under a limit that does not hold them all.
//!
//! `cargo bench --bench images [-- SECONDS]`. A large component can be measured as well: give its path in
//! `WASMFUSION_LARGE_COMPONENT`, and the name of an export `func(string) -> string` in `WASMFUSION_LARGE_EXPORT`.

#[path = "support/mod.rs"]
mod support;

use std::{
    env,
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use datafusion::arrow::array::{Array, AsArray, StringArray};
use support::{Function, fixtures, run};
use tempfile::TempDir;
use wasmfusion::{Engine, EngineOptions, Session};

const FUNCTIONS: usize = 50;
const THREADS: usize = 8;

fn main() {
    let seconds = env::args().find_map(|arg| arg.parse().ok()).unwrap_or(60);
    let folder = TempDir::new().expect("a folder");
    println!("| module | bytes | compile, ms | load, ms | compile / load |\n| --- | --- | --- | --- | --- |");
    let fixtures = fixtures();
    for file in ["text.wasm", "geo.wasm", "text_c.wasm"] {
        let path = fixtures.join("built").join(file);
        let create = match file {
            "text.wasm" => "CREATE FUNCTION f AS WASM FROM INFILE '$P' USING EXPORT 'shout'".to_owned(),
            "geo.wasm" => "CREATE FUNCTION f(a DOUBLE, b DOUBLE, c DOUBLE, d DOUBLE) RETURNS DOUBLE AS WASM FROM INFILE \
                           '$P' USING EXPORT 'haversine'"
                .to_owned(),
            _ => continue,
        };
        compare(folder.path(), &path, &create);
    }
    if let (Ok(path), Ok(export)) = (env::var("WASMFUSION_LARGE_COMPONENT"), env::var("WASMFUSION_LARGE_EXPORT")) {
        let create = format!("CREATE FUNCTION f AS WASM FROM INFILE '$P' USING EXPORT '{export}'");
        compare(folder.path(), Path::new(&path), &create);
    }
    crowd(folder.path(), Duration::from_secs(seconds));
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

/// What the first call takes, with an empty plancache and with the image in it, less what the second one takes.
fn compare(folder: &Path, path: &Path, create: &str) {
    let plancache = folder.join(path.file_name().expect("a file"));
    let create = create.replace("$P", &path.display().to_string());
    let first_call = || {
        let session = session(&plancache, 0);
        run(&session, &create);
        let params = session.context().udf_arguments("f");
        let args: Vec<_> = params;
        let function = Function::new(&session, "f", &args);
        let start = Instant::now();
        function.call();
        let first = start.elapsed();
        let start = Instant::now();
        function.call();
        first.saturating_sub(start.elapsed())
    };
    let compile = first_call();
    let loads: Vec<Duration> = (0..5).map(|_| first_call()).collect();
    let load = loads.iter().min().expect("five");
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "| {} | {} | {:.2} | {:.2} | {:.0} |",
        path.file_name().expect("a file").display(),
        path.metadata().expect("a file").len(),
        ms(compile),
        ms(*load),
        ms(compile) / ms(*load)
    );
}
