//! All objects under a prefix, and their addresses.

use domain::artifact_path::ArtifactPath;
use futures::Stream;
use futures::stream;

use super::bucket::Bucket;
use super::fault;
use crate::error::{ArtifactError, Result};
use crate::transfer::FileInfo;

impl Bucket {
    pub(crate) fn address(&self, path: &ArtifactPath) -> String {
        format!("s3://{}/{}", self.name, self.key(path))
    }

    pub(crate) fn survey(&self, path: &ArtifactPath) -> impl Stream<Item = Result<Vec<FileInfo>>> + Send + 'static {
        let folder = self.folder(path);
        let above = if path.is_root() { String::new() } else { format!("{}/", path.as_str()) };
        let pages = self.client.list_objects_v2().bucket(&self.name).prefix(&folder).into_paginator().send();
        stream::try_unfold(pages, move |mut pages| {
            let (folder, above) = (folder.clone(), above.clone());
            async move {
                let Some(page) = pages.next().await else { return Ok(None) };
                let page = match page.map_err(fault::of) {
                    // No bucket yet.
                    Err(ArtifactError::NotFound) => return Ok(None),
                    page => page?,
                };
                let files = page.contents().iter().filter_map(|object| {
                    let name = object.key()?.strip_prefix(&folder)?;
                    let size = object.size().and_then(|size| u64::try_from(size).ok());
                    // What ends in a slash is some tool's mark for a folder.
                    let is_mark = name.is_empty() || name.ends_with('/');
                    (!is_mark).then(|| FileInfo { path: format!("{above}{name}"), is_dir: false, size })
                });
                Ok(Some((files.collect(), pages)))
            }
        })
    }
}
