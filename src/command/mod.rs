//! The command-line program, from its arguments to its exit code.

mod completion;
mod error;
mod execution;
mod folders;
mod history;
mod interrupt;
mod options;
mod output;
mod pack;
mod prompt;
mod records;
mod run;
mod script;
mod start;
mod statements;
mod table;

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
    sync::Arc,
};

use clap::Parser as _;
use tokio::runtime::{self, Runtime};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use self::{
    error::Error,
    options::{Command, ExtensionCommand, Options},
    output::Printer,
    prompt::Prompt,
    run::Runner,
    script::Script,
};

/// Exit code after the reader of standard output has gone away.
///
/// It is what a shell reports for a program that is ended by SIGPIPE: the
/// remaining statements were not run, so this is no success.
const CLOSED_OUTPUT: u8 = 141;

/// Runs the program and reports its failure, if any, on standard error.
pub(crate) fn main() -> ExitCode {
    let options = Options::parse();
    start_logging();
    match execute(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(CLOSED_OUTPUT),
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

/// Does what the options ask for.
fn execute(options: &Options) -> Result<(), Error> {
    if let Some(Command::Compile { arguments }) = &options.command {
        return wasmfusion::run_compiler(arguments).map_err(Error::Engine);
    }
    let runtime = runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::Runtime)?;
    let result = execute_on(&runtime, options);
    // A cancelled query may still be inside a long function call, which nobody should wait for.
    runtime.shutdown_background();
    result
}

/// Runs the scripts of `options`, or the prompt if there are none.
fn execute_on(runtime: &Runtime, options: &Options) -> Result<(), Error> {
    if let Some(Command::Extension(ExtensionCommand::Pack { folder, output })) = &options.command {
        return pack::pack(&start::session(options, runtime)?, folder, output.as_deref());
    }
    let interactive = !options.has_scripts() && io::stdin().is_terminal();
    // All text is read before anything is run: a misspelt path is found at once.
    let scripts = if interactive { Vec::new() } else { Script::read_all(options)? };
    let printer = Printer::new(io::stdout(), options);
    let mut runner = Runner::new(Arc::new(start::session(options, runtime)?), printer);
    if interactive {
        Prompt::new(runtime, runner)?.run(options.quiet)
    } else {
        runtime.block_on(runner.run_scripts(&scripts))
    }
}

/// Sends log records that `RUST_LOG` selects to standard error; none by default.
fn start_logging() {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::OFF.into()).from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
}

/// Writes a message for the user to standard error.
fn report(message: &dyn std::fmt::Display) {
    // Unlike `eprintln!`, this does not panic when standard error is closed.
    let _ = writeln!(io::stderr(), "{message}");
}
