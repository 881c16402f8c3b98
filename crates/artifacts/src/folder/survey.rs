//! All files below a folder, and their addresses.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use domain::artifact_path::ArtifactPath;
use futures::Stream;
use futures::stream;

use super::{Folder, STAGING, blocking, real};
use crate::error::{ArtifactError, Result};
use crate::transfer::FileInfo;

impl Folder {
    pub(crate) async fn address(&self, path: &ArtifactPath) -> Result<Option<String>> {
        let (this, path) = (self.clone(), path.clone());
        let address = move || {
            let root = known(&this.root)?.map_or_else(|| place(&this.root), Ok)?;
            let address = if path.is_root() { root.clone() } else { place(&root.join(path.as_str()))? };
            if !address.starts_with(&root) {
                return Err(ArtifactError::Outside);
            }
            Ok(address.into_os_string().into_string().ok())
        };
        blocking(address).await
    }

    pub(crate) fn survey(&self, path: &ArtifactPath) -> impl Stream<Item = Result<Vec<FileInfo>>> + Send + 'static {
        let (this, first) = (self.clone(), path.clone());
        // Folders that are still to be looked into. Only the first can lead out, for below it no links are followed.
        stream::try_unfold(vec![path.as_str().to_owned()], move |mut left| {
            let (this, first) = (this.clone(), first.clone());
            async move {
                let Some(folder) = left.pop() else { return Ok(None) };
                let (files, folders) = blocking(move || {
                    if folder == first.as_str() && this.resolve(&first)?.is_none() {
                        return Ok((Vec::new(), Vec::new()));
                    }
                    look(&this.root, &folder)
                })
                .await?;
                left.extend(folders);
                Ok(Some((files, left)))
            }
        })
    }
}

/// A folder's files, and the folders in it, as paths from the root.
fn look(root: &Path, folder: &str) -> Result<(Vec<FileInfo>, Vec<String>)> {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    let entries = match fs::read_dir(root.join(folder)) {
        Ok(entries) => entries,
        // Not there (any more), or a file.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok((files, folders));
        }
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        if name == STAGING {
            continue;
        }
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            folders.push(path);
        } else if kind.is_file()
            && let Ok(metadata) = entry.metadata()
        {
            files.push(FileInfo { path, is_dir: false, size: Some(metadata.len()) });
        }
    }
    Ok((files, folders))
}

/// As [`real`], for an address alone: what we may not look into is taken as it is written.
fn known(path: &Path) -> Result<Option<PathBuf>> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(None),
        _ => real(path),
    }
}

/// A path without `..` and symbolic links, however much of it exists. The last name stays: who replaces or removes a
/// link does not touch what it points at.
fn place(path: &Path) -> Result<PathBuf> {
    let mut place = PathBuf::new();
    let (parent, name) = (path.parent().unwrap_or(path), path.file_name());
    for component in parent.components() {
        match component {
            Component::ParentDir => {
                place.pop();
            }
            other => place.push(other),
        }
        if let Some(real) = known(&place)? {
            place = real;
        }
    }
    Ok(match name {
        Some(name) => place.join(name),
        // It ends in `..`.
        None => known(path)?.unwrap_or(place),
    })
}
