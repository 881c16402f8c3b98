//! Searching runs, counting them, and listing the datasets that they read.

use domain::experiments::ExperimentId;
use domain::runs::{DatasetSummary, Run};
use domain::search::runs::{parse_filter, parse_order};
use domain::{Error, Page, Result};
use store::search::runs::{self as rows, RunSearch};

use super::{Asked, check_size, experiment_ids, out_of_bounds};
use crate::errors::from_store;
use crate::{SearchRuns, Service, boxed};

/// Largest page.
const MAX_RESULTS: i64 = 50_000;
/// Most experiments whose datasets are listed at once.
const MAX_DATASET_EXPERIMENTS: usize = 20;

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
    #[boxed]
    pub async fn search_runs(&self, search: SearchRuns) -> Result<Page<Run>> {
        let size = search.max_results;
        if size > MAX_RESULTS {
            return Err(out_of_bounds(size));
        }
        check_size(size, MAX_RESULTS)?;
        let wanted = parse(&search)?;
        let asked = Asked::new(search.page_token.as_deref(), size)?;
        if wanted.experiments.is_empty() {
            return Ok(Page::default());
        }
        let store = &self.inner.store;
        let mut conn = store.scan().await.map_err(from_store)?;
        let found = rows::page(&mut conn, store.keys(), &wanted, &asked.window()).await.map_err(from_store)?;
        let page = asked.page(found, |last| rows::place(&wanted.order, last));
        let found = page.items.into_iter().map(|placed| placed.row).collect();
        let items = store::runs::load(&mut conn, store.keys(), found, false).await.map_err(from_store)?;
        Ok(Page { items, next_page_token: page.next_page_token })
    }

    /// How many runs a search finds in all, on every page.
    #[boxed]
    pub async fn count_runs(&self, search: &SearchRuns) -> Result<u64> {
        let wanted = parse(search)?;
        if wanted.experiments.is_empty() {
            return Ok(0);
        }
        let store = &self.inner.store;
        let mut conn = store.scan().await.map_err(from_store)?;
        rows::count(&mut conn, store.keys(), &wanted).await.map_err(from_store)
    }

    /// The datasets that an experiment's runs read, at most 1,000.
    #[boxed]
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
        let mut conn = self.inner.store.scan().await.map_err(from_store)?;
        store::search::datasets::summaries(&mut conn, &ids).await.map_err(from_store)
    }
}
