//! Experiments.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Lifecycle, Millis, Result, Tag};

/// An experiment's number; a decimal string on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExperimentId(pub i64);

impl ExperimentId {
    /// The experiment `Default`, which exists from the start.
    pub const DEFAULT: Self = Self(0);

    /// Reads the wire form; surrounding spaces are fine, as in MLflow.
    pub fn parse(text: &str) -> Result<Self> {
        text.trim().parse().map(Self).map_err(|_| {
            Error::invalid(format!("Invalid experiment ID '{text}'. Experiment ID must be a valid integer."))
        })
    }
}

impl fmt::Display for ExperimentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A named group of runs and logged models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// Its number.
    pub experiment_id: ExperimentId,
    /// Unique among all experiments, deleted ones included.
    pub name: String,
    /// Where new runs' artifacts go: a URI or an absolute path.
    pub artifact_location: String,
    /// In use or deleted.
    pub lifecycle_stage: Lifecycle,
    /// When it was created.
    pub creation_time: Millis,
    /// When it was last renamed, deleted or restored.
    pub last_update_time: Millis,
    /// Its tags, by key.
    pub tags: Vec<Tag>,
}

impl Experiment {
    /// The tag's value.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|t| t.key == key).map(|t| t.value.as_str())
    }
}

/// The tag that holds an experiment's, run's or model's description as Markdown.
pub const NOTE_TAG: &str = "mlflow.note.content";
