//! Artifacts as runs, logged models and versions own them.

use domain::Result;

use crate::{ByteRange, Download, FileInfo, Service, Upload};

/// Files of one folder of an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactListing {
    /// The owner's artifact location.
    pub root_uri: String,
    /// Paths relative to that location, sorted.
    pub files: Vec<FileInfo>,
}

impl Service {
    /// Lists a folder of a run. A model logged from the run shows as a folder of its name, even though a 3.x client
    /// keeps its files under the logged model. A missing path, or a file's, has no files.
    pub async fn run_artifacts(&self, run_id: &str, path: &str) -> Result<ArtifactListing> {
        todo!()
    }

    /// Opens a file of a run, or of a model logged from it (see [`Service::run_artifacts`]).
    pub async fn open_run_artifact(&self, run_id: &str, path: &str, range: Option<ByteRange>) -> Result<Download> {
        todo!()
    }

    /// Writes a file of a run.
    pub async fn upload_run_artifact(&self, run_id: &str, path: &str, upload: Upload) -> Result<()> {
        todo!()
    }

    /// Lists a folder of a logged model.
    pub async fn logged_model_artifacts(&self, model_id: &str, path: &str) -> Result<ArtifactListing> {
        todo!()
    }

    /// Opens a file of a logged model.
    pub async fn open_logged_model_artifact(
        &self,
        model_id: &str,
        path: &str,
        range: Option<ByteRange>,
    ) -> Result<Download> {
        todo!()
    }

    /// Lists a folder of a version's files.
    pub async fn version_artifacts(&self, name: &str, version: &str, path: &str) -> Result<ArtifactListing> {
        todo!()
    }

    /// Opens one of a version's files.
    pub async fn open_version_artifact(
        &self,
        name: &str,
        version: &str,
        path: &str,
        range: Option<ByteRange>,
    ) -> Result<Download> {
        todo!()
    }
}
