//! What can go wrong with artifacts.

use std::io;

/// A failed operation on artifacts. The texts within are for the log only.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// There is no such file.
    #[error("no such artifact")]
    NotFound,
    /// A folder was asked for as if it were a file, or stands where a file is to be written.
    #[error("the path is a directory")]
    IsDirectory,
    /// A file stands where a folder is needed.
    #[error("a part of the path is a file")]
    NotADirectory,
    /// The path leads out of the location.
    #[error("the path leads out of the artifact location")]
    Outside,
    /// The store cannot keep a file of that name: too long, for instance.
    #[error("the store cannot keep a file of that name: {0}")]
    Name(String),
    /// The range starts after the end of a file of this many bytes.
    #[error("the range cannot be satisfied")]
    Range(u64),
    /// The location has no driver; its scheme, or the whole of it.
    #[error("no storage driver for '{0}'")]
    Scheme(String),
    /// The store has no presigned URLs, nor uploads by parts from elsewhere.
    #[error("the store does not support this")]
    Unsupported,
    /// The caller's parts or upload id are not what the store knows.
    #[error("the store refused the upload: {0}")]
    Refused(String),
    /// The sender broke off.
    #[error("the upload broke off: {0}")]
    Interrupted(#[source] io::Error),
    /// No room.
    #[error("the store is full: {0}")]
    Full(String),
    /// The store does not let the server do it: its credentials are missing, wrong or not enough, or it may only read.
    #[error("the store does not allow it: {0}")]
    Forbidden(String),
    /// The store does not answer, or fails.
    #[error("the store is not available: {0}")]
    Unavailable(String),
}

/// Shorthand for results of this crate.
pub type Result<T, E = ArtifactError> = std::result::Result<T, E>;

impl From<io::Error> for ArtifactError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as Kind;
        match error.kind() {
            Kind::NotFound => Self::NotFound,
            Kind::IsADirectory => Self::IsDirectory,
            Kind::NotADirectory => Self::NotADirectory,
            Kind::InvalidFilename | Kind::InvalidInput => Self::Name(error.to_string()),
            Kind::PermissionDenied | Kind::ReadOnlyFilesystem => Self::Forbidden(error.to_string()),
            Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge => Self::Full(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}
