//! The texts of SQL that the program is told to run.

use std::{
    fs,
    io::{self, Read as _},
};

use super::{
    error::{Cause, Error},
    options::Options,
    statements::{self, Statement},
};

/// A text of SQL statements and where it is from.
#[derive(Debug)]
pub(super) struct Script {
    /// What messages call the text, such as the path of a file.
    name: String,
    text: String,
}

impl Script {
    /// Reads the files, then the commands of `options`, or standard input if
    /// it names neither.
    ///
    /// # Errors
    ///
    /// A file or standard input cannot be read or is not UTF-8.
    pub(super) fn read_all(options: &Options) -> Result<Vec<Self>, Error> {
        if !options.has_scripts() {
            return Ok(vec![Self::read("standard input".to_owned(), || {
                let mut text = String::new();
                io::stdin().read_to_string(&mut text)?;
                Ok(text)
            })?]);
        }
        let files =
            options.files.iter().map(|path| Self::read(path.display().to_string(), || fs::read_to_string(path)));
        let commands = options
            .commands
            .iter()
            .enumerate()
            .map(|(index, text)| Ok(Self { name: format!("command {}", index + 1), text: text.clone() }));
        files.chain(commands).collect()
    }

    fn read(name: String, text: impl FnOnce() -> io::Result<String>) -> Result<Self, Error> {
        match text() {
            Ok(text) => Ok(Self { name, text }),
            Err(source) => Err(Error::Read { name, source }),
        }
    }

    /// The statements of the text.
    ///
    /// # Errors
    ///
    /// The text cannot be divided into statements.
    pub(super) fn statements(&self) -> Result<Vec<Statement<'_>>, Error> {
        statements::split(&self.text).map_err(|failure| self.error(&failure.statement, Cause::NotSql(failure.error)))
    }

    /// The failure of one of the text's statements.
    pub(super) fn error(&self, statement: &Statement<'_>, cause: Cause) -> Error {
        Error::Statement {
            number: statement.number,
            line: statement.line,
            script: self.name.clone(),
            excerpt: statements::excerpt(statement.text),
            cause,
        }
    }
}
