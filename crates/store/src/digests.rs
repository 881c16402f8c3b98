//! Digests of stored files, and who is writing which file.
//!
//! A digest tells of the object that is in place. So it goes before the object is replaced ([`begin`]) or removed
//! ([`forget`]), and comes after the new one is there ([`finish`]). Of two writers at the same time there is no telling
//! whose bytes stay; neither records any.

use domain::Millis;
use domain::digest::{FileDigest, ObjectLocation, Sha256};

use crate::sqlite::row;
use crate::{Conn, Result, StoreError, args, bulk};

/// A digest with its object's location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Whose it is.
    pub location: ObjectLocation,
    /// What the bytes were.
    pub digest: FileDigest,
    /// When they were stored.
    pub recorded_at: Millis,
}

/// Who writes an object. Whoever has not said within so many milliseconds that they are done counts as gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// A server, while the bytes pass through it.
    Server {
        /// Milliseconds.
        within: Millis,
    },
    /// Somebody to whom a server gave the permission, whether or not it lives on.
    Outside {
        /// Milliseconds.
        within: Millis,
    },
}

/// A write that has begun.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    /// For [`finish`].
    pub writer_no: i64,
    /// What was known of the object so far.
    pub previous: Option<FileDigest>,
}

row! {
    struct DigestRow {
        location: String,
        sha256: String,
        size: i64,
        recorded_at: i64,
    }
}

impl TryFrom<DigestRow> for Recorded {
    type Error = StoreError;

    fn try_from(row: DigestRow) -> Result<Self> {
        Ok(Self {
            location: ObjectLocation::from_kept(row.location),
            digest: digest(&row.sha256, row.size)?,
            recorded_at: row.recorded_at,
        })
    }
}

fn digest(sha256: &str, size: i64) -> Result<FileDigest> {
    let sha256: Sha256 = sha256.parse().map_err(|cause| StoreError::Database(Box::new(cause)))?;
    Ok(FileDigest { sha256, size: u64::try_from(size).unwrap_or_default() })
}

/// Waits for whoever else decides about this object; until the transaction ends nobody else does.
async fn lock(tx: &mut Conn, location: &ObjectLocation) -> Result<()> {
    // SQLite has one writer.
    if let Conn::Postgres(_) = tx {
        tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", args![location.as_str()]).await?;
    }
    Ok(())
}

/// Forgets an object's digest, because someone is about to write it.
pub async fn begin(tx: &mut Conn, location: &ObjectLocation, now: Millis, writer: Writer) -> Result<Begun> {
    const FORGET: &str = "DELETE FROM artifact_digests WHERE location = $1 RETURNING sha256, size";
    const EXPIRED: &str = "DELETE FROM artifact_writers WHERE expires <= $1";
    const CONTEST: &str = "UPDATE artifact_writers SET contested = TRUE WHERE location = $1";
    const BEGIN: &str = "INSERT INTO artifact_writers (location, expires, contested, outside) \
                         VALUES ($1, $2, $3, $4) RETURNING writer_no";
    let (within, outside) = match writer {
        Writer::Server { within } => (within, false),
        Writer::Outside { within } => (within, true),
    };
    lock(tx, location).await?;
    let previous: Option<(String, i64)> = tx.fetch_optional(FORGET, args![location.as_str()]).await?;
    tx.execute(EXPIRED, args![now]).await?;
    let others = tx.execute(CONTEST, args![location.as_str()]).await?;
    let (writer_no,): (i64,) =
        tx.fetch_one(BEGIN, args![location.as_str(), now.saturating_add(within), others > 0, outside]).await?;
    let previous = previous.map(|(sha256, size)| digest(&sha256, size)).transpose()?;
    Ok(Begun { writer_no, previous })
}

/// Ends the writes of servers, which are all gone. Answers how many there were.
pub async fn end_of_servers(tx: &mut Conn) -> Result<u64> {
    tx.execute("DELETE FROM artifact_writers WHERE NOT outside", args![]).await
}

/// Ends a write. Records the digest, if one is given and nobody else can have written the object in the meantime;
/// answers whether it did.
pub async fn finish(
    tx: &mut Conn,
    location: &ObjectLocation,
    writer_no: i64,
    digest: Option<FileDigest>,
    now: Millis,
) -> Result<bool> {
    const END: &str = "DELETE FROM artifact_writers WHERE writer_no = $1 RETURNING contested";
    const RECORD: &str = "INSERT INTO artifact_digests (location, sha256, size, recorded_at) VALUES ($1, $2, $3, $4) \
                          ON CONFLICT (location) DO UPDATE SET sha256 = excluded.sha256, size = excluded.size, \
                          recorded_at = excluded.recorded_at";
    lock(tx, location).await?;
    let writer: Option<(bool,)> = tx.fetch_optional(END, args![writer_no]).await?;
    let (Some(digest), Some((false,))) = (digest, writer) else { return Ok(false) };
    let size = i64::try_from(digest.size).unwrap_or(i64::MAX);
    tx.execute(RECORD, args![location.as_str(), digest.sha256.to_string(), size, now]).await?;
    Ok(true)
}

/// Forgets the digests of an object and of all that lies in it as in a folder; those who are writing any of it will
/// record none.
pub async fn forget(tx: &mut Conn, location: &ObjectLocation) -> Result<()> {
    let (from, to) = location.inside();
    for sql in [
        "DELETE FROM artifact_digests WHERE location = $1",
        "UPDATE artifact_writers SET contested = TRUE WHERE location = $1",
    ] {
        tx.execute(sql, args![location.as_str()]).await?;
    }
    for sql in [
        "DELETE FROM artifact_digests WHERE location >= $1 AND location < $2",
        "UPDATE artifact_writers SET contested = TRUE WHERE location >= $1 AND location < $2",
    ] {
        tx.execute(sql, args![from.as_str(), to.as_str()]).await?;
    }
    Ok(())
}

/// What is recorded of these objects, in no particular order.
pub async fn find(conn: &mut Conn, locations: &[ObjectLocation]) -> Result<Vec<Recorded>> {
    if locations.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<DigestRow> = bulk::fetch_set(
        conn,
        "SELECT location, sha256, size, recorded_at FROM artifact_digests WHERE location = ANY($1)",
        "SELECT location, sha256, size, recorded_at FROM artifact_digests
         WHERE location IN (SELECT value FROM json_each($1))",
        locations.iter().map(|location| location.as_str().to_owned()).collect(),
    )
    .await?;
    rows.into_iter().map(Recorded::try_from).collect()
}

/// A page of experiments' artifact locations, with the experiments' numbers, in their order.
pub async fn roots(conn: &mut Conn, after: i64, limit: i64) -> Result<Vec<(i64, String)>> {
    const SQL: &str = "SELECT experiment_id, artifact_location FROM experiments
        WHERE experiment_id > $1 ORDER BY experiment_id LIMIT $2";
    conn.fetch_all(SQL, args![after, limit]).await
}

/// A page of what is recorded, sorted by location: what comes after `after` and, if given, before `before`.
pub async fn page(conn: &mut Conn, after: &str, before: Option<&str>, limit: i64) -> Result<Vec<Recorded>> {
    const ALL: &str = "SELECT location, sha256, size, recorded_at FROM artifact_digests
        WHERE location > $1 ORDER BY location LIMIT $2";
    const SOME: &str = "SELECT location, sha256, size, recorded_at FROM artifact_digests
        WHERE location > $1 AND location < $3 ORDER BY location LIMIT $2";
    let rows: Vec<DigestRow> = match before {
        Some(before) => conn.fetch_all(SOME, args![after, limit, before]).await?,
        None => conn.fetch_all(ALL, args![after, limit]).await?,
    };
    rows.into_iter().map(Recorded::try_from).collect()
}
