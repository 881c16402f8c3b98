//! A metric's history, thinned for drawing.

use domain::metrics::Metric;
use sqlx::FromRow;

use crate::conn::Conn;
use crate::{Result, args};

#[derive(FromRow)]
struct Point {
    timestamp: i64,
    step: i64,
    value: f64,
    is_nan: bool,
    total: i64,
}

/// Splits the history into `buckets` equal stretches along its steps and keeps of each its lowest, highest and last
/// point, so that no spike disappears; with the number of points before that. Ordered by step, timestamp and value.
pub async fn outline(conn: &mut Conn, run_id: &str, key: &str, buckets: i64) -> Result<(Vec<Metric>, i64)> {
    let rows: Vec<Point> = conn
        .fetch_all(
            "WITH points AS (
                SELECT p.timestamp, p.step, p.value, p.is_nan,
                       NTILE(CAST($3 AS INTEGER)) OVER (ORDER BY p.step, p.timestamp, p.value) AS bucket,
                       COUNT(*) OVER () AS total
                FROM metric_points p
                WHERE p.run_no = (SELECT run_no FROM runs WHERE run_id = $1)
                  AND p.key_no = (SELECT key_no FROM keys WHERE name = $2)
             ), marked AS (
                SELECT *,
                       ROW_NUMBER() OVER (PARTITION BY bucket ORDER BY value, step, timestamp) AS lowest,
                       ROW_NUMBER() OVER (PARTITION BY bucket ORDER BY value DESC, step, timestamp) AS highest,
                       ROW_NUMBER() OVER (PARTITION BY bucket ORDER BY step DESC, timestamp DESC, value DESC) AS latest
                FROM points
             )
             SELECT timestamp, step, value, is_nan, total FROM marked
             WHERE lowest = 1 OR highest = 1 OR latest = 1
             ORDER BY step, timestamp, value",
            args![run_id, key, buckets],
        )
        .await?;
    let total = rows.first().map_or(0, |r| r.total);
    let metric = |p: Point| Metric {
        key: key.to_owned(),
        value: if p.is_nan { f64::NAN } else { p.value },
        timestamp: p.timestamp,
        step: p.step,
    };
    Ok((rows.into_iter().map(metric).collect(), total))
}
