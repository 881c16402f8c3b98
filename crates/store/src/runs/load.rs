//! What belongs to a page of runs, in a constant number of statements.
//!
//! A row's way through Postgres' driver costs more than its bytes, and a page has tens of thousands of metrics, params
//! and tags. So one statement brings all of them as arrays of one row. SQLite has no such way to go. Names are not joined
//! but looked up in [`Keys`].

use std::collections::HashMap;

use domain::metrics::Metric;
use domain::runs::{Dataset, DatasetInput, ModelOutput, Run, RunData, RunInputs, RunOutputs};
use domain::{KeyValue, Tag};
use rusqlite::Connection;
use sqlx::FromRow;

use super::RunRow;
use crate::keys::{Keys, Names};
use crate::{Args, Conn, Result, args, bulk, datasets, metrics, sqlite};

/// Runs whose belongings are fetched at once: bounds the size of the one row.
const CHUNK: usize = 250;

/// Adds to runs what belongs to them, each list sorted by key; the order of the runs is kept.
///
/// The connection must be a reader's (see [`Keys::names`]). Without `with_model_inputs` the lists of model inputs stay
/// empty, as MLflow's search leaves them.
pub async fn load(reader: &mut Conn, keys: &Keys, rows: Vec<RunRow>, with_model_inputs: bool) -> Result<Vec<Run>> {
    let mut runs = Vec::with_capacity(rows.len());
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk: Vec<RunRow> = rows.by_ref().take(CHUNK).collect();
        runs.append(&mut load_chunk(reader, keys, chunk, with_model_inputs).await?);
    }
    Ok(runs)
}

/// What belongs to some runs, each with its run's number.
#[derive(Default)]
struct Belongings {
    metrics: Vec<metrics::Point>,
    params: Vec<(i64, i64, String)>,
    tags: Vec<(i64, i64, String)>,
    datasets: Vec<(i64, i64)>,
    model_inputs: Vec<(i64, String)>,
    model_outputs: Vec<(i64, String, i64)>,
}

async fn load_chunk(reader: &mut Conn, keys: &Keys, rows: Vec<RunRow>, with_model_inputs: bool) -> Result<Vec<Run>> {
    let numbers: Vec<i64> = rows.iter().map(|r| r.run_no).collect();
    let belongings = fetch(reader, &numbers).await?;
    let names = keys
        .names(
            reader,
            (belongings.metrics.iter().map(|p| p.key_no))
                .chain(belongings.params.iter().map(|p| p.1))
                .chain(belongings.tags.iter().map(|t| t.1)),
        )
        .await?;
    let (datasets, mut dataset_tags) = fetch_datasets(reader, &belongings.datasets, numbers).await?;

    let places: HashMap<i64, usize> = rows.iter().enumerate().map(|(i, r)| (r.run_no, i)).collect();
    let mut runs: Vec<Run> = rows
        .into_iter()
        .map(|row| Run {
            info: row.into(),
            data: RunData::default(),
            inputs: RunInputs::default(),
            outputs: RunOutputs::default(),
        })
        .collect();
    for point in belongings.metrics {
        runs[places[&point.run_no]].data.metrics.push(point.into_metric(name(&names, point.key_no)));
    }
    for (run_no, key_no, value) in belongings.params {
        runs[places[&run_no]].data.params.push(KeyValue { key: name(&names, key_no), value });
    }
    for (run_no, key_no, value) in belongings.tags {
        runs[places[&run_no]].data.tags.push(KeyValue { key: name(&names, key_no), value });
    }
    for (run_no, dataset_no) in belongings.datasets {
        if let Some(dataset) = datasets.get(&dataset_no) {
            let tags = dataset_tags.remove(&(run_no, dataset_no)).unwrap_or_default();
            runs[places[&run_no]].inputs.dataset_inputs.push(DatasetInput { tags, dataset: dataset.clone() });
        }
    }
    if with_model_inputs {
        for (run_no, model_id) in belongings.model_inputs {
            runs[places[&run_no]].inputs.model_inputs.push(model_id);
        }
    }
    for (run_no, model_id, step) in belongings.model_outputs {
        runs[places[&run_no]].outputs.model_outputs.push(ModelOutput { model_id, step });
    }
    for run in &mut runs {
        run.data.metrics.sort_unstable_by(|a: &Metric, b| a.key.cmp(&b.key));
        run.data.params.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        run.data.tags.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    }
    Ok(runs)
}

fn name(names: &Names, key_no: i64) -> String {
    names.get(&key_no).map(|n| n.as_ref().to_owned()).unwrap_or_default()
}

/// The datasets themselves, which runs share, and the tags of their uses.
async fn fetch_datasets(
    reader: &mut Conn,
    uses: &[(i64, i64)],
    runs: Vec<i64>,
) -> Result<(HashMap<i64, Dataset>, HashMap<(i64, i64), Vec<Tag>>)> {
    if uses.is_empty() {
        return Ok((HashMap::new(), HashMap::new()));
    }
    let mut numbers: Vec<i64> = uses.iter().map(|u| u.1).collect();
    numbers.sort_unstable();
    numbers.dedup();
    Ok((datasets::by_numbers(reader, numbers).await?, datasets::use_tags(reader, runs).await?))
}

async fn fetch(reader: &mut Conn, runs: &[i64]) -> Result<Belongings> {
    match reader {
        Conn::Postgres(c) => {
            let row: PostgresRow = sqlx::query_as(POSTGRES).bind(runs).fetch_one(&mut **c).await?;
            Ok(row.into())
        }
        Conn::Sqlite(c) => {
            let set = bulk::to_json(runs);
            c.call(move |db| fetch_sqlite(db, &args![set])).await
        }
    }
}

const POSTGRES: &str = "
    SELECT * FROM
      (SELECT array_agg(run_no) AS m_run, array_agg(key_no) AS m_key, array_agg(timestamp) AS m_timestamp,
              array_agg(step) AS m_step, array_agg(value) AS m_value, array_agg(is_nan) AS m_nan
       FROM latest_metrics WHERE run_no = ANY($1)) m,
      (SELECT array_agg(run_no) AS p_run, array_agg(key_no) AS p_key, array_agg(value) AS p_value
       FROM params WHERE run_no = ANY($1)) p,
      (SELECT array_agg(run_no) AS t_run, array_agg(key_no) AS t_key, array_agg(value) AS t_value
       FROM run_tags WHERE run_no = ANY($1)) t,
      (SELECT array_agg(run_no) AS d_run, array_agg(dataset_no) AS d_dataset
       FROM (SELECT run_no, dataset_no FROM run_datasets WHERE run_no = ANY($1) ORDER BY run_no, dataset_no) u) d,
      (SELECT array_agg(run_no) AS i_run, array_agg(model_id) AS i_model
       FROM (SELECT run_no, model_id FROM run_model_inputs WHERE run_no = ANY($1) ORDER BY run_no, model_id) u) i,
      (SELECT array_agg(run_no) AS o_run, array_agg(model_id) AS o_model, array_agg(step) AS o_step
       FROM (SELECT run_no, model_id, step FROM run_model_outputs WHERE run_no = ANY($1)
             ORDER BY run_no, step, model_id) u) o";

/// Columns of one table stand beside each other; all are null where there is no row.
#[derive(FromRow)]
struct PostgresRow {
    m_run: Option<Vec<i64>>,
    m_key: Option<Vec<i64>>,
    m_timestamp: Option<Vec<i64>>,
    m_step: Option<Vec<i64>>,
    m_value: Option<Vec<f64>>,
    m_nan: Option<Vec<bool>>,
    p_run: Option<Vec<i64>>,
    p_key: Option<Vec<i64>>,
    p_value: Option<Vec<String>>,
    t_run: Option<Vec<i64>>,
    t_key: Option<Vec<i64>>,
    t_value: Option<Vec<String>>,
    d_run: Option<Vec<i64>>,
    d_dataset: Option<Vec<i64>>,
    i_run: Option<Vec<i64>>,
    i_model: Option<Vec<String>>,
    o_run: Option<Vec<i64>>,
    o_model: Option<Vec<String>>,
    o_step: Option<Vec<i64>>,
}

impl From<PostgresRow> for Belongings {
    fn from(row: PostgresRow) -> Self {
        fn column<T>(column: Option<Vec<T>>) -> std::vec::IntoIter<T> {
            column.unwrap_or_default().into_iter()
        }
        let metrics = column(row.m_run)
            .zip(column(row.m_key).zip(column(row.m_timestamp)).zip(column(row.m_step)))
            .zip(column(row.m_value).zip(column(row.m_nan)))
            .map(|((run_no, ((key_no, timestamp), step)), (value, is_nan))| metrics::Point {
                run_no,
                key_no,
                timestamp,
                step,
                value,
                is_nan,
            })
            .collect();
        let texts = |runs, keys, values| {
            column::<i64>(runs)
                .zip(column::<i64>(keys).zip(column::<String>(values)))
                .map(|(run_no, (key_no, value))| (run_no, key_no, value))
                .collect()
        };
        Self {
            metrics,
            params: texts(row.p_run, row.p_key, row.p_value),
            tags: texts(row.t_run, row.t_key, row.t_value),
            datasets: column(row.d_run).zip(column(row.d_dataset)).collect(),
            model_inputs: column(row.i_run).zip(column(row.i_model)).collect(),
            model_outputs: column(row.o_run)
                .zip(column(row.o_model).zip(column(row.o_step)))
                .map(|(run_no, (model_id, step))| (run_no, model_id, step))
                .collect(),
        }
    }
}

fn fetch_sqlite(db: &Connection, set: &Args) -> rusqlite::Result<Belongings> {
    macro_rules! of_runs {
        ($columns:literal, $table:literal, $order:literal) => {{
            const SQL: &str = concat!(
                "SELECT ",
                $columns,
                " FROM ",
                $table,
                " WHERE run_no IN (SELECT value FROM json_each($1))",
                $order
            );
            sqlite::fetch(db, SQL, set, usize::MAX)?
        }};
    }
    Ok(Belongings {
        metrics: of_runs!("run_no, key_no, timestamp, step, value, is_nan", "latest_metrics", ""),
        params: of_runs!("run_no, key_no, value", "params", ""),
        tags: of_runs!("run_no, key_no, value", "run_tags", ""),
        datasets: of_runs!("run_no, dataset_no", "run_datasets", " ORDER BY run_no, dataset_no"),
        model_inputs: of_runs!("run_no, model_id", "run_model_inputs", " ORDER BY run_no, model_id"),
        model_outputs: of_runs!("run_no, model_id, step", "run_model_outputs", " ORDER BY run_no, step, model_id"),
    })
}
