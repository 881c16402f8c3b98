//! Logged models on the wire.

use domain::experiments::ExperimentId;
use domain::logged_models::LoggedModel;
use domain::{Param, Tag};
use serde::{Serialize, Serializer};

use super::{List, Text, Wire};

#[derive(Serialize)]
pub(crate) struct LoggedModelShape<'a> {
    info: InfoShape<'a>,
    data: DataShape<'a>,
}

#[derive(Serialize)]
struct InfoShape<'a> {
    model_id: &'a str,
    experiment_id: Text<ExperimentId>,
    name: &'a str,
    creation_timestamp_ms: i64,
    last_updated_timestamp_ms: i64,
    artifact_uri: &'a str,
    status: &'static str,
    model_type: &'a str,
    source_run_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_message: Option<&'a str>,
    #[serde(skip_serializing_if = "List::is_empty")]
    tags: List<'a, Tag>,
}

#[derive(Serialize)]
struct DataShape<'a> {
    #[serde(skip_serializing_if = "List::is_empty")]
    params: List<'a, Param>,
    #[serde(skip_serializing_if = "MetricsShape::is_empty")]
    metrics: MetricsShape<'a>,
}

/// A model's metrics; each names the model again.
struct MetricsShape<'a>(&'a LoggedModel);

impl MetricsShape<'_> {
    fn is_empty(&self) -> bool {
        self.0.metrics.is_empty()
    }
}

impl Serialize for MetricsShape<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Entry<'a> {
            key: &'a str,
            #[serde(with = "domain::float")]
            value: f64,
            timestamp: i64,
            step: i64,
            model_id: &'a str,
            run_id: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            dataset_name: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            dataset_digest: Option<&'a str>,
        }
        serializer.collect_seq(self.0.metrics.iter().map(|m| Entry {
            key: &m.metric.key,
            value: m.metric.value,
            timestamp: m.metric.timestamp,
            step: m.metric.step,
            model_id: &self.0.model_id,
            run_id: &m.run_id,
            dataset_name: m.dataset_name.as_deref(),
            dataset_digest: m.dataset_digest.as_deref(),
        }))
    }
}

impl Wire for LoggedModel {
    type Shape<'a> = LoggedModelShape<'a>;

    fn shape(&self) -> LoggedModelShape<'_> {
        LoggedModelShape {
            info: InfoShape {
                model_id: &self.model_id,
                experiment_id: Text(self.experiment_id),
                name: &self.name,
                creation_timestamp_ms: self.creation_timestamp,
                last_updated_timestamp_ms: self.last_updated_timestamp,
                artifact_uri: &self.artifact_uri,
                status: self.status.name(),
                model_type: &self.model_type,
                source_run_id: &self.source_run_id,
                status_message: self.status_message.as_deref(),
                tags: List(&self.tags),
            },
            data: DataShape { params: List(&self.params), metrics: MetricsShape(self) },
        }
    }
}
