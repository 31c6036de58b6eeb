//! What is said when a guest fails.

use std::fmt;

use wasmtime::{Trap, WasmBacktrace};

use super::{limits::State, live::Sandbox};
use crate::error::{plain, shown};

/// A guest failed on a row.
#[derive(Debug, Clone)]
pub struct GuestError {
    /// The SQL name of the function.
    pub function: String,
    /// The row within the batch, counted from 0; `None` when the guest failed before the first row.
    pub row: Option<usize>,
    /// The arguments of that row as `name = value`, long values shortened.
    pub arguments: Vec<String>,
    /// What happened.
    pub failure: Failure,
    /// The guest's functions on the stack, the innermost first.
    pub frames: Vec<String>,
    /// The frames may lack functions that were inlined: running the row again without inlining did not show them.
    pub frames_are_partial: bool,
    /// The end of what the guest wrote to stdout and stderr.
    pub output: String,
}

/// How a guest failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// A WebAssembly trap, by its description.
    Trap(String),
    /// The guest asked for more memory than `limit` bytes and then gave up.
    Memory {
        /// The limit in bytes.
        limit: u64,
        /// The trap that followed.
        trap: String,
    },
    /// The call held a sandbox longer than `milliseconds`.
    Timeout {
        /// The limit (`wasm.timeout_ms`).
        milliseconds: u64,
    },
    /// Nobody waits for the result any more.
    Cancelled,
    /// The guest ended itself with this code.
    Exit(u32),
    /// The function returned `err`.
    Err(String),
    /// The function returned what its type does not allow.
    Result(String),
}

impl Failure {
    /// Why a guest was stopped; `timeout` is in milliseconds.
    pub(crate) fn of_interrupt(is_cancelled: bool, timeout: u64) -> Self {
        match is_cancelled {
            true => Self::Cancelled,
            false => Self::Timeout { milliseconds: timeout },
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trap(trap) => write!(f, "trapped: {trap}"),
            Self::Memory { limit, trap } => write!(
                f,
                "needs more than its {} of memory ({trap}); GROW TO in CREATE FUNCTION gives it more, up to \
                 wasm.max_linear_memory_size",
                mebibytes(*limit)
            ),
            Self::Timeout { milliseconds } => {
                write!(f, "was interrupted after {milliseconds} ms (wasm.timeout_ms)")
            }
            Self::Cancelled => f.write_str("was stopped because its query was cancelled"),
            Self::Exit(code) => write!(f, "ended itself with exit code {code}"),
            Self::Err(message) => write!(f, "returned an error: {}", plain(message)),
            Self::Result(what) => write!(f, "returned {what}"),
        }
    }
}

fn mebibytes(bytes: u64) -> String {
    match bytes % (1 << 20) {
        0 => format!("{} MiB", bytes >> 20),
        _ => format!("{bytes} bytes"),
    }
}

impl fmt::Display for GuestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "function {}", self.function)?;
        if self.failure == Failure::Cancelled {
            return write!(f, " {}", self.failure);
        }
        match self.row {
            Some(row) => write!(f, " failed at row {row} of the batch (counted from 0): it {}", self.failure)?,
            None => write!(f, " failed before its first row: it {}", self.failure)?,
        }
        if !self.arguments.is_empty() {
            write!(f, "\n  arguments: {}", plain(&self.arguments.join(", ")))?;
        }
        if !self.output.is_empty() {
            write!(f, "\n  the guest wrote: {}", plain(self.output.trim()).replace('\n', "\n    "))?;
        }
        if !self.frames.is_empty() {
            let frames: Vec<String> = self.frames.iter().map(|frame| shown(frame)).collect();
            write!(f, "\n  in: {}", frames.join("\n      "))?;
        }
        if self.frames_are_partial {
            f.write_str(
                "\n  (inlined functions may be missing here: running the row again without inlining did not show them)",
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for GuestError {}

/// What a trap means. `memory` is the limit in bytes and `timeout` in milliseconds.
pub(crate) fn failure_of(error: &wasmtime::Error, state: &State, memory: u64, timeout: u64) -> Failure {
    match error.downcast_ref::<Trap>() {
        // Of a component; other guests are stopped by their word in the arena.
        Some(Trap::Interrupt) => Failure::of_interrupt(state.deadline.is_cancelled(), timeout),
        trap => {
            // Only the innermost cause: the rest of wasmtime's chain is the backtrace, which is shown on its own.
            let text = trap.map_or_else(|| error.root_cause().to_string(), Trap::to_string);
            let text = text.strip_prefix("wasm trap: ").unwrap_or(&text).to_owned();
            if state.memory_refused { Failure::Memory { limit: memory, trap: text } } else { Failure::Trap(text) }
        }
    }
}

/// The guest's functions on the stack of a trap, innermost first, with demangled names. `is_guest` tells the guest's
/// functions from drivers.
pub(crate) fn frames_of(error: &wasmtime::Error, is_guest: impl Fn(u32) -> bool) -> Vec<String> {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else { return Vec::new() };
    trace
        .frames()
        .iter()
        .filter(|frame| is_guest(frame.func_index()))
        .map(|frame| match frame.func_name() {
            Some(name) => format!("{:#}", rustc_demangle::demangle(name)),
            None => format!("function {}", frame.func_index()),
        })
        .collect()
}

/// The most bytes of a guest's output that a report shows.
const MAX_OUTPUT: usize = 2000;

/// The end of what a guest wrote, as text.
pub(crate) fn output_of(sandbox: &Sandbox) -> String {
    let bytes = sandbox.output();
    match bytes.len().checked_sub(MAX_OUTPUT) {
        // From the start of a line on, if there is one.
        Some(cut) if cut > 0 => {
            let line = bytes[cut..].iter().position(|byte| *byte == b'\n').map_or(cut, |at| cut + at + 1);
            format!("…\n{}", String::from_utf8_lossy(&bytes[line..]))
        }
        _ => String::from_utf8_lossy(&bytes).into_owned(),
    }
}
