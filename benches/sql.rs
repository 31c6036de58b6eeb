//! Whole queries: a Wasm function against the built-in expression.
//!
//! `cargo bench --bench sql` prints the ratios of the run at its end.

mod support;

use criterion::Criterion;
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use support::{Bar, print_ratios, run, session};

const ROWS: i64 = 200_000_000;

fn series(c: &mut Criterion) {
    let session = session(0);
    run(&session, "CREATE FUNCTION plus(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$F/wat/numbers.wat'");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut group = c.benchmark_group("sum of a series");
    group.sample_size(10);
    for (name, expression) in [("built-in", "value + 1"), ("wasm", "plus(value, 1)")] {
        let sql = format!("SELECT sum({expression}) FROM generate_series(1, {ROWS})");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let batches = runtime
                    .block_on(async { session.sql(&sql).await?.collect().await })
                    .unwrap_or_else(|e| panic!("{e}"));
                let sum = batches[0].column(0).as_primitive::<Int64Type>().value(0);
                assert_eq!(sum, ROWS * (ROWS + 1) / 2 + ROWS);
            });
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    series(&mut criterion);
    criterion.final_summary();
    print_ratios(&[Bar {
        what: "sum(plus(value, 1)) over 200,000,000 rows / sum(value + 1)",
        of: ("sum of a series", "wasm"),
        over: ("sum of a series", "built-in"),
        wanted: "at most 1.3",
    }]);
}
