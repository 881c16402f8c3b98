//! The artifact proxy (`mlflow-artifacts:`): paths under the artifacts destination, taken literally.

use domain::artifact_path::ArtifactPath;
use domain::{Error, Result};

use crate::{ArtifactFile, ByteRange, Download, FileInfo, Service, Upload, boxed, errors};

impl Service {
    /// Lists a folder; paths of the answer are base names. A missing path, or a file's, has no files.
    #[boxed]
    pub async fn proxy_list(&self, path: &str) -> Result<Vec<FileInfo>> {
        let path = ArtifactPath::parse(path)?;
        let destination = self.destination().map_err(errors::from_artifacts)?;
        let mut files = destination.list(&path).await.map_err(errors::from_artifacts)?;
        for file in &mut files {
            if let Some(slash) = file.path.rfind('/') {
                file.path.drain(..=slash);
            }
        }
        Ok(files)
    }

    /// A file, which need not exist.
    pub fn proxy_file(&self, path: &str) -> Result<ArtifactFile> {
        let path = ArtifactPath::parse(path)?;
        Ok(self.destination().map_err(errors::from_artifacts)?.file(&path))
    }

    /// Opens a file.
    #[boxed]
    pub async fn proxy_open(&self, path: &str, range: Option<ByteRange>) -> Result<Download> {
        self.proxy_file(path)?.open(range).await
    }

    /// Writes a file; nothing can be seen of one that broke off.
    #[boxed]
    pub async fn proxy_put(&self, path: &str, upload: Upload) -> Result<()> {
        self.proxy_file(path)?.put(upload).await
    }

    /// Removes a file or a folder; a missing one is fine. The destination itself stays.
    #[boxed]
    pub async fn proxy_delete(&self, path: &str) -> Result<()> {
        let file = self.proxy_file(path)?;
        if file.name().is_empty() {
            return Err(Error::invalid("Invalid path"));
        }
        file.delete().await
    }
}
