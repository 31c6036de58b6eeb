//! What can go wrong, and how it is told to the user.

use std::{error::Error as StdError, io};

use datafusion::{arrow::error::ArrowError, error::DataFusionError, sql::sqlparser::tokenizer::TokenizerError};
use rustyline::error::ReadlineError;
use thiserror::Error;

/// A failure that ends the program.
#[derive(Debug, Error)]
pub(super) enum Error {
    /// A text of SQL could not be read.
    #[error("cannot read {name}: {source}")]
    Read {
        /// The file, or "standard input".
        name: String,
        source: io::Error,
    },

    /// A statement could not be run to its end.
    #[error("error in statement {number} (line {line} of {script}): {excerpt}\n{cause}")]
    Statement {
        /// Number of the statement in the script, from 1.
        number: usize,
        /// Line on which the statement begins, from 1.
        line: u64,
        /// The file, "standard input" or a numbered command.
        script: String,
        /// The statement, shortened to one line.
        excerpt: String,
        cause: Cause,
    },

    /// Standard output could not be written.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),

    /// The threads of the program could not be started.
    #[error("cannot start: {0}")]
    Runtime(io::Error),

    /// The engine could not be made.
    #[error("cannot start: {0}")]
    Engine(wasmfusion::Error),

    /// A setting of the command line was refused.
    #[error("cannot start: --set {name}: {}", message(.error))]
    Setting {
        /// The name of the variable.
        name: String,
        error: DataFusionError,
    },

    /// An extension could not be packed.
    #[error("{}", message(.0))]
    Pack(DataFusionError),

    /// The terminal could not be used for the prompt.
    #[error("cannot read from the terminal: {0}")]
    Terminal(#[from] ReadlineError),
}

/// Why a statement failed.
#[derive(Debug, Error)]
pub(super) enum Cause {
    /// The text is not made of SQL tokens.
    #[error("{0}")]
    NotSql(TokenizerError),
    /// Planning or running the statement failed.
    #[error("{}", message(.0))]
    Query(DataFusionError),
}

/// A failure while running and printing one statement.
#[derive(Debug)]
pub(super) enum Failure {
    /// The statement failed.
    Query(DataFusionError),
    /// Its result could not be written.
    Output(io::Error),
}

impl From<DataFusionError> for Failure {
    fn from(error: DataFusionError) -> Self {
        Self::Query(error)
    }
}

impl From<ArrowError> for Failure {
    fn from(error: ArrowError) -> Self {
        Self::Query(error.into())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// The text of `error` without the layers that DataFusion wraps around a
/// cause on its way up, one paragraph for each of several errors.
fn message(error: &DataFusionError) -> String {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => message(inner),
        DataFusionError::Shared(inner) => message(inner),
        DataFusionError::Collection(errors) => errors.iter().map(message).collect::<Vec<_>>().join("\n"),
        DataFusionError::External(inner) => foreign_message(inner.as_ref()),
        DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
            ArrowError::ExternalError(inner) => foreign_message(inner.as_ref()),
            _ => error.to_string(),
        },
        // Displayed through its `Debug` form otherwise.
        DataFusionError::SQL(inner, _) => inner.to_string(),
        _ => error.to_string(),
    }
}

/// The text of an error that DataFusion carries without knowing its type.
fn foreign_message(error: &(dyn StdError + Send + Sync + 'static)) -> String {
    if let Some(error) = error.downcast_ref::<DataFusionError>() {
        message(error)
    } else if let Some(ArrowError::ExternalError(inner)) = error.downcast_ref::<ArrowError>() {
        foreign_message(inner.as_ref())
    } else {
        error.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn layers_are_taken_off() {
        let cause = || DataFusionError::Plan("no such table\n  in any schema".to_owned());
        let expected = "Error during planning: no such table\n  in any schema";
        let external = |error| DataFusionError::External(Box::new(error));
        let arrow = |error| ArrowError::ExternalError(Box::new(error));
        for error in [
            cause(),
            cause().context("optimizer rule"),
            DataFusionError::Shared(Arc::new(cause().context("shared"))),
            external(cause()),
            DataFusionError::from(arrow(cause())),
            DataFusionError::External(Box::new(arrow(cause()))),
            DataFusionError::Collection(vec![cause()]),
        ] {
            assert_eq!(message(&error), expected);
        }
    }

    #[test]
    fn other_errors_are_told_without_a_prefix() {
        let error = DataFusionError::External(Box::new(io::Error::other("out of fuel")));
        assert_eq!(message(&error), "out of fuel");
    }

    #[test]
    fn several_errors_are_all_told() {
        let plan = |text: &str| DataFusionError::Plan(text.to_owned());
        let error = DataFusionError::Collection(vec![plan("one"), plan("two")]);
        assert_eq!(message(&error), "Error during planning: one\nError during planning: two");
    }
}
