//! Running one statement away from the thread that prints its result.

use std::sync::Arc;

use datafusion::{
    arrow::{datatypes::SchemaRef, record_batch::RecordBatch},
    common::runtime::SpawnedTask,
    config::FormatOptions,
    error::{DataFusionError, Result},
    execution::SendableRecordBatchStream,
    logical_expr::LogicalPlan,
    physical_plan::{ExecutionPlan, execute_stream},
};
use futures::{SinkExt as _, StreamExt as _, channel::mpsc};
use wasmfusion::{Progress, Session};

/// Batches that may wait to be printed. One is enough to keep both sides busy.
const WAITING_BATCHES: usize = 1;

/// A statement that is being run by the worker threads.
///
/// Dropping it cancels the statement: its tasks end the next time that they
/// wait for something. The dropping thread does not wait for that.
#[derive(Debug)]
pub(super) struct Execution {
    schema: SchemaRef,
    in_full: bool,
    format: FormatOptions,
    batches: mpsc::Receiver<Result<RecordBatch>>,
    task: Option<SpawnedTask<()>>,
    progress: Progress,
}

impl Execution {
    /// Plans the statement and starts to run it. Statements that define
    /// something are complete when this returns. `progress` is shown until there
    /// are no more rows.
    ///
    /// # Errors
    ///
    /// Those of the statement before it has yielded anything.
    pub(super) async fn start(session: &Arc<Session>, sql: &str, progress: Progress) -> Result<Self> {
        let session = Arc::clone(session);
        let sql = sql.to_owned();
        // Planning is spawned as well: it may compile a module or fill a table.
        let planning = SpawnedTask::spawn(async move { plan(&session, &sql).await });
        let planned = planning.join().await.map_err(not_joined)??;
        progress.watch(&planned.plan);
        let schema = planned.stream.schema();
        let (sender, batches) = mpsc::channel(WAITING_BATCHES);
        Ok(Self {
            schema,
            in_full: planned.is_description,
            format: planned.format,
            batches,
            task: Some(SpawnedTask::spawn(forward(planned.stream, sender))),
            progress,
        })
    }

    /// The columns of the result; none for statements without a result.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The execution, of whose result all rows shall be shown.
    pub(super) fn in_full(self) -> Self {
        Self { in_full: true, ..self }
    }

    /// Whether all rows shall be shown: the result describes something, such
    /// as a plan, and is of little use when it is cut off.
    pub(super) fn is_in_full(&self) -> bool {
        self.in_full
    }

    /// Takes the progress away from the terminal: something else is about to be
    /// shown there.
    pub(super) fn hide_progress(&mut self) {
        self.progress = Progress::hidden();
    }

    /// How the session wants values to be displayed.
    pub(super) fn format(&self) -> &FormatOptions {
        &self.format
    }

    /// Waits for the next rows of the result, until there are no more.
    ///
    /// # Errors
    ///
    /// Those of the statement. No more rows follow.
    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(batch) = self.batches.next().await {
            return batch.map(Some);
        }
        // The channel also ends when the task panics, which must not pass for the end.
        if let Some(task) = self.task.take() {
            task.join().await.map_err(not_joined)?;
        }
        self.hide_progress();
        Ok(None)
    }
}

/// A statement that is ready to yield its result.
struct Planned {
    is_description: bool,
    format: FormatOptions,
    plan: Arc<dyn ExecutionPlan>,
    stream: SendableRecordBatchStream,
}

async fn plan(session: &Session, sql: &str) -> Result<Planned> {
    let frame = session.sql(sql).await?;
    let is_description = matches!(
        frame.logical_plan(),
        LogicalPlan::Explain(_) | LogicalPlan::Analyze(_) | LogicalPlan::DescribeTable(_)
    );
    let task = Arc::new(frame.task_ctx());
    let plan = frame.create_physical_plan().await?;
    Ok(Planned {
        is_description,
        format: session.context().copied_config().options().format.clone(),
        stream: execute_stream(Arc::clone(&plan), task)?,
        plan,
    })
}

/// Sends what the stream yields, up to its end or its first error, for as
/// long as someone listens.
async fn forward(mut stream: SendableRecordBatchStream, mut sender: mpsc::Sender<Result<RecordBatch>>) {
    while let Some(batch) = stream.next().await {
        let failed = batch.is_err();
        if sender.send(batch).await.is_err() || failed {
            break;
        }
    }
}

fn not_joined(error: tokio::task::JoinError) -> DataFusionError {
    DataFusionError::ExecutionJoin(Box::new(error))
}
