//! Arrow values as the component API's dynamic values, and back: lists, records and tuples included.

use std::sync::Arc;

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray, StructArray, new_empty_array},
    buffer::{NullBuffer, OffsetBuffer},
    compute::cast,
    datatypes::{DataType, Fields},
};
use wasmtime::component::Val;

use super::{
    lift::{Output, item_field, list_of},
    lower::{Misfit, Values, lower},
};
use crate::{
    driver::{Shape, Slot},
    error::Result,
    module::GuestType,
};

/// The value of one row for a guest type.
///
/// # Errors
/// The outer one when Arrow refuses a conversion, the inner one when the guest's type does not have the value.
pub(super) fn value(array: &ArrayRef, row: usize, guest: &GuestType) -> Result<Result<Val, String>> {
    if array.is_null(row) {
        return Ok(match guest {
            GuestType::Option(_) => Ok(Val::Option(None)),
            other => Err(format!("a NULL inside a value of type {other}, which has none")),
        });
    }
    let all = |array: &ArrayRef, guest: &GuestType| -> Result<Result<Vec<Val>, String>> {
        (0..array.len()).map(|row| value(array, row, guest)).collect()
    };
    Ok(match guest {
        GuestType::Option(inner) => value(array, row, inner)?.map(|value| Val::Option(Some(Box::new(value)))),
        GuestType::List(item) => all(&items(array, row)?, item)?.map(Val::List),
        GuestType::Record(fields) => {
            let columns = array.as_struct().columns();
            let values: Result<Result<Vec<_>, String>> = fields
                .iter()
                .zip(columns)
                .map(|((name, ty), column)| Ok(value(column, row, ty)?.map(|value| (name.clone(), value))))
                .collect();
            values?.map(Val::Record)
        }
        GuestType::Tuple(types) => {
            let columns = array.as_struct().columns();
            let values: Result<Result<Vec<_>, String>> =
                types.iter().zip(columns).map(|(ty, column)| value(column, row, ty)).collect();
            values?.map(Val::Tuple)
        }
        scalar => leaf(&array.slice(row, 1), scalar)?,
    })
}

/// The items of a list of any layout.
fn items(array: &ArrayRef, row: usize) -> Result<ArrayRef> {
    Ok(match array.data_type() {
        DataType::List(_) => array.as_list::<i32>().value(row),
        DataType::LargeList(_) => array.as_list::<i64>().value(row),
        DataType::FixedSizeList(..) => array.as_fixed_size_list().value(row),
        other => {
            let plain = DataType::new_list(other.clone(), true);
            cast(array, &plain)?.as_list::<i32>().value(row)
        }
    })
}

fn leaf(array: &ArrayRef, guest: &GuestType) -> Result<Result<Val, String>> {
    let slot = Slot::of(guest).expect("not a list, record or tuple");
    let values = match lower(array, guest, slot.shape)? {
        Ok(values) => values,
        Err(misfit) => return Ok(Err(misfit.message)),
    };
    let bytes: &[u8] = match &values {
        Values::Lane(buffer, _) => buffer,
        Values::Bits(bits) => return Ok(Ok(Val::Bool(bits.value(0)))),
        Values::Offsets32(offsets, data) => &data[offsets[0] as usize..offsets[1] as usize],
        Values::Offsets64(offsets, data) => &data[offsets[0] as usize..offsets[1] as usize],
        Values::Views(views) => views.value(0),
        Values::List(..) | Values::Record(_) => unreachable!("not a list, record or tuple"),
    };
    fn read<T: bytemuck::AnyBitPattern>(bytes: &[u8]) -> T {
        bytemuck::pod_read_unaligned(&bytes[..size_of::<T>()])
    }
    Ok(Ok(match guest {
        GuestType::S8 => Val::S8(read(bytes)),
        GuestType::U8 => Val::U8(read(bytes)),
        GuestType::S16 => Val::S16(read(bytes)),
        GuestType::U16 => Val::U16(read(bytes)),
        GuestType::S32 => Val::S32(read(bytes)),
        GuestType::U32 => Val::U32(read(bytes)),
        GuestType::S64 => Val::S64(read(bytes)),
        GuestType::U64 => Val::U64(read(bytes)),
        GuestType::F32 => Val::Float32(read(bytes)),
        GuestType::F64 => Val::Float64(read(bytes)),
        GuestType::Char => match char::from_u32(read(bytes)) {
            Some(single) => Val::Char(single),
            None => return Ok(Err("no character".to_owned())),
        },
        GuestType::Enum(cases) => Val::Enum(cases[read::<u32>(bytes) as usize].clone()),
        GuestType::Bytes => Val::List(bytes.iter().map(|byte| Val::U8(*byte)).collect()),
        // Arrow's strings are UTF-8.
        _ => Val::String(String::from_utf8_lossy(bytes).into_owned()),
    }))
}

/// The Arrow array of a guest type's values; `None` is null.
///
/// # Errors
/// As above, with the row.
pub(super) fn array(values: Vec<Option<Val>>, guest: &GuestType, ty: &DataType) -> Result<Result<ArrayRef, Misfit>> {
    match guest {
        GuestType::Option(inner) => {
            let values = values
                .into_iter()
                .map(|value| match value {
                    Some(Val::Option(inner)) => inner.map(|value| *value),
                    other => other,
                })
                .collect();
            array(values, inner, ty)
        }
        GuestType::List(item) => list(values, item, ty),
        GuestType::Record(fields) => {
            let types: Vec<&GuestType> = fields.iter().map(|(_, ty)| ty).collect();
            structs(values, &types, ty)
        }
        GuestType::Tuple(types) => structs(values, &types.iter().collect::<Vec<_>>(), ty),
        scalar => scalars(values, scalar, ty),
    }
}

fn list(values: Vec<Option<Val>>, item: &GuestType, ty: &DataType) -> Result<Result<ArrayRef, Misfit>> {
    let field = item_field(ty, item);
    let nulls: NullBuffer = values.iter().map(Option::is_some).collect();
    let (mut lengths, mut items) = (Vec::with_capacity(values.len()), Vec::new());
    for value in values {
        let before = items.len();
        if let Some(Val::List(list)) = value {
            items.extend(list.into_iter().map(Some));
        }
        lengths.push(items.len() - before);
    }
    let offsets = OffsetBuffer::<i32>::from_lengths(lengths);
    Ok(match array(items, item, field.data_type())? {
        Ok(items) => list_of(field, offsets, items, Some(nulls), ty)?,
        Err(misfit) => Err(misfit.in_list(&offsets)),
    })
}

fn structs(values: Vec<Option<Val>>, types: &[&GuestType], ty: &DataType) -> Result<Result<ArrayRef, Misfit>> {
    let fields: Fields = match ty {
        DataType::Struct(fields) => fields.clone(),
        other => return Ok(Ok(new_empty_array(other))),
    };
    let nulls: NullBuffer = values.iter().map(Option::is_some).collect();
    let mut columns: Vec<Vec<Option<Val>>> = vec![Vec::with_capacity(values.len()); types.len()];
    for value in values {
        let row: Vec<Option<Val>> = match value {
            Some(Val::Record(fields)) => fields.into_iter().map(|(_, value)| Some(value)).collect(),
            Some(Val::Tuple(items)) => items.into_iter().map(Some).collect(),
            _ => vec![None; types.len()],
        };
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    let mut arrays = Vec::with_capacity(columns.len());
    for ((column, guest), field) in columns.into_iter().zip(types).zip(&fields) {
        match array(column, guest, field.data_type())? {
            Ok(array) => arrays.push(array),
            Err(misfit) => return Ok(Err(misfit)),
        }
    }
    Ok(Ok(Arc::new(StructArray::try_new(fields, arrays, Some(nulls))?)))
}

/// Scalars are written as a driver would write them, and lifted in the same way.
fn scalars(values: Vec<Option<Val>>, guest: &GuestType, ty: &DataType) -> Result<Result<ArrayRef, Misfit>> {
    let slot = Slot::of(guest).expect("not a list, record or tuple");
    let mut output = Output::of(&slot, values.len());
    output.rows = values.len();
    for value in &values {
        output.validity.push(u8::from(value.is_some()));
        match (slot.shape, value) {
            (Shape::Bytes, value) => {
                let bytes = value.as_ref().map(bytes_of).unwrap_or_default();
                output.extend_offsets(std::iter::once(bytes.len() as u32));
                output.values.extend_from_slice(&bytes);
            }
            (Shape::Lane(lane), None) => output.values.extend_zeros(lane.width() as usize),
            (_, Some(value)) => number(value, guest, &mut output),
            (_, None) => {}
        }
    }
    output.lift(guest, ty, None)
}

fn bytes_of(value: &Val) -> Vec<u8> {
    match value {
        Val::String(text) => text.clone().into_bytes(),
        Val::List(items) => items.iter().map(|item| if let Val::U8(byte) = item { *byte } else { 0 }).collect(),
        _ => Vec::new(),
    }
}

fn number(value: &Val, guest: &GuestType, output: &mut Output) {
    let values = &mut output.values;
    match value {
        Val::Bool(value) => values.extend_from_slice(&[u8::from(*value)]),
        Val::S8(value) => values.extend_from_slice(&[*value]),
        Val::U8(value) => values.extend_from_slice(&[*value]),
        Val::S16(value) => values.extend_from_slice(&[*value]),
        Val::U16(value) => values.extend_from_slice(&[*value]),
        Val::S32(value) => values.extend_from_slice(&[*value]),
        Val::U32(value) => values.extend_from_slice(&[*value]),
        Val::S64(value) => values.extend_from_slice(&[*value]),
        Val::U64(value) => values.extend_from_slice(&[*value]),
        Val::Float32(value) => values.extend_from_slice(&[*value]),
        Val::Float64(value) => values.extend_from_slice(&[*value]),
        Val::Char(value) => values.extend_from_slice(&[u32::from(*value)]),
        Val::Enum(name) => {
            let index = match guest {
                GuestType::Enum(cases) => cases.iter().position(|case| case == name),
                _ => None,
            };
            values.extend_from_slice(&[index.map_or(u32::MAX, |index| index as u32)]);
        }
        _ => {}
    }
}
