//! Columns with few distinct values: a function whose result depends on its arguments alone is called once per value.

use std::{iter::repeat_n, ops::Range, sync::Arc};

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, UInt32Array, downcast_run_array},
        buffer::NullBuffer,
        compute::{partition, take},
        datatypes::DataType,
        error::ArrowError,
    },
    logical_expr::ColumnarValue,
};

/// A column as the values that its rows have.
#[derive(Debug)]
pub(super) struct Distinct {
    /// Each value that some row has, once or, in a plain column, once for each place where it stands.
    pub(super) values: ArrayRef,
    /// For each row which value it has; null where the row has none.
    rows: UInt32Array,
}

/// The argument of a call that is not constant, if it is the only one.
pub(super) fn only_column(args: &[ColumnarValue]) -> Option<(usize, &ArrayRef)> {
    let mut columns = args.iter().enumerate().filter_map(|(index, arg)| match arg {
        ColumnarValue::Array(array) => Some((index, array)),
        ColumnarValue::Scalar(_) => None,
    });
    let only = columns.next()?;
    columns.next().is_none().then_some(only)
}

/// How many rows of a plain column are looked at before all are.
const SAMPLE: usize = 64;
/// How many rows a value must have there.
const LEAST_ROWS: usize = 4;

impl Distinct {
    /// The values of a column in which they are told apart, or in which equal values stand side by side as they do when it
    /// is sorted, unless the rows have nearly as many. A plain column is looked at only if calls are dear.
    ///
    /// # Errors
    /// When Arrow refuses.
    pub(super) fn of(array: &ArrayRef, calls_are_dear: bool) -> Result<Option<Self>, ArrowError> {
        match array.data_type() {
            DataType::Dictionary(..) | DataType::RunEndEncoded(..) => Self::of_encoded(array),
            ty if calls_are_dear && array.len() > SAMPLE && !ty.is_nested() => Self::of_sorted(array),
            _ => Ok(None),
        }
    }

    fn of_sorted(array: &ArrayRef) -> Result<Option<Self>, ArrowError> {
        let runs = |array: ArrayRef| Ok::<_, ArrowError>(partition(&[array])?.ranges());
        // Not the first rows: nulls come first.
        let sample = array.slice((array.len() - SAMPLE) / 2, SAMPLE);
        if runs(sample)?.len() > SAMPLE / LEAST_ROWS {
            return Ok(None);
        }
        let runs = runs(Arc::clone(array))?;
        if 2 * runs.len() > array.len() {
            return Ok(None);
        }
        let first = |rows: &Range<usize>| rows.start as u32;
        let values = take(array, &runs.iter().map(first).collect::<UInt32Array>(), None)?;
        let rows = runs.iter().zip(0u32..).flat_map(|(rows, value)| repeat_n(value, rows.len()));
        Ok(Some(Self { values, rows: UInt32Array::from_iter_values(rows) }))
    }

    fn of_encoded(array: &ArrayRef) -> Result<Option<Self>, ArrowError> {
        if let Some(dictionary) = array.as_any_dictionary_opt() {
            if dictionary.is_empty() || dictionary.values().is_empty() {
                return Ok(None);
            }
            let keys = dictionary.normalized_keys();
            return Self::used(dictionary.values(), keys, dictionary.keys().logical_nulls());
        }
        let array: &dyn Array = array;
        downcast_run_array!(
            array => {
                let rows = (0..array.len()).map(|row| array.get_physical_index(row)).collect();
                Self::used(array.values(), rows, None)
            }
            _ => Ok(None)
        )
    }

    /// Of `values`, those that rows have. What no row has may be anything, and the function is not called on it.
    fn used(values: &ArrayRef, rows: Vec<usize>, nulls: Option<NullBuffer>) -> Result<Option<Self>, ArrowError> {
        /// More values than this times the rows are not looked at.
        const SPARSE: usize = 4;
        const UNSEEN: u32 = u32::MAX;
        if values.len() > SPARSE * rows.len() {
            return Ok(None);
        }
        let mut number = vec![UNSEEN; values.len()];
        let mut seen = Vec::new();
        let is_there = |row| nulls.as_ref().is_none_or(|nulls: &NullBuffer| nulls.is_valid(row));
        let mut renumbered = Vec::with_capacity(rows.len());
        for (row, value) in rows.iter().enumerate() {
            if !is_there(row) {
                renumbered.push(0);
                continue;
            }
            let number = &mut number[*value];
            if *number == UNSEEN {
                *number = seen.len() as u32;
                seen.push(*value as u32);
            }
            renumbered.push(*number);
        }
        // Then calling on each row costs no more than finding the results again.
        if seen.is_empty() || 2 * seen.len() > rows.len() {
            return Ok(None);
        }
        let values = take(values, &UInt32Array::from(seen), None)?;
        Ok(Some(Self { values, rows: UInt32Array::new(renumbered.into(), nulls) }))
    }

    /// Some row has no value.
    pub(super) fn has_nulls(&self) -> bool {
        self.rows.null_count() > 0
    }

    /// The first row that has a value.
    pub(super) fn first_row(&self, value: usize) -> Option<usize> {
        let value = u32::try_from(value).ok()?;
        self.rows.iter().position(|row| row == Some(value))
    }

    /// The results of the rows, given those of the values.
    ///
    /// # Errors
    /// When Arrow refuses.
    pub(super) fn spread(&self, results: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        take(results, &self.rows, None)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::{
        arrow::{
            array::{DictionaryArray, Float64Array, Int32Array, Int64Array, RunArray, StringArray},
            datatypes::Int8Type,
        },
        common::ScalarValue,
    };

    use super::*;

    fn texts(array: &ArrayRef) -> Vec<Option<&str>> {
        array.as_string::<i32>().iter().collect()
    }

    #[test]
    fn values_that_rows_have() {
        let words = [Some("b"), None, Some("c"), Some("b"), Some("c"), Some("c"), None, Some("c")];
        let mut keys: DictionaryArray<Int8Type> = words.into_iter().collect();
        let found = Distinct::of(&(Arc::new(keys.clone()) as ArrayRef), false).unwrap().unwrap();
        assert_eq!(texts(&found.values), [Some("b"), Some("c")]);
        assert!(found.has_nulls());
        assert_eq!(texts(&found.spread(&found.values).unwrap()), words);
        assert_eq!([found.first_row(0), found.first_row(1), found.first_row(2)], [Some(0), Some(2), None]);
        // "b" is in the dictionary still.
        keys = keys.slice(4, 4);
        let found = Distinct::of(&(Arc::new(keys) as ArrayRef), false).unwrap().unwrap();
        assert_eq!(texts(&found.values), [Some("c")]);
        assert_eq!(texts(&found.spread(&found.values).unwrap()), words[4..]);
    }

    #[test]
    fn values_of_runs() {
        let values = StringArray::from(vec![Some("a"), None, Some("b")]);
        let runs = RunArray::try_new(&Int32Array::from(vec![3, 6, 9]), &values).unwrap();
        let found = Distinct::of(&(Arc::new(runs.slice(4, 5)) as ArrayRef), false).unwrap().unwrap();
        assert_eq!(texts(&found.values), [None, Some("b")]);
        let rows = found.spread(&found.values).unwrap();
        assert_eq!(texts(&rows), [None, None, Some("b"), Some("b"), Some("b")]);
    }

    #[test]
    fn nothing_is_gained_by_many_values() {
        let all: DictionaryArray<Int8Type> = ["a", "b", "c", "a"].into_iter().collect();
        assert!(Distinct::of(&(Arc::new(all.clone()) as ArrayRef), false).unwrap().is_none());
        assert!(Distinct::of(&(Arc::new(all.slice(0, 0)) as ArrayRef), false).unwrap().is_none());
        let nothing: DictionaryArray<Int8Type> = [None, Some("a"), None, None].into_iter().collect();
        assert!(Distinct::of(&(Arc::new(nothing.slice(2, 2)) as ArrayRef), false).unwrap().is_none());
    }

    #[test]
    fn values_that_stand_side_by_side() {
        let words: Vec<_> = (0..1000).map(|row| (row >= 300).then(|| ["a", "b", "a"][row / 400])).collect();
        let column = Arc::new(StringArray::from(words.clone())) as ArrayRef;
        assert!(Distinct::of(&column, false).unwrap().is_none());
        let found = Distinct::of(&column, true).unwrap().unwrap();
        assert_eq!(texts(&found.values), [None, Some("a"), Some("b"), Some("a")]);
        assert_eq!(texts(&found.spread(&found.values).unwrap()), words);
        assert_eq!([found.first_row(1), found.first_row(3)], [Some(300), Some(800)]);
        // Zeros and NaNs are told apart by their bits, as the function may.
        let zeros: Float64Array = (0..1000).map(|row| Some(if row < 500 { 0.0 } else { -0.0 })).collect();
        assert_eq!(Distinct::of(&(Arc::new(zeros) as ArrayRef), true).unwrap().unwrap().values.len(), 2);
    }

    #[test]
    fn plain_columns_of_which_a_sample_says_that_they_are_not_sorted() {
        let plain = |value: fn(usize) -> i64| -> ArrayRef {
            Arc::new((0..1000).map(|row| Some(value(row))).collect::<Int64Array>())
        };
        let has_few = |column: ArrayRef| Distinct::of(&column, true).unwrap().is_some();
        assert!(!has_few(plain(|row| (row % 10) as i64)));
        assert!(!has_few(plain(|row| if (400..600).contains(&row) { 0 } else { row as i64 })));
        assert!(has_few(plain(|row| (row / 10) as i64)));
        assert!(!has_few(plain(|row| (row / 10) as i64).slice(0, SAMPLE)));
    }

    #[test]
    fn the_only_column() {
        let words: DictionaryArray<Int8Type> = ["a", "a"].into_iter().collect();
        let words = ColumnarValue::Array(Arc::new(words));
        let one = ColumnarValue::Scalar(ScalarValue::from(1));
        let column = |args: &[ColumnarValue]| only_column(args).map(|(index, _)| index);
        assert_eq!(column(&[one.clone(), words.clone()]), Some(1));
        assert_eq!(column(&[words.clone(), words.clone()]), None);
        assert_eq!(column(&[one]), None);
    }
}
