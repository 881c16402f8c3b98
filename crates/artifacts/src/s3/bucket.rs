//! Reading, listing and deleting objects.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use domain::Millis;
use domain::artifact_path::ArtifactPath;

use super::budget::Budget;
use super::client::Patience;
use super::fault;
use super::headers::Headers;
use super::reading::Reading;
use crate::error::{ArtifactError, Result};
use crate::transfer::{ByteRange, Download, FileInfo, Stat};

/// How often a folder that is removed is looked at again for what was hidden in it.
const ROUNDS: usize = 8;

/// A bucket's artifacts under a prefix.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    pub(super) client: Client,
    /// Signs URLs that clients can reach; `None` if there are none.
    pub(super) presigning: Option<Client>,
    pub(super) name: String,
    pub(super) prefix: String,
    /// What is said of every object that is written.
    pub(super) upload_headers: Headers,
    /// Whether an upload makes the bucket if there is none.
    pub(super) creating: bool,
    /// How long a URL for reading is valid.
    pub(super) presigned_valid: Duration,
    pub(super) patience: Patience,
    pub(super) budget: Budget,
}

impl Bucket {
    pub(crate) fn creating(self) -> Self {
        Self { creating: true, ..self }
    }

    /// The object of a file.
    pub(super) fn key(&self, path: &ArtifactPath) -> String {
        self.under(path.as_str())
    }

    /// What stands under the prefix by this name.
    pub(super) fn under(&self, name: &str) -> String {
        match (self.prefix.as_str(), name) {
            (prefix, "") => prefix.to_owned(),
            ("", name) => name.to_owned(),
            (prefix, name) => format!("{prefix}/{name}"),
        }
    }

    /// What the objects of a folder begin with.
    pub(super) fn folder(&self, path: &ArtifactPath) -> String {
        match self.key(path) {
            key if key.is_empty() => key,
            key => format!("{key}/"),
        }
    }

    pub(crate) async fn list(&self, path: &ArtifactPath) -> Result<Vec<FileInfo>> {
        let folder = self.folder(path);
        let relative = |key: &str| -> Option<String> {
            let name = key.strip_prefix(&folder)?.trim_end_matches('/');
            match (path.as_str(), name) {
                (_, "") => None,
                ("", name) => Some(name.to_owned()),
                (path, name) => Some(format!("{path}/{name}")),
            }
        };
        let request = self.client.list_objects_v2().bucket(&self.name).prefix(&folder).delimiter("/");
        let mut pages = request.into_paginator().send();
        let mut files = Vec::new();
        while let Some(page) = pages.next().await {
            let page = match page.map_err(fault::of) {
                // No bucket yet: nothing has been written.
                Err(ArtifactError::NotFound) => return Ok(Vec::new()),
                page => page?,
            };
            let folders = page.common_prefixes().iter().filter_map(|p| relative(p.prefix()?));
            files.extend(folders.map(|path| FileInfo { path, is_dir: true, size: None }));
            // An object that ends in a slash is some tool's mark for a folder.
            let objects = page.contents().iter().filter(|o| !o.key().unwrap_or_default().ends_with('/'));
            files.extend(objects.filter_map(|object| {
                let size = object.size().and_then(|size| u64::try_from(size).ok());
                Some(FileInfo { path: relative(object.key()?)?, is_dir: false, size: Some(size.unwrap_or_default()) })
            }));
        }
        Ok(files)
    }

    pub(crate) async fn stat(&self, path: &ArtifactPath) -> Result<Stat> {
        if path.is_root() {
            return Err(ArtifactError::IsDirectory);
        }
        match self.client.head_object().bucket(&self.name).key(self.key(path)).send().await.map_err(fault::of) {
            Ok(head) => Ok(Stat {
                size: head.content_length().and_then(|n| u64::try_from(n).ok()).unwrap_or_default(),
                last_modified: head.last_modified().and_then(millis),
                etag: head.e_tag,
            }),
            Err(ArtifactError::NotFound) => Err(self.missing(path).await),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn get(&self, path: &ArtifactPath, range: Option<ByteRange>) -> Result<Download> {
        if path.is_root() {
            return Err(ArtifactError::IsDirectory);
        }
        let wanted = range.map(|range| match range {
            ByteRange::From(first) => format!("bytes={first}-"),
            ByteRange::Between(first, last) => format!("bytes={first}-{last}"),
            ByteRange::Last(count) => format!("bytes=-{count}"),
        });
        let request = self.client.get_object().bucket(&self.name).key(self.key(path)).set_range(wanted);
        match request.send().await {
            Ok(object) => Ok(self.download(path, object)),
            Err(error) if fault::code(&error) == Some("InvalidRange") => {
                Err(ArtifactError::Range(self.stat(path).await?.size))
            }
            Err(error) => match fault::of(error) {
                ArtifactError::NotFound => Err(self.missing(path).await),
                error => Err(error),
            },
        }
    }

    pub(crate) async fn delete(&self, path: &ArtifactPath) -> Result<()> {
        match self.delete_all(path).await {
            Err(ArtifactError::NotFound) => Ok(()),
            other => other,
        }
    }

    /// Deletes the object and those of the folder.
    async fn delete_all(&self, path: &ArtifactPath) -> Result<()> {
        if !path.is_root() {
            self.client.delete_object().bucket(&self.name).key(self.key(path)).send().await.map_err(fault::of)?;
        }
        // Some servers hide what lies below an object until that is gone. What somebody goes on writing has no end.
        for _ in 0..ROUNDS {
            if self.delete_listed(path).await? == 0 {
                return Ok(());
            }
        }
        Err(ArtifactError::Unavailable("objects of a removed folder come again and again".into()))
    }

    /// Deletes the objects of the folder that are listed, a page at a time; answers how many.
    async fn delete_listed(&self, path: &ArtifactPath) -> Result<usize> {
        let mut deleted = 0;
        let request = self.client.list_objects_v2().bucket(&self.name).prefix(self.folder(path));
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(fault::of)?;
            let keys = page.contents().iter().filter_map(|object| object.key());
            let objects: Vec<_> = keys.filter_map(|key| ObjectIdentifier::builder().key(key).build().ok()).collect();
            if objects.is_empty() {
                continue;
            }
            deleted += objects.len();
            let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build();
            let delete = delete.map_err(|cause| ArtifactError::Unavailable(cause.to_string()))?;
            let answer =
                self.client.delete_objects().bucket(&self.name).delete(delete).send().await.map_err(fault::of)?;
            if let Some(failed) = answer.errors().first() {
                return Err(ArtifactError::Unavailable(format!("an object was not deleted: {failed:?}")));
            }
        }
        Ok(deleted)
    }

    fn download(&self, path: &ArtifactPath, object: GetObjectOutput) -> Download {
        let length = object.content_length().and_then(|n| u64::try_from(n).ok()).unwrap_or_default();
        let range = object.content_range().and_then(content_range);
        let last_modified = object.last_modified().and_then(millis);
        let next = range.map_or(0, |(first, _, _)| first);
        let reading = Reading {
            bucket: self.clone(),
            key: self.key(path),
            etag: object.e_tag.clone(),
            body: object.body,
            next,
            end: next + length,
        };
        Download {
            size: range.map_or(length, |(_, _, size)| size),
            range: range.map(|(first, last, _)| (first, last)),
            last_modified,
            etag: object.e_tag,
            body: reading.into_stream(),
        }
    }

    /// Why there is no such object: it may be a folder.
    async fn missing(&self, path: &ArtifactPath) -> ArtifactError {
        let request = self.client.list_objects_v2().bucket(&self.name).prefix(self.folder(path)).max_keys(1);
        match request.send().await {
            Ok(page) if page.contents().is_empty() => ArtifactError::NotFound,
            Ok(_) => ArtifactError::IsDirectory,
            Err(error) => fault::of(error),
        }
    }
}

/// First byte, last byte and size of `bytes 0-9/100`.
fn content_range(header: &str) -> Option<(u64, u64, u64)> {
    let (range, size) = header.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?, size.parse().ok()?))
}

pub(super) fn millis(time: &DateTime) -> Option<Millis> {
    time.to_millis().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read() {
        assert_eq!(content_range("bytes 0-9/100"), Some((0, 9, 100)));
        assert_eq!(content_range("bytes */100"), None);
    }
}
