//! What can go wrong with a database.

/// A failed statement or connection. Its text is for the log only.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database can't be reached or has no connection free.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// A uniqueness or reference constraint refused the write.
    #[error("a constraint refused the write: {0}")]
    Conflict(#[source] sqlx::Error),
    /// Text that the database does not keep: Postgres has no U+0000.
    #[error("a text cannot be kept: {0}")]
    Text(#[source] sqlx::Error),
    /// Any other fault of a statement.
    #[error("a statement failed: {0}")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            sqlx::Error::Database(cause) => {
                if cause.is_unique_violation() || cause.is_foreign_key_violation() {
                    return Self::Conflict(error);
                }
                match cause.code().as_deref() {
                    // Postgres: connection exceptions, out of resources, shutdown and start-up, and the two kinds of
                    // conflict between transactions that a retry resolves. SQLite: busy, locked, full disk.
                    Some(code)
                        if code.starts_with("08")
                            || code.starts_with("53")
                            || code.starts_with("57P")
                            || matches!(code, "40001" | "40P01" | "5" | "6" | "13" | "517" | "261") =>
                    {
                        Self::Unavailable(error)
                    }
                    Some("22021") => Self::Text(error),
                    _ => Self::Database(error),
                }
            }
            _ => Self::Database(error),
        }
    }
}
