//! Logged models.

use domain::logged_models::{LoggedModel, LoggedModelStatus};
use domain::{Page, Param, Result, Tag};

use crate::Service;

/// Asks for a new logged model.
#[derive(Clone, Debug, Default)]
pub struct NewLoggedModel {
    /// Its experiment.
    pub experiment_id: String,
    /// Its name; `None` or empty for a random one.
    pub name: Option<String>,
    /// The kind of model.
    pub model_type: Option<String>,
    /// The run that makes it.
    pub source_run_id: Option<String>,
    /// Its first params; of equal keys the last wins.
    pub params: Vec<Param>,
    /// Its first tags; of equal keys the last wins.
    pub tags: Vec<Tag>,
}

/// Restricts metrics to those measured on a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedModelDataset {
    /// Its name.
    pub name: String,
    /// Its digest; `None` matches only metrics logged without one, as in MLflow.
    pub digest: Option<String>,
}

/// One key of the order of logged models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedModelOrder {
    /// An attribute, or `metrics.<name>`.
    pub field_name: String,
    /// Ascending (the default) or descending.
    pub ascending: bool,
    /// Restricts the metric to this dataset.
    pub dataset_name: Option<String>,
    /// And this digest.
    pub dataset_digest: Option<String>,
}

/// Asks for a page of logged models.
#[derive(Clone, Debug, Default)]
pub struct SearchLoggedModels {
    /// In these experiments; none means no result.
    pub experiment_ids: Vec<String>,
    /// MLflow's filter language.
    pub filter: Option<String>,
    /// Datasets that metric filters are restricted to.
    pub datasets: Vec<LoggedModelDataset>,
    /// Page size; `None` is 50, 0 is 100.
    pub max_results: Option<i64>,
    /// Most significant first.
    pub order_by: Vec<LoggedModelOrder>,
    /// From the page before; empty means the first.
    pub page_token: Option<String>,
}

impl Service {
    /// Creates a logged model, pending.
    pub async fn create_logged_model(&self, new: NewLoggedModel) -> Result<LoggedModel> {
        todo!()
    }

    /// A logged model; a deleted one only if allowed.
    pub async fn logged_model(&self, model_id: &str, allow_deleted: bool) -> Result<LoggedModel> {
        todo!()
    }

    /// Sets the status of an upload.
    pub async fn finalize_logged_model(&self, model_id: &str, status: LoggedModelStatus) -> Result<LoggedModel> {
        todo!()
    }

    /// Deletes a logged model; deleting it again is fine.
    pub async fn delete_logged_model(&self, model_id: &str) -> Result<()> {
        todo!()
    }

    /// Sets tags; of equal keys the last wins.
    pub async fn set_logged_model_tags(&self, model_id: &str, tags: Vec<Tag>) -> Result<()> {
        todo!()
    }

    /// Removes a tag.
    pub async fn delete_logged_model_tag(&self, model_id: &str, key: &str) -> Result<()> {
        todo!()
    }

    /// Adds params; an existing key is refused.
    pub async fn log_logged_model_params(&self, model_id: &str, params: Vec<Param>) -> Result<()> {
        todo!()
    }

    /// A page of logged models.
    pub async fn search_logged_models(&self, search: SearchLoggedModels) -> Result<Page<LoggedModel>> {
        todo!()
    }
}
