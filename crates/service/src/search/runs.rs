//! Searching runs, counting them, and listing the datasets that they read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::experiments::ExperimentId;
use domain::runs::{DatasetSummary, Run};
use domain::search::runs::{parse_filter, parse_order};
use domain::{Error, Page, Result};
use serde::{Deserialize, Serialize};
use store::runs::RunRow;
use store::search::runs::{self as rows, RunSearch, Start};

use super::{check_size, experiment_ids, one_more, out_of_bounds};
use crate::errors::from_store;
use crate::{SearchRuns, Service, paging};

/// Largest page.
const MAX_RESULTS: i64 = 50_000;
/// Most experiments whose datasets are listed at once.
const MAX_DATASET_EXPERIMENTS: usize = 20;

/// A page token: MLflow's, and in the default order the last run of the page before. With that, a page neither repeats
/// nor misses a run when others are added, and the last page costs no more than the first.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    offset: i64,
    #[serde(flatten)]
    last: Option<LastRun>,
}

#[derive(Debug, Serialize, Deserialize)]
struct LastRun {
    start_time: i64,
    run_id: String,
}

/// How many runs stand before a page, and where the store starts to read.
fn start(token: Option<&str>, search: &RunSearch) -> Result<(i64, Start)> {
    let offset = paging::decode(token)?;
    let last = token
        .filter(|_| search.is_default_order())
        .and_then(|token| STANDARD.decode(token).ok())
        .and_then(|bytes| serde_json::from_slice::<Token>(&bytes).ok())
        .and_then(|token| token.last);
    let start = match last {
        Some(LastRun { start_time, run_id }) => Start::After { start_time, run_id },
        None => Start::Offset(offset.unsigned_abs()),
    };
    Ok((offset, start))
}

/// The page of `size` runs that starts after `offset`, of runs of which one more than `size` was asked for.
fn page(mut runs: Vec<RunRow>, offset: i64, size: i64, search: &RunSearch) -> Page<RunRow> {
    let fits = usize::try_from(size).unwrap_or(usize::MAX);
    let more = runs.len() > fits;
    runs.truncate(fits);
    let offset = offset.saturating_add(size);
    let next_page_token = match runs.last() {
        Some(last) if more && search.is_default_order() => {
            let last = LastRun { start_time: last.start_time, run_id: last.run_id.clone() };
            serde_json::to_vec(&Token { offset, last: Some(last) }).ok().map(|json| STANDARD.encode(json))
        }
        Some(_) if more => Some(paging::encode(offset)),
        _ => None,
    };
    Page { items: runs, next_page_token }
}

fn parse(search: &SearchRuns) -> Result<RunSearch> {
    Ok(RunSearch {
        filter: parse_filter(search.filter.as_deref())?,
        order: parse_order(&search.order_by)?,
        experiments: experiment_ids(&search.experiment_ids)?,
        view: search.view_type,
    })
}

impl Service {
    /// A page of runs. `inputs.model_inputs` stays empty, as in MLflow.
    pub async fn search_runs(&self, search: SearchRuns) -> Result<Page<Run>> {
        let size = search.max_results;
        if size > MAX_RESULTS {
            return Err(out_of_bounds(size));
        }
        check_size(size, MAX_RESULTS)?;
        let wanted = parse(&search)?;
        let (offset, start) = start(search.page_token.as_deref(), &wanted)?;
        if wanted.experiments.is_empty() {
            return Ok(Page::default());
        }
        let store = &self.inner.store;
        let mut conn = store.read().await.map_err(from_store)?;
        let found = rows::page(&mut conn, store.keys(), &wanted, &start, one_more(size)).await.map_err(from_store)?;
        let page = page(found, offset, size, &wanted);
        let items = store::runs::load(&mut conn, store.keys(), page.items, false).await.map_err(from_store)?;
        Ok(Page { items, next_page_token: page.next_page_token })
    }

    /// How many runs a search finds in all, on every page.
    pub async fn count_runs(&self, search: &SearchRuns) -> Result<u64> {
        let wanted = parse(search)?;
        if wanted.experiments.is_empty() {
            return Ok(0);
        }
        let store = &self.inner.store;
        let mut conn = store.read().await.map_err(from_store)?;
        rows::count(&mut conn, store.keys(), &wanted).await.map_err(from_store)
    }

    /// The datasets that an experiment's runs read, at most 1,000.
    pub async fn search_datasets(&self, experiment_ids: &[String]) -> Result<Vec<DatasetSummary>> {
        if experiment_ids.is_empty() {
            return Err(Error::invalid("SearchDatasets request must specify at least one experiment_id."));
        }
        if experiment_ids.len() > MAX_DATASET_EXPERIMENTS {
            return Err(Error::invalid(format!(
                "SearchDatasets request cannot specify more than {MAX_DATASET_EXPERIMENTS} experiment_ids. Received {} \
                 experiment_ids.",
                experiment_ids.len()
            )));
        }
        let ids = experiment_ids.iter().map(|id| ExperimentId::parse(id)).collect::<Result<Vec<_>>>()?;
        let mut conn = self.inner.store.read().await.map_err(from_store)?;
        store::search::datasets::summaries(&mut conn, &ids).await.map_err(from_store)
    }
}
