//! Histories of metrics over HTTP.

use std::io;

use axum::extract::State;
use domain::Error;
use futures::{FutureExt, Stream, future, stream};
use service::{HistoryBulk, HistoryChunk, HistoryInterval, HistoryPage, Service};

use crate::error::ApiError;
use crate::request::{Params, refused};
use crate::response::{Answer, list, list_part, page, streamed, value};
use crate::wire::List;

/// Most runs of one thinned-out history.
const MAX_INTERVAL_RUNS: usize = 100;
/// Most points of each run in a thinned-out history.
const MAX_INTERVAL_POINTS: i64 = 2_500;

pub(crate) async fn get_history(State(service): State<Service>, mut params: Params) -> Answer {
    let history = HistoryPage {
        run_id: params.run_id()?,
        metric_key: params.required_string("metric_key")?,
        page_token: params.string("page_token")?,
        max_results: params.int64("max_results")?,
    };
    let chunk = service.metric_history(history).await?;
    match chunk.rest {
        None => page("metrics", &chunk.points),
        Some(_) => Ok(streamed(chunks(chunk))),
    }
}

/// A long history's JSON. A chunk is read when the one before it was taken; a store that fails meanwhile breaks it off.
fn chunks(first: HistoryChunk) -> impl Stream<Item = io::Result<Vec<u8>>> {
    let first = future::ready(Ok(first)).boxed();
    stream::try_unfold((Some(first), true), |(next, is_first)| async move {
        let Some(next) = next else { return Ok(None) };
        let HistoryChunk { points, rest } = next.await.map_err(|error: Error| {
            tracing::warn!(%error, "a history broke off");
            io::Error::other(error.message)
        })?;
        let bytes = list_part("metrics", &points, is_first, rest.is_none())?;
        Ok(Some((bytes, (rest.map(|rest| rest.read().boxed()), false))))
    })
}

/// The one endpoint whose empty list is written.
pub(crate) async fn get_history_bulk(State(service): State<Service>, mut params: Params) -> Answer {
    let run_ids = params.strings("run_id")?;
    let metric_key = params.string("metric_key")?;
    let max_results = params.int64("max_results")?;
    // The rule about runs comes first, and is the operation's.
    if metric_key.is_none() && !run_ids.is_empty() {
        return Err(ApiError::invalid("GetMetricHistoryBulk request must specify a metric_key."));
    }
    let bulk = HistoryBulk { run_ids, metric_key: metric_key.unwrap_or_default(), max_results };
    value("metrics", &List(&service.metric_history_bulk(bulk).await?))
}

pub(crate) async fn get_history_bulk_interval(State(service): State<Service>, mut params: Params) -> Answer {
    let run_ids = params.required_strings("run_ids")?;
    if run_ids.len() > MAX_INTERVAL_RUNS {
        return Err(refused(&format!(
            "GetMetricHistoryBulkInterval request must specify at most {MAX_INTERVAL_RUNS} run_ids. Received {} run_ids.",
            run_ids.len()
        )));
    }
    let interval = HistoryInterval {
        run_ids,
        metric_key: params.required_string("metric_key")?,
        start_step: params.int64("start_step")?,
        end_step: params.int64("end_step")?,
        max_results: params.int64("max_results")?,
    };
    if interval.max_results.is_some_and(|n| !(1..=MAX_INTERVAL_POINTS).contains(&n)) {
        return Err(refused(&format!("max_results must be between 1 and {MAX_INTERVAL_POINTS}.")));
    }
    list("metrics", &service.metric_history_interval(interval).await?)
}
