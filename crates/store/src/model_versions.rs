//! Versions of registered models, their tags, and their page-wise loading.

use std::collections::HashMap;

use domain::Tag;
use domain::model_versions::{ModelVersion, Stage};

use crate::aliases::aliases_of_versions;
use crate::sqlite::row;
use crate::{Conn, Result, Row, args};

row! {
    /// A version in use, as its table has it, with its model's name.
    #[derive(Clone, Debug)]
    pub struct VersionRow {
        /// The model's number within the store.
        pub registered_no: i64,
        /// The model's name.
        pub name: String,
        /// The version's number.
        pub version: i64,
        /// When it was created.
        pub creation_time: i64,
        /// When its description or stage last changed.
        pub last_update_time: i64,
        /// A [`Stage`]'s number.
        pub stage: i64,
        /// Where the client said that its files come from.
        pub source: String,
        /// Where its files are.
        pub storage_location: String,
        /// The run that made it; may be empty.
        pub run_id: String,
        /// A link to a run elsewhere; may be empty.
        pub run_link: String,
        /// The logged model that it was made from.
        pub model_id: Option<String>,
        /// Markdown.
        pub description: Option<String>,
        /// Whether its tags make it a prompt's version.
        pub is_prompt: bool,
    }
}

row! {
    struct TagRow {
        registered_no: i64,
        version: i64,
        key: String,
        value: String,
    }
}

/// A version to add.
#[derive(Clone, Debug)]
pub struct NewVersion {
    /// The model's number within the store.
    pub registered_no: i64,
    /// The version's number: [`take_number`]'s.
    pub version: i64,
    /// When it is created.
    pub now: i64,
    /// Where the client says that its files come from.
    pub source: String,
    /// Where its files are.
    pub storage_location: String,
    /// The run that made it; may be empty.
    pub run_id: String,
    /// A link to a run elsewhere; may be empty.
    pub run_link: String,
    /// The logged model that it is made from.
    pub model_id: Option<String>,
    /// Markdown.
    pub description: String,
    /// Whether its tags make it a prompt's version.
    pub is_prompt: bool,
}

/// A version in use, by its model's name and its number.
pub async fn find(conn: &mut Conn, name: &str, version: i64) -> Result<Option<VersionRow>> {
    const SQL: &str = "
        SELECT v.*, m.name FROM registered_models m
        JOIN model_versions v ON v.registered_no = m.registered_no
        WHERE m.name = $1 AND m.deleted_at IS NULL AND v.version = $2 AND v.deleted_at IS NULL";
    conn.fetch_optional(SQL, args![name, version]).await
}

/// The version in use that an alias points at, by its model's name: one statement, so that an alias that moves meanwhile
/// leads to the version before or to the one after.
pub async fn find_by_alias(conn: &mut Conn, name: &str, alias: &str) -> Result<Option<VersionRow>> {
    const SQL: &str = "
        SELECT v.*, m.name FROM registered_models m
        JOIN model_aliases a ON a.registered_no = m.registered_no
        JOIN model_versions v ON v.registered_no = a.registered_no AND v.version = a.version
        WHERE m.name = $1 AND m.deleted_at IS NULL AND a.alias = $2 AND v.deleted_at IS NULL";
    conn.fetch_optional(SQL, args![name, alias]).await
}

/// Whole versions of rows, in their order: one query for tags and one for aliases, however many rows.
pub async fn load(conn: &mut Conn, rows: Vec<VersionRow>, with_aliases: bool) -> Result<Vec<ModelVersion>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<(i64, i64)> = rows.iter().map(|row| (row.registered_no, row.version)).collect();
    let mut tags: HashMap<(i64, i64), Vec<Tag>> = HashMap::new();
    for row in tags_of(conn, &ids).await? {
        tags.entry((row.registered_no, row.version)).or_default().push(Tag::new(row.key, row.value));
    }
    let mut aliases: HashMap<(i64, i64), Vec<String>> = HashMap::new();
    if with_aliases {
        for row in aliases_of_versions(conn, &ids).await? {
            aliases.entry((row.registered_no, row.version)).or_default().push(row.alias);
        }
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let id = (row.registered_no, row.version);
            ModelVersion {
                name: row.name,
                version: row.version,
                creation_timestamp: row.creation_time,
                last_updated_timestamp: row.last_update_time,
                stage: Stage::from_number(row.stage).unwrap_or_default(),
                source: row.source,
                storage_location: row.storage_location,
                run_id: row.run_id,
                run_link: row.run_link,
                model_id: row.model_id,
                description: row.description,
                tags: tags.remove(&id).unwrap_or_default(),
                aliases: aliases.remove(&id).unwrap_or_default(),
            }
        })
        .collect())
}

async fn tags_of(conn: &mut Conn, versions: &[(i64, i64)]) -> Result<Vec<TagRow>> {
    const POSTGRES: &str = "SELECT t.registered_no, t.version, t.key, t.value
        FROM unnest($1, $2) AS wanted(registered_no, version)
        JOIN model_version_tags t ON t.registered_no = wanted.registered_no AND t.version = wanted.version
        ORDER BY t.registered_no, t.version, t.key";
    const SQLITE: &str = "SELECT t.registered_no, t.version, t.key, t.value
        FROM json_each($1) AS wanted
        CROSS JOIN model_version_tags t ON t.registered_no = wanted.value ->> 0 AND t.version = wanted.value ->> 1
        ORDER BY t.registered_no, t.version, t.key";
    fetch_for_pairs(conn, POSTGRES, SQLITE, versions).await
}

/// Runs a statement whose values are a set of pairs of numbers: two arrays in Postgres, a JSON array of arrays in
/// SQLite.
pub(crate) async fn fetch_for_pairs<T: Row>(
    conn: &mut Conn,
    postgres: &'static str,
    sqlite: &'static str,
    pairs: &[(i64, i64)],
) -> Result<Vec<T>> {
    Ok(match conn {
        Conn::Postgres(c) => {
            let (firsts, seconds): (Vec<i64>, Vec<i64>) = pairs.iter().copied().unzip();
            sqlx::query_as(postgres).bind(firsts).bind(seconds).fetch_all(&mut **c).await?
        }
        Conn::Sqlite(_) => {
            let pairs: Vec<[i64; 2]> = pairs.iter().map(|&(first, second)| [first, second]).collect();
            let pairs = serde_json::json!(pairs).to_string();
            conn.fetch_all(sqlite, args![pairs]).await?
        }
    })
}

/// Takes the next version number of a model for good, and notes the time of its change. The model's row stays locked
/// until the transaction ends, so that numbers have no gaps and no repeats.
pub async fn take_number(conn: &mut Conn, registered_no: i64, now: i64) -> Result<i64> {
    const SQL: &str = "UPDATE registered_models SET last_version = last_version + 1, last_update_time = $2
        WHERE registered_no = $1 RETURNING last_version";
    let (version,): (i64,) = conn.fetch_one(SQL, args![registered_no, now]).await?;
    Ok(version)
}

/// Adds a version.
pub async fn insert(conn: &mut Conn, new: NewVersion) -> Result<()> {
    const SQL: &str = "
        INSERT INTO model_versions (registered_no, version, creation_time, last_update_time, stage, source,
            storage_location, run_id, run_link, model_id, description, is_prompt)
        VALUES ($1, $2, $3, $3, 0, $4, $5, $6, $7, $8, $9, $10)";
    let args = args![
        new.registered_no,
        new.version,
        new.now,
        new.source,
        new.storage_location,
        new.run_id,
        new.run_link,
        new.model_id,
        new.description,
        new.is_prompt
    ];
    conn.execute(SQL, args).await.map(drop)
}

/// Sets the description.
pub async fn set_description(
    conn: &mut Conn,
    registered_no: i64,
    version: i64,
    description: Option<&str>,
    now: i64,
) -> Result<()> {
    const SQL: &str = "UPDATE model_versions SET description = $3, last_update_time = $4
        WHERE registered_no = $1 AND version = $2";
    conn.execute(SQL, args![registered_no, version, description, now]).await.map(drop)
}

/// Sets the stage.
pub async fn set_stage(conn: &mut Conn, registered_no: i64, version: i64, stage: Stage, now: i64) -> Result<()> {
    const SQL: &str = "UPDATE model_versions SET stage = $3, last_update_time = $4
        WHERE registered_no = $1 AND version = $2";
    conn.execute(SQL, args![registered_no, version, stage.number(), now]).await.map(drop)
}

/// A statement about the versions of a stage, for Postgres and for SQLite. SQLite would go through all of the model's
/// versions by the table's key if it were not told which index to use.
macro_rules! by_stage {
    ($before:literal, $after:literal) => {
        [concat!($before, $after), concat!($before, " INDEXED BY model_versions_by_stage ", $after)]
    };
}
pub(crate) use by_stage;

pub(crate) const ARCHIVE: [&str; 2] = by_stage!(
    "UPDATE model_versions",
    " SET stage = $4, last_update_time = $5
    WHERE registered_no = $1 AND version <> $2 AND stage = $3 AND deleted_at IS NULL RETURNING version"
);

/// Archives the versions of a stage, except one. Answers which, by version.
pub async fn archive_others(
    conn: &mut Conn,
    registered_no: i64,
    version: i64,
    stage: Stage,
    now: i64,
) -> Result<Vec<i64>> {
    let args = args![registered_no, version, stage.number(), Stage::Archived.number(), now];
    let archived: Vec<(i64,)> = conn.fetch_all(conn.pick(ARCHIVE[0], ARCHIVE[1]), args).await?;
    let mut archived: Vec<i64> = archived.into_iter().map(|(version,)| version).collect();
    archived.sort_unstable();
    Ok(archived)
}

/// Marks a version as deleted; its row stays.
pub async fn delete(conn: &mut Conn, registered_no: i64, version: i64, now: i64) -> Result<()> {
    const SQL: &str = "UPDATE model_versions SET deleted_at = $3 WHERE registered_no = $1 AND version = $2";
    conn.execute(SQL, args![registered_no, version, now]).await.map(drop)
}

/// A tag's value.
pub async fn tag(conn: &mut Conn, registered_no: i64, version: i64, key: &str) -> Result<Option<String>> {
    const SQL: &str = "SELECT value FROM model_version_tags WHERE registered_no = $1 AND version = $2 AND key = $3";
    let found: Option<(String,)> = conn.fetch_optional(SQL, args![registered_no, version, key]).await?;
    Ok(found.map(|(value,)| value))
}

/// Sets a tag.
pub async fn set_tag(conn: &mut Conn, registered_no: i64, version: i64, key: &str, value: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO model_version_tags (registered_no, version, key, value) VALUES ($1, $2, $3, $4)
        ON CONFLICT (registered_no, version, key) DO UPDATE SET value = excluded.value";
    conn.execute(SQL, args![registered_no, version, key, value]).await.map(drop)
}

/// Removes a tag, if it is there.
pub async fn delete_tag(conn: &mut Conn, registered_no: i64, version: i64, key: &str) -> Result<()> {
    const SQL: &str = "DELETE FROM model_version_tags WHERE registered_no = $1 AND version = $2 AND key = $3";
    conn.execute(SQL, args![registered_no, version, key]).await.map(drop)
}

/// Says whether a version is a prompt's; to be kept in step with its tags.
pub async fn set_prompt(conn: &mut Conn, registered_no: i64, version: i64, is_prompt: bool) -> Result<()> {
    const SQL: &str = "UPDATE model_versions SET is_prompt = $3 WHERE registered_no = $1 AND version = $2";
    conn.execute(SQL, args![registered_no, version, is_prompt]).await.map(drop)
}
