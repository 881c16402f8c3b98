//! Logged models: a model's files, params and metrics, made by a run and kept beside it.

use serde::{Deserialize, Serialize};

use crate::experiments::ExperimentId;
use crate::metrics::Metric;
use crate::{Lifecycle, Millis, Param, Tag};

/// How far a logged model's upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoggedModelStatus {
    /// Not said.
    Unspecified,
    /// Files are still on their way.
    Pending,
    /// Complete.
    Ready,
    /// The upload failed.
    UploadFailed,
}

impl LoggedModelStatus {
    /// Every status, by number.
    pub const ALL: [Self; 4] = [Self::Unspecified, Self::Pending, Self::Ready, Self::UploadFailed];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "LOGGED_MODEL_STATUS_UNSPECIFIED",
            Self::Pending => "LOGGED_MODEL_PENDING",
            Self::Ready => "LOGGED_MODEL_READY",
            Self::UploadFailed => "LOGGED_MODEL_UPLOAD_FAILED",
        }
    }

    /// The number on the wire and in the store, 0 to 3.
    pub const fn number(self) -> i64 {
        match self {
            Self::Unspecified => 0,
            Self::Pending => 1,
            Self::Ready => 2,
            Self::UploadFailed => 3,
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

/// A metric value that belongs to a logged model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoggedModelMetric {
    /// The point.
    pub metric: Metric,
    /// The run that measured it.
    pub run_id: String,
    /// The dataset it was measured on.
    pub dataset_name: Option<String>,
    /// That dataset's digest.
    pub dataset_digest: Option<String>,
}

/// A logged model, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoggedModel {
    /// `m-` and 32 hex digits.
    pub model_id: String,
    /// The experiment that it belongs to.
    pub experiment_id: ExperimentId,
    /// Its name; need not be unique.
    pub name: String,
    /// Where its files are.
    pub artifact_uri: String,
    /// How far its upload is.
    pub status: LoggedModelStatus,
    /// More about the status.
    pub status_message: Option<String>,
    /// The kind of model; may be empty.
    pub model_type: String,
    /// The run that made it; may be empty.
    pub source_run_id: String,
    /// When it was created.
    pub creation_timestamp: Millis,
    /// When it was last finalized or deleted.
    pub last_updated_timestamp: Millis,
    /// In use or deleted.
    pub lifecycle_stage: Lifecycle,
    /// Its tags, by key.
    pub tags: Vec<Tag>,
    /// Its params, by key.
    pub params: Vec<Param>,
    /// All its metric entries, not only the latest.
    pub metrics: Vec<LoggedModelMetric>,
}

/// The tag in which a logged model lists the versions registered from it, as a JSON array of `{"name", "version"}`.
pub const MODEL_VERSIONS_TAG: &str = "mlflow.modelVersions";
