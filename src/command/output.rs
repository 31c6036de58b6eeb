//! Printing the results of statements.

use std::{
    io::{self, Write},
    time::Instant,
};

use datafusion::arrow::{datatypes::SchemaRef, record_batch::RecordBatch};

use super::{
    error::Failure,
    execution::Execution,
    options::{Format, MaxRows, Options},
    records::Encoder,
    report,
    table::Table,
};

/// Writes results in the format that the user has chosen.
#[derive(Debug)]
pub(super) struct Printer<W> {
    out: W,
    format: Format,
    max_rows: MaxRows,
    quiet: bool,
}

impl<W: Write> Printer<W> {
    /// A printer that writes to `out`.
    pub(super) fn new(out: W, options: &Options) -> Self {
        Self { out, format: options.format, max_rows: options.max_rows, quiet: options.quiet }
    }

    /// Whether nothing but results shall be shown.
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Prints all rows of a statement that was begun at `start` and, unless
    /// quiet, their number. Statements without columns have no result.
    ///
    /// # Errors
    ///
    /// Those of the statement and those of writing.
    pub(super) async fn print(&mut self, mut execution: Execution, start: Instant) -> Result<(), Failure> {
        let encoder = match self.format {
            Format::Table => return self.print_table(execution, start).await,
            Format::Csv => Encoder::delimited(b','),
            Format::Tsv => Encoder::delimited(b'\t'),
            Format::Json => Encoder::json(),
            Format::NdJson => Encoder::json_lines(),
        };
        let rows = self.print_records(&mut execution, encoder).await?;
        if !self.quiet {
            // Not to standard output, where another program expects nothing but records.
            report(&summary(rows, rows, start));
        }
        Ok(())
    }

    /// Prints the rows as they arrive and returns their number.
    async fn print_records(&mut self, execution: &mut Execution, mut encoder: Encoder) -> Result<usize, Failure> {
        if execution.schema().fields().is_empty() {
            return drain(execution).await;
        }
        let empty = RecordBatch::new_empty(SchemaRef::clone(execution.schema()));
        let mut next = execution.next().await?;
        execution.hide_progress();
        self.write(&encoder.encode(&empty)?)?;
        let mut rows = 0;
        while let Some(batch) = next {
            rows += batch.num_rows();
            self.write(&encoder.encode(&batch)?)?;
            // A fast statement always has the next batch ready and could not be cancelled
            // without this.
            tokio::task::yield_now().await;
            next = execution.next().await?;
        }
        self.write(&encoder.finish()?)?;
        Ok(rows)
    }

    /// Prints the first rows as a table when all are there.
    async fn print_table(&mut self, mut execution: Execution, start: Instant) -> Result<(), Failure> {
        let limit = if execution.is_in_full() { usize::MAX } else { self.max_rows.get() };
        let mut rows = 0;
        if execution.schema().fields().is_empty() {
            rows = drain(&mut execution).await?;
        } else {
            let mut table = Table::new(execution.schema(), limit);
            while let Some(batch) = execution.next().await? {
                rows += batch.num_rows();
                table.add(batch);
            }
            self.write(table.render(execution.format())?.as_bytes())?;
        }
        if !self.quiet {
            let line = summary(rows, rows.min(limit), start);
            self.write(format!("{line}\n").as_bytes())?;
        }
        Ok(())
    }

    /// Writes text so that the reader sees it at once.
    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        self.out.write_all(text)?;
        self.out.flush()
    }
}

/// Runs a statement without columns to its end and returns its number of rows.
async fn drain(execution: &mut Execution) -> Result<usize, Failure> {
    let mut rows = 0;
    while let Some(batch) = execution.next().await? {
        rows += batch.num_rows();
    }
    Ok(rows)
}

/// The line after a result.
fn summary(rows: usize, shown: usize, start: Instant) -> String {
    let seconds = start.elapsed().as_secs_f64();
    let note = if shown < rows { format!(" (first {shown} shown, see --maxrows)") } else { String::new() };
    format!("{rows} row(s) fetched{note}. Elapsed {seconds:.3} seconds.")
}
