//! wasmfusion: batch drivers.

use datafusion::{arrow::array::ArrayRef, logical_expr::ColumnarValue};
use wasmfusion::{EngineOptions, Session, WasmScalarUdf};

use crate::{
    Case,
    data::Column,
    engine::{Call, Engine, array, text},
};

pub(crate) struct Ours {
    session: Session,
}

impl Ours {
    /// With the functions of a component, and one worker per batch.
    pub(crate) fn new(module: &str, cases: &[Case]) -> Self {
        // DataFusion has a gcd.
        let options = EngineOptions { parallelism: 1, shadow_built_in: true, ..EngineOptions::default() };
        let session = Session::new(wasmfusion::Engine::new(options).expect("an engine"));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        for Case { name, .. } in cases {
            let export = name.replace('_', "-");
            let sql = format!("CREATE FUNCTION {name} AS WASM FROM INFILE '{module}' USING EXPORT '{export}'");
            runtime.block_on(session.sql(&sql)).expect("a function");
        }
        Self { session }
    }
}

impl Engine for Ours {
    fn name(&self) -> &'static str {
        "wasmfusion"
    }

    fn prepare(&self, case: &Case, columns: &[Column]) -> Option<Box<dyn Call>> {
        let definition = self.session.engine().function(case.name)?;
        Some(Box::new(Prepared {
            function: WasmScalarUdf::new(definition).expect("a function"),
            rows: columns[0].len(),
            args: columns.iter().map(|column| ColumnarValue::Array(array(column))).collect(),
        }))
    }
}

struct Prepared {
    function: WasmScalarUdf,
    args: Vec<ColumnarValue>,
    rows: usize,
}

impl Prepared {
    fn call(&self) -> ArrayRef {
        match self.function.call(&self.args, self.rows).expect("a result") {
            ColumnarValue::Array(array) => array,
            ColumnarValue::Scalar(value) => value.to_array_of_size(self.rows).expect("an array"),
        }
    }
}

impl Call for Prepared {
    fn run(&mut self) {
        std::hint::black_box(self.call());
    }

    fn rows(&mut self) -> Vec<String> {
        text(&self.call())
    }
}
