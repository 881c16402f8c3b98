//! What registered models ask of their versions before these enter Production.

use domain::guards::Guards;

use crate::{Conn, Result, StoreError, args};

/// What a model asks; nothing by default.
pub async fn find(conn: &mut Conn, registered_no: i64) -> Result<Guards> {
    const SQL: &str = "SELECT guards FROM registered_model_guards WHERE registered_no = $1";
    let found: Option<(String,)> = conn.fetch_optional(SQL, args![registered_no]).await?;
    match found {
        Some((json,)) => Ok(serde_json::from_str(&json).map_err(|e| StoreError::Database(e.into()))?),
        None => Ok(Guards::default()),
    }
}

/// Sets what a model asks.
pub async fn set(conn: &mut Conn, registered_no: i64, guards: &Guards) -> Result<()> {
    const SQL: &str = "INSERT INTO registered_model_guards (registered_no, guards) VALUES ($1, $2)
        ON CONFLICT (registered_no) DO UPDATE SET guards = excluded.guards";
    let json = serde_json::to_string(guards).map_err(|e| StoreError::Database(e.into()))?;
    conn.execute(SQL, args![registered_no, json]).await.map(drop)
}
