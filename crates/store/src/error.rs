//! What can go wrong with a database.

/// What a driver says.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A failed statement or connection. Its text is for the log only.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database can't be reached or has no connection free.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] Cause),
    /// There is no room left for the write.
    #[error("the database has no room left: {0}")]
    Full(#[source] Cause),
    /// A uniqueness or reference constraint refused the write.
    #[error("a constraint refused the write: {0}")]
    Conflict(#[source] Cause),
    /// Text that the database does not keep: Postgres has no U+0000.
    #[error("a text cannot be kept: {0}")]
    Text(#[source] Cause),
    /// A text that is longer than the database can look up.
    #[error("a text is too long: {0}")]
    TooLong(#[source] Cause),
    /// Any other fault of a statement.
    #[error("a statement failed: {0}")]
    Database(#[source] Cause),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let kind = match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable,
            sqlx::Error::Database(cause) if cause.is_unique_violation() || cause.is_foreign_key_violation() => {
                Self::Conflict
            }
            sqlx::Error::Database(cause) => match cause.code().as_deref() {
                Some("53100") => Self::Full,
                // A text that is too long for an index.
                Some("54000") => Self::TooLong,
                // Connection exceptions, out of resources, shutdown and start-up, and the two kinds of conflict between
                // transactions that a retry resolves.
                Some(code)
                    if code.starts_with("08")
                        || code.starts_with("53")
                        || code.starts_with("57P")
                        || matches!(code, "40001" | "40P01") =>
                {
                    Self::Unavailable
                }
                Some("22021") => Self::Text,
                _ => Self::Database,
            },
            _ => Self::Database,
        };
        kind(error.into())
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked, DiskFull};
        use rusqlite::ffi::{
            SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_ROWID,
            SQLITE_CONSTRAINT_UNIQUE,
        };
        let kind = match error.sqlite_error() {
            Some(cause) if matches!(cause.code, DatabaseBusy | DatabaseLocked) => Self::Unavailable,
            Some(cause) if cause.code == DiskFull => Self::Full,
            Some(cause)
                if matches!(
                    cause.extended_code,
                    SQLITE_CONSTRAINT_UNIQUE
                        | SQLITE_CONSTRAINT_PRIMARYKEY
                        | SQLITE_CONSTRAINT_ROWID
                        | SQLITE_CONSTRAINT_FOREIGNKEY
                ) =>
            {
                Self::Conflict
            }
            _ => Self::Database,
        };
        kind(error.into())
    }
}
