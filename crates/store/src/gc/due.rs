//! What there is to remove, and the versions that hold on to files.

use domain::Millis;

use crate::sqlite::{FromSqlite, row};
use crate::{Conn, Result, args, bulk};

row! {
    /// A run or logged model to remove.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Due {
        /// Its number within the store.
        pub no: i64,
        /// Its id.
        pub id: String,
        /// The experiment that it belongs to.
        pub experiment_id: i64,
        /// Where its files are.
        pub artifact_uri: String,
        /// When it was deleted; `None` for what goes with its experiment.
        pub deleted_at: Option<i64>,
    }
}

row! {
    /// An experiment to remove.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct DueExperiment {
        /// Its number.
        pub experiment_id: i64,
        /// Where its runs' files are.
        pub artifact_location: String,
        /// When it was deleted; `None` if it is in use.
        pub deleted_at: Option<i64>,
    }
}

row! {
    /// A version, or with number 0 a registered model, to remove.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct DueVersion {
        /// The model's number within the store.
        pub registered_no: i64,
        /// The version's number.
        pub version: i64,
        /// The model's name.
        pub name: String,
        /// When it was deleted.
        pub deleted_at: i64,
    }
}

row! {
    /// A version whose files must stay.
    #[derive(Clone, Debug)]
    pub struct Guarding {
        /// The model's number within the store.
        pub registered_no: i64,
        /// The version's number.
        pub version: i64,
        /// The model's name.
        pub name: String,
        /// Where the client said that its files come from.
        pub source: String,
        /// Where its files are.
        pub storage_location: String,
        /// The logged model that it was made from.
        pub model_id: Option<String>,
        /// When it was deleted.
        pub deleted_at: Option<i64>,
    }
}

/// A page of runs that were deleted at `until` or before, the oldest first; `after` is the last of the page before, as
/// (time, number).
pub async fn runs(conn: &mut Conn, until: Millis, after: (i64, i64), limit: i64) -> Result<Vec<Due>> {
    const SQL: &str = "SELECT run_no AS no, run_id AS id, experiment_id, artifact_uri, deleted_at FROM runs
        WHERE deleted_at IS NOT NULL AND deleted_at <= $1 AND (deleted_at, run_no) > ($2, $3)
        ORDER BY deleted_at, run_no LIMIT $4";
    conn.fetch_all(SQL, args![until, after.0, after.1, limit]).await
}

/// As [`runs`], of logged models.
pub async fn logged_models(conn: &mut Conn, until: Millis, after: (i64, i64), limit: i64) -> Result<Vec<Due>> {
    const SQL: &str =
        "SELECT model_no AS no, model_id AS id, experiment_id, artifact_uri, deleted_at FROM logged_models
        WHERE deleted_at IS NOT NULL AND deleted_at <= $1 AND (deleted_at, model_no) > ($2, $3)
        ORDER BY deleted_at, model_no LIMIT $4";
    conn.fetch_all(SQL, args![until, after.0, after.1, limit]).await
}

/// A page of experiments that were deleted at `until` or before, the oldest first.
pub async fn experiments(conn: &mut Conn, until: Millis, after: (i64, i64), limit: i64) -> Result<Vec<DueExperiment>> {
    const SQL: &str = "SELECT experiment_id, artifact_location, deleted_at FROM experiments
        WHERE deleted_at IS NOT NULL AND deleted_at <= $1 AND (deleted_at, experiment_id) > ($2, $3)
        ORDER BY deleted_at, experiment_id LIMIT $4";
    conn.fetch_all(SQL, args![until, after.0, after.1, limit]).await
}

/// A page of versions that were deleted, not with their model, at `until` or before, the oldest first; `after` is the last of
/// the page before, as (time, model's number, version).
pub async fn versions(conn: &mut Conn, until: Millis, after: (i64, i64, i64), limit: i64) -> Result<Vec<DueVersion>> {
    const SQL: &str = "SELECT v.registered_no, v.version, m.name, v.deleted_at FROM model_versions v
        JOIN registered_models m ON m.registered_no = v.registered_no
        WHERE v.deleted_at IS NOT NULL AND v.deleted_at <= $1 AND NOT v.deleted_with_model
          AND (v.deleted_at, v.registered_no, v.version) > ($2, $3, $4)
        ORDER BY v.deleted_at, v.registered_no, v.version LIMIT $5";
    conn.fetch_all(SQL, args![until, after.0, after.1, after.2, limit]).await
}

/// A page of registered models that were deleted at `until` or before, the oldest first.
pub async fn models(conn: &mut Conn, until: Millis, after: (i64, i64), limit: i64) -> Result<Vec<DueVersion>> {
    const POSTGRES: &str = "SELECT registered_no, 0::bigint AS version, name, deleted_at FROM registered_models
        WHERE deleted_at IS NOT NULL AND deleted_at <= $1 AND (deleted_at, registered_no) > ($2, $3)
        ORDER BY deleted_at, registered_no LIMIT $4";
    const SQLITE: &str = "SELECT registered_no, 0 AS version, name, deleted_at FROM registered_models
        WHERE deleted_at IS NOT NULL AND deleted_at <= $1 AND (deleted_at, registered_no) > ($2, $3)
        ORDER BY deleted_at, registered_no LIMIT $4";
    let sql = match conn {
        Conn::Postgres(_) => POSTGRES,
        Conn::Sqlite(_) => SQLITE,
    };
    conn.fetch_all(sql, args![until, after.0, after.1, limit]).await
}

/// A page of runs that are being removed, by number.
pub async fn removing_runs(conn: &mut Conn, after: i64, limit: i64) -> Result<Vec<Due>> {
    const SQL: &str = "SELECT run_no AS no, run_id AS id, experiment_id, artifact_uri, deleted_at FROM runs
        WHERE removing AND run_no > $1 ORDER BY run_no LIMIT $2";
    conn.fetch_all(SQL, args![after, limit]).await
}

/// A page of logged models that are being removed, by number.
pub async fn removing_logged_models(conn: &mut Conn, after: i64, limit: i64) -> Result<Vec<Due>> {
    const SQL: &str =
        "SELECT model_no AS no, model_id AS id, experiment_id, artifact_uri, deleted_at FROM logged_models
        WHERE removing AND model_no > $1 ORDER BY model_no LIMIT $2";
    conn.fetch_all(SQL, args![after, limit]).await
}

/// A page of experiments that are being removed, by number.
pub async fn removing_experiments(conn: &mut Conn, after: i64, limit: i64) -> Result<Vec<DueExperiment>> {
    const SQL: &str = "SELECT experiment_id, artifact_location, deleted_at FROM experiments
        WHERE removing AND experiment_id > $1 ORDER BY experiment_id LIMIT $2";
    conn.fetch_all(SQL, args![after, limit]).await
}

/// A page of an experiment's runs in any lifecycle stage, the newest first; `after` is the last of the page before, as
/// (start, id).
pub async fn runs_of_experiment(
    conn: &mut Conn,
    experiment_id: i64,
    after: Option<(i64, &str)>,
    limit: i64,
) -> Result<Vec<(i64, Due)>> {
    #[derive(sqlx::FromRow)]
    struct Started {
        start_time: i64,
        #[sqlx(flatten)]
        run: Due,
    }
    impl FromSqlite for Started {
        fn from_sqlite(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
            Ok(Self { start_time: row.get("start_time")?, run: Due::from_sqlite(row)? })
        }
    }
    const SQL: &str = "SELECT run_no AS no, run_id AS id, experiment_id, artifact_uri, deleted_at, start_time FROM runs
        WHERE experiment_id = $1 AND start_time <= $2 AND (start_time < $2 OR run_id > $3)
        ORDER BY start_time DESC, run_id LIMIT $4";
    let (start, id) = after.unwrap_or((i64::MAX, ""));
    let rows: Vec<Started> = conn.fetch_all(SQL, args![experiment_id, start, id, limit]).await?;
    Ok(rows.into_iter().map(|row| (row.start_time, row.run)).collect())
}

/// As [`runs_of_experiment`], of logged models, by time of creation.
pub async fn logged_models_of_experiment(
    conn: &mut Conn,
    experiment_id: i64,
    after: Option<(i64, &str)>,
    limit: i64,
) -> Result<Vec<(i64, Due)>> {
    #[derive(sqlx::FromRow)]
    struct Created {
        creation_time: i64,
        #[sqlx(flatten)]
        model: Due,
    }
    impl FromSqlite for Created {
        fn from_sqlite(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
            Ok(Self { creation_time: row.get("creation_time")?, model: Due::from_sqlite(row)? })
        }
    }
    const SQL: &str = "SELECT model_no AS no, model_id AS id, experiment_id, artifact_uri, deleted_at, creation_time
        FROM logged_models
        WHERE experiment_id = $1 AND creation_time <= $2 AND (creation_time < $2 OR model_id > $3)
        ORDER BY creation_time DESC, model_id LIMIT $4";
    let (created, id) = after.unwrap_or((i64::MAX, ""));
    let rows: Vec<Created> = conn.fetch_all(SQL, args![experiment_id, created, id, limit]).await?;
    Ok(rows.into_iter().map(|row| (row.creation_time, row.model)).collect())
}

/// These runs, in any lifecycle stage; unknown ones are left out.
pub async fn runs_by_ids(conn: &mut Conn, ids: Vec<String>) -> Result<Vec<Due>> {
    bulk::fetch_set(
        conn,
        "SELECT run_no AS no, run_id AS id, experiment_id, artifact_uri, deleted_at FROM runs WHERE run_id = ANY($1)",
        "SELECT run_no AS no, run_id AS id, experiment_id, artifact_uri, deleted_at FROM runs
         WHERE run_id IN (SELECT value FROM json_each($1))",
        ids,
    )
    .await
}

/// These logged models, in any lifecycle stage; unknown ones are left out.
pub async fn logged_models_by_ids(conn: &mut Conn, ids: Vec<String>) -> Result<Vec<Due>> {
    bulk::fetch_set(
        conn,
        "SELECT model_no AS no, model_id AS id, experiment_id, artifact_uri, deleted_at FROM logged_models
         WHERE model_id = ANY($1)",
        "SELECT model_no AS no, model_id AS id, experiment_id, artifact_uri, deleted_at FROM logged_models
         WHERE model_id IN (SELECT value FROM json_each($1))",
        ids,
    )
    .await
}

/// These experiments, in any lifecycle stage; unknown ones are left out.
pub async fn experiments_by_ids(conn: &mut Conn, ids: Vec<i64>) -> Result<Vec<DueExperiment>> {
    bulk::fetch_set(
        conn,
        "SELECT experiment_id, artifact_location, deleted_at FROM experiments WHERE experiment_id = ANY($1)",
        "SELECT experiment_id, artifact_location, deleted_at FROM experiments
         WHERE experiment_id IN (SELECT value FROM json_each($1))",
        ids,
    )
    .await
}

/// The columns of a [`Guarding`].
macro_rules! guarding {
    () => {
        "SELECT v.registered_no, v.version, m.name, v.source, v.storage_location, v.model_id, v.deleted_at
         FROM model_versions v JOIN registered_models m ON m.registered_no = v.registered_no "
    };
}

/// A page of versions, in use or not, by model and number; `after` is the last of the page before. Those that were
/// deleted at `gone` or before are left out.
pub async fn guarding(conn: &mut Conn, gone: Millis, after: (i64, i64), limit: i64) -> Result<Vec<Guarding>> {
    const SQL: &str = concat!(
        guarding!(),
        "WHERE (v.registered_no, v.version) > ($1, $2) AND (v.deleted_at IS NULL OR v.deleted_at > $3)
         ORDER BY v.registered_no, v.version LIMIT $4"
    );
    conn.fetch_all(SQL, args![after.0, after.1, gone, limit]).await
}

/// Versions in use that were made or changed at `since` or after.
pub async fn guarding_since(conn: &mut Conn, since: Millis) -> Result<Vec<Guarding>> {
    const SQL: &str = concat!(guarding!(), "WHERE v.last_update_time >= $1 AND v.deleted_at IS NULL");
    conn.fetch_all(SQL, args![since]).await
}
