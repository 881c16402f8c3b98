//! The artifact proxy (`mlflow-artifacts:`): paths under the artifacts destination, taken literally.

use domain::Result;

use crate::{ByteRange, Download, FileInfo, Service, Upload};

impl Service {
    /// Lists a folder; paths of the answer are base names. A missing path, or a file's, has no files.
    pub async fn proxy_list(&self, path: &str) -> Result<Vec<FileInfo>> {
        todo!()
    }

    /// Opens a file.
    pub async fn proxy_open(&self, path: &str, range: Option<ByteRange>) -> Result<Download> {
        todo!()
    }

    /// Writes a file; nothing can be seen of one that broke off.
    pub async fn proxy_put(&self, path: &str, upload: Upload) -> Result<()> {
        todo!()
    }

    /// Removes a file or a folder; a missing one is fine.
    pub async fn proxy_delete(&self, path: &str) -> Result<()> {
        todo!()
    }
}
