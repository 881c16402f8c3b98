//! What pages of the registry list: versions by number, counted, and those in use.

use domain::model_versions::Stage;

use crate::model_versions::{VersionRow, by_stage};
use crate::sqlite::row;
use crate::{Conn, Result, args};

pub(crate) const COUNTS: [&str; 2] = by_stage!(
    "SELECT count(*) AS total, count(*) FILTER (WHERE stage IN (1, 2)) AS active FROM model_versions",
    " WHERE registered_no = $1 AND deleted_at IS NULL"
);
pub(crate) const VERSIONS: &str = "SELECT v.*, m.name FROM model_versions v
    JOIN registered_models m ON m.registered_no = v.registered_no
    WHERE v.registered_no = $1 AND v.deleted_at IS NULL
    ORDER BY v.version DESC LIMIT $3 OFFSET $2";
pub(crate) const ACTIVE_VERSIONS: [&str; 2] = by_stage!(
    "SELECT v.*, m.name FROM model_versions v
    JOIN registered_models m ON m.registered_no = v.registered_no
    WHERE v.registered_no = $1 AND v.version IN (SELECT version FROM model_versions",
    " WHERE registered_no = $1 AND stage IN (1, 2) AND deleted_at IS NULL
    ) ORDER BY v.version DESC LIMIT $3 OFFSET $2"
);
pub(crate) const IN_STAGE: [&str; 2] = by_stage!(
    "SELECT version FROM model_versions",
    " WHERE registered_no = $1 AND stage = $2 AND deleted_at IS NULL ORDER BY version DESC LIMIT $3"
);

row! {
    /// How many versions a model has.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct VersionCounts {
        /// In use or retired.
        pub total: i64,
        /// In Staging or Production.
        pub active: i64,
    }
}

/// Counts a model's versions.
pub async fn count_versions(conn: &mut Conn, registered_no: i64) -> Result<VersionCounts> {
    conn.fetch_one(conn.pick(COUNTS[0], COUNTS[1]), args![registered_no]).await
}

/// Some of a model's versions, the highest first.
pub async fn versions(
    conn: &mut Conn,
    registered_no: i64,
    only_active: bool,
    offset: i64,
    limit: i64,
) -> Result<Vec<VersionRow>> {
    let sql = if only_active { conn.pick(ACTIVE_VERSIONS[0], ACTIVE_VERSIONS[1]) } else { VERSIONS };
    conn.fetch_all(sql, args![registered_no, offset, limit]).await
}

/// Some of a model's versions in a stage, the highest first.
pub async fn in_stage(conn: &mut Conn, registered_no: i64, stage: Stage, limit: i64) -> Result<Vec<i64>> {
    let args = args![registered_no, stage.number(), limit];
    let found: Vec<(i64,)> = conn.fetch_all(conn.pick(IN_STAGE[0], IN_STAGE[1]), args).await?;
    Ok(found.into_iter().map(|(version,)| version).collect())
}
