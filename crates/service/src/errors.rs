//! Faults of the floors below, as errors that a client may read.

use domain::Error;
use store::StoreError;

/// Logs the cause and hides it.
pub(crate) fn from_store(error: StoreError) -> Error {
    match error {
        StoreError::Unavailable(cause) => {
            tracing::warn!(%cause, "the database does not answer");
            Error::unavailable("The database is not available at the moment. Please try again.")
        }
        StoreError::Conflict(cause) | StoreError::Database(cause) => {
            tracing::error!(%cause, "a database statement failed");
            Error::internal()
        }
    }
}
