//! Table functions and lists: rows that yield more than memory should hold, guests that lie about lists, and contexts
//! without a session.

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{Array, AsArray},
        util::pretty::pretty_format_batches,
    },
    error::Result,
    execution::{SessionStateBuilder, memory_pool::GreedyMemoryPool, runtime_env::RuntimeEnvBuilder},
    prelude::{SessionConfig, SessionContext},
};
use futures::StreamExt;
use wasmfusion::{
    Engine, EngineOptions, Session, WasmFunctionFactory, WasmScalarUdf, WasmTableFunction, WasmTypePlanner,
};

use crate::library::{number, run, text};

async fn session() -> Session {
    let session = Session::new(Engine::new(EngineOptions::default()).unwrap());
    for name in ["split_str", "words", "gen_series", "repeat_each"] {
        let create = format!(
            "CREATE FUNCTION {name} RETURNS TABLE AS WASM GROW TO 268435456 FROM INFILE '$F/built/tables.wasm'"
        );
        run(&session, &create).await.unwrap();
    }
    session
}

/// The rows of a query, batch by batch, until there are `enough`.
async fn batches(session: &Session, sql: &str, enough: usize) -> Vec<usize> {
    let mut stream = session.sql(sql).await.unwrap().execute_stream().await.unwrap();
    let mut sizes = Vec::new();
    while let Some(batch) = stream.next().await {
        sizes.push(batch.unwrap().num_rows());
        if sizes.iter().sum::<usize>() >= enough {
            break;
        }
    }
    sizes
}

#[tokio::test]
async fn a_row_that_yields_a_million_rows_streams() {
    let session = session().await;
    let sizes = batches(&session, "SELECT value FROM gen_series(1, 1000000, 1)", usize::MAX).await;
    assert_eq!(sizes.iter().sum::<usize>(), 1_000_000);
    assert!(sizes.iter().all(|rows| *rows <= 8192), "{sizes:?}");
    // Strings of all lengths, some of which alone need more room than there is for several.
    let sizes = batches(&session, "SELECT value FROM repeat_each(20, repeat('x', 1000000))", usize::MAX).await;
    assert_eq!(sizes.iter().sum::<usize>(), 20);
    assert!(sizes.len() > 4, "{sizes:?}");
}

#[tokio::test]
async fn values_are_right_where_rows_are_cut() {
    let session = session().await;
    // Each row yields a different number of strings of different lengths; together they fill the arena many times.
    let ours = "SELECT CAST(sum(length(value) * ordinality) AS BIGINT)
                FROM generate_series(1, 300) AS t(n),
                     repeat_each(arrow_cast(n * 7, 'UInt32'), repeat('ab', CAST(n * 13 AS BIGINT))) WITH ORDINALITY";
    let native = "SELECT CAST(sum(26 * n * m) AS BIGINT)
                  FROM generate_series(1, 300) AS t(n) JOIN generate_series(1, 2100) AS u(m) ON m <= 7 * n";
    assert_eq!(number(&session, ours).await.unwrap(), number(&session, native).await.unwrap());
    // The same as lists, which are put together again.
    let lists = "SELECT CAST(sum(array_length(repeat_each(arrow_cast(n * 7, 'UInt32'), repeat('ab', n)))) AS BIGINT)
                 FROM generate_series(1, 300) AS t(n)";
    assert_eq!(number(&session, lists).await.unwrap(), 7 * 300 * 301 / 2);
}

#[tokio::test]
async fn rows_without_items_are_kept_wherever_rows_are_cut() {
    let session = session().await;
    let sql = "SELECT count(*) FROM generate_series(1, 5000) AS t(n)
               LEFT JOIN LATERAL gen_series(1, CASE WHEN n % 3 = 0 THEN 0 ELSE n % 50 END, 1) ON true";
    let expected: i64 = (1..=5000i64).map(|n| if n % 3 == 0 { 1 } else { (n % 50).max(1) }).sum();
    assert_eq!(number(&session, sql).await.unwrap(), expected);
    let ids = "SELECT count(*) FROM (SELECT n FROM generate_series(1, 5000) AS t(n)
               EXCEPT SELECT n FROM generate_series(1, 5000) AS t(n)
               LEFT JOIN LATERAL gen_series(1, n % 7, 1) ON true)";
    assert_eq!(number(&session, ids).await.unwrap(), 0);
}

#[tokio::test]
async fn a_limit_stops_the_work() {
    let session = session().await;
    // 10 thousand million rows, if it did not.
    let sql =
        "SELECT count(*) FROM (SELECT b.value FROM gen_series(1, 100000, 1) a, gen_series(1, 100000, 1) b LIMIT 5)";
    assert_eq!(number(&session, sql).await.unwrap(), 5);
    let lateral = "SELECT n, value FROM generate_series(1, 1000000) AS t(n), gen_series(n, n + 100000, 1) LIMIT 3";
    assert_eq!(batches(&session, lateral, usize::MAX).await.iter().sum::<usize>(), 3);
    let calls = number(&session, "SELECT rows FROM wasm_functions WHERE name = 'gen_series'").await.unwrap();
    assert!(calls < 200_000, "{calls}");
}

#[tokio::test]
async fn columns_that_nobody_uses_are_not_made() {
    let session = session().await;
    run(&session, "CREATE TABLE t AS SELECT arrow_cast('a-b', 'Utf8') AS phrase, 1 AS id").await.unwrap();
    let plan = run(&session, "EXPLAIN SELECT count(idx) FROM t, split_str(t.phrase, '-')").await.unwrap();
    assert!(plan.contains("yields=[idx]"), "{plan}");
    let plan = run(&session, "EXPLAIN SELECT count(*) FROM t, split_str(t.phrase, '-') AS x").await.unwrap();
    assert!(plan.contains("yields=[]") && plan.contains("WasmTableFunction: split_str(t.phrase"), "{plan}");
    let plan = run(&session, "EXPLAIN SELECT id, str FROM t, split_str(t.phrase, '-') WHERE id > 1").await.unwrap();
    assert!(plan.contains("yields=[id, str]"), "{plan}");
    let filter = plan.find("FilterExec").unwrap();
    assert!(filter > plan.find("WasmTableFunctionExec").unwrap(), "{plan}");
}

#[tokio::test]
async fn explain_analyze_counts_calls_of_tables() {
    let session = session().await;
    let plan = run(&session, "EXPLAIN ANALYZE SELECT value FROM gen_series(1, 10, 1)").await.unwrap();
    assert!(plan.contains("gen_series.rows=1") && plan.contains("output_rows=10"), "{plan}");
}

#[tokio::test]
async fn a_memory_pool_is_charged_and_refuses() {
    let engine = Engine::new(EngineOptions::default()).unwrap();
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(GreedyMemoryPool::new(1 << 20))).build_arc();
    let context = SessionContext::new_with_config_rt(SessionConfig::new(), runtime.unwrap());
    let session = Session::with_context(engine, context);
    run(&session, "CREATE FUNCTION gen_series RETURNS TABLE AS WASM FROM INFILE '$F/built/tables.wasm'").await.unwrap();
    let error = run(&session, "SELECT * FROM gen_series(1, 10, 1)").await.unwrap_err().to_string();
    assert!(error.contains("Resources exhausted"), "{error}");
}

#[tokio::test]
async fn lies_about_lists_are_errors_of_their_row() {
    let session = Session::new(Engine::new(EngineOptions::default()).unwrap());
    for (name, part) in [
        ("far", "an address outside of its memory"),
        ("huge", "an address outside of its memory"),
        ("crooked", "an address that is not aligned"),
        ("wrapping", "an address outside of its memory"),
        ("folded", "an address outside of its memory"),
        ("bad_string", "an address outside of its memory"),
        ("latin", "a string that is not UTF-8"),
        ("bad_option", "a discriminant that its type does not have"),
        ("bad_row", "an address outside of its memory"),
    ] {
        let create = format!(
            "CREATE FUNCTION {name} RETURNS TABLE AS WASM FROM INFILE '$F/wat/wild_lists.wat'
             WITH WIT FROM INFILE '$F/wat/wild_lists.wit'"
        );
        run(&session, &create).await.unwrap();
        for sql in [format!("SELECT * FROM {name}(1)"), format!("SELECT {name}(1)")] {
            let error = run(&session, &sql).await.unwrap_err().to_string();
            assert!(error.contains(part) && error.contains("row 0"), "{sql}: {error}");
        }
    }
    let create = "CREATE FUNCTION honest RETURNS TABLE AS WASM FROM INFILE '$F/wat/wild_lists.wat'
                  WITH WIT FROM INFILE '$F/wat/wild_lists.wit'";
    run(&session, create).await.unwrap();
    let sum = "SELECT sum(h.value) FROM generate_series(1, 3000) AS t(n), honest(arrow_cast(n % 100, 'Int32')) AS h";
    assert_eq!(number(&session, sum).await.unwrap(), (1..=3000i64).map(|n| (n % 100) * (n % 100 - 1) / 2).sum::<i64>());
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_interrupted() {
    let engine = Engine::new(EngineOptions { timeout_ms: 200, ..EngineOptions::default() }).unwrap();
    let session = Session::new(engine);
    let module = r#"(module (memory (export "memory") 1) (func (export "f") (param i32) (result i32) (loop $l (br $l)) (i32.const 0)))"#;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("f.wat"), module).unwrap();
    std::fs::write(path("f.wit"), "package a:b; world w { export f: func(n: s32) -> list<s32>; }").unwrap();
    let create = format!(
        "CREATE FUNCTION f RETURNS TABLE AS WASM FROM INFILE '{}' WITH WIT FROM INFILE '{}'",
        path("f.wat"),
        path("f.wit")
    );
    run(&session, &create).await.unwrap();
    let error = run(&session, "SELECT * FROM f(1)").await.unwrap_err().to_string();
    assert!(error.contains("interrupted after 200 ms"), "{error}");
}

/// Components of several modules have no drivers; their lists come row by row.
#[tokio::test]
async fn the_general_route_yields_the_same() {
    let session = Session::new(Engine::new(EngineOptions::default()).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.wat").display().to_string();
    std::fs::write(&path, TWO_MODULES).unwrap();
    run(&session, &format!("CREATE FUNCTION count_up RETURNS TABLE AS WASM FROM INFILE '{path}'")).await.unwrap();
    assert!(run(&session, "SELECT * FROM wasm_functions WHERE NOT has_drivers").await.unwrap().contains("count_up"));
    let sum = "SELECT sum(c.value) FROM generate_series(1, 200) AS t(n), count_up(arrow_cast(n % 5, 'UInt32')) AS c";
    assert_eq!(number(&session, sum).await.unwrap(), (1..=200i64).map(|n| (n % 5) * (n % 5 - 1) / 2).sum::<i64>());
    let left = "SELECT count(*) FROM generate_series(1, 200) AS t(n)
                LEFT JOIN LATERAL count_up(arrow_cast(n % 5, 'UInt32')) AS c ON true";
    assert_eq!(number(&session, left).await.unwrap(), (1..=200i64).map(|n| (n % 5).max(1)).sum::<i64>());
}

/// A component whose function lies in another module than its memory: it counts up from 0.
const TWO_MODULES: &str = r#"(component
    (core module $memory (memory (export "memory") 1))
    (core instance $memory (instantiate $memory))
    (core module $code (import "m" "memory" (memory 1))
        (func (export "f") (param $n i32) (result i32) (local $i i32)
            (i32.store (i32.const 8) (i32.const 64)) (i32.store (i32.const 12) (local.get $n))
            (block $done (loop $next
                (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
                (i64.store (i32.add (i32.const 64) (i32.shl (local.get $i) (i32.const 3)))
                    (i64.extend_i32_u (local.get $i)))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br $next)))
            (i32.const 8)))
    (core instance $code (instantiate $code (with "m" (instance $memory))))
    (func $f (param "n" u32) (result (list s64))
        (canon lift (core func $code "f") (memory $memory "memory")))
    (export "count-up" (func $f)))"#;

#[tokio::test]
async fn a_plain_context_calls_tables_with_constants() {
    let engine = Engine::new(EngineOptions::default()).unwrap();
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_type_planner(Arc::new(WasmTypePlanner))
        .with_function_factory(Some(Arc::new(WasmFunctionFactory::new(engine))))
        .build();
    let context = SessionContext::new_with_state(state);
    let create = "CREATE FUNCTION split_str(phrase VARCHAR, delim VARCHAR) RETURNS TABLE(str VARCHAR, idx INT)
                  LANGUAGE wasm AS '$F/built/tables.wasm'";
    context.sql(&text(create)).await.unwrap();
    let show = |sql: &'static str| {
        let context = context.clone();
        async move { Ok(pretty_format_batches(&context.sql(sql).await?.collect().await?)?.to_string()) as Result<String> }
    };
    let rows = show("SELECT idx, str FROM split_str('a-b', '-') WHERE idx > 0").await.unwrap();
    assert!(rows.contains("| 1   | b   |"), "{rows}");
    let error = show("SELECT * FROM (VALUES ('a-b')) t(a), LATERAL split_str(t.a, '-')").await.unwrap_err().to_string();
    assert!(error.contains("is a column") && error.contains("wasmfusion Session"), "{error}");
    let error = show("SELECT * FROM split_str('a')").await.unwrap_err().to_string();
    assert!(error.contains("takes 2 arguments"), "{error}");
    let again = context.sql(&text(create)).await.unwrap_err().to_string();
    assert!(again.contains("exists already"), "{again}");
}

#[tokio::test]
async fn definitions_of_a_session_serve_other_contexts() {
    let session = session().await;
    let udf = Arc::clone(&session.context().state().scalar_functions()["words"]);
    let definition = Arc::clone(udf.inner().downcast_ref::<WasmScalarUdf>().unwrap().definition());
    assert!(definition.is_table());
    let other = SessionContext::new();
    other.register_udtf("tokens", Arc::new(WasmTableFunction::new(definition).unwrap()));
    let batches = other.sql("SELECT * FROM tokens('Hello big World') LIMIT 2").await.unwrap().collect().await.unwrap();
    let words: Vec<String> = batches
        .iter()
        .flat_map(|batch| {
            let column = batch.column(0).as_string::<i32>();
            (0..column.len()).map(|row| column.value(row).to_owned()).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(words, ["hello", "big"]);
}
