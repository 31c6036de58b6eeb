//! What takes long, shown on a terminal.

use std::{
    io::{IsTerminal as _, stderr},
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use datafusion::physical_plan::{ExecutionPlan, StatisticsArgs};
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::engine::Engine;

/// How long nothing is shown: most statements are done by then.
const PATIENCE: Duration = Duration::from_millis(500);
const PERIOD: Duration = Duration::from_millis(100);

type Plan = Arc<dyn ExecutionPlan>;

/// Shows on standard error what a statement is doing when it takes more than half a second: how many modules are being
/// compiled, and how many rows its scans have read. It is taken away when this is dropped. Nothing is shown when standard
/// error is no terminal.
///
/// A thread draws it, because the workers of a runtime may all be inside of guests.
#[derive(Debug)]
pub struct Progress {
    /// `None` when nothing is shown.
    drawing: Option<(mpsc::Sender<Plan>, JoinHandle<()>)>,
}

impl Progress {
    /// Shows what `engine` compiles, and from [`Self::watch`] on what a plan reads.
    #[must_use]
    pub fn show(engine: &Arc<Engine>) -> Self {
        if !stderr().is_terminal() {
            return Self::hidden();
        }
        let (sender, plans) = mpsc::channel();
        let engine = Arc::clone(engine);
        let draw = move || draw(&engine, &plans, &ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()));
        let thread = thread::Builder::new().name("wasmfusion-progress".to_owned()).spawn(draw);
        Self { drawing: thread.ok().map(|thread| (sender, thread)) }
    }

    /// Shows nothing.
    #[must_use]
    pub fn hidden() -> Self {
        Self { drawing: None }
    }

    /// Shows what a plan reads, which is about to be run.
    pub fn watch(&self, plan: &Arc<dyn ExecutionPlan>) {
        if let Some((plans, _)) = &self.drawing {
            // The thread ends after this only.
            let _ = plans.send(Arc::clone(plan));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((plans, thread)) = self.drawing.take() {
            drop(plans);
            // What is printed next must not be mixed with it. A panic there is of no interest.
            let _ = thread.join();
        }
    }
}

/// Draws until nobody sends plans any more.
fn draw(engine: &Engine, plans: &mpsc::Receiver<Plan>, bar: &ProgressBar) {
    let start = Instant::now();
    let mut next = start + PATIENCE;
    let mut plan = None;
    loop {
        match plans.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(new) => plan = Some(new),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                next = Instant::now() + PERIOD;
                let scans = plan.as_ref().map(Scans::of);
                show(bar, engine.compiling(), scans, start.elapsed());
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => return bar.finish_and_clear(),
        }
    }
}

fn show(bar: &ProgressBar, compiling: u64, scans: Option<Scans>, elapsed: Duration) {
    let (template, message) = match (compiling, scans) {
        (1.., _) => ("{spinner} {msg}", format!("compiling {}", number(compiling, "module"))),
        (0, Some(Scans { read, total: Some(total) })) if total > 0 => {
            bar.set_length(total);
            bar.set_position(read.min(total));
            ("[{bar:30}] {percent}% {msg}", format!("of {}", number(total, "row")))
        }
        (0, Some(Scans { read: read @ 1.., .. })) => ("{spinner} {msg}", format!("{} read", number(read, "row"))),
        (0, _) => ("{spinner} {msg}", "working".to_owned()),
    };
    bar.set_style(ProgressStyle::with_template(template).expect("the templates are right").progress_chars("=> "));
    bar.set_message(format!("{message}, {} s", elapsed.as_secs()));
    bar.tick();
}

fn number(count: u64, what: &str) -> String {
    format!("{} {what}{}", HumanCount(count), if count == 1 { "" } else { "s" })
}

/// The rows at the leaves of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Scans {
    /// Those that are counted: not all leaves count.
    read: u64,
    /// Those that there are, if all leaves count and know beforehand how many they have; it may be an estimate.
    total: Option<u64>,
}

impl Scans {
    fn of(plan: &Plan) -> Self {
        let children = plan.children();
        if children.is_empty() {
            let Some(read) = plan.metrics().and_then(|metrics| metrics.output_rows()) else {
                return Self { read: 0, total: None };
            };
            let known = plan.statistics_from_inputs(&[], &StatisticsArgs::new()).ok();
            let total = known.and_then(|known| known.num_rows.get_value().copied());
            return Self { read: read as u64, total: total.map(|total| total as u64) };
        }
        let sum = |sum: Self, other: Self| Self {
            read: sum.read + other.read,
            total: sum.total.zip(other.total).map(|(sum, other)| sum + other),
        };
        children.into_iter().map(Self::of).reduce(sum).expect("there are children")
    }
}

#[cfg(test)]
mod tests {
    use datafusion::{physical_plan::collect, prelude::SessionContext};

    use super::*;

    #[tokio::test]
    async fn rows_are_counted_at_the_leaves() {
        let context = SessionContext::new();
        let airports = concat!(env!("CARGO_MANIFEST_DIR"), "/sql/data/airports.parquet");
        context.register_parquet("airports", airports, Default::default()).await.unwrap();
        context.sql("CREATE TABLE memory AS VALUES (1), (2)").await.unwrap();
        for (sql, is_known) in [
            ("SELECT max(a.lat + b.lat) FROM airports a, (SELECT * FROM airports LIMIT 3) b", true),
            ("SELECT max(lat + column1) FROM airports, memory", false),
        ] {
            let frame = context.sql(sql).await.unwrap();
            let (task, plan) = (Arc::new(frame.task_ctx()), frame.create_physical_plan().await.unwrap());
            assert_eq!(Scans::of(&plan), Scans { read: 0, total: None });
            collect(Arc::clone(&plan), task).await.unwrap();
            let scans = Scans::of(&plan);
            assert!(scans.read >= 1458 && scans.total.is_some_and(|total| total > 0) == is_known, "{sql}: {scans:?}");
        }
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(number(1, "row"), "1 row");
        assert_eq!(number(1_234_567, "row"), "1,234,567 rows");
        assert_eq!(number(999, "row"), "999 rows");
    }
}
