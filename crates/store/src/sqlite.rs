//! SQLite, called directly.
//!
//! A statement takes microseconds, and a way to another thread and back many times that. So connections have no threads
//! of their own: writes run on the writer's thread, lookups by key right where the request is, and what may take longer
//! on a thread for blocking work.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::FromSql;
use rusqlite::{CachedStatement, Connection};
use sea_query::Value;
use sqlx::SqlSafeStr;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::conn::Args;
use crate::turns::Turn;
use crate::{Result, StoreError};

/// Statements that each connection keeps prepared.
const PREPARED: usize = 128;

/// How connections are opened.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) file: PathBuf,
    /// How long a statement waits for another process's lock.
    pub(crate) patience: Duration,
    /// Whether each commit is flushed to the disk.
    pub(crate) full_sync: bool,
}

impl Access {
    /// A connection for the writer; makes the file if there is none.
    pub(crate) fn writer(&self) -> rusqlite::Result<Connection> {
        let connection = Connection::open(&self.file)?;
        connection.busy_timeout(self.patience)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", if self.full_sync { "full" } else { "normal" })?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "mmap_size", 256 << 20)?;
        connection.pragma_update(None, "case_sensitive_like", true)?;
        Ok(connection)
    }

    fn reader(&self) -> rusqlite::Result<Connection> {
        let connection = self.writer()?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }
}

/// The connections for reading. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Readers {
    access: Arc<Access>,
    /// Open, and lent to nobody; the last used is lent first.
    idle: Arc<Mutex<Vec<Connection>>>,
    free: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(access: Access, most: u32) -> Self {
        Self { access: Arc::new(access), idle: Arc::default(), free: Arc::new(Semaphore::new(most as usize)) }
    }

    /// A connection, and a turn that is over when it comes home.
    pub(crate) async fn acquire(&self, runs: Where, turn: Option<Turn>) -> Result<SqliteConn> {
        let waited = tokio::time::timeout(self.access.patience, self.free.clone().acquire_owned()).await;
        let Ok(Ok(permit)) = waited else {
            return Err(StoreError::Unavailable("every connection is in use".into()));
        };
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.access.reader()?,
        };
        let home = Some(Home { idle: self.idle.clone(), _permit: permit, _turn: turn });
        Ok(SqliteConn { lent: Some(Lent { connection: Some(connection), home }), runs })
    }

    /// Lends nothing any more, and closes what is not lent.
    pub(crate) fn close(&self) {
        self.free.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Where a lent connection goes back to.
#[derive(Debug)]
struct Home {
    idle: Arc<Mutex<Vec<Connection>>>,
    _permit: OwnedSemaphorePermit,
    _turn: Option<Turn>,
}

/// A connection that goes home when it is dropped.
#[derive(Debug)]
struct Lent {
    connection: Option<Connection>,
    home: Option<Home>,
}

impl Lent {
    fn connection(&self) -> &Connection {
        self.connection.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(connection), Some(home)) = (self.connection.take(), &self.home) {
            home.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}

/// Where a connection's statements run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// Where they are asked.
    Here,
    /// On a thread for blocking work.
    Aside,
}

/// A connection to SQLite.
#[derive(Debug)]
pub struct SqliteConn {
    /// Away only while a statement runs aside.
    lent: Option<Lent>,
    runs: Where,
}

impl SqliteConn {
    /// The writer's: its statements run where they are asked.
    pub(crate) fn of_writer(connection: Connection) -> Self {
        Self { lent: Some(Lent { connection: Some(connection), home: None }), runs: Where::Here }
    }

    /// Runs statements.
    pub(crate) async fn call<T, F>(&mut self, statements: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        if self.runs == Where::Here {
            return Ok(statements(self.connection()?)?);
        }
        let lent = self.lent.take().ok_or_else(broken_off)?;
        let run = move || {
            let answer = statements(lent.connection());
            (lent, answer)
        };
        let run = tokio::task::spawn_blocking(run).await;
        let (lent, answer) = run.map_err(|cause| StoreError::Unavailable(cause.into()))?;
        self.lent = Some(lent);
        Ok(answer?)
    }

    /// Every row of a statement.
    pub(crate) async fn fetch_all<T>(&mut self, sql: impl SqlSafeStr, args: Args) -> Result<Vec<T>>
    where
        T: FromSqlite + Send + 'static,
    {
        let sql = sql.into_sql_str();
        self.call(move |db| fetch(db, sql.as_str(), &args, usize::MAX)).await
    }

    fn connection(&self) -> Result<&Connection> {
        self.lent.as_ref().map(Lent::connection).ok_or_else(broken_off)
    }

    /// Runs a statement of a transaction once for each row of values; answers how many rows were changed.
    pub(crate) fn execute_each(&mut self, sql: &str, rows: impl Iterator<Item = Args>) -> Result<u64> {
        let mut statement = Bound::prepare(self.connection()?, sql)?;
        let mut changed = 0;
        for row in rows {
            changed += statement.execute(&row)?;
        }
        Ok(changed)
    }
}

fn broken_off() -> StoreError {
    StoreError::Unavailable("a statement before this one was broken off".into())
}

/// Rows of a statement, `most` at most.
pub(crate) fn fetch<T: FromSqlite>(
    connection: &Connection,
    sql: &str,
    args: &[Value],
    most: usize,
) -> rusqlite::Result<Vec<T>> {
    let mut found = Vec::new();
    visit(connection, sql, args, |row| {
        found.push(T::from_sqlite(row)?);
        Ok(found.len() < most)
    })?;
    Ok(found)
}

/// Looks at one row of a statement after the other, until `look` has seen enough, and keeps none.
pub(crate) fn visit(
    connection: &Connection,
    sql: &str,
    args: &[Value],
    mut look: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<bool>,
) -> rusqlite::Result<()> {
    let mut statement = Bound::prepare(connection, sql)?;
    statement.bind(args)?;
    let mut rows = statement.0.raw_query();
    while let Some(row) = rows.next()? {
        if !look(row)? {
            break;
        }
    }
    Ok(())
}

/// Runs a statement; answers how many rows it changed.
pub(crate) fn execute(connection: &Connection, sql: &str, args: &[Value]) -> rusqlite::Result<u64> {
    Bound::prepare(connection, sql)?.execute(args)
}

/// A prepared statement whose placeholders are `$n`, as Postgres has them, or `?`.
struct Bound<'c>(CachedStatement<'c>, &'c Connection);

impl<'c> Bound<'c> {
    fn prepare(connection: &'c Connection, sql: &str) -> rusqlite::Result<Self> {
        Ok(Self(connection.prepare_cached(sql)?, connection))
    }

    fn bind(&mut self, args: &[Value]) -> rusqlite::Result<()> {
        for place in 1..=self.0.parameter_count() {
            // SQLite numbers `$n` by where it first stands, not by n.
            let name = self.0.parameter_name(place).and_then(|name| name.strip_prefix('$'));
            let number = name.and_then(|name| name.parse().ok()).unwrap_or(place);
            let Some(value) = args.get(number - 1) else {
                return Err(rusqlite::Error::InvalidParameterCount(args.len(), number));
            };
            bind(&mut self.0, place, value)?;
        }
        Ok(())
    }

    fn execute(&mut self, args: &[Value]) -> rusqlite::Result<u64> {
        self.bind(args)?;
        let mut rows = self.0.raw_query();
        while rows.next()?.is_some() {}
        Ok(self.1.changes())
    }
}

fn bind(statement: &mut CachedStatement<'_>, place: usize, value: &Value) -> rusqlite::Result<()> {
    match value {
        Value::Bool(v) => statement.raw_bind_parameter(place, v),
        Value::TinyInt(v) => statement.raw_bind_parameter(place, v),
        Value::SmallInt(v) => statement.raw_bind_parameter(place, v),
        Value::Int(v) => statement.raw_bind_parameter(place, v),
        Value::BigInt(v) => statement.raw_bind_parameter(place, v),
        Value::TinyUnsigned(v) => statement.raw_bind_parameter(place, v),
        Value::SmallUnsigned(v) => statement.raw_bind_parameter(place, v),
        Value::Unsigned(v) => statement.raw_bind_parameter(place, v),
        Value::BigUnsigned(v) => statement.raw_bind_parameter(place, v.map(u64::cast_signed)),
        Value::Float(v) => statement.raw_bind_parameter(place, v),
        Value::Double(v) => statement.raw_bind_parameter(place, v),
        Value::String(v) => statement.raw_bind_parameter(place, v),
        Value::Bytes(v) => statement.raw_bind_parameter(place, v),
        Value::Char(v) => statement.raw_bind_parameter(place, v.map(String::from)),
        Value::Enum(_) => Err(rusqlite::Error::ToSqlConversionFailure("SQLite has no enumerations".into())),
    }
}

/// What a row of SQLite becomes: tuples by place, and structs that [`row!`] declares by name.
pub trait FromSqlite: Sized {
    /// Reads a row.
    fn from_sqlite(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self>;
}

macro_rules! tuples {
    ($($name:ident $place:literal),+) => {
        impl<$($name: FromSql),+> FromSqlite for ($($name,)+) {
            fn from_sqlite(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
                Ok(($(row.get::<_, $name>($place)?,)+))
            }
        }
    };
}
tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);

/// Declares a struct that a row of either database becomes, column by column.
macro_rules! row {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $type:ty),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(sqlx::FromRow)]
        $vis struct $name {
            $($(#[$field_meta])* $field_vis $field: $type),*
        }

        impl $crate::sqlite::FromSqlite for $name {
            fn from_sqlite(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
                Ok(Self { $($field: row.get(stringify!($field))?),* })
            }
        }
    };
}
pub(crate) use row;
