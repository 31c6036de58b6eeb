//! Scalar functions.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use datafusion::{
    arrow::{
        compute::CastOptions,
        datatypes::{DataType, Field, FieldRef},
    },
    common::plan_err,
    error::Result,
    execution::memory_pool::MemoryPool,
    logical_expr::{
        self, ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature as DataFusionSignature,
    },
};

use super::{
    coercion::coerce,
    definition::{FunctionDefinition, Volatility},
};
use crate::{
    batch::{Caller, Counters, Interrupt, Items, Opened, Query},
    error::arguments,
    memory::Account,
    module::GuestType,
};

/// A function of a module as a DataFusion scalar function.
#[derive(Debug, Clone)]
pub struct WasmScalarUdf {
    definition: Arc<FunctionDefinition>,
    signature: DataFusionSignature,
    account: Account,
    /// The query that it is called in. Like the account and the meter it is no part of what makes two functions the same.
    query: Option<Arc<Query>>,
    /// What counts the query's calls.
    meter: Option<Arc<Counters>>,
}

impl WasmScalarUdf {
    /// Makes a scalar function of a definition.
    ///
    /// # Errors
    /// When two parameters have the same name.
    pub fn new(definition: Arc<FunctionDefinition>) -> Result<Self> {
        let volatility = match definition.volatility() {
            Volatility::Immutable => logical_expr::Volatility::Immutable,
            Volatility::Stable => logical_expr::Volatility::Stable,
            Volatility::Volatile => logical_expr::Volatility::Volatile,
        };
        let names: Vec<&str> = definition.signature().params.iter().map(|param| param.name.as_str()).collect();
        let signature = DataFusionSignature::user_defined(volatility).with_parameter_names(names)?;
        let account = definition.callable.runtime.account(None);
        Ok(Self { definition, signature, account, query: None, meter: None })
    }

    /// The same function with images and sandboxes charged to a memory pool, usually that of the session in which it is
    /// called.
    #[must_use]
    pub fn with_memory_pool(self, pool: Arc<dyn MemoryPool>) -> Self {
        Self { account: self.definition.callable.runtime.account(Some(pool)), ..self }
    }

    /// The same function with calls that an interrupt stops.
    #[must_use]
    pub fn stopped_by(&self, interrupt: &Interrupt) -> Self {
        self.in_query(Arc::clone(&interrupt.0), None)
    }

    /// Calls the function on a batch of `rows` rows without a plan around it. Arguments become what the parameters are, as
    /// far as SQL would do it; the result of constants is a constant, unless the function is volatile.
    ///
    /// # Errors
    /// When the arguments do not fit, the guest fails, or the memory pool refuses.
    pub fn call(&self, args: &[ColumnarValue], rows: usize) -> Result<ColumnarValue> {
        let given: Vec<DataType> = args.iter().map(ColumnarValue::data_type).collect();
        let types = self.coerce_types(&given)?;
        let strict = CastOptions { safe: false, ..CastOptions::default() };
        let args = args.iter().zip(&types).map(|(arg, ty)| arg.cast_to(ty, Some(&strict)));
        self.invoke(&args.collect::<Result<Vec<_>>>()?, rows)
    }

    fn invoke(&self, args: &[ColumnarValue], rows: usize) -> Result<ColumnarValue> {
        let callable = &self.definition.callable;
        Ok(callable.aside(self.caller(), || callable.call(args, rows, self.caller()))?)
    }

    /// The same function as part of a query, with its calls counted if there is a meter.
    pub(crate) fn in_query(&self, query: Arc<Query>, meter: Option<Arc<Counters>>) -> Self {
        Self { query: Some(query), meter, ..self.clone() }
    }

    /// The function's definition.
    #[must_use]
    pub fn definition(&self) -> &Arc<FunctionDefinition> {
        &self.definition
    }

    /// Begins with a batch of a table function.
    pub(super) fn open(&self, args: &[ColumnarValue], rows: usize, columns: Vec<usize>) -> Result<Opened> {
        let callable = &self.definition.callable;
        Ok(callable.aside(self.caller(), || callable.open(args, rows, columns, self.caller()))?)
    }

    /// The next items of a batch of a table function.
    pub(super) fn next(&self, opened: &mut Opened) -> Result<Option<Items>> {
        let callable = &self.definition.callable;
        Ok(callable.aside(self.caller(), || callable.next(opened, self.caller()))?)
    }

    fn caller(&self) -> Caller<'_> {
        Caller { account: &self.account, meter: self.meter.as_deref(), query: self.query.as_deref() }
    }

    /// What makes two functions the same: DataFusion merges calls of equal functions.
    fn identity(&self) -> impl Hash + PartialEq + '_ {
        let definition = &self.definition;
        (
            definition.name(),
            definition.module_hash(),
            definition.export(),
            definition.abi(),
            definition.signature(),
            definition.memory_limit(),
            definition.volatility(),
        )
    }
}

impl PartialEq for WasmScalarUdf {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for WasmScalarUdf {}

impl Hash for WasmScalarUdf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl ScalarUDFImpl for WasmScalarUdf {
    fn name(&self) -> &str {
        self.definition.name()
    }

    fn signature(&self) -> &DataFusionSignature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(self.definition.signature().return_type.clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let signature = self.definition.signature();
        if args.arg_fields.len() != signature.params.len() {
            return plan_err!("function {} takes {}", self.name(), arguments(signature.params.len()));
        }
        let makes_null = matches!(signature.guest.result, GuestType::Option(_));
        let passes_null =
            args.arg_fields.iter().enumerate().any(|(index, field)| signature.is_strict(index) && field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), signature.return_type.clone(), makes_null || passes_null)))
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        coerce(self.name(), &self.definition.signature().params, arg_types)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.invoke(&args.args, args.number_rows)
    }
}
