//! The end of rows.

use domain::Millis;

use crate::sqlite::row;
use crate::{Conn, Result, args, bulk};

/// Removes some metric points, at most so many as one short transaction takes, of runs that are being removed; answers
/// how many. 0 means that there are no more.
pub async fn delete_metric_points(tx: &mut Conn, runs: Vec<i64>) -> Result<u64> {
    bulk::execute_set(
        tx,
        "DELETE FROM metric_points WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM metric_points
            WHERE run_no IN (SELECT run_no FROM runs WHERE run_no = ANY($1) AND removing) LIMIT 10000))",
        "DELETE FROM metric_points WHERE (run_no, key_no, timestamp, step, value, is_nan) IN (
            SELECT run_no, key_no, timestamp, step, value, is_nan FROM metric_points
            WHERE run_no IN (SELECT run_no FROM runs WHERE removing AND run_no IN (SELECT value FROM json_each($1)))
            LIMIT 10000)",
        runs,
    )
    .await
}

/// Removes runs that are being removed, with what hangs on them. Their metric points should have gone before.
/// Datasets stay until their experiment goes: a run may be about to log one of them.
pub async fn delete_runs(tx: &mut Conn, runs: Vec<i64>) -> Result<u64> {
    bulk::execute_set(
        tx,
        "DELETE FROM runs WHERE run_no = ANY($1) AND removing",
        "DELETE FROM runs WHERE run_no IN (SELECT value FROM json_each($1)) AND removing",
        runs,
    )
    .await
}

/// Removes logged models that are being removed, with what hangs on them.
pub async fn delete_logged_models(tx: &mut Conn, models: Vec<i64>) -> Result<u64> {
    bulk::execute_set(
        tx,
        "DELETE FROM logged_models WHERE model_no = ANY($1) AND removing",
        "DELETE FROM logged_models WHERE model_no IN (SELECT value FROM json_each($1)) AND removing",
        models,
    )
    .await
}

/// Whether an experiment holds no run and no logged model any more.
pub async fn is_experiment_empty(conn: &mut Conn, experiment_id: i64) -> Result<bool> {
    const SQL: &str = "SELECT EXISTS (SELECT 1 FROM runs WHERE experiment_id = $1)
        OR EXISTS (SELECT 1 FROM logged_models WHERE experiment_id = $1)";
    let (holds,): (bool,) = conn.fetch_one(SQL, args![experiment_id]).await?;
    Ok(!holds)
}

/// Removes an experiment that is being removed, with its tags and datasets.
pub async fn delete_experiment(tx: &mut Conn, experiment_id: i64) -> Result<()> {
    const SQL: &str = "DELETE FROM experiments WHERE experiment_id = $1 AND removing";
    tx.execute(SQL, args![experiment_id]).await.map(drop)
}

/// Removes a version that was deleted at `until` or before, with its tags; `false` if it is not deleted any more.
pub async fn delete_version(tx: &mut Conn, registered_no: i64, version: i64, until: Millis) -> Result<bool> {
    const SQL: &str = "DELETE FROM model_versions WHERE registered_no = $1 AND version = $2
        AND deleted_at IS NOT NULL AND deleted_at <= $3 AND NOT deleted_with_model";
    Ok(tx.execute(SQL, args![registered_no, version, until]).await? > 0)
}

/// Removes a registered model that was deleted at `until` or before, with its versions; `false` if it is not deleted
/// any more, or has a version in use.
pub async fn delete_model(tx: &mut Conn, registered_no: i64, until: Millis) -> Result<bool> {
    const SQL: &str = "DELETE FROM registered_models WHERE registered_no = $1
        AND deleted_at IS NOT NULL AND deleted_at <= $2
        AND NOT EXISTS (SELECT 1 FROM model_versions v WHERE v.registered_no = $1 AND v.deleted_at IS NULL)";
    Ok(tx.execute(SQL, args![registered_no, until]).await? > 0)
}

row! {
    struct Counted {
        no: i64,
        rows: i64,
    }
}

/// How many rows each of these runs has, itself included, by its number.
pub async fn count_run_rows(conn: &mut Conn, runs: Vec<i64>) -> Result<Vec<(i64, u64)>> {
    counted(
        conn,
        "SELECT n AS no, 1 + (SELECT count(*) FROM metric_points WHERE run_no = n)
            + (SELECT count(*) FROM latest_metrics WHERE run_no = n) + (SELECT count(*) FROM params WHERE run_no = n)
            + (SELECT count(*) FROM run_tags WHERE run_no = n) AS rows FROM unnest($1) AS n",
        "SELECT n.value AS no, 1 + (SELECT count(*) FROM metric_points WHERE run_no = n.value)
            + (SELECT count(*) FROM latest_metrics WHERE run_no = n.value)
            + (SELECT count(*) FROM params WHERE run_no = n.value)
            + (SELECT count(*) FROM run_tags WHERE run_no = n.value) AS rows FROM json_each($1) AS n",
        runs,
    )
    .await
}

/// How many rows each of these logged models has, itself included, by its number.
pub async fn count_logged_model_rows(conn: &mut Conn, models: Vec<i64>) -> Result<Vec<(i64, u64)>> {
    counted(
        conn,
        "SELECT n AS no, 1 + (SELECT count(*) FROM logged_model_metrics WHERE model_no = n)
            + (SELECT count(*) FROM logged_model_params WHERE model_no = n)
            + (SELECT count(*) FROM logged_model_tags WHERE model_no = n) AS rows FROM unnest($1) AS n",
        "SELECT n.value AS no, 1 + (SELECT count(*) FROM logged_model_metrics WHERE model_no = n.value)
            + (SELECT count(*) FROM logged_model_params WHERE model_no = n.value)
            + (SELECT count(*) FROM logged_model_tags WHERE model_no = n.value) AS rows FROM json_each($1) AS n",
        models,
    )
    .await
}

async fn counted(
    conn: &mut Conn,
    postgres: &'static str,
    sqlite: &'static str,
    numbers: Vec<i64>,
) -> Result<Vec<(i64, u64)>> {
    let rows: Vec<Counted> = bulk::fetch_set(conn, postgres, sqlite, numbers).await?;
    Ok(rows.into_iter().map(|row| (row.no, u64::try_from(row.rows).unwrap_or_default())).collect())
}
