//! The store: a SQLite database in the data folder.
//!
//! Several processes may have it open: changes are transactions, one at a time, and each process learns from SQLite
//! that another one changed something. In WAL mode with full synchronisation a transaction that was committed survives
//! the end of the process and of the machine, and one that was not leaves nothing behind.

use std::{
    fs::DirBuilder,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};

use super::{Change, Extension, StoredFunction, modules::ModuleText};
use crate::error::{Error, Result};

/// The name of the database in the folder.
const FILE: &str = "catalog.sqlite3";

/// The version of the tables below, kept in `user_version`.
const FORMAT: i64 = 1;

/// "WFDB": what tells the database from others, kept in `application_id`.
const APPLICATION: i64 = 0x5746_4442;

/// How long one process waits for another to finish a change.
const WAIT: Duration = Duration::from_secs(60);

const TABLES: &str = "
    CREATE TABLE revision (number INTEGER NOT NULL);
    INSERT INTO revision VALUES (0);
    CREATE TABLE modules (hash TEXT PRIMARY KEY, bytes BLOB NOT NULL, wit TEXT);
    CREATE TABLE extensions (name TEXT PRIMARY KEY, statement TEXT NOT NULL);
    CREATE TABLE functions (
        name TEXT PRIMARY KEY,
        -- Changes whenever the function does.
        revision INTEGER NOT NULL,
        module TEXT NOT NULL REFERENCES modules (hash),
        definition TEXT NOT NULL
    );";

/// An open database.
#[derive(Debug)]
pub(super) struct Store {
    connection: Connection,
    path: PathBuf,
    /// SQLite's counter of changes by others, when the tables were read last.
    seen: Option<i64>,
}

/// A function in the store.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) revision: i64,
    /// The hash of its module.
    pub(super) module: String,
    /// A [`StoredFunction`] as JSON.
    pub(super) definition: String,
}

/// The database within a transaction.
pub(super) struct Access<'a> {
    transaction: Transaction<'a>,
    path: &'a Path,
}

fn failed(path: &Path, what: impl std::fmt::Display) -> Error {
    Error::Catalog { path: path.display().to_string(), message: what.to_string() }
}

/// Sets WAL mode, and returns the mode that the database is in.
///
/// SQLite does not wait here, whatever the timeout is, when others set the mode of a new database at the same time:
/// each holds what the other one needs, so one of them has to begin again.
fn write_ahead(connection: &Connection) -> rusqlite::Result<String> {
    let begin = Instant::now();
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && begin.elapsed() < WAIT => {
                thread::sleep(Duration::from_millis(1));
            }
            result => return result,
        }
    }
}

impl Store {
    /// Opens the database of a folder, and makes both when they do not exist.
    ///
    /// # Errors
    /// When the folder cannot be used, or the database is not ours or of a newer version.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(|error| failed(folder, error))?;
        let path = folder.join(FILE);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).map_err(|error| failed(&path, error))?;
        let mut store = Self { connection, path, seen: None };
        store.prepare()?;
        Ok(store)
    }

    fn prepare(&mut self) -> Result<()> {
        let Self { connection, path, .. } = self;
        let failure = |error: rusqlite::Error| failed(path, error);
        connection.busy_timeout(WAIT).map_err(failure)?;
        connection
            // What is dropped makes the file smaller. It has to be said before the first table is made.
            .execute_batch("PRAGMA auto_vacuum = FULL; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;")
            .map_err(failure)?;
        let mode = write_ahead(connection).map_err(failure)?;
        if mode != "wal" {
            return Err(failed(path, format!("the file system does not allow WAL mode (it is {mode})")));
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failure)?;
        let number = |pragma: &str| transaction.query_row(pragma, [], |row| row.get::<_, i64>(0)).map_err(failure);
        let (application, format) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
        let tables = number("SELECT count(*) FROM sqlite_master")?;
        match (application, format) {
            (0, 0) if tables == 0 => {
                transaction.execute_batch(TABLES).map_err(failure)?;
                transaction
                    .execute_batch(&format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT};"))
                    .map_err(failure)?;
            }
            (APPLICATION, FORMAT) => {}
            (APPLICATION, newer) => {
                return Err(failed(
                    path,
                    format!("it has format {newer}, and this version knows format {FORMAT}: use a newer wasmfusion"),
                ));
            }
            _ => return Err(failed(path, "it is a database of something else")),
        }
        transaction.commit().map_err(failure)
    }

    /// Whether another process, or another engine of this one, changed something since the last look at the tables.
    pub(super) fn has_changed(&mut self) -> Result<bool> {
        let now = self.changes_of_others()?;
        Ok(self.seen != Some(now))
    }

    fn changes_of_others(&self) -> Result<i64> {
        let version = self.connection.query_row("PRAGMA data_version", [], |row| row.get(0));
        version.map_err(|error| failed(&self.path, error))
    }

    /// Reads tables that do not change meanwhile.
    pub(super) fn read<T>(&mut self, read: impl FnOnce(&Access<'_>) -> Result<T>) -> Result<T> {
        self.access(TransactionBehavior::Deferred, read)
    }

    /// Reads and writes while nobody else writes. What was written stays when the answer is no error.
    pub(super) fn write<T>(&mut self, write: impl FnOnce(&Access<'_>) -> Result<T>) -> Result<T> {
        self.access(TransactionBehavior::Immediate, write)
    }

    fn access<T>(&mut self, behavior: TransactionBehavior, work: impl FnOnce(&Access<'_>) -> Result<T>) -> Result<T> {
        // Taken before: a change that comes in between is then seen once more.
        let now = self.changes_of_others()?;
        let path = &self.path;
        let failure = |error: rusqlite::Error| failed(path, error);
        let transaction = self.connection.transaction_with_behavior(behavior).map_err(failure)?;
        let access = Access { transaction, path };
        let result = work(&access)?;
        access.transaction.commit().map_err(failure)?;
        self.seen = Some(now);
        Ok(result)
    }
}

impl Access<'_> {
    fn failure(&self, error: rusqlite::Error) -> Error {
        failed(self.path, error)
    }

    pub(super) fn functions(&self) -> Result<Vec<Row>> {
        let rows = || {
            let mut statement =
                self.transaction.prepare("SELECT name, revision, module, definition FROM functions ORDER BY name")?;
            let rows = statement.query_map([], |row| {
                Ok(Row { name: row.get(0)?, revision: row.get(1)?, module: row.get(2)?, definition: row.get(3)? })
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        rows().map_err(|error| self.failure(error))
    }

    pub(super) fn extensions(&self) -> Result<Vec<Extension>> {
        let rows = || {
            let mut statement = self.transaction.prepare("SELECT name, statement FROM extensions")?;
            let rows = statement.query_map([], |row| Ok(Extension { name: row.get(0)?, statement: row.get(1)? }))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        rows().map_err(|error| self.failure(error))
    }

    /// A module, if it is there.
    pub(super) fn module(&self, hash: &str) -> Result<Option<ModuleText>> {
        let found = self
            .transaction
            .query_row("SELECT bytes, wit FROM modules WHERE hash = ?", [hash], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional();
        found.map_err(|error| self.failure(error))
    }

    /// Writes a change; gives the revision of what was added.
    pub(super) fn write(&self, change: &Change) -> Result<i64> {
        let run = || -> rusqlite::Result<i64> {
            let transaction = &self.transaction;
            for name in &change.dropped_functions {
                transaction.execute("DELETE FROM functions WHERE name = ?", [name])?;
            }
            for name in &change.dropped_extensions {
                transaction.execute("DELETE FROM extensions WHERE name = ?", [name])?;
            }
            for Extension { name, statement } in &change.extensions {
                transaction.execute("INSERT OR REPLACE INTO extensions VALUES (?, ?)", [name, statement])?;
            }
            let revision =
                transaction
                    .query_row("UPDATE revision SET number = number + 1 RETURNING number", [], |row| row.get(0))?;
            for function in &change.functions {
                let hash = function.module_hash().to_string();
                let module = &function.module;
                transaction.execute(
                    "INSERT INTO modules VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    params![hash, &module.bytes()[..], module.wit_text()],
                )?;
                let definition = serde_json::to_string(&StoredFunction::of(function))
                    .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
                transaction.execute(
                    "INSERT OR REPLACE INTO functions VALUES (?, ?, ?, ?)",
                    params![function.name(), revision, hash, definition],
                )?;
            }
            transaction.execute("DELETE FROM modules WHERE hash NOT IN (SELECT module FROM functions)", [])?;
            Ok(revision)
        };
        run().map_err(|error| self.failure(error))
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Barrier, thread};

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn many_make_the_same_database() {
        for _ in 0..20 {
            let folder = TempDir::new().unwrap();
            let barrier = Barrier::new(16);
            thread::scope(|scope| {
                for _ in 0..16 {
                    scope.spawn(|| {
                        barrier.wait();
                        Store::open(folder.path()).unwrap();
                    });
                }
            });
        }
    }
}
