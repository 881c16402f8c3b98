//! Aliases of models' versions.

use crate::model_versions::fetch_for_pairs;
use crate::registered_models::fetch_for;
use crate::sqlite::row;
use crate::{Conn, Result, args};

row! {
    /// An alias, as its table has it.
    #[derive(Clone, Debug)]
    pub struct AliasRow {
        /// The model's number within the store.
        pub registered_no: i64,
        /// The alias.
        pub alias: String,
        /// The version that it points at.
        pub version: i64,
    }
}

/// The aliases of several models, by model and alias.
pub(crate) async fn aliases_of_models(conn: &mut Conn, nos: &[i64]) -> Result<Vec<AliasRow>> {
    const POSTGRES: &str = "SELECT registered_no, alias, version FROM model_aliases
        WHERE registered_no = ANY($1) ORDER BY registered_no, alias";
    const SQLITE: &str = "SELECT registered_no, alias, version FROM model_aliases
        WHERE registered_no IN (SELECT value FROM json_each($1)) ORDER BY registered_no, alias";
    fetch_for(conn, POSTGRES, SQLITE, nos).await
}

/// The aliases of several versions, each given as (model's number, version), by model and alias.
pub(crate) async fn aliases_of_versions(conn: &mut Conn, versions: &[(i64, i64)]) -> Result<Vec<AliasRow>> {
    const POSTGRES: &str = "SELECT a.registered_no, a.alias, a.version
        FROM unnest($1, $2) AS wanted(registered_no, version)
        JOIN model_aliases a ON a.registered_no = wanted.registered_no AND a.version = wanted.version
        ORDER BY a.registered_no, a.alias";
    const SQLITE: &str = "SELECT a.registered_no, a.alias, a.version
        FROM json_each($1) AS wanted
        CROSS JOIN model_aliases a ON a.registered_no = wanted.value ->> 0 AND a.version = wanted.value ->> 1
        ORDER BY a.registered_no, a.alias";
    fetch_for_pairs(conn, POSTGRES, SQLITE, versions).await
}

/// The aliases of a version, by name.
pub async fn of_version(conn: &mut Conn, registered_no: i64, version: i64) -> Result<Vec<String>> {
    let rows = aliases_of_versions(conn, &[(registered_no, version)]).await?;
    Ok(rows.into_iter().map(|row| row.alias).collect())
}

/// The version that an alias of a model points at.
pub async fn find(conn: &mut Conn, registered_no: i64, alias: &str) -> Result<Option<i64>> {
    const SQL: &str = "SELECT version FROM model_aliases WHERE registered_no = $1 AND alias = $2";
    let found: Option<(i64,)> = conn.fetch_optional(SQL, args![registered_no, alias]).await?;
    Ok(found.map(|(version,)| version))
}

/// Points an alias at a version.
pub async fn set(conn: &mut Conn, registered_no: i64, alias: &str, version: i64) -> Result<()> {
    const SQL: &str = "INSERT INTO model_aliases (registered_no, alias, version) VALUES ($1, $2, $3)
        ON CONFLICT (registered_no, alias) DO UPDATE SET version = excluded.version";
    conn.execute(SQL, args![registered_no, alias, version]).await.map(drop)
}

/// Removes an alias, if it is there.
pub async fn delete(conn: &mut Conn, registered_no: i64, alias: &str) -> Result<()> {
    const SQL: &str = "DELETE FROM model_aliases WHERE registered_no = $1 AND alias = $2";
    conn.execute(SQL, args![registered_no, alias]).await.map(drop)
}

/// Removes the aliases that point at a version. Answers which, by name.
pub async fn delete_of_version(conn: &mut Conn, registered_no: i64, version: i64) -> Result<Vec<String>> {
    const SQL: &str = "DELETE FROM model_aliases WHERE registered_no = $1 AND version = $2 RETURNING alias";
    let deleted: Vec<(String,)> = conn.fetch_all(SQL, args![registered_no, version]).await?;
    let mut deleted: Vec<String> = deleted.into_iter().map(|(alias,)| alias).collect();
    deleted.sort_unstable();
    Ok(deleted)
}
