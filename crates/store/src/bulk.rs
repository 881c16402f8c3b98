//! Many values in one statement: sets in one placeholder.

use domain::KeyValue;
use serde::Serialize;
use sqlx::{Encode, Postgres, Type};

use crate::{Conn, Result, Row, args};

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
        Conn::Sqlite(_) => conn.fetch_all(sqlite, args![to_json(&set)]).await?,
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
        Conn::Sqlite(_) => conn.execute(sqlite, args![to_json(&set)]).await?,
    })
}

/// Keys and values of several owners, sorted by owner and key.
///
/// The Postgres text answers with three arrays (owners, keys, values) as one row, for it is a row's way through the
/// driver that costs, not its bytes; the SQLite text with a row of each. The placeholder is a set of owners, as in
/// [`fetch_set`].
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
        Conn::Sqlite(_) => {
            let rows: Vec<(i64, String, String)> = conn.fetch_all(sqlite, args![to_json(&owners)]).await?;
            rows.into_iter().map(|(owner, key, value)| (owner, KeyValue { key, value })).collect()
        }
    };
    pairs.sort_unstable_by(|(a, x), (b, y)| (a, &x.key).cmp(&(b, &y.key)));
    Ok(pairs)
}

/// JSON for `json_each`.
pub(crate) fn to_json<T: Serialize>(values: &[T]) -> String {
    serde_json::to_string(values).expect("numbers, texts and tuples of them have a JSON form")
}
