//! The logged models of a run, by name: what shows among the run's artifacts.

use crate::sources::RunPlace;
use crate::sqlite::row;
use crate::{Conn, Result, args};

row! {
    /// A logged model's name and where its files are.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct NamedModel {
        /// Its name.
        pub name: String,
        /// Its artifact location.
        pub artifact_uri: String,
    }
}

/// The logged models in use that a run made, be it the model that says so or the run; the newest first.
pub async fn by_run(conn: &mut Conn, run: &RunPlace) -> Result<Vec<NamedModel>> {
    const SQL: &str = "
        SELECT l.name, l.artifact_uri
        FROM (
            SELECT model_id FROM logged_models WHERE source_run_id = $1
            UNION
            SELECT model_id FROM run_model_outputs WHERE run_no = $2
        ) made
        JOIN logged_models l ON l.model_id = made.model_id
        WHERE l.deleted_at IS NULL
        ORDER BY l.creation_time DESC, l.model_no DESC";
    conn.fetch_all(SQL, args![run.run_id.as_str(), run.run_no]).await
}
