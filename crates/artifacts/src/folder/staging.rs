//! Files that are not complete yet.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{ArtifactError, Result};

/// How long nothing must have been written to a staged file before it counts as left behind by a crash.
const ABANDONED: Duration = Duration::from_hours(24);
/// How often a step is tried again when another request has just removed the folder that it needs.
const ATTEMPTS: usize = 16;

/// A file that is being written. Dropped before [`Staged::commit`], it leaves nothing behind.
#[derive(Debug)]
pub(super) struct Staged {
    path: PathBuf,
    folder: PathBuf,
}

impl Staged {
    /// Makes one in this folder, which is made for it.
    pub(super) fn create(folder: &Path) -> Result<(File, Self)> {
        for _ in 0..ATTEMPTS {
            match fs::create_dir(folder) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.into()),
            }
            let path = folder.join(format!("{:032x}", rand::random::<u128>()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok((file, Self { path, folder: folder.to_owned() })),
                // The last upload before this one has just removed the folder.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ArtifactError::Unavailable("no place for an upload".into()))
    }

    /// Moves the file to its place and makes that durable. The place is asked for at every try.
    pub(super) fn commit(self, place: impl Fn() -> Result<PathBuf>) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let place = place()?;
            let Some(parent) = place.parent() else { return Err(ArtifactError::Outside) };
            match fs::create_dir_all(parent).and_then(|()| fs::rename(&self.path, &place)) {
                Ok(()) => return sync(parent),
                // The folder has just been deleted.
                Err(error) if error.kind() == io::ErrorKind::NotFound && self.path.exists() => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(ArtifactError::NotADirectory),
                Err(error) => return Err(error.into()),
            }
        }
        Err(ArtifactError::Unavailable("the folder of an upload is deleted again and again".into()))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // After a commit there is no file; and the folder goes with its last one. Neither is worth a word.
        drop(fs::remove_file(&self.path));
        drop(fs::remove_dir(&self.folder));
    }
}

/// Makes the names in a folder durable, where the file system knows how.
fn sync(folder: &Path) -> Result<()> {
    match File::open(folder)?.sync_all() {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        other => Ok(other?),
    }
}

/// Removes what a crash left behind; answers how many files.
pub(super) fn sweep(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let mut swept = 0;
    for entry in entries.flatten() {
        let age = entry.metadata().and_then(|m| m.modified()).map(|time| time.elapsed().unwrap_or_default());
        if age.is_ok_and(|age| age > ABANDONED) && fs::remove_file(entry.path()).is_ok() {
            swept += 1;
        }
    }
    // Only if nothing is in it.
    drop(fs::remove_dir(folder));
    swept
}
