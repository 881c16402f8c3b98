//! Registered models, their tags, and their page-wise loading.

use std::collections::HashMap;

use domain::Tag;
use domain::registered_models::{ModelAlias, RegisteredModel};

use crate::aliases::aliases_of_models;
use crate::model_versions::{VersionRow, load as load_versions};
use crate::sqlite::row;
use crate::{Conn, Result, Row, args};

row! {
    /// A registered model in use, as its table has it.
    #[derive(Clone, Debug)]
    pub struct RegisteredRow {
        /// Its number within the store.
        pub registered_no: i64,
        /// Unique among models in use.
        pub name: String,
        /// Markdown.
        pub description: Option<String>,
        /// When it was created.
        pub creation_time: i64,
        /// When it, or one of its versions' stages, last changed.
        pub last_update_time: i64,
        /// The highest version number ever given.
        pub last_version: i64,
        /// Whether its tags make it a prompt.
        pub is_prompt: bool,
    }
}

/// The columns of a [`RegisteredRow`], of the table called `m`.
macro_rules! columns {
    () => {
        "m.registered_no, m.name, m.description, m.creation_time, m.last_update_time, m.last_version, m.is_prompt"
    };
}

row! {
    struct TagRow {
        registered_no: i64,
        key: String,
        value: String,
    }
}

/// A model in use, by name.
pub async fn find(conn: &mut Conn, name: &str) -> Result<Option<RegisteredRow>> {
    const SQL: &str =
        concat!("SELECT ", columns!(), " FROM registered_models m WHERE m.name = $1 AND m.deleted_at IS NULL");
    conn.fetch_optional(SQL, args![name]).await
}

/// A model in use, by name; until the transaction ends nobody else can lock it.
pub async fn lock(conn: &mut Conn, name: &str) -> Result<Option<RegisteredRow>> {
    const SQLITE: &str =
        concat!("SELECT ", columns!(), " FROM registered_models m WHERE m.name = $1 AND m.deleted_at IS NULL");
    const POSTGRES: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM registered_models m WHERE m.name = $1 AND m.deleted_at IS NULL FOR UPDATE"
    );
    let sql = match conn {
        Conn::Postgres(_) => POSTGRES,
        Conn::Sqlite(_) => SQLITE,
    };
    conn.fetch_optional(sql, args![name]).await
}

/// Whole models of rows, in their order: four queries, however many rows.
pub async fn load(conn: &mut Conn, rows: Vec<RegisteredRow>) -> Result<Vec<RegisteredModel>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let nos: Vec<i64> = rows.iter().map(|row| row.registered_no).collect();
    let mut tags: HashMap<i64, Vec<Tag>> = HashMap::new();
    for row in tags_of(conn, &nos).await? {
        tags.entry(row.registered_no).or_default().push(Tag::new(row.key, row.value));
    }
    let mut aliases: HashMap<i64, Vec<ModelAlias>> = HashMap::new();
    for row in aliases_of_models(conn, &nos).await? {
        aliases.entry(row.registered_no).or_default().push(ModelAlias { alias: row.alias, version: row.version });
    }
    let latest_rows = latest_rows(conn, &nos).await?;
    let owners: Vec<i64> = latest_rows.iter().map(|row| row.registered_no).collect();
    let mut latest: HashMap<i64, Vec<_>> = HashMap::new();
    for (no, version) in owners.into_iter().zip(load_versions(conn, latest_rows, false).await?) {
        latest.entry(no).or_default().push(version);
    }
    Ok(rows
        .into_iter()
        .map(|row| RegisteredModel {
            name: row.name,
            creation_timestamp: row.creation_time,
            last_updated_timestamp: row.last_update_time,
            description: row.description,
            latest_versions: latest.remove(&row.registered_no).unwrap_or_default(),
            tags: tags.remove(&row.registered_no).unwrap_or_default(),
            aliases: aliases.remove(&row.registered_no).unwrap_or_default(),
        })
        .collect())
}

/// The highest version of each stage present of each of these models, by model and version: a probe of the index for
/// each stage, however many versions there are.
pub async fn latest_rows(conn: &mut Conn, nos: &[i64]) -> Result<Vec<VersionRow>> {
    const POSTGRES: &str = "
        SELECT v.*, m.name
        FROM unnest($1) AS wanted(registered_no)
        JOIN registered_models m ON m.registered_no = wanted.registered_no
        CROSS JOIN (VALUES (0), (1), (2), (3)) AS stages(stage)
        CROSS JOIN LATERAL (
            SELECT l.* FROM model_versions l
            WHERE l.registered_no = m.registered_no AND l.stage = stages.stage AND l.deleted_at IS NULL
            ORDER BY l.version DESC LIMIT 1
        ) v
        ORDER BY v.registered_no, v.version";
    const SQLITE: &str = "
        WITH stages(stage) AS (VALUES (0), (1), (2), (3)),
        latest AS MATERIALIZED (
            SELECT wanted.value AS registered_no, (
                SELECT max(l.version) FROM model_versions l INDEXED BY model_versions_by_stage
                WHERE l.registered_no = wanted.value AND l.stage = stages.stage AND l.deleted_at IS NULL
            ) AS version
            FROM json_each($1) AS wanted CROSS JOIN stages
        )
        SELECT v.*, m.name
        FROM latest
        CROSS JOIN model_versions v ON v.registered_no = latest.registered_no AND v.version = latest.version
        JOIN registered_models m ON m.registered_no = v.registered_no
        ORDER BY v.registered_no, v.version";
    fetch_for(conn, POSTGRES, SQLITE, nos).await
}

async fn tags_of(conn: &mut Conn, nos: &[i64]) -> Result<Vec<TagRow>> {
    const POSTGRES: &str = "SELECT registered_no, key, value FROM registered_model_tags
        WHERE registered_no = ANY($1) ORDER BY registered_no, key";
    const SQLITE: &str = "SELECT registered_no, key, value FROM registered_model_tags
        WHERE registered_no IN (SELECT value FROM json_each($1)) ORDER BY registered_no, key";
    fetch_for(conn, POSTGRES, SQLITE, nos).await
}

/// Runs a statement whose one value is a set of numbers: an array in Postgres, a JSON array in SQLite.
pub(crate) async fn fetch_for<T: Row>(
    conn: &mut Conn,
    postgres: &'static str,
    sqlite: &'static str,
    nos: &[i64],
) -> Result<Vec<T>> {
    Ok(match conn {
        Conn::Postgres(c) => sqlx::query_as(postgres).bind(nos).fetch_all(&mut **c).await?,
        Conn::Sqlite(_) => {
            let nos = serde_json::Value::from(nos).to_string();
            conn.fetch_all(sqlite, args![nos]).await?
        }
    })
}

/// Adds a model and answers its row; `None` if the name is taken.
pub async fn insert(
    conn: &mut Conn,
    name: &str,
    description: Option<&str>,
    is_prompt: bool,
    now: i64,
) -> Result<Option<RegisteredRow>> {
    const SQL: &str = "
        INSERT INTO registered_models (name, description, creation_time, last_update_time, is_prompt)
        VALUES ($1, $2, $3, $3, $4)
        ON CONFLICT (name) WHERE deleted_at IS NULL DO NOTHING
        RETURNING registered_no, name, description, creation_time, last_update_time, last_version, is_prompt";
    conn.fetch_optional(SQL, args![name, description, now, is_prompt]).await
}

/// Sets the description.
pub async fn set_description(conn: &mut Conn, no: i64, description: Option<&str>, now: i64) -> Result<()> {
    const SQL: &str = "UPDATE registered_models SET description = $2, last_update_time = $3 WHERE registered_no = $1";
    conn.execute(SQL, args![no, description, now]).await.map(drop)
}

/// Sets the name, and the time of change of the model and its versions.
/// [`StoreError::Conflict`](crate::StoreError::Conflict) if the name is taken.
pub async fn rename(conn: &mut Conn, no: i64, new_name: &str, now: i64) -> Result<()> {
    const MODEL: &str = "UPDATE registered_models SET name = $2, last_update_time = $3 WHERE registered_no = $1";
    const VERSIONS: &str =
        "UPDATE model_versions SET last_update_time = $2 WHERE registered_no = $1 AND deleted_at IS NULL";
    conn.execute(MODEL, args![no, new_name, now]).await?;
    conn.execute(VERSIONS, args![no, now]).await.map(drop)
}

/// Sets the time of change.
pub async fn touch(conn: &mut Conn, no: i64, now: i64) -> Result<()> {
    const SQL: &str = "UPDATE registered_models SET last_update_time = $2 WHERE registered_no = $1";
    conn.execute(SQL, args![no, now]).await.map(drop)
}

/// Marks a model and its versions as deleted; their rows stay.
pub async fn delete(conn: &mut Conn, no: i64, now: i64) -> Result<()> {
    const MODEL: &str = "UPDATE registered_models SET deleted_at = $2 WHERE registered_no = $1";
    const VERSIONS: &str = "UPDATE model_versions SET deleted_at = $2, deleted_with_model = TRUE
        WHERE registered_no = $1 AND deleted_at IS NULL";
    conn.execute(MODEL, args![no, now]).await?;
    conn.execute(VERSIONS, args![no, now]).await.map(drop)
}

/// A tag's value.
pub async fn tag(conn: &mut Conn, no: i64, key: &str) -> Result<Option<String>> {
    const SQL: &str = "SELECT value FROM registered_model_tags WHERE registered_no = $1 AND key = $2";
    let found: Option<(String,)> = conn.fetch_optional(SQL, args![no, key]).await?;
    Ok(found.map(|(value,)| value))
}

/// Sets a tag.
pub async fn set_tag(conn: &mut Conn, no: i64, key: &str, value: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO registered_model_tags (registered_no, key, value) VALUES ($1, $2, $3)
        ON CONFLICT (registered_no, key) DO UPDATE SET value = excluded.value";
    conn.execute(SQL, args![no, key, value]).await.map(drop)
}

/// Removes a tag, if it is there.
pub async fn delete_tag(conn: &mut Conn, no: i64, key: &str) -> Result<()> {
    const SQL: &str = "DELETE FROM registered_model_tags WHERE registered_no = $1 AND key = $2";
    conn.execute(SQL, args![no, key]).await.map(drop)
}

/// Says whether a model is a prompt; to be kept in step with its tags.
pub async fn set_prompt(conn: &mut Conn, no: i64, is_prompt: bool) -> Result<()> {
    const SQL: &str = "UPDATE registered_models SET is_prompt = $2 WHERE registered_no = $1";
    conn.execute(SQL, args![no, is_prompt]).await.map(drop)
}
