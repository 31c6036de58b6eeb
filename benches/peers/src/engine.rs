//! What all engines have in common.

use std::sync::Arc;

use datafusion::arrow::{
    array::{ArrayRef, Float64Array, Int32Array, Int64Array, StringArray},
    util::display::array_value_to_string,
};

use crate::{Case, data::Column};

/// Something that runs functions.
pub(crate) trait Engine {
    /// What tables call it.
    fn name(&self) -> &'static str;

    /// Prepares a call; `None` when the engine cannot run the function.
    fn prepare(&self, case: &Case, columns: &[Column]) -> Option<Box<dyn Call>>;
}

/// A function and what it is called on, in the engine's own form.
pub(crate) trait Call {
    /// From columns to a column. This is what is measured.
    fn run(&mut self);

    /// The rows of the result as text.
    fn rows(&mut self) -> Vec<String>;
}

/// A column as this project's Arrow has it.
pub(crate) fn array(column: &Column) -> ArrayRef {
    match column {
        Column::I32(values) => Arc::new(Int32Array::from(values.clone())),
        Column::I64(values) => Arc::new(Int64Array::from(values.clone())),
        Column::F64(values) => Arc::new(Float64Array::from(values.clone())),
        Column::Text(values) => Arc::new(StringArray::from(values.clone())),
    }
}

/// The rows of an array as text.
pub(crate) fn text(array: &ArrayRef) -> Vec<String> {
    (0..array.len()).map(|row| array_value_to_string(array, row).expect("a value")).collect()
}

/// Whether two results are the same as text, but for the last digits of floats: sines differ from library to library.
pub(crate) fn same(found: &str, expected: &str) -> bool {
    found == expected
        || match (found.parse::<f64>(), expected.parse::<f64>()) {
            (Ok(found), Ok(expected)) => (found - expected).abs() <= 1e-9 * expected.abs(),
            _ => false,
        }
}
