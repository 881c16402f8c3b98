//! Artifacts in a folder.
//!
//! Every path is resolved, symbolic links included, and must stay within the root. A file is written beside all
//! others, in [`STAGING`], and moved to its place when it is complete and on disk.

mod staging;
mod survey;

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use domain::artifact_path::ArtifactPath;
use futures::stream::{self, BoxStream};

use crate::error::{ArtifactError, Result};
use crate::transfer::{ByteRange, Download, FileInfo, Stat, Upload};
use staging::Staged;

/// The folder that holds what is still being written: of a root, or of a folder on a file system that is mounted in it. It shows
/// in no listing.
const STAGING: &str = ".ferroflow-uploads";
/// How much is read or written at once.
const BLOCK: usize = 512 * 1024;

/// The error of links that lead in a circle, on Linux.
const ELOOP: i32 = 40;

/// A folder's artifacts.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(crate) async fn list(&self, path: &ArtifactPath) -> Result<Vec<FileInfo>> {
        let (this, path) = (self.clone(), path.clone());
        blocking(move || this.list_now(&path)).await
    }

    /// Removes what a crash left behind of uploads; answers how many.
    pub(crate) async fn sweep(&self) -> Result<u64> {
        let staging = self.root.join(STAGING);
        blocking(move || Ok(staging::sweep(&staging))).await
    }

    pub(crate) async fn stat(&self, path: &ArtifactPath) -> Result<Stat> {
        let (this, path) = (self.clone(), path.clone());
        blocking(move || this.open(&path).map(|(_, metadata)| stat(&metadata))).await
    }

    pub(crate) async fn get(&self, path: &ArtifactPath, range: Option<ByteRange>) -> Result<Download> {
        let (this, path) = (self.clone(), path.clone());
        blocking(move || {
            let (mut file, metadata) = this.open(&path)?;
            let Stat { size, etag, last_modified } = stat(&metadata);
            let range = range.map(|r| r.within(size).ok_or(ArtifactError::Range(size))).transpose()?;
            let (start, length) = range.map_or((0, size), |(first, last)| (first, last - first + 1));
            file.seek(SeekFrom::Start(start))?;
            Ok(Download { body: read(file, length), size, range, etag, last_modified })
        })
        .await
    }

    pub(crate) async fn put(&self, path: &ArtifactPath, mut upload: Upload) -> Result<()> {
        if path.is_root() {
            return Err(ArtifactError::IsDirectory);
        }
        let (this, wanted) = (self.clone(), path.clone());
        let (file, staged) = blocking(move || {
            this.target(&wanted)?;
            Staged::create(&this.root.join(STAGING))
        })
        .await?;
        // A block is gathered while the one before is written.
        let mut writing = tokio::task::spawn_blocking(move || Ok(file));
        let mut block = Vec::new();
        let mut gathered = 0;
        while let Some(chunk) = upload.next().await? {
            gathered += chunk.len();
            block.push(chunk);
            if gathered >= BLOCK {
                gathered = 0;
                let file = finished(writing).await?;
                let full = std::mem::take(&mut block);
                writing = tokio::task::spawn_blocking(move || write(file, &full));
            }
        }
        let file = finished(writing).await?;
        let (this, path) = (self.clone(), path.clone());
        blocking(move || {
            write(file, &block)?.sync_all()?;
            staged.commit(|| this.target(&path))
        })
        .await
    }

    pub(crate) async fn delete(&self, path: &ArtifactPath) -> Result<()> {
        let (this, path) = (self.clone(), path.clone());
        blocking(move || match this.delete_now(&path) {
            Err(ArtifactError::NotFound | ArtifactError::NotADirectory) => Ok(()),
            other => other,
        })
        .await
    }
}

// What blocks.
impl Folder {
    fn list_now(&self, path: &ArtifactPath) -> Result<Vec<FileInfo>> {
        let Some((root, folder)) = self.resolve(path)? else { return Ok(Vec::new()) };
        if !fs::metadata(&folder)?.is_dir() {
            return Ok(Vec::new());
        }
        let mut files = Vec::new();
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            // Names that are not UTF-8 cannot be asked for over HTTP either.
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            if name == STAGING {
                continue;
            }
            let Some(metadata) = metadata_within(&root, &entry)? else { continue };
            let path = if path.is_root() { name } else { format!("{}/{name}", path.as_str()) };
            let is_dir = metadata.is_dir();
            files.push(FileInfo { path, is_dir, size: (!is_dir).then_some(metadata.len()) });
        }
        Ok(files)
    }

    fn open(&self, path: &ArtifactPath) -> Result<(File, Metadata)> {
        let (_, file) = self.resolve(path)?.ok_or(ArtifactError::NotFound)?;
        // Asked before opening: opening a pipe would wait for its other end.
        let kind = fs::metadata(&file)?;
        if kind.is_dir() {
            return Err(ArtifactError::IsDirectory);
        }
        if !kind.is_file() {
            return Err(ArtifactError::NotFound);
        }
        let file = File::open(&file)?;
        let metadata = file.metadata()?;
        Ok((file, metadata))
    }

    fn delete_now(&self, path: &ArtifactPath) -> Result<()> {
        let target = self.target_of(path)?;
        // A symbolic link goes, what it points at stays.
        if fs::symlink_metadata(&target)?.is_dir() {
            fs::remove_dir_all(&target)?;
        } else {
            fs::remove_file(&target)?;
        }
        Ok(())
    }

    /// The real paths of the root and of something in it; `None` if there is no such thing.
    fn resolve(&self, path: &ArtifactPath) -> Result<Option<(PathBuf, PathBuf)>> {
        if is_staging(path) {
            return Ok(None);
        }
        let Some(root) = real(&self.root)? else { return Ok(None) };
        let Some(full) = real(&root.join(path.as_str()))? else { return Ok(None) };
        if full.starts_with(&root) { Ok(Some((root, full))) } else { Err(ArtifactError::Outside) }
    }

    /// Where a path's parent really is, with the path's name: what is to be replaced or removed.
    /// Folders that do not exist yet are taken as they are written.
    fn target_of(&self, path: &ArtifactPath) -> Result<PathBuf> {
        if is_staging(path) {
            return Err(ArtifactError::Outside);
        }
        let root = real(&self.root)?.ok_or(ArtifactError::NotFound)?;
        let full = root.join(path.as_str());
        for parent in full.ancestors().skip(1).take_while(|parent| parent.starts_with(&root)) {
            if let Some(found) = real(parent)? {
                if !found.starts_with(&root) {
                    return Err(ArtifactError::Outside);
                }
                if !found.is_dir() {
                    return Err(ArtifactError::NotADirectory);
                }
                let rest = full.strip_prefix(parent).map_err(|_| ArtifactError::Outside)?;
                return Ok(found.join(rest));
            }
        }
        Err(ArtifactError::Outside)
    }

    /// Where a file is to be written. The root is made if it is not there.
    fn target(&self, path: &ArtifactPath) -> Result<PathBuf> {
        staging::make_folder(&self.root)?;
        let target = self.target_of(path)?;
        if target.is_dir() { Err(ArtifactError::IsDirectory) } else { Ok(target) }
    }
}

/// Whether a path leads to what is still being written.
fn is_staging(path: &ArtifactPath) -> bool {
    path.as_str().split('/').any(|name| name == STAGING)
}

/// Runs what would hold up other requests on a thread for that.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let task = tokio::task::spawn_blocking(work);
    task.await.unwrap_or_else(|cause| Err(ArtifactError::Unavailable(cause.to_string())))
}

async fn finished(writing: tokio::task::JoinHandle<io::Result<File>>) -> Result<File> {
    Ok(writing.await.map_err(|cause| ArtifactError::Unavailable(cause.to_string()))??)
}

/// A path with every symbolic link resolved; `None` if there is nothing.
fn real(path: &Path) -> Result<Option<PathBuf>> {
    match fs::canonicalize(path) {
        Ok(real) => Ok(Some(real)),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename => Ok(None),
            // Links that lead in a circle lead nowhere.
            _ if error.raw_os_error() == Some(ELOOP) => Ok(None),
            _ => Err(error.into()),
        },
    }
}

/// What an entry is, links followed; `None` if it is gone, leads out of the root or nowhere, or may not be looked at.
fn metadata_within(root: &Path, entry: &fs::DirEntry) -> Result<Option<Metadata>> {
    if entry.file_type()?.is_symlink() {
        match fs::canonicalize(entry.path()) {
            Ok(target) if target.starts_with(root) => {}
            // One bad link must not hide the files beside it.
            _ => return Ok(None),
        }
    }
    match fs::metadata(entry.path()) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn stat(metadata: &Metadata) -> Stat {
    let nanos = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
    Stat {
        size: metadata.len(),
        // A replaced file is another inode, whatever its time.
        etag: Some(format!("\"{:x}-{nanos:x}-{:x}\"", metadata.ino(), metadata.len())),
        last_modified: i64::try_from(nanos / 1_000_000).ok(),
    }
}

/// Reads so many bytes in blocks, no further ahead than the receiver asks.
fn read(file: File, length: u64) -> BoxStream<'static, io::Result<Bytes>> {
    Box::pin(stream::try_unfold((file, length), |(file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let task = tokio::task::spawn_blocking(move || read_block(file, left));
        let (block, file) = task.await.map_err(io::Error::other)??;
        if block.is_empty() {
            // Cut short by another program: the promised length cannot be kept.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let left = left - block.len() as u64;
        Ok::<_, io::Error>(Some((block, (file, left))))
    }))
}

/// The next bytes, at most so many.
fn read_block(file: File, left: u64) -> io::Result<(Bytes, File)> {
    let want = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
    let mut block = Vec::with_capacity(want);
    (&file).take(want as u64).read_to_end(&mut block)?;
    Ok((Bytes::from(block), file))
}

fn write(mut file: File, block: &[Bytes]) -> io::Result<File> {
    for chunk in block {
        file.write_all(chunk)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_one_for_reading_are_told_from_a_broken_one() {
        let read_only = ArtifactError::from(io::Error::from(io::ErrorKind::ReadOnlyFilesystem));
        assert!(matches!(read_only, ArtifactError::Forbidden(_)), "{read_only:?}");
        let full = File::options().write(true).open("/dev/full").expect("every Linux has one");
        let refused = write(full, &[Bytes::from_static(b"x")]).map_err(ArtifactError::from);
        assert!(matches!(refused, Err(ArtifactError::Full(_))), "{refused:?}");
    }
}
