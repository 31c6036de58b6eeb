//! Functions in one query: what stops them, what counts them, and a node on top of the physical plan.
//!
//! DataFusion tells a function neither which query it is called in nor that nobody waits for it any more. But a query
//! planner may put other functions into the plan: each function is replaced by one that knows its query, and a node goes on
//! top of the physical plan, after everything that optimises it. The node merges the partitions of its input and runs it in
//! tasks, so that whoever reads the query never is inside of a guest and can go away at any time; and it notices when the last
//! reader does. With `EXPLAIN
//! ANALYZE`, functions count for this query alone, and the node shows the counts.

use std::{
    any::Any,
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, Weak},
    task::{Context, Poll, ready},
};

use async_trait::async_trait;
use datafusion::{
    arrow::{datatypes::SchemaRef, record_batch::RecordBatch},
    catalog::Session,
    common::tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    error::Result,
    execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext, context::QueryPlanner},
    logical_expr::{Expr, LogicalPlan, ScalarUDF, expr::ScalarFunction},
    physical_expr::PhysicalExpr,
    physical_plan::{
        ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
        coalesce_partitions::CoalescePartitionsExec,
        metrics::{Count, Metric, MetricCategory, MetricType, MetricValue, MetricsSet, Time},
        stream::RecordBatchReceiverStream,
    },
};
use futures::{Stream, StreamExt};
use tokio::runtime::Handle;

use crate::{
    batch::{Counters, Query, Reader},
    function::{TableCall, WasmScalarUdf},
    lock::lock,
};

/// What counts in one query, by the name of the function.
type Meters = BTreeMap<String, Arc<Counters>>;

/// Batches that may wait to be read.
const WAITING: usize = 2;

/// The queries of a session that may be running.
#[derive(Debug)]
pub(super) struct Queries {
    /// The calls that the planner makes.
    pub(super) planning: Arc<Query>,
    running: Mutex<Vec<Weak<Query>>>,
}

impl Default for Queries {
    fn default() -> Self {
        Self { planning: Arc::new(Query::planning()), running: Mutex::default() }
    }
}

impl Queries {
    fn add(&self) -> Arc<Query> {
        let query = Arc::new(Query::default());
        let mut running = lock(&self.running);
        running.retain(|query| query.strong_count() > 0);
        running.push(Arc::downgrade(&query));
        query
    }

    /// Stops the guests of all statements that are under way.
    pub(super) fn interrupt(&self) {
        self.planning.interrupt();
        lock(&self.running).iter().filter_map(Weak::upgrade).for_each(|query| query.cancel());
    }
}

/// A query planner that leaves planning to another, and tells functions which query they are called in.
#[derive(Debug)]
pub(super) struct WasmQueryPlanner {
    inner: Arc<dyn QueryPlanner + Send + Sync>,
    queries: Arc<Queries>,
}

impl WasmQueryPlanner {
    /// Around another planner, or around that which such a planner is around already.
    pub(super) fn around(
        inner: &Arc<dyn QueryPlanner + Send + Sync>,
        queries: &Arc<Queries>,
    ) -> Arc<dyn QueryPlanner + Send + Sync> {
        let any: &dyn Any = inner.as_ref();
        let inner = any.downcast_ref().map_or(inner, |Self { inner, .. }| inner);
        Arc::new(Self { inner: Arc::clone(inner), queries: Arc::clone(queries) })
    }
}

#[async_trait]
impl QueryPlanner for WasmQueryPlanner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        if !calls_functions(plan)? {
            return self.inner.create_physical_plan(plan, session).await;
        }
        let query = self.queries.add();
        let is_analysed = matches!(plan, LogicalPlan::Analyze(_));
        let mut meters = Meters::new();
        let plan = in_query(plan, |function| {
            let meter = is_analysed.then(|| {
                let name = function.definition().name().to_owned();
                Arc::clone(meters.entry(name).or_default())
            });
            function.in_query(Arc::clone(&query), meter)
        })?;
        let physical = self.inner.create_physical_plan(&plan, session).await?;
        let on_top = |input: Arc<dyn ExecutionPlan>| {
            // Whoever merged the partitions of this node would do so in tasks, which end when a worker has time for them.
            // What is analysed is shown as it was planned.
            let input = match input.properties().partitioning.partition_count() {
                2.. if !is_analysed => Arc::new(CoalescePartitionsExec::new(input)) as _,
                _ => input,
            };
            Arc::new(WasmFunctionsExec { input, query: Arc::clone(&query), meters: meters.clone() })
        };
        if !is_analysed {
            return Ok(on_top(physical));
        }
        let children = physical.children().into_iter().map(Arc::clone);
        let children = children.map(|input| on_top(input) as _).collect();
        physical.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }
}

/// The function that an expression calls, if it is one of ours.
fn function_of(expr: &Expr) -> Option<&WasmScalarUdf> {
    let Expr::ScalarFunction(call) = expr else { return None };
    call.func.inner().downcast_ref()
}

/// Most plans do not call a function of ours, and are left as they are.
fn calls_functions(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        found |= TableCall::of(node).is_some();
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                found |= function_of(expr).is_some();
                Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
            })
        })
    })?;
    Ok(found)
}

/// The plan with other functions in the place of ours.
fn in_query(plan: &LogicalPlan, mut replace: impl FnMut(&WasmScalarUdf) -> WasmScalarUdf) -> Result<LogicalPlan> {
    let plan = plan.clone().transform_up_with_subqueries(|node| {
        let node = match TableCall::of(&node) {
            None => node,
            Some(call) => call.calling(replace(&call.function)).into_plan(),
        };
        node.map_expressions(|expr| {
            expr.transform_up(|expr| {
                let Some(function) = function_of(&expr).map(&mut replace) else { return Ok(Transformed::no(expr)) };
                let Expr::ScalarFunction(call) = expr else { return Ok(Transformed::no(expr)) };
                let func = Arc::new(ScalarUDF::new_from_impl(function));
                Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args: call.args })))
            })
        })
    })?;
    Ok(plan.data)
}

/// Passes on what its input yields, and shows what functions took.
#[derive(Debug)]
struct WasmFunctionsExec {
    input: Arc<dyn ExecutionPlan>,
    query: Arc<Query>,
    /// Empty unless the query is analysed.
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
        Ok(Arc::new(Self { input, query: Arc::clone(&self.query), meters: self.meters.clone() }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let reader = self.query.read();
        let mut input = self.input.execute(partition, context)?;
        // Without a runtime there is nobody else who could run it. What merges partitions has tasks for them already.
        if Handle::try_current().is_ok() && !self.input.is::<CoalescePartitionsExec>() {
            let mut builder = RecordBatchReceiverStream::builder(input.schema(), WAITING);
            let batches = builder.tx();
            builder.spawn(async move {
                while let Some(batch) = input.next().await {
                    let is_error = batch.is_err();
                    // Nobody reads any more, or nothing more comes.
                    if batches.send(batch).await.is_err() || is_error {
                        break;
                    }
                }
                Ok(())
            });
            input = builder.build();
        }
        Ok(Box::pin(Read { reader: Some(reader), input }))
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

/// What a query yields, for one reader.
struct Read {
    /// Until the end. It is dropped before the input.
    reader: Option<Reader>,
    input: SendableRecordBatchStream,
}

impl Stream for Read {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(self.input.poll_next_unpin(context));
        if next.is_none() {
            self.reader = None;
        }
        Poll::Ready(next)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.input.size_hint()
    }
}

impl RecordBatchStream for Read {
    fn schema(&self) -> SchemaRef {
        self.input.schema()
    }
}
