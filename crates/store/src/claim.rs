//! A database of SQLite has one server: what one knows of its own writes holds for all of them.

use std::fs::{File, TryLockError};

use crate::Options;

/// A server's claim on its database, for as long as it is kept; it ends with the process, however that ends.
#[derive(Debug)]
pub struct Claim {
    _lock: Option<File>,
}

impl Options {
    /// Claims the database for a server. Postgres takes any number of them.
    ///
    /// # Errors
    /// A sentence for who starts the server, if another one has the database.
    pub fn claim(&self) -> Result<Claim, String> {
        let Some(path) = self.sqlite_file() else { return Ok(Claim { _lock: None }) };
        let lock = path.with_added_extension("server-lock");
        let file = File::create(&lock).map_err(|e| format!("can't write {}: {e}", lock.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Claim { _lock: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(format!(
                "another server has {} open: SQLite takes one at a time, PostgreSQL any number",
                path.display()
            )),
            Err(TryLockError::Error(error)) => {
                tracing::warn!(%error, "can't see whether another server has {} open", path.display());
                Ok(Claim { _lock: None })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_has_one_server() {
        let folder = tempfile::tempdir().unwrap();
        let uri = format!("sqlite:///{}", folder.path().join("a.db").display());
        let options = Options { uri, max_connections: 1, sqlite_full_sync: false };
        let first = options.claim().unwrap();
        assert!(options.claim().unwrap_err().contains("another server has "));
        drop(first);
        options.claim().unwrap();
        let postgres = Options { uri: "postgresql://h/d".into(), ..options };
        let _one = postgres.claim().unwrap();
        postgres.claim().unwrap();
    }
}
