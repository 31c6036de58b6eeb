//! Small modules that keep the compiler busy: it is ended, and nobody else has to wait for it.

use std::{fs, sync::Arc, thread, time::Duration};

use datafusion::error::Result;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use wasmfusion::{Engine, EngineOptions, Session};

/// Loops in each other with variables that all of them could change: 18 KB of them take a minute and more than a gigabyte.
fn bomb(size: usize) -> String {
    let (opened, closed) = ("(loop ".repeat(size), "(br_if 0 (i32.wrap_i64 (local.get 5))))".repeat(size));
    let steps: String = (1..=size)
        .map(|i| format!("(local.set {i} (i64.add (local.get {i}) (local.get {})))", 1 + i * 7 % size))
        .collect();
    let locals = "i64 ".repeat(size);
    format!(
        r#"(module (func (export "f") (param i64) (result i64) (local {locals}) {opened}{steps}{closed} (local.get 0)))"#
    )
}

/// A module that is made in a moment, another one for each number.
fn harmless(number: usize) -> String {
    format!(r#"(module (func (export "f") (param i64) (result i64) (i64.add (local.get 0) (i64.const {number}))))"#)
}

struct Scene {
    engine: Arc<Engine>,
    folder: TempDir,
}

impl Scene {
    fn new(options: EngineOptions) -> Self {
        Self { engine: Engine::new(options).unwrap(), folder: TempDir::new().unwrap() }
    }

    /// An engine whose compiler is the command.
    fn with_compiler(compile_timeout_ms: u64, max_compile_memory_mb: u64) -> Self {
        let compiler = vec![env!("CARGO_BIN_EXE_wasmfusion").into()];
        Self::new(EngineOptions { compiler, compile_timeout_ms, max_compile_memory_mb, ..EngineOptions::default() })
    }

    /// Creates a function and calls it once.
    fn call(&self, name: &str, module: &str) -> Result<()> {
        let path = self.folder.path().join(format!("{name}.wat"));
        fs::write(&path, module).unwrap();
        let create = format!(
            "CREATE FUNCTION IF NOT EXISTS {name}(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '{}' USING EXPORT 'f'",
            path.display()
        );
        let runtime = Runtime::new().unwrap();
        let session = Session::new(Arc::clone(&self.engine));
        runtime.block_on(async {
            session.sql(&create).await?;
            session.sql(&format!("SELECT {name}(value) FROM generate_series(1, 3)")).await?.collect().await.map(drop)
        })
    }

    #[track_caller]
    fn refused(&self, name: &str, module: &str, why: &str) {
        let error = self.call(name, module).unwrap_err().to_string();
        assert!(error.contains(&format!("compiling the module of function {name} failed")), "{error}");
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn a_compiler_that_takes_too_long_is_ended_and_not_started_again() {
    let scene = Scene::with_compiler(1000, 0);
    for _ in 0..20 {
        // Twenty times a second, if it was started each time.
        scene.refused("bomb", &bomb(1000), "it takes more than 1000 ms (wasm.compile_timeout_ms)");
    }
    scene.call("harmless", &harmless(1)).unwrap();
}

#[test]
fn a_compiler_that_takes_too_much_memory_is_ended() {
    let scene = Scene::with_compiler(0, 300);
    scene.refused("bomb", &bomb(1000), "it takes more than 300 MiB of memory (wasm.max_compile_memory_mb)");
    scene.call("harmless", &harmless(1)).unwrap();
}

#[test]
fn a_compiler_that_is_none_is_named() {
    let compiler = vec!["/no/such/program".into()];
    let scene = Scene::new(EngineOptions { compiler, ..EngineOptions::default() });
    scene.refused("f", &harmless(1), "the compiler /no/such/program: No such file");
}

/// More modules that take long than there are cores.
#[track_caller]
fn check_that_others_go_on(scene: &Scene, size: usize, why: &str) {
    thread::scope(|scope| {
        let long: Vec<_> = (0..3)
            .map(|number| scope.spawn(move || scene.refused(&format!("bomb{number}"), &bomb(size + number), why)))
            .collect();
        thread::sleep(Duration::from_millis(500));
        for number in 0..5 {
            scene.call(&format!("harmless{number}"), &harmless(number)).unwrap();
        }
        assert!(long.iter().all(|thread| !thread.is_finished()), "they were waited for");
    });
}

#[test]
fn others_are_compiled_meanwhile() {
    check_that_others_go_on(&Scene::with_compiler(15_000, 0), 900, "it takes more than 15000 ms");
}

/// The work goes on after that for a while, at the cost of the tests beside: it is less of it.
#[test]
fn others_are_compiled_meanwhile_in_the_same_process() {
    let scene = Scene::new(EngineOptions { compile_timeout_ms: 4000, ..EngineOptions::default() });
    check_that_others_go_on(&scene, 450, "it takes more than 4000 ms");
}
