//! Results as text for other programs.

use std::{mem, sync::Arc};

use datafusion::arrow::{
    array::{Array, ArrayRef, RecordBatch, StringBuilder},
    csv,
    datatypes::{DataType, Field, Schema},
    error::ArrowError,
    json::{
        self,
        writer::{JsonArray, JsonFormat, LineDelimited},
    },
    util::display::{ArrayFormatter, FormatOptions},
};

/// Turns record batches into text, one after the other.
///
/// The text is returned instead of written: the errors of standard output
/// then stay apart from those of the encoding.
#[derive(Debug)]
pub(super) enum Encoder {
    /// Values with a delimiter between them.
    Delimited {
        /// The character between two values.
        delimiter: u8,
        /// Whether the header is still to be written.
        header: bool,
    },
    /// One array of objects.
    Json(json::Writer<Vec<u8>, JsonArray>),
    /// One object per line.
    Lines(json::Writer<Vec<u8>, LineDelimited>),
}

impl Encoder {
    /// An encoder of values with `delimiter` between them and a header line.
    pub(super) fn delimited(delimiter: u8) -> Self {
        Self::Delimited { delimiter, header: true }
    }

    /// An encoder of one JSON array.
    pub(super) fn json() -> Self {
        Self::Json(json_writer())
    }

    /// An encoder of JSON lines.
    pub(super) fn json_lines() -> Self {
        Self::Lines(json_writer())
    }

    /// The text of the next rows. The first call also returns the header, even
    /// if the batch is empty.
    ///
    /// # Errors
    ///
    /// The format has no form for a value.
    pub(super) fn encode(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        match self {
            Self::Delimited { delimiter, header } => {
                let mut text = Vec::new();
                csv::WriterBuilder::new()
                    .with_delimiter(*delimiter)
                    .with_header(mem::take(header))
                    .build(&mut text)
                    .write(&flatten(batch)?)?;
                Ok(text)
            }
            Self::Json(writer) => {
                writer.write(batch)?;
                Ok(mem::take(writer.get_mut()))
            }
            Self::Lines(writer) => {
                writer.write(batch)?;
                Ok(mem::take(writer.get_mut()))
            }
        }
    }

    /// The text after the last rows.
    ///
    /// # Errors
    ///
    /// None are known.
    pub(super) fn finish(self) -> Result<Vec<u8>, ArrowError> {
        match self {
            Self::Delimited { .. } => Ok(Vec::new()),
            Self::Json(mut writer) => {
                writer.finish()?;
                let mut text = writer.into_inner();
                text.push(b'\n');
                Ok(text)
            }
            Self::Lines(mut writer) => {
                writer.finish()?;
                Ok(writer.into_inner())
            }
        }
    }
}

/// A writer whose objects all have the same keys, also those with nulls.
fn json_writer<F: JsonFormat>() -> json::Writer<Vec<u8>, F> {
    json::WriterBuilder::new().with_explicit_nulls(true).build(Vec::new())
}

/// The batch with its lists, structs and maps as text, the way a table shows
/// them; delimited values have no form of their own for these.
fn flatten(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    if !schema.fields().iter().any(|f| f.data_type().is_nested()) {
        return Ok(batch.clone());
    }
    let columns = batch
        .columns()
        .iter()
        .map(|column| if column.data_type().is_nested() { displayed(column) } else { Ok(ArrayRef::clone(column)) });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let fields = schema.fields().iter().zip(&columns);
    let fields = fields.map(|(field, column)| Field::new(field.name(), DataType::clone(column.data_type()), true));
    let schema = Schema::new(fields.collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), columns)
}

/// The values of a column as text; nulls stay null.
fn displayed(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let options = FormatOptions::default().with_null("NULL");
    let formatter = ArrayFormatter::try_new(column, &options)?;
    let mut text = StringBuilder::new();
    for row in 0..column.len() {
        if column.is_null(row) {
            text.append_null();
        } else {
            text.append_value(formatter.value(row).try_to_string()?);
        }
    }
    Ok(Arc::new(text.finish()))
}
