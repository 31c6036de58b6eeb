//! Table functions in a plain context.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::{
    arrow::datatypes::{Field, Schema, SchemaRef},
    catalog::{Session, TableFunctionArgs, TableFunctionImpl, TableProvider},
    common::{DFSchema, plan_err},
    error::Result,
    execution::memory_pool::MemoryPool,
    logical_expr::{Expr, ExprSchemable, LogicalPlanBuilder, TableType},
    physical_plan::ExecutionPlan,
};

use super::node::{TableCall, Yield};
use crate::function::{FunctionDefinition, WasmScalarUdf, coercion::coerce, table::exec::TableCallExec};

/// A table function for [`SessionContext::register_udtf`](datafusion::prelude::SessionContext::register_udtf): its
/// arguments are constants. A [`Session`](crate::Session) needs none of this, and can do lateral joins.
#[derive(Debug)]
pub struct WasmTableFunction {
    function: WasmScalarUdf,
}

impl WasmTableFunction {
    /// Makes a table function of a definition.
    ///
    /// # Errors
    /// When the definition is not that of a table function.
    pub fn new(definition: Arc<FunctionDefinition>) -> Result<Self> {
        if !definition.is_table() {
            return plan_err!("function {} is not a table function: it has no RETURNS TABLE", definition.name());
        }
        Ok(Self { function: WasmScalarUdf::new(definition)? })
    }

    /// The same function with images and sandboxes charged to a memory pool.
    #[must_use]
    pub fn with_memory_pool(self, pool: Arc<dyn MemoryPool>) -> Self {
        Self { function: self.function.with_memory_pool(pool) }
    }
}

impl TableFunctionImpl for WasmTableFunction {
    fn call_with_args(&self, args: TableFunctionArgs<'_, '_>) -> Result<Arc<dyn TableProvider>> {
        let definition = self.function.definition();
        let name = definition.name();
        let empty = DFSchema::empty();
        for arg in args.exprs() {
            if arg.any_column_refs() || arg.contains_outer() {
                return plan_err!(
                    "function {name}: the argument {arg} is a column; in this context a table function takes constants \
                     only. A wasmfusion Session can join it laterally, and SELECT unnest({name}(…)) FROM … works here"
                );
            }
        }
        let given = args.exprs().iter().map(|arg| arg.get_type(&empty)).collect::<Result<Vec<_>>>()?;
        let wanted = coerce(name, &definition.signature().params, &given)?;
        let args = args.exprs().iter().zip(&wanted).map(|(arg, ty)| arg.clone().cast_to(ty, &empty));
        let args = args.collect::<Result<Vec<_>>>()?;
        let columns = definition.signature().columns.iter().flatten();
        let schema = columns.map(|column| Field::new(&column.name, column.data_type.clone(), true)).collect::<Vec<_>>();
        Ok(Arc::new(CallTable { function: self.function.clone(), args, schema: Arc::new(Schema::new(schema)) }))
    }
}

/// A call with constants as a table.
#[derive(Debug)]
struct CallTable {
    function: WasmScalarUdf,
    args: Vec<Expr>,
    schema: SchemaRef,
}

#[async_trait]
impl TableProvider for CallTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let one_row = LogicalPlanBuilder::empty(true).build()?;
        let columns = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let yields = columns.into_iter().map(Yield::Item).collect();
        let input = state.create_physical_plan(&one_row).await?;
        let call = TableCall::new(Arc::new(one_row), self.function.clone(), self.args.clone(), false, false)?;
        let call = call.yielding(yields)?;
        let args = self.args.iter().map(|arg| state.create_physical_expr(arg.clone(), &DFSchema::empty()));
        let exec = TableCallExec::new(&call, args.collect::<Result<Vec<_>>>()?, input)?;
        Ok(exec.limited(limit))
    }
}
