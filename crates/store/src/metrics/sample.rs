//! Histories, thinned out evenly.

use rusqlite::Connection;
use sqlx::PgConnection;

use super::history::{HistoryPoint, from_columns};
use crate::conn::Args;
use crate::sqlite::{self, FromSqlite};
use crate::{Conn, Result, args};

/// A metric's history by step, timestamp and value, thinned out: the points are cut into `buckets` groups as equal as
/// can be, of which the first ones are the greater, and the first point of each is kept; the very last point of all
/// takes the last place.
///
/// `steps` restricts the history to steps between two, both included.
///
/// Points are counted before they are ordered, so that only those are kept in memory that come back.
pub async fn sample(
    conn: &mut Conn,
    run_no: i64,
    key_no: i64,
    steps: Option<(i64, i64)>,
    buckets: usize,
) -> Result<Vec<HistoryPoint>> {
    let (first, last) = steps.unwrap_or((i64::MIN, i64::MAX));
    match conn {
        Conn::Postgres(c) => sample_postgres(c, [run_no, key_no, first, last], buckets).await,
        Conn::Sqlite(c) => {
            let points = args![run_no, key_no, first, last];
            c.call(move |db| sample_sqlite(db, &points, buckets)).await
        }
    }
}

async fn sample_postgres(conn: &mut PgConnection, points: [i64; 4], buckets: usize) -> Result<Vec<HistoryPoint>> {
    const COUNT: &str =
        "SELECT count(*) FROM metric_points WHERE run_no = $1 AND key_no = $2 AND step BETWEEN $3 AND $4";
    // `IS TRUE` keeps the places a table to look into: as an array they would be gone through for every point, and as a
    // join all points be sorted once more.
    const KEPT: &str = "
        SELECT array_agg(timestamp ORDER BY i), array_agg(step ORDER BY i), array_agg(value ORDER BY i),
               array_agg(is_nan ORDER BY i)
        FROM (SELECT timestamp, step, value, is_nan,
                     row_number() OVER (ORDER BY step, timestamp, value, is_nan) - 1 AS i
              FROM metric_points WHERE run_no = $1 AND key_no = $2 AND step BETWEEN $3 AND $4) numbered
        WHERE (i IN (SELECT UNNEST($5))) IS TRUE";
    let [run_no, key_no, first, last] = points;
    let count = sqlx::query_as(COUNT).bind(run_no).bind(key_no).bind(first).bind(last);
    let (count,): (i64,) = count.fetch_one(&mut *conn).await?;
    let kept: Vec<i64> = kept(count, buckets).collect();
    let query = sqlx::query_as(KEPT).bind(run_no).bind(key_no).bind(first).bind(last).bind(kept);
    Ok(from_columns(query.fetch_one(conn).await?))
}

fn sample_sqlite(db: &Connection, points: &Args, buckets: usize) -> rusqlite::Result<Vec<HistoryPoint>> {
    macro_rules! ordered {
        ($columns:literal, $by:literal) => {
            concat!(
                "SELECT ",
                $columns,
                " FROM metric_points WHERE run_no = $1 AND key_no = $2 AND step BETWEEN $3 AND $4 ORDER BY ",
                $by
            )
        };
    }
    const STEPS: &str = ordered!("step", "timestamp, step, value, is_nan");
    const BY_TIME: &str = ordered!("timestamp, step, value, is_nan", "timestamp, step, value, is_nan");
    const BY_STEP: &str = ordered!("timestamp, step, value, is_nan", "step, timestamp, value, is_nan");
    let _snapshot = db.unchecked_transaction()?;
    let (mut count, mut before, mut in_order) = (0, i64::MIN, true);
    sqlite::visit(db, STEPS, points, |row| {
        let step = row.get(0)?;
        in_order &= before <= step;
        before = step;
        count += 1;
        Ok(true)
    })?;
    let mut wanted = kept(count, buckets).peekable();
    let (mut found, mut place) = (Vec::new(), 0);
    // Steps mostly grow with time, and then nothing has to be sorted.
    sqlite::visit(db, if in_order { BY_TIME } else { BY_STEP }, points, |row| {
        if wanted.next_if_eq(&place).is_some() {
            found.push(HistoryPoint::from_sqlite(row)?);
        }
        place += 1;
        Ok(wanted.peek().is_some())
    })?;
    Ok(found)
}

/// The places of the points that are kept of so many.
fn kept(count: i64, buckets: usize) -> impl Iterator<Item = i64> {
    let buckets = count.min(i64::try_from(buckets).unwrap_or(i64::MAX));
    let (size, greater) = if buckets == 0 { (0, 0) } else { (count / buckets, count % buckets) };
    let first = move |bucket: i64| bucket * size + bucket.min(greater);
    (0..buckets).map(move |bucket| if bucket == buckets - 1 { count - 1 } else { first(bucket) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_bucket_and_the_last_of_all_are_kept() {
        let places = |count, buckets| kept(count, buckets).collect::<Vec<_>>();
        assert_eq!(kept(0, 3).count(), 0);
        assert_eq!(places(2, 3), [0, 1]);
        assert_eq!(places(3, 3), [0, 1, 2]);
        assert_eq!(places(8, 3), [0, 3, 7]);
        assert_eq!(places(20, 5), [0, 4, 8, 12, 19]);
        assert_eq!(places(20, 1), [19]);
    }
}
