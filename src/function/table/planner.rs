//! From the logical node to the physical one.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::{
    catalog::Session,
    common::internal_err,
    error::Result,
    logical_expr::{LogicalPlan, UserDefinedLogicalNode, physical_planning_context::PhysicalPlanningContext},
    physical_plan::ExecutionPlan,
    physical_planner::{ExtensionPlanner, PhysicalPlanner},
};

use super::{exec::TableCallExec, node::TableCall};

/// Plans the calls of table functions. A [`Session`](crate::Session) installs it when its context plans as DataFusion
/// does by default; another query planner takes it among its extension planners.
#[derive(Debug, Default, Clone, Copy)]
pub struct WasmExtensionPlanner;

#[async_trait]
impl ExtensionPlanner for WasmExtensionPlanner {
    async fn plan_extension(
        &self,
        planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        planning_ctx: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(call) = node.as_any().downcast_ref::<TableCall>() else { return Ok(None) };
        let [input] = physical_inputs else { return internal_err!("a table function has one input") };
        let args = call
            .args
            .iter()
            .map(|arg| planner.create_physical_expr(arg, call.input.schema(), session, planning_ctx))
            .collect::<Result<Vec<_>>>()?;
        Ok(Some(Arc::new(TableCallExec::new(call, args, Arc::clone(input))?)))
    }
}
