//! Databases: one for each server, and one that is asked directly.

use std::path::{Path, PathBuf};
use std::time::Instant;

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::Result;

/// The table of the direct measurements: as narrow as a metric's points can be, with an exact repeat refused by its key.
const TABLE: &str = "(run_no BIGINT, key_no BIGINT, timestamp BIGINT, step BIGINT, value DOUBLE PRECISION, \
                     is_nan BOOLEAN, PRIMARY KEY (run_no, key_no, timestamp, step, value, is_nan))";

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// A database without tables.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    Sqlite(PathBuf),
    /// The server's URI, and the database's name.
    Postgres(String, String),
}

impl Database {
    /// Makes one of this name: a file in `folder`, or a database of the Postgres server at `postgres`.
    pub(crate) async fn create(kind: Kind, name: &str, folder: &Path, postgres: Option<&str>) -> Result<Self> {
        if kind == Kind::Sqlite {
            return Ok(Self::Sqlite(folder.join(format!("{name}.db"))));
        }
        let server = postgres.ok_or("--postgres is missing")?.trim_end_matches('/');
        let database = Self::Postgres(server.to_owned(), format!("bench_{}_{name}", std::process::id()));
        database.administer("CREATE DATABASE").await?;
        Ok(database)
    }

    /// Removes it from the Postgres server; a file goes with its folder.
    pub(crate) async fn remove(&self) -> Result<()> {
        self.administer("DROP DATABASE IF EXISTS").await
    }

    async fn administer(&self, statement: &str) -> Result<()> {
        if let Self::Postgres(server, name) = self {
            let mut conn = PgConnection::connect(&format!("{server}/postgres")).await?;
            let forced = if statement.starts_with("DROP") { " WITH (FORCE)" } else { "" };
            sqlx::raw_sql(AssertSqlSafe(format!("{statement} {name}{forced}"))).execute(&mut conn).await?;
        }
        Ok(())
    }

    /// As the database itself takes it.
    pub(crate) fn uri(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:///{}", path.display()),
            Self::Postgres(server, name) => format!("{server}/{name}"),
        }
    }

    /// As MLflow and Ferroflow take it: with the driver that `make test` installs, whatever else would be its default.
    pub(crate) fn uri_with_driver(&self) -> String {
        self.uri().replacen("postgresql://", "postgresql+psycopg2://", 1)
    }

    /// As FastTrackML takes it: a file's path follows two slashes.
    pub(crate) fn uri_with_two_slashes(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{}", path.display()),
            Self::Postgres(..) => self.uri(),
        }
    }
}

/// What the database itself gives, in commits or rows per second, without a server in front of it.
pub(crate) struct Raw {
    database: Database,
    next: i64,
}

impl Raw {
    /// Makes the table.
    pub(crate) async fn prepare(database: Database) -> Result<Self> {
        match &database {
            Database::Sqlite(path) => {
                let sql = format!("CREATE TABLE points {TABLE} WITHOUT ROWID");
                sqlite(path)?.execute_batch(&sql)?;
            }
            Database::Postgres(..) => {
                let mut conn = PgConnection::connect(&database.uri()).await?;
                sqlx::raw_sql(AssertSqlSafe(format!("CREATE TABLE points {TABLE}"))).execute(&mut conn).await?;
            }
        }
        Ok(Self { database, next: 0 })
    }

    /// Inserts `rows` rows per commit, by one multi-row statement, on each of `connections` for `seconds`; SQLite has
    /// one writer, and so one connection. Answers with rows per second.
    pub(crate) async fn insert(&mut self, connections: usize, rows: i64, seconds: f64) -> Result<f64> {
        let done = match self.database.clone() {
            Database::Sqlite(path) => {
                self.next += 1;
                // SQLite looks numbered placeholders up in a list, one by one.
                let sql = insert(rows, |_| "?".into());
                insert_sqlite(&sqlite(&path)?, &sql, self.next, rows, seconds)?
            }
            Database::Postgres(..) => {
                let (uri, sql) = (self.database.uri(), insert(rows, |n| format!("${n}")));
                let writers = (0..connections).map(|_| {
                    self.next += 1;
                    let (sql, uri, run) = (sql.clone(), uri.clone(), self.next);
                    tokio::spawn(async move {
                        insert_postgres(&mut PgConnection::connect(&uri).await?, &sql, run, rows, seconds).await
                    })
                });
                let mut sum = 0.0;
                for writer in writers.collect::<Vec<_>>() {
                    sum += writer.await??;
                }
                sum
            }
        };
        Ok(done)
    }
}

/// A connection set up as Ferroflow's.
fn sqlite(path: &Path) -> Result<rusqlite::Connection> {
    let connection = rusqlite::Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    Ok(connection)
}

/// An insert of so many rows; `place` writes the nth placeholder.
fn insert(rows: i64, place: fn(i64) -> String) -> String {
    let row = |row: i64| format!("({})", (1..=6).map(|n| place(row * 6 + n)).collect::<Vec<_>>().join(","));
    let rows = (0..rows).map(row).collect::<Vec<_>>().join(",");
    format!("INSERT INTO points (run_no, key_no, timestamp, step, value, is_nan) VALUES {rows}")
}

/// One client's loop; answers with rows per second.
async fn insert_postgres(conn: &mut PgConnection, sql: &str, run: i64, rows: i64, seconds: f64) -> Result<f64> {
    let began = Instant::now();
    let mut written = 0;
    while began.elapsed().as_secs_f64() < seconds {
        let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
        let bound = (written..written + rows).fold(query, |query, row| {
            query.bind(run).bind(row % 20).bind(row).bind(row / 20).bind(0.5_f64).bind(false)
        });
        bound.execute(&mut *conn).await?;
        written += rows;
    }
    Ok(f64::from(i32::try_from(written)?) / began.elapsed().as_secs_f64())
}

/// One client's loop; answers with rows per second.
fn insert_sqlite(conn: &rusqlite::Connection, sql: &str, run: i64, rows: i64, seconds: f64) -> Result<f64> {
    let mut statement = conn.prepare(sql)?;
    let began = Instant::now();
    let mut written = 0;
    while began.elapsed().as_secs_f64() < seconds {
        for row in 0..rows {
            let (place, number) = (usize::try_from(row)? * 6, written + row);
            for (column, value) in [run, number % 20, number, number / 20].into_iter().enumerate() {
                statement.raw_bind_parameter(place + column + 1, value)?;
            }
            statement.raw_bind_parameter(place + 5, 0.5)?;
            statement.raw_bind_parameter(place + 6, false)?;
        }
        statement.raw_execute()?;
        written += rows;
    }
    Ok(f64::from(i32::try_from(written)?) / began.elapsed().as_secs_f64())
}
