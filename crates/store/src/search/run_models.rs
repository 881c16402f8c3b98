//! The models that runs logged, and the versions registered from them.

use domain::runs::LOGGED_MODELS_TAG;

use crate::keys::Keys;
use crate::sqlite::row;
use crate::{Conn, Result, args, bulk};

row! {
    /// A logged model in use that a run made.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct MadeModel {
        /// The run.
        pub run_id: String,
        /// `m-` and 32 hex digits.
        pub model_id: String,
        /// Its name.
        pub name: String,
    }
}

row! {
    /// A version in use that was registered from a run or a logged model.
    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub struct RegisteredVersion {
        /// The registered model's name.
        pub name: String,
        /// The version's number.
        pub version: i64,
        /// The run; may be empty.
        pub run_id: String,
        /// The logged model.
        pub model_id: Option<String>,
        /// Where the client said that its files come from.
        pub source: String,
    }
}

/// The logged models that these runs made, be it the models that say so or the runs; the oldest first.
pub async fn made(conn: &mut Conn, run_ids: &[String]) -> Result<Vec<MadeModel>> {
    macro_rules! select {
        ($set:literal) => {
            concat!(
                "SELECT made.run_id, l.model_id, l.name
                 FROM (
                     SELECT source_run_id AS run_id, model_id FROM logged_models WHERE source_run_id ",
                $set,
                "    UNION
                     SELECT r.run_id, o.model_id FROM runs r
                     JOIN run_model_outputs o ON o.run_no = r.run_no WHERE r.run_id ",
                $set,
                ") made
                 JOIN logged_models l ON l.model_id = made.model_id
                 WHERE l.deleted_at IS NULL
                 ORDER BY l.creation_time, l.model_no"
            )
        };
    }
    bulk::fetch_set(conn, select!("= ANY($1)"), select!("IN (SELECT value FROM json_each($1))"), run_ids.to_vec()).await
}

/// What 2.x clients wrote about the models of these runs: run ids and JSON. The connection must be a reader's.
pub async fn histories(reader: &mut Conn, keys: &Keys, run_ids: &[String]) -> Result<Vec<(String, String)>> {
    let Some(key_no) = keys.find(reader, LOGGED_MODELS_TAG).await? else { return Ok(Vec::new()) };
    Ok(match reader {
        Conn::Postgres(c) => {
            const SQL: &str = "SELECT r.run_id, t.value FROM runs r JOIN run_tags t ON t.run_no = r.run_no
                WHERE r.run_id = ANY($1) AND t.key_no = $2";
            sqlx::query_as(SQL).bind(run_ids).bind(key_no).fetch_all(&mut **c).await?
        }
        Conn::Sqlite(_) => {
            const SQL: &str = "SELECT r.run_id, t.value FROM runs r JOIN run_tags t ON t.run_no = r.run_no
                WHERE r.run_id IN (SELECT value FROM json_each($1)) AND t.key_no = $2";
            reader.fetch_all(SQL, args![bulk::to_json(run_ids), key_no]).await?
        }
    })
}

macro_rules! versions {
    ($conn:expr, $column:literal, $set:expr) => {{
        macro_rules! select {
            ($test:literal) => {
                concat!(
                    "SELECT m.name, v.version, v.run_id, v.model_id, v.source FROM model_versions v
                     JOIN registered_models m ON m.registered_no = v.registered_no
                     WHERE v.deleted_at IS NULL AND m.deleted_at IS NULL AND v.",
                    $column,
                    $test
                )
            };
        }
        let sqlite = select!(" IN (SELECT value FROM json_each($1))");
        bulk::fetch_set($conn, select!(" = ANY($1)"), sqlite, $set.to_vec()).await
    }};
}

/// The versions that were registered from these runs.
pub async fn versions_of_runs(conn: &mut Conn, run_ids: &[String]) -> Result<Vec<RegisteredVersion>> {
    versions!(conn, "run_id", run_ids)
}

/// The versions that were registered from these logged models.
pub async fn versions_of_models(conn: &mut Conn, model_ids: &[String]) -> Result<Vec<RegisteredVersion>> {
    versions!(conn, "model_id", model_ids)
}
