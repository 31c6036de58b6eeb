//! SQL text of any kind, and text of the words of our statements.

use std::{
    env, fs, panic,
    path::PathBuf,
    sync::{Arc, LazyLock},
    time::Duration,
};

use datafusion::{
    arrow::{
        array::{ArrayRef, Float64Array, Int32Array, Int64Array, ListArray, StringArray},
        datatypes::Int64Type,
        record_batch::RecordBatch,
    },
    error::Result,
    execution::{
        FunctionRegistry, memory_pool::GreedyMemoryPool, runtime_env::RuntimeEnvBuilder,
        session_state::SessionStateBuilder,
    },
    prelude::{SessionConfig, SessionContext},
};
use futures::StreamExt;
use wasmfusion::{Engine, EngineOptions, Session, fuzzing::fingerprint};

use crate::{
    host,
    pack::{Entry, gzip, plain},
};

/// Longer inputs say nothing that shorter ones do not.
const LONGEST: usize = 1500;
const MOST_STATEMENTS: usize = 8;

/// How long a statement may take that yields now and then.
const LONG: Duration = Duration::from_secs(2);

/// Functions of DataFusion that stay; among the others are some that make gigabytes of a few bytes.
const KEPT: [&str; 12] = [
    "abs",
    "concat",
    "length",
    "upper",
    "round",
    "left",
    "coalesce",
    "nullif",
    "make_array",
    "named_struct",
    "get_field",
    "random",
];

/// The engine, and what its functions and files are at the start of each input.
struct Scene {
    session: Session,
    files: Vec<(&'static str, Vec<u8>)>,
    home: PathBuf,
    fingerprint: String,
}

static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let_pass();
    let folder = host::folder().join("sql");
    fs::create_dir_all(&folder).expect("a folder in a temporary folder");
    // Paths in the input have no '/', so they lead nowhere else.
    env::set_current_dir(&folder).expect("our own folder");
    let files = vec![
        ("a.wat", host::PLUS.into()),
        ("tables.wasm", host::fixture("built/tables.wasm")),
        ("text.wasm", host::fixture("built/text_c.wasm")),
        ("text.wit", host::fixture("c/wit/text-c.wit")),
        ("geo.wasm", host::fixture("built/geo.wasm")),
        ("ext.tar.gz", extension()),
    ];
    write(&files);
    let engine = host::engine(EngineOptions { plancache: Some(folder.join("plancache")), ..host::options() });
    let session = Session::new(engine);
    for statement in [
        "CREATE FUNCTION plus(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE 'a.wat'",
        "CREATE FUNCTION half(a BIGINT) RETURNS BIGINT VOLATILE AS WASM FROM INFILE 'a.wat'",
        "CREATE FUNCTION haversine(a DOUBLE, b DOUBLE, c DOUBLE, d DOUBLE) RETURNS DOUBLE AS WASM FROM INFILE 'geo.wasm'",
        "CREATE FUNCTION soundex AS WASM FROM INFILE 'text.wasm' WITH WIT FROM INFILE 'text.wit'",
        "CREATE FUNCTION letters RETURNS TABLE AS WASM FROM INFILE 'text.wasm' WITH WIT FROM INFILE 'text.wit'",
        "CREATE FUNCTION words RETURNS TABLE AS WASM FROM INFILE 'tables.wasm'",
        "CREATE FUNCTION split_str(phrase VARCHAR, delim VARCHAR) RETURNS TABLE (str VARCHAR, idx INT)
         AS WASM FROM INFILE 'tables.wasm'",
        "CREATE FUNCTION gen_series RETURNS TABLE AS WASM FROM INFILE 'tables.wasm'",
        "CREATE FUNCTION pairs RETURNS TABLE AS WASM FROM INFILE 'tables.wasm'",
        "CREATE FUNCTION maybe RETURNS TABLE VOLATILE AS WASM FROM INFILE 'tables.wasm'",
        "CREATE FUNCTION keep_or_fail AS WASM FROM INFILE 'tables.wasm'",
        "CREATE EXTENSION ext FROM INFILE 'ext.tar.gz'",
    ] {
        host::must(&session, statement);
    }
    // Where no statement finds it.
    let home = host::folder().join("sql.home.tar.gz");
    host::must(&session, &format!("BACKUP DATABASE TO '{}'", home.display()));
    let fingerprint = fingerprint(session.engine());
    Scene { session, files, home, fingerprint }
});

/// libFuzzer ends the process at any panic, also at a known one of DataFusion, of which the session makes an error: that of
/// a subquery without columns as a value.
fn let_pass() {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let file = panic.location().map_or("", |location| location.file());
        if !(file.contains("datafusion-common-") && file.ends_with("dfschema.rs")) {
            hook(panic);
        }
    }));
}

fn write(files: &[(&str, Vec<u8>)]) {
    for (path, content) in files {
        fs::write(path, content).expect("a file in a temporary folder");
    }
}

fn extension() -> Vec<u8> {
    let script = "CREATE FUNCTION of_ext(a BIGINT) RETURNS BIGINT AS WASM FROM INFILE 'a.wat' USING EXPORT 'half'";
    gzip(&plain(&[Entry::new("ext.sql", script.as_bytes()), Entry::new("a.wat", host::PLUS.as_bytes())]))
}

/// The entry of the target.
pub fn run(data: &[u8]) {
    let Some((mode, rest)) = data.split_first() else { return };
    if rest.len() > LONGEST {
        return;
    }
    let text = match mode % 2 {
        0 => String::from_utf8_lossy(rest).into_owned(),
        _ => rest.iter().take(200).map(|byte| WORDS[usize::from(*byte) % WORDS.len()]).collect::<Vec<_>>().join(" "),
    };
    if leads_elsewhere(&text) || is_hard_to_parse(&text) {
        return;
    }
    let scene = &*SCENE;
    let session = session(scene.session.engine());
    for statement in text.split('\n').take(MOST_STATEMENTS) {
        // It may be an error, but no more than that.
        let _ = host::wait(async { tokio::time::timeout(LONG, execute(&session, statement)).await });
    }
    reset(scene, &text.to_ascii_lowercase());
}

/// Whether a text could reach files outside of the working folder, or other machines; or goes on for ever.
fn leads_elsewhere(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["/", "\\", "..", "~", "recursive", "timeout"].iter().any(|part| lower.contains(part))
}

/// Whether sqlparser could take for ever: it tries each INTERVAL in two ways, and so what follows twice as often. Found by
/// this target; DataFusion alone has it as well.
fn is_hard_to_parse(text: &str) -> bool {
    text.to_ascii_lowercase().matches("interval").count() > 6
}

/// Runs a statement as far as some batches.
async fn execute(session: &Session, sql: &str) -> Result<()> {
    let mut stream = session.sql(sql).await?.execute_stream().await?;
    for _ in 0..20 {
        match stream.next().await {
            Some(batch) => drop(batch?),
            None => break,
        }
    }
    Ok(())
}

/// A session with a table `t`, and without what can take gigabytes.
fn session(engine: &Arc<Engine>) -> Session {
    static BATCH: LazyLock<RecordBatch> = LazyLock::new(|| {
        let lists = [Some(vec![Some(1), None, Some(3)]), None, Some(vec![]), Some(vec![Some(7)]), None];
        let columns: [(&str, ArrayRef); 5] = [
            ("a", Arc::new(Int64Array::from(vec![Some(0), Some(1), None, Some(-7), Some(i64::MAX)]))),
            ("n", Arc::new(Int32Array::from(vec![Some(3), Some(0), None, Some(-1), Some(2)]))),
            ("x", Arc::new(Float64Array::from(vec![Some(0.5), None, Some(f64::NAN), Some(-0.0), Some(1e300)]))),
            ("s", Arc::new(StringArray::from(vec![Some("a-b c"), Some(""), None, Some("Robert ä€"), Some("-")]))),
            ("l", Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists))),
        ];
        RecordBatch::try_from_iter(columns).expect("columns of one length")
    });
    let config = SessionConfig::new().with_information_schema(true).with_target_partitions(1);
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(GreedyMemoryPool::new(256 << 20)));
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime.build_arc().expect("a pool of memory"))
        .with_default_features()
        .build();
    let context = SessionContext::new_with_state(state);
    for name in context.udfs().into_iter().filter(|name| !KEPT.contains(&name.as_str())) {
        context.deregister_udf(&name);
    }
    for name in ["generate_series", "range"] {
        context.deregister_udtf(name);
    }
    context.register_batch("t", BATCH.clone()).expect("nothing has this name yet");
    Session::with_context(Arc::clone(engine), context.enable_url_table())
}

/// Brings back variables, functions and files as they were before some statements.
fn reset(scene: &Scene, text: &str) {
    if text.contains("set") {
        for name in [
            "enabled",
            "max_linear_memory_size",
            "max_raw_module_size",
            "max_compiled_module_size",
            "compile_timeout_ms",
            "max_compile_memory_mb",
            "sandbox_scope",
            "create_from_url",
            "shadow_built_in",
            "timeout_ms",
            "compiled_images_eviction_memory_limit_mb",
            "compiled_images_eviction_memory_limit_percent",
            "plancache_limit_mb",
            "sandbox_idle_ms",
            "parallelism",
        ] {
            must(scene, &format!("RESET wasm.{name}"));
        }
    }
    if fingerprint(scene.session.engine()) != scene.fingerprint {
        must(scene, &format!("RESTORE OR REPLACE DATABASE FROM '{}'", scene.home.display()));
        let found = fingerprint(scene.session.engine());
        assert_eq!(found, scene.fingerprint, "a backup does not bring back what was there");
    }
    if ["backup", "copy", "external", "insert"].iter().any(|word| text.contains(word)) {
        for path in fs::read_dir(".").expect("the working folder").flatten().map(|entry| entry.path()) {
            match path.is_dir() {
                true if path.ends_with("plancache") => {}
                true => drop(fs::remove_dir_all(&path)),
                false => drop(fs::remove_file(&path)),
            }
        }
        write(&scene.files);
    }
}

/// Carries out a statement of ours.
fn must(scene: &Scene, sql: &str) {
    host::wait(scene.session.sql(sql)).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// Words, names and values of statements. An input byte is a word of these.
const WORDS: [&str; 220] = [
    "\n",
    ";",
    ",",
    "(",
    ")",
    "=",
    "=>",
    ".",
    "*",
    "+",
    "-",
    "<",
    ">",
    "'",
    "\"",
    "[",
    "]",
    "{",
    "}",
    "::",
    "--",
    "$1",
    "?",
    "CREATE",
    "OR",
    "REPLACE",
    "FUNCTION",
    "IF",
    "NOT",
    "EXISTS",
    "RETURNS",
    "TABLE",
    "IMMUTABLE",
    "STABLE",
    "VOLATILE",
    "CALLED",
    "ON",
    "NULL",
    "INPUT",
    "STRICT",
    "AS",
    "WASM",
    "ABI",
    "BASIC",
    "CANONICAL",
    "GROW",
    "TO",
    "FROM",
    "WITH",
    "WIT",
    "USING",
    "EXPORT",
    "LOCAL",
    "INFILE",
    "BASE64",
    "URL",
    "HTTP",
    "S3",
    "GCS",
    "AZURE",
    "CONFIG",
    "CREDENTIALS",
    "SHA256",
    "LANGUAGE",
    "wasm",
    "DROP",
    "SHOW",
    "FUNCTIONS",
    "LIKE",
    "EXTENSION",
    "EXTENSIONS",
    "BACKUP",
    "RESTORE",
    "DATABASE",
    "PLANCACHE",
    "SET",
    "RESET",
    "TEMPORARY",
    "SELECT",
    "WHERE",
    "GROUP",
    "BY",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "HAVING",
    "DISTINCT",
    "JOIN",
    "LEFT",
    "RIGHT",
    "FULL",
    "CROSS",
    "LATERAL",
    "UNION",
    "ALL",
    "VALUES",
    "INSERT",
    "INTO",
    "VIEW",
    "EXPLAIN",
    "ANALYZE",
    "VERBOSE",
    "DESCRIBE",
    "ORDINALITY",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "IN",
    "AND",
    "BETWEEN",
    "IS",
    "true",
    "false",
    "PREPARE",
    "EXECUTE",
    "COPY",
    "EXTERNAL",
    "STORED",
    "LOCATION",
    "OVER",
    "PARTITION",
    "BIGINT",
    "INT",
    "DOUBLE",
    "REAL",
    "VARCHAR",
    "BYTEA",
    "BOOLEAN",
    "SMALLINT UNSIGNED",
    "TIMESTAMP",
    "DATE",
    "TIME",
    "INTERVAL",
    "DECIMAL(18, 2)",
    "BIGINT[]",
    "STRUCT<a BIGINT, b VARCHAR>",
    "f",
    "g",
    "\"F\"",
    "a",
    "b",
    "n",
    "x",
    "s",
    "l",
    "t",
    "u",
    "plus",
    "half",
    "haversine",
    "soundex",
    "letters",
    "words",
    "split_str",
    "gen_series",
    "pairs",
    "maybe",
    "keep_or_fail",
    "of_ext",
    "ext",
    "abs",
    "concat",
    "count",
    "sum",
    "max",
    "unnest",
    "upper",
    "random()",
    "make_array(1, 2)",
    "named_struct('a', 1)",
    "value",
    "str",
    "idx",
    "ordinality",
    "wasm_functions",
    "wasm_status",
    "information_schema.routines",
    "information_schema.parameters",
    "information_schema.df_settings",
    "wasm.enabled",
    "wasm.shadow_built_in",
    "wasm.create_from_url",
    "wasm.parallelism",
    "wasm.max_raw_module_size",
    "wasm.max_linear_memory_size",
    "wasm.sandbox_idle_ms",
    "wasm.plancache_limit_mb",
    "datafusion.execution.batch_size",
    "0",
    "1",
    "2",
    "-1",
    "7",
    "42",
    "65536",
    "1048576",
    "99999999999999999999",
    "0.5",
    "1e300",
    "NULL::BIGINT",
    "''",
    "'-'",
    "'a-b c'",
    "'ä€😀'",
    "'a.wat'",
    "'tables.wasm'",
    "'text.wasm'",
    "'text.wit'",
    "'ext.tar.gz'",
    "'home.tar.gz'",
    "'new.tar.gz'",
    "'plus'",
    "'split-str'",
    "'s%'",
    "'KG1vZHVsZSk='",
    "'{}'",
    "'{\"region\": \"x\"}'",
    "'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
];
