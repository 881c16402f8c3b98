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

#[cfg(test)]
mod tests {
    use sqlx::migrate::Migrate;
    use sqlx::{AssertSqlSafe, Connection as _, Executor, PgConnection};

    use super::*;
    use crate::{Options, Store, args};

    /// The last migration before the registry had a memory and files had digests.
    const OLD: i64 = 4;
    /// A model with one version in Production and a deleted one, and a model that was deleted with its version.
    const ROWS: &str = "
        INSERT INTO registered_models (registered_no, name, creation_time, last_update_time, last_version, deleted_at)
        VALUES (1, 'live', 10, 20, 2, NULL), (2, 'gone', 11, 30, 1, 30);
        INSERT INTO model_versions (registered_no, version, creation_time, last_update_time, stage, source,
                                    storage_location, run_id, run_link, deleted_at)
        VALUES (1, 1, 12, 20, 2, '', '', '', '', NULL), (1, 2, 13, 14, 0, '', '', '', '', 25),
               (2, 1, 15, 16, 0, '', '', '', '', 30);
        INSERT INTO model_version_tags (registered_no, version, key, value) VALUES (1, 1, 'k', 'v')";

    /// What a database of then has to tell today.
    async fn assert_kept(options: &Options) {
        const EVENTS: &str = "SELECT registered_no, version, time, change FROM registry_events ORDER BY event_no";
        const SPANS: &str = "SELECT registered_no, version, stage, since FROM stage_spans";
        const WITH_MODEL: &str = "SELECT registered_no, version FROM model_versions WHERE deleted_with_model";
        const TAGS: &str = "SELECT key, value FROM model_version_tags";
        let store = Store::open(options).await.unwrap();
        let mut conn = store.read().await.unwrap();
        let events: Vec<(i64, Option<i64>, i64, String)> = conn.fetch_all(EVENTS, args![]).await.unwrap();
        let event = |no, version, time, kind| (no, version, time, format!(r#"{{"kind":"{kind}"}}"#));
        assert_eq!(
            events,
            [
                event(1, None, 10, "created"),
                event(2, None, 11, "created"),
                event(1, Some(1), 12, "created"),
                event(1, Some(2), 13, "created"),
                event(2, Some(1), 15, "created"),
                event(1, Some(2), 25, "deleted"),
                event(2, None, 30, "deleted"),
            ]
        );
        let spans: Vec<(i64, i64, i64, i64)> = conn.fetch_all(SPANS, args![]).await.unwrap();
        assert_eq!(spans, [(1, 1, 2, 20)]);
        let with_model: Vec<(i64, i64)> = conn.fetch_all(WITH_MODEL, args![]).await.unwrap();
        assert_eq!(with_model, [(2, 1)]);
        let tags: Vec<(String, String)> = conn.fetch_all(TAGS, args![]).await.unwrap();
        assert_eq!(tags, [("k".to_owned(), "v".to_owned())]);
        drop(conn);
        store.close().await;
    }

    fn old(migrator: &Migrator) -> impl Iterator<Item = &Migration> {
        migrator.iter().filter(|migration| migration.version <= OLD)
    }

    #[tokio::test]
    async fn an_old_database_of_sqlite_keeps_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.db");
        let mut connection = Connection::open(&path).unwrap();
        applied(&connection).unwrap();
        for migration in old(&SQLITE) {
            apply(&mut connection, migration).unwrap();
        }
        connection.execute_batch(ROWS).unwrap();
        drop(connection);
        let uri = format!("sqlite:///{}", path.display());
        let options = Options { uri, max_connections: 2, sqlite_full_sync: false };
        assert_kept(&options).await;
        assert_kept(&options).await;
    }

    #[tokio::test]
    async fn an_old_database_of_postgres_keeps_what_it_has() {
        let server = std::env::var("FERROFLOW_TEST_POSTGRES").expect("`make test` sets FERROFLOW_TEST_POSTGRES");
        let name = format!("ferroflow_old_{}", std::process::id());
        let mut postgres = PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
        postgres.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        let uri = format!("{server}/{name}");
        let mut connection = PgConnection::connect(&uri).await.unwrap();
        let table = &*POSTGRES.table_name;
        connection.ensure_migrations_table(table).await.unwrap();
        for migration in old(&POSTGRES) {
            connection.apply(table, migration).await.unwrap();
        }
        connection.execute(ROWS).await.unwrap();
        connection.close().await.unwrap();
        let options = Options { uri, max_connections: 2, sqlite_full_sync: false };
        assert_kept(&options).await;
        assert_kept(&options).await;
        postgres.execute(AssertSqlSafe(format!("DROP DATABASE {name}"))).await.unwrap();
    }
}
