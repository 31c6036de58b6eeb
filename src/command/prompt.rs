//! The prompt: statements and commands that a person types.

use std::{io::Write as _, sync::Arc};

use rustyline::{CompletionType, Config, Editor, error::ReadlineError, history::FileHistory};
use tokio::runtime::Runtime;
use wasmfusion::Session;

use super::{
    completion::{Names, SqlHelper},
    error::{Cause, Error, Failure},
    history::HistoryFile,
    interrupt::Interrupts,
    report,
    run::Runner,
    statements,
};

/// What `\?` prints.
const HELP: &str = "\
Statements end with a semicolon and may take several lines.
  \\d         list tables
  \\d NAME    describe a table
  \\h         list functions
  \\h NAME    describe a function
  \\?         this help
  \\q         quit, as does Ctrl-D
Ctrl-C abandons what you type or cancels the running statement. Tab completes names.";

/// Lists the functions for `\h`.
const LIST_FUNCTIONS: &str = "\
SELECT DISTINCT routine_name AS function_name, function_type
FROM information_schema.routines ORDER BY function_name, function_type";

/// What to do after a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Read another line.
    Continue,
    /// Leave the prompt.
    Quit,
}

/// A conversation with the user on the terminal.
pub(super) struct Prompt<'a> {
    runtime: &'a Runtime,
    runner: Runner,
    interrupts: Interrupts,
    editor: Editor<SqlHelper, FileHistory>,
    history: HistoryFile,
}

impl<'a> Prompt<'a> {
    /// Prepares the terminal. Statements will run on `runtime`.
    ///
    /// # Errors
    ///
    /// The terminal cannot be used or a thread cannot be started.
    pub(super) fn new(runtime: &'a Runtime, runner: Runner) -> Result<Self, Error> {
        let config = Config::builder().completion_type(CompletionType::List).history_ignore_dups(true)?.build();
        let mut editor = Editor::with_config(config)?;
        editor.set_helper(Some(SqlHelper::default()));
        let history = HistoryFile::open();
        history.load(&mut editor);
        Ok(Self { runtime, runner, interrupts: Interrupts::listen().map_err(Error::Runtime)?, editor, history })
    }

    /// Reads and runs statements until the user leaves. Statements that fail
    /// are reported and do not end the conversation.
    ///
    /// # Errors
    ///
    /// The terminal cannot be read or standard output cannot be written.
    pub(super) fn run(mut self, quiet: bool) -> Result<(), Error> {
        if !quiet {
            print_line(&format!(
                "wasmfusion {}, DataFusion {}. Type \\? for help.",
                env!("CARGO_PKG_VERSION"),
                datafusion::DATAFUSION_VERSION
            ))?;
        }
        loop {
            self.learn_names();
            match self.editor.readline("wasmfusion> ") {
                Ok(input) => {
                    self.remember(&input)?;
                    if self.answer(&input)? == Next::Quit {
                        return Ok(());
                    }
                }
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Tells the completion which tables and functions there are now.
    fn learn_names(&mut self) {
        let names = self.runtime.block_on(Names::of(self.runner.session().context()));
        if let Some(helper) = self.editor.helper_mut() {
            helper.set_names(names);
        }
    }

    /// Keeps the input for this and for later conversations.
    fn remember(&mut self, input: &str) -> Result<(), Error> {
        if self.editor.add_history_entry(input.trim_end())? {
            self.history.append(&mut self.editor);
        }
        Ok(())
    }

    /// Does what the user has typed: a command or statements.
    fn answer(&mut self, input: &str) -> Result<Next, Error> {
        match input.trim().strip_prefix('\\') {
            Some(command) => self.obey(command),
            None => self.execute_all(input).map(|()| Next::Continue),
        }
    }

    /// Runs the statements of the input up to the first that fails.
    fn execute_all(&mut self, input: &str) -> Result<(), Error> {
        match statements::split(input) {
            Err(failure) => report(&Cause::NotSql(failure.error)),
            Ok(statements) => {
                for statement in statements {
                    if !self.execute(statement.text)? {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Carries out a command, which is given without its backslash.
    fn obey(&mut self, command: &str) -> Result<Next, Error> {
        let (name, argument) = match command.split_once(char::is_whitespace) {
            None => (command, ""),
            Some((name, argument)) => (name, argument.trim().trim_end_matches(';')),
        };
        match (name, argument) {
            ("q", "") => return Ok(Next::Quit),
            ("?", "") => print_line(HELP)?,
            ("d", "") => self.show("SHOW TABLES")?,
            ("d", table) => self.show(&format!("DESCRIBE {table}"))?,
            ("h", "") => self.show(LIST_FUNCTIONS)?,
            ("h", function) => self.show(&describe_function(function))?,
            _ => report(&format_args!("unknown command \\{command}; \\? lists them")),
        }
        Ok(Next::Continue)
    }

    /// Runs one statement of the user and returns whether it has succeeded.
    fn execute(&mut self, sql: &str) -> Result<bool, Error> {
        let session = Arc::clone(self.runner.session());
        let statement = self.runner.run(sql);
        attend(self.runtime, &session, &mut self.interrupts, statement)
    }

    /// Runs the query behind a command.
    fn show(&mut self, sql: &str) -> Result<(), Error> {
        let session = Arc::clone(self.runner.session());
        let query = self.runner.run_in_full(sql);
        attend(self.runtime, &session, &mut self.interrupts, query).map(drop)
    }
}

/// Waits for the end of a statement unless the user cancels it, reports its
/// failure and returns whether it has succeeded.
fn attend(
    runtime: &Runtime,
    session: &Session,
    interrupts: &mut Interrupts,
    statement: impl Future<Output = Result<(), Failure>>,
) -> Result<bool, Error> {
    interrupts.clear();
    let result = runtime.block_on(async {
        tokio::select! {
            result = statement => Some(result),
            () = interrupts.next() => None,
        }
    });
    match result {
        Some(Ok(())) => return Ok(true),
        Some(Err(Failure::Query(error))) => report(&Cause::Query(error)),
        Some(Err(Failure::Output(error))) => return Err(Error::Output(error)),
        None => {
            // The statement was dropped, but the workers, which would notice, may all be inside of guests.
            session.interrupt();
            report(&"cancelled");
        }
    }
    Ok(false)
}

/// The query for `\h NAME`.
fn describe_function(name: &str) -> String {
    let name = name.to_lowercase().replace('\'', "''");
    format!(
        "SELECT DISTINCT routine_name AS function_name, function_type, syntax_example, description \
         FROM information_schema.routines WHERE lower(routine_name) = '{name}'"
    )
}

fn print_line(text: &str) -> Result<(), Error> {
    writeln!(std::io::stdout(), "{text}").map_err(Error::Output)
}
