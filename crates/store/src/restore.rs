//! Deleted registered models and versions: found, listed, and brought back.

use crate::model_versions::{VersionRow, by_stage};
use crate::sqlite::{FromSqlite, row};
use crate::{Conn, Result, args};

macro_rules! models {
    ($rest:literal) => {
        concat!(
            "SELECT registered_no, name, description, creation_time, deleted_at, last_version FROM registered_models ",
            $rest
        )
    };
}
pub(crate) const MODELS: &str = models!(
    "WHERE deleted_at IS NOT NULL AND (deleted_at, registered_no) < ($1, $2)
     ORDER BY deleted_at DESC, registered_no DESC LIMIT $3"
);
pub(crate) const LAST_OF_NAME: &str =
    models!("WHERE name = $1 AND deleted_at IS NOT NULL ORDER BY deleted_at DESC, registered_no DESC LIMIT 1");
pub(crate) const ONE_OF_NAME: &str = models!("WHERE name = $1 AND deleted_at IS NOT NULL AND registered_no = $2");
pub(crate) const VERSIONS: &str = "SELECT v.*, m.name FROM model_versions v
    JOIN registered_models m ON m.registered_no = v.registered_no
    WHERE v.registered_no = $1 AND v.version IN (
        SELECT version FROM model_versions
        WHERE registered_no = $1 AND deleted_at IS NOT NULL AND version < $2 ORDER BY version DESC LIMIT $3
    ) ORDER BY v.version DESC";
pub(crate) const STAGE_TAKEN: [&str; 2] = by_stage!(
    "SELECT version FROM model_versions",
    " WHERE registered_no = $1 AND stage = $2 AND version <> $3 AND deleted_at IS NULL LIMIT 1"
);

row! {
    /// A deleted model, as its table has it.
    #[derive(Clone, Debug)]
    pub struct DeletedModelRow {
        /// Its number within the store.
        pub registered_no: i64,
        /// The name that it had.
        pub name: String,
        /// Markdown.
        pub description: Option<String>,
        /// When it was created.
        pub creation_time: i64,
        /// When it was deleted.
        pub deleted_at: i64,
        /// The highest version number ever given.
        pub last_version: i64,
    }
}

/// A deleted version of a model in use.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DeletedVersionRow {
    /// The version.
    #[sqlx(flatten)]
    pub version: VersionRow,
    /// When it was deleted.
    pub deleted_at: i64,
}

impl FromSqlite for DeletedVersionRow {
    fn from_sqlite(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { version: VersionRow::from_sqlite(row)?, deleted_at: row.get("deleted_at")? })
    }
}

/// The deleted models before one of them (its time of deletion and its number), the last deleted first.
pub async fn models(conn: &mut Conn, before: (i64, i64), limit: i64) -> Result<Vec<DeletedModelRow>> {
    conn.fetch_all(MODELS, args![before.0, before.1, limit]).await
}

/// The deleted model of a name: the one of this number or, without one, the last deleted.
pub async fn model(conn: &mut Conn, name: &str, registered_no: Option<i64>) -> Result<Option<DeletedModelRow>> {
    match registered_no {
        None => conn.fetch_optional(LAST_OF_NAME, args![name]).await,
        Some(no) => conn.fetch_optional(ONE_OF_NAME, args![name, no]).await,
    }
}

/// Brings a model back with the versions that were deleted with it; says whether it was deleted still. Its row is locked
/// from then on. [`StoreError::Conflict`](crate::StoreError::Conflict) if its name is taken.
pub async fn restore_model(conn: &mut Conn, registered_no: i64) -> Result<bool> {
    const MODEL: &str = "UPDATE registered_models SET deleted_at = NULL
        WHERE registered_no = $1 AND deleted_at IS NOT NULL";
    const VERSIONS: &str = "UPDATE model_versions SET deleted_at = NULL, deleted_with_model = FALSE
        WHERE registered_no = $1 AND deleted_at IS NOT NULL AND deleted_with_model";
    let restored = conn.execute(MODEL, args![registered_no]).await? > 0;
    if restored {
        conn.execute(VERSIONS, args![registered_no]).await?;
    }
    Ok(restored)
}

/// The deleted versions of a model below a number, the highest first.
pub async fn versions(conn: &mut Conn, registered_no: i64, below: i64, limit: i64) -> Result<Vec<DeletedVersionRow>> {
    conn.fetch_all(VERSIONS, args![registered_no, below, limit]).await
}

/// A deleted version of a model.
pub async fn version(conn: &mut Conn, registered_no: i64, version: i64) -> Result<Option<DeletedVersionRow>> {
    const SQL: &str = "SELECT v.*, m.name FROM model_versions v
        JOIN registered_models m ON m.registered_no = v.registered_no
        WHERE v.registered_no = $1 AND v.version = $2 AND v.deleted_at IS NOT NULL";
    conn.fetch_optional(SQL, args![registered_no, version]).await
}

/// Brings a version back, into this stage.
pub async fn restore_version(conn: &mut Conn, registered_no: i64, version: i64, stage: i64, now: i64) -> Result<()> {
    const SQL: &str = "UPDATE model_versions SET deleted_at = NULL, stage = $3, last_update_time = $4
        WHERE registered_no = $1 AND version = $2";
    conn.execute(SQL, args![registered_no, version, stage, now]).await.map(drop)
}

/// Whether a stage of a model has a version other than this one.
pub async fn is_stage_taken(conn: &mut Conn, registered_no: i64, version: i64, stage: i64) -> Result<bool> {
    let other: Option<(i64,)> =
        conn.fetch_optional(conn.pick(STAGE_TAKEN[0], STAGE_TAKEN[1]), args![registered_no, stage, version]).await?;
    Ok(other.is_some())
}
