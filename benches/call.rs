//! `WasmScalarUdf::call` on ten million rows, on all cores: what `engine.call` of the Python package is measured against.
//!
//! `cargo bench --bench call` prints the milliseconds of the fastest of several calls; `python/benches/call.py` runs it and
//! prints its own beside.

mod support;

use std::{sync::Arc, time::Instant};

use datafusion::{
    arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray},
    logical_expr::ColumnarValue,
};
use support::{run, session};
use wasmfusion::WasmScalarUdf;

const ROWS: usize = 10_000_000;
const CALLS: usize = 7;

const FUNCTIONS: &str = "
    CREATE FUNCTION add(a BIGINT, b BIGINT) RETURNS BIGINT AS WASM FROM INFILE '$F/built/geo.wasm';
    CREATE FUNCTION haversine(lat1 DOUBLE, lon1 DOUBLE, lat2 DOUBLE, lon2 DOUBLE) RETURNS DOUBLE
        AS WASM FROM INFILE '$F/built/geo.wasm';
    CREATE FUNCTION shout AS WASM FROM INFILE '$F/built/text.wasm'";

/// Degrees up to `limit`, as the script has them.
fn degrees(step: usize, limit: usize) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values((0..ROWS).map(|row| (row * step % limit) as f64)))
}

fn main() {
    let session = session(0);
    run(&session, FUNCTIONS);
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..ROWS as i64));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..ROWS).map(|row| format!("row {row}"))));
    let places = vec![degrees(7, 90), degrees(11, 180), degrees(13, 90), degrees(17, 180)];
    for (name, args) in [("add", vec![Arc::clone(&numbers), numbers]), ("haversine", places), ("shout", vec![texts])] {
        let args: Vec<ColumnarValue> = args.into_iter().map(ColumnarValue::Array).collect();
        let function = WasmScalarUdf::new(session.engine().function(name).expect("a function")).expect("a function");
        let times = (0..CALLS).map(|_| {
            let start = Instant::now();
            function.call(&args, ROWS).expect("a result");
            start.elapsed()
        });
        println!("{name} {:.1}", times.min().expect("some calls").as_secs_f64() * 1000.0);
    }
}
