//! Errors as Python exceptions.

use datafusion::error::DataFusionError;
use pyo3::{create_exception, exceptions::PyException, prelude::*};

create_exception!(wasmfusion, WasmError, PyException, "A statement, a module or a call failed.");
create_exception!(
    wasmfusion,
    GuestError,
    WasmError,
    "The guest failed: a trap, a limit, a timeout, an err result or a lying result.\n\n\
     Its attributes: function (str), row (int within the batch, or None), arguments (list of str), failure (str), \
     output (str, what the guest wrote to its standard output and error)."
);

/// Makes the exception of an error of DataFusion, which may be one of ours.
pub(crate) fn raise(error: DataFusionError) -> PyErr {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(at) = source {
        if let Some(wasmfusion::Error::Guest(guest)) = at.downcast_ref() {
            return guest_error(guest);
        }
        source = at.source();
    }
    WasmError::new_err(error.strip_backtrace())
}

/// Makes the exception of an error of ours.
pub(crate) fn raise_own(error: wasmfusion::Error) -> PyErr {
    match error {
        wasmfusion::Error::Guest(guest) => guest_error(&guest),
        other => WasmError::new_err(other.to_string()),
    }
}

fn guest_error(guest: &wasmfusion::GuestError) -> PyErr {
    let error = GuestError::new_err(guest.to_string());
    Python::attach(|py| {
        let value = error.value(py);
        let set = || -> PyResult<()> {
            value.setattr("function", &guest.function)?;
            value.setattr("row", guest.row)?;
            value.setattr("arguments", &guest.arguments)?;
            value.setattr("failure", guest.failure.to_string())?;
            value.setattr("output", &guest.output)
        };
        // Without attributes it is an error as well.
        set().map_or_else(|other| other, |()| error.clone_ref(py))
    })
}
