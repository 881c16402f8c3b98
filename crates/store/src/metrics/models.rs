//! Metric points that belong to a logged model as well.

use std::collections::HashMap;

use domain::metrics::Metric;

use super::storable;
use crate::{Conn, Result, args, bulk};

/// A point of a logged model's metric.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelPoint {
    model_no: i64,
    key: String,
    timestamp: i64,
    step: i64,
    run_id: String,
    value: f64,
    is_nan: bool,
    dataset_name: String,
    dataset_digest: String,
}

impl ModelPoint {
    /// A run's point as one of a model's; of the dataset, what is `None` is kept as an empty text.
    pub fn new(model_no: i64, run_id: &str, metric: &Metric, dataset_name: Option<&str>, digest: Option<&str>) -> Self {
        let (value, is_nan) = storable(metric.value);
        Self {
            model_no,
            key: metric.key.clone(),
            timestamp: metric.timestamp,
            step: metric.step,
            run_id: run_id.to_owned(),
            value,
            is_nan,
            dataset_name: dataset_name.unwrap_or_default().to_owned(),
            dataset_digest: digest.unwrap_or_default().to_owned(),
        }
    }
}

/// The numbers of logged models, by id; unknown ones are left out.
pub async fn model_numbers(conn: &mut Conn, model_ids: Vec<String>) -> Result<HashMap<String, i64>> {
    let rows: Vec<(String, i64)> = bulk::fetch_set(
        conn,
        "SELECT model_id, model_no FROM logged_models WHERE model_id = ANY($1)",
        "SELECT model_id, model_no FROM logged_models WHERE model_id IN (SELECT value FROM json_each($1))",
        model_ids,
    )
    .await?;
    Ok(rows.into_iter().collect())
}

/// Logs points to logged models. Exact repeats are dropped.
pub async fn insert_for_models(tx: &mut Conn, mut points: Vec<ModelPoint>) -> Result<()> {
    points.sort_unstable_by(|a, b| {
        (a.model_no, &a.key, a.timestamp, a.step, &a.run_id, a.is_nan, &a.dataset_name, &a.dataset_digest)
            .cmp(&(b.model_no, &b.key, b.timestamp, b.step, &b.run_id, b.is_nan, &b.dataset_name, &b.dataset_digest))
            .then(a.value.total_cmp(&b.value))
    });
    match tx {
        Conn::Postgres(c) => {
            const SQL: &str = "
                INSERT INTO logged_model_metrics
                    (model_no, key, timestamp, step, run_id, value, is_nan, dataset_name, dataset_digest)
                SELECT * FROM UNNEST($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
            sqlx::query(SQL)
                .bind(points.iter().map(|p| p.model_no).collect::<Vec<_>>())
                .bind(points.iter().map(|p| p.key.as_str()).collect::<Vec<_>>())
                .bind(points.iter().map(|p| p.timestamp).collect::<Vec<_>>())
                .bind(points.iter().map(|p| p.step).collect::<Vec<_>>())
                .bind(points.iter().map(|p| p.run_id.as_str()).collect::<Vec<_>>())
                .bind(points.iter().map(|p| p.value).collect::<Vec<_>>())
                .bind(points.iter().map(|p| p.is_nan).collect::<Vec<_>>())
                .bind(points.iter().map(|p| p.dataset_name.as_str()).collect::<Vec<_>>())
                .bind(points.iter().map(|p| p.dataset_digest.as_str()).collect::<Vec<_>>())
                .execute(&mut **c)
                .await?;
        }
        Conn::Sqlite(c) => {
            const SQL: &str = "INSERT INTO logged_model_metrics \
                (model_no, key, timestamp, step, run_id, value, is_nan, dataset_name, dataset_digest) \
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
            let rows = points.into_iter().map(|p| {
                let (dataset, digest) = (p.dataset_name, p.dataset_digest);
                args![p.model_no, p.key, p.timestamp, p.step, p.run_id, p.value, p.is_nan, dataset, digest]
            });
            c.execute_each(SQL, rows)?;
        }
    }
    Ok(())
}
