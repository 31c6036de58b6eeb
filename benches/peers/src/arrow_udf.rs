//! arrow-udf: record batches as Arrow IPC into the guest and back, whose macro loops over the rows.

use std::sync::Arc;

use arrow_58::{
    array::{Array as _, ArrayRef, AsArray as _, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, Field, Int32Type, Schema},
    util::display::array_value_to_string,
};
use arrow_udf_runtime::wasm::{FunctionHandle, Runtime, TableFunctionHandle};

use crate::{
    Case,
    data::Column,
    engine::{Call, Engine},
};

pub(crate) struct ArrowUdf {
    runtime: Arc<Runtime>,
}

impl ArrowUdf {
    /// With the functions of a module.
    pub(crate) fn new(module: &[u8]) -> Self {
        Self { runtime: Arc::new(Runtime::new(module).expect("a module of arrow-udf")) }
    }
}

impl Engine for ArrowUdf {
    fn name(&self) -> &'static str {
        "arrow-udf"
    }

    fn prepare(&self, case: &Case, columns: &[Column]) -> Option<Box<dyn Call>> {
        let columns: Vec<ArrayRef> = columns.iter().map(array).collect();
        let field =
            |(index, column): (usize, &ArrayRef)| Field::new(format!("c{index}"), column.data_type().clone(), true);
        let schema = Arc::new(Schema::new(columns.iter().enumerate().map(field).collect::<Vec<_>>()));
        let types: Vec<DataType> = columns.iter().map(|column| column.data_type().clone()).collect();
        let returns = match case.name {
            "add" => DataType::Int64,
            "haversine" | "sentiment" => DataType::Float64,
            "gcd" | "luhn" | "distance" => DataType::Int32,
            "is_match" => DataType::Boolean,
            _ => DataType::Utf8,
        };
        let handle = match case.name {
            "split" => Handle::Table(self.runtime.find_table_function(case.name, types, returns).expect("a function")),
            _ => Handle::Scalar(self.runtime.find_function(case.name, types, returns).expect("a function")),
        };
        let batch = RecordBatch::try_new(schema, columns).expect("a batch");
        Some(Box::new(Prepared { runtime: Arc::clone(&self.runtime), handle, batch }))
    }
}

enum Handle {
    Scalar(FunctionHandle),
    Table(TableFunctionHandle),
}

struct Prepared {
    runtime: Arc<Runtime>,
    handle: Handle,
    batch: RecordBatch,
}

impl Prepared {
    fn call(&self) -> Vec<RecordBatch> {
        match &self.handle {
            Handle::Scalar(handle) => vec![self.runtime.call(handle, &self.batch).expect("a result")],
            Handle::Table(handle) => {
                let batches = self.runtime.call_table_function(handle, &self.batch).expect("a result");
                batches.map(|batch| batch.expect("a batch")).collect()
            }
        }
    }
}

impl Call for Prepared {
    fn run(&mut self) {
        std::hint::black_box(self.call());
    }

    fn rows(&mut self) -> Vec<String> {
        let batches = self.call();
        let text = |column: &ArrayRef, row| array_value_to_string(column, row).expect("a value");
        match self.handle {
            Handle::Scalar(_) => (0..self.batch.num_rows()).map(|row| text(batches[0].column(0), row)).collect(),
            // Pairs of a row's number and an item.
            Handle::Table(_) => {
                let input = self.batch.column(0);
                let mut lists: Vec<Vec<String>> = vec![Vec::new(); self.batch.num_rows()];
                for batch in &batches {
                    let rows = batch.column(0).as_primitive::<Int32Type>();
                    for (index, row) in rows.values().iter().enumerate() {
                        lists[*row as usize].push(text(batch.column(1), index));
                    }
                }
                let list = |(row, items): (usize, &Vec<String>)| match input.is_null(row) {
                    true => String::new(),
                    false => format!("[{}]", items.join(", ")),
                };
                lists.iter().enumerate().map(list).collect()
            }
        }
    }
}

fn array(column: &Column) -> ArrayRef {
    match column {
        Column::I32(values) => Arc::new(Int32Array::from(values.clone())),
        Column::I64(values) => Arc::new(Int64Array::from(values.clone())),
        Column::F64(values) => Arc::new(Float64Array::from(values.clone())),
        Column::Text(values) => Arc::new(StringArray::from(values.clone())),
    }
}
