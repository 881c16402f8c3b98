//! Many values in one statement: sets in one placeholder, and rows by the hundred.

use domain::KeyValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Encode, Postgres, Sqlite, SqliteConnection, Type};

use crate::{Conn, Result, Row, StoreError};

/// Most rows of one `VALUES` list. Lists have lengths of powers of two, so that few statements have to be prepared.
const MAX_ROWS: usize = 256;

/// Rows of a statement whose one placeholder is a set: an array on Postgres (`= ANY($1)`), JSON on SQLite
/// (`IN (SELECT value FROM json_each($1))`).
pub(crate) async fn fetch_set<T: Row, V>(
    conn: &mut Conn,
    postgres: &'static str,
    sqlite: &'static str,
    set: Vec<V>,
) -> Result<Vec<T>>
where
    V: Serialize,
    Vec<V>: for<'q> Encode<'q, Postgres> + Type<Postgres>,
{
    Ok(match conn {
        Conn::Postgres(c) => sqlx::query_as(postgres).bind(set).fetch_all(&mut **c).await?,
        Conn::Sqlite(c) => sqlx::query_as(sqlite).bind(to_json(&set)).fetch_all(&mut **c).await?,
    })
}

/// Runs a statement whose one placeholder is a set; see [`fetch_set`].
pub(crate) async fn execute_set<V>(
    conn: &mut Conn,
    postgres: &'static str,
    sqlite: &'static str,
    set: Vec<V>,
) -> Result<u64>
where
    V: Serialize,
    Vec<V>: for<'q> Encode<'q, Postgres> + Type<Postgres>,
{
    Ok(match conn {
        Conn::Postgres(c) => sqlx::query(postgres).bind(set).execute(&mut **c).await?.rows_affected(),
        Conn::Sqlite(c) => sqlx::query(sqlite).bind(to_json(&set)).execute(&mut **c).await?.rows_affected(),
    })
}

/// Keys and values of several owners, sorted by owner and key, as one row: it is a row's way through the driver that
/// costs, not its bytes.
///
/// The Postgres text answers with three arrays (owners, keys, values), the SQLite text with one JSON array of triples;
/// the placeholder is a set of owners, as in [`fetch_set`].
pub(crate) async fn fetch_pairs(
    conn: &mut Conn,
    postgres: &'static str,
    sqlite: &'static str,
    owners: Vec<i64>,
) -> Result<Vec<(i64, KeyValue)>> {
    let mut pairs: Vec<(i64, KeyValue)> = match conn {
        Conn::Postgres(c) => {
            type Columns = (Option<Vec<i64>>, Option<Vec<String>>, Option<Vec<String>>);
            let (owners, keys, values): Columns = sqlx::query_as(postgres).bind(owners).fetch_one(&mut **c).await?;
            let owners = owners.unwrap_or_default().into_iter();
            let pairs = keys.unwrap_or_default().into_iter().zip(values.unwrap_or_default());
            owners.zip(pairs.map(|(key, value)| KeyValue { key, value })).collect()
        }
        Conn::Sqlite(c) => {
            let triples: String = sqlx::query_scalar(sqlite).bind(to_json(&owners)).fetch_one(&mut **c).await?;
            let triples: Vec<(i64, String, String)> = from_json(&triples)?;
            triples.into_iter().map(|(owner, key, value)| (owner, KeyValue { key, value })).collect()
        }
    };
    pairs.sort_unstable_by(|(a, x), (b, y)| (a, &x.key).cmp(&(b, &y.key)));
    Ok(pairs)
}

/// SQLite: inserts rows by multi-row `VALUES` lists of `columns` each between `head` and `tail`; `bind` binds one row.
/// Answers how many rows were changed.
pub(crate) async fn insert_rows<T>(
    conn: &mut SqliteConnection,
    head: &str,
    columns: usize,
    tail: &str,
    mut rows: &[T],
    bind: impl for<'q> Fn(Query<'q, Sqlite, SqliteArguments>, &T) -> Query<'q, Sqlite, SqliteArguments>,
) -> Result<u64> {
    let mut changed = 0;
    while !rows.is_empty() {
        let size = 1 << rows.len().min(MAX_ROWS).ilog2();
        let (now, later) = rows.split_at(size);
        let sql = sqlx::AssertSqlSafe(values_list(head, columns, tail, size));
        let query = now.iter().fold(sqlx::query(sql), &bind);
        changed += query.execute(&mut *conn).await?.rows_affected();
        rows = later;
    }
    Ok(changed)
}

fn values_list(head: &str, columns: usize, tail: &str, rows: usize) -> String {
    // Bare question marks: SQLite keeps names of placeholders in a list that it walks for every one of them.
    let row = format!("({})", vec!["?"; columns].join(","));
    let mut sql = String::with_capacity(head.len() + tail.len() + rows * (row.len() + 1) + 8);
    sql.push_str(head);
    sql.push_str(" VALUES ");
    for i in 0..rows {
        if i > 0 {
            sql.push(',');
        }
        sql.push_str(&row);
    }
    sql.push(' ');
    sql.push_str(tail);
    sql
}

/// JSON for `json_each`.
pub(crate) fn to_json<T: Serialize>(values: &[T]) -> String {
    serde_json::to_string(values).expect("numbers, texts and tuples of them have a JSON form")
}

/// What SQLite's JSON functions made.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|cause| StoreError::Database(sqlx::Error::Decode(cause.into())))
}
