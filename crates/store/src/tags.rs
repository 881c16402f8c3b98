//! Tags of runs.

use crate::{Conn, Result, args};

/// Sets tags of a run; the tags have distinct numbers.
pub async fn set(tx: &mut Conn, run_no: i64, mut tags: Vec<(i64, String)>) -> Result<()> {
    if tags.is_empty() {
        return Ok(());
    }
    // Always in the same order, so that two writers can't wait for each other in a circle.
    tags.sort_unstable();
    match tx {
        Conn::Postgres(c) => {
            const SQL: &str = "INSERT INTO run_tags (run_no, key_no, value) \
                               SELECT $1, key_no, value FROM UNNEST($2, $3) AS u(key_no, value) \
                               ON CONFLICT (run_no, key_no) DO UPDATE SET value = excluded.value";
            sqlx::query(SQL)
                .bind(run_no)
                .bind(tags.iter().map(|t| t.0).collect::<Vec<_>>())
                .bind(tags.iter().map(|t| t.1.as_str()).collect::<Vec<_>>())
                .execute(&mut **c)
                .await?;
        }
        Conn::Sqlite(c) => {
            const SQL: &str = "INSERT INTO run_tags (run_no, key_no, value) VALUES ($1, $2, $3) \
                               ON CONFLICT (run_no, key_no) DO UPDATE SET value = excluded.value";
            c.execute_each(SQL, tags.into_iter().map(|(key_no, value)| args![run_no, key_no, value]))?;
        }
    }
    Ok(())
}

/// A tag's value.
pub async fn find(conn: &mut Conn, run_no: i64, key_no: i64) -> Result<Option<String>> {
    const SQL: &str = "SELECT value FROM run_tags WHERE run_no = $1 AND key_no = $2";
    let row: Option<(String,)> = conn.fetch_optional(SQL, args![run_no, key_no]).await?;
    Ok(row.map(|(value,)| value))
}

/// Removes a tag of a run; `false` if there is none.
pub async fn delete(tx: &mut Conn, run_no: i64, key_no: i64) -> Result<bool> {
    const SQL: &str = "DELETE FROM run_tags WHERE run_no = $1 AND key_no = $2";
    Ok(tx.execute(SQL, args![run_no, key_no]).await? > 0)
}
