//! Artifact bytes in a folder or in S3: list, read (ranges), write (streams), delete.
//!
//! A [`Repository`] is one artifact location. No artifact is ever whole in memory on its way.

mod error;
mod folder;
mod location;
mod s3;
mod survey;
mod transfer;
mod zip;

use std::sync::Arc;
use std::time::Duration;

use domain::Millis;
use domain::artifact_path::ArtifactPath;

pub use error::{ArtifactError, Result};
pub use s3::{Patience, Presigned, S3Options};
pub use transfer::{ByteRange, Download, FileInfo, Stat, Upload};
pub use zip::{Zip, ZipMember};

use folder::Folder;
use location::Location;
use s3::{Bucket, S3};

/// Opens artifact locations. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Artifacts {
    s3: Arc<S3>,
}

impl Artifacts {
    /// Reads the configuration; connects to nothing yet.
    pub async fn new(s3: S3Options) -> Self {
        Self { s3: Arc::new(S3::new(s3).await) }
    }

    /// Whether there is a driver for a location, whatever is there.
    pub fn supports(location: &str) -> bool {
        Location::parse(location).is_ok()
    }

    /// The repository of a location: an absolute path, a `file:` or an `s3:` URI.
    pub fn open(&self, location: &str) -> Result<Repository> {
        Ok(Repository(match Location::parse(location)? {
            Location::Folder(root) => Driver::Folder(Folder::new(root)),
            Location::S3 { bucket, prefix } => Driver::S3(self.s3.bucket(bucket, prefix)),
        }))
    }
}

/// One artifact location. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Repository(Driver);

#[derive(Clone, Debug)]
enum Driver {
    Folder(Folder),
    S3(Bucket),
}

impl Repository {
    /// The same location, whose bucket is made by the first upload if it is not there. A folder always is.
    #[must_use]
    pub fn creating_bucket(self) -> Self {
        match self.0 {
            Driver::S3(bucket) => Self(Driver::S3(bucket.creating())),
            Driver::Folder(_) => self,
        }
    }

    /// A folder's files and folders, sorted by path; paths relative to the location.
    /// A missing path, or a file's, has none.
    pub async fn list(&self, path: &ArtifactPath) -> Result<Vec<FileInfo>> {
        let mut files = match &self.0 {
            Driver::Folder(folder) => folder.list(path).await?,
            Driver::S3(bucket) => bucket.list(path).await?,
        };
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// Removes what uploads left behind whose sender or server died long ago; answers how many.
    pub async fn sweep(&self, now: Millis) -> Result<u64> {
        match &self.0 {
            Driver::Folder(folder) => folder.sweep().await,
            Driver::S3(bucket) => bucket.sweep(now).await,
        }
    }

    /// A file's size, entity tag and time, without its bytes.
    pub async fn stat(&self, path: &ArtifactPath) -> Result<Stat> {
        match &self.0 {
            Driver::Folder(folder) => folder.stat(path).await,
            Driver::S3(bucket) => bucket.stat(path).await,
        }
    }

    /// Opens a file.
    pub async fn get(&self, path: &ArtifactPath, range: Option<ByteRange>) -> Result<Download> {
        match &self.0 {
            Driver::Folder(folder) => folder.get(path, range).await,
            Driver::S3(bucket) => bucket.get(path, range).await,
        }
    }

    /// Writes a file; nothing can be seen of one that broke off.
    pub async fn put(&self, path: &ArtifactPath, upload: Upload) -> Result<()> {
        let (driver, path) = (self.0.clone(), path.clone());
        // A task of its own: a client that hangs up drops its request, which must not drop the cleaning up.
        let task = tokio::spawn(async move {
            match driver {
                Driver::Folder(folder) => folder.put(&path, upload).await,
                Driver::S3(bucket) => bucket.put(&path, upload).await,
            }
        });
        task.await.unwrap_or_else(|cause| Err(ArtifactError::Unavailable(cause.to_string())))
    }

    /// Removes a file or a folder; a missing one is fine.
    pub async fn delete(&self, path: &ArtifactPath) -> Result<()> {
        match &self.0 {
            Driver::Folder(folder) => folder.delete(path).await,
            Driver::S3(bucket) => bucket.delete(path).await,
        }
    }

    /// Whether clients can send and fetch bytes past the server: [`Repository::presign_get`] and the like.
    pub fn supports_direct_transfer(&self) -> bool {
        match &self.0 {
            Driver::S3(bucket) => bucket.is_reachable(),
            Driver::Folder(_) => false,
        }
    }

    /// A URL that reads a file, as an attachment of its name; valid as configured, unless told.
    pub async fn presign_get(&self, path: &ArtifactPath, valid: Option<Duration>) -> Result<Presigned> {
        self.direct()?.presign_get(path, valid).await
    }

    /// A URL that writes a file.
    pub async fn presign_put(&self, path: &ArtifactPath, valid: Duration) -> Result<Presigned> {
        self.direct()?.presign_put(path, valid).await
    }

    /// Begins an upload by parts, 1 to 10,000: its id and a URL for each part.
    pub async fn begin_parts(&self, path: &ArtifactPath, parts: u16) -> Result<(String, Vec<Presigned>)> {
        self.direct()?.begin_parts(path, parts).await
    }

    /// Ends an upload by parts, given as (number, entity tag): the file can be seen.
    pub async fn finish_parts(&self, path: &ArtifactPath, upload_id: &str, parts: Vec<(i32, String)>) -> Result<()> {
        self.direct()?.finish_parts(path, upload_id, parts).await
    }

    /// Gives up an upload by parts and frees their room; an unknown one is fine.
    pub async fn abandon_parts(&self, path: &ArtifactPath, upload_id: &str) -> Result<()> {
        self.direct()?.abandon_parts(path, upload_id).await
    }

    fn direct(&self) -> Result<&Bucket> {
        match &self.0 {
            Driver::S3(bucket) => Ok(bucket),
            Driver::Folder(_) => Err(ArtifactError::Unsupported),
        }
    }
}
