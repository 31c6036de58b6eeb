//! Modules that try to break out of the rules, written here as text: each was once a defect.

use std::{fs, sync::Arc, time::Instant};

use datafusion::{
    arrow::{array::AsArray, datatypes::Int64Type},
    error::Result,
};
use tempfile::TempDir;
use wasmfusion::{Engine, EngineOptions, Session};

/// A session with a folder for modules.
struct Scene {
    session: Session,
    folder: TempDir,
}

impl Scene {
    fn new(timeout_ms: u64) -> Self {
        let engine = Engine::new(EngineOptions { timeout_ms, ..EngineOptions::default() }).unwrap();
        Self { session: Session::new(Arc::clone(&engine)), folder: tempfile::tempdir().unwrap() }
    }

    /// Creates function `f` of a module in text, with WIT or with SQL types.
    async fn create(&self, module: &str, wit: Option<&str>, types: &str) -> Result<()> {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        fs::write(path("f.wat"), module).unwrap();
        let mut sql = format!("CREATE OR REPLACE FUNCTION f{types} AS WASM FROM INFILE '{}'", path("f.wat"));
        if let Some(function) = wit {
            fs::write(path("f.wit"), format!("package a:b; world w {{ export f: {function}; }}")).unwrap();
            sql += &format!(" WITH WIT FROM INFILE '{}'", path("f.wit"));
        }
        self.session.sql(&sql).await.map(drop)
    }

    async fn number(&self, sql: &str) -> Result<i64> {
        let batches = self.session.sql(sql).await?.collect().await?;
        Ok(batches[0].column(0).as_primitive::<Int64Type>().value(0))
    }
}

#[tokio::test]
async fn a_return_area_at_address_0_is_one_like_any_other() {
    let scene = Scene::new(30_000);
    // Counts its calls, and returns 3 MB that begin with the count: not every result has room at once.
    let module = r#"(module (memory (export "memory") 100) (global $n (mut i32) (i32.const 0))
        (func (export "f") (param i64) (result i32)
            (global.set $n (i32.add (global.get $n) (i32.const 1)))
            (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 3000000))
            (i32.store8 (i32.const 16) (i32.add (i32.const 48) (global.get $n)))
            (memory.fill (i32.const 17) (i32.const 120) (i32.const 2999999))
            (i32.const 0)))"#;
    scene.create(module, Some("func(x: s64) -> string"), "").await.unwrap();
    let calls = "SELECT max(CAST(left(f(value), 1) AS BIGINT)) FROM generate_series(1, 4)";
    assert_eq!(scene.number(calls).await.unwrap(), 4);
}

#[tokio::test]
async fn allocators_that_only_go_up_get_fresh_sandboxes() {
    let scene = Scene::new(30_000);
    let module = r#"(module (memory (export "memory") 16) (global $p (mut i32) (i32.const 1024))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $r i32)
            (local.set $r (global.get $p)) (global.set $p (i32.add (global.get $p) (local.get 3))) (local.get $r))
        (func (export "f") (param i32 i32) (result i32) (local.get 1)))"#;
    scene.create(module, Some("func(s: string) -> s32"), "").await.unwrap();
    let sum = "SELECT CAST(sum(f(repeat('x', 1000))) + sum(f(repeat('y', value % 100))) AS BIGINT) FROM generate_series(1, 20000)";
    assert_eq!(scene.number(sum).await.unwrap(), 20_000 * 1000 + 200 * 4950);
}

#[tokio::test]
async fn options_without_nulls_have_room_beside_a_large_constant() {
    let scene = Scene::new(30_000);
    let module = r#"(module (memory (export "memory") 128)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 16))
        (func (export "f") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
            (local.get 3)))"#;
    let wit = "func(s: string, a: option<u8>, b: option<u8>, c: option<u8>, d: option<u8>, e: option<u8>, g: option<u8>, h: option<u8>) -> u8";
    scene.create(module, Some(wit), "").await.unwrap();
    for length in (4_368_000..4_374_000).step_by(500) {
        let sql = format!(
            "SELECT CAST(count(f(repeat('x', {length}), v, v, v, v, v, v, v)) AS BIGINT)
             FROM (SELECT value % 100 AS v FROM generate_series(1, 2048))"
        );
        assert_eq!(scene.number(&sql).await.unwrap(), 2048, "{length}");
    }
}

#[tokio::test]
async fn stubs_can_be_interrupted() {
    let scene = Scene::new(200);
    // Writes 2 million pieces of 16 KiB to standard output.
    let module = r#"(module
        (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))
        (memory 256)
        (func (export "f") (param i64) (result i64) (local $i i32)
            (loop $l
                (i32.store offset=4 (local.get $i) (i32.const 16384))
                (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 16777208))))
            (i64.extend_i32_s (call $w (i32.const 1) (i32.const 0) (i32.const 2097150) (i32.const 0)))))"#;
    scene.create(module, None, "(x BIGINT) RETURNS BIGINT").await.unwrap();
    let start = Instant::now();
    let error = scene.number("SELECT sum(f(value)) FROM generate_series(1, 3)").await.unwrap_err().to_string();
    assert!(error.contains("interrupted after 200 ms"), "{error}");
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

/// Parts that fail side by side need the image without inlining at once, and compiling it takes all workers.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn failures_side_by_side_do_not_wait_for_each_other() {
    let scene = Scene::new(30_000);
    let fillers: String = (0..1000)
        .map(|i| {
            format!(
                "(func $g{i} (param i64) (result i64) (local i64) (loop (local.set 1 (i64.add (i64.mul (local.get 1)
                 (i64.const {i})) (local.get 0))) (br_if 0 (i64.lt_s (local.get 1) (i64.const {i})))) (local.get 1))"
            )
        })
        .collect();
    let module = format!(
        r#"(module {fillers} (func (export "f") (param i64) (result i64) (local $n i64)
            (if (i64.eqz (i64.and (local.get 0) (i64.const 1023))) (then (unreachable)))
            (local.set $n (i64.const 10000))
            (loop $l (br_if $l (i64.gt_s (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
            (local.get 0)))"#
    );
    scene.create(&module, None, "(x BIGINT) RETURNS BIGINT").await.unwrap();
    let series = ["SELECT value AS v FROM generate_series(1, 8192)"; 6].join(" UNION ALL ");
    // The first query tells the cost, so that the second is shared.
    scene.number("SELECT sum(f(value)) FROM generate_series(1, 1000)").await.unwrap();
    let error = scene.number(&format!("SELECT sum(f(v)) FROM ({series})")).await.unwrap_err().to_string();
    assert!(error.contains("unreachable") && error.contains("function f failed"), "{error}");
}

#[tokio::test]
async fn results_are_counted_before_they_fill_the_machine() {
    let scene = Scene::new(30_000);
    // 12 MiB a row, from constant memory.
    let module = r#"(module (memory (export "memory") 200)
        (func (export "f") (param i64) (result i32)
            (i32.store (i32.const 8) (i32.const 1024)) (i32.store (i32.const 12) (i32.const 12582912)) (i32.const 8)))"#;
    scene.create(module, Some("func(x: s64) -> list<u8>"), "").await.unwrap();
    let sql = "SELECT CAST(count(f(value)) AS BIGINT) FROM generate_series(1, 400)";
    let error = scene.number(sql).await.unwrap_err().to_string();
    assert!(error.contains("2 GiB"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_called_is_refused_when_it_is_created() {
    let scene = Scene::new(30_000);
    let types = "(x BIGINT) RETURNS BIGINT";
    let function = r#"(func (export "f") (param i64) (result i64) local.get 0)"#;
    for (module, part) in [
        (format!(r#"(module {function} (func (export "_initialize") (param i32)))"#), "_initialize"),
        (format!(r#"(module (import "wasi_snapshot_preview1" "fd_close" (func)) {function})"#), "fd_close"),
    ] {
        let error = scene.create(&module, None, types).await.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}
