//! Experiments on the wire.

use domain::Tag;
use domain::experiments::{Experiment, ExperimentId};
use serde::Serialize;

use super::{List, Text, Wire, is_zero};

#[derive(Serialize)]
pub(crate) struct ExperimentShape<'a> {
    experiment_id: Text<ExperimentId>,
    name: &'a str,
    artifact_location: &'a str,
    lifecycle_stage: &'static str,
    #[serde(skip_serializing_if = "is_zero")]
    last_update_time: i64,
    #[serde(skip_serializing_if = "is_zero")]
    creation_time: i64,
    #[serde(skip_serializing_if = "List::is_empty")]
    tags: List<'a, Tag>,
    workspace: &'static str,
}

impl Wire for Experiment {
    type Shape<'a> = ExperimentShape<'a>;

    fn shape(&self) -> ExperimentShape<'_> {
        ExperimentShape {
            experiment_id: Text(self.experiment_id),
            name: &self.name,
            artifact_location: &self.artifact_location,
            lifecycle_stage: self.lifecycle_stage.name(),
            last_update_time: self.last_update_time,
            creation_time: self.creation_time,
            tags: List(&self.tags),
            workspace: "default",
        }
    }
}
