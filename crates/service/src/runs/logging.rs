//! What is logged to runs: metrics, params and tags, one at a time or in a batch.

use std::collections::{BTreeSet, HashMap};

use domain::metrics::Metric;
use domain::names::{
    MAX_PARAM_VALUE, MAX_RUN_TAG_VALUE, check_metric_key, check_param_key, check_tag_key, python_repr,
};
use domain::{Error, Param, Result};
use store::metrics::{self, ModelPoint, Point};
use store::runs::RunState;
use store::{Conn, params};

use super::{LogBatch, LogMetric, active, active_run, check_run_id, deleted_run, unknown_run};
use crate::errors::{Fault, from_store};
use crate::{Limits, Service, boxed};

/// Most metrics of a batch.
const MAX_BATCH_METRICS: usize = 1_000;
/// Most params of a batch, and most tags.
const MAX_BATCH_PARAMS_TAGS: usize = 100;
/// Most metrics, params and tags of a batch together.
const MAX_BATCH: usize = 1_000;

impl Service {
    /// Writes a param once.
    #[boxed]
    pub async fn log_param(&self, run_id: &str, key: &str, value: &str) -> Result<()> {
        check_param_key(key, "key")?;
        let mut new = value.to_owned();
        self.inner.limits.fit("Param value", &mut new, MAX_PARAM_VALUE)?;
        let key_no = self.key_number(key).await?;
        let id = run_id.to_owned();
        let (written, new) = self
            .inner
            .store
            .write_statement(move |tx| {
                Box::pin(async move { Ok((params::insert_one(tx, &id, key_no, &new).await?, new)) })
            })
            .await
            .map_err(from_store)?;
        let written = written.ok_or_else(|| unknown_run(run_id))?;
        if written.deleted_at.is_some() {
            return Err(deleted_run(run_id));
        }
        match written.value {
            Some(old) if old != new => Err(Error::invalid(format!(
                "Changing param values is not allowed. Param with key='{key}' was already logged with value='{old}' \
                 for run ID='{run_id}'. Attempted logging new value '{new}'."
            ))),
            _ => Ok(()),
        }
    }

    /// Logs one metric value.
    #[boxed]
    pub async fn log_metric(&self, run_id: &str, metric: LogMetric) -> Result<()> {
        check_metric(&metric.metric, "")?;
        let id = run_id.to_owned();
        if metric.model_id.as_deref().is_some_and(|m| !m.is_empty()) {
            let points = self.points(vec![metric]).await?;
            self.inner
                .store
                .write(move |tx| {
                    Box::pin(async move {
                        let run = active_run(tx, &id).await?;
                        points.write(tx, &id, run).await
                    })
                })
                .await?;
            return Ok(());
        }
        let key_no = self.key_number(&metric.metric.key).await?;
        let point = Point::new(0, key_no, &metric.metric);
        let state = self
            .inner
            .store
            .write_statement(move |tx| Box::pin(async move { metrics::insert_one(tx, &id, &point).await }))
            .await
            .map_err(from_store)?;
        active(run_id, state)?;
        Ok(())
    }

    /// Logs metrics, params and tags.
    #[boxed]
    pub async fn log_batch(&self, run_id: &str, batch: LogBatch) -> Result<()> {
        let batch = checked(run_id, batch, self.inner.limits)?;
        let points = self.points(batch.metrics).await?;
        let new_params = batch.params.clone();
        let param_rows = self.interned(batch.params).await?;
        let tags = self.tag_changes(batch.tags).await?;
        let run_id = run_id.to_owned();
        self.inner
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let run = active_run(tx, &run_id).await?;
                    write_params(tx, &run_id, run, new_params, param_rows).await?;
                    points.write(tx, &run_id, run).await?;
                    tags.apply(tx, run.run_no).await
                })
            })
            .await?;
        Ok(())
    }

    pub(super) async fn key_number(&self, key: &str) -> Result<i64> {
        let numbers = self.inner.store.intern(&[key]).await.map_err(from_store)?;
        numbers.first().copied().ok_or_else(Error::internal)
    }

    async fn points(&self, metrics: Vec<LogMetric>) -> Result<Points> {
        let keys: Vec<&str> = metrics.iter().map(|m| m.metric.key.as_str()).collect();
        let key_numbers = self.inner.store.intern(&keys).await.map_err(from_store)?;
        Ok(Points { metrics, key_numbers })
    }
}

/// Metrics with their keys' numbers.
struct Points {
    metrics: Vec<LogMetric>,
    key_numbers: Vec<i64>,
}

impl Points {
    /// Logs them to a run and to the logged models that they name.
    async fn write(self, tx: &mut Conn, run_id: &str, run: RunState) -> Result<(), Fault> {
        let numbers = self.key_numbers.iter();
        let points = self.metrics.iter().zip(numbers).map(|(m, no)| Point::new(run.run_no, *no, &m.metric)).collect();
        metrics::insert(tx, points).await?;

        let of_models: Vec<(&str, &LogMetric)> =
            self.metrics.iter().filter_map(|m| Some((m.model_id.as_deref().filter(|id| !id.is_empty())?, m))).collect();
        if of_models.is_empty() {
            return Ok(());
        }
        let ids: BTreeSet<&str> = of_models.iter().map(|(id, _)| *id).collect();
        let models: HashMap<String, i64> =
            metrics::model_numbers(tx, ids.into_iter().map(str::to_owned).collect()).await?;
        let mut points = Vec::with_capacity(of_models.len());
        for (id, m) in of_models {
            let model_no =
                *models.get(id).ok_or_else(|| Error::not_found(format!("Logged model with ID '{id}' not found.")))?;
            let (dataset, digest) = (m.dataset_name.as_deref(), m.dataset_digest.as_deref());
            points.push(ModelPoint::new(model_no, run_id, &m.metric, dataset, digest));
        }
        Ok(metrics::insert_for_models(tx, points).await?)
    }
}

/// Writes params that are not there; refuses all if one is there with another value.
async fn write_params(
    tx: &mut Conn,
    run_id: &str,
    run: RunState,
    params: Vec<Param>,
    rows: Vec<(i64, String)>,
) -> Result<(), Fault> {
    if params.is_empty() {
        return Ok(());
    }
    let numbers: Vec<i64> = rows.iter().map(|r| r.0).collect();
    let there: HashMap<i64, String> = params::insert(tx, run.run_no, rows).await?.into_iter().collect();
    let conflicts: Vec<String> = params
        .iter()
        .zip(numbers)
        .filter_map(|(param, number)| Some((param, there.get(&number).filter(|old| **old != param.value)?)))
        .map(|(param, old)| {
            let (key, old, new) = (python_repr(&param.key), python_repr(old), python_repr(&param.value));
            format!("{{'key': {key}, 'old_value': {old}, 'new_value': {new}}}")
        })
        .collect();
    if conflicts.is_empty() {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "Changing param values is not allowed. Params were already logged='[{}]' for run ID='{run_id}'.",
        conflicts.join(", ")
    ))
    .into())
}

/// Applies a batch's rules, in MLflow's order, and cuts over-long values.
fn checked(run_id: &str, mut batch: LogBatch, limits: Limits) -> Result<LogBatch> {
    check_run_id(run_id)?;
    for (i, metric) in batch.metrics.iter().enumerate() {
        check_metric(&metric.metric, &format!("metrics[{i}]."))?;
    }
    for (i, param) in batch.params.iter_mut().enumerate() {
        check_param_key(&param.key, &format!("params[{i}].key"))?;
        limits.fit("Param value", &mut param.value, MAX_PARAM_VALUE)?;
    }
    for (i, tag) in batch.tags.iter_mut().enumerate() {
        check_tag_key(&tag.key, &format!("tags[{i}].key"))?;
        limits.fit(&format!("tags[{i}].value"), &mut tag.value, MAX_RUN_TAG_VALUE)?;
    }
    let (metrics, params, tags) = (batch.metrics.len(), batch.params.len(), batch.tags.len());
    for (what, limit, count) in [
        ("metrics", MAX_BATCH_METRICS, metrics),
        ("params", MAX_BATCH_PARAMS_TAGS, params),
        ("tags", MAX_BATCH_PARAMS_TAGS, tags),
        ("metrics, params, and tags", MAX_BATCH, metrics + params + tags),
    ] {
        if count > limit {
            return Err(Error::invalid(format!(
                "A batch logging request can contain at most {limit} {what}. Got {count} {what}. Please split up \
                 {what} across multiple requests and try again."
            )));
        }
    }
    let mut seen = BTreeSet::new();
    let twice: Vec<String> =
        batch.params.iter().filter(|p| !seen.insert(p.key.as_str())).map(|p| python_repr(&p.key)).collect();
    if !twice.is_empty() {
        return Err(Error::invalid(format!(
            "Duplicate parameter keys have been submitted: [{}]. Please ensure the request contains only one param \
             value per param key.",
            twice.join(", ")
        )));
    }
    Ok(batch)
}

/// Checks a metric; `path` is its place in the request, with a dot at the end, or empty.
fn check_metric(metric: &Metric, path: &str) -> Result<()> {
    check_metric_key(&metric.key, &format!("{path}name"))?;
    if metric.timestamp < 0 {
        return Err(Error::invalid(format!(
            "Invalid value {} for parameter '{path}timestamp' supplied: metric '{}' (value={}). Timestamp must be a \
             nonnegative long (64-bit integer) ",
            metric.timestamp,
            metric.key,
            python_float(metric.value)
        )));
    }
    Ok(())
}

/// A number as Python prints it.
fn python_float(value: f64) -> String {
    if value.is_nan() { "nan".to_owned() } else { format!("{value:?}") }
}
