//! From a CREATE FUNCTION statement to a function.

use std::sync::Arc;

use datafusion::{
    arrow::datatypes::DataType, common::DFSchema, execution::SessionState, logical_expr::ExprSchemable,
    sql::sqlparser::ast::DataType as SqlType,
};

use super::{
    source,
    statement::{CreateFunction, Returns},
};
use crate::{
    engine::Engine,
    error::{Error, Result},
    function::{FunctionDefinition, FunctionSpec},
    module::{DeclaredTypes, Module, Parameter},
};

/// What a statement asks for.
///
/// # Errors
/// When its types are unknown, or functions are switched off; the function is named.
pub(super) fn spec(engine: &Engine, state: &SessionState, statement: &CreateFunction) -> Result<FunctionSpec> {
    check_enabled(engine, &statement.name)?;
    let params = statement.params.as_ref().map(|params| {
        params
            .iter()
            .map(|param| {
                Ok(Parameter {
                    name: param.name.clone(),
                    data_type: arrow_type(state, &param.ty)?,
                    not_null: param.not_null,
                })
            })
            .collect::<Result<Vec<_>>>()
    });
    let mut declared = DeclaredTypes {
        params: params.transpose()?,
        called_on_null: statement.called_on_null,
        ..DeclaredTypes::default()
    };
    match &statement.returns {
        None => {}
        Some(Returns::Type(ty)) => declared.result = Some(arrow_type(state, ty)?),
        Some(Returns::Table(columns)) => {
            let typed = |(name, ty): &(String, SqlType)| Ok((name.clone(), arrow_type(state, ty)?));
            let columns = columns.as_ref().map(|columns| columns.iter().map(typed).collect::<Result<_>>());
            declared.table = Some(columns.transpose()?);
        }
    }
    let spec = FunctionSpec {
        name: statement.name.clone(),
        statement: statement.to_string(),
        extension: None,
        abi: statement.abi,
        export: statement.export.clone(),
        grow_to: statement.grow_to,
        declared,
        volatility: statement.volatility,
    };
    Ok(spec)
}

/// Reads the module of a statement, and its WIT.
///
/// # Errors
/// When they cannot be read.
pub(super) async fn read(engine: &Engine, statement: &CreateFunction) -> Result<(Vec<u8>, Option<String>)> {
    let most = engine.variables().max_raw_module_size();
    let module = source::read(engine, &statement.source, most).await?;
    let wit = match &statement.wit {
        None => None,
        Some(wit) => Some(wit_text(source::read(engine, wit, most).await?)?),
    };
    Ok((module, wit))
}

/// # Errors
/// When it is no text.
pub(super) fn wit_text(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| Error::Signature("WIT: the text is not UTF-8".into()))
}

/// # Errors
/// When functions are switched off; the function is named.
pub(super) fn check_enabled(engine: &Engine, name: &str) -> Result<()> {
    engine.variables().check_enabled().map_err(|error| Error::Statement(format!("CREATE FUNCTION {name}: {error}")))
}

/// Makes a function of a module's bytes; errors name the function.
pub(super) fn build(
    engine: &Engine,
    spec: FunctionSpec,
    module: &[u8],
    wit: Option<&str>,
) -> Result<FunctionDefinition> {
    let name = spec.name.clone();
    Module::read(module, wit, engine.variables().max_raw_module_size())
        .and_then(|module| engine.build(spec, Arc::new(module)))
        .map_err(|error| Error::Statement(format!("CREATE FUNCTION {name}: {error}")))
}

/// The Arrow type that DataFusion gives a SQL type.
pub(super) fn arrow_type(state: &SessionState, ty: &SqlType) -> Result<DataType> {
    let unknown =
        |e: datafusion::error::DataFusionError| Error::Statement(format!("type {ty}: {}", e.strip_backtrace()));
    let expr = state.create_logical_expr(&format!("CAST(NULL AS {ty})"), &DFSchema::empty()).map_err(unknown)?;
    expr.get_type(&DFSchema::empty()).map_err(unknown)
}
