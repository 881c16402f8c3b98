//! runs/log-batch, the endpoint through which most data comes in.
//!
//! What real clients send is read straight into the entities. Whatever does not fit (numbers as texts, camel case,
//! something missing) is read again by the lenient [`Params`], which also finds the words for a refusal.

use axum::extract::{Request, State};
use domain::KeyValue;
use domain::metrics::Metric;
use serde::Deserialize;
use service::{LogBatch, LogMetric, Service};

use crate::error::ApiError;
use crate::request::{self, Params};
use crate::response::{Answer, done};
use crate::runs::{filled, read_metric};

pub(crate) async fn log_batch(State(service): State<Service>, request: Request) -> Answer {
    let body = request::body(request).await?;
    let (run_id, batch) = match read_strictly(&body) {
        Some(read) => read,
        None => read_leniently(Params::from_body(&body)?)?,
    };
    service.log_batch(&run_id, batch).await?;
    done()
}

#[derive(Deserialize)]
struct Batch {
    run_id: String,
    #[serde(default)]
    metrics: Vec<Point>,
    #[serde(default)]
    params: Vec<Pair>,
    #[serde(default)]
    tags: Vec<Pair>,
}

#[derive(Deserialize)]
struct Point {
    key: String,
    #[serde(with = "domain::float")]
    value: f64,
    timestamp: i64,
    #[serde(default)]
    step: i64,
    #[serde(alias = "modelId")]
    model_id: Option<String>,
    #[serde(alias = "datasetName")]
    dataset_name: Option<String>,
    #[serde(alias = "datasetDigest")]
    dataset_digest: Option<String>,
}

#[derive(Deserialize)]
struct Pair {
    key: String,
    #[serde(default)]
    value: String,
}

impl From<Point> for LogMetric {
    fn from(point: Point) -> Self {
        Self {
            metric: Metric { key: point.key, value: point.value, timestamp: point.timestamp, step: point.step },
            model_id: filled(point.model_id),
            dataset_name: filled(point.dataset_name),
            dataset_digest: filled(point.dataset_digest),
        }
    }
}

impl From<Pair> for KeyValue {
    fn from(pair: Pair) -> Self {
        Self { key: pair.key, value: pair.value }
    }
}

/// Reads a batch in the one form that needs no leniency; `None` for any other, valid or not.
fn read_strictly(body: &[u8]) -> Option<(String, LogBatch)> {
    if request::may_have_nul(body) {
        return None;
    }
    let batch: Batch = serde_json::from_slice(body).ok()?;
    let complete = !batch.run_id.is_empty()
        && batch.metrics.iter().all(|m| !m.key.is_empty() && m.dataset_name.is_some() == m.dataset_digest.is_some())
        && batch.params.iter().chain(&batch.tags).all(|p| !p.key.is_empty());
    complete.then(|| {
        let metrics = batch.metrics.into_iter().map(LogMetric::from).collect();
        let params = batch.params.into_iter().map(KeyValue::from).collect();
        let tags = batch.tags.into_iter().map(KeyValue::from).collect();
        (batch.run_id, LogBatch { metrics, params, tags })
    })
}

fn read_leniently(mut params: Params) -> Result<(String, LogBatch), ApiError> {
    let run_id = params.run_id_only()?;
    let metrics = params.objects("metrics")?;
    let metrics = metrics.into_iter().map(|mut metric| read_metric(&mut metric)).collect::<Result<_, _>>()?;
    let batch = LogBatch { metrics, params: params.keyed_pairs("params")?, tags: params.keyed_pairs("tags")? };
    Ok((run_id, batch))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both readers of one body.
    fn read(body: &str) -> (Option<String>, String) {
        let strict = read_strictly(body.as_bytes()).map(|batch| format!("{batch:?}"));
        let lenient = format!("{:?}", Params::from_body(body.as_bytes()).and_then(read_leniently).expect("readable"));
        (strict, lenient)
    }

    #[test]
    fn the_two_readers_agree() {
        let (strict, lenient) = read(
            r#"{"run_id": "r", "unknown": [1], "tags": [{"key": "t", "value": "é"}], "params": [{"key": "p"}],
                "metrics": [{"key": "a", "value": 1, "timestamp": 5, "step": -3, "run_id": "r", "model_id": ""},
                            {"key": "b", "value": "NaN", "timestamp": 0, "modelId": "m-1", "dataset_name": null}]}"#,
        );
        assert_eq!(strict.as_deref(), Some(lenient.as_str()));
    }

    #[test]
    fn what_needs_leniency_is_left_to_the_lenient_reader() {
        let forms = [
            r#"{"run_id": "r", "metrics": [{"key": "a", "value": "1.5", "timestamp": "7", "step": 2.0}]}"#,
            r#"{"run_id": "r", "metrics": null, "params": [{"key": "p", "value": null}]}"#,
            r#""{\"run_id\": \"r\"}""#,
        ];
        for form in forms {
            assert_eq!(read(form).0, None, "{form}");
        }
    }
}
