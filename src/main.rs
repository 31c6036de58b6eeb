//! The `wasmfusion` program: SQL with WebAssembly functions on the command line.
//!
//! It runs the statements of files (`-f`), of arguments (`-c`) or of standard
//! input, and shows a prompt when it is started on a terminal without any of
//! these. `wasmfusion --help` lists the options.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::main()
}
