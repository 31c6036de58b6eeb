//! The statements in `sql/tests` and what they answer: sqllogictest files, each on an engine of its own.
//!
//! Files are run from the root of the repository, so that is where the paths in them begin. A record under
//! `connection name` runs in a second session of the same engine. The letters after `query` are those of DataFusion's
//! own files, and are checked: see [`Column`].

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use datafusion::{
    arrow::{
        array::RecordBatch,
        datatypes::{DataType, Schema},
        error::ArrowError,
        util::display::{ArrayFormatter, FormatOptions},
    },
    error::DataFusionError,
    prelude::{SessionConfig, SessionContext},
};
use sqllogictest::{AsyncDB, ColumnType, DBOutput, Runner, parse_file, strict_column_validator};
use tempfile::TempDir;
use tokio::{runtime, task::JoinSet};
use wasmfusion::{Engine, EngineOptions, Session};

use crate::database::pack_extensions;

/// The kind of a column's values.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    /// `B`
    Boolean,
    /// `D`: dates, times, intervals and durations
    DateTime,
    /// `I`
    Integer,
    /// `P`
    Timestamp,
    /// `R`: floats and decimals
    Real,
    /// `T`, in any layout
    Text,
    /// `?`: whatever else, such as binaries, lists and structs
    Other,
}

impl Column {
    fn of(ty: &DataType) -> Self {
        match ty {
            DataType::Boolean => Self::Boolean,
            DataType::Timestamp(..) => Self::Timestamp,
            ty if ty.is_temporal() => Self::DateTime,
            ty if ty.is_integer() => Self::Integer,
            ty if ty.is_floating() || ty.is_decimal() => Self::Real,
            ty if ty.is_string() => Self::Text,
            _ => Self::Other,
        }
    }
}

impl ColumnType for Column {
    fn from_char(letter: char) -> Option<Self> {
        Some(match letter {
            'B' => Self::Boolean,
            'D' => Self::DateTime,
            'I' => Self::Integer,
            'P' => Self::Timestamp,
            'R' => Self::Real,
            'T' => Self::Text,
            '?' => Self::Other,
            _ => return None,
        })
    }

    fn to_char(&self) -> char {
        match self {
            Self::Boolean => 'B',
            Self::DateTime => 'D',
            Self::Integer => 'I',
            Self::Timestamp => 'P',
            Self::Real => 'R',
            Self::Text => 'T',
            Self::Other => '?',
        }
    }
}

/// A session as sqllogictest sees it.
struct Database {
    session: Session,
}

#[async_trait]
impl AsyncDB for Database {
    type Error = DataFusionError;
    type ColumnType = Column;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<Column>, DataFusionError> {
        let frame = self.session.sql(sql).await?;
        let types = columns(frame.schema().as_arrow());
        let batches = frame.collect().await?;
        if types.is_empty() {
            return Ok(DBOutput::StatementComplete(0));
        }
        let mut rows = Vec::new();
        for batch in &batches {
            // What a query returns must be what it was planned to return.
            assert_eq!(columns(&batch.schema()), types, "{sql}");
            rows.extend(cells(batch)?);
        }
        Ok(DBOutput::Rows { types, rows })
    }

    async fn shutdown(&mut self) {}
}

fn columns(schema: &Schema) -> Vec<Column> {
    schema.fields().iter().map(|field| Column::of(field.data_type())).collect()
}

/// The values as text, row by row. A row with a text of several lines is continued in rows of its own.
fn cells(batch: &RecordBatch) -> Result<Vec<Vec<String>>, ArrowError> {
    let options = FormatOptions::default().with_null("NULL");
    let formatters = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
        .collect::<Result<Vec<_>, _>>()?;
    let mut rows = Vec::new();
    for row in 0..batch.num_rows() {
        let mut lines = vec![Vec::new()];
        for formatter in &formatters {
            let text = formatter.value(row).try_to_string()?;
            let mut parts = text.lines();
            let first = parts.next().unwrap_or("(empty)").to_owned();
            lines.last_mut().expect("never empty").push(first);
            lines.extend(parts.map(|part| vec![part.to_owned()]));
        }
        rows.append(&mut lines);
    }
    Ok(rows)
}

/// A session like those of the command, but the same on every machine: plans do not depend on how many cores there are,
/// nor on the environment.
fn session(engine: Arc<Engine>) -> Session {
    let config = SessionConfig::new().with_information_schema(true).with_target_partitions(4);
    Session::with_context(engine, SessionContext::new_with_config(config).enable_url_table())
}

/// Runs a file to its end.
///
/// # Errors
/// Every record that does not hold, with its place.
async fn run(path: PathBuf, archives: String) -> Result<(), Vec<String>> {
    let engine = Engine::new(EngineOptions::default()).map_err(|error| vec![error.to_string()])?;
    let records = parse_file(&path).map_err(|error| vec![error.to_string()])?;
    let mut runner = Runner::new(|| {
        let session = session(Arc::clone(&engine));
        async { Ok(Database { session }) }
    });
    runner.set_var("ARCHIVES".to_owned(), archives);
    runner.with_column_validator(strict_column_validator);
    // Spaces within a value count.
    runner.with_normalizer(|value| value.clone());
    let mut wrong = Vec::new();
    for record in records {
        if let Err(error) = runner.run_async(record).await {
            wrong.push(error.to_string());
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// The files, in the order of their names.
fn files() -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir("sql/tests")?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    let mut files: Vec<_> =
        entries.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "slt")).collect();
    files.sort();
    Ok(files)
}

#[test]
fn sql_answers_as_its_files_say() {
    // Cargo starts tests there, but they can also be started by hand.
    env::set_current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("the repository");
    let files = files().expect("the folder sql/tests");
    assert!(!files.is_empty(), "sql/tests has no .slt files");
    let archives = TempDir::new().expect("a folder");
    pack_extensions(archives.path());
    let runtime = runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let mut wrong = runtime.block_on(async {
        let mut running = JoinSet::new();
        for path in files {
            let archives = archives.path().display().to_string();
            running.spawn(async move {
                // A task of its own, so that a panic ends one file and not the others.
                let result = tokio::spawn(run(path.clone(), archives)).await;
                let records = match result {
                    Ok(result) => result.err()?,
                    Err(error) => vec![error.to_string()],
                };
                Some(format!("{}: {} wrong\n\n{}", path.display(), records.len(), records.join("\n\n")))
            });
        }
        running.join_all().await.into_iter().flatten().collect::<Vec<_>>()
    });
    wrong.sort();
    assert!(wrong.is_empty(), "{} files failed\n\n{}", wrong.len(), wrong.join("\n\n"));
}
