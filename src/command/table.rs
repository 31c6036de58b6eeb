//! Results as tables for people.

use datafusion::{
    arrow::{array::RecordBatch, datatypes::SchemaRef, util::pretty::pretty_format_batches_with_options},
    config::FormatOptions,
    error::Result,
};

/// The rows of a table that is being collected.
#[derive(Debug)]
pub(super) struct Table {
    batches: Vec<RecordBatch>,
    /// Number of rows that may still be added.
    room: usize,
    /// Whether there were more rows than room.
    cut: bool,
}

impl Table {
    /// A table of no more than `limit` rows.
    pub(super) fn new(schema: &SchemaRef, limit: usize) -> Self {
        Self {
            // The column names of a table without rows are taken from this batch.
            batches: vec![RecordBatch::new_empty(SchemaRef::clone(schema))],
            room: limit,
            cut: false,
        }
    }

    /// Adds the rows for which there is room.
    pub(super) fn add(&mut self, batch: RecordBatch) {
        let rows = batch.num_rows().min(self.room);
        self.cut |= rows < batch.num_rows();
        self.room -= rows;
        if rows > 0 {
            self.batches.push(batch.slice(0, rows));
        }
    }

    /// The table as lines of text. A row of `…` at its end says that there
    /// are more rows.
    ///
    /// # Errors
    ///
    /// A value cannot be displayed with these options.
    pub(super) fn render(&self, format: &FormatOptions) -> Result<String> {
        let format = format.try_into()?;
        let mut text = pretty_format_batches_with_options(&self.batches, &format)?.to_string();
        if self.cut {
            // The last line is the border, which shows the widths of the columns.
            let border = text.lines().next_back().unwrap_or_default();
            let row = ellipsis_row(border);
            text.insert_str(text.len() - border.len(), &row);
        }
        text.push('\n');
        Ok(text)
    }
}

/// A row of `…` for a table with the given border, such as `+---+----+`.
fn ellipsis_row(border: &str) -> String {
    let mut row = String::from("|");
    for column in border.trim_matches('+').split('+') {
        row.push_str(&format!(" {:<width$}|", "…", width = column.len() - 1));
    }
    row.push('\n');
    row
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::{
        array::{ArrayRef, Int64Array, StringArray},
        datatypes::{DataType, Field, Schema},
    };

    use super::*;

    fn batch() -> RecordBatch {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(300)]));
        let words: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c"]));
        RecordBatch::try_from_iter([("n", numbers), ("word", words)]).expect("a valid batch")
    }

    fn render(limit: usize, batches: &[RecordBatch]) -> String {
        let schema = Arc::new(Schema::new(vec![
            Field::new("n", DataType::Int64, true),
            Field::new("word", DataType::Utf8, true),
        ]));
        let mut table = Table::new(&schema, limit);
        for batch in batches {
            table.add(batch.clone());
        }
        table.render(&FormatOptions::default()).expect("a table")
    }

    #[test]
    fn all_rows() {
        assert_eq!(
            render(3, &[batch()]),
            "\
+-----+------+
| n   | word |
+-----+------+
| 1   | a    |
|     | b    |
| 300 | c    |
+-----+------+
"
        );
    }

    #[test]
    fn first_rows() {
        assert_eq!(
            render(4, &[batch(), batch()]),
            "\
+-----+------+
| n   | word |
+-----+------+
| 1   | a    |
|     | b    |
| 300 | c    |
| 1   | a    |
| …   | …    |
+-----+------+
"
        );
    }

    #[test]
    fn no_rows() {
        let header = "\
+---+------+
| n | word |
+---+------+
+---+------+
";
        assert_eq!(render(3, &[]), header);
    }
}
