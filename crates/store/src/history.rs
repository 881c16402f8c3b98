//! What was done to registered models and their versions, and which version was in which stage when.

use domain::history::{Change, HistoryEntry, StageSpan};
use domain::model_versions::Stage;

use crate::bulk::to_json;
use crate::model_versions::by_stage;
use crate::sqlite::row;
use crate::{Conn, Result, StoreError, args};

/// The end of a span that has not ended.
const STILL: i64 = i64::MAX;

pub(crate) const OF_MODEL: &str = "SELECT event_no, version, time, actor, change FROM registry_events
    WHERE registered_no = $1 AND event_no < $2 AND NOT echo ORDER BY event_no DESC LIMIT $3";
/// An echo comes with the entry that it is one of, and at the same time.
pub(crate) const LAST_TIME: &str = "SELECT time FROM registry_events
    WHERE registered_no = $1 AND NOT echo ORDER BY event_no DESC LIMIT 1";
pub(crate) const OF_VERSION: &str = "SELECT event_no, version, time, actor, change FROM registry_events
    WHERE registered_no = $1 AND version = $4 AND event_no < $2 ORDER BY event_no DESC LIMIT $3";
pub(crate) const STAGE_AT: &str = "SELECT version, since, until FROM stage_spans
    WHERE registered_no = $1 AND stage = $2 AND until > $3 AND since <= $3 ORDER BY version DESC LIMIT $4";

/// An entry with its place in the order of all entries.
#[derive(Clone, Debug)]
pub struct Numbered {
    /// Greater for what was done later.
    pub event_no: i64,
    /// The entry.
    pub entry: HistoryEntry,
}

row! {
    struct EventRow {
        event_no: i64,
        version: Option<i64>,
        time: i64,
        actor: Option<String>,
        change: String,
    }
}

impl TryFrom<EventRow> for Numbered {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self> {
        let change = serde_json::from_str(&row.change).map_err(|e| StoreError::Database(e.into()))?;
        let entry = HistoryEntry { time: row.time, actor: row.actor, version: row.version, change };
        Ok(Self { event_no: row.event_no, entry })
    }
}

row! {
    struct SpanRow {
        version: i64,
        since: i64,
        until: i64,
    }
}

/// Adds an entry to a model's history. Nothing changes or removes one but the end of its model's row.
pub async fn add(conn: &mut Conn, registered_no: i64, entry: &HistoryEntry) -> Result<()> {
    const SQL: &str = "INSERT INTO registry_events (registered_no, version, time, actor, change, echo)
        VALUES ($1, $2, $3, $4, $5, $6)";
    let change = serde_json::to_string(&entry.change).map_err(|e| StoreError::Database(e.into()))?;
    let echo = entry.change.is_echo();
    let args = args![registered_no, entry.version, entry.time, entry.actor.as_deref(), change, echo];
    conn.execute(SQL, args).await.map(drop)
}

/// Adds the same entry to the histories of several versions, in one statement.
pub async fn add_to_each(
    conn: &mut Conn,
    registered_no: i64,
    versions: &[i64],
    (time, actor): (i64, Option<&str>),
    change: &Change,
) -> Result<()> {
    const POSTGRES: &str = "INSERT INTO registry_events (registered_no, version, time, actor, change, echo)
        SELECT $2, version, $3, $4, $5, $6 FROM unnest($1) AS version";
    const SQLITE: &str = "INSERT INTO registry_events (registered_no, version, time, actor, change, echo)
        SELECT $2, value, $3, $4, $5, $6 FROM json_each($1)";
    let echo = change.is_echo();
    let change = serde_json::to_string(change).map_err(|e| StoreError::Database(e.into()))?;
    match conn {
        Conn::Postgres(c) => {
            let insert = sqlx::query(POSTGRES).bind(versions).bind(registered_no).bind(time).bind(actor);
            insert.bind(change).bind(echo).execute(&mut **c).await?;
        }
        Conn::Sqlite(_) => {
            conn.execute(SQLITE, args![to_json(versions), registered_no, time, actor, change, echo]).await?;
        }
    }
    Ok(())
}

/// When the last thing was done to a model or one of its versions.
pub async fn last_time(conn: &mut Conn, registered_no: i64) -> Result<Option<i64>> {
    let last: Option<(i64,)> = conn.fetch_optional(LAST_TIME, args![registered_no]).await?;
    Ok(last.map(|(time,)| time))
}

/// A model's entries before one of them, the latest first: of its own and of all its versions without echoes, or all of
/// one version.
pub async fn page(
    conn: &mut Conn,
    registered_no: i64,
    version: Option<i64>,
    before: i64,
    limit: i64,
) -> Result<Vec<Numbered>> {
    let rows: Vec<EventRow> = match version {
        None => conn.fetch_all(OF_MODEL, args![registered_no, before, limit]).await?,
        Some(version) => conn.fetch_all(OF_VERSION, args![registered_no, before, limit, version]).await?,
    };
    rows.into_iter().map(Numbered::try_from).collect()
}

/// The last thing that was done to a version.
pub async fn last_change(conn: &mut Conn, registered_no: i64, version: i64) -> Result<Option<Change>> {
    let last = page(conn, registered_no, Some(version), i64::MAX, 1).await?.pop();
    Ok(last.map(|numbered| numbered.entry.change))
}

/// Notes that a version is in another stage from now on; in none to speak of if `stage` is none of the active ones.
pub async fn note_stage(conn: &mut Conn, registered_no: i64, version: i64, stage: Stage, now: i64) -> Result<()> {
    const END: &str = "UPDATE stage_spans SET until = $3
        WHERE registered_no = $1 AND stage IN (1, 2) AND until = $4 AND version = $2";
    const BEGIN: &str = "INSERT INTO stage_spans (registered_no, stage, version, since, until)
        VALUES ($1, $2, $3, $4, $5)";
    conn.execute(END, args![registered_no, version, now, STILL]).await?;
    if stage.is_active() {
        conn.execute(BEGIN, args![registered_no, stage.number(), version, now, STILL]).await?;
    }
    Ok(())
}

/// Notes that all versions of a model but one are out of a stage from now on.
pub async fn end_others(conn: &mut Conn, registered_no: i64, stage: Stage, version: i64, now: i64) -> Result<()> {
    const SQL: &str = "UPDATE stage_spans SET until = $4
        WHERE registered_no = $1 AND stage = $2 AND until = $5 AND version <> $3";
    conn.execute(SQL, args![registered_no, stage.number(), version, now, STILL]).await.map(drop)
}

/// Notes that a model's versions are in no stage from now on.
pub async fn end_stages(conn: &mut Conn, registered_no: i64, now: i64) -> Result<()> {
    const SQL: &str = "UPDATE stage_spans SET until = $2 WHERE registered_no = $1 AND stage IN (1, 2) AND until = $3";
    conn.execute(SQL, args![registered_no, now, STILL]).await.map(drop)
}

/// Notes that a model's versions in use are in their stages again from now on.
pub async fn begin_stages(conn: &mut Conn, registered_no: i64, now: i64) -> Result<()> {
    const SQL: [&str; 2] = by_stage!(
        "INSERT INTO stage_spans (registered_no, stage, version, since, until)
        SELECT registered_no, stage, version, CAST($2 AS BIGINT), CAST($3 AS BIGINT) FROM model_versions",
        " WHERE registered_no = $1 AND stage IN (1, 2) AND deleted_at IS NULL"
    );
    conn.execute(conn.pick(SQL[0], SQL[1]), args![registered_no, now, STILL]).await.map(drop)
}

/// The versions that were in a stage at a time, the highest first.
pub async fn stage_at(
    conn: &mut Conn,
    registered_no: i64,
    stage: Stage,
    time: i64,
    limit: i64,
) -> Result<Vec<StageSpan>> {
    let rows: Vec<SpanRow> = conn.fetch_all(STAGE_AT, args![registered_no, stage.number(), time, limit]).await?;
    let span = |row: SpanRow| StageSpan {
        version: row.version,
        since: row.since,
        until: (row.until != STILL).then_some(row.until),
    };
    Ok(rows.into_iter().map(span).collect())
}
