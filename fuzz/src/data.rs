//! Arrow data made of fuzz input: values of guest types in every layout that a function takes.

use std::sync::Arc;

use arbitrary::{Arbitrary, Result, Unstructured};
use datafusion::{
    arrow::{
        array::{
            Array, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, Float32Array, Float64Array, Int8Array,
            Int16Array, Int32Array, Int64Array, LargeBinaryArray, LargeStringArray, ListArray, StringArray,
            StringViewArray, StructArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
        },
        buffer::{NullBuffer, OffsetBuffer},
        compute::{cast, nullif, take},
        datatypes::{DataType, Field},
    },
    common::ScalarValue,
    logical_expr::ColumnarValue,
};
use wasmfusion::{GuestType, fuzzing::natural_type};

/// How much is made.
#[derive(Debug)]
pub(crate) struct Budget {
    /// How many items lists may still get.
    items: usize,
    /// Values that the guest's type does not take may be among the others.
    allow_wrong: bool,
    /// There is one.
    pub(crate) is_wrong: bool,
}

impl Budget {
    pub(crate) fn new(allow_wrong: bool) -> Self {
        Self { items: 2000, allow_wrong, is_wrong: false }
    }

    fn wrong(&mut self, u: &mut Unstructured<'_>) -> Result<bool> {
        let wrong = self.allow_wrong && u.ratio(1, 50)?;
        self.is_wrong |= wrong;
        Ok(wrong)
    }
}

/// An argument for so many rows: a column, or a constant.
pub(crate) fn argument(
    u: &mut Unstructured<'_>,
    guest: &GuestType,
    rows: usize,
    budget: &mut Budget,
) -> Result<ColumnarValue> {
    let (inner, _) = unwrap_option(guest);
    if u.ratio(1, 6)? {
        let array = array(u, inner, 1, true, budget)?;
        let array = large(u, array)?;
        let scalar = ScalarValue::try_from_array(&array, 0).expect("an array of one row has a value");
        return Ok(ColumnarValue::Scalar(scalar));
    }
    let (before, after) = (u.int_in_range(0..=8)?, u.int_in_range(0..=2)?);
    let total = before + rows + after;
    // Many rows have few values, each of them several times.
    let different = total.min(24);
    let mut values = array(u, inner, different, true, budget)?;
    if total > different {
        let step = u.int_in_range(1..=23)?;
        let places: UInt32Array = (0..total).map(|row| Some((row * step % different) as u32)).collect();
        values = take(&values, &places, None).expect("the places are within the values");
    }
    Ok(ColumnarValue::Array(large(u, values)?.slice(before, rows)))
}

/// The type without its outermost `option`, and whether it had one.
fn unwrap_option(guest: &GuestType) -> (&GuestType, bool) {
    match guest {
        GuestType::Option(inner) => (inner, true),
        other => (other, false),
    }
}

/// Sometimes the same lists with 64-bit offsets, which are cast for the call.
fn large(u: &mut Unstructured<'_>, array: ArrayRef) -> Result<ArrayRef> {
    match array.data_type() {
        DataType::List(item) if u.ratio(1, 8)? => {
            let ty = DataType::LargeList(Arc::clone(item));
            Ok(cast(&array, &ty).expect("offsets can be wider"))
        }
        _ => Ok(array),
    }
}

/// An array of values of a type that is no `option`; some are null if `nullable`.
fn array(
    u: &mut Unstructured<'_>,
    guest: &GuestType,
    rows: usize,
    nullable: bool,
    budget: &mut Budget,
) -> Result<ArrayRef> {
    let nulls = match nullable && u.arbitrary()? {
        true => Some((0..rows).map(|_| Ok(!u.ratio(1, 4)?)).collect::<Result<NullBuffer>>()?),
        false => None,
    };
    macro_rules! integers {
        ($array:ty, $type:ty) => {
            Arc::new(<$array>::new((0..rows).map(|_| integer!(u, $type)).collect::<Result<Vec<_>>>()?.into(), nulls))
        };
    }
    macro_rules! integer {
        ($u:expr, $type:ty) => {
            match $u.arbitrary::<u8>()? {
                0 => Ok(<$type>::MIN),
                1 => Ok(<$type>::MAX),
                2..=15 => $u.arbitrary(),
                // So small that every type has it.
                small => Ok((small - 16).min(100) as $type),
            }
        };
    }
    macro_rules! texts {
        ($values:expr, $small:ty, $large:ty, $view:ty) => {{
            let values: Vec<_> = $values;
            let masked = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
            let values = values.iter().enumerate().map(|(row, value)| masked(row).then_some(value));
            match u.int_in_range(0..=2)? {
                0 => Arc::new(values.collect::<$small>()) as ArrayRef,
                1 => Arc::new(values.collect::<$large>()),
                _ => Arc::new(values.collect::<$view>()),
            }
        }};
    }
    Ok(match guest {
        GuestType::Bool => {
            let values = (0..rows).map(|_| u.arbitrary::<bool>()).collect::<Result<Vec<_>>>()?;
            Arc::new(BooleanArray::new(values.into(), nulls))
        }
        GuestType::S8 => integers!(Int8Array, i8),
        GuestType::U8 => integers!(UInt8Array, u8),
        GuestType::S16 => integers!(Int16Array, i16),
        GuestType::U16 => integers!(UInt16Array, u16),
        GuestType::S32 => integers!(Int32Array, i32),
        GuestType::U32 => integers!(UInt32Array, u32),
        GuestType::S64 => integers!(Int64Array, i64),
        GuestType::U64 => integers!(UInt64Array, u64),
        GuestType::F32 => {
            let bits = (0..rows).map(|_| Ok(f32::from_bits(float(u, &FLOATS)?)));
            Arc::new(Float32Array::new(bits.collect::<Result<Vec<_>>>()?.into(), nulls))
        }
        GuestType::F64 => {
            let bits = (0..rows).map(|_| Ok(f64::from_bits(float(u, &DOUBLES)?)));
            Arc::new(Float64Array::new(bits.collect::<Result<Vec<_>>>()?.into(), nulls))
        }
        GuestType::Char => {
            let values = (0..rows).map(|_| {
                let one = u.choose(&["e", "\0", "é", "€", "😀", "7"])?;
                Ok(if budget.wrong(u)? { format!("{one}{one}") } else { (*one).to_owned() })
            });
            texts!(values.collect::<Result<_>>()?, StringArray, LargeStringArray, StringViewArray)
        }
        GuestType::Enum(cases) => {
            let values = (0..rows).map(|_| {
                let case = u.choose(cases)?;
                Ok(if budget.wrong(u)? { format!("{case}x") } else { case.clone() })
            });
            texts!(values.collect::<Result<_>>()?, StringArray, LargeStringArray, StringViewArray)
        }
        GuestType::String => {
            let values = (0..rows).map(|_| text(u));
            texts!(values.collect::<Result<_>>()?, StringArray, LargeStringArray, StringViewArray)
        }
        GuestType::Bytes => {
            let values = (0..rows).map(|_| text(u).map(String::into_bytes));
            texts!(values.collect::<Result<_>>()?, BinaryArray, LargeBinaryArray, BinaryViewArray)
        }
        GuestType::Option(inner) => return array(u, inner, rows, true, budget),
        GuestType::List(item) => {
            // What stands before the first item and behind the last belongs to no row.
            let (before, after) = (u.int_in_range(0..=2)?, u.int_in_range(0..=1)?);
            let mut offsets = vec![before as i32];
            let mut end = before;
            for _ in 0..rows {
                // A null may have items, too.
                let wanted = match u.arbitrary::<u8>()? {
                    0 => u.int_in_range(0..=300)?,
                    1..=8 => u.int_in_range(0..=40)?,
                    other => usize::from(other) % 5,
                };
                let length = wanted.min(budget.items);
                budget.items -= length;
                end += length;
                offsets.push(end as i32);
            }
            let items = nested(u, item, end + after, budget)?;
            let field = Arc::new(Field::new("item", items.data_type().clone(), true));
            Arc::new(ListArray::new(field, OffsetBuffer::new(offsets.into()), items, nulls))
        }
        GuestType::Record(_) | GuestType::Tuple(_) => {
            let types: Vec<&GuestType> = match guest {
                GuestType::Record(fields) => fields.iter().map(|(_, ty)| ty).collect(),
                GuestType::Tuple(items) => items.iter().collect(),
                _ => Vec::new(),
            };
            let DataType::Struct(names) = natural_type(guest) else { unreachable!("the type of a record") };
            let nulls_go_down = u.arbitrary()?;
            let is_null: BooleanArray =
                (0..rows).map(|row| Some(nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)))).collect();
            let mut columns = Vec::new();
            for ty in types {
                let column = nested(u, ty, rows, budget)?;
                columns.push(match nulls_go_down {
                    true => nullif(&column, &is_null).expect("as many rows"),
                    false => column,
                });
            }
            let fields = names
                .iter()
                .zip(&columns)
                .map(|(name, column)| name.as_ref().clone().with_data_type(column.data_type().clone()));
            Arc::new(StructArray::new(fields.collect(), columns, nulls))
        }
    })
}

/// Values inside of a list or record, where a null needs an `option`.
fn nested(u: &mut Unstructured<'_>, guest: &GuestType, rows: usize, budget: &mut Budget) -> Result<ArrayRef> {
    let (inner, is_option) = unwrap_option(guest);
    let nullable = is_option || budget.wrong(u)?;
    array(u, inner, rows, nullable, budget)
}

const FLOATS: [f32; 8] = [0.0, -0.0, 1.0, -7.0, f32::INFINITY, f32::MIN_POSITIVE / 2.0, f32::MAX, f32::NAN];
const DOUBLES: [f64; 8] = [0.0, -0.0, 1.0, -7.0, f64::INFINITY, f64::MIN_POSITIVE / 2.0, f64::MAX, f64::NAN];

/// A float by its bits.
trait Bits: Copy {
    type Word: for<'a> Arbitrary<'a>;
    fn word(self) -> Self::Word;
}

impl Bits for f32 {
    type Word = u32;

    fn word(self) -> u32 {
        self.to_bits()
    }
}

impl Bits for f64 {
    type Word = u64;

    fn word(self) -> u64 {
        self.to_bits()
    }
}

/// The bits of a float: of a special one, or any.
fn float<T: Bits>(u: &mut Unstructured<'_>, special: &[T]) -> Result<T::Word> {
    match usize::from(u.arbitrary::<u8>()? % 16) {
        index if index < special.len() => Ok(special[index].word()),
        _ => u.arbitrary(),
    }
}

fn text(u: &mut Unstructured<'_>) -> Result<String> {
    Ok(match u.arbitrary::<u8>()? {
        0 => "ä".repeat(u.int_in_range(0..=3000)?),
        1..=8 => {
            let length = u.int_in_range(0..=80)?;
            String::from_utf8_lossy(u.bytes(length.min(u.len()))?).into_owned()
        }
        9..=24 => String::new(),
        short => {
            let length = usize::from(short) % 7;
            String::from_utf8_lossy(u.bytes(length.min(u.len()))?).into_owned()
        }
    })
}
