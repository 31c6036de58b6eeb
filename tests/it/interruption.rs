//! Guests stop when nobody waits for them, and queries do not stop or see each other.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use datafusion::{
    arrow::{array::AsArray, datatypes::Int64Type},
    physical_plan::{execute_stream, execution_plan::reset_plan_states},
};
use futures::StreamExt;
use tempfile::TempDir;
use wasmfusion::{Engine, EngineOptions, SandboxScope, Session};

/// `spin` never ends, `once` neither, but only on rows that are not 0; `tick` tells how often it was called in its sandbox;
/// `work` takes about a
/// microsecond, and so does `works`, but never ends below 0.
const NUMBERS: &str = r#"(module
    (global $n (mut i64) (i64.const 0))
    (func (export "spin") (param i64) (result i64) (loop $l (br $l)) (unreachable))
    (func (export "once") (param i64) (result i64)
        (loop $l (br_if $l (i64.ne (local.get 0) (i64.const 0)))) (i64.const 7))
    (func (export "tick") (param i64) (result i64)
        (global.set $n (i64.add (global.get $n) (i64.const 1))) (global.get $n))
    (func $work (export "work") (param i64) (result i64) (local $n i64)
        (local.set $n (i64.const 1000))
        (loop $l (br_if $l (i64.gt_s (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
        (local.get 0))
    (func (export "works") (param i64) (result i64)
        (loop $l (br_if $l (i64.lt_s (local.get 0) (i64.const 0)))) (call $work (local.get 0))))"#;

/// The same as a list, and as a component of two modules, which only the general route can call.
const ITEMS: &str = r#"(module (memory (export "memory") 1)
    (func (export "items") (param i64) (result i32) (loop $l (br $l)) (unreachable)))"#;
const GENERAL: &str = r#"(component
    (core module $other (func (export "f") (param i64) (result i64) (loop $l (br $l)) (unreachable)))
    (core module $main (import "o" "f" (func $f (param i64) (result i64)))
        (func (export "general") (param i64) (result i64) (call $f (local.get 0))))
    (core instance $o (instantiate $other))
    (core instance $m (instantiate $main (with "o" (instance $o))))
    (func (export "general") (param "x" s64) (result s64) (canon lift (core func $m "general"))))"#;

struct Scene {
    session: Arc<Session>,
    folder: TempDir,
}

impl Scene {
    /// Without any limit of time unless `options` has one.
    async fn new(options: EngineOptions) -> Self {
        let scene =
            Self { session: Arc::new(Session::new(Engine::new(options).unwrap())), folder: TempDir::new().unwrap() };
        let path = |name: &str, text: &str| {
            let path = scene.folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let (numbers, items, general) = (path("n.wat", NUMBERS), path("i.wat", ITEMS), path("general.wat", GENERAL));
        let wit = path("i.wit", "package a:b; world w { export items: func(x: s64) -> list<s64>; }");
        for name in ["spin", "once", "work", "works", "tick"] {
            let volatility = if name == "tick" { "VOLATILE" } else { "" };
            let sql =
                format!("CREATE FUNCTION {name}(x BIGINT) RETURNS BIGINT {volatility} AS WASM FROM INFILE '{numbers}'");
            scene.session.sql(&sql).await.unwrap();
        }
        let sql =
            format!("CREATE FUNCTION items RETURNS TABLE AS WASM FROM INFILE '{items}' WITH WIT FROM INFILE '{wit}'");
        scene.session.sql(&sql).await.unwrap();
        scene.session.sql(&format!("CREATE FUNCTION general AS WASM FROM INFILE '{general}'")).await.unwrap();
        scene
    }

    async fn unlimited() -> Self {
        Self::new(EngineOptions { timeout_ms: 0, ..EngineOptions::default() }).await
    }

    async fn numbers(&self, sql: &str) -> datafusion::error::Result<Vec<i64>> {
        let batches = self.session.sql(sql).await?.collect().await?;
        Ok(batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect())
    }

    /// How many calls of a function have ended.
    async fn calls(&self, function: &str) -> i64 {
        let sql = format!("SELECT calls FROM wasm_functions WHERE name = '{function}'");
        self.numbers(&sql).await.unwrap()[0]
    }

    /// Waits until so many calls of a function that would run for ever have ended.
    async fn until_stopped(&self, function: &str, calls: i64) {
        let start = Instant::now();
        while self.calls(function).await < calls {
            assert!(start.elapsed() < Duration::from_secs(20), "{function} goes on");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Every worker of the runtime is inside of a guest; nevertheless the stream can be dropped, and all of them end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_stop_when_the_stream_of_their_query_is_dropped() {
    let scene = Scene::unlimited().await;
    for (function, sql) in [
        ("spin", "SELECT spin(value) FROM generate_series(1, 100000)"),
        ("once", "SELECT sum(once(value % 5000)) FROM generate_series(1, 100000) GROUP BY value % 7"),
        ("general", "SELECT general(value) FROM generate_series(1, 10)"),
        ("items", "SELECT * FROM generate_series(1, 10) AS t(x), items(t.x)"),
    ] {
        let mut stream = scene.session.sql(sql).await.unwrap().execute_stream().await.unwrap();
        let read = tokio::time::timeout(Duration::from_millis(300), stream.next()).await;
        assert!(read.is_err(), "{function} has ended");
        drop(stream);
        scene.until_stopped(function, 1).await;
    }
    // Nothing is left behind that would disturb others.
    assert_eq!(scene.numbers("SELECT max(work(value)) FROM generate_series(1, 1000)").await.unwrap(), [1000]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_was_abandoned_can_be_run_again() {
    let scene = Scene::unlimited().await;
    let sql = "SELECT once(greatest(value - 8192, 0)) FROM generate_series(1, 10000)";
    let frame = scene.session.sql(sql).await.unwrap();
    let context = Arc::new(frame.task_ctx());
    let plan = frame.create_physical_plan().await.unwrap();
    for _ in 0..3 {
        let plan = reset_plan_states(Arc::clone(&plan)).unwrap();
        let mut stream = execute_stream(plan, Arc::clone(&context)).unwrap();
        // The first batch has no row that does not end.
        let first = stream.next().await.unwrap().unwrap();
        assert_eq!(first.column(0).as_primitive::<Int64Type>().value(0), 7);
        let read = tokio::time::timeout(Duration::from_millis(100), stream.next()).await;
        assert!(read.is_err());
    }
}

/// The planner calls functions on constants; only the session can stop that, for nothing can be dropped meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_interrupts_what_it_plans_and_what_it_runs() {
    let scene = Scene::unlimited().await;
    for sql in ["SELECT spin(1)", "SELECT spin(value) FROM generate_series(1, 100000)", "SELECT * FROM items(1)"] {
        let session = Arc::clone(&scene.session);
        let stopper = thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            session.interrupt();
        });
        let error = scene.session.sql(sql).await.unwrap().collect().await.unwrap_err().to_string();
        assert!(error.contains("was stopped because its query was cancelled"), "{sql}: {error}");
        stopper.join().unwrap();
    }
    assert_eq!(scene.numbers("SELECT work(5)").await.unwrap(), [5]);
}

/// One query is cancelled again and again, one times out again and again, and a third on the same functions goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_do_not_stop_each_other() {
    let scene = Scene::new(EngineOptions { timeout_ms: 1000, ..EngineOptions::default() }).await;
    let session = Arc::clone(&scene.session);
    let disturb = tokio::spawn(async move {
        for round in 0..6 {
            let sql = "SELECT once(value) FROM generate_series(0, 100000)";
            let mut stream = session.sql(sql).await.unwrap().execute_stream().await.unwrap();
            if round % 2 == 0 {
                assert!(tokio::time::timeout(Duration::from_millis(30), stream.next()).await.is_err());
            } else {
                let error = stream.next().await.unwrap().unwrap_err().to_string();
                assert!(error.contains("was interrupted after 1000 ms"), "{error}");
            }
        }
    });
    while !disturb.is_finished() {
        let sum = scene.numbers("SELECT sum(work(value)) FROM generate_series(1, 50000)").await.unwrap();
        assert_eq!(sum, [1_250_025_000]);
    }
    disturb.await.unwrap();
}

/// Workers share dear batches. When all of them are inside of guests that do not end, everybody else goes on without them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_waits_for_workers_that_are_inside_of_guests() {
    let scene = Scene::unlimited().await;
    // Now it is known to be dear.
    assert_eq!(
        scene.numbers("SELECT sum(works(value)) FROM generate_series(1, 50000)").await.unwrap(),
        [1_250_025_000]
    );
    let sql = "SELECT works(-value) FROM generate_series(1, 100000)";
    let mut endless = scene.session.sql(sql).await.unwrap().execute_stream().await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(500), endless.next()).await.is_err());
    let sum = scene.numbers("SELECT sum(work(value)) FROM generate_series(1, 50000)").await.unwrap();
    assert_eq!(sum, [1_250_025_000]);
    drop(endless);
    scene.until_stopped("works", 1).await;
}

/// Readers that stop early, as LIMIT does, are no reason to fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_that_needs_no_more_rows_ends_well() {
    let scene = Scene::unlimited().await;
    let sql = "SELECT once(greatest(value - 8192, 0)) FROM generate_series(1, 8192) LIMIT 3";
    assert_eq!(scene.numbers(sql).await.unwrap(), [7, 7, 7]);
    // The other partition has rows that do not end, and is not waited for.
    let sql = "SELECT x FROM (SELECT once(greatest(value - 8192, 0)) AS x FROM generate_series(1, 100000))
        WHERE x = 7 LIMIT 3";
    assert_eq!(scene.numbers(sql).await.unwrap(), [7, 7, 7]);
    assert_eq!(scene.numbers("SELECT count(work(value)) FROM generate_series(1, 20000)").await.unwrap(), [20_000]);
}

/// What a guest keeps is there in the next query, or is not.
#[tokio::test]
async fn sandboxes_are_those_of_the_engine_or_of_the_query() {
    let one_worker = EngineOptions { parallelism: 1, ..EngineOptions::default() };
    for (scope, last) in [(SandboxScope::Engine, 30), (SandboxScope::Query, 10)] {
        let scene = Scene::new(EngineOptions { sandbox_scope: scope, ..one_worker.clone() }).await;
        let sql = "SELECT tick(value) FROM generate_series(1, 10)";
        for _ in 0..2 {
            scene.numbers(sql).await.unwrap();
        }
        assert_eq!(scene.numbers(sql).await.unwrap().last(), Some(&last), "{scope:?}");
        // Also on constants, at planning, and in a plan that is run twice.
        let frame = scene.session.sql(sql).await.unwrap();
        let context = Arc::new(frame.task_ctx());
        let plan = frame.create_physical_plan().await.unwrap();
        for run in 1..=2 {
            let plan = reset_plan_states(Arc::clone(&plan)).unwrap();
            let mut stream = execute_stream(plan, Arc::clone(&context)).unwrap();
            let batch = stream.next().await.unwrap().unwrap();
            let counts = batch.column(0).as_primitive::<Int64Type>();
            let expected = if scope == SandboxScope::Query { 10 } else { 30 + 10 * run };
            assert_eq!(counts.value(counts.len() - 1), expected, "{scope:?}, run {run}");
            assert!(stream.next().await.is_none());
        }
    }
}
