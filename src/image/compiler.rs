//! Compiling within limits.
//!
//! A module of some kilobytes can keep the compiler busy for minutes and take gigabytes: its work is not linear in the size of a
//! function. It cannot be interrupted, and whether it will take long cannot be told beforehand. So it runs in a process of its
//! own, which is ended when it takes too much, if there is a program for that; else in a thread of its own, for which nobody
//! waits longer than is allowed.

use std::{
    ffi::OsString,
    io::{self, Read, Write},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use super::engines::{Kind, precompile};
use crate::error::{Error, Result};

/// What compiling one module may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// In milliseconds; 0 for no limit.
    pub(super) time: u64,
    /// In bytes, of a process; 0 for no limit.
    pub(super) memory: u64,
}

/// Why there is no code.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    /// What the compiler said, or that it could not be started.
    Refused(String),
    /// It took more than the limits: it would again.
    TooMuch(String),
}

impl Limits {
    fn time(self) -> Duration {
        if self.time == 0 { Duration::MAX } else { Duration::from_millis(self.time) }
    }

    fn too_long(self) -> Failure {
        Failure::TooMuch(format!("it takes more than {} ms (wasm.compile_timeout_ms)", self.time))
    }

    /// These allow no more than others.
    pub(super) fn within(self, others: Self) -> bool {
        let fits = |one: u64, other: u64| other == 0 || (one > 0 && one <= other);
        fits(self.time, others.time) && fits(self.memory, others.memory)
    }
}

/// Compiles Wasm for the engine of a kind.
///
/// # Errors
/// What the compiler said, or which limit it exceeded.
pub(super) fn compile(
    program: &[OsString],
    kind: Kind,
    wasm: &[u8],
    limits: Limits,
) -> std::result::Result<Vec<u8>, Failure> {
    match program {
        [program, arguments @ ..] => compile_with(program.as_ref(), arguments, kind, wasm, limits),
        [] => compile_here(kind, wasm.to_vec(), limits),
    }
}

/// In a thread of this process, with workers of its own: what takes long does not hold up other modules.
fn compile_here(kind: Kind, wasm: Vec<u8>, limits: Limits) -> std::result::Result<Vec<u8>, Failure> {
    let refused = |error: &dyn std::fmt::Display| Failure::Refused(error.to_string());
    let (sender, receiver) = mpsc::channel();
    let work = move || {
        let workers = rayon::ThreadPoolBuilder::new().thread_name(|_| "wasmfusion-compiler".to_owned()).build();
        let code = match workers {
            Ok(workers) => workers.install(|| precompile(kind, &wasm)).map_err(|error| format!("{error:#}")),
            Err(error) => Err(error.to_string()),
        };
        // Nobody may be waiting any more.
        let _ = sender.send(code);
    };
    thread::Builder::new().name("wasmfusion-compiler".into()).spawn(work).map_err(|error| refused(&error))?;
    match receiver.recv_timeout(limits.time()) {
        Ok(code) => code.map_err(Failure::Refused),
        Err(RecvTimeoutError::Timeout) => Err(limits.too_long()),
        Err(RecvTimeoutError::Disconnected) => Err(Failure::Refused("the compiler panicked".to_owned())),
    }
}

/// In another process.
fn compile_with(
    program: &Path,
    arguments: &[OsString],
    kind: Kind,
    wasm: &[u8],
    limits: Limits,
) -> std::result::Result<Vec<u8>, Failure> {
    let refused = |error: io::Error| Failure::Refused(format!("the compiler {}: {error}", program.display()));
    let mut child = Command::new(program)
        .args(arguments)
        .args([COMMAND, kind.name(), &limits.memory.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(refused)?;
    let output = converse(&mut child, wasm.to_vec(), limits.time());
    if output.is_none() {
        // It ended already, or it is to end.
        let _ = child.kill();
    }
    let status = child.wait().map_err(refused)?;
    match output {
        None => Err(limits.too_long()),
        Some((code, _)) if status.success() => Ok(code),
        Some((_, message)) => Err(failure(status, String::from_utf8_lossy(&message).trim(), limits)),
    }
}

/// Gives a process its input and takes both of its outputs; `None` when that takes too long.
fn converse(child: &mut Child, input: Vec<u8>, time: Duration) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut stdin, stdout, stderr) = (child.stdin.take()?, child.stdout.take()?, child.stderr.take()?);
    let read = |mut from: Box<dyn Read + Send>| {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            // What was read before an error tells enough.
            let _ = from.read_to_end(&mut bytes);
            let _ = sender.send(bytes);
        });
        receiver
    };
    let (code, message) = (read(Box::new(stdout)), read(Box::new(stderr)));
    // When it does not read all of it, its status tells why.
    thread::spawn(move || stdin.write_all(&input));
    let code = code.recv_timeout(time).ok()?;
    Some((code, message.recv_timeout(time).ok()?))
}

/// Why a process gave no code.
fn failure(status: ExitStatus, message: &str, limits: Limits) -> Failure {
    if message.contains("memory allocation of") {
        return Failure::TooMuch(format!(
            "it takes more than {} MiB of memory (wasm.max_compile_memory_mb)",
            limits.memory >> 20
        ));
    }
    match status.code() {
        Some(_) => Failure::Refused(message.to_owned()),
        // Ctrl-C on a terminal reaches it, too, and says nothing about the module.
        None if is_interrupted(status) => Failure::Refused(format!("the compiler was ended ({status})")),
        // A stack that overflows, or a defect of the compiler.
        None => Failure::TooMuch(format!("the compiler crashed ({status})")),
    }
}

#[cfg(unix)]
fn is_interrupted(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    const SIGINT: i32 = 2;
    status.signal() == Some(SIGINT)
}

#[cfg(not(unix))]
fn is_interrupted(_: ExitStatus) -> bool {
    false
}

/// The first argument of a program that compiles.
const COMMAND: &str = "compile";

/// What a program does that is named by [`EngineOptions::compiler`](crate::EngineOptions::compiler), when its arguments begin
/// with `compile`: compiles the module that comes on standard input, and writes the code to standard output. `arguments` are
/// those after the first.
///
/// The `wasmfusion` command does. Another program has to be built with the same version of this library.
///
/// # Errors
/// What the compiler said, arguments that are none of this library's, and what input and output said.
pub fn run_compiler(arguments: &[String]) -> Result<()> {
    let [kind, memory] = arguments else { return Err(unknown(arguments)) };
    let kind = Kind::ALL.into_iter().find(|known| known.name() == kind).ok_or_else(|| unknown(arguments))?;
    let memory: u64 = memory.parse().map_err(|_| unknown(arguments))?;
    let failed = |what: &dyn std::fmt::Display| Error::Compile { function: String::new(), message: what.to_string() };
    if memory > 0 {
        limit_memory(memory).map_err(|error| failed(&error))?;
    }
    let mut wasm = Vec::new();
    io::stdin().lock().read_to_end(&mut wasm).map_err(|error| failed(&error))?;
    let code = precompile(kind, &wasm).map_err(|error| Error::Statement(format!("{error:#}")))?;
    // Nobody flushes it at the end of a process that did not begin in Rust.
    let mut stdout = io::stdout().lock();
    stdout.write_all(&code).and_then(|()| stdout.flush()).map_err(|error| failed(&error))
}

fn unknown(arguments: &[String]) -> Error {
    Error::Statement(format!("{COMMAND} {}: this is how the engine calls its compiler", arguments.join(" ")))
}

/// Bounds the memory of this process.
#[cfg(unix)]
fn limit_memory(bytes: u64) -> io::Result<()> {
    // Of the address space only what is written counts: much is reserved and never used.
    rlimit::setrlimit(rlimit::Resource::DATA, bytes, bytes)
}

#[cfg(not(unix))]
fn limit_memory(_: u64) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_compared() {
        let limits = |time, memory| Limits { time, memory };
        assert!(limits(5, 5).within(limits(5, 6)) && limits(5, 5).within(limits(0, 0)));
        assert!(!limits(6, 5).within(limits(5, 5)) && !limits(5, 6).within(limits(5, 5)));
        assert!(!limits(0, 5).within(limits(5, 5)) && limits(0, 0).within(limits(0, 0)));
    }

    /// What took too much is not tried again.
    #[test]
    #[cfg(unix)]
    fn ctrl_c_is_not_taken_for_a_crash() {
        use std::os::unix::process::ExitStatusExt as _;
        let (interrupted, crashed) = (2, 11);
        let ended = |signal| failure(ExitStatus::from_raw(signal), "", Limits { time: 0, memory: 0 });
        assert!(matches!(ended(interrupted), Failure::Refused(text) if text.contains("was ended")));
        assert!(matches!(ended(crashed), Failure::TooMuch(text) if text.contains("crashed")));
    }

    #[test]
    fn what_takes_too_long_is_not_waited_for() {
        // A function with 400 loops in each other and 400 variables.
        let (opened, closed) = ("(loop ".repeat(400), ")".repeat(400));
        let steps: String = (0..400)
            .map(|i| format!("(local.set {i} (i64.add (local.get {i}) (local.get {})))", (i * 7 + 1) % 400))
            .collect();
        let text = format!(
            "(module (func (param {}) {opened}{steps}(br_if 0 (i32.wrap_i64 (local.get 3))){closed}))",
            "i64 ".repeat(400)
        );
        let wasm = wat::parse_str(text).unwrap();
        let failure = compile(&[], Kind::Drivers, &wasm, Limits { time: 1, memory: 0 }).unwrap_err();
        assert!(matches!(&failure, Failure::TooMuch(text) if text.contains("more than 1 ms")), "{failure:?}");
        assert!(compile(&[], Kind::Drivers, b"\0asm\x01\0\0\0", Limits { time: 0, memory: 0 }).is_ok());
        let refused = compile(&[], Kind::Drivers, b"\0asm\x01\0\0\x01", Limits { time: 0, memory: 0 }).unwrap_err();
        assert!(matches!(refused, Failure::Refused(_)));
    }
}
