//! Running statements one after the other.

use std::{io::Stdout, sync::Arc, time::Instant};

use wasmfusion::{Progress, Session};

use super::{
    error::{Cause, Error, Failure},
    execution::Execution,
    output::Printer,
    script::Script,
};

/// A session together with the printer of its results.
pub(super) struct Runner {
    session: Arc<Session>,
    printer: Printer<Stdout>,
}

impl Runner {
    /// A runner that shows nulls as `NULL` in tables, apart from empty
    /// strings.
    pub(super) fn new(session: Arc<Session>, printer: Printer<Stdout>) -> Self {
        let state = session.context().state_ref();
        let mut state = state.write();
        state.config_mut().options_mut().format.null = "NULL".to_owned();
        drop(state);
        Self { session, printer }
    }

    pub(super) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// Runs one statement and prints its result.
    ///
    /// # Errors
    ///
    /// Those of the statement and those of writing.
    pub(super) async fn run(&mut self, sql: &str) -> Result<(), Failure> {
        let start = Instant::now();
        let execution = self.start(sql).await?;
        self.printer.print(execution, start).await
    }

    /// Like [`Self::run`], but shows all rows of the result.
    pub(super) async fn run_in_full(&mut self, sql: &str) -> Result<(), Failure> {
        let start = Instant::now();
        let execution = self.start(sql).await?.in_full();
        self.printer.print(execution, start).await
    }

    async fn start(&self, sql: &str) -> Result<Execution, Failure> {
        let progress = if self.printer.is_quiet() { Progress::hidden() } else { Progress::show(self.session.engine()) };
        Ok(Execution::start(&self.session, sql, progress).await?)
    }

    /// Runs all statements of the scripts up to the first that fails.
    ///
    /// # Errors
    ///
    /// A text that cannot be divided into statements, before any is run; then
    /// those of [`Self::run`].
    pub(super) async fn run_scripts(&mut self, scripts: &[Script]) -> Result<(), Error> {
        let mut statements = Vec::new();
        for script in scripts {
            for statement in script.statements()? {
                statements.push((script, statement));
            }
        }
        for (script, statement) in &statements {
            match self.run(statement.text).await {
                Ok(()) => {}
                Err(Failure::Query(error)) => {
                    return Err(script.error(statement, Cause::Query(error)));
                }
                Err(Failure::Output(error)) => return Err(Error::Output(error)),
            }
        }
        Ok(())
    }
}
