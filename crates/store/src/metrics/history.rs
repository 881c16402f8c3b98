//! Histories: all points of one metric of one run.
//!
//! Postgres sends them by the thousand in one row: a row's way through its driver costs more than its bytes.

use super::storable;
use crate::sqlite::FromSqlite;
use crate::{Conn, Result, args};

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

pub(super) type Columns = (Option<Vec<i64>>, Option<Vec<i64>>, Option<Vec<f64>>, Option<Vec<bool>>);

pub(super) fn from_columns((timestamps, steps, values, nans): Columns) -> Vec<HistoryPoint> {
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

/// Where points of a history are read from.
#[derive(Clone, Copy, Debug, Default)]
pub struct HistoryStart {
    /// After this point, be it still there or not; `None` for the first of all.
    pub after: Option<HistoryPoint>,
    /// How many further points are passed over, one by one.
    pub offset: i64,
}

/// A metric's history by timestamp, step and value (where NaN counts as 0): at most `limit` points, all of them in
/// memory at once.
pub async fn history(
    conn: &mut Conn,
    run_no: i64,
    key_no: i64,
    start: HistoryStart,
    limit: i64,
) -> Result<Vec<HistoryPoint>> {
    macro_rules! points {
        () => {
            "SELECT timestamp, step, value, is_nan FROM metric_points
             WHERE run_no = $1 AND key_no = $2 AND (timestamp, step, value, is_nan) > ($3, $4, $5, $6)
             ORDER BY timestamp, step, value, is_nan LIMIT $7 OFFSET $8"
        };
    }
    const POSTGRES: &str = concat!(
        "SELECT array_agg(timestamp), array_agg(step), array_agg(value), array_agg(is_nan) FROM (",
        points!(),
        ") p"
    );
    let (timestamp, step, (value, is_nan)) = match start.after {
        Some(point) => (point.timestamp, point.step, storable(point.value)),
        // No point has such a time.
        None => (i64::MIN, i64::MIN, (0.0, false)),
    };
    match conn {
        Conn::Postgres(c) => {
            let query = sqlx::query_as(POSTGRES).bind(run_no).bind(key_no).bind(timestamp).bind(step).bind(value);
            let query = query.bind(is_nan).bind(limit).bind(start.offset);
            Ok(from_columns(query.fetch_one(&mut **c).await?))
        }
        Conn::Sqlite(c) => {
            c.fetch_all(points!(), args![run_no, key_no, timestamp, step, value, is_nan, limit, start.offset]).await
        }
    }
}
