//! What pages of the registry list: versions by number, counted, and those in use.

use crate::model_versions::VersionRow;
use crate::{Conn, Result, args};

/// How many versions a model has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct VersionCounts {
    /// In use or retired.
    pub total: i64,
    /// In Staging or Production.
    pub active: i64,
}

/// A version and its stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct StagedRow {
    /// The version's number.
    pub version: i64,
    /// A [`Stage`](domain::model_versions::Stage)'s number.
    pub stage: i64,
}

/// Counts a model's versions.
pub async fn count_versions(conn: &mut Conn, registered_no: i64) -> Result<VersionCounts> {
    const SQL: &str = "SELECT count(*) AS total, count(*) FILTER (WHERE stage IN (1, 2)) AS active
        FROM model_versions WHERE registered_no = $1 AND deleted_at IS NULL";
    conn.fetch_one(SQL, args![registered_no]).await
}

/// Some of a model's versions, the highest first.
pub async fn versions(
    conn: &mut Conn,
    registered_no: i64,
    only_active: bool,
    offset: i64,
    limit: i64,
) -> Result<Vec<VersionRow>> {
    const ALL: &str = "SELECT v.*, m.name FROM model_versions v
        JOIN registered_models m ON m.registered_no = v.registered_no
        WHERE v.registered_no = $1 AND v.deleted_at IS NULL
        ORDER BY v.version DESC LIMIT $3 OFFSET $2";
    const ACTIVE: &str = "SELECT v.*, m.name FROM model_versions v
        JOIN registered_models m ON m.registered_no = v.registered_no
        WHERE v.registered_no = $1 AND v.deleted_at IS NULL AND v.stage IN (1, 2)
        ORDER BY v.version DESC LIMIT $3 OFFSET $2";
    conn.fetch_all(if only_active { ACTIVE } else { ALL }, args![registered_no, offset, limit]).await
}

/// A model's versions in Staging and Production, by version.
pub async fn active(conn: &mut Conn, registered_no: i64) -> Result<Vec<StagedRow>> {
    const SQL: &str = "SELECT version, stage FROM model_versions
        WHERE registered_no = $1 AND stage IN (1, 2) AND deleted_at IS NULL ORDER BY version";
    conn.fetch_all(SQL, args![registered_no]).await
}
