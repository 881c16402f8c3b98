//! Artifact bytes in a folder or in S3: list, read (ranges), write (streams), delete.
//!
//! A [`Repository`] is one artifact location. No artifact is ever whole in memory on its way.

use std::fmt;
use std::io;

use bytes::Bytes;
use domain::Millis;
use domain::artifact_path::ArtifactPath;
use futures::stream::BoxStream;

/// A file or folder of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// Relative to the location that was listed from.
    pub path: String,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// Bytes; `None` for folders.
    pub size: Option<u64>,
}

/// Part of a file, as `Range: bytes=` asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteRange {
    /// From an offset to the end.
    From(u64),
    /// From an offset to another, both included.
    Between(u64, u64),
    /// The last bytes.
    Last(u64),
}

/// A file that is being read.
pub struct Download {
    /// Its bytes, or those of the range.
    pub body: BoxStream<'static, io::Result<Bytes>>,
    /// Bytes of the whole file.
    pub size: u64,
    /// First and last byte of the range that is sent, if one was asked for.
    pub range: Option<(u64, u64)>,
    /// Changes when the content does; with its quotes.
    pub etag: Option<String>,
    /// When it was last written.
    pub last_modified: Option<Millis>,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("size", &self.size).field("range", &self.range).finish_non_exhaustive()
    }
}

/// A file that is being written.
pub struct Upload {
    /// Its bytes.
    pub body: BoxStream<'static, io::Result<Bytes>>,
    /// How many there will be, if known.
    pub size: Option<u64>,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("size", &self.size).finish_non_exhaustive()
    }
}

/// What can go wrong with artifacts.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// There is no such file.
    #[error("no such artifact")]
    NotFound,
    /// A folder was asked for as if it were a file.
    #[error("the path is a directory")]
    IsDirectory,
    /// A file stands where a folder is needed.
    #[error("a part of the path is a file")]
    NotADirectory,
    /// The path leads out of the location.
    #[error("the path leads out of the artifact location")]
    Outside,
    /// The range starts after the end of a file of this many bytes.
    #[error("the range cannot be satisfied")]
    Range(u64),
    /// The location's scheme has no driver.
    #[error("no storage driver for '{0}'")]
    Scheme(String),
    /// The sender broke off.
    #[error("the upload broke off: {0}")]
    Interrupted(#[source] io::Error),
    /// No room.
    #[error("the store is full: {0}")]
    Full(String),
    /// The store does not answer, or refuses.
    #[error("the store is not available: {0}")]
    Unavailable(String),
}

/// How to reach S3; what is not set comes from the usual `AWS_*` variables and files.
#[derive(Clone, Debug, Default)]
pub struct S3Options {
    /// Another server than Amazon's, such as MinIO (`MLFLOW_S3_ENDPOINT_URL`).
    pub endpoint_url: Option<String>,
    /// Accept any certificate (`MLFLOW_S3_IGNORE_TLS=true`).
    pub ignore_tls: bool,
}

/// Opens artifact locations. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Artifacts {}

impl Artifacts {
    /// Reads the configuration; connects to nothing yet.
    pub async fn new(s3: S3Options) -> Self {
        todo!()
    }

    /// The repository of a location: an absolute path, a `file:` or an `s3:` URI.
    pub fn open(&self, location: &str) -> Result<Repository, ArtifactError> {
        todo!()
    }
}

/// One artifact location.
#[derive(Clone, Debug)]
pub struct Repository {}

impl Repository {
    /// A folder's files and folders, sorted by path; paths relative to the location.
    /// A missing path, or a file's, has none.
    pub async fn list(&self, path: &ArtifactPath) -> Result<Vec<FileInfo>, ArtifactError> {
        todo!()
    }

    /// Opens a file.
    pub async fn get(&self, path: &ArtifactPath, range: Option<ByteRange>) -> Result<Download, ArtifactError> {
        todo!()
    }

    /// Writes a file; nothing can be seen of one that broke off.
    pub async fn put(&self, path: &ArtifactPath, upload: Upload) -> Result<(), ArtifactError> {
        todo!()
    }

    /// Removes a file or a folder; a missing one is fine.
    pub async fn delete(&self, path: &ArtifactPath) -> Result<(), ArtifactError> {
        todo!()
    }
}
