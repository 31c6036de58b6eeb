//! The tables `wasm_status` and `wasm_functions`.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use datafusion::{
    arrow::{
        array::{ArrayRef, BooleanArray, Int64Array, StringArray},
        datatypes::{DataType, Field, Schema, SchemaRef},
        record_batch::RecordBatch,
    },
    catalog::{MemTable, Session, TableProvider},
    error::Result,
    logical_expr::{Expr, TableType},
    physical_plan::ExecutionPlan,
};

use crate::{batch::nanoseconds, engine::Engine, function::FunctionDefinition};

/// A table whose rows are made when it is scanned.
pub(super) struct StatusTable {
    engine: Arc<Engine>,
    schema: SchemaRef,
    columns: fn(&Engine) -> Vec<ArrayRef>,
}

impl fmt::Debug for StatusTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusTable").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl StatusTable {
    /// All of them, with their names.
    pub(super) fn all(engine: &Arc<Engine>) -> [(&'static str, Arc<Self>); 2] {
        let table = |fields: Vec<Field>, columns| {
            Arc::new(Self { engine: Arc::clone(engine), schema: Arc::new(Schema::new(fields)), columns })
        };
        let status = vec![Field::new("name", DataType::Utf8, false), Field::new("value", DataType::Int64, true)];
        let functions = FUNCTION_COLUMNS.iter().map(|(name, ty, _)| Field::new(*name, ty.clone(), false)).collect();
        [("wasm_status", table(status, status_columns)), ("wasm_functions", table(functions, function_columns))]
    }
}

#[async_trait]
impl TableProvider for StatusTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = RecordBatch::try_new(self.schema(), (self.columns)(&self.engine))?;
        MemTable::try_new(self.schema(), vec![vec![rows]])?.scan(state, projection, filters, limit).await
    }
}

fn status_columns(engine: &Engine) -> Vec<ArrayRef> {
    let status = engine.status();
    let rows = [
        ("alloc_compiled_unit_sections", Some(status.images.bytes)),
        ("effective_compiled_images_eviction_memory_limit_mb", status.eviction_limit.map(|limit| limit >> 20)),
        ("images_in_memory", Some(status.images.images)),
        ("evictions", Some(status.images.evictions)),
        ("compilations", Some(status.images.compilations)),
        ("plancache_hits", Some(status.images.plancache_hits)),
        ("live_sandboxes", Some(status.live_sandboxes)),
        ("calls", Some(status.calls.batches)),
        ("rows", Some(status.calls.rows)),
        ("traps", Some(status.calls.traps)),
        ("timeouts", Some(status.calls.timeouts)),
    ];
    let names: StringArray = rows.iter().map(|(name, _)| Some(*name)).collect();
    let values: Int64Array = rows.iter().map(|(_, value)| value.map(|value| value as i64)).collect();
    vec![Arc::new(names), Arc::new(values)]
}

/// A value of `wasm_functions`.
enum Cell {
    Text(String),
    Number(u64),
    Truth(bool),
}

type Column = (&'static str, DataType, fn(&FunctionDefinition) -> Cell);

const FUNCTION_COLUMNS: &[Column] = &[
    ("name", DataType::Utf8, |f| Cell::Text(f.name().to_owned())),
    ("kind", DataType::Utf8, |f| Cell::Text(if f.is_table() { "table" } else { "scalar" }.to_owned())),
    ("signature", DataType::Utf8, |f| Cell::Text(f.signature().to_string())),
    ("volatility", DataType::Utf8, |f| Cell::Text(format!("{:?}", f.volatility()).to_uppercase())),
    ("abi", DataType::Utf8, |f| Cell::Text(format!("{:?}", f.abi()).to_uppercase())),
    ("export", DataType::Utf8, |f| Cell::Text(f.export().to_owned())),
    ("module_hash", DataType::Utf8, |f| Cell::Text(f.module_hash().to_string())),
    ("module_size", DataType::Int64, |f| Cell::Number(f.module_size() as u64)),
    ("memory_limit", DataType::Int64, |f| Cell::Number(f.memory_limit())),
    ("has_drivers", DataType::Boolean, |f| Cell::Truth(f.has_drivers())),
    ("interruptible", DataType::Boolean, |f| Cell::Truth(f.is_interruptible())),
    ("extension", DataType::Utf8, |f| Cell::Text(f.extension().unwrap_or_default().to_owned())),
    ("calls", DataType::Int64, |f| Cell::Number(f.tally().batches)),
    ("rows", DataType::Int64, |f| Cell::Number(f.tally().rows)),
    ("traps", DataType::Int64, |f| Cell::Number(f.tally().traps)),
    ("timeouts", DataType::Int64, |f| Cell::Number(f.tally().timeouts)),
    ("wasm_ns", DataType::Int64, |f| Cell::Number(nanoseconds(f.tally().wasm))),
    ("marshalling_ns", DataType::Int64, |f| Cell::Number(nanoseconds(f.tally().marshalling))),
];

fn function_columns(engine: &Engine) -> Vec<ArrayRef> {
    let functions = engine.functions();
    let column = |(_, ty, cell): &Column| -> ArrayRef {
        let cells = functions.iter().map(|function| cell(function));
        match ty {
            DataType::Utf8 => Arc::new(StringArray::from_iter(cells.map(|cell| match cell {
                Cell::Text(text) => Some(text),
                _ => None,
            }))),
            DataType::Int64 => Arc::new(Int64Array::from_iter(cells.map(|cell| match cell {
                Cell::Number(number) => Some(number as i64),
                _ => None,
            }))),
            _ => Arc::new(BooleanArray::from_iter(cells.map(|cell| match cell {
                Cell::Truth(truth) => Some(truth),
                _ => None,
            }))),
        }
    };
    FUNCTION_COLUMNS.iter().map(column).collect()
}
