//! Metrics on the wire.

use domain::metrics::{Metric, RunMetric};
use serde::Serialize;

use super::Wire;

#[derive(Serialize)]
pub(crate) struct MetricShape<'a> {
    key: &'a str,
    #[serde(with = "domain::float")]
    value: f64,
    timestamp: i64,
    step: i64,
}

impl Wire for Metric {
    type Shape<'a> = MetricShape<'a>;

    fn shape(&self) -> MetricShape<'_> {
        MetricShape { key: &self.key, value: self.value, timestamp: self.timestamp, step: self.step }
    }
}

#[derive(Serialize)]
pub(crate) struct RunMetricShape<'a> {
    key: &'a str,
    #[serde(with = "domain::float")]
    value: f64,
    timestamp: i64,
    step: i64,
    run_id: &'a str,
}

impl Wire for RunMetric {
    type Shape<'a> = RunMetricShape<'a>;

    fn shape(&self) -> RunMetricShape<'_> {
        let Metric { key, value, timestamp, step } = &self.metric;
        RunMetricShape { key, value: *value, timestamp: *timestamp, step: *step, run_id: &self.run_id }
    }
}
