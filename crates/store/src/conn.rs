//! One connection to either database.

use sea_query::{PostgresQueryBuilder, SqliteQueryBuilder, Value, Values};
use sea_query_sqlx::{SqlxBinder, SqlxValues};
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Postgres, SqlSafeStr, Sqlite};

use crate::Result;

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

/// A row type that both databases can fill: derive `sqlx::FromRow`.
pub trait Row: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}
impl<T> Row for T where T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}

/// A connection, inside a transaction when [`Store::write`](crate::Store::write) hands it over.
///
/// The variants are public within the crate for statements that only one database has (`UNNEST`, `json_each`).
#[derive(Debug)]
pub enum Conn {
    /// To Postgres.
    Postgres(PoolConnection<Postgres>),
    /// To SQLite.
    Sqlite(PoolConnection<Sqlite>),
}

/// Runs one sqlx call on whichever database it is.
macro_rules! on_both {
    ($conn:expr, $sql:expr, $args:expr, $method:ident, $query:ident $(::<$row:ty>)?) => {{
        let values = SqlxValues(Values($args));
        match $conn {
            Conn::Postgres(c) => sqlx::$query $(::<_, $row, _>)? ($sql, values).$method(&mut **c).await,
            Conn::Sqlite(c) => sqlx::$query $(::<_, $row, _>)? ($sql, values).$method(&mut **c).await,
        }
    }};
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
        Ok(on_both!(self, sql, args, fetch_all, query_as_with::<T>)?)
    }

    /// The first row, if there is one.
    pub async fn fetch_optional<T: Row>(&mut self, sql: impl SqlSafeStr, args: Args) -> Result<Option<T>> {
        let sql = sql.into_sql_str();
        Ok(on_both!(self, sql, args, fetch_optional, query_as_with::<T>)?)
    }

    /// The one row that there must be.
    pub async fn fetch_one<T: Row>(&mut self, sql: impl SqlSafeStr, args: Args) -> Result<T> {
        let sql = sql.into_sql_str();
        Ok(on_both!(self, sql, args, fetch_one, query_as_with::<T>)?)
    }

    /// Runs a statement; answers how many rows it changed.
    pub async fn execute(&mut self, sql: impl SqlSafeStr, args: Args) -> Result<u64> {
        let sql = sql.into_sql_str();
        let values = SqlxValues(Values(args));
        Ok(match self {
            Self::Postgres(c) => sqlx::query_with(sql, values).execute(&mut **c).await?.rows_affected(),
            Self::Sqlite(c) => sqlx::query_with(sql, values).execute(&mut **c).await?.rows_affected(),
        })
    }

    /// Every row of a statement that was built for this request.
    pub async fn fetch_all_built<T: Row>(&mut self, statement: &sea_query::SelectStatement) -> Result<Vec<T>> {
        let (sql, values) = self.build(statement);
        self.fetch_all(sqlx::AssertSqlSafe(sql), values).await
    }

    fn build(&self, statement: &sea_query::SelectStatement) -> (String, Args) {
        let (sql, SqlxValues(Values(values))) = match self {
            Self::Postgres(_) => statement.build_sqlx(PostgresQueryBuilder),
            Self::Sqlite(_) => statement.build_sqlx(SqliteQueryBuilder),
        };
        (sql, values)
    }

    /// A word of transaction control, which takes no values.
    pub(crate) async fn control(&mut self, sql: &'static str) -> Result<()> {
        match self {
            Self::Postgres(c) => sqlx::raw_sql(sql).execute(&mut **c).await.map(drop)?,
            // Prepared once, also where it is several statements.
            Self::Sqlite(c) => sqlx::query(sql).execute(&mut **c).await.map(drop)?,
        }
        Ok(())
    }
}
