//! Which argument types a parameter takes as they are, and what others are cast to.

use datafusion::{arrow::datatypes::DataType, common::plan_err, error::Result};

use crate::{
    error::arguments,
    module::{Parameter, accepts},
};

/// The types that arguments are cast to.
///
/// # Errors
/// When an argument cannot be cast without loss being likely, naming the parameter.
pub(crate) fn coerce(function: &str, params: &[Parameter], given: &[DataType]) -> Result<Vec<DataType>> {
    if params.len() != given.len() {
        return plan_err!("function {function} takes {}, not {}", arguments(params.len()), given.len());
    }
    params
        .iter()
        .zip(given)
        .map(|(param, given)| match coerced(&param.data_type, given) {
            Some(ty) => Ok(ty),
            None => plan_err!(
                "function {function}: argument {} is {given}, but {} is needed; cast it explicitly",
                param.name,
                param.data_type
            ),
        })
        .collect()
}

fn coerced(wanted: &DataType, given: &DataType) -> Option<DataType> {
    use DataType as D;
    if accepts(wanted, given) {
        return Some(given.clone());
    }
    // Dictionaries and run-end encoded columns are what their values are. As they are a function may be called once per
    // value; a cast is only for the values that rows have.
    let values = match given {
        D::Dictionary(_, values) => Some(&**values),
        D::RunEndEncoded(_, values) => Some(values.data_type()),
        _ => None,
    };
    if let Some(values) = values {
        let plain = coerced(wanted, values)?;
        return Some(if plain == *values { given.clone() } else { wanted.clone() });
    }
    let possible = match wanted {
        _ if given.is_null() => true,
        // A number in SQL text is a BIGINT or a DOUBLE: narrower parameters would be of little use if they did not
        // take it. The cast is checked, so a number that does not fit is an error and never another number.
        wanted if wanted.is_integer() => given.is_integer(),
        D::Float16 | D::Float32 | D::Float64 => given.is_numeric(),
        wanted if wanted.is_decimal() => given.is_integer() || given.is_decimal(),
        // Text of a number or a date is what one expects; of binaries it is not.
        wanted if wanted.is_string() => {
            !given.is_nested() && !matches!(given, D::Binary | D::LargeBinary | D::BinaryView)
        }
        D::Binary | D::LargeBinary | D::BinaryView => given.is_string() || matches!(given, D::FixedSizeBinary(_)),
        D::FixedSizeBinary(_) => matches!(given, D::Binary | D::LargeBinary | D::BinaryView),
        D::Date32 | D::Date64 | D::Timestamp(..) => {
            given.is_string() || matches!(given, D::Date32 | D::Date64 | D::Timestamp(..))
        }
        D::Time32(_) | D::Time64(_) => given.is_string() || matches!(given, D::Time32(_) | D::Time64(_)),
        D::Interval(_) => given.is_string() || matches!(given, D::Interval(_)),
        D::Duration(_) => matches!(given, D::Duration(_)),
        D::List(item) | D::LargeList(item) | D::FixedSizeList(item, _) => match given {
            D::List(from) | D::LargeList(from) | D::FixedSizeList(from, _) => {
                coerced(item.data_type(), from.data_type()).is_some()
            }
            _ => false,
        },
        D::Struct(fields) => match given {
            // Casts between structs go by names, in whatever order.
            D::Struct(from) => {
                fields.len() == from.len()
                    && fields.iter().all(|to| {
                        let field = from.iter().find(|from| from.name() == to.name());
                        field.is_some_and(|from| coerced(to.data_type(), from.data_type()).is_some())
                    })
            }
            _ => false,
        },
        _ => false,
    };
    possible.then(|| wanted.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(wanted: DataType, given: DataType) -> Option<DataType> {
        coerced(&wanted, &given)
    }

    #[test]
    fn layouts_of_strings_are_kept() {
        assert_eq!(one(DataType::Utf8, DataType::Utf8View), Some(DataType::Utf8View));
        assert_eq!(one(DataType::Binary, DataType::LargeBinary), Some(DataType::LargeBinary));
    }

    #[test]
    fn dictionaries_are_kept_if_their_values_fit() {
        let words = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::LargeUtf8));
        assert_eq!(one(DataType::Utf8, words.clone()), Some(words.clone()));
        assert_eq!(one(DataType::Int64, words), None);
        let numbers = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Int64));
        assert_eq!(one(DataType::Int32, numbers), Some(DataType::Int32));
    }

    #[test]
    fn integers_narrow_but_fractions_do_not() {
        assert_eq!(one(DataType::Int32, DataType::Int64), Some(DataType::Int32));
        assert_eq!(one(DataType::Int64, DataType::Float64), None);
        assert_eq!(one(DataType::Float64, DataType::Int64), Some(DataType::Float64));
    }

    #[test]
    fn a_refusal_names_the_parameter() {
        let params = [Parameter { name: "delay".into(), data_type: DataType::Int64, not_null: false }];
        let error = coerce("f", &params, &[DataType::Float64]).unwrap_err().to_string();
        assert!(error.contains("delay") && error.contains("Float64"), "{error}");
    }
}
