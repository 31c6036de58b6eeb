//! The arguments of the program.

use std::{path::PathBuf, str::FromStr};

use clap::{Parser, Subcommand, ValueEnum};

/// SQL with WebAssembly functions.
///
/// Runs the statements of the given files, then those of the given commands.
/// Without any, statements are read from standard input; on a terminal, a
/// prompt is shown.
#[derive(Debug, Parser)]
#[command(name = "wasmfusion", version, args_conflicts_with_subcommands = true)]
pub(super) struct Options {
    /// SQL to run; can be given several times
    #[arg(short = 'c', long = "command", value_name = "SQL")]
    pub(super) commands: Vec<String>,

    /// File of SQL to run; can be given several times
    #[arg(short = 'f', long = "file", value_name = "PATH")]
    pub(super) files: Vec<PathBuf>,

    /// Print nothing but results
    #[arg(short, long)]
    pub(super) quiet: bool,

    /// How results are printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(super) format: Format,

    /// Variable to set before anything is run, as in `SET`: wasm.timeout_ms=1000, datafusion.execution.batch_size=1024.
    /// SHOW ALL lists them. Can be given several times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(super) variables: Vec<Setting>,

    /// Folder of the database: functions, their modules and extensions are kept in it for later runs, and compiled
    /// modules, too. Without it functions are gone at the end
    #[arg(long, value_name = "PATH")]
    pub(super) data_dir: Option<PathBuf>,

    /// Folder where compiled modules are kept for later runs; plancache in the database's folder or
    /// wasmfusion/plancache in the user's cache folder if not given
    #[arg(long, value_name = "PATH")]
    pub(super) plancache: Option<PathBuf>,

    /// Keep no compiled modules
    #[arg(long, conflicts_with_all = ["plancache", "data_dir"])]
    pub(super) no_plancache: bool,

    /// Most rows of a result that a table shows, or "inf" for all
    #[arg(long = "maxrows", value_name = "N|inf", default_value = "40")]
    pub(super) max_rows: MaxRows,

    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// What the program does other than running SQL.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Compile a module: how the engine calls this program
    #[command(hide = true)]
    Compile {
        #[arg(num_args = 0..)]
        arguments: Vec<String>,
    },
    /// Make archives for CREATE EXTENSION
    #[command(subcommand)]
    Extension(ExtensionCommand),
}

/// What can be done with an extension.
#[derive(Debug, Subcommand)]
pub(super) enum ExtensionCommand {
    /// Pack a folder with NAME.sql and the files that it names as NAME.tar.gz, and check that its functions can be made
    Pack {
        /// The folder
        folder: PathBuf,
        /// The archive; NAME.tar.gz in the current folder if not given
        #[arg(short, long, value_name = "PATH")]
        output: Option<PathBuf>,
    },
}

impl Options {
    /// Whether there are files or commands to run.
    pub(super) fn has_scripts(&self) -> bool {
        !(self.files.is_empty() && self.commands.is_empty())
    }
}

/// A variable and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) name: String,
    pub(super) value: String,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                Ok(Self { name: name.trim().to_owned(), value: value.trim().to_owned() })
            }
            _ => Err("expected NAME=VALUE".to_owned()),
        }
    }
}

/// A format of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A table for people
    Table,
    /// Comma-separated values with a header line
    Csv,
    /// Tab-separated values with a header line
    Tsv,
    /// One JSON array of objects
    Json,
    /// One JSON object per line
    #[value(name = "nd-json")]
    NdJson,
}

/// How many rows of a result a table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MaxRows {
    /// Every row.
    All,
    /// At most this many rows, the first ones.
    First(usize),
}

impl MaxRows {
    /// The limit as a number of rows.
    pub(super) fn get(self) -> usize {
        match self {
            Self::All => usize::MAX,
            Self::First(rows) => rows,
        }
    }
}

impl FromStr for MaxRows {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.eq_ignore_ascii_case("inf") {
            return Ok(Self::All);
        }
        text.parse().map(Self::First).map_err(|_| "expected a number of rows or \"inf\"".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn arguments_are_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn settings_have_a_name_and_a_value() {
        let setting = Setting { name: "wasm.enabled".to_owned(), value: "false".to_owned() };
        assert_eq!("wasm.enabled = false".parse(), Ok(setting));
        assert!("wasm.enabled".parse::<Setting>().is_err());
        assert!("=1".parse::<Setting>().is_err());
    }

    #[test]
    fn limits_of_rows() {
        assert_eq!("0".parse(), Ok(MaxRows::First(0)));
        assert_eq!("INF".parse(), Ok(MaxRows::All));
        assert!("-1".parse::<MaxRows>().is_err());
    }
}
