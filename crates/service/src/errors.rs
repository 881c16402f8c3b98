//! Faults of the floors below, as errors that a client may read.

use artifacts::ArtifactError;
use domain::{Error, ErrorCode};
use store::StoreError;

/// Logs the cause and hides it.
pub(crate) fn from_store(error: StoreError) -> Error {
    match error {
        StoreError::Unavailable(cause) => {
            tracing::warn!(%cause, "the database does not answer");
            Error::unavailable("The database is not available at the moment. Please try again.")
        }
        StoreError::Full(cause) => {
            tracing::error!(%cause, "the database has no room left");
            Error::new(ErrorCode::InsufficientStorage, "The database has no room left.")
        }
        StoreError::TooLong(cause) => {
            tracing::info!(%cause, "the database refused a text");
            Error::invalid("A name, key or id in the request is too long.")
        }
        StoreError::Text(_) => Error::invalid("Text must not contain the character U+0000."),
        StoreError::Conflict(cause) | StoreError::Database(cause) => {
            tracing::error!(%cause, "a database statement failed");
            Error::internal()
        }
    }
}

/// Logs the cause and hides it. Who knows the path says better what is not found, or a folder.
pub(crate) fn from_artifacts(error: ArtifactError) -> Error {
    match error {
        ArtifactError::NotFound => Error::not_found("No such artifact"),
        ArtifactError::IsDirectory => Error::invalid("Artifact path refers to a directory, not a file"),
        ArtifactError::NotADirectory => Error::invalid("Invalid path: a part of it is a file, not a directory"),
        ArtifactError::Outside => Error::invalid("Invalid path: resolved path is outside the artifact directory"),
        ArtifactError::Name(_) => Error::invalid("Invalid path: the artifact store cannot keep a file of that name"),
        ArtifactError::Range(size) => {
            Error::invalid(format!("The range is not within the {size} bytes of the artifact."))
        }
        ArtifactError::Scheme(_) | ArtifactError::Unsupported => {
            Error::new(ErrorCode::NotImplemented, "The artifact store does not support this.")
        }
        ArtifactError::Refused(cause) => {
            tracing::info!(cause, "the artifact store refused an upload by parts");
            Error::invalid("The artifact store refused the upload: its id or one of its parts is not known there.")
        }
        ArtifactError::Interrupted(cause) => {
            tracing::info!(%cause, "an upload broke off");
            Error::new(ErrorCode::BadRequest, "The upload broke off.")
        }
        ArtifactError::Full(cause) => {
            tracing::error!(cause, "the artifact store is full");
            Error::new(ErrorCode::InsufficientStorage, "The artifact store has no room left.")
        }
        ArtifactError::Forbidden(cause) => {
            tracing::error!(cause, "the artifact store does not let the server do something");
            let message = "The artifact store refuses the server's credentials, or does not let it do this.";
            Error::new(ErrorCode::PermissionDenied, message)
        }
        ArtifactError::Unavailable(cause) => {
            tracing::warn!(cause, "the artifact store does not answer");
            Error::unavailable("The artifact store is not available at the moment. Please try again.")
        }
    }
}

/// Why a transaction was rolled back: the floor below failed, or a rule refused it.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The database.
    Store(StoreError),
    /// A rule.
    Refused(Error),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Store(error) => from_store(error),
            Fault::Refused(error) => error,
        }
    }
}
