//! From columns that drivers wrote to Arrow columns.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use datafusion::arrow::{
    array::{
        Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Decimal128Array, FixedSizeBinaryArray, Int32Array,
        Int64Array, IntervalMonthDayNanoArray, ListArray, PrimitiveArray, StringArray, StructArray, downcast_primitive,
    },
    buffer::{BooleanBuffer, Buffer, MutableBuffer, NullBuffer, OffsetBuffer, ScalarBuffer},
    compute::{CastOptions, cast, cast_with_options},
    datatypes::{
        DataType, Decimal32Type, Field, FieldRef, Int32Type, Int64Type, IntervalMonthDayNano, IntervalUnit, TimeUnit,
    },
};

use super::lower::{Misfit, shorten};
use crate::{
    driver::{Shape, Slot},
    error::{Error, Result},
    module::{GuestType, natural_type},
};

/// The most bytes that the results of one batch may have: more do not fit an Arrow column with 32-bit offsets.
const MAX_RESULT: usize = i32::MAX as usize;

/// The bytes that all parts of a batch have as results so far.
#[derive(Debug, Default)]
pub(super) struct ResultSize(AtomicUsize);

impl ResultSize {
    /// Takes note of more bytes.
    ///
    /// # Errors
    /// Before they become more than an Arrow column can have, or than the machine has.
    pub(super) fn add(&self, more: usize) -> Result<()> {
        let total = self.0.fetch_add(more, Ordering::Relaxed) + more;
        if total <= MAX_RESULT { Ok(()) } else { Err(too_many_bytes(total)) }
    }
}

fn too_many_bytes(bytes: usize) -> Error {
    Error::Statement(format!(
        "the results of one batch have {bytes} bytes or more, where an Arrow column holds 2 GiB: make the batches smaller \
         (SET datafusion.execution.batch_size)"
    ))
}

/// A result column as a driver wrote it, collected slice by slice, with those of its parts.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) rows: usize,
    /// Fixed-size values; of strings and binaries the bytes.
    pub(super) values: MutableBuffer,
    /// Of strings and binaries where each row's bytes begin and end, of lists its items: 0, then the end of each row; of
    /// others nothing.
    /// They wrap around above 4 Gi, which a batch never comes to: [`Self::take_offsets`] sees it.
    pub(super) offsets: Vec<u32>,
    /// Of optional results, one byte per row.
    pub(super) validity: Vec<u8>,
    /// The items of lists, the fields of records.
    pub(super) parts: Vec<Self>,
    /// Only the rows are counted.
    pub(super) is_skipped: bool,
}

impl Output {
    /// The column of a result or of a part of one. It has room for the fixed-size part of `rows` rows.
    pub(super) fn of(slot: &Slot, rows: usize) -> Self {
        let (width, ends) = match slot.shape {
            Shape::Lane(lane) => (lane.width() as usize, 0),
            Shape::Bytes | Shape::List => (0, rows + 1),
            Shape::Record => (0, 0),
        };
        let mut offsets = Vec::with_capacity(ends);
        if ends > 0 {
            offsets.push(0);
        }
        let items = if slot.shape == Shape::List { 0 } else { rows };
        Self {
            rows: 0,
            values: aligned_for_numbers(rows * width),
            offsets,
            validity: Vec::with_capacity(if slot.optional { rows } else { 0 }),
            parts: slot.parts.iter().map(|part| Self::of(part, items)).collect(),
            is_skipped: false,
        }
    }

    /// The bytes of all columns.
    pub(super) fn bytes(&self) -> usize {
        let own = self.values.len() + 4 * self.offsets.len().saturating_sub(1) + self.validity.len();
        own + self.parts.iter().map(Self::bytes).sum::<usize>()
    }

    /// Appends the ends of more rows, which count from what is here so far.
    pub(super) fn extend_offsets(&mut self, ends: impl Iterator<Item = u32>) {
        let before = self.end() as u32;
        self.offsets.extend(ends.map(|end| before.wrapping_add(end)));
    }

    /// How many bytes or items there are.
    fn end(&self) -> usize {
        match self.parts.as_slice() {
            [items] => items.rows,
            _ => self.values.len(),
        }
    }

    /// Appends the rows of another.
    pub(super) fn append(&mut self, other: &Self) {
        self.rows += other.rows;
        self.extend_offsets(other.offsets.iter().skip(1).copied());
        self.values.extend_from_slice(&other.values);
        self.validity.extend_from_slice(&other.validity);
        self.parts.iter_mut().zip(&other.parts).for_each(|(own, other)| own.append(other));
    }

    /// Makes the Arrow array of a result of type `guest` (`option` or not). `called` tells the rows on which the
    /// function was called.
    ///
    /// # Errors
    /// The outer one when Arrow refuses a conversion, the inner one for a result that its type does not allow.
    pub(super) fn lift(
        self,
        guest: &GuestType,
        return_type: &DataType,
        called: Option<&NullBuffer>,
    ) -> Result<Result<ArrayRef, Misfit>> {
        let some = (!self.validity.is_empty()).then(|| NullBuffer::new(to_bits(&self.validity)));
        let nulls = NullBuffer::union(some.as_ref(), called);
        match guest.unwrap_option().0 {
            GuestType::Bool => Ok(Ok(Arc::new(BooleanArray::new(to_bits(&self.values), nulls)))),
            GuestType::Char => lift_text(&self.values, nulls, |code| match char::from_u32(code) {
                Some(single) => Ok(single.to_string()),
                None => Err(format!("{code:#x}, which is no character")),
            }),
            GuestType::Enum(cases) => lift_text(&self.values, nulls, |index| match cases.get(index as usize) {
                Some(case) => Ok(case.clone()),
                None => Err(format!("case number {index} of an enum of {}", cases.len())),
            }),
            GuestType::String => self.lift_strings(nulls, return_type),
            GuestType::Bytes => self.lift_binaries(nulls, return_type),
            GuestType::List(item) => self.lift_list(item, nulls, return_type),
            GuestType::Record(fields) => self.lift_record(fields.iter().map(|(_, ty)| ty), nulls, return_type),
            GuestType::Tuple(items) => self.lift_record(items.iter(), nulls, return_type),
            _ => lift_lane(self.values.into(), return_type, nulls),
        }
    }

    /// Makes some columns of items: fields of a record or tuple, or the items themselves as the only column.
    ///
    /// # Errors
    /// As [`Self::lift`].
    pub(super) fn lift_columns(
        self,
        guest: &GuestType,
        ty: &DataType,
        columns: &[usize],
    ) -> Result<Result<Vec<ArrayRef>, Misfit>> {
        let types: Vec<&GuestType> = match guest.unwrap_option().0 {
            GuestType::Record(fields) => fields.iter().map(|(_, ty)| ty).collect(),
            GuestType::Tuple(items) => items.iter().collect(),
            _ if columns.is_empty() => return Ok(Ok(Vec::new())),
            _ => return Ok(self.lift(guest, ty, None)?.map(|items| vec![items])),
        };
        let DataType::Struct(fields) = ty else { unreachable!("matched when the function was made") };
        let nulls = (!self.validity.is_empty()).then(|| NullBuffer::new(to_bits(&self.validity)));
        let mut parts: Vec<Option<Self>> = self.parts.into_iter().map(Some).collect();
        let mut lifted = Vec::with_capacity(columns.len());
        for &column in columns {
            let part = parts[column].take().expect("each column once");
            match part.lift(types[column], fields[column].data_type(), nulls.as_ref())? {
                Ok(array) => lifted.push(array),
                Err(misfit) => return Ok(Err(misfit)),
            }
        }
        Ok(Ok(lifted))
    }

    fn lift_list(
        mut self,
        item: &GuestType,
        nulls: Option<NullBuffer>,
        return_type: &DataType,
    ) -> Result<Result<ArrayRef, Misfit>> {
        let offsets = self.take_offsets()?;
        let [items] = <[Self; 1]>::try_from(self.parts).expect("a list has one part");
        let field = item_field(return_type, item);
        Ok(match items.lift(item, field.data_type(), None)? {
            Ok(items) => list_of(field, offsets, items, nulls, return_type)?,
            Err(misfit) => Err(misfit.in_list(&offsets)),
        })
    }

    fn lift_record<'a>(
        self,
        types: impl Iterator<Item = &'a GuestType>,
        nulls: Option<NullBuffer>,
        return_type: &DataType,
    ) -> Result<Result<ArrayRef, Misfit>> {
        let DataType::Struct(fields) = return_type else { unreachable!("matched when the function was made") };
        let mut columns = Vec::with_capacity(fields.len());
        for ((part, guest), field) in self.parts.into_iter().zip(types).zip(fields) {
            // A field of nothing is nothing: whoever takes it out of the struct does not ask the struct.
            match part.lift(guest, field.data_type(), nulls.as_ref())? {
                Ok(column) => columns.push(column),
                Err(misfit) => return Ok(Err(misfit)),
            }
        }
        Ok(Ok(Arc::new(StructArray::try_new(fields.clone(), columns, nulls)?)))
    }

    /// Takes the offsets out.
    fn take_offsets(&mut self) -> Result<OffsetBuffer<i32>> {
        if self.end() > MAX_RESULT {
            return Err(too_many_bytes(self.values.len()));
        }
        let offsets = std::mem::take(&mut self.offsets);
        let count = offsets.len();
        // As signed numbers they are the same: the greatest is at most i32::MAX, as was just checked.
        Ok(OffsetBuffer::new(ScalarBuffer::new(Buffer::from_vec(offsets), 0, count)))
    }

    fn lift_strings(mut self, nulls: Option<NullBuffer>, return_type: &DataType) -> Result<Result<ArrayRef, Misfit>> {
        let offsets = self.take_offsets()?;
        let values: Buffer = self.values.into();
        let strings = match StringArray::try_new(offsets.clone(), values.clone(), nulls) {
            Ok(strings) => strings,
            Err(error) => {
                // The whole buffer was checked at once; which row is wrong matters only now.
                let bad = offsets
                    .windows(2)
                    .position(|at| std::str::from_utf8(&values[at[0] as usize..at[1] as usize]).is_err());
                return match bad {
                    Some(row) => Ok(Err(Misfit { row, message: "a string that is not UTF-8".to_owned() })),
                    None => Err(error.into()),
                };
            }
        };
        if *return_type == DataType::Utf8 {
            return Ok(Ok(Arc::new(strings)));
        }
        cast_strings(strings, return_type)
    }

    fn lift_binaries(mut self, nulls: Option<NullBuffer>, return_type: &DataType) -> Result<Result<ArrayRef, Misfit>> {
        let offsets = self.take_offsets()?;
        let binaries = BinaryArray::try_new(offsets, self.values.into(), nulls)?;
        let DataType::FixedSizeBinary(size) = return_type else {
            return Ok(Ok(Arc::new(binaries)));
        };
        let wrong = binaries.iter().position(|value| value.is_some_and(|bytes| bytes.len() != *size as usize));
        if let Some(row) = wrong {
            let message = format!("{} bytes, where {size} are declared", binaries.value(row).len());
            return Ok(Err(Misfit { row, message }));
        }
        Ok(Ok(Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(binaries.iter(), *size)?)))
    }
}

/// An empty buffer with room for so many bytes, aligned for any number. Arrow's own have 64 bytes of alignment, for which the
/// C library's allocator takes a tenth of the time of a batch of one row.
pub(super) fn aligned_for_numbers(bytes: usize) -> MutableBuffer {
    MutableBuffer::from(Vec::<u64>::with_capacity(bytes.div_ceil(size_of::<u64>())))
}

/// The field of the items of a list type.
pub(super) fn item_field(list: &DataType, item: &GuestType) -> FieldRef {
    match list {
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => Arc::clone(field),
        _ => Arc::new(Field::new("item", natural_type(item), true)),
    }
}

/// A list array of any layout.
///
/// # Errors
/// The outer one when Arrow refuses a conversion, the inner one for a list that is not as long as its type says.
pub(super) fn list_of(
    field: FieldRef,
    offsets: OffsetBuffer<i32>,
    items: ArrayRef,
    nulls: Option<NullBuffer>,
    return_type: &DataType,
) -> Result<Result<ArrayRef, Misfit>> {
    let list = ListArray::try_new(field, offsets, items, nulls)?;
    if let DataType::FixedSizeList(_, size) = return_type
        && let Some(row) = (0..list.len()).find(|&row| list.is_valid(row) && list.value_length(row) != *size)
    {
        let message = format!("a list of {}, where {size} are declared", list.value_length(row));
        return Ok(Err(Misfit { row, message }));
    }
    let list: ArrayRef = Arc::new(list);
    match return_type {
        DataType::List(_) => Ok(Ok(list)),
        other => Ok(Ok(cast_with_options(&list, other, &CastOptions { safe: false, ..CastOptions::default() })?)),
    }
}

/// Makes an array of numbers, which are those of a lane.
///
/// # Errors
/// The outer one when Arrow refuses a conversion, the inner one for a number that the type does not have.
pub(super) fn lift_lane(
    values: Buffer,
    return_type: &DataType,
    nulls: Option<NullBuffer>,
) -> Result<Result<ArrayRef, Misfit>> {
    let whole = || Int64Array::new(values.clone().into(), nulls.clone());
    if let Some(range) = range_of(return_type) {
        let numbers = match return_type {
            DataType::Time32(_) => cast(&Int32Array::new(values.clone().into(), nulls.clone()), &DataType::Int64)?,
            _ => Arc::new(whole()),
        };
        let outside = |value: Option<i64>| value.is_some_and(|value| !range.contains(&value));
        if let Some(row) = numbers.as_primitive::<Int64Type>().iter().position(outside) {
            let value = numbers.as_primitive::<Int64Type>().value(row);
            return Ok(Err(Misfit { row, message: format!("{value}, which is outside the range of {return_type}") }));
        }
    }
    Ok(Ok(match return_type {
        DataType::Decimal128(precision, scale) => {
            let wide: Vec<i128> = whole().values().iter().map(|value| i128::from(*value)).collect();
            Arc::new(Decimal128Array::new(wide.into(), nulls.clone()).with_precision_and_scale(*precision, *scale)?)
        }
        DataType::Decimal32(precision, scale) => {
            let strict = CastOptions { safe: false, ..CastOptions::default() };
            let narrow = cast_with_options(&whole(), &DataType::Int32, &strict)?;
            let array = narrow.as_primitive::<Int32Type>().reinterpret_cast::<Decimal32Type>();
            Arc::new(array.with_precision_and_scale(*precision, *scale)?)
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let values: ScalarBuffer<IntervalMonthDayNano> =
                whole().values().iter().map(|value| day_time(*value)).collect();
            Arc::new(IntervalMonthDayNanoArray::new(values, nulls.clone()))
        }
        plain => downcast_primitive! {
            plain => (primitive, plain, values, nulls),
            other => unreachable!("a lane of {other}")
        },
    }))
}

/// The values that a type has, where these are fewer than those of the numbers that carry it.
fn range_of(ty: &DataType) -> Option<Range<i64>> {
    const DAY: i64 = 24 * 60 * 60;
    match ty {
        DataType::Decimal32(precision, _) | DataType::Decimal64(precision, _) | DataType::Decimal128(precision, _) => {
            let end = 10i64.checked_pow(u32::from(*precision))?;
            Some(1 - end..end)
        }
        DataType::Time32(unit) | DataType::Time64(unit) => Some(match unit {
            TimeUnit::Second => 0..DAY,
            TimeUnit::Millisecond => 0..DAY * 1_000,
            TimeUnit::Microsecond => 0..DAY * 1_000_000,
            TimeUnit::Nanosecond => 0..DAY * 1_000_000_000,
        }),
        _ => None,
    }
}

/// An array of any type whose values are those of a lane.
macro_rules! primitive {
    ($ty:ty, $return_type:ident, $values:ident, $nulls:ident) => {
        Arc::new(PrimitiveArray::<$ty>::new($values.into(), $nulls).with_data_type($return_type.clone()))
    };
}
use primitive;

/// A day-time interval as Arrow stores it: days in the low, milliseconds in the high 32 bits.
fn day_time(value: i64) -> IntervalMonthDayNano {
    let days = (value & 0xffff_ffff) as i32;
    IntervalMonthDayNano { months: 0, days, nanoseconds: (value >> 32) * 1_000_000 }
}

/// Strings as what they stand for: decimals cross as text.
fn cast_strings(strings: StringArray, return_type: &DataType) -> Result<Result<ArrayRef, Misfit>> {
    if let DataType::Decimal32(_, scale)
    | DataType::Decimal64(_, scale)
    | DataType::Decimal128(_, scale)
    | DataType::Decimal256(_, scale) = return_type
    {
        // A cast would round.
        let wrong = strings.iter().position(|text| text.is_some_and(|text| fraction_digits(text) > i64::from(*scale)));
        if let Some(row) = wrong {
            let text = shorten(strings.value(row));
            return Ok(Err(Misfit { row, message: format!("'{text}', which has more digits than {return_type}") }));
        }
    }
    let strings: ArrayRef = Arc::new(strings);
    let decimals = cast(&strings, return_type)?;
    // A cast makes null of what it cannot read.
    let wrong = (0..strings.len()).find(|&row| decimals.is_null(row) && strings.is_valid(row));
    Ok(match wrong {
        None => Ok(decimals),
        Some(row) => {
            let text = shorten(strings.as_string::<i32>().value(row));
            Err(Misfit { row, message: format!("'{text}', which is no {return_type}") })
        }
    })
}

/// How many digits a number in text has after its point, zeros at the end aside.
fn fraction_digits(text: &str) -> i64 {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let digits = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.trim_end_matches('0').len());
    i64::try_from(digits).unwrap_or(i64::MAX).saturating_sub(exponent.parse().unwrap_or(0))
}

/// Makes text of numbers, one per row that is not null.
fn lift_text(
    values: &[u8],
    nulls: Option<NullBuffer>,
    text: impl Fn(u32) -> Result<String, String>,
) -> Result<Result<ArrayRef, Misfit>> {
    let codes = values.chunks_exact(4).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    let lifted: Result<StringArray, Misfit> = codes
        .enumerate()
        .map(|(row, code)| match &nulls {
            Some(nulls) if nulls.is_null(row) => Ok(None),
            _ => text(code).map(Some).map_err(|message| Misfit { row, message }),
        })
        .collect();
    Ok(lifted.map(|array| Arc::new(array) as ArrayRef))
}

/// Packs bytes that are 0 or 1 into bits.
fn to_bits(bytes: &[u8]) -> BooleanBuffer {
    BooleanBuffer::collect_bool(bytes.len(), |index| bytes[index] != 0)
}
