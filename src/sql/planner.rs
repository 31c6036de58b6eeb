//! DataFusion's own query planner, with table functions.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::{
    catalog::Session,
    error::Result,
    execution::context::QueryPlanner,
    logical_expr::LogicalPlan,
    physical_plan::ExecutionPlan,
    physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner},
};

use crate::function::WasmExtensionPlanner;

/// Plans as DataFusion does by default, and the calls of table functions.
#[derive(Debug)]
pub(super) struct TableQueryPlanner;

/// The planner of a context that has none of its own is replaced; another one has to take [`WasmExtensionPlanner`] among
/// its extension planners.
pub(super) fn with_table_functions(
    planner: &Arc<dyn QueryPlanner + Send + Sync>,
) -> Arc<dyn QueryPlanner + Send + Sync> {
    // The type of the default one is private; it has no state, and its name is all that it shows.
    match format!("{planner:?}").as_str() {
        "DefaultQueryPlanner" => Arc::new(TableQueryPlanner),
        _ => Arc::clone(planner),
    }
}

#[async_trait]
impl QueryPlanner for TableQueryPlanner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(WasmExtensionPlanner)]);
        planner.create_physical_plan(plan, session).await
    }
}
