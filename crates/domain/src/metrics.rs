//! Metric values.

use serde::{Deserialize, Serialize};

use crate::Millis;

/// One point of a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// The metric's name.
    pub key: String,
    /// The value; may be NaN. Infinities are stored as ±[`f64::MAX`], as in MLflow.
    #[serde(with = "crate::float")]
    pub value: f64,
    /// When it was measured.
    pub timestamp: Millis,
    /// The training step; may be negative.
    pub step: i64,
}

/// A point of one of several runs' histories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunMetric {
    /// The run that it belongs to.
    pub run_id: String,
    /// The point.
    pub metric: Metric,
}
