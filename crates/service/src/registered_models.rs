//! Registered models.

use domain::model_versions::ModelVersion;
use domain::registered_models::RegisteredModel;
use domain::{Page, Result, Tag};

use crate::Service;

/// Asks for a new registered model.
#[derive(Clone, Debug, Default)]
pub struct NewRegisteredModel {
    /// Its name.
    pub name: String,
    /// Markdown.
    pub description: Option<String>,
    /// Its first tags; of equal keys the last wins.
    pub tags: Vec<Tag>,
}

/// Asks for a page of registered models.
#[derive(Clone, Debug, Default)]
pub struct SearchRegisteredModels {
    /// MLflow's filter language. Prompts are hidden unless it asks for them.
    pub filter: Option<String>,
    /// Page size up to 1,000; `None` is 100.
    pub max_results: Option<i64>,
    /// Such as `last_updated_timestamp DESC`.
    pub order_by: Vec<String>,
    /// From the page before; empty means the first.
    pub page_token: Option<String>,
}

impl Service {
    /// Creates a registered model.
    pub async fn create_registered_model(&self, new: NewRegisteredModel) -> Result<RegisteredModel> {
        todo!()
    }

    /// A registered model.
    pub async fn registered_model(&self, name: &str) -> Result<RegisteredModel> {
        todo!()
    }

    /// A page of registered models.
    pub async fn search_registered_models(&self, search: SearchRegisteredModels) -> Result<Page<RegisteredModel>> {
        todo!()
    }

    /// Sets the description; `None` clears it.
    pub async fn update_registered_model(&self, name: &str, description: Option<&str>) -> Result<RegisteredModel> {
        todo!()
    }

    /// Renames a model; versions, tags and aliases follow.
    pub async fn rename_registered_model(&self, name: &str, new_name: &str) -> Result<RegisteredModel> {
        todo!()
    }

    /// Deletes a model with its versions, tags and aliases.
    pub async fn delete_registered_model(&self, name: &str) -> Result<()> {
        todo!()
    }

    /// The highest version of each stage asked for (any letter case), or of all when none is; by version.
    pub async fn latest_versions(&self, name: &str, stages: &[String]) -> Result<Vec<ModelVersion>> {
        todo!()
    }

    /// Sets a tag.
    pub async fn set_registered_model_tag(&self, name: &str, key: &str, value: &str) -> Result<()> {
        todo!()
    }

    /// Removes a tag; an absent one is fine.
    pub async fn delete_registered_model_tag(&self, name: &str, key: &str) -> Result<()> {
        todo!()
    }
}
