//! Arrow types as text that stays readable when Arrow changes.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// An Arrow type. Nested ones are told here, because Arrow's text of them does not keep every name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoredType {
    List(Box<StoredField>),
    LargeList(Box<StoredField>),
    FixedSizeList(Box<StoredField>, i32),
    Struct(Vec<StoredField>),
    Dictionary(Box<Self>, Box<Self>),
    /// Any other, as Arrow writes it.
    #[serde(untagged)]
    Plain(String),
}

/// A name with its type: a field, a parameter or a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredField {
    pub(super) name: String,
    pub(super) r#type: StoredType,
    pub(super) nullable: bool,
}

/// The text of a plain type is shorter; a longer one could keep Arrow's parser busy.
const MAX_TEXT: usize = 200;

impl StoredType {
    pub(super) fn of(ty: &DataType) -> Self {
        match ty {
            DataType::List(item) => Self::List(Box::new(StoredField::of(item))),
            DataType::LargeList(item) => Self::LargeList(Box::new(StoredField::of(item))),
            DataType::FixedSizeList(item, size) => Self::FixedSizeList(Box::new(StoredField::of(item)), *size),
            DataType::Struct(fields) => Self::Struct(fields.iter().map(StoredField::of).collect()),
            DataType::Dictionary(key, value) => Self::Dictionary(Box::new(Self::of(key)), Box::new(Self::of(value))),
            plain => Self::Plain(plain.to_string()),
        }
    }

    /// # Errors
    /// When it is not one that this version knows.
    pub(super) fn data_type(&self) -> Result<DataType> {
        Ok(match self {
            Self::List(item) => DataType::List(item.field()?),
            Self::LargeList(item) => DataType::LargeList(item.field()?),
            Self::FixedSizeList(item, size) => DataType::FixedSizeList(item.field()?, *size),
            Self::Struct(fields) => DataType::Struct(fields.iter().map(StoredField::field).collect::<Result<_>>()?),
            Self::Dictionary(key, value) => {
                DataType::Dictionary(Box::new(key.data_type()?), Box::new(value.data_type()?))
            }
            Self::Plain(text) if text.len() > MAX_TEXT => {
                return Err(Error::Signature(format!("a text of {} bytes is no type", text.len())));
            }
            Self::Plain(text) => text.parse().map_err(|error| Error::Signature(format!("the type {text}: {error}")))?,
        })
    }
}

impl StoredField {
    pub(super) fn new(name: &str, ty: &DataType, nullable: bool) -> Self {
        Self { name: name.to_owned(), r#type: StoredType::of(ty), nullable }
    }

    fn of(field: &FieldRef) -> Self {
        Self::new(field.name(), field.data_type(), field.is_nullable())
    }

    fn field(&self) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(&self.name, self.r#type.data_type()?, self.nullable)))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::datatypes::{IntervalUnit, TimeUnit};

    use super::*;

    /// What a signature can have, with names of any kind; and how it is written, which must not change.
    #[test]
    fn types_come_back_as_they_were() {
        let list = |item: DataType| DataType::List(Arc::new(Field::new("item", item, true)));
        let record = DataType::Struct(
            vec![
                Field::new("a", DataType::Int64, true),
                Field::new("strange name, \"quoted\" \\ \u{200b}", list(DataType::Utf8), false),
            ]
            .into(),
        );
        for (ty, text) in [
            (DataType::Boolean, r#""Boolean""#),
            (DataType::UInt8, r#""UInt8""#),
            (DataType::Float64, r#""Float64""#),
            (DataType::Utf8View, r#""Utf8View""#),
            (DataType::LargeBinary, r#""LargeBinary""#),
            (DataType::FixedSizeBinary(16), r#""FixedSizeBinary(16)""#),
            (DataType::Decimal128(38, 10), r#""Decimal128(38, 10)""#),
            (DataType::Date32, r#""Date32""#),
            (DataType::Time64(TimeUnit::Nanosecond), r#""Time64(ns)""#),
            (DataType::Timestamp(TimeUnit::Microsecond, None), r#""Timestamp(µs)""#),
            (
                DataType::Timestamp(TimeUnit::Nanosecond, Some("Europe/Berlin".into())),
                r#""Timestamp(ns, \"Europe/Berlin\")""#,
            ),
            (DataType::Interval(IntervalUnit::MonthDayNano), r#""Interval(MonthDayNano)""#),
            (DataType::Duration(TimeUnit::Second), r#""Duration(s)""#),
            (list(DataType::Float32), r#"{"list":{"name":"item","type":"Float32","nullable":true}}"#),
            (
                DataType::FixedSizeList(Arc::new(Field::new("x", DataType::UInt8, false)), 3),
                r#"{"fixed_size_list":[{"name":"x","type":"UInt8","nullable":false},3]}"#,
            ),
            (
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
                r#"{"dictionary":["Int32","Utf8"]}"#,
            ),
            (list(record.clone()), ""),
            (DataType::LargeList(Arc::new(Field::new("é", record.clone(), false))), ""),
            (record, ""),
        ] {
            let written = serde_json::to_string(&StoredType::of(&ty)).unwrap();
            if !text.is_empty() {
                assert_eq!(written, text);
            }
            assert_eq!(serde_json::from_str::<StoredType>(&written).unwrap().data_type().unwrap(), ty, "{written}");
        }
    }

    #[test]
    fn what_is_no_type_is_an_error() {
        let deep = format!("\"{}\"", "List(".repeat(100_000));
        for text in [r#""""#, r#""Int65""#, r#"{"list":{"name":"x","type":"y","nullable":true}}"#, &deep] {
            assert!(serde_json::from_str::<StoredType>(text).unwrap().data_type().is_err(), "{text:.50}");
        }
        let deep = format!("{}1{}", r#"{"struct":["#.repeat(100_000), "]}".repeat(100_000));
        for text in ["1", "{}", r#"{"list":1}"#, &deep] {
            assert!(serde_json::from_str::<StoredType>(text).is_err(), "{text:.50}");
        }
    }
}
