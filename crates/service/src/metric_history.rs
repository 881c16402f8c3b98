//! One metric's history, however long, in bounded memory.

use domain::metrics::Metric;
use domain::{Error, Page, Result};
use store::metrics::{self, HistoryPoint, HistoryStart};
use store::search::{Place, Value};
use store::{Conn, runs};

use crate::errors::from_store;
use crate::metrics::metric;
use crate::{Service, boxed, paging};

/// Points that are in memory at a time.
const CHUNK: i64 = 20_000;

/// Asks for a page of one metric's history, ordered by timestamp, step and value.
#[derive(Clone, Debug, Default)]
pub struct HistoryPage {
    /// The run.
    pub run_id: String,
    /// The metric.
    pub metric_key: String,
    /// Page size from 1; `None` for everything.
    pub max_results: Option<i64>,
    /// From the page before; empty means the first.
    pub page_token: Option<String>,
}

/// A part of a page of a history.
pub struct HistoryChunk {
    /// Its points, in order; the token of the next page is the last part's.
    pub points: Page<Metric>,
    /// What the page holds besides, unless this is the last part of it.
    pub rest: Option<HistoryRest>,
}

/// The rest of a page of a history, which is not read yet.
pub struct HistoryRest {
    service: Service,
    key: String,
    cursor: Cursor,
}

/// How far a history is read.
struct Cursor {
    run_no: i64,
    key_no: i64,
    start: HistoryStart,
    /// Points before it, of all pages.
    passed: i64,
    /// Most points that the page still holds.
    left: i64,
}

impl Service {
    /// The beginning of a page of a metric's history, which is all of it unless it is long; an unknown run or key has an
    /// empty one.
    #[boxed]
    pub async fn metric_history(&self, page: HistoryPage) -> Result<HistoryChunk> {
        if let Some(max_results) = page.max_results
            && max_results < 1
        {
            return Err(Error::invalid(format!(
                "Invalid value {max_results} for parameter 'max_results' supplied. It must be a positive integer."
            )));
        }
        let passed = paging::decode(page.page_token.as_deref())?;
        let after = paging::decode_last(page.page_token.as_deref()).and_then(|place| point(&place));
        let start = HistoryStart { after, offset: if after.is_none() { passed } else { 0 } };
        let nothing = HistoryChunk { points: Page::default(), rest: None };
        let mut conn = self.inner.store.read().await.map_err(from_store)?;
        let Some(run) = runs::state(&mut conn, &page.run_id).await.map_err(from_store)? else { return Ok(nothing) };
        let Some(key_no) = self.known_key(&mut conn, &page.metric_key).await? else { return Ok(nothing) };
        let left = page.max_results.unwrap_or(i64::MAX);
        let cursor = Cursor { run_no: run.run_no, key_no, start, passed, left };
        let rest = HistoryRest { service: self.clone(), key: page.metric_key, cursor };
        if start.offset > CHUNK {
            // Only MLflow's own tokens have points counted.
            drop(conn);
            return rest.read().await;
        }
        rest.read_on(&mut conn).await
    }
}

impl HistoryRest {
    /// Reads on. No connection is held until the next time.
    #[boxed]
    pub async fn read(self) -> Result<HistoryChunk> {
        let mut conn = self.service.inner.store.scan().await.map_err(from_store)?;
        self.read_on(&mut conn).await
    }

    async fn read_on(mut self, conn: &mut Conn) -> Result<HistoryChunk> {
        let cursor = &mut self.cursor;
        let size = cursor.left.min(CHUNK);
        let read = metrics::history(conn, cursor.run_no, cursor.key_no, cursor.start, size + 1).await;
        let mut points = read.map_err(from_store)?;
        // The one more says whether something follows.
        let more = points.len() > usize::try_from(size).unwrap_or(usize::MAX) && points.pop().is_some();
        let last = points.last().filter(|_| more).copied();
        let items = points.into_iter().map(|point| metric(&self.key, point)).collect();
        cursor.passed = cursor.passed.saturating_add(size);
        cursor.left -= size;
        Ok(match last {
            None => HistoryChunk { points: Page { items, next_page_token: None }, rest: None },
            Some(last) if cursor.left == 0 => {
                let next_page_token = Some(paging::encode_last(cursor.passed, place(&last)));
                HistoryChunk { points: Page { items, next_page_token }, rest: None }
            }
            Some(last) => {
                cursor.start = HistoryStart { after: Some(last), offset: 0 };
                HistoryChunk { points: Page { items, next_page_token: None }, rest: Some(self) }
            }
        })
    }
}

/// Where a point stands in its history.
fn place(point: &HistoryPoint) -> Place {
    let value = if point.value.is_nan() { Value::Null } else { Value::Number(point.value) };
    vec![Value::Integer(point.timestamp), Value::Integer(point.step), value]
}

/// The point that stands there; `None` if it is a place in something else.
fn point(place: &Place) -> Option<HistoryPoint> {
    let [Value::Integer(timestamp), Value::Integer(step), value] = place.as_slice() else { return None };
    let value = match value {
        Value::Number(value) => *value,
        Value::Null => f64::NAN,
        _ => return None,
    };
    Some(HistoryPoint { timestamp: *timestamp, step: *step, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_found_where_it_stands() {
        for value in [0.1, -2.0, f64::MAX, f64::NAN] {
            let stands = HistoryPoint { timestamp: 7, step: -3, value };
            let found = point(&place(&stands)).unwrap();
            assert_eq!((found.timestamp, found.step, found.value.to_bits()), (7, -3, value.to_bits()));
        }
        assert_eq!(point(&vec![Value::Integer(1), Value::Text("r".into())]), None);
        assert_eq!(point(&vec![Value::Integer(1), Value::Integer(1), Value::Integer(1)]), None);
    }
}
