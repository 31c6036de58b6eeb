//! From a CREATE FUNCTION statement to a function.

use std::{fs::File, io::Read};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use datafusion::{
    arrow::datatypes::DataType, common::DFSchema, execution::SessionState, logical_expr::ExprSchemable,
    sql::sqlparser::ast::DataType as SqlType,
};

use super::statement::{CreateFunction, Returns, Source};
use crate::{
    engine::Engine,
    error::{Error, Result},
    function::{FunctionDefinition, FunctionSpec},
    module::{DeclaredTypes, Module, Parameter},
};

/// Makes the function that a statement describes.
///
/// # Errors
/// When its types are unknown, its sources cannot be read or its module does not fit; the function is named.
pub(super) fn create(engine: &Engine, state: &SessionState, statement: &CreateFunction) -> Result<FunctionDefinition> {
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
    let module = read(engine, &statement.source)?;
    let wit = match &statement.wit {
        None => None,
        Some(source) => {
            let bytes = read(engine, source)?;
            Some(String::from_utf8(bytes).map_err(|_| Error::Signature("WIT: the text is not UTF-8".into()))?)
        }
    };
    let spec = FunctionSpec {
        name: statement.name.clone(),
        abi: statement.abi,
        export: statement.export.clone(),
        grow_to: statement.grow_to,
        declared,
        volatility: statement.volatility,
    };
    build(engine, spec, &module, wit.as_deref())
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
        .and_then(|module| engine.build(spec, module))
        .map_err(|error| Error::Statement(format!("CREATE FUNCTION {name}: {error}")))
}

/// The Arrow type that DataFusion gives a SQL type.
pub(super) fn arrow_type(state: &SessionState, ty: &SqlType) -> Result<DataType> {
    let unknown =
        |e: datafusion::error::DataFusionError| Error::Statement(format!("type {ty}: {}", e.strip_backtrace()));
    let expr = state.create_logical_expr(&format!("CAST(NULL AS {ty})"), &DFSchema::empty()).map_err(unknown)?;
    expr.get_type(&DFSchema::empty()).map_err(unknown)
}

/// Reads a source to its end.
pub(super) fn read(engine: &Engine, source: &Source) -> Result<Vec<u8>> {
    match source {
        Source::File(path) => {
            let failed = |source| Error::Read { path: path.clone(), source };
            let mut bytes = Vec::new();
            // One byte more than is allowed shows that there are too many, however many there are.
            let most = engine.variables().max_raw_module_size() + 1;
            File::open(path).map_err(failed)?.take(most).read_to_end(&mut bytes).map_err(failed)?;
            Ok(bytes)
        }
        Source::Base64(text) => {
            let compact: String = text.split_whitespace().collect();
            STANDARD.decode(compact).map_err(|e| Error::Statement(format!("BASE64: {e}")))
        }
        Source::Remote(how) if !engine.variables().create_from_url() => Err(Error::Statement(format!(
            "FROM {how}: modules may not be read from other machines (wasm.create_from_url is false)"
        ))),
        Source::Remote(how) => Err(Error::Statement(format!("FROM {how} is not supported yet; use a file"))),
    }
}
