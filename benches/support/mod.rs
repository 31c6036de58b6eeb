//! What the benches share: functions by SQL, and a table of ratios from the measurements of one run.

#![allow(dead_code, reason = "each bench uses a part")]

use std::{
    env, fs, hint,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use datafusion::{
    arrow::{
        array::{ArrayRef, AsArray},
        datatypes::{DataType, Field, Int64Type},
    },
    config::ConfigOptions,
    execution::FunctionRegistry,
    logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF},
};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};
use tokio::runtime::Runtime;
use wasmfusion::{Engine, EngineOptions, Session};

/// The folder of the guest modules.
pub(crate) fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("udf-fixtures")
}

/// A session on an engine of its own, with `workers` per batch.
pub(crate) fn session(workers: usize) -> Session {
    let options = EngineOptions { parallelism: workers as u64, ..EngineOptions::default() };
    Session::new(Engine::new(options).expect("an engine"))
}

/// A session on an engine of its own, whose functions are in a data folder if one is given.
pub(crate) fn session_on(folder: Option<&Path>) -> Session {
    let options = EngineOptions { data_dir: folder.map(Path::to_owned), ..EngineOptions::default() };
    Session::new(Engine::new(options).expect("an engine"))
}

/// Runs one statement to its last row.
pub(crate) fn run_one(runtime: &Runtime, session: &Session, sql: &str) {
    let rows = runtime.block_on(async { session.sql(sql).await?.collect().await });
    hint::black_box(rows.unwrap_or_else(|error| panic!("{sql}: {error}")));
}

/// Runs statements, in whose text `$F` is the folder of the guest modules.
pub(crate) fn run(session: &Session, statements: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for statement in statements.split(';').map(str::trim).filter(|text| !text.is_empty()) {
        let statement = statement.replace("$F", &fixtures().display().to_string());
        runtime.block_on(session.sql(&statement)).unwrap_or_else(|e| panic!("{statement}: {e}"));
    }
}

/// A number of `wasm_status`.
pub(crate) fn status(session: &Session, name: &str) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let query = format!("SELECT value FROM wasm_status WHERE name = '{name}'");
    let batches = runtime.block_on(async { session.sql(&query).await?.collect().await }).expect("a status");
    batches[0].column(0).as_primitive::<Int64Type>().value(0)
}

/// The memory of this process in bytes.
pub(crate) fn resident() -> u64 {
    let mut system = System::new().expect("a system that tells of its processes");
    let me = sysinfo::get_current_pid().expect("a process");
    let what = ProcessRefreshKind::nothing().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[me]), true, what);
    system.process(me).expect("this process").memory()
}

/// The median of the times that `runs` runs of `work` take.
pub(crate) fn median_time(runs: usize, mut work: impl FnMut(usize)) -> Duration {
    let [time] = median_times(runs, [&mut work]);
    time
}

/// The same of several things that are done in turns, so that each has the same of what else goes on.
pub(crate) fn median_times<const N: usize>(runs: usize, mut works: [&mut dyn FnMut(usize); N]) -> [Duration; N] {
    let mut times = [const { Vec::new() }; N];
    for run in 0..runs {
        for (work, times) in works.iter_mut().zip(&mut times) {
            let start = Instant::now();
            work(run);
            times.push(start.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort();
        times[runs / 2]
    })
}

/// A scalar function with everything that DataFusion prepares once per query.
pub(crate) struct Function {
    udf: Arc<ScalarUDF>,
    args: ScalarFunctionArgs,
}

impl Function {
    /// The function `name` of a session, to be called on these arrays.
    pub(crate) fn new(session: &Session, name: &str, args: &[ArrayRef]) -> Self {
        let udf = session.context().udf(name).expect("a function");
        let arg_fields: Vec<_> =
            args.iter().map(|arg| Arc::new(Field::new("x", arg.data_type().clone(), false))).collect();
        let scalars = vec![None; args.len()];
        let return_field = udf
            .return_field_from_args(ReturnFieldArgs { arg_fields: &arg_fields, scalar_arguments: &scalars })
            .expect("a return type");
        let number_rows = args.first().map_or(1, |arg| arg.len());
        let args = args.iter().map(|arg| ColumnarValue::Array(Arc::clone(arg))).collect();
        let config_options = Arc::new(ConfigOptions::default());
        Self { udf, args: ScalarFunctionArgs { args, arg_fields, number_rows, return_field, config_options } }
    }

    /// From Arrow arrays to an Arrow array.
    pub(crate) fn call(&self) -> ArrayRef {
        match self.udf.invoke_with_args(self.args.clone()) {
            Ok(ColumnarValue::Array(array)) => array,
            Ok(ColumnarValue::Scalar(_)) => panic!("an array was expected"),
            Err(e) => panic!("{e}"),
        }
    }

    /// The type of the result.
    pub(crate) fn return_type(&self) -> &DataType {
        self.args.return_field.data_type()
    }
}

/// A bar: how two measurements of a run relate.
pub(crate) struct Bar {
    pub(crate) what: &'static str,
    pub(crate) of: (&'static str, &'static str),
    pub(crate) over: (&'static str, &'static str),
    /// The bar itself, as text: "at most 3.0" or "at least 25".
    pub(crate) wanted: &'static str,
}

/// Prints the ratios of a run from what criterion wrote. Measurements that a filter left out are left out here, too.
pub(crate) fn print_ratios(bars: &[Bar]) {
    println!("\n| ratio | found | wanted |\n| --- | --- | --- |");
    for bar in bars {
        if let (Some(of), Some(over)) = (median(bar.of), median(bar.over)) {
            println!("| {} | {:.2} | {} |", bar.what, of / over, bar.wanted);
        }
    }
}

/// The median of a measurement in nanoseconds.
pub(crate) fn median((group, function): (&str, &str)) -> Option<f64> {
    let home = env::var_os("CRITERION_HOME").map(PathBuf::from).or_else(|| {
        let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        Some(target.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target")).join("criterion"))
    })?;
    let text = fs::read_to_string(home.join(group).join(function).join("new/estimates.json")).ok()?;
    let after = text.split("\"median\":").nth(1)?.split("\"point_estimate\":").nth(1)?;
    after.split([',', '}']).next()?.trim().parse().ok()
}
