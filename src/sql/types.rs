//! The type TABLE, which DataFusion's planner does not know.

use std::{collections::HashMap, sync::Arc};

use datafusion::{
    arrow::datatypes::{DataType, Field, FieldRef, Fields},
    common::plan_err,
    error::Result,
    logical_expr::planner::TypePlanner,
    prelude::SessionContext,
    sql::sqlparser::ast::{ColumnOption, DataType as SqlType},
};

use super::{create::arrow_type, parser::fold};

/// Lets the planner of a plain context take `CREATE FUNCTION … RETURNS TABLE (column type, …) LANGUAGE wasm AS 'path'` to a
/// [`WasmFunctionFactory`](crate::WasmFunctionFactory). A [`Session`](crate::Session) needs none.
///
/// A plain context calls such a function with constants only, and looks up its name as it was typed.
#[derive(Debug, Default, Clone, Copy)]
pub struct WasmTypePlanner;

/// Marks the list type that stands for TABLE between this planner and the factory.
const TABLE: &str = "wasmfusion.table";

impl TypePlanner for WasmTypePlanner {
    fn plan_type_field(&self, sql_type: &SqlType) -> Result<Option<FieldRef>> {
        let SqlType::Table(columns) = sql_type else { return Ok(None) };
        let state = SessionContext::new().state();
        let item = match columns {
            None => DataType::Null,
            Some(columns) => {
                let mut fields = Vec::with_capacity(columns.len());
                for column in columns {
                    if let Some(option) = column.options.iter().find(|option| option.option != ColumnOption::Null) {
                        return plan_err!(
                            "column {}: {} is not supported in RETURNS TABLE",
                            column.name,
                            option.option
                        );
                    }
                    fields.push(Field::new(fold(&column.name), arrow_type(&state, &column.data_type)?, true));
                }
                DataType::Struct(Fields::from(fields))
            }
        };
        let marked = Field::new("item", item, true).with_metadata(HashMap::from([(TABLE.to_owned(), String::new())]));
        Ok(Some(Arc::new(Field::new("table", DataType::List(Arc::new(marked)), true))))
    }
}

/// What RETURNS TABLE declared, when that is what a type stands for.
pub(super) fn columns_of(ty: &DataType) -> Option<Option<Vec<(String, DataType)>>> {
    let DataType::List(item) = ty else { return None };
    item.metadata().get(TABLE)?;
    Some(match item.data_type() {
        DataType::Struct(fields) => {
            Some(fields.iter().map(|field| (field.name().clone(), field.data_type().clone())).collect())
        }
        _ => None,
    })
}
