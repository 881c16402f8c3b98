//! Brings the tables up to date: under a lock, each step in a transaction of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::time::Instant;

use rusqlite::Connection;
use sqlx::PgPool;
use sqlx::migrate::{MigrateError, Migration, Migrator};

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

    fn newer(found: i64, migrator: &Migrator) -> Self {
        Self::Newer { found, known: migrator.iter().map(|m| m.version).max().unwrap_or_default() }
    }
}

/// Postgres: the migrator itself takes an advisory lock.
pub(crate) async fn postgres(pool: &PgPool) -> Result<(), Failure> {
    POSTGRES.run(pool).await.map_err(|error| match error {
        MigrateError::VersionMissing(found) => Failure::newer(found, &POSTGRES),
        other => Failure::Other(other.to_string()),
    })
}

/// SQLite: a lock file beside the database keeps a second server out while the tables change.
pub(crate) fn sqlite(connection: &mut Connection, path: &Path) -> Result<(), Failure> {
    let lock = File::create(path.with_added_extension("lock"));
    let locked = lock.and_then(|file| file.lock().map(|()| file));
    let _lock = locked.map_err(|e| Failure::Other(format!("cannot lock it for migration: {e}")))?;
    let broken = |cause: rusqlite::Error| Failure::Other(cause.to_string());
    let applied = applied(connection).map_err(broken)?;
    if let Some(version) = applied.keys().find(|version| !SQLITE.version_exists(**version)) {
        return Err(Failure::newer(*version, &SQLITE));
    }
    for migration in SQLITE.iter() {
        match applied.get(&migration.version) {
            Some(checksum) if *checksum == *migration.checksum => {}
            Some(_) => return Err(Failure::Other(format!("its migration {} was another one", migration.version))),
            None => apply(connection, migration).map_err(broken)?,
        }
    }
    Ok(())
}

/// The checksums of migrations that were applied, by version. The table is the one that sqlx keeps in Postgres.
fn applied(connection: &Connection) -> rusqlite::Result<BTreeMap<i64, Vec<u8>>> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
             version BIGINT PRIMARY KEY, description TEXT NOT NULL,
             installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL,
             checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)",
    )?;
    let mut statement = connection.prepare("SELECT version, checksum FROM _sqlx_migrations")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn apply(connection: &mut Connection, migration: &Migration) -> rusqlite::Result<()> {
    let began = Instant::now();
    let transaction = connection.transaction()?;
    transaction.execute_batch(migration.sql.as_str())?;
    transaction.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (?1, ?2, TRUE, ?3, ?4)",
        (
            migration.version,
            &migration.description,
            &migration.checksum,
            i64::try_from(began.elapsed().as_nanos()).unwrap_or(i64::MAX),
        ),
    )?;
    transaction.commit()
}
