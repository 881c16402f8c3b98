//! What a model's folder says of itself, for the UI: its `MLmodel` file, parsed.

use domain::Result;
use domain::model_file::ModelFile;

use crate::Service;


impl Service {
    /// The `MLmodel` of a folder of a run (or of a model logged from it); `None` if there is none.
    pub async fn run_model_file(&self, run_id: &str, path: &str) -> Result<Option<ModelFile>> {
        todo!()
    }

    /// The `MLmodel` of a logged model; `None` if there is none.
    pub async fn logged_model_file(&self, model_id: &str) -> Result<Option<ModelFile>> {
        todo!()
    }

    /// The `MLmodel` of a version; `None` if there is none.
    pub async fn version_model_file(&self, name: &str, version: &str) -> Result<Option<ModelFile>> {
        todo!()
    }
}
