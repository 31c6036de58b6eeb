//! A SQL session that understands our statements.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use datafusion::{
    common::plan_err,
    dataframe::DataFrame,
    error::Result,
    execution::{FunctionRegistry, SessionState, memory_pool::MemoryPool, session_state::SessionStateBuilder},
    logical_expr::{LogicalPlanBuilder, ScalarUDF, planner::RelationPlanner},
    optimizer::AnalyzerRule,
    prelude::{SessionConfig, SessionContext},
};

use super::{
    analyze::MeteringQueryPlanner,
    create,
    factory::WasmFunctionFactory,
    lateral::LateralCalls,
    parser,
    planner::with_table_functions,
    prune::PruneCalls,
    relation::{TableFunctionPlanner, rewrite},
    statement::{CreateFunction, Statement},
    status::StatusTable,
    variables::WasmConfig,
};
use crate::{
    catalog::IfExists,
    engine::Engine,
    function::{FunctionDefinition, WasmScalarUdf},
    lock::lock,
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

/// What the session knows of the engine's catalog, and the memory pool that it charges, which `SET` can replace.
#[derive(Default)]
struct Seen {
    version: u64,
    functions: BTreeMap<String, Arc<FunctionDefinition>>,
    pool: Option<Arc<dyn MemoryPool>>,
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

    /// Makes a session of a context that was set up elsewhere. All clones of the context get the variables, the factory
    /// for `CREATE FUNCTION … LANGUAGE wasm` and, in their default schema unless these names are taken, the tables
    /// `wasm_status` and `wasm_functions`. Statements that were prepared before are forgotten.
    #[must_use]
    pub fn with_context(engine: Arc<Engine>, context: SessionContext) -> Self {
        {
            let state = context.state_ref();
            let mut state = state.write();
            state.config_mut().options_mut().extensions.insert(WasmConfig(Arc::clone(engine.variables())));
            let planner = MeteringQueryPlanner::around(&with_table_functions(state.query_planner()));
            let factory = WasmFunctionFactory::new(Arc::clone(&engine));
            // A context that was set up here before has the rules already.
            let is_new = state.analyzer().rules.iter().all(|rule| rule.name() != LateralCalls.name());
            // In the place of the old state: others may hold on to the lock that it is behind.
            let mut builder = SessionStateBuilder::new_from_existing(state.clone())
                .with_session_id(state.session_id().to_owned())
                .with_query_planner(planner)
                .with_function_factory(Some(Arc::new(factory)));
            if is_new {
                let mut planners: Vec<Arc<dyn RelationPlanner>> = vec![Arc::new(TableFunctionPlanner)];
                planners.extend(state.relation_planners().iter().map(Arc::clone));
                builder = builder
                    .with_analyzer_rule(Arc::new(LateralCalls))
                    .with_optimizer_rule(Arc::new(PruneCalls))
                    .with_relation_planners(planners);
            }
            *state = builder.build();
        }
        for (name, table) in StatusTable::all(&engine) {
            if let Err(error) = context.register_table(name, table) {
                tracing::debug!(name, %error, "not added");
            }
        }
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
            Some(Statement::DropFunction { name, .. }) if self.engine.remove_function(&name) => {
                self.see()?;
                self.nothing()
            }
            // DataFusion does not fold names here, and would drop ours behind the catalog's back.
            Some(Statement::DropFunction { name, as_written, if_exists }) if self.engine.has_function(&as_written) => {
                match if_exists {
                    true => self.nothing(),
                    false => plan_err!("function {name} does not exist; to drop the other one, write \"{as_written}\""),
                }
            }
            Some(Statement::Reset(name)) => {
                self.engine.variables().reset(&name)?;
                self.nothing()
            }
            _ => self.datafusion(sql).await,
        }
    }

    /// A statement that is not ours. It may call table functions.
    async fn datafusion(&self, sql: &str) -> Result<DataFrame> {
        let state = self.context.state();
        let mut statement = state.sql_to_statement(sql, &state.config().options().sql_parser.dialect)?;
        rewrite(&mut statement, &|name| self.engine.has_function(name));
        let plan = state.statement_to_plan(statement).await?;
        self.context.execute_logical_plan(plan).await
    }

    fn create_function(&self, statement: &CreateFunction) -> Result<()> {
        let name = &statement.name;
        let ours = self.engine.has_function(name);
        if ours && statement.if_exists == IfExists::Keep {
            return Ok(());
        }
        let state = self.context.state();
        if !ours && is_taken(&state, name) {
            return plan_err!("function {name} is one of DataFusion's own; choose another name");
        }
        let function = create::create(&self.engine, &state, statement)?;
        self.engine.add_function(function, statement.if_exists)?;
        self.see()
    }

    /// Takes over what has changed in the engine's catalog.
    fn see(&self) -> Result<()> {
        let mut seen = lock(&self.seen);
        let pool = Arc::clone(&self.context.runtime_env().memory_pool);
        let same_pool = seen.pool.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, &pool));
        let (version, functions) = match self.engine.changed_since(seen.version) {
            Some((version, functions)) => {
                (version, functions.into_iter().map(|function| (function.name().to_owned(), function)).collect())
            }
            None if same_pool => return Ok(()),
            None => (seen.version, seen.functions.clone()),
        };
        for name in seen.functions.keys().filter(|name| !functions.contains_key(*name)) {
            self.context.deregister_udf(name);
        }
        for (name, function) in &functions {
            if !same_pool || seen.functions.get(name).is_none_or(|known| !Arc::ptr_eq(known, function)) {
                let udf = WasmScalarUdf::new(Arc::clone(function))?.with_memory_pool(Arc::clone(&pool));
                self.context.register_udf(ScalarUDF::new_from_impl(udf));
            }
        }
        *seen = Seen { version, functions, pool: Some(pool) };
        Ok(())
    }

    /// The result of a statement without one.
    fn nothing(&self) -> Result<DataFrame> {
        Ok(DataFrame::new(self.context.state(), LogicalPlanBuilder::empty(false).build()?))
    }
}

/// DataFusion, or who set up the context, has a function of that name.
fn is_taken(state: &SessionState, name: &str) -> bool {
    state.udf(name).is_ok()
        || state.udaf(name).is_ok()
        || state.udwf(name).is_ok()
        || state.table_functions().contains_key(name)
}
