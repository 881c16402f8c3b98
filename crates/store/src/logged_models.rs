//! Logged models, their params, tags and metrics.

use std::collections::HashMap;

use domain::experiments::ExperimentId;
use domain::logged_models::{LoggedModel, LoggedModelMetric, LoggedModelStatus};
use domain::metrics::Metric;
use domain::{KeyValue, Lifecycle, Millis, Param, Tag};

use crate::sqlite::row;
use crate::{Conn, Result, args, bulk};

row! {
    /// A logged model, as its table has it.
    #[derive(Clone, Debug)]
    pub struct LoggedModelRow {
        /// Its number within the store.
        pub model_no: i64,
        /// `m-` and 32 hex digits.
        pub model_id: String,
        /// The experiment that it belongs to.
        pub experiment_id: i64,
        /// Its name.
        pub name: String,
        /// Where its files are.
        pub artifact_uri: String,
        /// How far its upload is, as [`LoggedModelStatus::number`].
        pub status: i64,
        /// More about the status.
        pub status_message: Option<String>,
        /// The kind of model; may be empty.
        pub model_type: String,
        /// The run that made it; may be empty.
        pub source_run_id: String,
        /// When it was created.
        pub creation_time: i64,
        /// When it was last finalized or deleted.
        pub last_update_time: i64,
        /// When it was deleted.
        pub deleted_at: Option<i64>,
    }
}

/// The columns of a [`LoggedModelRow`].
macro_rules! columns {
    () => {
        "model_no, model_id, experiment_id, name, artifact_uri, status, status_message, model_type, source_run_id, \
         creation_time, last_update_time, deleted_at"
    };
}

/// A logged model to add.
#[derive(Clone, Debug)]
pub struct NewLoggedModel {
    /// `m-` and 32 hex digits.
    pub model_id: String,
    /// The experiment that it belongs to.
    pub experiment_id: ExperimentId,
    /// Its name.
    pub name: String,
    /// Where its files are.
    pub artifact_uri: String,
    /// The kind of model; may be empty.
    pub model_type: String,
    /// The run that made it; may be empty.
    pub source_run_id: String,
    /// When it is created.
    pub now: Millis,
}

/// Adds a pending model.
pub async fn insert(tx: &mut Conn, new: NewLoggedModel) -> Result<LoggedModelRow> {
    const SQL: &str = concat!(
        "INSERT INTO logged_models (model_id, experiment_id, name, artifact_uri, model_type, source_run_id, \
         creation_time, last_update_time, status) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8) RETURNING ",
        columns!()
    );
    let status = LoggedModelStatus::Pending.number();
    let args = args![
        new.model_id,
        new.experiment_id.0,
        new.name,
        new.artifact_uri,
        new.model_type,
        new.source_run_id,
        new.now,
        status
    ];
    tx.fetch_one(SQL, args).await
}

/// A model in any lifecycle stage.
pub async fn find(conn: &mut Conn, model_id: &str) -> Result<Option<LoggedModelRow>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM logged_models WHERE model_id = $1");
    conn.fetch_optional(SQL, args![model_id]).await
}

/// Sets the status of a model in any lifecycle stage; `None` if there is none.
pub async fn set_status(
    tx: &mut Conn,
    model_id: &str,
    status: LoggedModelStatus,
    now: Millis,
) -> Result<Option<LoggedModelRow>> {
    const SQL: &str = concat!(
        "UPDATE logged_models SET status = $2, last_update_time = $3 WHERE model_id = $1 RETURNING ",
        columns!()
    );
    tx.fetch_optional(SQL, args![model_id, status.number(), now]).await
}

/// Marks a model as deleted; `false` if there is none.
pub async fn delete(tx: &mut Conn, model_id: &str, now: Millis) -> Result<bool> {
    const SQL: &str = "UPDATE logged_models SET deleted_at = COALESCE(deleted_at, $2), last_update_time = $2 \
                       WHERE model_id = $1";
    Ok(tx.execute(SQL, args![model_id, now]).await? > 0)
}

/// Sets tags of distinct keys.
pub async fn set_tags(tx: &mut Conn, model_no: i64, tags: Vec<Tag>) -> Result<()> {
    const HEAD: &str = "INSERT INTO logged_model_tags (model_no, key, value)";
    const TAIL: &str = "ON CONFLICT (model_no, key) DO UPDATE SET value = excluded.value";
    const POSTGRES: &str = "INSERT INTO logged_model_tags (model_no, key, value) \
                            SELECT $1, * FROM UNNEST($2, $3) \
                            ON CONFLICT (model_no, key) DO UPDATE SET value = excluded.value";
    insert_pairs(tx, model_no, tags, (HEAD, TAIL), POSTGRES).await.map(drop)
}

/// Adds params of distinct keys; leaves those alone that are there. Answers how many were added.
pub async fn add_params(tx: &mut Conn, model_no: i64, params: Vec<Param>) -> Result<u64> {
    const HEAD: &str = "INSERT INTO logged_model_params (model_no, key, value)";
    const TAIL: &str = "ON CONFLICT DO NOTHING";
    const POSTGRES: &str = "INSERT INTO logged_model_params (model_no, key, value) \
                            SELECT $1, * FROM UNNEST($2, $3) ON CONFLICT DO NOTHING";
    insert_pairs(tx, model_no, params, (HEAD, TAIL), POSTGRES).await
}

async fn insert_pairs(
    tx: &mut Conn,
    model_no: i64,
    mut pairs: Vec<KeyValue>,
    (head, tail): (&str, &str),
    postgres: &'static str,
) -> Result<u64> {
    // Always in the same order, so that two writers can't wait for each other in a circle.
    pairs.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    match tx {
        Conn::Postgres(c) => {
            let query = sqlx::query(postgres)
                .bind(model_no)
                .bind(pairs.iter().map(|p| p.key.as_str()).collect::<Vec<_>>())
                .bind(pairs.iter().map(|p| p.value.as_str()).collect::<Vec<_>>());
            Ok(query.execute(&mut **c).await?.rows_affected())
        }
        Conn::Sqlite(c) => {
            let sql = format!("{head} VALUES ($1, $2, $3) {tail}");
            c.execute_each(&sql, pairs.into_iter().map(|pair| args![model_no, pair.key, pair.value]))
        }
    }
}

/// Removes a tag; `false` if there is none.
pub async fn delete_tag(tx: &mut Conn, model_no: i64, key: &str) -> Result<bool> {
    const SQL: &str = "DELETE FROM logged_model_tags WHERE model_no = $1 AND key = $2";
    Ok(tx.execute(SQL, args![model_no, key]).await? > 0)
}

row! {
    struct MetricRow {
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
}

impl From<MetricRow> for LoggedModelMetric {
    fn from(row: MetricRow) -> Self {
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            metric: Metric {
                key: row.key,
                value: if row.is_nan { f64::NAN } else { row.value },
                timestamp: row.timestamp,
                step: row.step,
            },
            run_id: row.run_id,
            dataset_name: given(row.dataset_name),
            dataset_digest: given(row.dataset_digest),
        }
    }
}

/// Adds to models what belongs to them, in three statements; the order of the models is kept.
pub async fn load(conn: &mut Conn, rows: Vec<LoggedModelRow>) -> Result<Vec<LoggedModel>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let numbers: Vec<i64> = rows.iter().map(|row| row.model_no).collect();
    let mut tags = grouped(
        bulk::fetch_pairs(
            conn,
            "SELECT array_agg(model_no), array_agg(key), array_agg(value)
             FROM logged_model_tags WHERE model_no = ANY($1)",
            "SELECT model_no, key, value
             FROM logged_model_tags WHERE model_no IN (SELECT value FROM json_each($1))",
            numbers.clone(),
        )
        .await?,
    );
    let mut params = grouped(
        bulk::fetch_pairs(
            conn,
            "SELECT array_agg(model_no), array_agg(key), array_agg(value)
             FROM logged_model_params WHERE model_no = ANY($1)",
            "SELECT model_no, key, value
             FROM logged_model_params WHERE model_no IN (SELECT value FROM json_each($1))",
            numbers.clone(),
        )
        .await?,
    );
    let mut metrics = grouped(metrics_of(conn, numbers).await?.into_iter().map(|row| (row.model_no, row.into())));
    Ok(rows
        .into_iter()
        .map(|row| LoggedModel {
            tags: tags.remove(&row.model_no).unwrap_or_default(),
            params: params.remove(&row.model_no).unwrap_or_default(),
            metrics: metrics.remove(&row.model_no).unwrap_or_default(),
            model_id: row.model_id,
            experiment_id: ExperimentId(row.experiment_id),
            name: row.name,
            artifact_uri: row.artifact_uri,
            // Only numbers of statuses are ever written.
            status: LoggedModelStatus::from_number(row.status).unwrap_or(LoggedModelStatus::Unspecified),
            status_message: row.status_message,
            model_type: row.model_type,
            source_run_id: row.source_run_id,
            creation_timestamp: row.creation_time,
            last_updated_timestamp: row.last_update_time,
            lifecycle_stage: if row.deleted_at.is_none() { Lifecycle::Active } else { Lifecycle::Deleted },
        })
        .collect())
}

fn grouped<T>(owned: impl IntoIterator<Item = (i64, T)>) -> HashMap<i64, Vec<T>> {
    let mut groups: HashMap<i64, Vec<T>> = HashMap::new();
    for (owner, item) in owned {
        groups.entry(owner).or_default().push(item);
    }
    groups
}

/// Every metric entry of models, by key, timestamp and step.
async fn metrics_of(conn: &mut Conn, numbers: Vec<i64>) -> Result<Vec<MetricRow>> {
    macro_rules! select {
        ($set:literal) => {
            concat!(
                "SELECT model_no, key, timestamp, step, run_id, value, is_nan, dataset_name, dataset_digest
                 FROM logged_model_metrics WHERE model_no ",
                $set,
                " ORDER BY model_no, key, timestamp, step, run_id"
            )
        };
    }
    bulk::fetch_set(conn, select!("= ANY($1)"), select!("IN (SELECT value FROM json_each($1))"), numbers).await
}
