//! What the source of a new version has to be checked against: runs and logged models, by where their files are.

use domain::logged_models::MODEL_VERSIONS_TAG;

use crate::sqlite::row;
use crate::{Conn, Result, args};

row! {
    /// Where a run's files are.
    #[derive(Clone, Debug)]
    pub struct RunPlace {
        /// The run's number within the store.
        pub run_no: i64,
        /// 32 hex digits.
        pub run_id: String,
        /// Its artifact location.
        pub artifact_uri: String,
    }
}

row! {
    /// Where a logged model's files are.
    #[derive(Clone, Debug)]
    pub struct LoggedModelPlace {
        /// The logged model's number within the store.
        pub model_no: i64,
        /// `m-` and 32 hex digits.
        pub model_id: String,
        /// Its artifact location.
        pub artifact_uri: String,
        /// The run that made it; may be empty.
        pub source_run_id: String,
    }
}

/// A run in any lifecycle stage.
pub async fn run(conn: &mut Conn, run_id: &str) -> Result<Option<RunPlace>> {
    conn.fetch_optional("SELECT run_no, run_id, artifact_uri FROM runs WHERE run_id = $1", args![run_id]).await
}

/// A logged model in use.
pub async fn logged_model(conn: &mut Conn, model_id: &str) -> Result<Option<LoggedModelPlace>> {
    const SQL: &str = "SELECT model_no, model_id, artifact_uri, source_run_id FROM logged_models
        WHERE model_id = $1 AND deleted_at IS NULL";
    conn.fetch_optional(SQL, args![model_id]).await
}

/// The newest logged model in use of this name that a run made, be it the model that says so or the run.
pub async fn logged_model_of_run(conn: &mut Conn, run: &RunPlace, name: &str) -> Result<Option<LoggedModelPlace>> {
    const SQL: &str = "
        SELECT l.model_no, l.model_id, l.artifact_uri, l.source_run_id
        FROM (
            SELECT model_id FROM logged_models WHERE source_run_id = $1
            UNION
            SELECT model_id FROM run_model_outputs WHERE run_no = $2
        ) made
        JOIN logged_models l ON l.model_id = made.model_id
        WHERE l.name = $3 AND l.deleted_at IS NULL
        ORDER BY l.creation_time DESC, l.model_no DESC LIMIT 1";
    conn.fetch_optional(SQL, args![run.run_id.as_str(), run.run_no, name]).await
}

/// The tag in which a logged model lists its versions; until the transaction ends nobody else can lock the model.
pub async fn lock_versions_tag(conn: &mut Conn, model_no: i64) -> Result<Option<String>> {
    const TAG: &str = "SELECT value FROM logged_model_tags WHERE model_no = $1 AND key = $2";
    let lock = conn.pick(
        "SELECT model_no FROM logged_models WHERE model_no = $1 FOR UPDATE",
        "SELECT model_no FROM logged_models WHERE model_no = $1",
    );
    conn.fetch_optional::<(i64,)>(lock, args![model_no]).await?;
    let tag: Option<(String,)> = conn.fetch_optional(TAG, args![model_no, MODEL_VERSIONS_TAG]).await?;
    Ok(tag.map(|(value,)| value))
}

/// Sets the tag in which a logged model lists its versions.
pub async fn set_versions_tag(conn: &mut Conn, model_no: i64, value: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO logged_model_tags (model_no, key, value) VALUES ($1, $2, $3)
        ON CONFLICT (model_no, key) DO UPDATE SET value = excluded.value";
    conn.execute(SQL, args![model_no, MODEL_VERSIONS_TAG, value]).await.map(drop)
}
