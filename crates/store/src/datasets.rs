//! Datasets that runs read.

use std::collections::{HashMap, HashSet};

use domain::Tag;
use domain::runs::{Dataset, DatasetInput};

use crate::sqlite::row;
use crate::{Conn, Result, args, bulk};

row! {
    struct DatasetRow {
        dataset_no: i64,
        name: String,
        digest: String,
        source_type: String,
        source: String,
        schema: Option<String>,
        profile: Option<String>,
    }
}

/// Datasets, by number.
pub(crate) async fn by_numbers(conn: &mut Conn, numbers: Vec<i64>) -> Result<HashMap<i64, Dataset>> {
    macro_rules! select {
        ($set:literal) => {
            concat!(
                "SELECT dataset_no, name, digest, source_type, source, schema, profile FROM datasets \
                 WHERE dataset_no ",
                $set
            )
        };
    }
    let rows: Vec<DatasetRow> =
        bulk::fetch_set(conn, select!("= ANY($1)"), select!("IN (SELECT value FROM json_each($1))"), numbers).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let DatasetRow { dataset_no, name, digest, source_type, source, schema, profile } = row;
            (dataset_no, Dataset { name, digest, source_type, source, schema, profile })
        })
        .collect())
}

/// The tags of the uses of datasets by these runs, by run and dataset, sorted by key.
pub(crate) async fn use_tags(conn: &mut Conn, runs: Vec<i64>) -> Result<HashMap<(i64, i64), Vec<Tag>>> {
    type Columns = (Option<Vec<i64>>, Option<Vec<i64>>, Option<Vec<String>>, Option<Vec<String>>);
    let rows: Vec<(i64, i64, String, String)> = match conn {
        Conn::Postgres(c) => {
            const SQL: &str = "SELECT array_agg(run_no), array_agg(dataset_no), array_agg(key), array_agg(value) \
                               FROM (SELECT * FROM run_dataset_tags WHERE run_no = ANY($1) ORDER BY key) t";
            let (runs, datasets, keys, values): Columns = sqlx::query_as(SQL).bind(runs).fetch_one(&mut **c).await?;
            let uses = runs.unwrap_or_default().into_iter().zip(datasets.unwrap_or_default());
            let pairs = keys.unwrap_or_default().into_iter().zip(values.unwrap_or_default());
            uses.zip(pairs).map(|((run, dataset), (key, value))| (run, dataset, key, value)).collect()
        }
        Conn::Sqlite(_) => {
            const SQL: &str = "SELECT run_no, dataset_no, key, value FROM run_dataset_tags \
                               WHERE run_no IN (SELECT value FROM json_each($1)) ORDER BY key";
            conn.fetch_all(SQL, args![bulk::to_json(&runs)]).await?
        }
    };
    let mut tags: HashMap<(i64, i64), Vec<Tag>> = HashMap::new();
    for (run, dataset, key, value) in rows {
        tags.entry((run, dataset)).or_default().push(Tag { key, value });
    }
    Ok(tags)
}

/// Notes that a run read datasets. A dataset that its experiment knows by name and digest stays as it is, and so does a
/// use that the run has noted before. The inputs are distinct by name and digest, their tags by key.
pub async fn attach(tx: &mut Conn, run_no: i64, experiment_id: i64, inputs: &[DatasetInput]) -> Result<()> {
    if inputs.is_empty() {
        return Ok(());
    }
    add(tx, experiment_id, inputs).await?;
    let numbers = numbers(tx, experiment_id, inputs).await?;
    let new: HashSet<i64> = add_uses(tx, run_no, numbers.values().copied().collect()).await?.into_iter().collect();
    let mut tags = Vec::new();
    for input in inputs {
        let key = (input.dataset.name.clone(), input.dataset.digest.clone());
        if let Some(no) = numbers.get(&key).filter(|no| new.contains(no)) {
            tags.extend(input.tags.iter().map(|tag| (*no, tag)));
        }
    }
    add_tags(tx, run_no, &tags).await
}

async fn add(tx: &mut Conn, experiment_id: i64, inputs: &[DatasetInput]) -> Result<()> {
    let mut datasets: Vec<&Dataset> = inputs.iter().map(|i| &i.dataset).collect();
    datasets.sort_unstable_by_key(|d| (&d.name, &d.digest));
    match tx {
        Conn::Postgres(c) => {
            const SQL: &str = "INSERT INTO datasets \
                (experiment_id, name, digest, source_type, source, schema, profile) \
                SELECT $1, * FROM UNNEST($2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
            sqlx::query(SQL)
                .bind(experiment_id)
                .bind(datasets.iter().map(|d| d.name.as_str()).collect::<Vec<_>>())
                .bind(datasets.iter().map(|d| d.digest.as_str()).collect::<Vec<_>>())
                .bind(datasets.iter().map(|d| d.source_type.as_str()).collect::<Vec<_>>())
                .bind(datasets.iter().map(|d| d.source.as_str()).collect::<Vec<_>>())
                .bind(datasets.iter().map(|d| d.schema.as_deref()).collect::<Vec<_>>())
                .bind(datasets.iter().map(|d| d.profile.as_deref()).collect::<Vec<_>>())
                .execute(&mut **c)
                .await?;
        }
        Conn::Sqlite(c) => {
            const SQL: &str = "INSERT INTO datasets (experiment_id, name, digest, source_type, source, schema, profile) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
            let rows = datasets
                .into_iter()
                .cloned()
                .map(|d| args![experiment_id, d.name, d.digest, d.source_type, d.source, d.schema, d.profile]);
            c.execute_each(SQL, rows)?;
        }
    }
    Ok(())
}

async fn numbers(tx: &mut Conn, experiment_id: i64, inputs: &[DatasetInput]) -> Result<HashMap<(String, String), i64>> {
    let names: Vec<&str> = inputs.iter().map(|i| i.dataset.name.as_str()).collect();
    let digests: Vec<&str> = inputs.iter().map(|i| i.dataset.digest.as_str()).collect();
    let rows: Vec<(String, String, i64)> = match tx {
        Conn::Postgres(c) => {
            const SQL: &str = "SELECT name, digest, dataset_no FROM datasets \
                               WHERE experiment_id = $1 AND (name, digest) IN (SELECT * FROM UNNEST($2, $3))";
            sqlx::query_as(SQL).bind(experiment_id).bind(names).bind(digests).fetch_all(&mut **c).await?
        }
        Conn::Sqlite(_) => {
            const SQL: &str = "SELECT name, digest, dataset_no FROM datasets WHERE experiment_id = $1 \
                               AND (name, digest) IN (SELECT value ->> 0, value ->> 1 FROM json_each($2))";
            let pairs: Vec<_> = names.into_iter().zip(digests).collect();
            tx.fetch_all(SQL, args![experiment_id, bulk::to_json(&pairs)]).await?
        }
    };
    Ok(rows.into_iter().map(|(name, digest, no)| ((name, digest), no)).collect())
}

/// Answers with the datasets whose use is new.
async fn add_uses(tx: &mut Conn, run_no: i64, mut datasets: Vec<i64>) -> Result<Vec<i64>> {
    datasets.sort_unstable();
    match tx {
        Conn::Postgres(c) => {
            const SQL: &str = "INSERT INTO run_datasets (run_no, dataset_no) SELECT $1, * FROM UNNEST($2) \
                               ON CONFLICT DO NOTHING RETURNING dataset_no";
            Ok(sqlx::query_scalar(SQL).bind(run_no).bind(datasets).fetch_all(&mut **c).await?)
        }
        Conn::Sqlite(_) => {
            const SQL: &str = "INSERT INTO run_datasets (run_no, dataset_no) SELECT $1, value FROM json_each($2) \
                               WHERE TRUE ON CONFLICT DO NOTHING RETURNING dataset_no";
            let rows: Vec<(i64,)> = tx.fetch_all(SQL, args![run_no, bulk::to_json(&datasets)]).await?;
            Ok(rows.into_iter().map(|(dataset_no,)| dataset_no).collect())
        }
    }
}

async fn add_tags(tx: &mut Conn, run_no: i64, tags: &[(i64, &Tag)]) -> Result<()> {
    if tags.is_empty() {
        return Ok(());
    }
    match tx {
        Conn::Postgres(c) => {
            const SQL: &str = "INSERT INTO run_dataset_tags (run_no, dataset_no, key, value) \
                               SELECT $1, * FROM UNNEST($2, $3, $4)";
            sqlx::query(SQL)
                .bind(run_no)
                .bind(tags.iter().map(|t| t.0).collect::<Vec<_>>())
                .bind(tags.iter().map(|t| t.1.key.as_str()).collect::<Vec<_>>())
                .bind(tags.iter().map(|t| t.1.value.as_str()).collect::<Vec<_>>())
                .execute(&mut **c)
                .await?;
        }
        Conn::Sqlite(c) => {
            const SQL: &str = "INSERT INTO run_dataset_tags (run_no, dataset_no, key, value) VALUES ($1, $2, $3, $4)";
            c.execute_each(SQL, tags.iter().map(|(no, tag)| args![run_no, *no, tag.key.as_str(), tag.value.as_str()]))?;
        }
    }
    Ok(())
}
