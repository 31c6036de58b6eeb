//! Our functions in `information_schema.routines` and `information_schema.parameters`, from which SHOW FUNCTIONS is made.
//!
//! DataFusion asks functions for examples of argument types, which those with types of their own do not give; so it
//! lists ours without parameters. Here its rows for them are replaced.

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{ArrayRef, BooleanArray, StringArray, UInt8Array, UInt64Array},
        datatypes::DataType,
        record_batch::RecordBatch,
    },
    catalog::MemTable,
    common::{TableReference, types::NativeType},
    datasource::provider_as_source,
    error::Result,
    logical_expr::{
        LogicalPlanBuilder, col, lit,
        planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning},
    },
    sql::sqlparser::ast::{ObjectName, TableFactor},
};

use super::parser::fold;
use crate::{
    engine::Engine,
    function::{FunctionDefinition, Volatility},
};

/// Plans the two tables.
#[derive(Debug)]
pub(super) struct InformationSchemaPlanner(pub(super) Arc<Engine>);

impl RelationPlanner for InformationSchemaPlanner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let found = match &relation {
            TableFactor::Table { name, args: None, sample: None, version: None, alias, .. } => {
                columns_of(name).map(|columns| (columns, alias.clone()))
            }
            _ => None,
        };
        let functions = self.0.functions();
        let (Some((columns, alias)), false) = (found, functions.is_empty()) else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let TableFactor::Table { name, .. } = relation else { unreachable!("it has columns") };
        let name = context.object_name_to_table_reference(name)?;
        let source = context.context_provider().get_table_source(name.clone())?;
        let schema = source.schema();
        let provider = context.context_provider();
        let catalog = provider.options().catalog.clone();
        let place = [catalog.default_catalog.as_str(), catalog.default_schema.as_str()];
        let rows = RecordBatch::try_new(Arc::clone(&schema), columns(&functions, place))?;
        let ours = provider_as_source(Arc::new(MemTable::try_new(schema, vec![vec![rows]])?));
        let names = functions.iter().map(|function| lit(function.name())).collect();
        let theirs =
            LogicalPlanBuilder::scan(name.clone(), source, None)?.filter(col("specific_name").in_list(names, true))?;
        let all = theirs.union(LogicalPlanBuilder::scan(name.clone(), ours, None)?.build()?)?;
        let plan = all.alias(TableReference::bare(name.table()))?.build()?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, alias))))
    }
}

/// Makes the columns of some functions, which count to a catalog and a schema.
type Columns = fn(&[Arc<FunctionDefinition>], [&str; 2]) -> Vec<ArrayRef>;

fn columns_of(name: &ObjectName) -> Option<Columns> {
    let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident().map(fold)).collect();
    match parts.iter().rev().map(String::as_str).take(2).collect::<Vec<_>>()[..] {
        ["routines", "information_schema"] => Some(routines),
        ["parameters", "information_schema"] => Some(parameters),
        _ => None,
    }
}

fn texts<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(texts.collect::<StringArray>())
}

/// A type as the other rows of these tables have it.
fn type_name(ty: &DataType) -> String {
    NativeType::from(ty.clone()).to_string()
}

fn routines(functions: &[Arc<FunctionDefinition>], [catalog, schema]: [&str; 2]) -> Vec<ArrayRef> {
    let constant = |text| texts(functions.iter().map(|_| Some(text)));
    let names = || texts(functions.iter().map(|function| Some(function.name())));
    let deterministic = functions.iter().map(|function| Some(function.volatility() == Volatility::Immutable));
    let types = functions.iter().map(|function| match function.is_table() {
        true => "TABLE".to_owned(),
        false => type_name(&function.signature().return_type),
    });
    let kinds = functions.iter().map(|function| Some(if function.is_table() { "TABLE" } else { "SCALAR" }));
    let descriptions = functions.iter().map(|function| match function.extension() {
        Some(extension) => format!("WebAssembly function of the extension {extension}"),
        None => "WebAssembly function".to_owned(),
    });
    let syntax = functions.iter().map(|function| format!("{}{}", function.name(), function.signature()));
    vec![
        constant(catalog),
        constant(schema),
        names(),
        constant(catalog),
        constant(schema),
        names(),
        constant("FUNCTION"),
        Arc::new(deterministic.collect::<BooleanArray>()),
        Arc::new(StringArray::from_iter_values(types)),
        texts(kinds),
        Arc::new(StringArray::from_iter_values(descriptions)),
        Arc::new(StringArray::from_iter_values(syntax)),
    ]
}

/// A row of the parameters.
struct Row<'a> {
    function: &'a str,
    position: u64,
    mode: &'static str,
    name: Option<&'a str>,
    ty: String,
}

fn parameters(functions: &[Arc<FunctionDefinition>], [catalog, schema]: [&str; 2]) -> Vec<ArrayRef> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for function in functions {
        let signature = function.signature();
        let mut add = |position: usize, mode, name, ty: &DataType| {
            rows.push(Row { function: function.name(), position: position as u64 + 1, mode, name, ty: type_name(ty) });
        };
        for (position, param) in signature.params.iter().enumerate() {
            add(position, "IN", Some(param.name.as_str()), &param.data_type);
        }
        match &signature.columns {
            None => add(0, "OUT", None, &signature.return_type),
            Some(columns) => {
                for (position, column) in columns.iter().enumerate() {
                    add(position, "OUT", Some(column.name.as_str()), &column.data_type);
                }
            }
        }
    }
    vec![
        texts(rows.iter().map(|_| Some(catalog))),
        texts(rows.iter().map(|_| Some(schema))),
        texts(rows.iter().map(|row| Some(row.function))),
        Arc::new(UInt64Array::from_iter_values(rows.iter().map(|row| row.position))),
        texts(rows.iter().map(|row| Some(row.mode))),
        texts(rows.iter().map(|row| row.name)),
        texts(rows.iter().map(|row| Some(row.ty.as_str()))),
        texts(rows.iter().map(|_| None)),
        Arc::new(rows.iter().map(|_| Some(false)).collect::<BooleanArray>()),
        Arc::new(UInt8Array::from_iter_values(rows.iter().map(|_| 0))),
    ]
}
