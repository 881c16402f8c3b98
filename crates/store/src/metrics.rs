//! Metric points: each run's history, and the latest point of each metric.

mod history;
mod models;
mod sample;

use std::collections::HashMap;

use domain::metrics::Metric;
use sqlx::PgConnection;

pub use history::{HistoryPoint, HistoryStart, history};
pub use models::{ModelPoint, insert_for_models, model_numbers};
pub use sample::sample;

use crate::runs::{self, RunState};
use crate::sqlite::FromSqlite;
use crate::{Conn, Dialect, Result, args};

/// A point of a metric, as its tables have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The run's number.
    pub run_no: i64,
    /// The metric's number.
    pub key_no: i64,
    /// When it was measured.
    pub timestamp: i64,
    /// The training step.
    pub step: i64,
    /// The value; 0 where it is not a number.
    pub value: f64,
    /// Whether it is not a number.
    pub is_nan: bool,
}

impl FromSqlite for Point {
    fn from_sqlite(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            run_no: row.get(0)?,
            key_no: row.get(1)?,
            timestamp: row.get(2)?,
            step: row.get(3)?,
            value: row.get(4)?,
            is_nan: row.get(5)?,
        })
    }
}

impl Point {
    /// A metric's point in the form in which it is kept: infinities become the greatest numbers there are, and a
    /// missing number a zero with a flag, as in MLflow.
    pub fn new(run_no: i64, key_no: i64, metric: &Metric) -> Self {
        let (value, is_nan) = storable(metric.value);
        Self { run_no, key_no, timestamp: metric.timestamp, step: metric.step, value, is_nan }
    }

    /// The point under its metric's name.
    pub fn into_metric(self, key: String) -> Metric {
        let value = if self.is_nan { f64::NAN } else { self.value };
        Metric { key, value, timestamp: self.timestamp, step: self.step }
    }

    /// MLflow's order: the greatest is the latest.
    fn is_later_than(&self, other: &Self) -> bool {
        (self.step, self.timestamp, self.value) > (other.step, other.timestamp, other.value)
    }
}

/// The value as it is kept, and whether it is not a number.
fn storable(value: f64) -> (f64, bool) {
    if value.is_nan() {
        (0.0, true)
    } else {
        // Adding zero makes one of the two zeros, which SQLite does anyway.
        (value.clamp(f64::MIN, f64::MAX) + 0.0, false)
    }
}

/// Logs one point to a run if the run is active, in one statement; the point's `run_no` is not looked at.
/// Answers with the run's state, `None` if it is unknown.
pub async fn insert_one(tx: &mut Conn, run_id: &str, point: &Point) -> Result<Option<RunState>> {
    const POSTGRES: &str = "
        WITH run AS (SELECT run_no, experiment_id, deleted_at FROM runs WHERE run_id = $1),
        point AS (
            INSERT INTO metric_points (run_no, key_no, timestamp, step, value, is_nan)
            SELECT run_no, $2, $3, $4, $5, $6 FROM run WHERE deleted_at IS NULL
            ON CONFLICT DO NOTHING),
        latest AS (
            INSERT INTO latest_metrics AS l (run_no, key_no, timestamp, step, value, is_nan)
            SELECT run_no, $2, $3, $4, $5, $6 FROM run WHERE deleted_at IS NULL
            ON CONFLICT (run_no, key_no) DO UPDATE SET timestamp = excluded.timestamp, step = excluded.step,
                value = excluded.value, is_nan = excluded.is_nan
            WHERE (excluded.step, excluded.timestamp, excluded.value) > (l.step, l.timestamp, l.value))
        SELECT run_no, experiment_id, deleted_at FROM run";
    if tx.dialect() == Dialect::Postgres {
        let values = args![run_id, point.key_no, point.timestamp, point.step, point.value, point.is_nan];
        return tx.fetch_optional(POSTGRES, values).await;
    }
    let state = runs::state(tx, run_id).await?;
    if let Some(state) = state.filter(|state| state.deleted_at.is_none()) {
        insert(tx, vec![Point { run_no: state.run_no, ..*point }]).await?;
    }
    Ok(state)
}

/// Logs points, of one run or several. Exact repeats are dropped; the latest point of each metric is kept at hand.
pub async fn insert(tx: &mut Conn, mut points: Vec<Point>) -> Result<()> {
    if points.is_empty() {
        return Ok(());
    }
    let latest = latest_of(&points);
    // Rows are always taken in the same order, so that two writers can't wait for each other in a circle.
    points.sort_unstable_by(|a, b| {
        (a.run_no, a.key_no, a.timestamp, a.step, a.is_nan)
            .cmp(&(b.run_no, b.key_no, b.timestamp, b.step, b.is_nan))
            .then(a.value.total_cmp(&b.value))
    });
    match tx {
        Conn::Postgres(c) => insert_postgres(c, &points, &latest).await,
        Conn::Sqlite(c) => {
            const POINTS: &str = "INSERT INTO metric_points (run_no, key_no, timestamp, step, value, is_nan) \
                VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
            const LATEST: &str = "INSERT INTO latest_metrics AS l (run_no, key_no, timestamp, step, value, is_nan) \
                VALUES ($1, $2, $3, $4, $5, $6) \
                ON CONFLICT (run_no, key_no) DO UPDATE SET timestamp = excluded.timestamp, \
                step = excluded.step, value = excluded.value, is_nan = excluded.is_nan \
                WHERE (excluded.step, excluded.timestamp, excluded.value) > (l.step, l.timestamp, l.value)";
            for (sql, rows) in [(POINTS, points), (LATEST, latest)] {
                let rows = rows.iter().map(|p| args![p.run_no, p.key_no, p.timestamp, p.step, p.value, p.is_nan]);
                c.execute_each(sql, rows)?;
            }
            Ok(())
        }
    }
}

/// The latest point of each run and metric, sorted; of equals the first.
fn latest_of(points: &[Point]) -> Vec<Point> {
    let mut latest: HashMap<(i64, i64), Point> = HashMap::new();
    for point in points {
        latest
            .entry((point.run_no, point.key_no))
            .and_modify(|p| {
                if point.is_later_than(p) {
                    *p = *point;
                }
            })
            .or_insert(*point);
    }
    let mut latest: Vec<Point> = latest.into_values().collect();
    latest.sort_unstable_by_key(|p| (p.run_no, p.key_no));
    latest
}

async fn insert_postgres(conn: &mut PgConnection, points: &[Point], latest: &[Point]) -> Result<()> {
    const SQL: &str = "
        WITH point AS (
            INSERT INTO metric_points (run_no, key_no, timestamp, step, value, is_nan)
            SELECT * FROM UNNEST($1, $2, $3, $4, $5, $6)
            ON CONFLICT DO NOTHING),
        latest AS (
            INSERT INTO latest_metrics AS l (run_no, key_no, timestamp, step, value, is_nan)
            SELECT * FROM UNNEST($7, $8, $9, $10, $11, $12)
            ON CONFLICT (run_no, key_no) DO UPDATE SET timestamp = excluded.timestamp, step = excluded.step,
                value = excluded.value, is_nan = excluded.is_nan
            WHERE (excluded.step, excluded.timestamp, excluded.value) > (l.step, l.timestamp, l.value))
        SELECT 1";
    let mut query = sqlx::query(SQL);
    for rows in [points, latest] {
        query = query
            .bind(rows.iter().map(|p| p.run_no).collect::<Vec<_>>())
            .bind(rows.iter().map(|p| p.key_no).collect::<Vec<_>>())
            .bind(rows.iter().map(|p| p.timestamp).collect::<Vec<_>>())
            .bind(rows.iter().map(|p| p.step).collect::<Vec<_>>())
            .bind(rows.iter().map(|p| p.value).collect::<Vec<_>>())
            .bind(rows.iter().map(|p| p.is_nan).collect::<Vec<_>>());
    }
    query.execute(conn).await?;
    Ok(())
}
