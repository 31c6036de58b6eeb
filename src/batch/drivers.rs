//! Rows through batch drivers: sandboxes, slices, and what to do when one fails.

use std::{ops::Range, sync::Arc, time::Duration};

use datafusion::arrow::buffer::NullBuffer;

use super::{
    call::{Argument, Stop},
    lift::{Output, ResultSize},
    lower::{Input, lower},
    runtime::Runtime,
    slice::{Layout, arena_bytes, make_room, take, write, write_constants},
};
use crate::{
    driver::{Variant, frame, frame::Status},
    error::Error,
    image::{Function, Kind, Linked, Program},
    sandbox::{Deadline, Failure, Sandbox, failure_of, frames_of, output_of},
};

/// The most rows of a slice.
const MAX_ROWS: usize = 8192;
/// The most bytes of a slice's columns, so that they stay in the cache.
const MAX_BYTES: usize = 512 * 1024;
/// The longest that a replay may take.
const REPLAY: Duration = Duration::from_secs(2);

/// A function's way through batch drivers.
#[derive(Debug)]
pub(crate) struct Drivers {
    pub(crate) program: Arc<Program>,
    pub(crate) function: Arc<Function>,
}

/// The arguments of a batch, ready for any sandbox.
#[derive(Debug)]
pub(super) struct Batch {
    inputs: Vec<Input>,
    called: Option<NullBuffer>,
    /// The variants to use, the best first.
    variants: [Variant; 2],
    /// The image. It is asked for before the workers share the batch: compiling waits for workers, too, so a worker
    /// must not wait for it.
    linked: Arc<Linked>,
    results: ResultSize,
}

/// A sandbox in use, with where its slices begin.
struct Place {
    sandbox: Box<Sandbox>,
    /// The first address after the constants.
    start: usize,
    number: usize,
    variant: Variant,
    /// When the guest is interrupted; `None` when it is proven to end.
    deadline: Option<Deadline>,
}

/// Rows that were not done, and why. The row counts from the start of the slice.
struct Failed {
    row: usize,
    failure: Failure,
    frames: Vec<String>,
    output: String,
}

impl Failed {
    /// The rows before the failed one are done, and the failed one may be tried again in a fresh sandbox.
    fn leaves_rows(&self) -> bool {
        matches!(self.failure, Failure::Trap(_) | Failure::Memory { .. } | Failure::Exit(_))
    }
}

impl Drivers {
    pub(super) fn prepare(
        &self,
        runtime: &Runtime,
        args: &[Argument],
        called: Option<NullBuffer>,
    ) -> Result<Batch, Stop> {
        let spec = &self.function.spec;
        let mut inputs = Vec::with_capacity(args.len());
        for (arg, slot) in args.iter().zip(&spec.params) {
            let values = lower(&arg.array, &slot.guest, slot.shape).map_err(Stop::Other)?.map_err(Stop::argument)?;
            inputs.push(Input { values, nulls: arg.array.logical_nulls(), constant: arg.constant });
        }
        let constants = inputs.iter().zip(0..).map(|(input, index)| u32::from(input.constant) << index).sum();
        let variants = match called {
            Some(_) => [Variant::Masked; 2],
            None => [Variant::Dense(constants), Variant::Every],
        };
        let linked = self.image(runtime, Kind::Drivers)?;
        Ok(Batch { inputs, called, variants, linked, results: ResultSize::default() })
    }

    /// Runs a part of the batch.
    pub(super) fn run(&self, runtime: &Runtime, batch: &Batch, part: Range<usize>) -> Result<Output, Stop> {
        let linked = &batch.linked;
        let deadline = Deadline::after(runtime.timeout());
        let fresh = || self.place(runtime, batch, Kind::Drivers, linked, deadline, None);
        let mut output = Output::new();
        let idle = runtime.pool.take(linked.image.id);
        let mut place = self.place(runtime, batch, Kind::Drivers, linked, deadline, idle)?;
        let limit = self.program.memory_limit;
        let mut from = part.start;
        while from < part.end {
            let rows = self.slice_rows(batch, from, part.end);
            let before_slice = place.sandbox.used;
            place.sandbox.used = true;
            let result_bytes = output.values.len();
            match self.slice(runtime, &mut place, batch, from..from + rows, &mut output) {
                Ok(()) => {
                    from += rows;
                    batch.results.add(output.values.len() - result_bytes).map_err(Stop::Other)?;
                    if from < part.end && place.sandbox.is_bloated(limit) {
                        place = fresh()?;
                    }
                }
                // The guest may have used up its memory with earlier rows, and every guest goes down with that in its
                // own way: this row gets a fresh sandbox.
                Err(failed) if failed.leaves_rows() && (before_slice || failed.row > 0) => {
                    from += failed.row;
                    place = fresh()?;
                }
                Err(failed) => {
                    if matches!(failed.failure, Failure::Err(_)) && place.sandbox.is_worth_keeping(limit) {
                        // The guest is as good as before.
                        runtime.pool.give(&linked.image, place.sandbox);
                    }
                    let row = Some(from + failed.row);
                    let Failed { failure, frames, output, .. } = failed;
                    return Err(Stop::Guest { row, failure, frames, frames_are_partial: false, output });
                }
            }
        }
        if place.sandbox.is_worth_keeping(limit) {
            runtime.pool.give(&linked.image, place.sandbox);
        }
        Ok(output)
    }

    fn image(&self, runtime: &Runtime, kind: Kind) -> Result<Arc<Linked>, Stop> {
        self.program
            .image(&runtime.engines, &runtime.images, &self.function, kind)
            .map_err(|message| Stop::Other(Error::Compile { function: String::new(), message }))
    }

    /// A sandbox with the batch's constants in it.
    fn place(
        &self,
        runtime: &Runtime,
        batch: &Batch,
        kind: Kind,
        linked: &Linked,
        deadline: Deadline,
        idle: Option<Box<Sandbox>>,
    ) -> Result<Place, Stop> {
        let mut sandbox = match idle {
            Some(sandbox) => sandbox,
            None => match Sandbox::new(&runtime.engines, kind, &linked.image, deadline) {
                Ok(sandbox) => Box::new(sandbox),
                Err((sandbox, error)) => return Err(self.did_not_start(runtime, sandbox.as_deref(), &error)),
            },
        };
        sandbox.begin();
        let start = write_constants(&mut sandbox, &batch.inputs, &self.function.spec)
            .map_err(|error| Stop::Other(too_large(&error)))?;
        let number = linked.position(&self.function).expect("the image was made with this function");
        let variant = *batch
            .variants
            .iter()
            .find(|variant| sandbox.has(number, **variant))
            .expect("every function has the variants Every and Masked");
        let deadline = (!self.function.facts.ends).then_some(deadline);
        Ok(Place { sandbox, start, number, variant, deadline })
    }

    fn did_not_start(&self, runtime: &Runtime, sandbox: Option<&Sandbox>, error: &wasmtime::Error) -> Stop {
        let (failure, output) = match sandbox {
            Some(sandbox) => (self.failure(runtime, error, sandbox), output_of(sandbox)),
            None => (Failure::Trap(format!("{:#}", error.root_cause())), String::new()),
        };
        Stop::Guest { row: None, failure, frames: self.frames(error), frames_are_partial: false, output }
    }

    /// The guest's frames of a trap.
    fn frames(&self, error: &wasmtime::Error) -> Vec<String> {
        let guest_functions = self.program.module.core().map_or(0, |core| core.function_count());
        frames_of(error, |index| index < guest_functions)
    }

    /// How many rows the slice that begins at `from` has.
    fn slice_rows(&self, batch: &Batch, from: usize, end: usize) -> usize {
        let mut rows = (end - from).min(MAX_ROWS);
        while rows > 1 && arena_bytes(&batch.inputs, &self.function.spec, from, rows) > MAX_BYTES {
            rows = rows.div_ceil(2);
        }
        rows
    }

    fn slice(
        &self,
        runtime: &Runtime,
        place: &mut Place,
        batch: &Batch,
        part: Range<usize>,
        output: &mut Output,
    ) -> Result<(), Failed> {
        let (from, rows) = (part.start, part.len());
        let spec = &self.function.spec;
        let interrupt = place.deadline.map(|deadline| (&runtime.engines, deadline));
        let sandbox = &mut place.sandbox;
        let at_row = |row, error: &wasmtime::Error| Failed {
            row,
            failure: Failure::Result(too_large(error).to_string()),
            frames: Vec::new(),
            output: String::new(),
        };
        let layout = write(sandbox, place.start, &batch.inputs, spec, batch.called.as_ref(), from, rows)
            .map_err(|error| at_row(0, &error))?;
        let mut start = 0;
        loop {
            let status = match sandbox.run(place.number, place.variant, rows as u32, interrupt) {
                Ok(status) => status,
                Err(error) => return Err(self.trapped(runtime, sandbox, &layout, start, &error, output)),
            };
            match Status::from_code(status) {
                Some(Status::Done) => {
                    take(sandbox, &layout, spec, rows - start, output);
                    return Ok(());
                }
                Some(Status::NeedsRoom) => {
                    let done = sandbox.word(frame::DONE) as usize;
                    take(sandbox, &layout, spec, done - start, output);
                    start = done;
                    let needed = sandbox.word(frame::NEEDED);
                    make_room(sandbox, &layout, start, needed).map_err(|error| at_row(start, &error))?;
                }
                status => {
                    let failure = failure_of_status(status, sandbox);
                    let row = sandbox.word(frame::ROW) as usize;
                    return Err(Failed { row, failure, frames: Vec::new(), output: output_of(sandbox) });
                }
            }
        }
    }

    fn trapped(
        &self,
        runtime: &Runtime,
        sandbox: &mut Sandbox,
        layout: &Layout,
        start: usize,
        error: &wasmtime::Error,
        output: &mut Output,
    ) -> Failed {
        let row = sandbox.word(frame::ROW) as usize;
        let failure = self.failure(runtime, error, sandbox);
        let failed = Failed { row, failure, frames: self.frames(error), output: output_of(sandbox) };
        if failed.leaves_rows() {
            take(sandbox, layout, &self.function.spec, row - start, output);
        }
        failed
    }

    fn failure(&self, runtime: &Runtime, error: &wasmtime::Error, sandbox: &Sandbox) -> Failure {
        let timeout = runtime.options.timeout_ms;
        match sandbox.word(frame::EXITED) {
            1 => Failure::Exit(sandbox.word(frame::EXIT_CODE)),
            _ if sandbox.stopped() => Failure::Timeout { milliseconds: timeout },
            _ => failure_of(error, sandbox.store.data(), self.program.memory_limit, timeout),
        }
    }

    /// Completes the report of a failed row. A trap is run again in a fresh sandbox without inlining, because inlined
    /// functions are missing from the first backtrace.
    pub(super) fn explain(&self, runtime: &Runtime, batch: &Batch, stop: Stop) -> Stop {
        let (row, failure, frames, output) = match stop {
            Stop::Guest {
                row: Some(row),
                failure: failure @ (Failure::Trap(_) | Failure::Memory { .. } | Failure::Exit(_)),
                frames,
                output,
                ..
            } => (row, failure, frames, output),
            other => return other,
        };
        let replayed = self.replay(runtime, batch, row);
        let frames_are_partial = replayed.is_none();
        let no_guest = replayed.as_ref().is_some_and(Vec::is_empty);
        let failure = match failure {
            // No function of the guest was running: the driver followed an address that the guest gave.
            Failure::Trap(trap) if no_guest && trap.contains(OUT_OF_BOUNDS) => {
                Failure::Result("an address outside of its memory".to_owned())
            }
            other => other,
        };
        Stop::Guest { row: Some(row), failure, frames: replayed.unwrap_or(frames), frames_are_partial, output }
    }

    /// The frames of a row that fails again when it is run alone.
    fn replay(&self, runtime: &Runtime, batch: &Batch, row: usize) -> Option<Vec<String>> {
        let limit = runtime.timeout().map_or(REPLAY, |timeout| timeout.min(REPLAY));
        let linked = self.image(runtime, Kind::Replay).ok()?;
        let mut place = self.place(runtime, batch, Kind::Replay, &linked, Deadline::after(Some(limit)), None).ok()?;
        // The unrolled variant would do, too, but the others show the same frames for every function.
        place.variant = if batch.called.is_some() { Variant::Masked } else { Variant::Every };
        let result = self.slice(runtime, &mut place, batch, row..row + 1, &mut Output::new());
        match result {
            Err(Failed { failure: Failure::Timeout { .. }, .. }) | Ok(()) => None,
            Err(failed) => Some(failed.frames),
        }
    }
}

/// How wasmtime words a load or store outside of memory.
const OUT_OF_BOUNDS: &str = "out of bounds memory access";

fn too_large(error: &wasmtime::Error) -> Error {
    Error::Statement(format!("a value is too large for the 4 GiB of a WebAssembly memory: {error:#}"))
}

fn failure_of_status(status: Option<Status>, sandbox: &mut Sandbox) -> Failure {
    match status {
        Some(Status::Err) => {
            let whole = sandbox.word(frame::MESSAGE_LEN);
            let kept = whole.min(frame::MESSAGE_SIZE) as usize;
            let bytes = &sandbox.arena()[frame::MESSAGE as usize..][..kept];
            let mut text = String::from_utf8_lossy(bytes).into_owned();
            if whole > frame::MESSAGE_SIZE {
                text.push_str(&format!("… ({whole} bytes)"));
            }
            Failure::Err(text)
        }
        Some(Status::OutOfRange) => Failure::Result("a number outside the range of its SQL type".to_owned()),
        Some(Status::Misaligned) => Failure::Result("an address that is not aligned".to_owned()),
        _ => Failure::Result("a discriminant that its type does not have".to_owned()),
    }
}
