//! One connection to either database.

use sea_query::{PostgresQueryBuilder, SqliteQueryBuilder, Value, Values};
use sea_query_sqlx::SqlxValues;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Postgres, SqlSafeStr};

use crate::sqlite::{self, FromSqlite, SqliteConn};
use crate::{Result, StoreError};

/// Which SQL a connection speaks, for the few statements that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
}

/// The values of a statement's placeholders; made by [`args!`](crate::args).
pub type Args = Vec<Value>;

/// A row type that both databases can fill: a tuple, or a struct that `row!` declares.
pub trait Row: for<'r> FromRow<'r, PgRow> + FromSqlite + Send + Unpin + 'static {}
impl<T> Row for T where T: for<'r> FromRow<'r, PgRow> + FromSqlite + Send + Unpin + 'static {}

/// A connection, inside a transaction when [`Store::write`](crate::Store::write) hands it over.
///
/// The variants are public within the crate for statements that only one database has (`UNNEST`, `json_each`).
#[derive(Debug)]
pub enum Conn {
    /// To Postgres.
    Postgres(PoolConnection<Postgres>),
    /// To SQLite.
    Sqlite(SqliteConn),
}

impl Conn {
    /// Which SQL it speaks.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Postgres(_) => Dialect::Postgres,
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// The text for the database at hand.
    pub fn pick<'a>(&self, postgres: &'a str, sqlite: &'a str) -> &'a str {
        match self {
            Self::Postgres(_) => postgres,
            Self::Sqlite(_) => sqlite,
        }
    }

    /// Every row.
    pub async fn fetch_all<T: Row>(&mut self, sql: impl SqlSafeStr, args: Args) -> Result<Vec<T>> {
        let sql = sql.into_sql_str();
        match self {
            Self::Postgres(c) => Ok(sqlx::query_as_with(sql, SqlxValues(Values(args))).fetch_all(&mut **c).await?),
            Self::Sqlite(c) => c.fetch_all(sql, args).await,
        }
    }

    /// The first row, if there is one.
    pub async fn fetch_optional<T: Row>(&mut self, sql: impl SqlSafeStr, args: Args) -> Result<Option<T>> {
        let sql = sql.into_sql_str();
        match self {
            Self::Postgres(c) => {
                Ok(sqlx::query_as_with(sql, SqlxValues(Values(args))).fetch_optional(&mut **c).await?)
            }
            Self::Sqlite(c) => Ok(c.call(move |db| sqlite::fetch(db, sql.as_str(), &args, 1)).await?.pop()),
        }
    }

    /// The one row that there must be.
    pub async fn fetch_one<T: Row>(&mut self, sql: impl SqlSafeStr, args: Args) -> Result<T> {
        self.fetch_optional(sql, args).await?.ok_or_else(|| StoreError::Database(sqlx::Error::RowNotFound.into()))
    }

    /// Runs a statement; answers how many rows it changed.
    pub async fn execute(&mut self, sql: impl SqlSafeStr, args: Args) -> Result<u64> {
        let sql = sql.into_sql_str();
        match self {
            Self::Postgres(c) => {
                Ok(sqlx::query_with(sql, SqlxValues(Values(args))).execute(&mut **c).await?.rows_affected())
            }
            Self::Sqlite(c) => c.call(move |db| sqlite::execute(db, sql.as_str(), &args)).await,
        }
    }

    /// Every row of a statement that was built for this request.
    pub async fn fetch_all_built<T: Row>(&mut self, statement: &sea_query::SelectStatement) -> Result<Vec<T>> {
        let (sql, values) = self.build(statement);
        self.fetch_all(sqlx::AssertSqlSafe(sql), values).await
    }

    fn build(&self, statement: &sea_query::SelectStatement) -> (String, Args) {
        let (sql, Values(values)) = match self {
            Self::Postgres(_) => statement.build(PostgresQueryBuilder),
            Self::Sqlite(_) => statement.build(SqliteQueryBuilder),
        };
        (sql, values)
    }

    /// A word of transaction control, which takes no values.
    pub(crate) async fn control(&mut self, sql: &'static str) -> Result<()> {
        match self {
            Self::Postgres(c) => Ok(sqlx::raw_sql(sql).execute(&mut **c).await.map(drop)?),
            Self::Sqlite(c) => c.call(move |db| sqlite::execute(db, sql, &[]).map(drop)).await,
        }
    }
}
