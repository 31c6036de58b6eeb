//! From Arrow columns to columns that drivers read.

use std::sync::Arc;

use datafusion::arrow::{
    array::{
        Array, ArrayRef, AsArray, BinaryViewArray, BooleanArray, Decimal128Array, IntervalMonthDayNanoArray,
        downcast_primitive_array,
    },
    buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer},
    compute::{cast, nullif},
    datatypes::{DataType, Decimal32Type, Decimal128Type, Int32Type, IntervalMonthDayNanoType, IntervalUnit},
};

use crate::{
    driver::{Shape, Slot},
    error::Result,
    module::GuestType,
};

/// What is wrong with an argument: the row, and a text.
#[derive(Debug)]
pub(super) struct Misfit {
    pub(super) row: usize,
    pub(super) message: String,
}

impl Misfit {
    /// What is wrong with an item is wrong with the list that has it.
    pub(super) fn in_list(self, offsets: &OffsetBuffer<i32>) -> Self {
        let row = offsets.partition_point(|offset| (*offset as usize) <= self.row).saturating_sub(1);
        Self { row, ..self }
    }
}

/// An argument column in the form that drivers read.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) values: Values,
    pub(super) nulls: Option<NullBuffer>,
    /// One value for all rows.
    pub(super) constant: bool,
}

/// The values of a column. Those of nulls are arbitrary.
#[derive(Debug)]
pub(super) enum Values {
    /// Fixed-size values of so many bytes.
    Lane(Buffer, usize),
    /// Booleans, which drivers read as bytes.
    Bits(BooleanBuffer),
    /// Strings or binaries.
    Offsets32(OffsetBuffer<i32>, Buffer),
    /// The same in the large layout.
    Offsets64(OffsetBuffer<i64>, Buffer),
    /// The same as views; strings are viewed as binaries.
    Views(BinaryViewArray),
    /// Lists: where the items of each are in the column of items.
    List(OffsetBuffer<i32>, Box<Input>),
    /// Records and tuples: the columns of the fields.
    Record(Vec<Input>),
}

/// Lowers an argument. `called` are the rows on which the function is called; `None` when it is on all.
///
/// # Errors
/// The outer one when Arrow refuses a conversion, the inner one for an argument that the guest's type does not have.
pub(super) fn lower_argument(
    array: &ArrayRef,
    slot: &Slot,
    constant: bool,
    called: Option<&NullBuffer>,
) -> Result<Result<Input, Misfit>> {
    let lowered = lower_column(array, slot, constant)?;
    match called {
        // It may be a row on which the function is not called, where arguments can be anything.
        Some(called) if lowered.is_err() && !constant => lower_column(&only(array, called)?, slot, false),
        _ => Ok(lowered),
    }
}

/// Lowers an argument or a part of arguments, all of it.
fn lower_column(array: &ArrayRef, slot: &Slot, constant: bool) -> Result<Result<Input, Misfit>> {
    let values = match slot.shape {
        Shape::List => lower_list(array, &slot.parts[0])?,
        Shape::Record => lower_record(array, &slot.parts)?,
        _ => lower(array, &slot.guest, slot.shape)?,
    };
    Ok(values.map(|values| Input { values, nulls: array.logical_nulls(), constant }))
}

/// Lowers a part of arguments. Where `above` says null, there is no value; elsewhere only options may be null.
fn lower_part(array: &ArrayRef, slot: &Slot, above: Option<&NullBuffer>) -> Result<Result<Input, Misfit>> {
    let nulls = array.logical_nulls();
    let is_there = |row: usize| above.is_none_or(|above| above.is_valid(row));
    if let Some(nulls) = nulls.as_ref().filter(|nulls| !slot.optional && nulls.null_count() > 0)
        && let Some(row) = (0..nulls.len()).find(|row| nulls.is_null(*row) && is_there(*row))
    {
        let message = format!("a NULL inside a value of type {}, which has none", slot.guest);
        return Ok(Err(Misfit { row, message }));
    }
    match above.filter(|above| above.null_count() > 0) {
        None => lower_column(array, slot, false),
        // What is not there can be anything, also what the guest's type does not have: it becomes null.
        Some(above) => lower_column(&only(array, above)?, slot, false),
    }
}

/// The values where `there` says so, and null elsewhere.
fn only(array: &ArrayRef, there: &NullBuffer) -> Result<ArrayRef> {
    Ok(nullif(array, &BooleanArray::new(!there.inner(), None))?)
}

fn lower_list(array: &ArrayRef, item: &Slot) -> Result<Result<Values, Misfit>> {
    let plain = match array.data_type() {
        DataType::List(_) => Arc::clone(array),
        DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            cast(array, &DataType::List(Arc::clone(field)))?
        }
        other => cast(array, &DataType::new_list(other.clone(), true))?,
    };
    let list = plain.as_list::<i32>();
    let (first, last) = (list.value_offsets()[0], list.value_offsets()[list.len()]);
    let items = list.values().slice(first as usize, (last - first) as usize);
    let offsets = match first {
        0 => list.offsets().clone(),
        _ => OffsetBuffer::new(list.value_offsets().iter().map(|offset| offset - first).collect()),
    };
    let hidden = |row: usize| list.is_null(row) && offsets[row] != offsets[row + 1];
    let above = (list.null_count() > 0 && (0..list.len()).any(hidden)).then(|| {
        let lists = (0..list.len()).flat_map(|row| {
            let items = (offsets[row + 1] - offsets[row]) as usize;
            std::iter::repeat_n(list.is_valid(row), items)
        });
        lists.collect::<NullBuffer>()
    });
    Ok(match lower_part(&items, item, above.as_ref())? {
        Ok(items) => Ok(Values::List(offsets, Box::new(items))),
        Err(misfit) => Err(misfit.in_list(&offsets)),
    })
}

fn lower_record(array: &ArrayRef, fields: &[Slot]) -> Result<Result<Values, Misfit>> {
    let nulls = array.logical_nulls();
    let mut inputs = Vec::with_capacity(fields.len());
    let mut first: Option<Misfit> = None;
    for (column, slot) in array.as_struct().columns().iter().zip(fields) {
        match lower_part(column, slot, nulls.as_ref())? {
            Ok(input) => inputs.push(input),
            Err(misfit) if first.as_ref().is_none_or(|first| misfit.row < first.row) => first = Some(misfit),
            Err(_) => {}
        }
    }
    Ok(first.map_or(Ok(Values::Record(inputs)), Err))
}

/// Lowers an array for a parameter of type `guest` (without `option`).
///
/// # Errors
/// The outer one when Arrow refuses a conversion, the inner one for an argument that the guest's type does not have.
pub(super) fn lower(array: &ArrayRef, guest: &GuestType, shape: Shape) -> Result<Result<Values, Misfit>> {
    let values = match (guest, shape) {
        (GuestType::Char, _) => lower_text(array, |text| {
            let mut chars = text.chars();
            match (chars.next(), chars.next()) {
                (Some(single), None) => Ok(u32::from(single)),
                _ => Err(format!("'{}' is not a single character", shorten(text))),
            }
        })?,
        (GuestType::Enum(cases), _) => lower_text(array, |text| {
            let found = cases.iter().position(|case| case == text);
            found
                .and_then(|index| u32::try_from(index).ok())
                .ok_or_else(|| format!("'{}' is not a case of the enum; it has {}", shorten(text), cases.join(", ")))
        })?,
        (_, Shape::Bytes) => Ok(lower_bytes(array)?),
        (_, Shape::Lane(lane)) => lower_lane(array, lane.width() as usize)?,
        (_, Shape::List | Shape::Record) => unreachable!("lowered part by part"),
    };
    Ok(values)
}

/// The values of an array whose values are those of a lane, where they are.
pub(super) fn lane(array: &ArrayRef) -> Option<&Buffer> {
    match array.data_type() {
        // Drivers have narrower ones, or ones of another form.
        DataType::Decimal128(..) | DataType::Decimal32(..) | DataType::Interval(IntervalUnit::MonthDayNano) => None,
        _ => downcast_primitive_array!(
            array => Some(array.values().inner()),
            _ => None
        ),
    }
}

fn lower_lane(array: &ArrayRef, width: usize) -> Result<Result<Values, Misfit>> {
    if let Some(values) = lane(array) {
        return Ok(Ok(Values::Lane(values.clone(), width)));
    }
    let narrowed = match array.data_type() {
        DataType::Boolean => return Ok(Ok(Values::Bits(array.as_boolean().values().clone()))),
        DataType::Decimal128(..) => narrow_decimals(array.as_primitive::<Decimal128Type>()),
        DataType::Decimal32(..) => {
            let unscaled = array.as_primitive::<Decimal32Type>().reinterpret_cast::<Int32Type>();
            return lower_lane(&cast(&unscaled, &DataType::Int64)?, width);
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => day_times(array.as_primitive::<IntervalMonthDayNanoType>()),
        // Nothing else fits a lane.
        other => unreachable!("a lane of {other}"),
    };
    Ok(narrowed.map(|values| Values::Lane(Buffer::from_vec(values), width)))
}

/// The unscaled values of decimals, which fit 64 bits up to 18 digits.
fn narrow_decimals(array: &Decimal128Array) -> Result<Vec<i64>, Misfit> {
    each(array, |row| {
        i64::try_from(array.value(row)).map_err(|_| format!("{} does not fit s64", array.value_as_string(row)))
    })
}

/// Day-time intervals as Arrow stores them: days in the low, milliseconds in the high 32 bits.
fn day_times(array: &IntervalMonthDayNanoArray) -> Result<Vec<i64>, Misfit> {
    each(array, |row| {
        let value = array.value(row);
        let milliseconds = i32::try_from(value.nanoseconds / 1_000_000);
        match milliseconds {
            Ok(ms) if value.months == 0 && value.nanoseconds % 1_000_000 == 0 => {
                Ok((i64::from(ms) << 32) | i64::from(value.days.cast_unsigned()))
            }
            _ => Err("the interval is not a number of days and milliseconds".to_owned()),
        }
    })
}

/// Maps the rows that are not null; nulls become 0.
fn each(array: &dyn Array, value: impl Fn(usize) -> Result<i64, String>) -> Result<Vec<i64>, Misfit> {
    (0..array.len())
        .map(|row| match array.is_null(row) {
            true => Ok(0),
            false => value(row).map_err(|message| Misfit { row, message }),
        })
        .collect()
}

fn lower_text(array: &ArrayRef, value: impl Fn(&str) -> Result<u32, String>) -> Result<Result<Values, Misfit>> {
    let views = cast(array, &DataType::Utf8View)?;
    let lowered: Result<Vec<u32>, Misfit> = views
        .as_string_view()
        .iter()
        .enumerate()
        .map(|(row, text)| text.map_or(Ok(0), |text| value(text).map_err(|message| Misfit { row, message })))
        .collect();
    Ok(lowered.map(|values| Values::Lane(Buffer::from_vec(values), 4)))
}

fn lower_bytes(array: &ArrayRef) -> Result<Values> {
    Ok(match array.data_type() {
        DataType::Utf8 => {
            let array = array.as_string::<i32>();
            Values::Offsets32(array.offsets().clone(), array.values().clone())
        }
        DataType::LargeUtf8 => {
            let array = array.as_string::<i64>();
            Values::Offsets64(array.offsets().clone(), array.values().clone())
        }
        DataType::Binary => {
            let array = array.as_binary::<i32>();
            Values::Offsets32(array.offsets().clone(), array.values().clone())
        }
        DataType::LargeBinary => {
            let array = array.as_binary::<i64>();
            Values::Offsets64(array.offsets().clone(), array.values().clone())
        }
        DataType::Utf8View => Values::Views(array.as_string_view().clone().to_binary_view()),
        DataType::BinaryView => Values::Views(array.as_binary_view().clone()),
        DataType::FixedSizeBinary(_) => lower_bytes(&cast(array, &DataType::Binary)?)?,
        // Decimals cross as text.
        _ => lower_bytes(&cast(array, &DataType::Utf8)?)?,
    })
}

/// A text for a message: at most 60 characters of it.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}
