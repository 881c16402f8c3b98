//! Connections: opened, shared, lost and found again.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgPool};

use crate::conn::{Conn, Dialect};
use crate::error::StoreError;
use crate::keys::Keys;
use crate::sqlite::{Access, Readers, Where};
use crate::turns::{Turn, Turns};
use crate::writer::Writer;
use crate::{Result, migrate};

/// How long a request waits for a connection before it is told that the database is not available.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// A connection to Postgres that was in use this recently is lent out again without asking for a sign of life, which takes
/// as long as a statement.
const FRESH: Duration = Duration::from_millis(100);

/// Which database, and how to use it.
#[derive(Clone)]
pub struct Options {
    /// `postgresql[+driver]://user:password@host:port/database` or `sqlite:///path` (MLflow's spelling: three
    /// slashes before a relative path, four before an absolute one).
    pub uri: String,
    /// Most connections to Postgres; readers of SQLite.
    pub max_connections: u32,
    /// SQLite's `synchronous=FULL`: an acknowledged write survives a power cut, at the price of a disk flush each.
    pub sqlite_full_sync: bool,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("uri", &redact(&self.uri))
            .field("max_connections", &self.max_connections)
            .field("sqlite_full_sync", &self.sqlite_full_sync)
            .finish()
    }
}

impl Options {
    /// Whether there is such a database: `false` only for a file of SQLite that opening would create.
    pub fn exists(&self) -> bool {
        let is_sqlite = self.uri.split([':', '+']).next() == Some("sqlite");
        !is_sqlite || sqlite_path(&self.uri).is_none_or(|path| path.exists())
    }
}

impl Options {
    /// SQLite's file; `None` for Postgres.
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        if self.uri.starts_with("sqlite") { sqlite_path(&self.uri) } else { None }
    }
}

/// A URI without its passwords.
pub fn redact(uri: &str) -> String {
    let hidden = match (uri.find("://"), uri.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => match uri[scheme + 3..at].find(':') {
            Some(colon) => format!("{}:***{}", &uri[..scheme + 3 + colon], &uri[at..]),
            None => uri.to_owned(),
        },
        _ => uri.to_owned(),
    };
    let Some((start, query)) = hidden.split_once('?') else { return hidden };
    let shown = query.split('&').map(|pair| match pair.split_once('=') {
        Some((key, _)) if key.to_ascii_lowercase().contains("password") => format!("{key}=***"),
        _ => pair.to_owned(),
    });
    format!("{start}?{}", shown.collect::<Vec<_>>().join("&"))
}

/// A database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    db: Db,
    keys: Keys,
    turns: Turns,
}

#[derive(Clone)]
enum Db {
    Postgres(PgPool),
    Sqlite { readers: Readers, writer: Writer },
}

/// A connection for reading many rows, and its turn to do so; see [`Store::scan`].
#[derive(Debug)]
pub struct Scan {
    conn: Conn,
    /// A connection to SQLite keeps its turn by itself.
    turn: Option<Turn>,
}

impl Deref for Scan {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Scan {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

impl Drop for Scan {
    /// The turn is over when the connection is free again, which takes as long as its statement if the request was
    /// broken off.
    fn drop(&mut self) {
        if let Conn::Postgres(conn) = &mut self.conn {
            let (returned, turn) = (conn.return_to_pool(), self.turn.take());
            tokio::spawn(async move {
                returned.await;
                drop(turn);
            });
        }
    }
}

/// What can go wrong at the start, as sentences for the person who starts the server.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URI is of no known form.
    #[error(
        "unsupported database URI '{0}': use sqlite:///path/to/file.db or postgresql://user:password@host:port/database"
    )]
    Uri(String),
    /// The database does not answer.
    #[error("cannot open the database {uri}: {cause}")]
    Connect {
        /// The URI without its password.
        uri: String,
        /// What the driver says.
        cause: String,
    },
    /// A newer server has been here.
    #[error(
        "the database {uri} was made by a newer version of Ferroflow (its schema has version {found}, this binary knows {known}): start that version or restore a backup"
    )]
    Newer {
        /// The URI without its password.
        uri: String,
        /// The schema's version.
        found: i64,
        /// The newest that this binary has.
        known: i64,
    },
}

impl Store {
    /// Opens the database, creating SQLite's file if need be, and brings its tables up to date.
    pub async fn open(options: &Options) -> Result<Self, OpenError> {
        let uri = redact(&options.uri);
        let failed = |cause: String| OpenError::Connect { uri: uri.clone(), cause };
        let scheme = options.uri.split(':').next().unwrap_or_default();
        let turns = Turns::new(options.max_connections);
        match scheme.split('+').next().unwrap_or_default() {
            "postgresql" | "postgres" => {
                let plain = format!("postgresql{}", &options.uri[scheme.len()..]);
                let connect = PgConnectOptions::from_str(&plain)
                    .map_err(|e| failed(e.to_string()))?
                    .application_name("ferroflow")
                    .disable_statement_logging();
                let pool = PgPoolOptions::new()
                    .max_connections(options.max_connections)
                    .acquire_timeout(ACQUIRE_TIMEOUT)
                    .test_before_acquire(false)
                    .before_acquire(|conn, idle| {
                        Box::pin(async move {
                            if idle.idle_for > FRESH {
                                conn.ping().await?;
                            }
                            Ok(true)
                        })
                    })
                    .connect_with(connect)
                    .await
                    .map_err(|e| failed(e.to_string()))?;
                migrate::postgres(&pool).await.map_err(|e| e.explain(&uri))?;
                Ok(Self { db: Db::Postgres(pool), keys: Keys::default(), turns })
            }
            "sqlite" => {
                let path = sqlite_path(&options.uri).ok_or_else(|| OpenError::Uri(uri.clone()))?;
                if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
                    std::fs::create_dir_all(folder).map_err(|e| failed(e.to_string()))?;
                }
                let access =
                    Access { file: path.clone(), patience: ACQUIRE_TIMEOUT, full_sync: options.sqlite_full_sync };
                let readers = Readers::new(access.clone(), options.max_connections);
                let opening = tokio::task::spawn_blocking(move || {
                    let mut writing = access.writer().map_err(|e| migrate::Failure::Other(e.to_string()))?;
                    migrate::sqlite(&mut writing, &path).map(|()| writing)
                });
                let opened = opening.await.map_err(|e| failed(e.to_string()))?;
                let writer = Writer::start(opened.map_err(|e| e.explain(&uri))?).map_err(|e| failed(e.to_string()))?;
                Ok(Self { db: Db::Sqlite { readers, writer }, keys: Keys::default(), turns })
            }
            _ => Err(OpenError::Uri(uri)),
        }
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        match self.db {
            Db::Postgres(_) => Dialect::Postgres,
            Db::Sqlite { .. } => Dialect::Sqlite,
        }
    }

    /// The names of metrics, params and run tags that are known already.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// A connection for reading a bounded number of rows. What it reads is committed; statements do not share a snapshot.
    pub async fn read(&self) -> Result<Conn> {
        Ok(match &self.db {
            Db::Postgres(pool) => Conn::Postgres(pool.acquire().await?),
            Db::Sqlite { readers, .. } => Conn::Sqlite(readers.acquire(Where::Aside, None).await?),
        })
    }

    /// A connection for reading what grows with the data, as [`Store::read`] otherwise. Half of the connections serve it:
    /// who comes when they are in use waits for half a minute, and keeps no lookup waiting.
    pub async fn scan(&self) -> Result<Scan> {
        let turn = self.turns.scan(ACQUIRE_TIMEOUT, || self.ping()).await?;
        Ok(match &self.db {
            Db::Postgres(pool) => Scan { conn: Conn::Postgres(pool.acquire().await?), turn: Some(turn) },
            Db::Sqlite { readers, .. } => {
                Scan { conn: Conn::Sqlite(readers.acquire(Where::Aside, Some(turn)).await?), turn: None }
            }
        })
    }

    /// A connection for a few lookups by key, as [`Store::read`] otherwise: SQLite runs them at once on the caller's
    /// thread, since they take microseconds.
    pub async fn look_up(&self) -> Result<Conn> {
        match &self.db {
            Db::Postgres(_) => self.read().await,
            Db::Sqlite { readers, .. } => Ok(Conn::Sqlite(readers.acquire(Where::Here, None).await?)),
        }
    }

    /// Runs a write as one transaction, and answers after its commit. An error rolls it back, whole.
    ///
    /// ```ignore
    /// store.write(move |tx| Box::pin(async move { runs::insert(tx, &run).await })).await
    /// ```
    pub async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_by(true, body).await
    }

    /// Runs a write that is one statement. To Postgres that is a transaction without being told so, which saves two of
    /// three ways to the database and back. SQLite takes it as any other write.
    pub async fn write_statement<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_by(false, body).await
    }

    async fn write_by<T, E, F>(&self, transaction: bool, body: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.db {
            Db::Sqlite { writer, .. } => writer.write(body).await,
            Db::Postgres(pool) => {
                let (pool, turns) = (pool.clone(), self.turns.clone());
                // A task of its own, so that a client that hangs up can't leave a transaction open half-way.
                let task = tokio::spawn(async move {
                    let (_turn, mut conn) = acquire_to_write(&pool, &turns).await?;
                    if !transaction {
                        return body(&mut conn).await;
                    }
                    conn.control("BEGIN").await?;
                    match AssertUnwindSafe(body(&mut conn)).catch_unwind().await {
                        Ok(Ok(value)) => conn.control("COMMIT").await.map(|()| value).map_err(E::from),
                        Ok(Err(error)) => {
                            if conn.control("ROLLBACK").await.is_err() {
                                close(conn).await;
                            }
                            Err(error)
                        }
                        Err(panic) => {
                            close(conn).await;
                            resume_unwind(panic)
                        }
                    }
                });
                task.await.map_err(|cause| E::from(StoreError::Unavailable(cause.into())))?
            }
        }
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<()> {
        self.read().await?.execute("SELECT 1", Vec::new()).await.map(drop)
    }

    /// Waits for open work and closes every connection.
    pub async fn close(&self) {
        self.turns.close();
        match &self.db {
            Db::Postgres(pool) => pool.close().await,
            Db::Sqlite { readers, .. } => readers.close(),
        }
    }
}

/// A connection for a write, in the order of asking, and its turn, to be kept for as long. Both together are waited for
/// as long as a connection alone is.
async fn acquire_to_write(pool: &PgPool, turns: &Turns) -> Result<(Turn, Conn)> {
    let acquire = async { Ok((turns.write().await?, Conn::Postgres(pool.acquire().await?))) };
    tokio::time::timeout(ACQUIRE_TIMEOUT, acquire).await.unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut.into()))
}

/// Drops a connection that may still be inside a transaction, rather than lending it out again.
async fn close(conn: Conn) {
    if let Conn::Postgres(c) = conn {
        drop(c.close().await);
    }
}

/// The file of `sqlite:///relative`, `sqlite:////absolute`; `None` for other forms.
fn sqlite_path(uri: &str) -> Option<PathBuf> {
    let (_, path) = uri.split_once(":///")?;
    let path = path.split('?').next().unwrap_or_default();
    (!path.is_empty()).then(|| PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_never_shown() {
        assert_eq!(redact("postgresql://u:p@ss@h:5432/d"), "postgresql://u:***@h:5432/d");
        let in_query = "postgresql://h/d?user=u&password=p%40&sslpassword=q&sslmode=require";
        assert_eq!(redact(in_query), "postgresql://h/d?user=u&password=***&sslpassword=***&sslmode=require");
        assert_eq!(redact("sqlite:///a.db"), "sqlite:///a.db");
        assert_eq!(redact("postgresql://u@h/d"), "postgresql://u@h/d");
    }

    #[test]
    fn sqlite_uris_are_mlflows() {
        assert_eq!(sqlite_path("sqlite:///data/a.db"), Some(PathBuf::from("data/a.db")));
        assert_eq!(sqlite_path("sqlite:////data/a.db"), Some(PathBuf::from("/data/a.db")));
        assert_eq!(sqlite_path("sqlite://"), None);
    }
}
