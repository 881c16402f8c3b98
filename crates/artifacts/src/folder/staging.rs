//! Files that are not complete yet.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::STAGING;
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
            match make_folder(parent).and_then(|()| fs::rename(&self.path, &place)) {
                Ok(()) => return Ok(sync(parent)?),
                Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                    return self.commit_across(&place, parent);
                }
                // The folder has just been deleted.
                Err(error) if error.kind() == io::ErrorKind::NotFound && self.path.exists() => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(ArtifactError::NotADirectory),
                Err(error) => return Err(error.into()),
            }
        }
        Err(ArtifactError::Unavailable("the folder of an upload is deleted again and again".into()))
    }

    /// Moves the file to a place on another file system, which is mounted there: by a copy beside the place.
    fn commit_across(&self, place: &Path, parent: &Path) -> Result<()> {
        let beside = parent.join(STAGING);
        sweep(&beside);
        let (mut file, copy) = Self::create(&beside)?;
        io::copy(&mut File::open(&self.path)?, &mut file)?;
        file.sync_all()?;
        fs::rename(&copy.path, place)?;
        Ok(sync(parent)?)
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
fn sync(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        other => other,
    }
}

/// Makes a folder and those above it, and the name of each new one durable: a file is not, while a folder that it lies in
/// is not.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    let missing: Vec<_> = folder.ancestors().take_while(|folder| !folder.is_dir()).collect();
    for folder in missing.into_iter().rev() {
        match fs::create_dir(folder) {
            // Another upload was faster; whether it has come to make the name durable is not known.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
            made => made?,
        }
        if let Some(parent) = folder.parent() {
            sync(parent)?;
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_goes_to_another_file_system() {
        let here = tempfile::tempdir().expect("a folder");
        let memory = tempfile::tempdir_in("/dev/shm").expect("every Linux has one");
        let (mut file, staged) = Staged::create(&memory.path().join(STAGING)).expect("a file");
        file.write_all(b"content").expect("room");
        let folder = here.path().join("a/b");
        staged.commit(|| Ok(folder.join("c"))).expect("its place");
        assert_eq!(fs::read(folder.join("c")).expect("the file"), b"content");
        assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 1, "nothing else is left there");
        assert_eq!(fs::read_dir(memory.path()).expect("the other").count(), 0, "nor where it came from");
    }
}
