//! Histories of metrics.

use std::collections::HashMap;

use domain::metrics::{Metric, RunMetric};
use domain::{Error, Result};
use store::metrics::{self, HistoryPoint, HistoryStart};
use store::{Conn, runs};

use crate::errors::from_store;
use crate::{Service, boxed};

/// Most runs of one request.
const MAX_RUNS: usize = 100;
/// Most points of a bulk answer, over all its runs.
const MAX_BULK_POINTS: i64 = 25_000;
/// Most points of each run in a thinned answer.
const MAX_INTERVAL_POINTS: i64 = 2_500;

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
    /// Histories of several runs, ordered by run, timestamp, step and value.
    #[boxed]
    pub async fn metric_history_bulk(&self, bulk: HistoryBulk) -> Result<Vec<RunMetric>> {
        if bulk.run_ids.is_empty() {
            return Err(Error::invalid("GetMetricHistoryBulk request must specify at least one run_id."));
        }
        if bulk.run_ids.len() > MAX_RUNS {
            return Err(Error::invalid(format!(
                "GetMetricHistoryBulk request cannot specify more than {MAX_RUNS} run_ids. Received {} run_ids.",
                bulk.run_ids.len()
            )));
        }
        if bulk.metric_key.is_empty() {
            return Err(Error::invalid("GetMetricHistoryBulk request must specify a metric_key."));
        }
        let mut left = bulk.max_results.unwrap_or(MAX_BULK_POINTS).clamp(0, MAX_BULK_POINTS);
        let mut conn = self.inner.store.read().await.map_err(from_store)?;
        let Some(key_no) = self.known_key(&mut conn, &bulk.metric_key).await? else { return Ok(Vec::new()) };
        let mut answer = Vec::new();
        // They come sorted by id. Going from run to run reads no more points than are sent.
        for run in runs::by_ids(&mut conn, &bulk.run_ids).await.map_err(from_store)? {
            if left == 0 {
                break;
            }
            let points = metrics::history(&mut conn, run.run_no, key_no, HistoryStart::default(), left).await;
            let points = points.map_err(from_store)?;
            left -= i64::try_from(points.len()).unwrap_or(left);
            answer.extend(points.into_iter().map(|p| run_metric(&run.run_id, &bulk.metric_key, p)));
        }
        Ok(answer)
    }

    /// Histories of several runs, in the order asked for, each thinned by MLflow's bucket rule.
    #[boxed]
    pub async fn metric_history_interval(&self, interval: HistoryInterval) -> Result<Vec<RunMetric>> {
        if interval.run_ids.len() > MAX_RUNS {
            return Err(request_error(&format!(
                "GetMetricHistoryBulkInterval request must specify at most {MAX_RUNS} run_ids. Received {} run_ids.",
                interval.run_ids.len()
            )));
        }
        let steps = match (interval.start_step, interval.end_step) {
            (Some(start), Some(end)) if start > end => {
                return Err(Error::invalid(format!(
                    "end_step must be greater than start_step. Found start_step={start} and end_step={end}."
                )));
            }
            (Some(start), Some(end)) => Some((start, end)),
            (None, None) => None,
            _ => {
                return Err(Error::invalid("If either start step or end step are specified, both must be specified."));
            }
        };
        let buckets = interval.max_results.unwrap_or(MAX_INTERVAL_POINTS);
        let buckets = usize::try_from(buckets).ok().filter(|_| (1..=MAX_INTERVAL_POINTS).contains(&buckets));
        let buckets = buckets
            .ok_or_else(|| request_error(&format!("max_results must be between 1 and {MAX_INTERVAL_POINTS}.")))?;
        let mut conn = self.inner.store.scan().await.map_err(from_store)?;
        let Some(key_no) = self.known_key(&mut conn, &interval.metric_key).await? else { return Ok(Vec::new()) };
        let mut samples = HashMap::new();
        for run in runs::by_ids(&mut conn, &interval.run_ids).await.map_err(from_store)? {
            let points = metrics::sample(&mut conn, run.run_no, key_no, steps, buckets).await.map_err(from_store)?;
            samples.insert(run.run_id, points);
        }
        drop(conn);
        // A run that is asked for twice is told twice.
        let points = interval.run_ids.iter().filter_map(|run_id| Some((run_id, samples.get(run_id)?)));
        let metric_key = &interval.metric_key;
        Ok(points.flat_map(|(id, points)| points.iter().map(move |p| run_metric(id, metric_key, *p))).collect())
    }

    pub(crate) async fn known_key(&self, conn: &mut Conn, key: &str) -> Result<Option<i64>> {
        self.inner.store.keys().find(conn, key).await.map_err(from_store)
    }
}

pub(crate) fn metric(key: &str, point: HistoryPoint) -> Metric {
    Metric { key: key.to_owned(), value: point.value, timestamp: point.timestamp, step: point.step }
}

fn run_metric(run_id: &str, key: &str, point: HistoryPoint) -> RunMetric {
    RunMetric { run_id: run_id.to_owned(), metric: metric(key, point) }
}

/// An error of the kind that MLflow's transport raises.
fn request_error(message: &str) -> Error {
    Error::invalid(format!("{message} See the API docs for more information about request parameters."))
}
