//! Params of runs: each is written once.

use crate::sqlite::row;
use crate::{Conn, Dialect, Result, args, bulk};

row! {
    /// What [`insert_one`] found.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Written {
        /// When the run was deleted; then nothing was written.
        pub deleted_at: Option<i64>,
        /// The value that the param has now: the given one, or that which was there first.
        pub value: Option<String>,
    }
}

/// Writes a param of a run unless it is there or the run is deleted, in one statement; `None` if there is no such run.
pub async fn insert_one(tx: &mut Conn, run_id: &str, key_no: i64, value: &str) -> Result<Option<Written>> {
    // The update changes nothing: it waits for a writer of the same param and makes its value visible.
    const POSTGRES: &str = "
        WITH run AS (SELECT run_no, deleted_at FROM runs WHERE run_id = $1),
        param AS (
            INSERT INTO params (run_no, key_no, value)
            SELECT run_no, $2, $3 FROM run WHERE deleted_at IS NULL
            ON CONFLICT (run_no, key_no) DO UPDATE SET value = params.value RETURNING value)
        SELECT deleted_at, (SELECT value FROM param) AS value FROM run";
    const INSERT: &str = "
        INSERT INTO params (run_no, key_no, value)
        SELECT run_no, $2, $3 FROM runs WHERE run_id = $1 AND deleted_at IS NULL
        ON CONFLICT (run_no, key_no) DO UPDATE SET value = params.value RETURNING NULL AS deleted_at, value";
    const STATE: &str = "SELECT deleted_at, NULL AS value FROM runs WHERE run_id = $1";
    let sql = tx.pick(POSTGRES, INSERT);
    let written = tx.fetch_optional(sql, args![run_id, key_no, value]).await?;
    if written.is_some() || tx.dialect() == Dialect::Postgres {
        return Ok(written);
    }
    tx.fetch_optional(STATE, args![run_id]).await
}

/// Writes those params of a run that are not there yet; answers with the values that were there first (also of those
/// that are equal), by number. The params have distinct numbers.
pub async fn insert(tx: &mut Conn, run_no: i64, mut params: Vec<(i64, String)>) -> Result<Vec<(i64, String)>> {
    params.sort_unstable();
    let new = match tx {
        Conn::Postgres(c) => {
            const SQL: &str = "INSERT INTO params (run_no, key_no, value) \
                               SELECT $1, key_no, value FROM UNNEST($2, $3) AS u(key_no, value) ON CONFLICT DO NOTHING";
            sqlx::query(SQL)
                .bind(run_no)
                .bind(params.iter().map(|p| p.0).collect::<Vec<_>>())
                .bind(params.iter().map(|p| p.1.as_str()).collect::<Vec<_>>())
                .execute(&mut **c)
                .await?
                .rows_affected()
        }
        Conn::Sqlite(c) => {
            const SQL: &str = "INSERT INTO params (run_no, key_no, value) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
            c.execute_each(SQL, params.iter().map(|(key_no, value)| args![run_no, *key_no, value.as_str()]))?
        }
    };
    if new == params.len() as u64 {
        return Ok(Vec::new());
    }
    let keys: Vec<i64> = params.iter().map(|p| p.0).collect();
    Ok(match tx {
        Conn::Postgres(c) => {
            sqlx::query_as("SELECT key_no, value FROM params WHERE run_no = $1 AND key_no = ANY($2)")
                .bind(run_no)
                .bind(keys)
                .fetch_all(&mut **c)
                .await?
        }
        Conn::Sqlite(_) => {
            const SQL: &str = "SELECT key_no, value FROM params \
                               WHERE run_no = $1 AND key_no IN (SELECT value FROM json_each($2))";
            tx.fetch_all(SQL, args![run_no, bulk::to_json(&keys)]).await?
        }
    })
}
