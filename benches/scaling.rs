//! Scaling: one query over the workers, and many queries at once on one engine.
//!
//! `cargo bench --bench scaling`

mod support;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use datafusion::{
    arrow::{
        array::{ArrayRef, Float64Array, RecordBatch, StringArray},
        datatypes::{DataType, Field, Schema},
    },
    datasource::MemTable,
    prelude::{SessionConfig, SessionContext},
};
use support::{run, session};
use tokio::runtime::{Builder, Runtime};
use wasmfusion::{Engine, Session};

const FUNCTIONS: &str = "
    CREATE FUNCTION haversine(lat1 DOUBLE, lon1 DOUBLE, lat2 DOUBLE, lon2 DOUBLE) RETURNS DOUBLE
        AS WASM FROM INFILE '$F/built/geo.wasm';
    CREATE FUNCTION shout AS WASM FROM INFILE '$F/built/text.wasm'";

const QUERIES: [(&str, &str); 2] =
    [("haversine", "SELECT sum(haversine(a, b, b, a)) FROM t"), ("shout", "SELECT max(length(shout(s))) FROM t")];

/// Rows of the table, in batches.
const ROWS: usize = 1 << 20;
const BATCH: usize = 8192;

/// How long a measurement takes at least.
const LONG: Duration = Duration::from_secs(4);

/// A table in memory, in as many parts as there are workers.
fn table(parts: usize) -> MemTable {
    let field = |name, ty| Field::new(name, ty, false);
    let types = vec![field("a", DataType::Float64), field("b", DataType::Float64), field("s", DataType::Utf8)];
    let schema = Arc::new(Schema::new(types));
    let batch = |first: usize| {
        let degrees = |step: usize| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values((first..first + BATCH).map(|row| (row * step % 90) as f64)))
        };
        let texts = (first..first + BATCH).map(|row| format!("row number {row:08}"));
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
        RecordBatch::try_new(Arc::clone(&schema), vec![degrees(7), degrees(11), texts]).expect("a batch")
    };
    let batches: Vec<RecordBatch> = (0..ROWS / BATCH).map(|index| batch(index * BATCH)).collect();
    let parts = batches.chunks(batches.len().div_ceil(parts)).map(<[_]>::to_vec).collect();
    MemTable::try_new(schema, parts).expect("a table")
}

/// A session of the engine with the table, which plans for so many workers.
fn planned(engine: &Arc<Engine>, workers: usize) -> Session {
    let config = SessionConfig::new().with_target_partitions(workers);
    let ctx = SessionContext::new_with_config(config);
    ctx.register_table("t", Arc::new(table(workers))).expect("a table");
    Session::with_context(Arc::clone(engine), ctx)
}

fn runtime(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).enable_all().build().expect("a runtime")
}

async fn once(session: &Session, sql: &str) -> Duration {
    let start = Instant::now();
    let rows = async { session.sql(sql).await?.collect().await };
    rows.await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    start.elapsed()
}

/// Runs a query by so many clients, each one after the other, and returns queries per second and how long each took.
fn measure(runtime: &Runtime, session: &Arc<Session>, sql: &'static str, clients: usize) -> (f64, Vec<Duration>) {
    let start = Instant::now();
    let clients: Vec<_> = (0..clients)
        .map(|_| {
            let session = Arc::clone(session);
            runtime.spawn(async move {
                let mut times = Vec::new();
                while start.elapsed() < LONG {
                    times.push(once(&session, sql).await);
                }
                times
            })
        })
        .collect();
    let times: Vec<Vec<Duration>> =
        clients.into_iter().map(|client| runtime.block_on(client).expect("a client")).collect();
    let elapsed = start.elapsed().as_secs_f64();
    let mut times = times.concat();
    times.sort();
    (times.len() as f64 / elapsed, times)
}

fn main() {
    let cores = std::thread::available_parallelism().expect("cores").get();
    println!("One query at a time over {ROWS} rows in {cores} parts:\n");
    println!("| query | queries/s, 1 worker | {cores} workers | ratio |\n| --- | --- | --- | --- |");
    for (name, sql) in QUERIES {
        let rates = [1, cores].map(|workers| {
            let owner = session(workers);
            run(&owner, FUNCTIONS);
            let runtime = runtime(workers);
            let planned = Arc::new(planned(owner.engine(), workers));
            runtime.block_on(once(&planned, sql));
            measure(&runtime, &planned, sql, 1).0
        });
        println!("| {name} | {:.1} | {:.1} | {:.2} |", rates[0], rates[1], rates[1] / rates[0]);
    }
    println!("\nClients on one engine, {cores} workers:\n");
    println!("| query | clients | queries/s | of one client's | median, ms | 99 %, ms | most, ms |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (name, sql) in QUERIES {
        let owner = session(0);
        run(&owner, FUNCTIONS);
        let runtime = runtime(cores);
        let planned = Arc::new(planned(owner.engine(), cores));
        runtime.block_on(once(&planned, sql));
        let mut alone = None;
        for clients in [1, 2, 4, 16, 64] {
            let (rate, times) = measure(&runtime, &planned, sql, clients);
            let alone = *alone.get_or_insert(rate);
            let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
            let (median, tail, most) = (at(0.5), at(0.99), at(1.0));
            println!("| {name} | {clients} | {rate:.1} | {:.2} | {median:.1} | {tail:.1} | {most:.1} |", rate / alone);
        }
    }
}
