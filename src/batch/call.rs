//! One call of a function on a batch: constants, nulls, and the parts that workers share.

use std::{
    any::Any,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use datafusion::{
    arrow::{
        array::{Array, ArrayRef},
        buffer::NullBuffer,
        compute::cast,
        util::display::{ArrayFormatter, FormatOptions},
    },
    common::ScalarValue,
    logical_expr::ColumnarValue,
};
use smallvec::SmallVec;

use super::{
    context::{Caller, Context},
    counters::{Counters, Tally, nanoseconds},
    distinct::{Distinct, only_column},
    drivers::Drivers,
    general::General,
    lift::Output,
    lower::{Misfit, shorten},
    query::Query,
    runtime::{Runtime, per_row},
    share::share,
    tree,
};
use crate::{
    error::{Error, Result, arguments},
    image::Kind,
    lock::lock,
    module::{Signature, accepts},
    sandbox::{Failure, GuestError},
};

/// How a function's rows are run.
#[derive(Debug)]
pub(crate) enum Route {
    /// Through a batch driver.
    Drivers(Drivers),
    /// Through the component API, row by row.
    General(General),
}

/// A function that can be called on batches.
#[derive(Debug)]
pub(crate) struct Callable {
    pub(crate) name: String,
    pub(crate) signature: Signature,
    /// The same arguments always give the same result, so constants need one call.
    pub(crate) deterministic: bool,
    pub(crate) route: Route,
    pub(crate) runtime: Arc<Runtime>,
    /// Measured nanoseconds per row, as the bits of an `f64`; 0 when nothing was measured yet.
    cost: AtomicU64,
    pub(crate) counters: Counters,
    timed_out: TimedOut,
}

/// The last call on constants that was interrupted: DataFusion's planner tries such a call several times.
#[derive(Debug, Default)]
struct TimedOut(Mutex<Option<(Vec<ScalarValue>, Instant, GuestError)>>);

/// For how long a call that was interrupted is not tried again. The planner tries again at once.
const NOT_AGAIN: Duration = Duration::from_secs(1);

impl TimedOut {
    fn get(&self, args: &[ColumnarValue], timeout_ms: u64) -> Option<GuestError> {
        let known = lock(&self.0);
        let (known_args, at, error) = known.as_ref()?;
        let still = [Failure::Timeout { milliseconds: timeout_ms }, Failure::Cancelled].contains(&error.failure);
        let same = constants(args).eq(known_args) && still;
        (same && at.elapsed() < NOT_AGAIN).then(|| error.clone())
    }

    fn set(&self, args: &[ColumnarValue], error: &GuestError) {
        *lock(&self.0) = Some((constants(args).cloned().collect(), Instant::now(), error.clone()));
    }
}

fn constants(args: &[ColumnarValue]) -> impl Iterator<Item = &ScalarValue> {
    args.iter().filter_map(|arg| match arg {
        ColumnarValue::Scalar(scalar) => Some(scalar),
        ColumnarValue::Array(_) => None,
    })
}

/// A part of a batch that takes less time than this, in nanoseconds, is not worth another worker.
const WORTH_SHARING: f64 = 100_000.0;

/// Parts with fewer rows than this are not measured.
const FEW_ROWS: usize = 256;

/// One in so many small batches is measured.
const NOW_AND_THEN: u32 = 16;

/// The cost of a row in nanoseconds from which on it pays to look whether others have the same argument. Looking, and giving
/// each row the result of its value, takes 13 for short texts.
const DEAR: f64 = 25.0;

/// How many rows are run first when nothing is known of a function's cost.
const FIRST_ROWS: usize = 1024;

/// Why rows failed, before the arguments of the row are known to the report.
#[derive(Debug)]
pub(super) enum Stop {
    /// A row of the batch, or the sandbox before its first row.
    Guest {
        row: Option<usize>,
        failure: Failure,
        frames: Vec<String>,
        frames_are_partial: bool,
        output: String,
    },
    Other(Error),
}

impl Stop {
    /// An argument that cannot be given to the guest.
    pub(super) fn argument(misfit: Misfit) -> Self {
        Self::Other(Error::Argument { function: String::new(), row: misfit.row, message: misfit.message })
    }

    /// A result that its type does not allow.
    pub(super) fn result(misfit: Misfit) -> Self {
        Self::at(misfit.row, Failure::Result(misfit.message))
    }

    /// A failure before the first row.
    pub(super) fn before(failure: Failure) -> Self {
        Self::Guest { row: None, failure, frames: Vec::new(), frames_are_partial: false, output: String::new() }
    }

    /// A failure without a trap.
    pub(super) fn at(row: usize, failure: Failure) -> Self {
        Self::Guest { row: Some(row), failure, frames: Vec::new(), frames_are_partial: false, output: String::new() }
    }
}

/// What the parts of a batch gave, in order; mostly there is one.
pub(super) type Parts<T> = SmallVec<[T; 1]>;

impl Callable {
    pub(crate) fn new(
        name: String,
        signature: Signature,
        deterministic: bool,
        route: Route,
        runtime: Arc<Runtime>,
    ) -> Self {
        let (cost, counters, timed_out) = (AtomicU64::new(0), Counters::default(), TimedOut::default());
        Self { name, signature, deterministic, route, runtime, cost, counters, timed_out }
    }

    /// Calls the function on a batch of `rows` rows.
    ///
    /// # Errors
    /// When an argument cannot be given to the guest, the guest fails, or the memory pool refuses.
    pub(crate) fn call(&self, args: &[ColumnarValue], rows: usize, caller: Caller<'_>) -> Result<ColumnarValue> {
        self.runtime.variables.check_enabled()?;
        let all_constant = args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        if all_constant && self.deterministic && rows > 0 {
            return self.call_constant(args, caller).map(ColumnarValue::Scalar);
        }
        Ok(ColumnarValue::Array(self.call_values(args, rows, caller)?))
    }

    /// Calls the function on every row, or on every value of its only column if the rows have few.
    fn call_values(&self, args: &[ColumnarValue], rows: usize, caller: Caller<'_>) -> Result<ArrayRef> {
        let column = if self.deterministic { only_column(args) } else { None };
        if let Some((index, column)) = column
            && let Some(distinct) = Distinct::of(column, self.cost() > DEAR)?
            && (self.passes_null(index) || !distinct.has_nulls())
        {
            let mut args = args.to_vec();
            args[index] = ColumnarValue::Array(Arc::clone(&distinct.values));
            // Values are in the order of their first rows, so the first that fails is that of the first row that does.
            let results = self.call_arrays(&args, distinct.values.len(), caller).map_err(|error| match error {
                Error::Guest(mut error) => {
                    error.row = error.row.and_then(|value| distinct.first_row(value));
                    Error::Guest(error)
                }
                Error::Argument { function, row, message } => {
                    Error::Argument { function, row: distinct.first_row(row).unwrap_or(row), message }
                }
                other => other,
            })?;
            return Ok(distinct.spread(&results)?);
        }
        self.call_arrays(args, rows, caller)
    }

    /// Whether the result is null where this argument is.
    fn passes_null(&self, index: usize) -> bool {
        self.signature.is_strict(index) && !self.signature.params[index].not_null
    }

    fn call_constant(&self, args: &[ColumnarValue], caller: Caller<'_>) -> Result<ScalarValue> {
        if let Some(error) = self.timed_out.get(args, self.runtime.variables.timeout_ms()) {
            return Err(Error::Guest(Box::new(error)));
        }
        let array = self.call_arrays(args, 1, caller).inspect_err(|error| {
            if let Error::Guest(error) = error
                && matches!(error.failure, Failure::Timeout { .. } | Failure::Cancelled)
            {
                self.timed_out.set(args, error);
            }
        })?;
        self.scalar(&array)
    }

    fn scalar(&self, array: &ArrayRef) -> Result<ScalarValue> {
        ScalarValue::try_from_array(array, 0).map_err(|e| Error::Statement(format!("function {}: {e}", self.name)))
    }

    fn call_arrays(&self, args: &[ColumnarValue], rows: usize, caller: Caller<'_>) -> Result<ArrayRef> {
        let args = self.arguments(args)?;
        let called = self.called(&args, rows)?;
        if rows == 0 || called.as_ref().is_some_and(|called| called.null_count() == rows) {
            return Ok(datafusion::arrow::array::new_null_array(&self.signature.return_type, rows));
        }
        let context = Context::new(&self.name, &self.runtime, caller, self.weight(rows, caller));
        let mut tally = Tally { batches: 1, rows: rows as u64, ..Tally::default() };
        let lifted = match &self.route {
            Route::Drivers(drivers) => match drivers.kernel(&args) {
                Some(kernel) => self.through_kernel(kernel, &context, &args, called, rows, &mut tally),
                None => self.through_drivers(drivers, &context, &args, called, rows, &mut tally),
            },
            Route::General(general) => self.through_components(general, &context, &args, called, rows, &mut tally),
        };
        self.count(&context, caller, tally, lifted.as_ref().err());
        lifted.map_err(|stop| self.report(&args, stop))
    }

    /// How many calls the time of this one stands for: looking at the clock four times is a sixth of what a call of one row
    /// costs, so of small batches it is done now and then. Not if somebody wants to know of this very call.
    fn weight(&self, rows: usize, caller: Caller<'_>) -> u32 {
        let batches = self.counters.batches();
        if rows >= FEW_ROWS || caller.meter.is_some() || batches < u64::from(NOW_AND_THEN) {
            1
        } else if batches.is_multiple_of(u64::from(NOW_AND_THEN)) {
            NOW_AND_THEN
        } else {
            0
        }
    }

    /// Does something with the guest, which may take long unless it is proven to end; and so may compiling it. A panic
    /// becomes an error: functions are called from other languages, too, where it would end the process.
    pub(crate) fn aside<T>(&self, caller: Caller<'_>, call: impl FnOnce() -> Result<T>) -> Result<T> {
        // What was changed halfway is thrown away: a sandbox that is in use when a call unwinds is not given back.
        let call = || catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| Err(self.defect(panic.as_ref())));
        let is_short = match &self.route {
            Route::Drivers(drivers) => drivers.function.facts.ends && self.counters.batches() > 0,
            Route::General(_) => false,
        };
        if is_short { call() } else { Query::aside(caller.query, call) }
    }

    fn defect(&self, panic: &(dyn Any + Send)) -> Error {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Error::Defect { function: self.name.clone(), message: text.unwrap_or("a panic").to_owned() }
    }

    /// Counts what a call took.
    pub(super) fn count(&self, context: &Context<'_>, caller: Caller<'_>, mut tally: Tally, stop: Option<&Stop>) {
        tally.wasm = context.wasm();
        tally.marshalling = tally.marshalling.saturating_sub(tally.wasm);
        if let Some(Stop::Guest { failure, .. }) = stop {
            tally.count(failure);
        }
        for counters in [Some(&self.counters), Some(&self.runtime.counters), caller.meter].into_iter().flatten() {
            counters.add(&tally);
        }
    }

    fn through_drivers(
        &self,
        drivers: &Drivers,
        context: &Context<'_>,
        args: &[Argument],
        called: Option<NullBuffer>,
        rows: usize,
        tally: &mut Tally,
    ) -> Result<ArrayRef, Stop> {
        let image = drivers.image(context, Kind::Drivers)?;
        tally.time(context.weight, || {
            let batch = drivers.prepare(image, args, called.clone())?;
            let (parts, beside) = self
                .in_parts(rows, |part| drivers.run(context, &batch, part))
                .map_err(|stop| drivers.explain(context, &batch, stop))?;
            Ok((self.lift(parts, called.as_ref())?, beside))
        })
    }

    /// The results of all parts as an array.
    pub(super) fn lift(&self, parts: Parts<Output>, called: Option<&NullBuffer>) -> Result<ArrayRef, Stop> {
        let whole = parts.into_iter().reduce(|mut all, part| {
            all.append(&part);
            all
        });
        let whole = whole.expect("a batch that is called has a part");
        let signature = &self.signature;
        let lifted = whole.lift(&signature.guest.result, &signature.return_type, called);
        lifted.map_err(Stop::Other)?.map_err(Stop::result)
    }

    fn through_components(
        &self,
        general: &General,
        context: &Context<'_>,
        args: &[Argument],
        called: Option<NullBuffer>,
        rows: usize,
        tally: &mut Tally,
    ) -> Result<ArrayRef, Stop> {
        let image = general.image(context)?;
        tally.time(context.weight, || {
            let batch = General::prepare(image, args, called);
            let (parts, beside) = self.in_parts(rows, |part| general.run(context, &self.signature, &batch, part))?;
            let signature = &self.signature;
            let values = parts.into_iter().flatten().collect();
            let lifted = tree::array(values, &signature.guest.result, &signature.return_type);
            Ok((lifted.map_err(Stop::Other)?.map_err(Stop::result)?, beside))
        })
    }

    /// The arguments as arrays of their declared types; a constant has one row.
    pub(super) fn arguments(&self, args: &[ColumnarValue]) -> Result<Arguments> {
        if args.len() != self.signature.params.len() {
            return Err(Error::Statement(format!(
                "function {} takes {}, not {}",
                self.name,
                arguments(self.signature.params.len()),
                args.len()
            )));
        }
        let mut arranged = Arguments::new();
        for (arg, param) in args.iter().zip(&self.signature.params) {
            let (array, constant) = match arg {
                ColumnarValue::Array(array) => (Arc::clone(array), false),
                ColumnarValue::Scalar(scalar) => {
                    (scalar.to_array_of_size(1).map_err(|e| Error::Statement(e.to_string()))?, true)
                }
            };
            let array = match accepts(&param.data_type, array.data_type()) {
                true => array,
                false => cast(&array, &param.data_type)?,
            };
            arranged.push(Argument { array, constant });
        }
        Ok(arranged)
    }

    /// The rows on which the function is called: those where no strict argument is null. `None` means every row.
    pub(super) fn called(&self, args: &[Argument], rows: usize) -> Result<Option<NullBuffer>> {
        let mut called: Option<NullBuffer> = None;
        for (index, (arg, param)) in args.iter().zip(&self.signature.params).enumerate() {
            let Some(nulls) = arg.array.logical_nulls().filter(|nulls| nulls.null_count() > 0) else { continue };
            if param.not_null && !(arg.constant && rows == 0) {
                return Err(Error::Argument {
                    function: self.name.clone(),
                    row: (0..nulls.len()).find(|row| nulls.is_null(*row)).unwrap_or(0),
                    message: format!("argument {} is NULL, but is declared NOT NULL", param.name),
                });
            }
            if self.signature.is_strict(index) {
                let nulls = if arg.constant { NullBuffer::new_null(rows) } else { nulls };
                called = NullBuffer::union(called.as_ref(), Some(&nulls));
            }
        }
        Ok(called)
    }

    /// Runs `run` over the rows, in parts side by side when they are many and dear. The answer has the parts in order,
    /// and by how much the time of all workers exceeds that of the caller; of several failures it is that of the first
    /// part.
    pub(super) fn in_parts<T: Send>(
        &self,
        rows: usize,
        run: impl Fn(Range<usize>) -> Result<T, Stop> + Sync,
    ) -> Result<(Parts<T>, Duration), Stop> {
        let busy = AtomicU64::new(0);
        let timed = |part: Range<usize>| {
            let rows = part.len();
            // The few rows of a small batch say little about the cost of one, and looking at the clock costs more.
            let start = (rows >= FEW_ROWS).then(Instant::now);
            let result = run(part);
            if let Some(elapsed) = start.map(|start| start.elapsed()) {
                busy.fetch_add(nanoseconds(elapsed), Ordering::Relaxed);
                self.measured(per_row(elapsed, rows));
            }
            result
        };
        let mut done = Parts::new();
        let mut from = 0;
        if self.cost() == 0.0 && rows > 2 * FIRST_ROWS {
            done.push(timed(0..FIRST_ROWS)?);
            from = FIRST_ROWS;
        }
        let workers_allowed = self.runtime.parallelism();
        let worth = ((rows - from) as f64 * self.cost() / WORTH_SHARING) as usize;
        let parts = match workers_allowed {
            1 => 1,
            // A few parts for each worker, because some take longer than others.
            all => worth.min(all * 4).max(1),
        };
        if parts == 1 {
            done.push(timed(from..rows)?);
            return Ok((done, Duration::ZERO));
        }
        let bounds = |part: usize| from + (rows - from) * part / parts;
        let (start, before) = (Instant::now(), busy.load(Ordering::Relaxed));
        let next = AtomicUsize::new(0);
        let results: Mutex<Vec<(usize, Result<T, Stop>)>> = Mutex::new(Vec::with_capacity(parts));
        // Whoever takes part takes the next piece until there are none.
        share(workers_allowed - 1, &|| {
            loop {
                let part = next.fetch_add(1, Ordering::Relaxed);
                if part >= parts {
                    return;
                }
                let result = timed(bounds(part)..bounds(part + 1));
                if result.is_err() {
                    // Earlier parts are taken already; later ones are not needed.
                    next.store(parts, Ordering::Relaxed);
                }
                lock(&results).push((part, result));
            }
        });
        let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        let beside = Duration::from_nanos(busy.load(Ordering::Relaxed) - before).saturating_sub(start.elapsed());
        results.sort_unstable_by_key(|(part, _)| *part);
        for (_, result) in results {
            done.push(result?);
        }
        Ok((done, beside))
    }

    fn cost(&self) -> f64 {
        f64::from_bits(self.cost.load(Ordering::Relaxed))
    }

    /// Takes a measurement in: a moving average, so that one slow part does not decide.
    fn measured(&self, cost: f64) {
        let known = self.cost();
        let cost = if known == 0.0 { cost } else { known + (cost - known) / 8.0 };
        self.cost.store(cost.to_bits(), Ordering::Relaxed);
    }

    pub(super) fn report(&self, args: &[Argument], stop: Stop) -> Error {
        match stop {
            Stop::Other(error) => match error {
                Error::Compile { message, .. } => Error::Compile { function: self.name.clone(), message },
                Error::Argument { row, message, .. } => Error::Argument { function: self.name.clone(), row, message },
                other => other,
            },
            Stop::Guest { row, failure, frames, frames_are_partial, output } => {
                let arguments = row.map_or_else(Vec::new, |row| {
                    let named = args.iter().zip(&self.signature.params);
                    named.map(|(arg, param)| format!("{} = {}", param.name, arg.text(row))).collect()
                });
                if failure != Failure::Cancelled {
                    tracing::warn!(function = self.name, ?row, %failure, "guest failed");
                }
                Error::Guest(Box::new(GuestError {
                    function: self.name.clone(),
                    row,
                    arguments,
                    failure,
                    frames,
                    frames_are_partial,
                    output,
                }))
            }
        }
    }
}

/// The arguments of a batch: without an allocation when they are few.
pub(super) type Arguments = SmallVec<[Argument; 4]>;

/// An argument of a batch.
#[derive(Debug, Clone)]
pub(super) struct Argument {
    pub(super) array: ArrayRef,
    /// The array has one row, which stands for all.
    pub(super) constant: bool,
}

impl Argument {
    /// The value of a row for a message, shortened.
    fn text(&self, row: usize) -> String {
        let row = if self.constant { 0 } else { row };
        if row >= self.array.len() {
            return "?".to_owned();
        }
        if self.array.is_null(row) {
            return "NULL".to_owned();
        }
        let formatted = ArrayFormatter::try_new(&self.array, &FormatOptions::default())
            .map_or_else(|_| "?".to_owned(), |formatter| formatter.value(row).to_string());
        match self.array.data_type().is_string() {
            true => format!("'{}'", shorten(&formatted)),
            false => shorten(&formatted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Engine, EngineOptions,
        fuzzing::spec,
        module::{Abi, DeclaredTypes, Module},
    };

    #[test]
    fn a_panic_is_an_error() {
        let engine = Engine::new(EngineOptions::default()).unwrap();
        let wit = "package p:p; world w { export one: func() -> s32; }";
        let text = "(module (func (export \"one\") (result i32) (i32.const 1)))";
        let module = Arc::new(Module::read(text.as_bytes(), Some(wit), 1 << 20).unwrap());
        let one = engine.build(spec("one", Abi::Canonical, DeclaredTypes::default()), module).unwrap().callable;
        let account = one.runtime.account(None);
        let caller = Caller { account: &account, meter: None, query: None };
        let error = one.aside(caller, || -> Result<()> { panic!("number {}", 7) }).unwrap_err();
        assert_eq!(error.to_string(), "function one: wasmfusion has a defect, please report it: number 7");
        assert_eq!(one.aside(caller, || one.call(&[], 1, caller)).unwrap().to_array(1).unwrap().len(), 1);
    }
}
