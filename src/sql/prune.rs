//! Columns that nobody asks a table function for are not made, and not copied from its input.

use std::{collections::HashSet, sync::Arc};

use datafusion::{
    common::{Column, tree_node::Transformed},
    error::Result,
    logical_expr::{Aggregate, Expr, Filter, LogicalPlan, Projection, SubqueryAlias},
    optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule},
};

use crate::function::{TableCall, Yield};

/// Narrows a call to the columns that a projection or aggregation above it uses.
#[derive(Debug)]
pub(super) struct PruneCalls;

impl OptimizerRule for PruneCalls {
    fn name(&self) -> &'static str {
        "wasm_prune_calls"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(&self, plan: LogicalPlan, _config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        match plan {
            LogicalPlan::Projection(Projection { expr, input, schema, .. }) => {
                let narrowed = narrow(&input, used(&expr, []))?;
                let changed = narrowed.is_some();
                let input = narrowed.map_or(input, Arc::new);
                let plan = LogicalPlan::Projection(Projection::try_new_with_schema(expr, input, schema)?);
                Ok(if changed { Transformed::yes(plan) } else { Transformed::no(plan) })
            }
            LogicalPlan::Aggregate(Aggregate { input, group_expr, aggr_expr, schema, .. }) => {
                let narrowed = narrow(&input, used(group_expr.iter().chain(&aggr_expr), []))?;
                let changed = narrowed.is_some();
                let input = narrowed.map_or(input, Arc::new);
                let plan =
                    LogicalPlan::Aggregate(Aggregate::try_new_with_schema(input, group_expr, aggr_expr, schema)?);
                Ok(if changed { Transformed::yes(plan) } else { Transformed::no(plan) })
            }
            plan => Ok(Transformed::no(plan)),
        }
    }
}

fn used<'a>(exprs: impl IntoIterator<Item = &'a Expr>, more: impl IntoIterator<Item = Column>) -> HashSet<Column> {
    let mut used: HashSet<Column> = more.into_iter().collect();
    for expr in exprs {
        used.extend(expr.column_refs().into_iter().cloned());
    }
    used
}

/// The plan with a call that yields no more than `used`; `None` when it does not yield more anyway.
fn narrow(plan: &LogicalPlan, used: HashSet<Column>) -> Result<Option<LogicalPlan>> {
    match plan {
        LogicalPlan::Filter(Filter { predicate, input, .. }) => {
            let below = narrow(input, self::used([predicate], used))?;
            below.map(|input| Ok(LogicalPlan::Filter(Filter::try_new(predicate.clone(), Arc::new(input))?))).transpose()
        }
        LogicalPlan::SubqueryAlias(SubqueryAlias { input, alias, schema, .. }) => {
            let columns = input.schema().columns().into_iter().zip(schema.columns());
            let used = columns.filter_map(|(below, above)| used.contains(&above).then_some(below)).collect();
            let below = narrow(input, used)?;
            below
                .map(|input| Ok(LogicalPlan::SubqueryAlias(SubqueryAlias::try_new(Arc::new(input), alias.clone())?)))
                .transpose()
        }
        other => {
            let Some(call) = TableCall::of(other) else { return Ok(None) };
            let columns = datafusion::logical_expr::UserDefinedLogicalNodeCore::schema(call).columns();
            let yields: Vec<Yield> = call
                .yields
                .iter()
                .zip(columns)
                .filter(|(_, column)| used.contains(column))
                .map(|(what, _)| what.clone())
                .collect();
            if yields.len() == call.yields.len() {
                return Ok(None);
            }
            Ok(Some(call.yielding(yields)?.into_plan()))
        }
    }
}
