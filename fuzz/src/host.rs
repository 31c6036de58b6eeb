//! Engines, sessions and files for the targets.

use std::{
    fs,
    future::Future,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, OnceLock},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use datafusion::{
    arrow::{array::Int64Array, record_batch::RecordBatch},
    error::Result,
};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use wasmfusion::{Engine, EngineOptions, Session};

/// A small module of two BASIC functions, which compiles fast.
pub(crate) const PLUS: &str = r#"(module
    (func (export "plus") (param i64 i64) (result i64) (i64.add (local.get 0) (local.get 1)))
    (func (export "half") (param i64) (result i64) (i64.div_s (local.get 0) (i64.const 2))))"#;

/// The options of engines here: what can take long or much is limited.
pub(crate) fn options() -> EngineOptions {
    EngineOptions {
        timeout_ms: 100,
        max_linear_memory_size: 4 << 20,
        max_raw_module_size: 1 << 20,
        max_compiled_module_size: 32 << 20,
        ..EngineOptions::default()
    }
}

pub(crate) fn engine(options: EngineOptions) -> Arc<Engine> {
    Engine::new(options).expect("an engine with fixed options")
}

/// Waits for a statement.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<Runtime> =
        LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime"));
    RUNTIME.block_on(future)
}

/// Runs a statement to its end.
pub(crate) fn run(session: &Session, sql: &str) -> Result<Vec<RecordBatch>> {
    wait(async { session.sql(sql).await?.collect().await })
}

/// Runs a statement that has to succeed.
pub(crate) fn must(session: &Session, sql: &str) -> Vec<RecordBatch> {
    run(session, sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// The number that a query gives in its first row and column.
pub(crate) fn number(session: &Session, sql: &str) -> i64 {
    let batches = must(session, sql);
    let column = batches.first().map(|batch| Arc::clone(batch.column(0)));
    let column = column.as_ref().and_then(|column| column.as_any().downcast_ref::<Int64Array>());
    column.unwrap_or_else(|| panic!("{sql} gives no number")).value(0)
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// A text as a SQL string.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A file of the fixtures.
pub(crate) fn fixture(path: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../udf-fixtures").join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A folder for files of this process. It is below TMPDIR, which whoever starts the process removes.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| tempfile::tempdir().expect("a temporary folder")).path()
}
