//! Histories: all points of one metric of one run.
//!
//! Postgres sends them by the thousand in one row: a row's way through its driver costs more than its bytes.

use crate::sqlite::FromSqlite;
use crate::{Conn, Result, args};

/// Points that are fetched at once: bounds the size of one row.
const CHUNK: i64 = 25_000;

/// A point of a history.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HistoryPoint {
    /// When it was measured.
    pub timestamp: i64,
    /// The training step.
    pub step: i64,
    /// The value; NaN where it is not a number.
    pub value: f64,
}

type Columns = (Option<Vec<i64>>, Option<Vec<i64>>, Option<Vec<f64>>, Option<Vec<bool>>);

fn from_columns((timestamps, steps, values, nans): Columns) -> Vec<HistoryPoint> {
    let values = values.unwrap_or_default().into_iter().zip(nans.unwrap_or_default());
    timestamps
        .unwrap_or_default()
        .into_iter()
        .zip(steps.unwrap_or_default())
        .zip(values)
        .map(|((timestamp, step), (value, is_nan))| HistoryPoint {
            timestamp,
            step,
            value: if is_nan { f64::NAN } else { value },
        })
        .collect()
}

impl FromSqlite for HistoryPoint {
    fn from_sqlite(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let (value, is_nan): (f64, bool) = (row.get(2)?, row.get(3)?);
        Ok(Self { timestamp: row.get(0)?, step: row.get(1)?, value: if is_nan { f64::NAN } else { value } })
    }
}

/// A metric's history by timestamp, step and value (where NaN counts as 0): at most `limit` points after the first
/// `offset`.
pub async fn history(
    conn: &mut Conn,
    run_no: i64,
    key_no: i64,
    mut offset: i64,
    limit: Option<i64>,
) -> Result<Vec<HistoryPoint>> {
    let mut points = Vec::new();
    let mut left = limit.unwrap_or(i64::MAX);
    loop {
        let size = left.min(CHUNK);
        let mut chunk = history_chunk(conn, run_no, key_no, offset, size).await?;
        let got = i64::try_from(chunk.len()).unwrap_or(i64::MAX);
        points.append(&mut chunk);
        left -= got;
        offset = offset.saturating_add(got);
        if got < size || left == 0 {
            return Ok(points);
        }
    }
}

async fn history_chunk(
    conn: &mut Conn,
    run_no: i64,
    key_no: i64,
    offset: i64,
    limit: i64,
) -> Result<Vec<HistoryPoint>> {
    const POSTGRES: &str = "
        SELECT array_agg(timestamp), array_agg(step), array_agg(value), array_agg(is_nan)
        FROM (SELECT timestamp, step, value, is_nan FROM metric_points WHERE run_no = $1 AND key_no = $2
              ORDER BY timestamp, step, value, is_nan LIMIT $3 OFFSET $4) p";
    const SQLITE: &str = "
        SELECT timestamp, step, value, is_nan FROM metric_points WHERE run_no = $1 AND key_no = $2
        ORDER BY timestamp, step, value, is_nan LIMIT $3 OFFSET $4";
    match conn {
        Conn::Postgres(c) => {
            let query = sqlx::query_as(POSTGRES).bind(run_no).bind(key_no).bind(limit).bind(offset);
            Ok(from_columns(query.fetch_one(&mut **c).await?))
        }
        Conn::Sqlite(c) => c.fetch_all(SQLITE, args![run_no, key_no, limit, offset]).await,
    }
}

/// A metric's history by step, timestamp and value, thinned out: the points are cut into `buckets` groups as equal as
/// can be, of which the first ones are the greater, and the first point of each is kept; the very last point of all
/// takes the last place.
///
/// `steps` restricts the history to steps between two, both included.
pub async fn sample(
    conn: &mut Conn,
    run_no: i64,
    key_no: i64,
    steps: Option<(i64, i64)>,
    buckets: usize,
) -> Result<Vec<HistoryPoint>> {
    // Of n rows in k buckets, the first n % k buckets have n / k + 1 rows: `edge` is where the smaller ones begin.
    macro_rules! kept {
        () => {
            "kept AS (
                SELECT timestamp, step, value, is_nan, i FROM (
                    SELECT timestamp, step, value, is_nan, i, n, n / $5 AS q, (n % $5) * (n / $5 + 1) AS edge
                    FROM (SELECT timestamp, step, value, is_nan, count(*) OVER () AS n,
                                 row_number() OVER (ORDER BY step, timestamp, value, is_nan) - 1 AS i
                          FROM metric_points
                          WHERE run_no = $1 AND key_no = $2 AND step BETWEEN $3 AND $4) numbered) bucketed
                WHERE i = n - 1 OR n <= $5
                   OR (CASE WHEN i < edge THEN i % (q + 1) ELSE (i - edge) % (CASE q WHEN 0 THEN 1 ELSE q END) END) = 0
                ORDER BY i)"
        };
    }
    const POSTGRES: &str = concat!(
        "WITH ",
        kept!(),
        " SELECT array_agg(timestamp ORDER BY i), array_agg(step ORDER BY i), array_agg(value ORDER BY i),
                 array_agg(is_nan ORDER BY i) FROM kept"
    );
    const SQLITE: &str = concat!("WITH ", kept!(), " SELECT timestamp, step, value, is_nan FROM kept ORDER BY i");
    let (first, last) = steps.unwrap_or((i64::MIN, i64::MAX));
    let wanted = i64::try_from(buckets).unwrap_or(i64::MAX);
    let mut points = match conn {
        Conn::Postgres(c) => {
            let query = sqlx::query_as(POSTGRES).bind(run_no).bind(key_no).bind(first).bind(last).bind(wanted);
            from_columns(query.fetch_one(&mut **c).await?)
        }
        Conn::Sqlite(c) => c.fetch_all(SQLITE, args![run_no, key_no, first, last, wanted]).await?,
    };
    if points.len() > buckets {
        points.remove(buckets - 1);
    }
    Ok(points)
}
