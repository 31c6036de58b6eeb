//! Rows through batch drivers: sandboxes, slices, and what to do when one fails.

use std::{ops::Range, sync::Arc, time::Duration};

use datafusion::{arrow::buffer::NullBuffer, error::DataFusionError};

use super::{
    call::{Argument, Stop},
    context::Context,
    lift::{Output, ResultSize},
    lower::{Input, lower_argument},
    slice::{Layout, arena_bytes, go_on, take, write, write_constants},
};
use crate::{
    driver::{Shape, Variant, frame, frame::Status},
    error::Error,
    image::{Deadline, Function, Image, Kind, Linked, Program},
    sandbox::{Failure, Sandbox, failure_of, frames_of, output_of, refusal_of},
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
    image: FunctionImage,
    results: ResultSize,
}

/// An image, and where the function is in it.
#[derive(Debug)]
pub(super) struct FunctionImage {
    linked: Arc<Linked>,
    image: Arc<Image>,
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

/// The rows of a batch that go through the arena at once. Rows count from the first of them.
struct Slice {
    rows: usize,
    layout: Layout,
    /// The first row that is not done.
    start: usize,
    /// Some items of that row's list were delivered.
    is_open: bool,
    /// The row's result waits in the guest.
    waits: bool,
    /// The guest had run rows in this sandbox before.
    used_before: bool,
}

/// Rows of a batch on their way through a sandbox.
pub(super) struct Run {
    /// `None` when the sandbox is of no further use.
    place: Option<Place>,
    /// The rows that are not done; the first of them is that of the slice.
    rest: Range<usize>,
    slice: Option<Slice>,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("rest", &self.rest).finish_non_exhaustive()
    }
}

impl Run {
    pub(super) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// The first row of the batch that is not done.
    pub(super) fn row(&self) -> usize {
        self.rest.start + self.slice.as_ref().map_or(0, |slice| slice.start)
    }
}

/// Why a slice is not done.
enum Unfinished {
    Failed(Failed),
    /// The memory pool refused.
    Refused(DataFusionError),
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
    /// The image. It is asked for before the workers share the batch: compiling waits for workers, too, so a worker
    /// must not wait for it.
    pub(super) fn image(&self, context: &Context<'_>, kind: Kind) -> Result<FunctionImage, Stop> {
        let found = self.program.image(&context.runtime.images, &self.function, kind, context.account);
        found.map(|(linked, image)| FunctionImage { linked, image }).map_err(Stop::Other)
    }

    /// The columns that drivers and kernels read.
    pub(super) fn lower(&self, args: &[Argument], called: Option<&NullBuffer>) -> Result<Vec<Input>, Stop> {
        args.iter()
            .zip(&self.function.spec.params)
            .map(|(arg, slot)| {
                let lowered = lower_argument(&arg.array, slot, arg.constant, called).map_err(Stop::Other)?;
                lowered.map_err(Stop::argument)
            })
            .collect()
    }

    pub(super) fn prepare(
        &self,
        image: FunctionImage,
        args: &[Argument],
        called: Option<NullBuffer>,
    ) -> Result<Batch, Stop> {
        let inputs = self.lower(args, called.as_ref())?;
        let constants = inputs.iter().zip(0..).map(|(input, index)| u32::from(input.constant) << index).sum();
        let variants = match called {
            Some(_) => [Variant::Masked; 2],
            None => [Variant::Dense(constants), Variant::Every],
        };
        Ok(Batch { inputs, called, variants, image, results: ResultSize::default() })
    }

    /// Runs a part of the batch.
    pub(super) fn run(&self, context: &Context<'_>, batch: &Batch, part: Range<usize>) -> Result<Output, Stop> {
        let mut output = Output::of(&self.function.spec.result, part.len());
        let mut run = self.start(context, batch, part)?;
        while !run.is_done() {
            let before = output.bytes();
            if let Err(stop) = self.step(context, batch, &mut run, &mut output) {
                self.finish(context, batch, run);
                return Err(stop);
            }
            batch.results.add(output.bytes() - before).map_err(Stop::Other)?;
        }
        self.finish(context, batch, run);
        self.function.ran();
        Ok(output)
    }

    /// Takes a sandbox for a part of the batch.
    pub(super) fn start(&self, context: &Context<'_>, batch: &Batch, part: Range<usize>) -> Result<Run, Stop> {
        let idle = context.pools.and_then(|pools| {
            pools.drivers.take(&batch.image.image, self.program.memory_limit, context.account.pool())
        });
        let place = self.place(context, batch, &batch.image, self.deadline(context), idle)?;
        Ok(Run { place: Some(place), rest: part, slice: None })
    }

    /// Gives the sandbox back, if it is as good as before: also after an `err` result.
    pub(super) fn finish(&self, context: &Context<'_>, batch: &Batch, run: Run) {
        let limit = self.program.memory_limit;
        let Some(place) = run.place.filter(|_| run.slice.is_none_or(|slice| !slice.waits)) else { return };
        if let Some(pools) = context.pools
            && place.sandbox.is_worth_keeping(limit)
        {
            pools.drivers.give(&batch.image.image, limit, place.sandbox);
        }
    }

    /// When a call that begins now is interrupted. Not for a function that is proven to end: looking at the clock is
    /// part of what a call of one row costs.
    fn deadline(&self, context: &Context<'_>) -> Option<Deadline> {
        (!self.function.facts.ends).then(|| context.deadline())
    }

    /// The sandbox may be used for another while: it was idle in between.
    pub(super) fn renew(&self, context: &Context<'_>, run: &mut Run) {
        if let Some(place) = &mut run.place {
            place.deadline = self.deadline(context);
        }
    }

    /// Appends to the output what one call of the driver gives: all rows of a slice, or as many as there is room for.
    pub(super) fn step(
        &self,
        context: &Context<'_>,
        batch: &Batch,
        run: &mut Run,
        output: &mut Output,
    ) -> Result<(), Stop> {
        context.check()?;
        let limit = self.program.memory_limit;
        let from = run.rest.start;
        let place = match &mut run.place {
            Some(place) => place,
            none => none.insert(self.place(context, batch, &batch.image, self.deadline(context), None)?),
        };
        let driven = match &mut run.slice {
            Some(slice) => self.drive(context, place, slice, output),
            none => match self.slice(place, batch, run.rest.clone()) {
                Ok(slice) => self.drive(context, place, none.insert(slice), output),
                Err(unfinished) => Err(unfinished),
            },
        };
        let is_bloated = place.sandbox.is_bloated(limit);
        match driven {
            Ok(false) => {}
            Ok(true) => {
                run.rest.start += run.slice.take().map_or(0, |slice| slice.rows);
                if is_bloated {
                    // The next step takes a fresh one.
                    run.place = None;
                }
            }
            // The guest may have used up its memory with earlier rows, and every guest goes down with that in its own
            // way: this row gets a fresh sandbox.
            Err(Unfinished::Failed(failed))
                if failed.leaves_rows()
                    && run.slice.as_ref().is_some_and(|slice| {
                        (slice.used_before || failed.row > 0) && !(slice.is_open && failed.row == slice.start)
                    }) =>
            {
                run.place = None;
                run.slice = None;
                run.rest.start += failed.row;
            }
            Err(Unfinished::Failed(failed)) => {
                if !matches!(failed.failure, Failure::Err(_)) {
                    run.place = None;
                }
                let row = Some(from + failed.row);
                let Failed { failure, frames, output, .. } = failed;
                return Err(Stop::Guest { row, failure, frames, frames_are_partial: false, output });
            }
            Err(Unfinished::Refused(refusal)) => {
                run.place = None;
                return Err(Stop::Other(Error::refused(refusal)));
            }
        }
        Ok(())
    }

    /// A sandbox with the batch's constants in it.
    fn place(
        &self,
        context: &Context<'_>,
        batch: &Batch,
        image: &FunctionImage,
        deadline: Option<Deadline>,
        idle: Option<Box<Sandbox>>,
    ) -> Result<Place, Stop> {
        let mut sandbox = match idle {
            Some(sandbox) => sandbox,
            None => {
                // What the guest runs when it starts may not end.
                let deadline = deadline.clone().unwrap_or_else(|| context.deadline());
                match Sandbox::new(context.runtime.engines(), &image.image, context.state(), &deadline) {
                    Ok(sandbox) => Box::new(sandbox),
                    Err((sandbox, error)) => return Err(self.did_not_start(context, sandbox.as_deref(), error)),
                }
            }
        };
        sandbox.begin();
        let start = write_constants(&mut sandbox, &batch.inputs, &self.function.spec)
            .map_err(|error| Stop::Other(refusal_of(error).map_or_else(|error| too_large(&error), Error::refused)))?;
        let number = image.linked.position(&self.function).expect("the image was made with this function");
        let variant = *batch
            .variants
            .iter()
            .find(|variant| sandbox.has(number, **variant))
            .expect("every function has the variants Every and Masked");
        Ok(Place { sandbox, start, number, variant, deadline })
    }

    fn did_not_start(&self, context: &Context<'_>, sandbox: Option<&Sandbox>, error: wasmtime::Error) -> Stop {
        let error = match refusal_of(error) {
            Ok(refusal) => return Stop::Other(Error::refused(refusal)),
            Err(error) => error,
        };
        let (failure, output) = match sandbox {
            Some(sandbox) => (self.failure(context, &error, sandbox), output_of(sandbox)),
            None => (Failure::Trap(format!("{:#}", error.root_cause())), String::new()),
        };
        Stop::Guest { row: None, failure, frames: self.frames(&error), frames_are_partial: false, output }
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

    /// Writes the next rows into the arena.
    fn slice(&self, place: &mut Place, batch: &Batch, rest: Range<usize>) -> Result<Slice, Unfinished> {
        let rows = self.slice_rows(batch, rest.start, rest.end);
        let used_before = std::mem::replace(&mut place.sandbox.used, true);
        let called = batch.called.as_ref();
        let spec = &self.function.spec;
        let layout = write(&mut place.sandbox, place.start, &batch.inputs, spec, called, rest.start, rows)
            .map_err(|error| no_room(0, error))?;
        Ok(Slice { rows, layout, start: 0, is_open: false, waits: false, used_before })
    }

    /// Calls the driver once and takes what it gives. The answer is whether the slice is done.
    fn drive(
        &self,
        context: &Context<'_>,
        place: &mut Place,
        slice: &mut Slice,
        output: &mut Output,
    ) -> Result<bool, Unfinished> {
        let spec = &self.function.spec;
        let interrupt = place.deadline.as_ref().map(|deadline| (context.runtime.engines(), deadline));
        let sandbox = &mut place.sandbox;
        let (rows, start) = (slice.rows, slice.start);
        let status = match context.in_wasm(|| sandbox.run(place.number, place.variant, rows as u32, interrupt)) {
            Ok(status) => status,
            Err(error) => return Err(self.trapped(context, sandbox, slice, error, output)),
        };
        match Status::from_code(status) {
            Some(Status::Done) => {
                take(sandbox, &slice.layout, spec, rows - start, None, output);
                Ok(true)
            }
            Some(Status::NeedsRoom) => {
                let done = sandbox.word(frame::DONE) as usize;
                // Only a list that is the result is delivered item by item.
                let items = (spec.result.shape == Shape::List).then(|| sandbox.word(frame::ITEMS) as usize);
                take(sandbox, &slice.layout, spec, done - start, items, output);
                slice.start = done;
                slice.waits = true;
                slice.is_open = items.is_some() && sandbox.word(frame::ITEM) > 0;
                let gained = done > start || items.is_some_and(|items| items > 0);
                go_on(sandbox, &mut slice.layout, spec, done, gained).map_err(|error| no_room(done, error))?;
                Ok(false)
            }
            status => {
                // The driver has given an `err` back to the guest.
                slice.waits = false;
                let failure = failure_of_status(status, sandbox);
                let row = sandbox.word(frame::ROW) as usize;
                let output = output_of(sandbox);
                Err(Unfinished::Failed(Failed { row, failure, frames: Vec::new(), output }))
            }
        }
    }

    fn trapped(
        &self,
        context: &Context<'_>,
        sandbox: &mut Sandbox,
        slice: &Slice,
        error: wasmtime::Error,
        output: &mut Output,
    ) -> Unfinished {
        let error = match refusal_of(error) {
            Ok(refusal) => return Unfinished::Refused(refusal),
            Err(error) => error,
        };
        let row = sandbox.word(frame::ROW) as usize;
        let failure = self.failure(context, &error, sandbox);
        let failed = Failed { row, failure, frames: self.frames(&error), output: output_of(sandbox) };
        if failed.leaves_rows() {
            take(sandbox, &slice.layout, &self.function.spec, row - slice.start, None, output);
        }
        Unfinished::Failed(failed)
    }

    fn failure(&self, context: &Context<'_>, error: &wasmtime::Error, sandbox: &Sandbox) -> Failure {
        let timeout = context.timeout_ms;
        match sandbox.word(frame::EXITED) {
            1 => Failure::Exit(sandbox.word(frame::EXIT_CODE)),
            _ if sandbox.stopped() => Failure::of_interrupt(context.is_cancelled(), timeout),
            _ => failure_of(error, sandbox.store.data(), self.program.memory_limit, timeout),
        }
    }

    /// Completes the report of a failed row. A trap is run again in a fresh sandbox without inlining, because inlined
    /// functions are missing from the first backtrace.
    pub(super) fn explain(&self, context: &Context<'_>, batch: &Batch, stop: Stop) -> Stop {
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
        let replayed = self.replay(context, batch, row);
        let frames_are_partial = replayed.is_none();
        let no_guest = replayed.as_ref().is_some_and(Vec::is_empty);
        let failure = match failure {
            // No function of the guest was running: the driver followed an address that the guest gave.
            Failure::Trap(trap) if no_guest && trap.contains(OUT_OF_BOUNDS) => Failure::Result(OUTSIDE.to_owned()),
            other => other,
        };
        Stop::Guest { row: Some(row), failure, frames: replayed.unwrap_or(frames), frames_are_partial, output }
    }

    /// The frames of a row that fails again when it is run alone.
    fn replay(&self, context: &Context<'_>, batch: &Batch, row: usize) -> Option<Vec<String>> {
        let limit = context.timeout().map_or(REPLAY, |timeout| timeout.min(REPLAY));
        let image = self.image(context, Kind::Replay).ok()?;
        let mut place = self.place(context, batch, &image, Some(context.deadline_within(limit)), None).ok()?;
        // The unrolled variant would do, too, but the others show the same frames for every function.
        place.variant = if batch.called.is_some() { Variant::Masked } else { Variant::Every };
        let mut slice = self.slice(&mut place, batch, row..row + 1).ok()?;
        loop {
            let mut output = Output::of(&self.function.spec.result, 1);
            match self.drive(context, &mut place, &mut slice, &mut output) {
                Ok(false) => {}
                Err(
                    Unfinished::Failed(Failed { failure: Failure::Timeout { .. } | Failure::Cancelled, .. })
                    | Unfinished::Refused(_),
                )
                | Ok(true) => return None,
                Err(Unfinished::Failed(failed)) => return Some(failed.frames),
            }
        }
    }
}

const OUTSIDE: &str = "an address outside of its memory";
/// How wasmtime words a load or store outside of memory.
const OUT_OF_BOUNDS: &str = "out of bounds memory access";

fn no_room(row: usize, error: wasmtime::Error) -> Unfinished {
    match refusal_of(error) {
        Ok(refusal) => Unfinished::Refused(refusal),
        Err(error) => Unfinished::Failed(Failed {
            row,
            failure: Failure::Result(too_large(&error).to_string()),
            frames: Vec::new(),
            output: String::new(),
        }),
    }
}

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
        Some(Status::OutOfBounds) => Failure::Result(OUTSIDE.to_owned()),
        Some(Status::Misaligned) => Failure::Result("an address that is not aligned".to_owned()),
        _ => Failure::Result("a discriminant that its type does not have".to_owned()),
    }
}
