//! The physical node: rows in, their items out, as many at once as go through the arena.

use std::{
    fmt,
    ops::Range,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, Int64Array, RecordBatch, RecordBatchOptions, UInt32Array},
        compute::take,
        datatypes::SchemaRef,
    },
    common::{internal_err, tree_node::TreeNodeRecursion},
    error::Result,
    execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext},
    physical_expr::{EquivalenceProperties, PhysicalExpr},
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
        coop::make_cooperative,
        metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, RecordOutput},
    },
};
use futures::{Stream, StreamExt};

use super::node::{TableCall, Yield};
use crate::{
    batch::{Items, Opened},
    function::WasmScalarUdf,
};

/// Where a column of the output comes from.
#[derive(Debug, Clone, Copy)]
enum Source {
    /// A column of the input.
    Input(usize),
    /// The n-th of the function's columns that are made.
    Item(usize),
    Ordinality,
}

/// What all partitions do.
#[derive(Debug)]
struct Call {
    function: WasmScalarUdf,
    args: Vec<Arc<dyn PhysicalExpr>>,
    outer: bool,
    sources: Vec<Source>,
    /// Which fields of the guest's records are made.
    fields: Vec<usize>,
    schema: SchemaRef,
}

/// Calls a table function on each row of its input.
#[derive(Debug)]
pub(super) struct TableCallExec {
    call: Arc<Call>,
    input: Arc<dyn ExecutionPlan>,
    /// The most rows of each partition.
    fetch: Option<usize>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl TableCallExec {
    /// `args` are the node's arguments over the input's columns.
    pub(super) fn new(
        node: &TableCall,
        args: Vec<Arc<dyn PhysicalExpr>>,
        input: Arc<dyn ExecutionPlan>,
    ) -> Result<Self> {
        use datafusion::logical_expr::UserDefinedLogicalNodeCore;
        let signature = node.function.definition().signature();
        let columns = signature.columns.as_deref().unwrap_or_default();
        let mut fields: Vec<usize> = Vec::new();
        let mut sources = Vec::with_capacity(node.yields.len());
        for what in &node.yields {
            sources.push(match what {
                Yield::Input(column) => Source::Input(node.input.schema().index_of_column(column)?),
                Yield::Item(index) => {
                    fields.push(columns[*index].field);
                    Source::Item(fields.len() - 1)
                }
                Yield::Ordinality => Source::Ordinality,
            });
        }
        let schema = Arc::clone(node.schema().inner());
        let call = Call { function: node.function.clone(), args, outer: node.outer, sources, fields, schema };
        Ok(Self::over(Arc::new(call), input, None))
    }

    fn over(call: Arc<Call>, input: Arc<dyn ExecutionPlan>, fetch: Option<usize>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&call.schema)),
            Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Self { call, input, fetch, properties: Arc::new(properties), metrics: ExecutionPlanMetricsSet::new() }
    }

    /// The same with at most so many rows in each partition.
    pub(super) fn limited(&self, fetch: Option<usize>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self::over(Arc::clone(&self.call), Arc::clone(&self.input), fetch))
    }
}

impl DisplayAs for TableCallExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let args: Vec<String> = self.call.args.iter().map(ToString::to_string).collect();
        let outer = if self.call.outer { "Left " } else { "" };
        let columns: Vec<&str> = self.call.schema.fields().iter().map(|field| field.name().as_str()).collect();
        let name = self.call.function.definition().name();
        write!(f, "WasmTableFunctionExec: {outer}{name}({}), yields=[{}]", args.join(", "), columns.join(", "))?;
        match self.fetch {
            Some(fetch) => write!(f, ", fetch={fetch}"),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for TableCallExec {
    fn name(&self) -> &'static str {
        "WasmTableFunctionExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        apply: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for arg in &self.call.args {
            if apply(arg)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let Ok([input]) = <[_; 1]>::try_from(children) else {
            return internal_err!("a table function has one input");
        };
        Ok(Arc::new(Self::over(Arc::clone(&self.call), input, self.fetch)))
    }

    fn with_fetch(&self, fetch: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        Some(self.limited(fetch))
    }

    fn fetch(&self) -> Option<usize> {
        self.fetch
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = Rows {
            call: Arc::clone(&self.call),
            input: self.input.execute(partition, context)?,
            current: None,
            ordinal: 0,
            left: self.fetch.unwrap_or(usize::MAX),
            metrics: BaselineMetrics::new(&self.metrics, partition),
        };
        // A row that yields many others does not keep the thread for itself.
        Ok(make_cooperative(Box::pin(rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// The rows of one partition.
struct Rows {
    call: Arc<Call>,
    input: SendableRecordBatchStream,
    current: Option<(RecordBatch, Opened)>,
    /// How many items of the current row were yielded.
    ordinal: i64,
    /// How many rows may still be yielded.
    left: usize,
    metrics: BaselineMetrics,
}

impl Rows {
    fn open(&mut self, batch: RecordBatch) -> Result<()> {
        let args = self.call.args.iter().map(|arg| arg.evaluate(&batch)).collect::<Result<Vec<_>>>()?;
        let opened = self.call.function.open(&args, batch.num_rows(), self.call.fields.clone())?;
        self.current = Some((batch, opened));
        Ok(())
    }

    /// The next rows of the current batch; `None` when there are none left, or none in this step.
    fn step(&mut self) -> Result<Option<RecordBatch>> {
        let Some((batch, opened)) = &mut self.current else { return Ok(None) };
        let Some(items) = self.call.function.next(opened)? else {
            self.current = None;
            return Ok(None);
        };
        let rows = joined(&self.call, batch, items, &mut self.ordinal)?;
        if rows.num_rows() == 0 {
            return Ok(None);
        }
        let rows = if rows.num_rows() > self.left { rows.slice(0, self.left) } else { rows };
        self.left -= rows.num_rows();
        Ok(Some(rows))
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<RecordBatch>>> {
        while self.left > 0 {
            if self.current.is_some() {
                let timer = self.metrics.elapsed_compute().clone();
                let timer = timer.timer();
                let rows = self.step();
                timer.done();
                if let Some(rows) = rows.transpose() {
                    if rows.is_err() {
                        self.left = 0;
                    }
                    return Poll::Ready(Some(rows));
                }
                continue;
            }
            match ready!(self.input.poll_next_unpin(context)) {
                Some(Ok(batch)) => {
                    if let Err(error) = self.open(batch) {
                        self.left = 0;
                        return Poll::Ready(Some(Err(error)));
                    }
                }
                other => {
                    self.left = 0;
                    return Poll::Ready(other);
                }
            }
        }
        Poll::Ready(None)
    }
}

/// The rows for some items, each beside a copy of the row that it came from.
fn joined(call: &Call, batch: &RecordBatch, items: Items, ordinal: &mut i64) -> Result<RecordBatch> {
    let places = Places::of(&items, call.outer);
    let rows = places.len;
    let ordinality = call.sources.iter().any(|source| matches!(source, Source::Ordinality));
    let numbers = ordinality.then(|| places.ordinals(items.goes_on, ordinal));
    let from = call.sources.iter().any(|source| matches!(source, Source::Input(_))).then(|| places.rows(items.row));
    let columns = call.sources.iter().map(|source| -> Result<ArrayRef> {
        Ok(match (source, &from, &numbers) {
            (Source::Input(index), Some(from), _) => take(batch.column(*index), from, None)?,
            (Source::Ordinality, _, Some(numbers)) => Arc::clone(numbers),
            (Source::Item(index), ..) => match &places.items {
                None => Arc::clone(&items.columns[*index]),
                Some(places) => take(&items.columns[*index], places, None)?,
            },
            _ => return internal_err!("nothing was made for {source:?}"),
        })
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::clone(&call.schema), columns, &options)?)
}

/// Which rows and items stand side by side.
struct Places {
    /// Of each row, counted from the first: its items, and whether it is kept though it has none at all.
    rows: Vec<(Range<usize>, bool)>,
    len: usize,
    /// The items, null for rows that have none; `None` when it is each item once.
    items: Option<UInt32Array>,
}

impl Places {
    fn of(items: &Items, outer: bool) -> Self {
        let mut begin = 0;
        // Behind the last end are the items of a row that goes on.
        let ends = items.ends.iter().copied().chain([items.len]).enumerate();
        let rows: Vec<_> = ends
            .map(|(row, end)| {
                let own = std::mem::replace(&mut begin, end)..end;
                let is_whole = row < items.ends.len() && !(row == 0 && items.goes_on);
                let is_kept = outer && own.is_empty() && is_whole;
                (own, is_kept)
            })
            .collect();
        let kept = rows.iter().filter(|(_, is_kept)| *is_kept).count();
        let items_of = |(own, is_kept): &(Range<usize>, bool)| {
            own.clone().map(|item| Some(item as u32)).chain(is_kept.then_some(None))
        };
        let places = (kept > 0).then(|| rows.iter().flat_map(items_of).collect());
        Self { len: items.len + kept, items: places, rows }
    }

    /// How many places each row has.
    fn counts(&self) -> impl Iterator<Item = usize> + '_ {
        self.rows.iter().map(|(own, is_kept)| own.len() + usize::from(*is_kept))
    }

    /// The row of each place, where `first` is the first row.
    fn rows(&self, first: usize) -> UInt32Array {
        let mut rows = Vec::with_capacity(self.len);
        for (row, count) in self.counts().enumerate() {
            rows.resize(rows.len() + count, (first + row) as u32);
        }
        UInt32Array::from(rows)
    }

    /// The number of each item in its row; `ordinal` is that of the last item of a row that goes on.
    fn ordinals(&self, goes_on: bool, ordinal: &mut i64) -> ArrayRef {
        let mut numbers = Vec::with_capacity(self.len);
        for (row, count) in self.counts().enumerate() {
            if row > 0 || !goes_on {
                *ordinal = 0;
            }
            numbers.extend((1..=count as i64).map(|number| *ordinal + number));
            *ordinal += count as i64;
        }
        let nulls = self.items.as_ref().and_then(|items| items.nulls().cloned());
        Arc::new(Int64Array::new(numbers.into(), nulls))
    }
}

impl Stream for Rows {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.poll(context);
        if let Poll::Ready(Some(Ok(rows))) = &polled {
            rows.record_output(&self.metrics);
        }
        polled
    }
}

impl RecordBatchStream for Rows {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.call.schema)
    }
}
