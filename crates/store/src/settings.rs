//! Facts that the server and the commands beside it share.

use crate::{Conn, Result, args};

/// Where proxied artifacts are, as the last server was told.
pub const ARTIFACTS_DESTINATION: &str = "artifacts_destination";

/// Remembers a fact, in place of what it was.
pub async fn set(tx: &mut Conn, name: &str, value: &str) -> Result<()> {
    const SQL: &str =
        "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    tx.execute(SQL, args![name, value]).await.map(drop)
}

/// A fact, if it is known.
pub async fn get(conn: &mut Conn, name: &str) -> Result<Option<String>> {
    let row: Option<(String,)> = conn.fetch_optional("SELECT value FROM settings WHERE name = $1", args![name]).await?;
    Ok(row.map(|(value,)| value))
}
