//! What is handed to other libraries: a panic there would end the process, so it becomes an error here.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use datafusion::{
    arrow::datatypes::{DataType, FieldRef},
    catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider},
    common::internal_err,
    error::Result,
    logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature},
};
use wasmfusion::{WasmScalarUdf, WasmTableFunction};

/// A scalar function that does not panic.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct GuardedScalar(pub(crate) WasmScalarUdf);

impl ScalarUDFImpl for GuardedScalar {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        guarded(|| self.0.return_type(arg_types))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        guarded(|| self.0.return_field_from_args(args))
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        guarded(|| self.0.coerce_types(arg_types))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        guarded(|| self.0.invoke_with_args(args))
    }
}

/// A table function that does not panic while it is planned; its rows come from a scalar function.
#[derive(Debug)]
pub(crate) struct GuardedTable(pub(crate) WasmTableFunction);

impl TableFunctionImpl for GuardedTable {
    fn call_with_args(&self, args: TableFunctionArgs<'_, '_>) -> Result<Arc<dyn TableProvider>> {
        guarded(|| self.0.call_with_args(args))
    }
}

fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // What was changed halfway is thrown away: a sandbox that is in use when a call unwinds is not given back.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = message(panic.as_ref());
        internal_err!("wasmfusion has a defect, please report it: {text}")
    })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic")
}
