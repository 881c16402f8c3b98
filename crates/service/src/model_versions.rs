//! Versions of registered models: creation with source resolution, stages, tags.

use domain::model_versions::ModelVersion;
use domain::{Page, Result, Tag};

use crate::Service;

/// Asks for a new version.
#[derive(Clone, Debug, Default)]
pub struct NewModelVersion {
    /// The registered model's name.
    pub name: String,
    /// Where its files are: a location, `runs:/…`, `models:/…`.
    pub source: String,
    /// The run that made it.
    pub run_id: Option<String>,
    /// The logged model that it is made from.
    pub model_id: Option<String>,
    /// A link to a run elsewhere.
    pub run_link: Option<String>,
    /// Markdown.
    pub description: Option<String>,
    /// Its first tags; of equal keys the last wins.
    pub tags: Vec<Tag>,
}

/// Asks for a page of versions.
#[derive(Clone, Debug, Default)]
pub struct SearchModelVersions {
    /// MLflow's filter language. Prompts are hidden unless it asks for them.
    pub filter: Option<String>,
    /// Page size from 1 to 200,000, which is the default.
    pub max_results: Option<i64>,
    /// Such as `version_number DESC`.
    pub order_by: Vec<String>,
    /// From the page before; empty means the first.
    pub page_token: Option<String>,
}

impl Service {
    /// Registers a version under the next number.
    pub async fn create_model_version(&self, new: NewModelVersion) -> Result<ModelVersion> {
        todo!()
    }

    /// Registers a version and, if there is none of that name yet, its model, in one step: both or neither.
    pub async fn register_model(&self, new: NewModelVersion) -> Result<ModelVersion> {
        todo!()
    }

    /// A version; `version` is a decimal string.
    pub async fn model_version(&self, name: &str, version: &str) -> Result<ModelVersion> {
        todo!()
    }

    /// A page of versions, without their aliases.
    pub async fn search_model_versions(&self, search: SearchModelVersions) -> Result<Page<ModelVersion>> {
        todo!()
    }

    /// Sets the description; `None` clears it.
    pub async fn update_model_version(
        &self,
        name: &str,
        version: &str,
        description: Option<&str>,
    ) -> Result<ModelVersion> {
        todo!()
    }

    /// Moves a version to a stage (any letter case), and the others of that stage to Archived if asked.
    pub async fn transition_stage(
        &self,
        name: &str,
        version: &str,
        stage: &str,
        archive_existing: bool,
    ) -> Result<ModelVersion> {
        todo!()
    }

    /// Deletes a version for good; its number is never used again.
    pub async fn delete_model_version(&self, name: &str, version: &str) -> Result<()> {
        todo!()
    }

    /// Where a version's files are.
    pub async fn download_uri(&self, name: &str, version: &str) -> Result<String> {
        todo!()
    }

    /// Sets a tag.
    pub async fn set_model_version_tag(&self, name: &str, version: &str, key: &str, value: &str) -> Result<()> {
        todo!()
    }

    /// Removes a tag; an absent one is fine.
    pub async fn delete_model_version_tag(&self, name: &str, version: &str, key: &str) -> Result<()> {
        todo!()
    }
}
