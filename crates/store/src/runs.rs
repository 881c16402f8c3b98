//! Runs.

mod load;

use domain::experiments::ExperimentId;
use domain::runs::{RunInfo, RunStatus};
use domain::{Lifecycle, Millis};

pub use load::load;

use crate::sqlite::row;
use crate::{Conn, Result, args, bulk};

row! {
    /// A run, as its table has it.
    #[derive(Clone, Debug)]
    pub struct RunRow {
        /// Its number within the store.
        pub run_no: i64,
        /// 32 hex digits.
        pub run_id: String,
        /// The experiment that it belongs to.
        pub experiment_id: i64,
        /// Its name.
        pub name: String,
        /// Who started it.
        pub user_id: String,
        /// How far it is, as [`RunStatus::number`].
        pub status: i64,
        /// When it started.
        pub start_time: i64,
        /// When it ended; 0 means that a client took the end back.
        pub end_time: Option<i64>,
        /// Where its artifacts are.
        pub artifact_uri: String,
        /// When it was deleted.
        pub deleted_at: Option<i64>,
    }
}

/// The columns of a [`RunRow`].
macro_rules! columns {
    () => {
        "run_no, run_id, experiment_id, name, user_id, status, start_time, end_time, artifact_uri, deleted_at"
    };
}

impl From<RunRow> for RunInfo {
    fn from(row: RunRow) -> Self {
        Self {
            run_id: row.run_id,
            run_name: row.name,
            experiment_id: ExperimentId(row.experiment_id),
            user_id: row.user_id,
            // Only numbers of statuses are ever written.
            status: RunStatus::from_number(row.status).unwrap_or(RunStatus::Running),
            start_time: row.start_time,
            end_time: row.end_time.filter(|t| *t != 0),
            artifact_uri: row.artifact_uri,
            lifecycle_stage: if row.deleted_at.is_none() { Lifecycle::Active } else { Lifecycle::Deleted },
        }
    }
}

row! {
    /// What a write has to know of its run.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RunState {
        /// Its number within the store.
        pub run_no: i64,
        /// The experiment that it belongs to.
        pub experiment_id: i64,
        /// When it was deleted.
        pub deleted_at: Option<i64>,
    }
}

/// Changes of a run; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// How far it is.
    pub status: Option<RunStatus>,
    /// When it ended.
    pub end_time: Option<Millis>,
    /// Its name.
    pub name: Option<String>,
}

/// Adds an active run; answers with its number.
pub async fn insert(tx: &mut Conn, run: &RunInfo) -> Result<i64> {
    const SQL: &str = "INSERT INTO runs \
                       (run_id, experiment_id, name, user_id, status, start_time, end_time, artifact_uri) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING run_no";
    let values = args![
        run.run_id.as_str(),
        run.experiment_id.0,
        run.run_name.as_str(),
        run.user_id.as_str(),
        run.status.number(),
        run.start_time,
        run.end_time,
        run.artifact_uri.as_str(),
    ];
    let (run_no,): (i64,) = tx.fetch_one(SQL, values).await?;
    Ok(run_no)
}

/// A run in any lifecycle stage.
pub async fn find(conn: &mut Conn, run_id: &str) -> Result<Option<RunRow>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM runs WHERE run_id = $1");
    conn.fetch_optional(SQL, args![run_id]).await
}

/// These runs in any lifecycle stage, by id; unknown ones are left out.
pub async fn by_ids(conn: &mut Conn, run_ids: &[String]) -> Result<Vec<RunRow>> {
    bulk::fetch_set(
        conn,
        concat!("SELECT ", columns!(), " FROM runs WHERE run_id = ANY($1) ORDER BY run_id"),
        concat!("SELECT ", columns!(), " FROM runs WHERE run_id IN (SELECT value FROM json_each($1)) ORDER BY run_id"),
        run_ids.to_vec(),
    )
    .await
}

/// What a write has to know of its run.
pub async fn state(conn: &mut Conn, run_id: &str) -> Result<Option<RunState>> {
    const SQL: &str = "SELECT run_no, experiment_id, deleted_at FROM runs WHERE run_id = $1";
    conn.fetch_optional(SQL, args![run_id]).await
}

/// What a write has to know of its run; until the transaction ends nobody else can change the run.
pub async fn lock(tx: &mut Conn, run_id: &str) -> Result<Option<RunState>> {
    let sql = tx.pick(
        "SELECT run_no, experiment_id, deleted_at FROM runs WHERE run_id = $1 FOR NO KEY UPDATE",
        "SELECT run_no, experiment_id, deleted_at FROM runs WHERE run_id = $1",
    );
    tx.fetch_optional(sql, args![run_id]).await
}

/// Changes an active run and answers with what it is now; `None` if there is no active one.
pub async fn update(tx: &mut Conn, run_id: &str, changes: &Changes) -> Result<Option<RunRow>> {
    const SQL: &str = concat!(
        "UPDATE runs SET status = COALESCE($2, status), end_time = COALESCE($3, end_time), name = COALESCE($4, name) \
         WHERE run_id = $1 AND deleted_at IS NULL RETURNING ",
        columns!()
    );
    let status = changes.status.map(RunStatus::number);
    tx.fetch_optional(SQL, args![run_id, status, changes.end_time, changes.name.clone()]).await
}

/// Renames a run.
pub async fn rename(tx: &mut Conn, run_no: i64, name: &str) -> Result<()> {
    tx.execute("UPDATE runs SET name = $2 WHERE run_no = $1", args![run_no, name]).await.map(drop)
}

/// Deletes a run, or restores it with `None`; `false` if there is no such run, or it is being removed for good.
pub async fn set_deleted(tx: &mut Conn, run_id: &str, deleted_at: Option<Millis>) -> Result<bool> {
    const SQL: &str = "UPDATE runs SET deleted_at = $2 WHERE run_id = $1 AND NOT removing";
    Ok(tx.execute(SQL, args![run_id, deleted_at]).await? > 0)
}
