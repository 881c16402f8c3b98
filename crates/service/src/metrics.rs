//! Histories of metrics.

use domain::Result;
use domain::metrics::{Metric, RunMetric};
use domain::Page;

use crate::Service;

/// Asks for a page of one metric's history, ordered by timestamp, step and value.
#[derive(Clone, Debug, Default)]
pub struct HistoryPage {
    /// The run.
    pub run_id: String,
    /// The metric.
    pub metric_key: String,
    /// Page size from 1; `None` for everything.
    pub max_results: Option<i64>,
    /// From the page before; empty means the first.
    pub page_token: Option<String>,
}

/// Asks for one metric of several runs, at most 25,000 points in all.
#[derive(Clone, Debug, Default)]
pub struct HistoryBulk {
    /// 1 to 100 runs.
    pub run_ids: Vec<String>,
    /// The metric.
    pub metric_key: String,
    /// Fewer than 25,000 points.
    pub max_results: Option<i64>,
}

/// Asks for one metric of several runs, thinned out evenly.
#[derive(Clone, Debug, Default)]
pub struct HistoryInterval {
    /// At most 100 runs.
    pub run_ids: Vec<String>,
    /// The metric.
    pub metric_key: String,
    /// First step; both steps or neither.
    pub start_step: Option<i64>,
    /// Last step.
    pub end_step: Option<i64>,
    /// Points of each run, 1 to 2,500, which is the default.
    pub max_results: Option<i64>,
}

impl Service {
    /// A page of a metric's history; an unknown run or key has an empty one.
    pub async fn metric_history(&self, page: HistoryPage) -> Result<Page<Metric>> {
        todo!()
    }

    /// Histories of several runs, ordered by run, timestamp, step and value.
    pub async fn metric_history_bulk(&self, bulk: HistoryBulk) -> Result<Vec<RunMetric>> {
        todo!()
    }

    /// Histories of several runs, in the order asked for, each thinned by MLflow's bucket rule.
    pub async fn metric_history_interval(&self, interval: HistoryInterval) -> Result<Vec<RunMetric>> {
        todo!()
    }
}
