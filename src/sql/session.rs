//! A SQL session that understands our statements.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use datafusion::{
    arrow::{
        array::{ArrayRef, StringArray},
        datatypes::{DataType, Field, Schema},
        record_batch::RecordBatch,
    },
    common::internal_err,
    dataframe::DataFrame,
    error::{DataFusionError, Result},
    execution::{FunctionRegistry, memory_pool::MemoryPool, session_state::SessionStateBuilder},
    logical_expr::{LogicalPlanBuilder, ScalarUDF, planner::RelationPlanner},
    optimizer::AnalyzerRule,
    prelude::{SessionConfig, SessionContext},
};
use futures::FutureExt as _;

use super::{
    backup, extension,
    factory::WasmFunctionFactory,
    information_schema::InformationSchemaPlanner,
    lateral::LateralCalls,
    parser,
    planner::with_table_functions,
    prune::PruneCalls,
    query::{Queries, WasmQueryPlanner},
    relation::{TableFunctionPlanner, rewrite},
    source,
    statement::Statement,
    status::StatusTable,
    variables::WasmConfig,
};
use crate::{
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
    queries: Arc<Queries>,
}

/// What the session knows of the engine's catalog, and the memory pool that it charges, which `SET` can replace.
#[derive(Default)]
struct Seen {
    version: u64,
    functions: BTreeMap<String, Arc<FunctionDefinition>>,
    pool: Option<Arc<dyn MemoryPool>>,
    /// DataFusion's own functions whose names ours have, to come back when those are dropped.
    shadowed: BTreeMap<String, Arc<ScalarUDF>>,
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
        let queries = Arc::new(Queries::default());
        {
            let state = context.state_ref();
            let mut state = state.write();
            state.config_mut().options_mut().extensions.insert(WasmConfig(Arc::clone(engine.variables())));
            let planner = WasmQueryPlanner::around(&with_table_functions(state.query_planner()), &queries);
            let factory = WasmFunctionFactory::new(Arc::clone(&engine));
            // A context that was set up here before has the rules already.
            let is_new = state.analyzer().rules.iter().all(|rule| rule.name() != LateralCalls.name());
            // In the place of the old state: others may hold on to the lock that it is behind.
            let mut builder = SessionStateBuilder::new_from_existing(state.clone())
                .with_session_id(state.session_id().to_owned())
                .with_query_planner(planner)
                .with_function_factory(Some(Arc::new(factory)));
            if is_new {
                let mut planners: Vec<Arc<dyn RelationPlanner>> =
                    vec![Arc::new(TableFunctionPlanner), Arc::new(InformationSchemaPlanner(Arc::clone(&engine)))];
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
        Self { engine, context, seen: Mutex::default(), queries }
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
        let Some(statement) = parser::parse(sql)? else { return self.datafusion(sql).await };
        match statement {
            Statement::CreateFunction(statement) => self.create_function(&statement).await?,
            Statement::DropFunction { name, as_written, if_exists } => {
                if !self.drop_function(&name, &as_written, if_exists)? {
                    // DataFusion does not say which function does not exist.
                    let context = |error: DataFusionError| error.context(format!("DROP FUNCTION {as_written}"));
                    return self.datafusion(sql).await.map_err(context);
                }
            }
            Statement::ShowCreateFunction(name) => return self.show_create_function(&name),
            Statement::CreateExtension { name, if_exists, source } => {
                self.create_extension(&name, if_exists, &source).await?;
            }
            Statement::DropExtension { name, if_exists } => self.drop_extension(&name, if_exists)?,
            Statement::ShowExtensions => return self.show_extensions(),
            Statement::ShowCreateExtension(name) => return self.show_create_extension(&name),
            Statement::Backup { target, plancache } => {
                source::write(&self.engine, &target, backup::backup(&self.engine, plancache)?).await?;
            }
            Statement::Restore { source, replace, plancache } => {
                let archive = source::read(&self.engine, &source, u64::MAX - 1).await?;
                backup::read(&self.engine, &archive)?.restore(&self.engine, replace, plancache)?;
            }
            Statement::Reset(name) => self.engine.variables().reset(&name)?,
        }
        self.see()?;
        self.rows(&[], Vec::new())
    }

    /// Stops the guest code of all statements of this session that are under way; they fail with
    /// [`Failure::Cancelled`](crate::Failure::Cancelled). Dropping what a query yields does the same for one query, but not
    /// while it is being planned, when functions are called on constants.
    pub fn interrupt(&self) {
        self.queries.interrupt();
    }

    /// Packs the extension in a folder as an archive for CREATE EXTENSION, `output` or else `name.tar.gz`; the answer is
    /// the extension's name and where the archive is. The folder has one file `name.sql` with CREATE FUNCTION statements
    /// and the files that they name with LOCAL INFILE.
    ///
    /// # Errors
    /// When a file cannot be read, one of the functions cannot be made, or the archive cannot be written.
    pub fn pack_extension(&self, folder: &Path, output: Option<&Path>) -> Result<(String, PathBuf)> {
        let (name, archive) = extension::pack(&self.engine, &self.context.state(), folder)?;
        let path = output.map_or_else(|| PathBuf::from(format!("{name}.tar.gz")), Path::to_owned);
        source::write_file(&path, &archive)?;
        Ok((name, path))
    }

    /// A statement that is not ours. It may call table functions.
    /// Has DataFusion plan and carry out a statement. There are statements at which it panics, such as `SELECT (SELECT FROM t)`:
    /// that is an error here.
    async fn datafusion(&self, sql: &str) -> Result<DataFrame> {
        let planned = AssertUnwindSafe(self.planned(sql)).catch_unwind().await;
        planned.unwrap_or_else(|_| internal_err!("DataFusion panicked while planning the statement"))
    }

    async fn planned(&self, sql: &str) -> Result<DataFrame> {
        let state = self.context.state();
        let mut statement = state.sql_to_statement(sql, &state.config().options().sql_parser.dialect)?;
        rewrite(&mut statement, &|name| self.engine.has_function(name));
        let plan = state.statement_to_plan(statement).await?;
        self.context.execute_logical_plan(plan).await
    }

    /// Takes over what has changed in the engine's catalog.
    fn see(&self) -> Result<()> {
        self.engine.refresh()?;
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
        let Seen { functions: known, shadowed, .. } = &mut *seen;
        let state = self.context.state_ref();
        let mut state = state.write();
        for name in known.keys().filter(|name| !functions.contains_key(*name)) {
            state.deregister_udf(name)?;
            if let Some(own) = shadowed.remove(name) {
                state.register_udf(own)?;
            }
        }
        for (name, function) in &functions {
            if !same_pool || known.get(name).is_none_or(|known| !Arc::ptr_eq(known, function)) {
                let udf = WasmScalarUdf::new(Arc::clone(function))?.with_memory_pool(Arc::clone(&pool));
                let udf = udf.in_query(Arc::clone(&self.queries.planning), None);
                let before = state.register_udf(Arc::new(ScalarUDF::new_from_impl(udf)))?;
                if let Some(own) = before.filter(|before| !before.inner().is::<WasmScalarUdf>()) {
                    shadowed.insert(name.clone(), own);
                }
            }
        }
        drop(state);
        seen.functions = functions;
        seen.version = version;
        seen.pool = Some(pool);
        Ok(())
    }

    /// Rows of text as the result of a statement; without columns nothing.
    pub(super) fn rows(&self, columns: &[&str], rows: Vec<Vec<String>>) -> Result<DataFrame> {
        if columns.is_empty() {
            return Ok(DataFrame::new(self.context.state(), LogicalPlanBuilder::empty(false).build()?));
        }
        let fields: Vec<Field> = columns.iter().map(|name| Field::new(*name, DataType::Utf8, false)).collect();
        let arrays = (0..columns.len())
            .map(|column| -> ArrayRef {
                Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row[column].as_str())))
            })
            .collect();
        self.context.read_batch(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
    }
}
