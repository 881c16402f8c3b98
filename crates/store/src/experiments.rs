//! Experiments and their tags.

use std::collections::HashMap;

use domain::experiments::{Experiment, ExperimentId};
use domain::{Lifecycle, Millis, Tag};

use crate::sqlite::row;
use crate::{Conn, Result, args, bulk};

row! {
    /// An experiment, as its table has it.
    #[derive(Clone, Debug)]
    pub struct ExperimentRow {
        /// Its number.
        pub experiment_id: i64,
        /// Unique among all experiments.
        pub name: String,
        /// Where new runs' artifacts go.
        pub artifact_location: String,
        /// When it was created.
        pub creation_time: i64,
        /// When it was last renamed, deleted or restored.
        pub last_update_time: i64,
        /// When it was deleted.
        pub deleted_at: Option<i64>,
    }
}

/// The columns of an [`ExperimentRow`].
macro_rules! columns {
    () => {
        "experiment_id, name, artifact_location, creation_time, last_update_time, deleted_at"
    };
}

impl ExperimentRow {
    /// The experiment with its tags, sorted by key.
    pub fn with_tags(self, tags: Vec<Tag>) -> Experiment {
        Experiment {
            experiment_id: ExperimentId(self.experiment_id),
            name: self.name,
            artifact_location: self.artifact_location,
            lifecycle_stage: if self.deleted_at.is_none() { Lifecycle::Active } else { Lifecycle::Deleted },
            creation_time: self.creation_time,
            last_update_time: self.last_update_time,
            tags,
        }
    }
}

/// Adds an experiment; `None` if the name (or, for the default experiment, the number) is taken.
pub async fn insert(
    tx: &mut Conn,
    id: Option<ExperimentId>,
    name: &str,
    artifact_location: &str,
    now: Millis,
) -> Result<Option<ExperimentId>> {
    const VALUES: &str = "INSERT INTO experiments (name, artifact_location, creation_time, last_update_time) \
                          VALUES ($1, $2, $3, $3) ON CONFLICT DO NOTHING RETURNING experiment_id";
    const WITH_ID: &str = "INSERT INTO experiments (experiment_id, name, artifact_location, creation_time, last_update_time) \
         VALUES ($4, $1, $2, $3, $3) ON CONFLICT DO NOTHING RETURNING experiment_id";
    let row: Option<(i64,)> = match id {
        Some(id) => tx.fetch_optional(WITH_ID, args![name, artifact_location, now, id.0]).await?,
        None => tx.fetch_optional(VALUES, args![name, artifact_location, now]).await?,
    };
    Ok(row.map(|(id,)| ExperimentId(id)))
}

/// Sets where an experiment's artifacts go.
pub async fn set_location(tx: &mut Conn, id: ExperimentId, artifact_location: &str) -> Result<()> {
    const SQL: &str = "UPDATE experiments SET artifact_location = $2 WHERE experiment_id = $1";
    tx.execute(SQL, args![id.0, artifact_location]).await.map(drop)
}

/// An experiment in any lifecycle stage.
pub async fn find(conn: &mut Conn, id: ExperimentId) -> Result<Option<ExperimentRow>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM experiments WHERE experiment_id = $1");
    conn.fetch_optional(SQL, args![id.0]).await
}

/// As [`find`], and the experiment stays as it is until the transaction ends.
pub async fn hold(tx: &mut Conn, id: ExperimentId) -> Result<Option<ExperimentRow>> {
    const SQLITE: &str = concat!("SELECT ", columns!(), " FROM experiments WHERE experiment_id = $1");
    const POSTGRES: &str = concat!("SELECT ", columns!(), " FROM experiments WHERE experiment_id = $1 FOR SHARE");
    tx.fetch_optional(tx.pick(POSTGRES, SQLITE), args![id.0]).await
}

/// An experiment by its exact name, in any lifecycle stage.
pub async fn find_by_name(conn: &mut Conn, name: &str) -> Result<Option<ExperimentRow>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM experiments WHERE name = $1");
    conn.fetch_optional(SQL, args![name]).await
}

/// Adds the tags to rows, in one statement.
pub async fn load(conn: &mut Conn, rows: Vec<ExperimentRow>) -> Result<Vec<Experiment>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let pairs = bulk::fetch_pairs(
        conn,
        "SELECT array_agg(experiment_id), array_agg(key), array_agg(value)
         FROM experiment_tags WHERE experiment_id = ANY($1)",
        "SELECT experiment_id, key, value
         FROM experiment_tags WHERE experiment_id IN (SELECT value FROM json_each($1))",
        rows.iter().map(|r| r.experiment_id).collect(),
    )
    .await?;
    let mut tags: HashMap<i64, Vec<Tag>> = HashMap::new();
    for (id, tag) in pairs {
        tags.entry(id).or_default().push(tag);
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let tags = tags.remove(&row.experiment_id).unwrap_or_default();
            row.with_tags(tags)
        })
        .collect())
}

/// Renames an experiment; a taken name is [`StoreError::Conflict`](crate::StoreError::Conflict).
pub async fn rename(tx: &mut Conn, id: ExperimentId, name: &str, now: Millis) -> Result<()> {
    const SQL: &str = "UPDATE experiments SET name = $2, last_update_time = $3 WHERE experiment_id = $1";
    tx.execute(SQL, args![id.0, name, now]).await.map(drop)
}

/// Deletes an active experiment with its runs; `false` if there is no active one.
pub async fn delete(tx: &mut Conn, id: ExperimentId, now: Millis) -> Result<bool> {
    const EXPERIMENT: &str = "UPDATE experiments SET deleted_at = $2, last_update_time = $2 \
                              WHERE experiment_id = $1 AND deleted_at IS NULL";
    const RUNS: &str = "UPDATE runs SET deleted_at = $2 WHERE experiment_id = $1 AND deleted_at IS NULL";
    if tx.execute(EXPERIMENT, args![id.0, now]).await? == 0 {
        return Ok(false);
    }
    tx.execute(RUNS, args![id.0, now]).await?;
    Ok(true)
}

/// Restores a deleted experiment with all its runs; `false` if there is no deleted one, or it is being removed for good.
pub async fn restore(tx: &mut Conn, id: ExperimentId, now: Millis) -> Result<bool> {
    const EXPERIMENT: &str = "UPDATE experiments SET deleted_at = NULL, last_update_time = $2 \
                              WHERE experiment_id = $1 AND deleted_at IS NOT NULL AND NOT removing";
    const RUNS: &str = "UPDATE runs SET deleted_at = NULL \
                        WHERE experiment_id = $1 AND deleted_at IS NOT NULL AND NOT removing";
    if tx.execute(EXPERIMENT, args![id.0, now]).await? == 0 {
        return Ok(false);
    }
    tx.execute(RUNS, args![id.0]).await?;
    Ok(true)
}

/// Sets a tag.
pub async fn set_tag(tx: &mut Conn, id: ExperimentId, tag: &Tag) -> Result<()> {
    const SQL: &str = "INSERT INTO experiment_tags (experiment_id, key, value) VALUES ($1, $2, $3) \
                       ON CONFLICT (experiment_id, key) DO UPDATE SET value = excluded.value";
    tx.execute(SQL, args![id.0, tag.key.as_str(), tag.value.as_str()]).await.map(drop)
}

/// Removes a tag; `false` if there is none.
pub async fn delete_tag(tx: &mut Conn, id: ExperimentId, key: &str) -> Result<bool> {
    const SQL: &str = "DELETE FROM experiment_tags WHERE experiment_id = $1 AND key = $2";
    Ok(tx.execute(SQL, args![id.0, key]).await? > 0)
}

/// How many of an experiment's tags, apart from `key` itself, have keys that start with `prefix`.
pub async fn count_tags(conn: &mut Conn, id: ExperimentId, prefix: &str, key: &str) -> Result<usize> {
    const SQL: &str = "SELECT count(*) FROM experiment_tags \
                       WHERE experiment_id = $1 AND substr(key, 1, length($2)) = $2 AND key <> $3";
    let (count,): (i64,) = conn.fetch_one(SQL, args![id.0, prefix, key]).await?;
    Ok(usize::try_from(count).unwrap_or_default())
}
