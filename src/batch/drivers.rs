//! Rows through batch drivers: sandboxes, slices, and what to do when one fails.

use std::{ops::Range, sync::Arc, time::Duration};

use datafusion::arrow::buffer::NullBuffer;

use super::{
    call::{Argument, Stop, inner},
    lift::Output,
    lower::{Input, Misfit, lower},
    runtime::Runtime,
    slice::{Layout, arena_bytes, make_room, take, write, write_constants},
};
use crate::{
    driver::{Variant, frame, frame::Status},
    error::{Error, Result},
    image::{Function, Kind, Linked, Program},
    module::Signature,
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

impl Drivers {
    pub(super) fn prepare(
        &self,
        signature: &Signature,
        args: &[Argument],
        called: Option<NullBuffer>,
    ) -> Result<Result<Batch, Misfit>> {
        let spec = &self.function.spec;
        let mut inputs = Vec::with_capacity(args.len());
        for ((arg, slot), (_, guest)) in args.iter().zip(&spec.params).zip(&signature.guest.params) {
            match lower(&arg.array, inner(guest), slot.shape)? {
                Ok(values) => {
                    inputs.push(Input { values, nulls: arg.array.logical_nulls(), constant: arg.constant });
                }
                Err(misfit) => return Ok(Err(misfit)),
            }
        }
        let constants = inputs.iter().zip(0..).map(|(input, index)| u32::from(input.constant) << index).sum();
        let variants = match called {
            Some(_) => [Variant::Masked; 2],
            None => [Variant::Dense(constants), Variant::Every],
        };
        Ok(Ok(Batch { inputs, called, variants }))
    }

    /// Runs a part of the batch.
    pub(super) fn run(&self, runtime: &Runtime, batch: &Batch, part: Range<usize>) -> Result<Output, Stop> {
        let linked = self.image(runtime, Kind::Drivers)?;
        let timeout = runtime.timeout();
        let fresh = || self.place(runtime, batch, Kind::Drivers, &linked, timeout, None);
        let mut output = Output::new();
        let idle = runtime.pool.take(linked.image.id);
        let mut place = self.place(runtime, batch, Kind::Drivers, &linked, timeout, idle)?;
        let limit = self.program.memory_limit;
        let mut from = part.start;
        while from < part.end {
            let rows = self.slice_rows(batch, from, part.end);
            let before_slice = place.sandbox.used;
            place.sandbox.used = true;
            match self.slice(runtime, &mut place, batch, from..from + rows, &mut output) {
                Ok(()) => {
                    from += rows;
                    if from < part.end && place.sandbox.is_bloated(limit) {
                        place = fresh()?;
                    }
                }
                // A guest that never frees has used up its memory with earlier rows: this row gets a fresh sandbox.
                Err(Failed { failure: Failure::Memory { .. }, row, .. }) if before_slice || row > 0 => {
                    from += row;
                    place = fresh()?;
                }
                Err(failed) => {
                    if matches!(failed.failure, Failure::Err(_)) {
                        // The guest is as good as before.
                        runtime.pool.give(place.sandbox);
                    }
                    return Err(self.stop(runtime, batch, from, failed));
                }
            }
        }
        if place.sandbox.is_worth_keeping(limit) {
            runtime.pool.give(place.sandbox);
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
        timeout: Option<Duration>,
        idle: Option<Box<Sandbox>>,
    ) -> Result<Place, Stop> {
        let mut sandbox = match idle {
            Some(sandbox) => sandbox,
            None => match Sandbox::new(&runtime.engines, kind, &linked.image, Deadline::after(timeout)) {
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
        let deadline = (!self.function.facts.ends).then(|| Deadline::after(timeout));
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
        if matches!(failure, Failure::Memory { .. }) {
            // The rows before are good, and the row may be tried again.
            take(sandbox, layout, &self.function.spec, row - start, output);
        }
        Failed { row, failure, frames: self.frames(error), output: output_of(sandbox) }
    }

    fn failure(&self, runtime: &Runtime, error: &wasmtime::Error, sandbox: &Sandbox) -> Failure {
        let timeout = runtime.options.timeout_ms;
        match sandbox.word(frame::EXIT_CODE).checked_sub(1) {
            Some(code) => Failure::Exit(code),
            None if sandbox.stopped() => Failure::Timeout { milliseconds: timeout },
            None => failure_of(error, sandbox.store.data(), self.program.memory_limit, timeout),
        }
    }

    /// Makes the report of a failed row. A trap is run again in a fresh sandbox without inlining, because inlined
    /// functions are missing from the first backtrace.
    fn stop(&self, runtime: &Runtime, batch: &Batch, from: usize, failed: Failed) -> Stop {
        let row = from + failed.row;
        let replayed = match &failed.failure {
            Failure::Trap(_) | Failure::Memory { .. } | Failure::Exit(_) => Some(self.replay(runtime, batch, row)),
            _ => None,
        };
        let mut failure = failed.failure;
        if matches!((&failure, &replayed), (Failure::Trap(trap), Some(Some(frames))) if frames.is_empty() && trap.contains(OUT_OF_BOUNDS))
        {
            // No function of the guest was running: the driver followed an address that the guest gave.
            failure = Failure::Result("an address outside of its memory".to_owned());
        }
        let (frames, frames_are_partial) = match replayed {
            Some(Some(frames)) => (frames, false),
            Some(None) => (failed.frames, true),
            None => {
                let partial = !failed.frames.is_empty();
                (failed.frames, partial && !matches!(failure, Failure::Timeout { .. }))
            }
        };
        Stop::Guest { row: Some(row), failure, frames, frames_are_partial, output: failed.output }
    }

    /// The frames of a row that fails again when it is run alone.
    fn replay(&self, runtime: &Runtime, batch: &Batch, row: usize) -> Option<Vec<String>> {
        let limit = runtime.timeout().map_or(REPLAY, |timeout| timeout.min(REPLAY));
        let linked = self.image(runtime, Kind::Replay).ok()?;
        let mut place = self.place(runtime, batch, Kind::Replay, &linked, Some(limit), None).ok()?;
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
