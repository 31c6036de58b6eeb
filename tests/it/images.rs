//! Images and sandboxes: what is kept, what comes back, and what is paid for.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use datafusion::{
    arrow::{
        array::{Array, AsArray},
        compute::cast,
        datatypes::{DataType, Int64Type, Schema},
        record_batch::RecordBatch,
    },
    error::{DataFusionError, Result},
    execution::{
        memory_pool::{GreedyMemoryPool, MemoryConsumer, MemoryPool},
        runtime_env::RuntimeEnvBuilder,
    },
    prelude::{SessionConfig, SessionContext},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use wasmfusion::{Engine, EngineOptions, Session};

const TEXT: &str = "AS WASM FROM INFILE '$F/built/text.wasm'";

/// A session for threads without a runtime of their own.
struct Scene {
    runtime: Runtime,
    session: Session,
}

impl Scene {
    fn new(options: EngineOptions) -> Self {
        Self::with(Session::new, Engine::new(options).unwrap())
    }

    fn with(session: impl FnOnce(Arc<Engine>) -> Session, engine: Arc<Engine>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, session: session(engine) }
    }

    /// Another session of the same engine.
    fn another(&self) -> Self {
        Self::with(Session::new, Arc::clone(self.session.engine()))
    }

    /// The number that a statement yields, in the last column of its last row.
    fn run(&self, sql: &str) -> Result<Option<i64>> {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("udf-fixtures");
        let sql = sql.replace("$F", fixtures.to_str().unwrap());
        let batches = self.runtime.block_on(async { self.session.sql(&sql).await?.collect().await })?;
        let batch = batches.iter().rev().find(|batch| batch.num_rows() > 0);
        let column = batch.and_then(|batch| cast(batch.column(batch.num_columns() - 1), &DataType::Int64).ok());
        Ok(column.map(|column| column.as_primitive::<Int64Type>().value(column.len() - 1)))
    }

    fn ok(&self, sql: &str) {
        self.run(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    fn number(&self, sql: &str) -> i64 {
        self.run(sql).unwrap_or_else(|error| panic!("{sql}: {error}")).unwrap()
    }

    fn status(&self, name: &str) -> i64 {
        self.number(&format!("SELECT value FROM wasm_status WHERE name = '{name}'"))
    }

    /// Waits until a status has a value, which the upkeep gives it in a pass or two.
    fn wait_for(&self, name: &str, value: i64) {
        let start = Instant::now();
        while self.status(name) != value {
            assert!(start.elapsed() < Duration::from_secs(10), "{name} is {}, not {value}", self.status(name));
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn with_plancache(folder: &Path) -> EngineOptions {
    EngineOptions { plancache: Some(folder.join("plancache")), ..EngineOptions::default() }
}

/// The files of a plancache in the order of their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(folder.join("plancache")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// A function whose image is small, and which is not arithmetic only: that would need no sandbox.
fn tiny(folder: &Path, addend: i64) -> String {
    let path = folder.join(format!("plus{addend}.wat"));
    let module = format!(
        r#"(module (func (export "f") (param i64) (result i64)
            (i64.div_s (i64.add (local.get 0) (i64.const {addend})) (i64.const 1))))"#
    );
    fs::write(&path, module).unwrap();
    format!("CREATE OR REPLACE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '{}'", path.display())
}

/// A column, so that nothing is evaluated at planning.
const F: &str = "SELECT max(f(value)) FROM generate_series(1, 3)";

#[test]
fn another_engine_on_the_same_plancache_compiles_nothing() {
    let folder = TempDir::new().unwrap();
    let list = "CREATE FUNCTION total(xs BIGINT[]) RETURNS BIGINT AS WASM FROM INFILE '$F/built/types.component.wasm'";
    let calls = "SELECT max(length(shout(cast(value AS VARCHAR)))) + max(total([value, 2])) FROM generate_series(1, 9)";
    for (compilations, plancache_hits) in [(2, 0), (0, 2)] {
        let scene = Scene::new(with_plancache(folder.path()));
        scene.ok(&format!("CREATE FUNCTION shout {TEXT}"));
        scene.ok(list);
        assert_eq!(scene.number(calls), 2 + 11);
        assert_eq!(scene.status("compilations"), compilations);
        assert_eq!(scene.status("plancache_hits"), plancache_hits);
    }
    assert_eq!(files(folder.path()).len(), 2);
}

#[test]
fn sessions_that_need_an_image_at_once_compile_it_once() {
    let scene = Scene::new(EngineOptions::default());
    scene.ok(&format!("CREATE FUNCTION shout {TEXT}"));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let calls = "SELECT max(length(shout(cast(value AS VARCHAR)))) FROM generate_series(1, 99)";
                assert_eq!(scene.another().number(calls), 3);
            });
        }
    });
    assert_eq!((scene.status("compilations"), scene.status("images_in_memory")), (1, 1));
}

#[test]
fn altered_files_are_compiled_again_and_replaced() {
    let folder = TempDir::new().unwrap();
    let (create, other) = (tiny(folder.path(), 4), tiny(folder.path(), 5));
    let scene = Scene::new(with_plancache(folder.path()));
    scene.ok(&other);
    assert_eq!(scene.number(F), 8);
    let foreign = fs::read(files(folder.path()).remove(0)).unwrap();
    fs::remove_file(files(folder.path()).remove(0)).unwrap();
    scene.ok(&create);
    assert_eq!(scene.number(F), 7);
    let path = files(folder.path()).remove(0);
    let whole = fs::read(&path).unwrap();

    let mut contents = vec![Vec::new(), foreign, whole[..whole.len() - 1].to_vec(), [&whole[..], &[0]].concat()];
    // Some thousand bytes spread over header and code; that no bit goes unnoticed is tested beside the plancache.
    contents.extend((0..whole.len()).step_by(whole.len().div_ceil(3000)).map(|position| {
        let mut altered = whole.clone();
        altered[position] ^= 1 << (position % 8);
        altered
    }));
    for (round, content) in (2..).zip(contents) {
        // While the image is in use.
        fs::write(&path, &content).unwrap();
        assert_eq!(scene.number(F), 7);
        // This lets go of it.
        scene.ok("DROP FUNCTION f");
        scene.ok(&create);
        assert_eq!(scene.number(F), 7);
        assert_eq!(scene.status("compilations"), round + 1);
        assert!(fs::read(&path).unwrap() == whole, "the file was replaced by the right one");
    }
    assert_eq!(scene.status("plancache_hits"), 0);
    scene.ok("DROP FUNCTION f");
    scene.ok(&create);
    assert_eq!((scene.number(F), scene.status("plancache_hits")), (7, 1));
}

#[test]
fn images_are_evicted_and_come_back_without_compiling() {
    const FUNCTIONS: i64 = 20;
    let folder = TempDir::new().unwrap();
    let scene = Scene::new(with_plancache(folder.path()));
    scene.ok("SET wasm.compiled_images_eviction_memory_limit_mb = 1");
    for number in 0..FUNCTIONS {
        scene.ok(&another_shout(number));
    }
    let ended = AtomicBool::new(false);
    let start = Instant::now();
    let mut lowest = BTreeMap::new();
    thread::scope(|scope| {
        for thread in 0..4 {
            let (scene, ended) = (&scene, &ended);
            scope.spawn(move || {
                let session = scene.another();
                let mut call = thread;
                while !ended.load(Ordering::Relaxed) {
                    let function = call % FUNCTIONS;
                    let calls = format!(
                        "SELECT length(max(shout{function}('x' || {call} || value))) FROM generate_series(1, 2)"
                    );
                    assert_eq!(session.number(&calls), call.to_string().len() as i64 + 3);
                    call += 1;
                }
            });
        }
        let watcher = scene.another();
        // A sample belongs to the time at which it was begun: there is none alone in its two seconds.
        while let elapsed = start.elapsed()
            && elapsed < Duration::from_secs(6)
        {
            let bytes = watcher.status("alloc_compiled_unit_sections");
            let low = lowest.entry(elapsed.as_secs() / 2).or_insert(bytes);
            *low = bytes.min(*low);
            thread::sleep(Duration::from_millis(1));
        }
        ended.store(true, Ordering::Relaxed);
    });
    assert_eq!(scene.status("compilations"), FUNCTIONS);
    assert!(scene.status("evictions") > 0 && scene.status("plancache_hits") > 0);
    // In every two seconds there was a time at which they were under the limit.
    assert!(lowest.values().all(|low| *low <= 1 << 20), "{lowest:?}");
    thread::sleep(Duration::from_secs(2));
    assert!(scene.status("alloc_compiled_unit_sections") <= 1 << 20);
}

/// A function with an image of its own: the memory limit is part of it.
fn another_shout(number: i64) -> String {
    let limit = (32 << 20) + number * 65536;
    let source = TEXT.replace("WASM", &format!("WASM GROW TO {limit}"));
    format!("CREATE FUNCTION shout{number} {source} USING EXPORT 'shout'")
}

#[test]
fn the_limit_can_change_while_queries_run() {
    let folder = TempDir::new().unwrap();
    let scene = Scene::new(with_plancache(folder.path()));
    for number in 0..12 {
        scene.ok(&another_shout(number));
    }
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let session = scene.another();
                for number in (0..12).cycle() {
                    let calls =
                        format!("SELECT count(shout{number}(cast(value AS VARCHAR))) FROM generate_series(1, 20000)");
                    assert_eq!(session.number(&calls), 20_000);
                    if ended.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
        }
        for limit in [1, 100, 1, 0, 1] {
            scene.ok(&format!("SET wasm.compiled_images_eviction_memory_limit_mb = {limit}"));
            thread::sleep(Duration::from_millis(1200));
        }
        ended.store(true, Ordering::Relaxed);
    });
    assert!(scene.status("evictions") > 0);
    assert_eq!(scene.status("compilations"), 12);
}

#[test]
fn a_failed_compilation_is_not_kept() {
    let folder = TempDir::new().unwrap();
    let scene = Scene::new(with_plancache(folder.path()));
    scene.ok(&tiny(folder.path(), 4));
    scene.ok("SET wasm.max_compiled_module_size = 100");
    for _ in 0..2 {
        let error = scene.run(F).unwrap_err().to_string();
        assert!(error.contains("function f") && error.contains("wasm.max_compiled_module_size"), "{error}");
    }
    assert_eq!(scene.status("compilations"), 1, "the second time the size is known");
    assert_eq!((scene.status("images_in_memory"), files(folder.path()).len()), (0, 0));
    scene.ok("RESET wasm.max_compiled_module_size");
    assert_eq!(scene.number(F), 7);
}

#[test]
fn idle_sandboxes_end_after_a_while() {
    let scene = Scene::new(EngineOptions { sandbox_idle_ms: 0, ..EngineOptions::default() });
    scene.ok(&format!("CREATE FUNCTION shout {TEXT}"));
    scene.ok("SELECT max(shout(cast(value AS VARCHAR))) FROM generate_series(1, 99)");
    scene.wait_for("live_sandboxes", 0);
    assert_eq!(scene.status("images_in_memory"), 1);
}

#[test]
fn what_a_function_used_ends_with_it() {
    let folder = TempDir::new().unwrap();
    let scene = Scene::new(EngineOptions::default());
    for end in [tiny(folder.path(), 5), "DROP FUNCTION f".to_owned()] {
        scene.ok(&tiny(folder.path(), 4));
        assert_eq!(scene.number(F), 7);
        assert!(scene.status("live_sandboxes") > 0 && scene.status("images_in_memory") == 1);
        scene.ok(&end);
        assert_eq!((scene.status("live_sandboxes"), scene.status("images_in_memory")), (0, 0));
    }
}

#[test]
fn functions_of_one_module_keep_the_image_that_they_share() {
    let scene = Scene::new(EngineOptions::default());
    scene
        .ok("CREATE FUNCTION a(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$F/wat/numbers.wat' USING EXPORT 'fussy'");
    scene
        .ok("CREATE FUNCTION b(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$F/wat/numbers.wat' USING EXPORT 'fussy'");
    assert_eq!(scene.number("SELECT max(a(value) + b(value)) FROM generate_series(14, 14)"), 84);
    scene.ok("DROP FUNCTION a");
    assert_eq!(scene.status("images_in_memory"), 1);
    assert_eq!(scene.number("SELECT max(b(value)) FROM generate_series(14, 14)"), 42);
    assert_eq!(scene.status("compilations"), 1);
}

/// A session with so many bytes of memory, and its pool.
fn with_memory(bytes: usize) -> (Scene, Arc<dyn MemoryPool>) {
    let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(bytes));
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::clone(&pool)).build_arc().unwrap();
    let config = SessionConfig::new().with_target_partitions(1);
    let context = SessionContext::new_with_config_rt(config, runtime);
    let engine = Engine::new(EngineOptions::default()).unwrap();
    (Scene::with(|engine| Session::with_context(engine, context), engine), pool)
}

fn refused(result: Result<Option<i64>>) -> String {
    let error = result.unwrap_err();
    assert!(matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)), "{error}");
    error.to_string()
}

#[test]
fn images_and_sandboxes_are_charged_to_the_memory_pool() {
    let folder = TempDir::new().unwrap();
    let (scene, pool) = with_memory(100 << 20);
    scene.ok(&tiny(folder.path(), 4));
    assert_eq!(pool.reserved(), 0);
    assert_eq!(scene.number(F), 7);
    assert!(pool.reserved() as i64 > scene.status("alloc_compiled_unit_sections"), "image and arena");
    scene.ok("DROP FUNCTION f");
    assert_eq!(pool.reserved(), 0);
}

#[test]
fn queries_fail_with_the_memory_pools_error_and_leave_nothing() {
    let folder = TempDir::new().unwrap();
    // Not even the image has room.
    let (scene, pool) = with_memory(1000);
    scene.ok(&tiny(folder.path(), 4));
    let error = refused(scene.run(F));
    assert!(error.contains("WebAssembly image"), "{error}");
    assert_eq!((pool.reserved(), scene.status("images_in_memory")), (0, 0));
    // The image has, a sandbox has not.
    let (scene, pool) = with_memory(100_000);
    scene.ok(&tiny(folder.path(), 4));
    let error = refused(scene.run(F));
    assert!(error.contains("WebAssembly sandbox of f"), "{error}");
    assert_eq!(scene.status("live_sandboxes"), 0);
    assert_eq!(pool.reserved() as i64, scene.status("alloc_compiled_unit_sections"));
}

#[test]
fn a_guest_that_grows_is_charged_and_stopped_by_the_memory_pool() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("grows.wat");
    // As many pages as it is told; -1 would be the guest's to handle.
    let module = r#"(module (memory (export "memory") 1)
        (func (export "f") (param i64) (result i64) (i64.extend_i32_s (memory.grow (i32.wrap_i64 (local.get 0))))))"#;
    fs::write(&path, module).unwrap();
    let create = format!("CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '{}'", path.display());
    let (scene, pool) = with_memory(8 << 20);
    scene.ok(&create);
    assert_eq!(scene.number("SELECT max(f(value)) FROM generate_series(3, 3)"), 1);
    let idle = pool.reserved();
    let error = refused(scene.run("SELECT max(f(value)) FROM generate_series(200, 200)"));
    assert!(error.contains("WebAssembly sandbox of f"), "{error}");
    assert!(pool.reserved() < idle, "the sandbox that grew is gone");
    // A refusal is no limit of the guest's own, which it may handle.
    assert_eq!(scene.number("SELECT max(f(value)) FROM generate_series(300, 300)"), -1);
    assert_eq!(scene.number("SELECT max(f(value)) FROM generate_series(3, 3)"), 1);
}

#[test]
fn idle_sandboxes_make_room_when_the_memory_pool_is_full() {
    let folder = TempDir::new().unwrap();
    // Two of the guests, with 60 pages each, do not fit in.
    let (scene, _) = with_memory(8 << 20);
    for number in 0..3 {
        let path = folder.path().join(format!("{number}.wat"));
        let module = format!(
            r#"(module (memory (export "memory") 60)
            (func (export "f") (param i64) (result i64) (i64.add (local.get 0) (i64.const {number}))))"#
        );
        fs::write(&path, module).unwrap();
        let source = format!("AS WASM FROM INFILE '{}' USING EXPORT 'f'", path.display());
        scene.ok(&format!("CREATE FUNCTION f{number}(x BIGINT) RETURNS BIGINT {source}"));
    }
    for round in 0..9 {
        let number = round % 3;
        assert_eq!(scene.number(&format!("SELECT max(f{number}(value)) FROM generate_series(1, 9)")), 9 + number);
    }
}

#[test]
fn a_new_memory_pool_is_charged_from_the_next_statement_on() {
    let (scene, _) = with_memory(100 << 20);
    scene.ok(&format!("CREATE FUNCTION shout {TEXT}"));
    scene.ok("SET datafusion.runtime.memory_limit = '1K'");
    refused(scene.run("SELECT max(shout(cast(value AS VARCHAR))) FROM generate_series(1, 9)"));
    scene.ok("SET datafusion.runtime.memory_limit = '100M'");
    scene.ok("SELECT max(shout(cast(value AS VARCHAR))) FROM generate_series(1, 9)");
}

#[test]
fn the_plancache_has_a_limit_of_its_own() {
    let folder = TempDir::new().unwrap();
    let scene = Scene::new(EngineOptions { plancache_limit_mb: 1, ..with_plancache(folder.path()) });
    for number in 0..20 {
        scene.ok(&another_shout(number));
        scene.ok(&format!("SELECT max(shout{number}(cast(value AS VARCHAR))) FROM generate_series(1, 9)"));
        let bytes: u64 = files(folder.path()).iter().map(|path| path.metadata().unwrap().len()).sum();
        assert!(bytes <= 1 << 20, "{bytes}");
    }
    assert!(files(folder.path()).len() > 5);
}

#[cfg(unix)]
#[test]
fn a_plancache_that_others_can_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let folder = TempDir::new().unwrap();
    let options = with_plancache(folder.path());
    let plancache = options.plancache.clone().unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    // One that is made, and an empty one that was made for the purpose.
    drop(Engine::new(options.clone()).unwrap());
    assert_eq!(mode(&plancache), 0o700);
    fs::set_permissions(&plancache, fs::Permissions::from_mode(0o755)).unwrap();
    drop(Engine::new(options.clone()).unwrap());
    assert_eq!(mode(&plancache), 0o700);
    fs::write(plancache.join("something"), "").unwrap();
    fs::set_permissions(&plancache, fs::Permissions::from_mode(0o770)).unwrap();
    let error = Engine::new(options).unwrap_err().to_string();
    assert!(error.contains("name a new folder") && error.contains("770"), "{error}");
    assert_eq!(mode(&plancache), 0o770);
    let file = EngineOptions { plancache: Some(plancache.join("something")), ..EngineOptions::default() };
    assert!(Engine::new(file).unwrap_err().to_string().contains("something"));
}

#[test]
fn a_context_keeps_what_it_had() {
    let context = SessionContext::new();
    let before = context.session_id();
    let numbers = context.runtime_env();
    context.register_batch("mine", RecordBatch::new_empty(Arc::new(Schema::empty()))).unwrap();
    let scene = Scene::with(
        |engine| {
            // A second session of the same context is one too many, but must do no harm.
            drop(Session::with_context(Arc::clone(&engine), context.clone()));
            Session::with_context(engine, context.clone())
        },
        Engine::new(EngineOptions::default()).unwrap(),
    );
    assert_eq!(scene.number("SELECT count(*) FROM mine"), 0);
    assert_eq!(context.session_id(), before);
    assert_eq!(context.state().session_id(), before);
    assert!(Arc::ptr_eq(&context.runtime_env(), &numbers));
    context.register_batch("later", RecordBatch::new_empty(Arc::new(Schema::empty()))).unwrap();
    assert_eq!(scene.number("SELECT count(*) FROM later"), 0);
}

#[test]
fn views_that_outlive_a_function_leave_nothing_behind() {
    let folder = TempDir::new().unwrap();
    let scene = Scene::new(EngineOptions::default());
    scene.ok(&tiny(folder.path(), 4));
    scene.ok("CREATE VIEW v AS SELECT max(f(value)) FROM generate_series(1, 3)");
    scene.ok("DROP FUNCTION f");
    assert_eq!(scene.number("SELECT * FROM v"), 7);
    assert_eq!(scene.status("images_in_memory"), 1);
    scene.ok("DROP VIEW v");
    scene.wait_for("live_sandboxes", 0);
    scene.wait_for("images_in_memory", 0);
}

#[test]
fn sandboxes_stay_with_the_memory_pool_that_pays_for_them() {
    let folder = TempDir::new().unwrap();
    let (scene, pool) = with_memory(8 << 20);
    scene.ok(&tiny(folder.path(), 4));
    assert_eq!(scene.number(F), 7);
    let reserved = pool.reserved();
    // Another session of the engine, without such a limit, gets a sandbox of its own.
    assert_eq!(scene.another().number(F), 7);
    assert_eq!(scene.status("live_sandboxes"), 2);
    assert_eq!(pool.reserved(), reserved);
}

#[test]
fn what_is_idle_ends_when_others_need_the_memory() {
    let folder = TempDir::new().unwrap();
    let (scene, pool) = with_memory(20 << 20);
    scene.ok(&tiny(folder.path(), 4));
    assert_eq!(scene.number(F), 7);
    let idle = pool.reserved();
    let sort = MemoryConsumer::new("a sort").register(&pool);
    sort.try_grow((19 << 20) - idle).unwrap();
    scene.wait_for("live_sandboxes", 0);
    // That was enough.
    assert_eq!(pool.reserved(), sort.size() + scene.status("alloc_compiled_unit_sections") as usize);
    sort.try_grow((19 << 20) - pool.reserved()).unwrap();
    scene.wait_for("images_in_memory", 0);
    assert_eq!(pool.reserved(), sort.size());
}

#[test]
fn variables_belong_to_the_engine() {
    let scene = Scene::new(EngineOptions { timeout_ms: 100, ..EngineOptions::default() });
    let other = scene.another();
    scene.ok("SET wasm.enabled = false");
    let error = other.run(&format!("CREATE FUNCTION shout {TEXT}")).unwrap_err().to_string();
    assert!(error.contains("wasm.enabled"), "{error}");
    other.ok("RESET wasm.enabled");
    scene.ok(&format!("CREATE FUNCTION shout {TEXT}"));
    scene.ok("SET wasm.timeout_ms = 200");
    scene.ok("RESET wasm.timeout_ms");
    let shown = "SELECT cast(value AS BIGINT) FROM information_schema.df_settings WHERE name = 'wasm.timeout_ms'";
    assert_eq!(other.number(shown), 100);
}

#[test]
fn a_constant_call_that_takes_too_long_is_tried_once() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("f.wat");
    fs::write(&path, r#"(module (func (export "f") (param i64) (result i64) (loop $l (br $l)) (unreachable)))"#)
        .unwrap();
    let scene = Scene::new(EngineOptions { timeout_ms: 50, ..EngineOptions::default() });
    scene.ok(&format!("CREATE FUNCTION f(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '{}'", path.display()));
    for (calls, timeouts) in
        [("SELECT f(1)", 1), ("SELECT f(2) + f(2) * 2", 2), ("SELECT f(value) FROM generate_series(2, 2)", 3)]
    {
        assert!(scene.run(calls).unwrap_err().to_string().contains("after 50 ms"));
        assert_eq!(scene.status("timeouts"), timeouts, "{calls}");
    }
    scene.ok("SET wasm.timeout_ms = 60");
    assert!(scene.run("SELECT f(2)").unwrap_err().to_string().contains("after 60 ms"));
}

#[test]
fn analysed_queries_count_for_themselves() {
    let scene = Scene::new(EngineOptions::default());
    scene.ok(&format!("CREATE FUNCTION shout {TEXT}"));
    scene.ok("SELECT max(shout(cast(value AS VARCHAR))) FROM generate_series(1, 999)");
    let sql = "EXPLAIN ANALYZE SELECT max(shout(cast(value AS VARCHAR))) FROM generate_series(1, 9)
        WHERE shout('a' || value) IN (SELECT shout('a' || value) FROM generate_series(1, 5))";
    let plan = scene.runtime.block_on(async { scene.session.sql(sql).await.unwrap().to_string().await.unwrap() });
    assert!(plan.contains("WasmFunctionsExec: shout"), "{plan}");
    // Nine and five for the condition, five for the result.
    assert!(
        plan.contains("shout.rows=19") && plan.contains("shout.wasm=") && plan.contains("shout.marshalling="),
        "{plan}"
    );
    assert_eq!(scene.number("SELECT rows FROM wasm_functions WHERE name = 'shout'"), 999 + 19);
}
