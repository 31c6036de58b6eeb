//! Whole queries: Wasm functions against built-in expressions, on all cores. Three of TPC-H at scale factor 1, whose decimals
//! are doubles here, and distances of flights.

use std::{path::Path, sync::Arc, time::Instant};

use datafusion::{
    arrow::{
        array::{ArrayRef, RecordBatch},
        error::ArrowError,
        util::display::array_value_to_string,
    },
    datasource::MemTable,
};
use serde_json::json;
use tokio::runtime::Runtime;
use tpchgen::generators::{CustomerGenerator, LineItemGenerator, OrderGenerator, PartGenerator};
use tpchgen_arrow::{CustomerArrow, LineItemArrow, OrderArrow, PartArrow};
use wasmfusion::{EngineOptions, Session};

use crate::engine;

/// How often each query runs; the fastest counts.
const RUNS: usize = 15;

/// What the queries need of the generated tables.
const TABLES: &str = "
    CREATE TABLE lineitem AS SELECT l_orderkey, l_partkey, CAST(l_quantity AS DOUBLE) AS l_quantity,
        CAST(l_extendedprice AS DOUBLE) AS l_extendedprice, CAST(l_discount AS DOUBLE) AS l_discount,
        CAST(l_tax AS DOUBLE) AS l_tax, l_returnflag, l_linestatus, l_shipdate FROM raw_lineitem;
    CREATE TABLE orders AS SELECT o_orderkey, o_custkey, o_orderdate, o_shippriority FROM raw_orders;
    CREATE TABLE customer AS SELECT c_custkey, c_mktsegment FROM raw_customer;
    CREATE TABLE part AS SELECT p_partkey, p_type FROM raw_part";

/// A query, and what its Wasm functions stand for.
struct Query {
    name: &'static str,
    sql: &'static str,
    built_in: &'static [(&'static str, &'static str)],
}

const DISCOUNTED: (&str, &str) = ("discounted(l_extendedprice, l_discount)", "l_extendedprice * (1 - l_discount)");

const QUERIES: [Query; 4] = [
    Query {
        name: "TPC-H 1",
        sql: "SELECT l_returnflag, l_linestatus, sum(l_quantity), sum(l_extendedprice),
                  sum(discounted(l_extendedprice, l_discount)), sum(charged(l_extendedprice, l_discount, l_tax)),
                  avg(l_quantity), avg(l_extendedprice), avg(l_discount), count(*)
              FROM lineitem WHERE l_shipdate <= date '1998-09-02'
              GROUP BY l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus",
        built_in: &[
            DISCOUNTED,
            ("charged(l_extendedprice, l_discount, l_tax)", "l_extendedprice * (1 - l_discount) * (1 + l_tax)"),
        ],
    },
    Query {
        name: "TPC-H 3",
        sql: "SELECT l_orderkey, sum(discounted(l_extendedprice, l_discount)) AS revenue, o_orderdate, o_shippriority
              FROM customer, orders, lineitem
              WHERE c_mktsegment = 'BUILDING' AND c_custkey = o_custkey AND l_orderkey = o_orderkey
                  AND o_orderdate < date '1995-03-15' AND l_shipdate > date '1995-03-15'
              GROUP BY l_orderkey, o_orderdate, o_shippriority ORDER BY revenue DESC, o_orderdate LIMIT 10",
        built_in: &[DISCOUNTED],
    },
    Query {
        name: "TPC-H 14",
        sql: "SELECT 100 * sum(CASE WHEN is_promo(p_type) THEN discounted(l_extendedprice, l_discount) ELSE 0 END)
                  / sum(discounted(l_extendedprice, l_discount))
              FROM lineitem, part
              WHERE l_partkey = p_partkey AND l_shipdate >= date '1995-09-01' AND l_shipdate < date '1995-10-01'",
        built_in: &[DISCOUNTED, ("is_promo(p_type)", "p_type LIKE 'PROMO%'")],
    },
    Query {
        name: "flights",
        sql: "SELECT sum(haversine(o.lat, o.lon, d.lat, d.lon))
              FROM flights JOIN airports o ON origin = o.faa JOIN airports d ON dest = d.faa",
        built_in: &[(
            "haversine(o.lat, o.lon, d.lat, d.lon)",
            "2 * 6371.0088 * asin(sqrt(least(1.0,
                sin(radians(d.lat - o.lat) / 2) * sin(radians(d.lat - o.lat) / 2)
                + cos(radians(o.lat)) * cos(radians(d.lat))
                    * sin(radians(d.lon - o.lon) / 2) * sin(radians(d.lon - o.lon) / 2))))",
        )],
    },
];

/// Measures the queries and prints a line of JSON for each.
pub(crate) fn measure(module: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let session = Session::new(wasmfusion::Engine::new(EngineOptions::default()).expect("an engine"));
    generate(&session);
    let run = |sql: &str| run(&runtime, &session, sql);
    TABLES.split(';').for_each(|sql| drop(run(sql)));
    for name in ["discounted", "charged", "is_promo", "haversine"] {
        let (module, export) = (module.display(), name.replace('_', "-"));
        run(&format!("CREATE FUNCTION {name} AS WASM FROM INFILE '{module}' USING EXPORT '{export}'"));
    }
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sql/data");
    for table in ["flights", "airports"] {
        let file = data.join(format!("{table}.parquet"));
        run(&format!("CREATE TABLE {table} AS SELECT * FROM '{}'", file.display()));
    }
    for query in &QUERIES {
        let built_in = query.built_in.iter().fold(query.sql.to_owned(), |sql, (ours, theirs)| {
            assert!(sql.contains(ours), "{} does not have {ours}", query.name);
            sql.replace(ours, theirs)
        });
        same(query.name, &run(query.sql), &run(&built_in));
        // In turn, so that both have the same of what else goes on.
        let mut fastest = [f64::INFINITY; 2];
        for _ in 0..RUNS {
            for (sql, fastest) in [query.sql, &built_in].into_iter().zip(&mut fastest) {
                let start = Instant::now();
                run(sql);
                *fastest = fastest.min(start.elapsed().as_secs_f64() * 1000.0);
            }
        }
        let [wasm, built_in] = fastest;
        println!("{}", json!({"query": query.name, "wasm_ms": wasm, "built_in_ms": built_in}));
    }
}

fn run(runtime: &Runtime, session: &Session, sql: &str) -> Vec<RecordBatch> {
    let rows = runtime.block_on(async { session.sql(sql).await?.collect().await });
    rows.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// Registers the tables as they are generated, in as many parts as there are cores.
fn generate(session: &Session) {
    let table = |name: &str, batches: &mut dyn Iterator<Item = Result<RecordBatch, ArrowError>>| {
        let batches: Vec<RecordBatch> = batches.map(|batch| batch.expect("a batch")).collect();
        let cores = std::thread::available_parallelism().expect("cores").get();
        let parts = batches.chunks(batches.len().div_ceil(cores)).map(<[_]>::to_vec).collect();
        let table = MemTable::try_new(batches[0].schema(), parts).expect("a table");
        session.context().register_table(name, Arc::new(table)).expect("a table");
    };
    table("raw_lineitem", &mut LineItemArrow::new(LineItemGenerator::new(1.0, 1, 1)));
    table("raw_orders", &mut OrderArrow::new(OrderGenerator::new(1.0, 1, 1)));
    table("raw_customer", &mut CustomerArrow::new(CustomerGenerator::new(1.0, 1, 1)));
    table("raw_part", &mut PartArrow::new(PartGenerator::new(1.0, 1, 1)));
}

/// Compares results; sums of doubles depend on their order.
fn same(name: &str, ours: &[RecordBatch], theirs: &[RecordBatch]) {
    let cells = |batches: &[RecordBatch]| -> Vec<String> {
        let cells = batches.iter().flat_map(|batch| {
            (0..batch.num_rows()).flat_map(|row| {
                let text = move |column: &ArrayRef| array_value_to_string(column, row).expect("a value");
                batch.columns().iter().map(text)
            })
        });
        cells.collect()
    };
    let (ours, theirs) = (cells(ours), cells(theirs));
    assert_eq!(ours.len(), theirs.len(), "{name}");
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert!(engine::same(ours, theirs), "{name}: {ours} instead of {theirs}");
    }
}
