//! The library: sessions that share an engine, plain contexts, and guests that fail beside others that go on.

use std::{path::Path, sync::Arc, time::Instant};

use datafusion::{
    arrow::{array::AsArray, datatypes::Int64Type, util::pretty::pretty_format_batches},
    error::{DataFusionError, Result},
    prelude::SessionContext,
};
use wasmfusion::{Engine, EngineOptions, Error, Failure, GuestError, Session, WasmFunctionFactory};

fn engine(options: EngineOptions) -> Arc<Engine> {
    Engine::new(options).unwrap()
}

/// A statement with `$F` standing for the folder of the guest modules.
pub(crate) fn text(sql: &str) -> String {
    sql.replace("$F", Path::new(env!("CARGO_MANIFEST_DIR")).join("udf-fixtures").to_str().unwrap())
}

pub(crate) async fn run(session: &Session, sql: &str) -> Result<String> {
    let batches = session.sql(&text(sql)).await?.collect().await?;
    Ok(pretty_format_batches(&batches)?.to_string())
}

pub(crate) async fn number(session: &Session, sql: &str) -> Result<i64> {
    let batches = session.sql(&text(sql)).await?.collect().await?;
    Ok(batches[0].column(0).as_primitive::<Int64Type>().value(0))
}

/// The guest's error in one of DataFusion's.
fn guest_error(error: &DataFusionError) -> &GuestError {
    match error.find_root() {
        DataFusionError::External(inner) => match inner.downcast_ref::<Error>() {
            Some(Error::Guest(error)) => error,
            other => panic!("not a guest's error: {other:?}"),
        },
        other => panic!("not a guest's error: {other}"),
    }
}

const FAULTY: &str = "AS WASM FROM INFILE '$F/built/faulty.wasm' WITH WIT FROM INFILE '$F/rust/faulty/wit/faulty.wit'";

#[tokio::test]
async fn sessions_of_an_engine_share_functions() {
    let engine = engine(EngineOptions::default());
    let (one, two) = (Session::new(Arc::clone(&engine)), Session::new(engine));
    run(&one, "CREATE FUNCTION shout AS WASM FROM INFILE '$F/built/text.wasm'").await.unwrap();
    assert!(run(&two, "SELECT shout('a')").await.unwrap().contains("A!"));
    run(&two, "DROP FUNCTION shout").await.unwrap();
    assert!(run(&one, "SELECT shout('a')").await.unwrap_err().to_string().contains("shout"));
}

#[tokio::test]
async fn a_plain_context_takes_the_language_form() {
    let engine = engine(EngineOptions::default());
    let context = SessionContext::new().with_function_factory(Arc::new(WasmFunctionFactory::new(engine)));
    let create = "FUNCTION Plus(a BIGINT, b BIGINT) RETURNS BIGINT LANGUAGE wasm AS '$F/wat/numbers.wat'";
    context.sql(&text(&format!("CREATE {create}"))).await.unwrap();
    let batches = context.sql("SELECT plus(2, 3)").await.unwrap().collect().await.unwrap();
    assert_eq!(batches[0].column(0).as_primitive::<Int64Type>().value(0), 5);
    let again = context.sql(&text(&format!("CREATE {create}"))).await.unwrap_err().to_string();
    assert!(again.contains("exists already"), "{again}");
    context.sql(&text(&format!("CREATE OR REPLACE {create}"))).await.unwrap();
}

#[tokio::test]
async fn a_panic_shows_its_text_its_row_and_its_frames() {
    let session = Session::new(engine(EngineOptions::default()));
    run(&session, &format!("CREATE FUNCTION must_be_positive {FAULTY}")).await.unwrap();
    let error = run(&session, "SELECT must_be_positive(7 - value) FROM generate_series(1, 20)").await.unwrap_err();
    let error = guest_error(&error);
    assert_eq!((error.row, error.arguments.as_slice()), (Some(7), ["x = -1".to_owned()].as_slice()));
    assert!(error.output.contains("-1 is not a positive number"), "{error}");
    assert!(error.frames.iter().any(|frame| frame == "faulty::check_sign"), "{error}");
    assert!(error.frames.iter().any(|frame| frame == "must-be-positive"), "{error}");
    assert!(!error.frames_are_partial);
}

#[tokio::test]
async fn inlined_frames_are_shown() {
    let session = Session::new(engine(EngineOptions::default()));
    run(&session, "CREATE FUNCTION fussy(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$F/wat/numbers.wat'")
        .await
        .unwrap();
    let error = run(&session, "SELECT fussy(value) FROM generate_series(1, 5000)").await.unwrap_err();
    let error = guest_error(&error);
    assert_eq!((error.row, error.frames.len()), (Some(4241), 3), "{error}");
    assert_eq!(error.frames[2], "fussy");
}

#[tokio::test]
async fn guests_are_isolated() {
    let session = Session::new(engine(EngineOptions::default()));
    for (module, wit) in
        [("built/faulty.wasm", "WITH WIT FROM INFILE '$F/rust/faulty/wit/faulty.wit'"), ("built/faulty.p2.wasm", "")]
    {
        let create = format!("CREATE OR REPLACE FUNCTION environment AS WASM FROM INFILE '$F/{module}' {wit}");
        run(&session, &create).await.unwrap();
        let seen = run(&session, "SELECT environment()").await.unwrap();
        let nothing = "variables: 0, arguments: 0, time: 0.000000000 s, /etc/passwd: does not open";
        assert!(seen.contains(nothing), "{module}: {seen}");
    }
}

/// Every hostile function fails its query with a report while other queries on the same engine go on, and works
/// again afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hostile_functions_fail_beside_queries_that_go_on() {
    let engine = engine(EngineOptions { timeout_ms: 500, ..EngineOptions::default() });
    let session = Arc::new(Session::new(Arc::clone(&engine)));
    run(&session, "CREATE FUNCTION plus(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$F/wat/numbers.wat'")
        .await
        .unwrap();
    let basic = "(x BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$F/wat/numbers.wat'";
    let hostile = [
        ("forever", FAULTY, "interrupted after 500 ms"),
        ("exhaust", FAULTY, "needs more than its 16 MiB of memory"),
        ("noisy", FAULTY, "enough said about 42"),
        ("quit", FAULTY, "exit code 3"),
        ("spin", basic, "interrupted after 500 ms"),
        ("deep", basic, "stack"),
        ("grab", basic, "needs more than its 16 MiB of memory"),
        ("outside", basic, "out of bounds"),
    ];
    let ended = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let beside = tokio::spawn({
        let (session, ended) = (Session::new(engine), Arc::clone(&ended));
        async move {
            let mut queries = 0;
            while !ended.load(std::sync::atomic::Ordering::Relaxed) {
                let sum = number(&session, "SELECT sum(plus(value, 1)) FROM generate_series(1, 10000)").await.unwrap();
                assert_eq!(sum, 50_015_000);
                queries += 1;
            }
            queries
        }
    });
    for (name, clauses, message) in hostile {
        run(&session, &format!("CREATE FUNCTION {name} {clauses}")).await.unwrap();
        let start = Instant::now();
        let error = run(&session, &format!("SELECT {name}(value) FROM generate_series(1, 100)")).await.unwrap_err();
        let error = guest_error(&error);
        assert_eq!((error.row, error.arguments[0].as_str()), (Some(41), "x = 42"), "{error}");
        assert!(error.to_string().contains(message), "{name}: {error}");
        assert!(start.elapsed().as_secs() < 20, "{name} took {:?}", start.elapsed());
        let sum = number(&session, &format!("SELECT sum({name}(value)) FROM generate_series(1, 40)")).await.unwrap();
        assert_eq!(sum, 820, "{name} after it failed");
    }
    ended.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(beside.await.unwrap() > 10);
}

#[tokio::test]
async fn guests_that_never_free_do_not_fail() {
    let session = Session::new(engine(EngineOptions::default()));
    run(&session, "CREATE FUNCTION digit_sum(n BIGINT) RETURNS INT AS WASM FROM INFILE '$F/built/numbers_as.wasm' USING EXPORT 'digitSum'")
        .await
        .unwrap();
    let sum = number(&session, "SELECT sum(digit_sum(value)) FROM generate_series(1, 1000000)").await.unwrap();
    // Each of the digits 0 to 9 stands 100,000 times in each of six places, and 1,000,000 has the sum 1.
    assert_eq!(sum, 27_000_001);
}

#[tokio::test]
async fn results_larger_than_the_arena_arrive_whole() {
    let session = Session::new(engine(EngineOptions::default()));
    run(&session, "CREATE FUNCTION glue AS WASM GROW TO 268435456 FROM INFILE '$F/built/types.component.wasm' USING EXPORT 'join'")
        .await
        .unwrap();
    // Rows of 3 MB among small ones: the column does not fit the arena, nor does a row.
    let sql = "SELECT sum(character_length(joined)) FROM (
        SELECT glue(repeat('ab', CASE WHEN value % 50 = 0 THEN 1500000 ELSE 3 END), repeat('c', 2)) AS joined
        FROM generate_series(1, 100))";
    assert_eq!(number(&session, sql).await.unwrap(), 2 * 3_000_000 + 98 * 6 + 100 * 2);
}

#[tokio::test]
async fn an_err_result_is_told_with_its_row() {
    let session = Session::new(engine(EngineOptions::default()));
    run(&session, "CREATE FUNCTION checked_div AS WASM FROM INFILE '$F/built/text.wasm'").await.unwrap();
    let error = run(&session, "SELECT checked_div(value, 10 - value) FROM generate_series(1, 20)").await.unwrap_err();
    let error = guest_error(&error);
    assert!(matches!(&error.failure, Failure::Err(message) if message.contains("by zero")), "{error}");
    assert_eq!(error.row, Some(9));
}
