//! Functions: what is known of them, direct calls, and capsules for the DataFusion bindings.

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::ArrayRef,
        compute::concat,
        datatypes::{Field, Schema},
    },
    error::DataFusionError,
    logical_expr::{ColumnarValue, ScalarUDF, ScalarUDFImpl as _},
    scalar::ScalarValue,
};
use datafusion_ffi::{
    proto::logical_extension_codec::FFI_LogicalExtensionCodec, udf::FFI_ScalarUDF, udtf::FFI_TableFunction,
};
use pyo3::{
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::PyCapsule,
};
use pyo3_arrow::{PyArray, PySchema, input::AnyArray};
use wasmfusion::{Abi, FunctionDefinition, Interrupt, Volatility, WasmScalarUdf, WasmTableFunction};

use crate::{
    engine::Shared,
    error::raise,
    guard::{GuardedScalar, GuardedTable},
    wait::{runtime, wait_blocking},
};

/// A function of an engine.
#[pyclass(frozen, module = "wasmfusion._wasmfusion")]
pub(crate) struct Function {
    pub(crate) definition: Arc<FunctionDefinition>,
    pub(crate) shared: Shared,
}

#[pymethods]
impl Function {
    #[getter]
    fn name(&self) -> &str {
        self.definition.name()
    }

    #[getter]
    fn statement(&self) -> &str {
        self.definition.statement()
    }

    #[getter]
    fn is_table(&self) -> bool {
        self.definition.is_table()
    }

    #[getter]
    fn export(&self) -> &str {
        self.definition.export()
    }

    #[getter]
    fn abi(&self) -> &'static str {
        match self.definition.abi() {
            Abi::Basic => "BASIC",
            Abi::Canonical => "CANONICAL",
        }
    }

    #[getter]
    fn volatility(&self) -> &'static str {
        match self.definition.volatility() {
            Volatility::Immutable => "IMMUTABLE",
            Volatility::Stable => "STABLE",
            Volatility::Volatile => "VOLATILE",
        }
    }

    #[getter]
    fn module_hash(&self) -> String {
        self.definition.module_hash().to_string()
    }

    /// Names and types of the parameters, as SQL knows them.
    #[getter]
    fn parameters(&self) -> Vec<(String, String)> {
        let params = self.definition.signature().params.iter();
        params.map(|param| (param.name.clone(), param.data_type.to_string())).collect()
    }

    /// The types of the parameters as Arrow has them.
    #[getter]
    fn types(&self) -> PySchema {
        let params = self.definition.signature().params.iter();
        let fields: Vec<_> = params.map(|param| Field::new(&param.name, param.data_type.clone(), true)).collect();
        PySchema::new(Arc::new(Schema::new(fields)))
    }

    /// The type of the result.
    #[getter]
    fn return_type(&self) -> String {
        self.definition.signature().return_type.to_string()
    }

    /// Calls the function on whole arrays; `constants` tells which of them have one value for all rows.
    fn call(
        &self,
        py: Python<'_>,
        args: Vec<AnyArray>,
        constants: Vec<bool>,
        rows: Option<usize>,
    ) -> PyResult<PyArray> {
        let interrupt = Interrupt::new();
        let udf = WasmScalarUdf::new(Arc::clone(&self.definition)).map_err(raise)?.stopped_by(&interrupt);
        let work = move || {
            let (args, rows) = arguments(udf.name(), args, &constants, rows)?;
            udf.call(&args, rows).and_then(|value| value.into_array(rows)).map_err(Wrong::Call)
        };
        let called = wait_blocking(py, Arc::new(self.shared.progress()), || interrupt.stop(), work)?;
        called.map(PyArray::from_array_ref).map_err(|wrong| match wrong {
            Wrong::Call(error) => raise(error),
            Wrong::Rows(text) => PyValueError::new_err(text),
            Wrong::Array(error) => error,
        })
    }

    fn __datafusion_scalar_udf__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let udf = WasmScalarUdf::new(Arc::clone(&self.definition)).map_err(raise)?;
        let udf = FFI_ScalarUDF::from(Arc::new(ScalarUDF::new_from_impl(GuardedScalar(udf))));
        PyCapsule::new_with_value(py, udf, c"datafusion_scalar_udf")
    }

    fn __datafusion_table_function__<'py>(
        &self,
        py: Python<'py>,
        session: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let function = WasmTableFunction::new(Arc::clone(&self.definition)).map_err(raise)?;
        let codec = codec_of(session)?;
        let handle = Some(runtime()?.handle().clone());
        let function = FFI_TableFunction::new_with_ffi_codec(Arc::new(GuardedTable(function)), handle, codec);
        PyCapsule::new_with_value(py, function, c"datafusion_table_function")
    }
}

/// How expressions of a session of the DataFusion bindings are read.
fn codec_of(session: &Bound<'_, PyAny>) -> PyResult<FFI_LogicalExtensionCodec> {
    let capsule = match session.cast::<PyCapsule>() {
        Ok(capsule) => capsule.clone(),
        Err(_) => session.call_method0("__datafusion_logical_extension_codec__")?.cast_into::<PyCapsule>()?,
    };
    let pointer =
        capsule.pointer_checked(Some(c"datafusion_logical_extension_codec"))?.cast::<FFI_LogicalExtensionCodec>();
    // SAFETY: a capsule of this name holds such a codec, by the protocol of the DataFusion bindings, whose version was
    // checked; it lives as long as the capsule.
    Ok(unsafe { pointer.as_ref() }.clone())
}

/// What is wrong with a call.
enum Wrong {
    Call(DataFusionError),
    /// The lengths of the arguments.
    Rows(String),
    /// An argument that cannot be read.
    Array(PyErr),
}

/// The arguments of a call, and how many rows it has.
fn arguments(
    function: &str,
    args: Vec<AnyArray>,
    constants: &[bool],
    rows: Option<usize>,
) -> Result<(Vec<ColumnarValue>, usize), Wrong> {
    let mut values = Vec::with_capacity(args.len());
    let mut known = rows.map(|rows| ("rows".to_owned(), rows));
    for (index, (arg, is_constant)) in args.into_iter().zip(constants).enumerate() {
        let array = whole(arg).map_err(Wrong::Array)?;
        if *is_constant {
            values.push(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0).map_err(Wrong::Call)?));
            continue;
        }
        match &known {
            Some((what, rows)) if *rows != array.len() => {
                let found = array.len();
                return Err(Wrong::Rows(format!("{function}: argument {index} has {found} rows, but {what} {rows}")));
            }
            Some(_) => {}
            None => known = Some((format!("argument {index}"), array.len())),
        }
        values.push(ColumnarValue::Array(array));
    }
    Ok((values, known.map_or(1, |(_, rows)| rows)))
}

/// An argument as one array: those that come in chunks are joined.
pub(crate) fn whole(arg: AnyArray) -> PyResult<ArrayRef> {
    match arg {
        AnyArray::Array(array) => Ok(array.into_inner().0),
        AnyArray::Stream(stream) => {
            let chunks = stream.into_chunked_array().map_err(PyErr::from)?;
            let (chunks, field) = chunks.into_inner();
            match chunks.as_slice() {
                [] => Ok(datafusion::arrow::array::new_empty_array(field.data_type())),
                [one] => Ok(Arc::clone(one)),
                _ => {
                    let parts: Vec<_> = chunks.iter().map(AsRef::as_ref).collect();
                    concat(&parts).map_err(|error| PyTypeError::new_err(error.to_string()))
                }
            }
        }
    }
}
