//! A metric's history, thinned for drawing.

use domain::metrics::Metric;

use crate::conn::Conn;
use crate::sqlite::row;
use crate::{Result, args};

row! {
    struct Point {
        timestamp: i64,
        step: i64,
        value: f64,
        is_nan: bool,
        total: i64,
    }
}

/// Splits the history into `buckets` stretches of equally many points, in the order in which it was measured, and keeps
/// of each its lowest, highest and last point, so that no spike disappears; with the number of points before that.
/// Ordered by step, timestamp and value.
///
/// The points are read in the order of their primary key, so that nothing has to be sorted to number them; both databases
/// aggregate each bucket in one go, each in its own way of keeping the row that an extreme stands in.
pub async fn outline(conn: &mut Conn, run_id: &str, key: &str, buckets: i64) -> Result<(Vec<Metric>, i64)> {
    macro_rules! points {
        () => {
            "FROM metric_points
             WHERE run_no = (SELECT run_no FROM runs WHERE run_id = $1)
               AND key_no = (SELECT key_no FROM keys WHERE name = $2)"
        };
    }
    // The count comes first and on its own: a table that is named twice would be copied, and have no order.
    macro_rules! numbered {
        () => {
            concat!(
                "WITH size AS (SELECT count(*) AS total ",
                points!(),
                "), numbered AS MATERIALIZED (
                    SELECT timestamp, step, value, is_nan, i, i * $3 / total AS bucket, total
                    FROM (SELECT timestamp, step, value, is_nan,
                                 row_number() OVER (ORDER BY timestamp, step, value, is_nan) - 1 AS i ",
                points!(),
                ") p CROSS JOIN size) "
            )
        };
    }
    // An extreme and the number of its row as one array, which is compared by its first element first.
    const POSTGRES: &str = concat!(
        numbered!(),
        ", kept AS (
            SELECT unnest(ARRAY[(min(ARRAY[value, i]) FILTER (WHERE NOT is_nan))[2],
                                (max(ARRAY[value, -i]) FILTER (WHERE NOT is_nan))[2] * -1, max(i)]) AS i
            FROM numbered GROUP BY bucket
         )
         SELECT timestamp, step, value, is_nan, total FROM numbered
         WHERE CAST(i AS DOUBLE PRECISION) IN (SELECT i FROM kept)
         ORDER BY step, timestamp, value"
    );
    // Columns beside a lone min() or max() are those of the row that it was found in.
    const SQLITE: &str = concat!(
        numbered!(),
        "SELECT timestamp, step, min(value) AS value, is_nan, total FROM numbered WHERE NOT is_nan GROUP BY bucket
         UNION
         SELECT timestamp, step, max(value), is_nan, total FROM numbered WHERE NOT is_nan GROUP BY bucket
         UNION
         SELECT timestamp, step, value, is_nan, total FROM numbered WHERE bucket <> (i + 1) * $3 / total
         ORDER BY step, timestamp, value"
    );
    let sql = conn.pick(POSTGRES, SQLITE);
    let rows: Vec<Point> = conn.fetch_all(sql, args![run_id, key, buckets]).await?;
    let total = rows.first().map_or(0, |r| r.total);
    let metric = |p: Point| Metric {
        key: key.to_owned(),
        value: if p.is_nan { f64::NAN } else { p.value },
        timestamp: p.timestamp,
        step: p.step,
    };
    Ok((rows.into_iter().map(metric).collect(), total))
}
