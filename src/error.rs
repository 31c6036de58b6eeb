//! What can go wrong, in the words of the person who wrote the SQL or the guest.

use std::borrow::Cow;

use datafusion::error::DataFusionError;

/// The result of everything in this crate that does not speak DataFusion's own error type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of this crate. Its text names what was wrong, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The module's bytes cannot be used: not Wasm, too large, a feature or an import that is refused.
    #[error("module refused: {}", plain(.0))]
    Module(String),
    /// The SQL signature and the module do not fit, or a type cannot cross the boundary.
    #[error("signature: {}", plain(.0))]
    Signature(String),
    /// A statement of ours does not parse, or asks for what is not there.
    #[error("{}", plain(.0))]
    Statement(String),
    /// A file could not be read.
    #[error("cannot read '{path}': {source}")]
    Read {
        /// The path as it was given.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("cannot write '{path}': {source}")]
    Write {
        /// The path as it was given.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Compiling the module failed: a limit of the compiler, or a defect of ours.
    #[error("compiling the module of function {function} failed: {}", plain(message))]
    Compile {
        /// The SQL name of the function that was called.
        function: String,
        /// What the compiler said.
        message: String,
    },
    /// The guest failed on a row: a trap, a limit, a timeout, an `err` result or a lying result.
    #[error(transparent)]
    Guest(#[from] Box<crate::sandbox::GuestError>),
    /// A call panicked: a defect of this crate.
    #[error("function {function}: wasmfusion has a defect, please report it: {}", plain(message))]
    Defect {
        /// The SQL name of the function.
        function: String,
        /// What the panic said.
        message: String,
    },
    /// An argument cannot be given to the guest, for instance a string that is no case of an enum.
    #[error("function {function}, row {row}: {}", plain(message))]
    Argument {
        /// The SQL name of the function.
        function: String,
        /// The row within the batch, counted from 0.
        row: usize,
        /// What is wrong with the argument.
        message: String,
    },
    /// A variable was given a value that it does not take, or does not exist.
    #[error("{0}")]
    Variable(String),
    /// The folder of the plancache cannot be used.
    #[error("plancache '{folder}': {message}")]
    Plancache {
        /// The folder as it was given.
        folder: String,
        /// Why not.
        message: String,
    },
    /// The database in the data folder cannot be used.
    #[error("catalog '{path}': {message}")]
    Catalog {
        /// The folder, or the file in it.
        path: String,
        /// Why not, or what went wrong.
        message: String,
    },
    /// The memory pool refused memory for an image or a sandbox.
    #[error(transparent)]
    Memory(Box<DataFusionError>),
    /// Arrow refused a conversion.
    #[error(transparent)]
    Arrow(#[from] datafusion::arrow::error::ArrowError),
}

impl Error {
    /// The refusal of a memory pool.
    pub(crate) fn refused(refusal: DataFusionError) -> Self {
        Self::Memory(Box::new(refusal))
    }
}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        match error {
            Error::Statement(text) => Self::Plan(plain(&text).into_owned()),
            Error::Variable(text) => Self::Configuration(text),
            Error::Memory(refusal) => *refusal,
            other => Self::External(Box::new(other)),
        }
    }
}

/// The most bytes of a message that names and texts of a module make long.
const MAX_MESSAGE: usize = 4000;
/// The most bytes of a name in a message.
const MAX_NAME: usize = 200;

/// A text of several lines without what a terminal would take for commands, and not longer than a message may be.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    let cut = cut(text, MAX_MESSAGE);
    let is_command = |c: char| c.is_control() && c != '\n' && c != '\t';
    match cut.contains(is_command) {
        false => cut,
        true => {
            let mut escaped = String::with_capacity(cut.len());
            for c in cut.chars() {
                if is_command(c) { escaped.extend(c.escape_default()) } else { escaped.push(c) }
            }
            escaped.into()
        }
    }
}

/// A name on one line.
pub(crate) fn shown(name: &str) -> String {
    plain(&cut(name, MAX_NAME)).replace('\n', "\\n")
}

/// The text up to about so many bytes.
fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return text.into();
    }
    let end = text.floor_char_boundary(most);
    format!("{}… ({} bytes)", &text[..end], text.len()).into()
}

/// A number of arguments in words.
pub(crate) fn arguments(count: usize) -> String {
    format!("{count} argument{}", if count == 1 { "" } else { "s" })
}
