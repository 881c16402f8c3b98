//! Runs: create, read, update, delete, search; their params, tags, inputs and outputs.

use domain::metrics::Metric;
use domain::runs::{DatasetInput, DatasetSummary, ModelOutput, Run, RunInfo, RunStatus};
use domain::{Millis, Page, Param, Result, Tag, ViewType};

use crate::Service;

/// Asks for a new run.
#[derive(Clone, Debug, Default)]
pub struct NewRun {
    /// The experiment; empty means `0`.
    pub experiment_id: String,
    /// Who starts it.
    pub user_id: String,
    /// Its name; without one the tag `mlflow.runName` or a random name serves.
    pub run_name: Option<String>,
    /// When it started.
    pub start_time: Millis,
    /// Its first tags, not validated; of equal keys the last wins.
    pub tags: Vec<Tag>,
}

/// Changes a run; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct RunUpdate {
    /// How far it is.
    pub status: Option<RunStatus>,
    /// When it ended.
    pub end_time: Option<Millis>,
    /// A new name; empty is ignored.
    pub run_name: Option<String>,
}

/// A metric value to log.
#[derive(Clone, Debug)]
pub struct LogMetric {
    /// The point.
    pub metric: Metric,
    /// The logged model that it belongs to as well.
    pub model_id: Option<String>,
    /// The dataset it was measured on.
    pub dataset_name: Option<String>,
    /// That dataset's digest.
    pub dataset_digest: Option<String>,
}

/// Metrics, params and tags to log at once.
#[derive(Clone, Debug, Default)]
pub struct LogBatch {
    /// At most 1,000.
    pub metrics: Vec<LogMetric>,
    /// At most 100.
    pub params: Vec<Param>,
    /// At most 100.
    pub tags: Vec<Tag>,
}

/// Datasets and models that a run read.
#[derive(Clone, Debug, Default)]
pub struct LogInputs {
    /// Datasets with the tags of their use.
    pub datasets: Vec<DatasetInput>,
    /// Ids of logged models.
    pub models: Vec<String>,
}

/// Asks for a page of runs.
#[derive(Clone, Debug, Default)]
pub struct SearchRuns {
    /// In these experiments; none means no result.
    pub experiment_ids: Vec<String>,
    /// MLflow's filter language.
    pub filter: Option<String>,
    /// Which lifecycle stages.
    pub view_type: ViewType,
    /// Page size, 1 to 50,000.
    pub max_results: i64,
    /// Such as `metrics.loss ASC`.
    pub order_by: Vec<String>,
    /// From the page before; empty means the first.
    pub page_token: Option<String>,
}

/// A model that a run logged, and the version that was registered from it, if any: a cell of the runs table.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RunModel {
    /// The run.
    pub run_id: String,
    /// The logged model's name or, for models of 2.x clients, its artifact path.
    pub name: String,
    /// The logged model's id, for models of 3.x clients.
    pub model_id: Option<String>,
    /// Versions registered from it, as (registered model's name, version number).
    pub versions: Vec<(String, i64)>,
}

impl Service {
    /// Creates a run.
    pub async fn create_run(&self, new: NewRun) -> Result<Run> {
        todo!()
    }

    /// A run in any lifecycle stage.
    pub async fn run(&self, run_id: &str) -> Result<Run> {
        todo!()
    }

    /// Changes an active run.
    pub async fn update_run(&self, run_id: &str, update: RunUpdate) -> Result<RunInfo> {
        todo!()
    }

    /// Deletes a run; deleting it again is fine.
    pub async fn delete_run(&self, run_id: &str) -> Result<()> {
        todo!()
    }

    /// Restores a run; restoring an active one is fine.
    pub async fn restore_run(&self, run_id: &str) -> Result<()> {
        todo!()
    }

    /// Sets a tag of an active run.
    pub async fn set_run_tag(&self, run_id: &str, key: &str, value: &str) -> Result<()> {
        todo!()
    }

    /// Removes a tag of an active run.
    pub async fn delete_run_tag(&self, run_id: &str, key: &str) -> Result<()> {
        todo!()
    }

    /// Writes a param once.
    pub async fn log_param(&self, run_id: &str, key: &str, value: &str) -> Result<()> {
        todo!()
    }

    /// Logs one metric value.
    pub async fn log_metric(&self, run_id: &str, metric: LogMetric) -> Result<()> {
        todo!()
    }

    /// Logs metrics, params and tags.
    pub async fn log_batch(&self, run_id: &str, batch: LogBatch) -> Result<()> {
        todo!()
    }

    /// Attaches datasets and models that the run read.
    pub async fn log_inputs(&self, run_id: &str, inputs: LogInputs) -> Result<()> {
        todo!()
    }

    /// Attaches logged models that the run made; repeating one is fine.
    pub async fn log_outputs(&self, run_id: &str, outputs: Vec<ModelOutput>) -> Result<()> {
        todo!()
    }

    /// Appends a 2.x client's model description (JSON) to the run's tag [`domain::runs::LOGGED_MODELS_TAG`].
    pub async fn log_model(&self, run_id: &str, model_json: &str) -> Result<()> {
        todo!()
    }

    /// A page of runs. `inputs.model_inputs` stays empty, as in MLflow.
    pub async fn search_runs(&self, search: SearchRuns) -> Result<Page<Run>> {
        todo!()
    }

    /// How many runs a search finds in all, on every page.
    pub async fn count_runs(&self, search: &SearchRuns) -> Result<u64> {
        todo!()
    }

    /// The datasets that an experiment's runs read, at most 1,000.
    pub async fn search_datasets(&self, experiment_ids: &[String]) -> Result<Vec<DatasetSummary>> {
        todo!()
    }

    /// The models that these runs logged with their registered versions, in the order of the runs.
    pub async fn run_models(&self, run_ids: &[String]) -> Result<Vec<RunModel>> {
        todo!()
    }
}
