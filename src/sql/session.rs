//! A SQL session that understands our statements.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use datafusion::{
    common::plan_err,
    dataframe::DataFrame,
    error::Result,
    execution::FunctionRegistry,
    logical_expr::{LogicalPlanBuilder, ScalarUDF},
    prelude::{SessionConfig, SessionContext},
};

use super::{
    create,
    factory::WasmFunctionFactory,
    parser,
    statement::{CreateFunction, Statement},
};
use crate::{
    catalog::IfExists,
    engine::Engine,
    function::{FunctionDefinition, WasmScalarUdf},
};

/// A DataFusion session in which functions can be created from WebAssembly modules.
///
/// Functions belong to the engine: a session sees those that other sessions of its engine created at its next
/// statement.
pub struct Session {
    engine: Arc<Engine>,
    context: SessionContext,
    seen: Mutex<Seen>,
}

/// What the session knows of the engine's catalog.
#[derive(Default)]
struct Seen {
    version: u64,
    functions: BTreeMap<String, Arc<FunctionDefinition>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("id", &self.context.session_id()).finish_non_exhaustive()
    }
}

impl Session {
    /// Makes a session as users of datafusion-cli know it: with the information schema, and files as tables
    /// (`SELECT * FROM 'file.parquet'`).
    #[must_use]
    pub fn new(engine: Arc<Engine>) -> Self {
        let config = SessionConfig::from_env().unwrap_or_default().with_information_schema(true);
        Self::with_context(engine, SessionContext::new_with_config(config).enable_url_table())
    }

    /// Makes a session of a context that was set up elsewhere.
    #[must_use]
    pub fn with_context(engine: Arc<Engine>, context: SessionContext) -> Self {
        let factory = Arc::new(WasmFunctionFactory::new(Arc::clone(&engine)));
        let context = context.with_function_factory(factory);
        Self { engine, context, seen: Mutex::default() }
    }

    /// The DataFusion context.
    #[must_use]
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// The engine that the session shares.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Plans one statement; statements that define or change something are carried out.
    ///
    /// # Errors
    /// When the statement is wrong, or cannot be carried out.
    pub async fn sql(&self, sql: &str) -> Result<DataFrame> {
        self.see()?;
        match parser::parse(sql)? {
            Some(Statement::CreateFunction(statement)) => {
                self.create_function(&statement)?;
                self.nothing()
            }
            Some(Statement::DropFunction { name, .. }) if self.engine.catalog().remove(&name) => {
                self.see()?;
                self.nothing()
            }
            // DataFusion does not fold names here, and would drop ours behind the catalog's back.
            Some(Statement::DropFunction { name, as_written, if_exists })
                if self.engine.catalog().contains(&as_written) =>
            {
                match if_exists {
                    true => self.nothing(),
                    false => plan_err!("function {name} does not exist; to drop the other one, write \"{as_written}\""),
                }
            }
            _ => self.context.sql(sql).await,
        }
    }

    fn create_function(&self, statement: &CreateFunction) -> Result<()> {
        let name = &statement.name;
        let ours = self.engine.catalog().contains(name);
        if ours && statement.if_exists == IfExists::Keep {
            return Ok(());
        }
        let state = self.context.state();
        if !ours && (state.udf(name).is_ok() || state.udaf(name).is_ok() || state.udwf(name).is_ok()) {
            return plan_err!("function {name} is one of DataFusion's own; choose another name");
        }
        let function = create::create(&self.engine, &state, statement)?;
        self.engine.catalog().add(function, statement.if_exists)?;
        self.see()
    }

    /// Takes over what has changed in the engine's catalog.
    fn see(&self) -> Result<()> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((version, functions)) = self.engine.catalog().changed_since(seen.version) else { return Ok(()) };
        let functions: BTreeMap<_, _> =
            functions.into_iter().map(|function| (function.name().to_owned(), function)).collect();
        for name in seen.functions.keys().filter(|name| !functions.contains_key(*name)) {
            self.context.deregister_udf(name);
        }
        for (name, function) in &functions {
            if seen.functions.get(name).is_none_or(|known| !Arc::ptr_eq(known, function)) {
                let udf = WasmScalarUdf::new(Arc::clone(function))?;
                self.context.register_udf(ScalarUDF::new_from_impl(udf));
            }
        }
        *seen = Seen { version, functions };
        Ok(())
    }

    /// The result of a statement without one.
    fn nothing(&self) -> Result<DataFrame> {
        Ok(DataFrame::new(self.context.state(), LogicalPlanBuilder::empty(false).build()?))
    }
}
