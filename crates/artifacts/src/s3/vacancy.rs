//! Whether a file may be written under a name. S3 has no folders: it would keep `a` beside `a/b`, and some servers then
//! show only one of them, which is a loss that nobody is told of.

use domain::artifact_path::ArtifactPath;
use futures::future::{try_join, try_join_all};

use super::bucket::Bucket;
use super::fault;
use crate::error::{ArtifactError, Result};

impl Bucket {
    /// Refuses a name that is a folder's, and one below a file, as a folder of a disk does.
    pub(super) async fn check_vacant(&self, path: &ArtifactPath) -> Result<()> {
        let parent = parents(path.as_str()).next();
        let (has_files_below, has_files_beside) = try_join(self.has_files_in(path.as_str()), async {
            match parent {
                Some(parent) => self.has_files_in(parent).await,
                None => Ok(true),
            }
        })
        .await?;
        if has_files_below {
            return Err(ArtifactError::IsDirectory);
        }
        // Where a file was let in, another may follow: only the first one of a folder costs a look at each parent.
        if !has_files_beside {
            let files = try_join_all(parents(path.as_str()).map(|parent| self.is_file(parent))).await?;
            if files.contains(&true) {
                return Err(ArtifactError::NotADirectory);
            }
        }
        Ok(())
    }

    async fn has_files_in(&self, folder: &str) -> Result<bool> {
        let prefix = self.under(&format!("{folder}/"));
        let request = self.client.list_objects_v2().bucket(&self.name).prefix(prefix).max_keys(1);
        match request.send().await.map_err(fault::of) {
            Ok(page) => Ok(!page.contents().is_empty()),
            // No bucket yet.
            Err(ArtifactError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn is_file(&self, path: &str) -> Result<bool> {
        match self.client.head_object().bucket(&self.name).key(self.under(path)).send().await.map_err(fault::of) {
            Ok(_) => Ok(true),
            Err(ArtifactError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The folders that a path lies in, the innermost first.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices('/').map(|(end, _)| &path[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_are_found() {
        assert_eq!(parents("a/b/c").collect::<Vec<_>>(), ["a/b", "a"]);
        assert_eq!(parents("a").count(), 0);
    }
}
