//! Brings the tables up to date: under a lock, each step in a transaction of its own.

use std::fs::File;
use std::path::Path;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{PgPool, SqlitePool};

use crate::pool::OpenError;

static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");
static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// A migration that did not go through.
pub(crate) enum Failure {
    Newer { found: i64, known: i64 },
    Other(String),
}

impl Failure {
    pub(crate) fn explain(self, uri: &str) -> OpenError {
        match self {
            Self::Newer { found, known } => OpenError::Newer { uri: uri.to_owned(), found, known },
            Self::Other(cause) => OpenError::Connect { uri: uri.to_owned(), cause },
        }
    }

    fn new(error: &MigrateError, migrator: &Migrator) -> Self {
        let known = migrator.iter().map(|m| m.version).max().unwrap_or_default();
        match error {
            MigrateError::VersionMissing(found) => Self::Newer { found: *found, known },
            other => Self::Other(other.to_string()),
        }
    }
}

/// Postgres: the migrator itself takes an advisory lock.
pub(crate) async fn postgres(pool: &PgPool) -> Result<(), Failure> {
    POSTGRES.run(pool).await.map_err(|e| Failure::new(&e, &POSTGRES))
}

/// SQLite: a lock file beside the database keeps a second server out while the tables change.
pub(crate) async fn sqlite(pool: &SqlitePool, path: &Path) -> Result<(), Failure> {
    let lock_path = path.with_added_extension("lock");
    let lock = tokio::task::spawn_blocking(move || {
        let file = File::create(&lock_path)?;
        file.lock()?;
        Ok::<_, std::io::Error>(file)
    })
    .await
    .map_err(|e| Failure::Other(e.to_string()))?
    .map_err(|e| Failure::Other(format!("cannot lock it for migration: {e}")))?;
    let result = SQLITE.run(pool).await.map_err(|e| Failure::new(&e, &SQLITE));
    drop(lock);
    result
}
