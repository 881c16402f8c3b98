//! Runs on the wire.

use domain::experiments::ExperimentId;
use domain::metrics::Metric;
use domain::runs::{Dataset, DatasetInput, DatasetSummary, ModelOutput, Run, RunData, RunInfo, RunInputs, RunOutputs};
use domain::{Param, Tag};
use serde::{Serialize, Serializer};

use super::{List, Text, Wire, is_blank};

#[derive(Serialize)]
pub(crate) struct RunShape<'a> {
    info: RunInfoShape<'a>,
    data: RunDataShape<'a>,
    inputs: RunInputsShape<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<RunOutputsShape<'a>>,
}

impl Wire for Run {
    type Shape<'a> = RunShape<'a>;

    fn shape(&self) -> RunShape<'_> {
        RunShape {
            info: self.info.shape(),
            data: self.data.shape(),
            inputs: self.inputs.shape(),
            outputs: Some(self.outputs.shape()),
        }
    }
}

/// A run that was just made: it has no outputs, not even empty ones.
pub(crate) struct Created(pub(crate) Run);

impl Wire for Created {
    type Shape<'a> = RunShape<'a>;

    fn shape(&self) -> RunShape<'_> {
        RunShape { outputs: None, ..self.0.shape() }
    }
}

#[derive(Serialize)]
pub(crate) struct RunInfoShape<'a> {
    run_uuid: &'a str,
    run_id: &'a str,
    run_name: &'a str,
    experiment_id: Text<ExperimentId>,
    user_id: &'a str,
    status: &'static str,
    start_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    artifact_uri: &'a str,
    lifecycle_stage: &'static str,
}

impl Wire for RunInfo {
    type Shape<'a> = RunInfoShape<'a>;

    fn shape(&self) -> RunInfoShape<'_> {
        RunInfoShape {
            run_uuid: &self.run_id,
            run_id: &self.run_id,
            run_name: &self.run_name,
            experiment_id: Text(self.experiment_id),
            user_id: &self.user_id,
            status: self.status.name(),
            start_time: self.start_time,
            end_time: self.end_time.filter(|t| *t != 0),
            artifact_uri: &self.artifact_uri,
            lifecycle_stage: self.lifecycle_stage.name(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct RunDataShape<'a> {
    #[serde(skip_serializing_if = "List::is_empty")]
    metrics: List<'a, Metric>,
    #[serde(skip_serializing_if = "List::is_empty")]
    params: List<'a, Param>,
    #[serde(skip_serializing_if = "List::is_empty")]
    tags: List<'a, Tag>,
}

impl Wire for RunData {
    type Shape<'a> = RunDataShape<'a>;

    fn shape(&self) -> RunDataShape<'_> {
        RunDataShape { metrics: List(&self.metrics), params: List(&self.params), tags: List(&self.tags) }
    }
}

#[derive(Serialize)]
pub(crate) struct RunInputsShape<'a> {
    #[serde(skip_serializing_if = "List::is_empty")]
    dataset_inputs: List<'a, DatasetInput>,
    #[serde(skip_serializing_if = "ModelInputs::is_empty")]
    model_inputs: ModelInputs<'a>,
}

impl Wire for RunInputs {
    type Shape<'a> = RunInputsShape<'a>;

    fn shape(&self) -> RunInputsShape<'_> {
        RunInputsShape { dataset_inputs: List(&self.dataset_inputs), model_inputs: ModelInputs(&self.model_inputs) }
    }
}

/// Ids of logged models, each in an object of its own.
struct ModelInputs<'a>(&'a [String]);

impl ModelInputs<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for ModelInputs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct ModelInput<'a> {
            model_id: &'a str,
        }
        serializer.collect_seq(self.0.iter().map(|model_id| ModelInput { model_id }))
    }
}

#[derive(Serialize)]
pub(crate) struct DatasetInputShape<'a> {
    #[serde(skip_serializing_if = "List::is_empty")]
    tags: List<'a, Tag>,
    dataset: DatasetShape<'a>,
}

impl Wire for DatasetInput {
    type Shape<'a> = DatasetInputShape<'a>;

    fn shape(&self) -> DatasetInputShape<'_> {
        DatasetInputShape { tags: List(&self.tags), dataset: self.dataset.shape() }
    }
}

#[derive(Serialize)]
pub(crate) struct DatasetShape<'a> {
    name: &'a str,
    digest: &'a str,
    source_type: &'a str,
    source: &'a str,
    #[serde(skip_serializing_if = "is_blank")]
    schema: Option<&'a str>,
    #[serde(skip_serializing_if = "is_blank")]
    profile: Option<&'a str>,
}

impl Wire for Dataset {
    type Shape<'a> = DatasetShape<'a>;

    fn shape(&self) -> DatasetShape<'_> {
        DatasetShape {
            name: &self.name,
            digest: &self.digest,
            source_type: &self.source_type,
            source: &self.source,
            schema: self.schema.as_deref(),
            profile: self.profile.as_deref(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct RunOutputsShape<'a> {
    #[serde(skip_serializing_if = "List::is_empty")]
    model_outputs: List<'a, ModelOutput>,
}

impl Wire for RunOutputs {
    type Shape<'a> = RunOutputsShape<'a>;

    fn shape(&self) -> RunOutputsShape<'_> {
        RunOutputsShape { model_outputs: List(&self.model_outputs) }
    }
}

#[derive(Serialize)]
pub(crate) struct ModelOutputShape<'a> {
    model_id: &'a str,
    step: i64,
}

impl Wire for ModelOutput {
    type Shape<'a> = ModelOutputShape<'a>;

    fn shape(&self) -> ModelOutputShape<'_> {
        ModelOutputShape { model_id: &self.model_id, step: self.step }
    }
}

#[derive(Serialize)]
pub(crate) struct DatasetSummaryShape<'a> {
    experiment_id: Text<ExperimentId>,
    name: &'a str,
    digest: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'a str>,
}

impl Wire for DatasetSummary {
    type Shape<'a> = DatasetSummaryShape<'a>;

    fn shape(&self) -> DatasetSummaryShape<'_> {
        DatasetSummaryShape {
            experiment_id: Text(self.experiment_id),
            name: &self.name,
            digest: &self.digest,
            context: self.context.as_deref(),
        }
    }
}
