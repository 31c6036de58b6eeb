//! CREATE FUNCTION … LANGUAGE wasm in a plain [`SessionContext`](datafusion::prelude::SessionContext).

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::{
    common::{ScalarValue, plan_err},
    error::Result,
    execution::{
        SessionState,
        context::{FunctionFactory, RegisterFunction},
    },
    logical_expr::{self, CreateFunction, Expr, ScalarUDF},
};

use super::{create, parser, source, types};
use crate::{
    engine::Engine,
    function::{FunctionSpec, Volatility, WasmScalarUdf, WasmTableFunction},
    module::{DeclaredTypes, Parameter},
};

/// Makes functions from `CREATE FUNCTION name(args) RETURNS type LANGUAGE wasm AS 'path'`, the form that DataFusion
/// parses by itself.
///
/// A table function (`RETURNS TABLE (…)`) needs a [`WasmTypePlanner`](crate::WasmTypePlanner) in the same context.
///
/// DataFusion's planner drops `STRICT` and the export of `AS 'path', 'export'` on the way here; a
/// [`Session`](crate::Session) keeps them.
#[derive(Debug)]
pub struct WasmFunctionFactory {
    engine: Arc<Engine>,
}

impl WasmFunctionFactory {
    /// Makes a factory for [`SessionContext::with_function_factory`](datafusion::prelude::SessionContext::with_function_factory).
    #[must_use]
    pub fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }
}

#[async_trait]
impl FunctionFactory for WasmFunctionFactory {
    async fn create(&self, state: &SessionState, statement: CreateFunction) -> Result<RegisterFunction> {
        // DataFusion keeps the name as it was typed, and looks up scalar functions in lower case.
        let name = statement.name.to_ascii_lowercase();
        create::check_enabled(&self.engine, &name)?;
        match &statement.params.language {
            Some(language) if language.value.eq_ignore_ascii_case("wasm") => {}
            Some(other) => return plan_err!("function {name}: LANGUAGE {other} is not supported, only wasm"),
            None => return plan_err!("function {name}: LANGUAGE wasm AS 'path' is needed"),
        }
        let is_taken = state.scalar_functions().contains_key(&name) || state.table_functions().contains_key(&name);
        if !statement.or_replace && is_taken {
            return plan_err!("function {name} exists already; CREATE OR REPLACE FUNCTION replaces it");
        }
        let Some(Expr::Literal(ScalarValue::Utf8(Some(path)) | ScalarValue::Utf8View(Some(path)), _)) =
            &statement.params.function_body
        else {
            return plan_err!("function {name}: AS 'path' must be a string");
        };
        let params = statement.args.map(|args| {
            args.into_iter()
                .enumerate()
                .map(|(index, arg)| Parameter {
                    name: arg.name.map_or_else(|| format!("arg{index}"), |name| name.value),
                    data_type: arg.data_type,
                    not_null: false,
                })
                .collect()
        });
        let (result, table) = match statement.return_type {
            Some(ty) => match types::columns_of(&ty) {
                Some(columns) => (None, Some(columns)),
                None => (Some(ty), None),
            },
            None => (None, None),
        };
        let has_types = result.is_some() || table.is_some();
        let spec = FunctionSpec {
            name,
            statement: String::new(),
            extension: None,
            abi: None,
            export: None,
            grow_to: None,
            // Without parentheses and RETURNS the types follow from the component.
            declared: DeclaredTypes {
                params: params.filter(|params: &Vec<_>| !params.is_empty() || has_types),
                result,
                table,
                ..DeclaredTypes::default()
            },
            volatility: match statement.params.behavior {
                Some(logical_expr::Volatility::Stable) => Volatility::Stable,
                Some(logical_expr::Volatility::Volatile) => Volatility::Volatile,
                Some(logical_expr::Volatility::Immutable) | None => Volatility::Immutable,
            },
        };
        let module =
            source::read(&self.engine, &parser::location(path), self.engine.variables().max_raw_module_size()).await?;
        let function = create::build(&self.engine, spec, &module, None)?;
        let pool = Arc::clone(&state.runtime_env().memory_pool);
        if function.is_table() {
            let table = WasmTableFunction::new(Arc::new(function))?.with_memory_pool(pool);
            return Ok(RegisterFunction::Table(statement.name, Arc::new(table)));
        }
        let function = WasmScalarUdf::new(Arc::new(function))?.with_memory_pool(pool);
        Ok(RegisterFunction::Scalar(Arc::new(ScalarUDF::new_from_impl(function))))
    }
}
