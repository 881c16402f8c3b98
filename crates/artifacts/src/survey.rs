//! What a location holds, and where that really is: for those who look after a store rather than a file.

use domain::artifact_path::ArtifactPath;
use futures::StreamExt;
use futures::stream::BoxStream;

use crate::error::{ArtifactError, Result};
use crate::folder::Folder;
use crate::transfer::FileInfo;
use crate::{Artifacts, Driver, Repository};

impl Repository {
    /// Every file in a folder and in those below it, page by page, in no particular order; paths relative to the
    /// location. Symbolic links are left out: what they point at within the location is there under its own name.
    pub fn survey(&self, path: &ArtifactPath) -> BoxStream<'static, Result<Vec<FileInfo>>> {
        match &self.0 {
            Driver::Folder(folder) => folder.survey(path).boxed(),
            Driver::S3(bucket) => bucket.survey(path).boxed(),
        }
    }

    /// The address of a file or folder, which need not exist: one text however one gets there (`s3://bucket/key`, or
    /// an absolute path without symbolic links, but for the last name). `None` if it is no text.
    pub async fn address(&self, path: &ArtifactPath) -> Result<Option<String>> {
        match &self.0 {
            Driver::Folder(folder) => folder.address(path).await,
            Driver::S3(bucket) => Ok(Some(bucket.address(path))),
        }
    }
}

impl Artifacts {
    /// The file or folder of an [address](Repository::address): the repository of what it lies in, and its name there.
    pub fn at(&self, address: &str) -> Result<(Repository, ArtifactPath)> {
        let unknown = || ArtifactError::Scheme(address.to_owned());
        // Names as they are, in which a `%` means nothing.
        let path = |name: &str| match name {
            "" => Ok(ArtifactPath::default()),
            name => ArtifactPath::stored(name).map_err(|_| ArtifactError::Outside),
        };
        if let Some(object) = address.strip_prefix("s3://") {
            let (bucket, key) = object.split_once('/').ok_or_else(unknown)?;
            let (prefix, name) = key.rsplit_once('/').unwrap_or(("", key));
            let bucket = self.s3.bucket(bucket.to_owned(), prefix.to_owned());
            return Ok((Repository(Driver::S3(bucket)), path(name)?));
        }
        match address.rsplit_once('/') {
            Some((folder, name)) if address.starts_with('/') && !name.is_empty() => {
                // Not as a location, in which a `%` would mean something.
                let folder = if folder.is_empty() { "/" } else { folder };
                Ok((Repository(Driver::Folder(Folder::new(folder.into()))), path(name)?))
            }
            _ => Err(unknown()),
        }
    }

    /// Removes the folder that an address lies in, if nothing is in it. Folders of S3 are there only with what is in
    /// them.
    pub async fn remove_empty_folder(&self, address: &str) {
        if let Some((folder, _)) = address.rsplit_once('/').filter(|(folder, _)| folder.starts_with('/')) {
            let folder = std::path::PathBuf::from(folder);
            // One that is not empty, or not there, is fine.
            drop(tokio::task::spawn_blocking(move || std::fs::remove_dir(folder)).await);
        }
    }
}
