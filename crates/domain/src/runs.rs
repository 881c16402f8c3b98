//! Runs, their data, inputs and outputs.

use serde::{Deserialize, Serialize};

use crate::experiments::ExperimentId;
use crate::metrics::Metric;
use crate::{Lifecycle, Millis, Param, Tag};

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RunStatus {
    /// Under way.
    Running,
    /// Waiting for a place to run.
    Scheduled,
    /// Ended well.
    Finished,
    /// Ended with an error.
    Failed,
    /// Ended from outside.
    Killed,
}

impl RunStatus {
    /// Every status, in the order of their numbers on the wire (1 to 5).
    pub const ALL: [Self; 5] = [Self::Running, Self::Scheduled, Self::Finished, Self::Failed, Self::Killed];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Scheduled => "SCHEDULED",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Killed => "KILLED",
        }
    }

    /// The number on the wire and in the store, 1 to 5.
    pub const fn number(self) -> i64 {
        match self {
            Self::Running => 1,
            Self::Scheduled => 2,
            Self::Finished => 3,
            Self::Failed => 4,
            Self::Killed => 5,
        }
    }

    /// The status of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }

    /// The status of a number.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.number() == number)
    }
}

/// A run's own facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInfo {
    /// 32 hex digits.
    pub run_id: String,
    /// The name people know it by.
    pub run_name: String,
    /// The experiment that it belongs to.
    pub experiment_id: ExperimentId,
    /// Who started it, as the client says; may be empty.
    pub user_id: String,
    /// How far it is.
    pub status: RunStatus,
    /// When it started; 0 if the client did not say.
    pub start_time: Millis,
    /// When it ended.
    pub end_time: Option<Millis>,
    /// Where its artifacts are.
    pub artifact_uri: String,
    /// In use or deleted.
    pub lifecycle_stage: Lifecycle,
}

/// A run's latest metrics, its params and tags, each by key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunData {
    /// The latest value of each metric.
    pub metrics: Vec<Metric>,
    /// Written once each.
    pub params: Vec<Param>,
    /// Written freely.
    pub tags: Vec<Tag>,
}

/// A dataset, known by name and digest within an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// A digest of its content, as the client computes it.
    pub digest: String,
    /// The kind of source, such as `local` or `code`.
    pub source_type: String,
    /// Where it comes from (usually JSON).
    pub source: String,
    /// Its columns (usually JSON).
    pub schema: Option<String>,
    /// Its size and statistics (usually JSON).
    pub profile: Option<String>,
}

/// A dataset that a run read, and what for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetInput {
    /// Tags of this use, such as [`DATASET_CONTEXT_TAG`].
    pub tags: Vec<Tag>,
    /// The dataset.
    pub dataset: Dataset,
}

/// The input tag that says what a dataset was used for (`training`, `eval`, …).
pub const DATASET_CONTEXT_TAG: &str = "mlflow.data.context";
/// The tag that mirrors a run's name.
pub const RUN_NAME_TAG: &str = "mlflow.runName";
/// The tag that names a nested run's parent.
pub const PARENT_RUN_TAG: &str = "mlflow.parentRunId";
/// Tag with who started the run.
pub const USER_TAG: &str = "mlflow.user";
/// Tag with the script or notebook that started the run.
pub const SOURCE_NAME_TAG: &str = "mlflow.source.name";
/// The tag into which 2.x clients write the models that a run logged, as a JSON array.
pub const LOGGED_MODELS_TAG: &str = "mlflow.log-model.history";

/// What a run read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInputs {
    /// Datasets.
    pub dataset_inputs: Vec<DatasetInput>,
    /// Ids of logged models.
    pub model_inputs: Vec<String>,
}

/// A logged model that a run made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelOutput {
    /// The logged model's id.
    pub model_id: String,
    /// The training step it was logged at.
    pub step: i64,
}

/// What a run made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOutputs {
    /// Logged models.
    pub model_outputs: Vec<ModelOutput>,
}

/// A run, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its own facts.
    pub info: RunInfo,
    /// Metrics, params, tags.
    pub data: RunData,
    /// What it read.
    pub inputs: RunInputs,
    /// What it made.
    pub outputs: RunOutputs,
}

impl Run {
    /// The tag's value.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.data.tags.iter().find(|t| t.key == key).map(|t| t.value.as_str())
    }

    /// Who started it: what the client wrote last, otherwise what it said first.
    pub fn user(&self) -> &str {
        self.tag(USER_TAG).unwrap_or(&self.info.user_id)
    }
}

/// A dataset as one of an experiment's choices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetSummary {
    /// The experiment that used it.
    pub experiment_id: ExperimentId,
    /// Its name.
    pub name: String,
    /// Its digest.
    pub digest: String,
    /// What it was used for.
    pub context: Option<String>,
}
