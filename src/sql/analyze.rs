//! What functions took in a query, for `EXPLAIN ANALYZE`.
//!
//! DataFusion gives functions no metrics. But a query planner may count by itself: in a plan that is to be analysed each
//! function is replaced by one that counts for this query alone, and a node that shows the counts is put on top of the
//! physical plan, after everything that optimises it.

use std::{any::Any, borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;
use datafusion::{
    catalog::Session,
    common::tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    error::Result,
    execution::{SendableRecordBatchStream, TaskContext, context::QueryPlanner},
    logical_expr::{Expr, LogicalPlan, ScalarUDF, expr::ScalarFunction},
    physical_expr::PhysicalExpr,
    physical_plan::{
        ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
        metrics::{Count, Metric, MetricCategory, MetricType, MetricValue, MetricsSet, Time},
    },
};

use crate::{
    batch::Counters,
    function::{TableCall, WasmScalarUdf},
};

/// What counts in one query, by the name of the function.
type Meters = BTreeMap<String, Arc<Counters>>;

/// A query planner that leaves planning to another, and counts where that is asked for.
#[derive(Debug)]
pub(super) struct MeteringQueryPlanner {
    inner: Arc<dyn QueryPlanner + Send + Sync>,
}

impl MeteringQueryPlanner {
    /// Around another planner, unless that is one already.
    pub(super) fn around(inner: &Arc<dyn QueryPlanner + Send + Sync>) -> Arc<dyn QueryPlanner + Send + Sync> {
        let any: &dyn Any = inner.as_ref();
        if any.is::<Self>() { Arc::clone(inner) } else { Arc::new(Self { inner: Arc::clone(inner) }) }
    }
}

#[async_trait]
impl QueryPlanner for MeteringQueryPlanner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        if !matches!(plan, LogicalPlan::Analyze(_)) {
            return self.inner.create_physical_plan(plan, session).await;
        }
        let (metered, meters) = metered(plan)?;
        let physical = self.inner.create_physical_plan(&metered, session).await?;
        if meters.is_empty() {
            return Ok(physical);
        }
        let children = physical.children().into_iter().map(Arc::clone);
        let children =
            children.map(|input| Arc::new(WasmFunctionsExec { input, meters: meters.clone() }) as _).collect();
        physical.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }
}

/// The plan with functions that count.
fn metered(plan: &LogicalPlan) -> Result<(LogicalPlan, Meters)> {
    let mut meters = Meters::new();
    let plan = plan.clone().transform_up_with_subqueries(|node| {
        let node = match TableCall::of(&node) {
            None => node,
            Some(call) => {
                let meter = meters.entry(call.function.definition().name().to_owned()).or_default();
                call.calling(call.function.with_meter(Arc::clone(meter))).into_plan()
            }
        };
        node.map_expressions(|expr| {
            expr.transform_up(|expr| {
                let Expr::ScalarFunction(call) = expr else { return Ok(Transformed::no(expr)) };
                let Some(function) = call.func.inner().downcast_ref::<WasmScalarUdf>() else {
                    return Ok(Transformed::no(Expr::ScalarFunction(call)));
                };
                let meter = meters.entry(call.func.name().to_owned()).or_default();
                let func = Arc::new(ScalarUDF::new_from_impl(function.with_meter(Arc::clone(meter))));
                Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args: call.args })))
            })
        })
    })?;
    Ok((plan.data, meters))
}

/// Passes on what its input yields, and shows what functions took.
#[derive(Debug)]
struct WasmFunctionsExec {
    input: Arc<dyn ExecutionPlan>,
    meters: Meters,
}

impl DisplayAs for WasmFunctionsExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WasmFunctionsExec: {}", self.meters.keys().cloned().collect::<Vec<_>>().join(", "))
    }
}

impl ExecutionPlan for WasmFunctionsExec {
    fn name(&self) -> &'static str {
        "WasmFunctionsExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = <[_; 1]>::try_from(children)
            .map_err(|children| datafusion::error::DataFusionError::Internal(format!("{} inputs", children.len())))?;
        Ok(Arc::new(Self { input, meters: self.meters.clone() }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.input.execute(partition, context)
    }

    fn metrics(&self) -> Option<MetricsSet> {
        let mut set = MetricsSet::new();
        for (function, counters) in &self.meters {
            let tally = counters.get();
            let name = |what: &str| Cow::Owned(format!("{function}.{what}"));
            let mut push = |value, category| {
                let metric = Metric::new(value, None).with_type(MetricType::Summary).with_category(category);
                set.push(Arc::new(metric));
            };
            let mut count = |what, value: u64| {
                let count = Count::new();
                count.add(value as usize);
                push(MetricValue::Count { name: name(what), count }, MetricCategory::Rows);
            };
            count("calls", tally.batches);
            count("rows", tally.rows);
            let mut time = |what, value| {
                let time = Time::new();
                time.add_duration(value);
                push(MetricValue::Time { name: name(what), time }, MetricCategory::Timing);
            };
            time("wasm", tally.wasm);
            time("marshalling", tally.marshalling);
        }
        Some(set)
    }
}
