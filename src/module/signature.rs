//! The SQL side and the guest side of a function, matched.

use std::{fmt, sync::Arc};

use datafusion::arrow::datatypes::{DataType, Field, IntervalUnit};

use super::types::{GuestSignature, GuestType};
use crate::error::{Error, Result};

/// A parameter of a SQL function.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Parameter {
    /// The name, as in SQL or in WIT.
    pub name: String,
    /// The Arrow type that arguments are coerced to. The three layouts of strings and of binaries stand for each
    /// other.
    pub data_type: DataType,
    /// Declared NOT NULL: a null argument is an error of that row.
    pub not_null: bool,
}

/// The signature of a function: SQL types, guest types and what nulls do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Signature {
    /// The parameters in order.
    pub params: Vec<Parameter>,
    /// The Arrow type of the result; of a table function the list that a plain call gives.
    pub return_type: DataType,
    /// The columns of a table function; `None` for a scalar function.
    pub columns: Option<Vec<Column>>,
    /// The guest's side; as many parameters.
    pub guest: GuestSignature,
    /// The function is not called on a row in which any argument is null, and the result of that row is null, even
    /// for parameters of type `option<T>`.
    pub null_on_null: bool,
}

/// A column of a table function.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Column {
    /// The name, as in SQL or in WIT.
    pub name: String,
    /// The Arrow type.
    pub data_type: DataType,
    /// Which field of the guest's record or tuple it is; 0 when the guest's list is of something else.
    pub field: usize,
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (index, param) in self.params.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            let not_null = if param.not_null { " NOT NULL" } else { "" };
            write!(f, "{separator}{} {}{not_null}", param.name, param.data_type)?;
        }
        let Some(columns) = &self.columns else { return write!(f, ") RETURNS {}", self.return_type) };
        f.write_str(") RETURNS TABLE (")?;
        for (index, column) in columns.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{} {}", column.name, column.data_type)?;
        }
        f.write_str(")")
    }
}

/// What a CREATE FUNCTION statement says about types; everything may be left to WIT.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct DeclaredTypes {
    pub(crate) params: Option<Vec<Parameter>>,
    pub(crate) result: Option<DataType>,
    /// RETURNS TABLE, and the columns if they are declared; `result` is not then.
    pub(crate) table: Option<Option<Vec<(String, DataType)>>>,
    /// CALLED ON NULL INPUT is `Some(true)`, RETURNS NULL ON NULL INPUT `Some(false)`.
    pub(crate) called_on_null: Option<bool>,
}

impl Signature {
    /// Matches declared types with the guest's signature; what is not declared follows from the guest's.
    ///
    /// # Errors
    /// When they do not fit, naming both sides.
    pub(crate) fn matching(declared: DeclaredTypes, guest: GuestSignature) -> Result<Self> {
        let params = match declared.params {
            Some(params) => params,
            None => guest
                .params
                .iter()
                .map(|(name, ty)| Parameter {
                    name: name.replace('-', "_"),
                    data_type: natural_type(ty),
                    not_null: false,
                })
                .collect(),
        };
        if params.len() != guest.params.len() {
            return Err(Error::Signature(format!(
                "declared with {} parameters, but the module's function has {}: {guest}",
                params.len(),
                guest.params.len()
            )));
        }
        for (index, param) in params.iter().enumerate() {
            if params[..index].iter().any(|earlier| earlier.name == param.name) {
                return Err(Error::Signature(format!("two parameters have the name {}", param.name)));
            }
        }
        for (param, (name, ty)) in params.iter().zip(&guest.params) {
            if !fits(&param.data_type, ty) {
                return Err(Error::Signature(format!(
                    "parameter {} is declared {}, but the module's parameter {name} is {ty}, which takes {}",
                    param.name,
                    param.data_type,
                    natural_type(ty)
                )));
            }
            let takes_null = matches!(ty, GuestType::Option(_));
            if declared.called_on_null == Some(true) && !takes_null && !param.not_null {
                return Err(Error::Signature(format!(
                    "CALLED ON NULL INPUT, but the module's parameter {name} is {ty}, which has no null: make it \
                     option<{ty}> or declare {} NOT NULL",
                    param.name
                )));
            }
        }
        let (return_type, columns) = match declared.table {
            Some(columns) => {
                let (return_type, columns) = table(columns, &guest)?;
                (Some(return_type), Some(columns))
            }
            None => (declared.result, None),
        };
        let return_type = match return_type {
            Some(result) if !fits(&result, &guest.result) => {
                return Err(Error::Signature(format!(
                    "declared to return {result}, but the module's function returns {}, which gives {}",
                    guest.result,
                    natural_type(&guest.result)
                )));
            }
            Some(result) => result,
            None => natural_type(&guest.result),
        };
        let return_type = plain_layout(return_type);
        Ok(Self { params, return_type, columns, guest, null_on_null: declared.called_on_null == Some(false) })
    }

    /// Whether the function is skipped on rows in which parameter `index` is null.
    pub(crate) fn is_strict(&self, index: usize) -> bool {
        self.null_on_null || !matches!(self.guest.params[index].1, GuestType::Option(_))
    }
}

/// The list type and the columns of a table function.
fn table(declared: Option<Vec<(String, DataType)>>, guest: &GuestSignature) -> Result<(DataType, Vec<Column>)> {
    let GuestType::List(item) = guest.result.unwrap_option().0 else {
        return Err(Error::Signature(format!(
            "RETURNS TABLE needs a function that returns a list, such as list<record {{ … }}>; the module's returns {}",
            guest.result
        )));
    };
    let names: Vec<String>;
    let types: Vec<&GuestType>;
    match item.unwrap_option().0 {
        GuestType::Record(fields) => {
            names = fields.iter().map(|(name, _)| name.replace('-', "_")).collect();
            types = fields.iter().map(|(_, ty)| ty).collect();
        }
        GuestType::Tuple(items) => {
            names = (0..items.len()).map(|index| format!("c{index}")).collect();
            types = items.iter().collect();
        }
        _ => {
            names = vec!["value".to_owned()];
            types = vec![item.as_ref()];
        }
    }
    // Fields of records have names; parts of tuples, and a single value, are what their place says.
    let by_name = matches!(item.unwrap_option().0, GuestType::Record(_));
    let declared = declared.unwrap_or_else(|| {
        names.iter().zip(&types).map(|(name, ty)| (name.clone(), plain_layout(natural_type(ty)))).collect()
    });
    let sides = || {
        let declared: Vec<String> = declared.iter().map(|(name, ty)| format!("{name} {ty}")).collect();
        format!("declared TABLE ({}), but the module's function returns list<{item}>", declared.join(", "))
    };
    if declared.len() != names.len() {
        return Err(Error::Signature(format!("{}, which makes {} columns", sides(), names.len())));
    }
    let mut columns: Vec<Column> = Vec::with_capacity(names.len());
    for (place, (name, ty)) in declared.iter().enumerate() {
        let field = match by_name {
            false => place,
            true => names
                .iter()
                .position(|field| field == name)
                .ok_or_else(|| Error::Signature(format!("{}, which has no field {name}", sides())))?,
        };
        if columns.iter().any(|column| column.name == *name) {
            return Err(Error::Signature(format!("two columns have the name {name}")));
        }
        if !fits(ty, types[field]) {
            return Err(Error::Signature(format!(
                "{}: column {name} would have to be {}",
                sides(),
                natural_type(types[field])
            )));
        }
        columns.push(Column { name: name.clone(), data_type: plain_layout(ty.clone()), field });
    }
    // A plain call gives the guest's list, with the fields in the guest's order.
    let mut in_order: Vec<&Column> = columns.iter().collect();
    in_order.sort_by_key(|column| column.field);
    let item = match item.unwrap_option().0 {
        GuestType::Record(_) | GuestType::Tuple(_) => DataType::Struct(
            in_order.iter().map(|column| Field::new(&column.name, column.data_type.clone(), true)).collect(),
        ),
        _ => columns[0].data_type.clone(),
    };
    Ok((DataType::List(Arc::new(Field::new("item", item, true))), columns))
}

/// Results are built with 32-bit offsets: string views and large layouts are a matter of arguments.
fn plain_layout(ty: DataType) -> DataType {
    let plain_field = |field: &Field| field.clone().with_data_type(plain_layout(field.data_type().clone()));
    match ty {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::List(item) => DataType::List(Arc::new(plain_field(&item))),
        DataType::LargeList(item) => DataType::LargeList(Arc::new(plain_field(&item))),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(Arc::new(plain_field(&item)), size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|field| plain_field(field)).collect()),
        other => other,
    }
}

/// The SQL type that a guest type stands for when none is declared.
pub(crate) fn natural_type(ty: &GuestType) -> DataType {
    match ty {
        GuestType::Bool => DataType::Boolean,
        GuestType::S8 => DataType::Int8,
        GuestType::U8 => DataType::UInt8,
        GuestType::S16 => DataType::Int16,
        GuestType::U16 => DataType::UInt16,
        GuestType::S32 => DataType::Int32,
        GuestType::U32 => DataType::UInt32,
        GuestType::S64 => DataType::Int64,
        GuestType::U64 => DataType::UInt64,
        GuestType::F32 => DataType::Float32,
        GuestType::F64 => DataType::Float64,
        GuestType::Char | GuestType::String | GuestType::Enum(_) => DataType::Utf8,
        GuestType::Bytes => DataType::Binary,
        GuestType::Option(inner) => natural_type(inner),
        GuestType::List(item) => DataType::List(Arc::new(Field::new("item", natural_type(item), true))),
        GuestType::Record(fields) => DataType::Struct(
            fields.iter().map(|(name, ty)| Field::new(name.replace('-', "_"), natural_type(ty), true)).collect(),
        ),
        GuestType::Tuple(items) => DataType::Struct(
            items.iter().enumerate().map(|(i, ty)| Field::new(format!("c{i}"), natural_type(ty), true)).collect(),
        ),
    }
}

/// Whether values of a SQL type can be given to, or taken from, a guest type.
pub(crate) fn fits(sql: &DataType, guest: &GuestType) -> bool {
    use DataType as D;
    match guest {
        GuestType::Bool => *sql == D::Boolean,
        GuestType::S8 => *sql == D::Int8,
        GuestType::U8 => *sql == D::UInt8,
        GuestType::S16 => *sql == D::Int16,
        GuestType::U16 => *sql == D::UInt16,
        GuestType::S32 => {
            matches!(sql, D::Int32 | D::Date32 | D::Time32(_) | D::Interval(IntervalUnit::YearMonth))
        }
        GuestType::U32 => *sql == D::UInt32,
        GuestType::S64 => match sql {
            D::Decimal32(p, _) | D::Decimal64(p, _) | D::Decimal128(p, _) => *p <= 18,
            D::Interval(unit) => *unit != IntervalUnit::YearMonth,
            _ => matches!(sql, D::Int64 | D::Date64 | D::Time64(_) | D::Timestamp(..) | D::Duration(_)),
        },
        GuestType::U64 => *sql == D::UInt64,
        GuestType::F32 => *sql == D::Float32,
        GuestType::F64 => *sql == D::Float64,
        GuestType::Char | GuestType::Enum(_) => sql.is_string(),
        GuestType::String => sql.is_string() || sql.is_decimal(),
        GuestType::Bytes => matches!(sql, D::Binary | D::LargeBinary | D::BinaryView | D::FixedSizeBinary(_)),
        GuestType::Option(inner) => fits(sql, inner),
        GuestType::List(item) => match sql {
            D::List(field) | D::LargeList(field) | D::FixedSizeList(field, _) => fits(field.data_type(), item),
            _ => false,
        },
        GuestType::Record(fields) => match sql {
            D::Struct(columns) => {
                columns.len() == fields.len()
                    && columns.iter().zip(fields).all(|(column, (name, ty))| {
                        *column.name() == name.replace('-', "_") && fits(column.data_type(), ty)
                    })
            }
            _ => false,
        },
        GuestType::Tuple(items) => match sql {
            D::Struct(columns) => {
                columns.len() == items.len()
                    && columns.iter().zip(items).all(|(column, ty)| fits(column.data_type(), ty))
            }
            _ => false,
        },
    }
}

/// Whether an array of type `given` can be given to a parameter of type `wanted` without a cast: the three layouts of
/// strings, and those of binaries, stand for each other.
pub(crate) fn accepts(wanted: &DataType, given: &DataType) -> bool {
    let is_binary = |ty: &DataType| matches!(ty, DataType::Binary | DataType::LargeBinary | DataType::BinaryView);
    match (wanted, given) {
        (DataType::List(wanted), DataType::List(given)) => accepts(wanted.data_type(), given.data_type()),
        (DataType::Struct(wanted), DataType::Struct(given)) => {
            wanted.len() == given.len()
                && wanted.iter().zip(given).all(|(wanted, given)| {
                    wanted.name() == given.name() && accepts(wanted.data_type(), given.data_type())
                })
        }
        _ => wanted == given || (wanted.is_string() && given.is_string()) || (is_binary(wanted) && is_binary(given)),
    }
}

/// The guest type of a BASIC function's parameter or result: only numbers cross.
pub(crate) fn basic_type(sql: &DataType) -> Option<GuestType> {
    use GuestType as G;
    [G::Bool, G::S8, G::U8, G::S16, G::U16, G::S32, G::U32, G::S64, G::U64, G::F32, G::F64]
        .into_iter()
        .find(|guest| fits(sql, guest) && !sql.is_decimal())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest(result: GuestType) -> GuestSignature {
        GuestSignature { params: vec![("x".into(), GuestType::S64)], result, fallible: false }
    }

    #[test]
    fn a_mismatch_names_both_sides() {
        let declared = DeclaredTypes { result: Some(DataType::Utf8), ..DeclaredTypes::default() };
        let error = Signature::matching(declared, guest(GuestType::S64)).unwrap_err().to_string();
        assert!(error.contains("Utf8") && error.contains("s64"), "{error}");
    }

    #[test]
    fn every_natural_type_fits() {
        let inner = GuestType::Record(vec![("a-b".into(), GuestType::Option(Box::new(GuestType::Char)))]);
        for ty in [GuestType::Bytes, GuestType::List(Box::new(inner)), GuestType::Tuple(vec![GuestType::U8])] {
            assert!(fits(&natural_type(&ty), &ty), "{ty}");
        }
    }

    fn pieces() -> GuestSignature {
        let fields = vec![("str".into(), GuestType::String), ("the-idx".into(), GuestType::S32)];
        guest(GuestType::List(Box::new(GuestType::Record(fields))))
    }

    fn columns(names: &[(&str, DataType)]) -> DeclaredTypes {
        let columns = names.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone())).collect();
        DeclaredTypes { table: Some(Some(columns)), ..DeclaredTypes::default() }
    }

    #[test]
    fn columns_of_tables_follow_from_fields() {
        let implicit = DeclaredTypes { table: Some(None), ..DeclaredTypes::default() };
        let text = Signature::matching(implicit, pieces()).unwrap().to_string();
        assert_eq!(text, "(x Int64) RETURNS TABLE (str Utf8, the_idx Int32)");
        let turned = columns(&[("the_idx", DataType::Date32), ("str", DataType::Utf8View)]);
        let turned = Signature::matching(turned, pieces()).unwrap();
        assert_eq!(turned.to_string(), "(x Int64) RETURNS TABLE (the_idx Date32, str Utf8)");
        assert_eq!(turned.columns.unwrap().iter().map(|column| column.field).collect::<Vec<_>>(), [1, 0]);
    }

    #[test]
    fn columns_that_do_not_fit_are_named() {
        for (declared, part) in [
            (columns(&[("str", DataType::Utf8)]), "makes 2 columns"),
            (columns(&[("str", DataType::Utf8), ("index", DataType::Int32)]), "no field index"),
            (
                columns(&[("str", DataType::Utf8), ("the_idx", DataType::Int64)]),
                "column the_idx would have to be Int32",
            ),
            (columns(&[("str", DataType::Utf8), ("str", DataType::Utf8)]), "two columns have the name str"),
        ] {
            let error = Signature::matching(declared, pieces()).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let scalar = DeclaredTypes { table: Some(None), ..DeclaredTypes::default() };
        let error = Signature::matching(scalar, guest(GuestType::S64)).unwrap_err().to_string();
        assert!(error.contains("returns a list") && error.contains("s64"), "{error}");
    }

    #[test]
    fn called_on_null_needs_options() {
        let declared = DeclaredTypes { called_on_null: Some(true), ..DeclaredTypes::default() };
        let error = Signature::matching(declared, guest(GuestType::S64)).unwrap_err().to_string();
        assert!(error.contains("option<s64>"), "{error}");
    }
}
