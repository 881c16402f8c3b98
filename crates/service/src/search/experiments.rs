//! Searching experiments.

use domain::experiments::Experiment;
use domain::search::experiments::{default_order, parse_filter, parse_order};
use domain::{Page, Result};
use store::search::experiments as rows;

use super::{Asked, check_size};
use crate::errors::from_store;
use crate::{SearchExperiments, Service, boxed};

/// Largest page.
const MAX_RESULTS: i64 = 50_000;

impl Service {
    /// A page of experiments.
    #[boxed]
    pub async fn search_experiments(&self, search: SearchExperiments) -> Result<Page<Experiment>> {
        let size = search.max_results;
        check_size(size, MAX_RESULTS)?;
        let filter = parse_filter(search.filter.as_deref())?;
        let order = if search.order_by.is_empty() { default_order() } else { parse_order(&search.order_by)? };
        let asked = Asked::new(search.page_token.as_deref(), size)?;
        let mut conn = self.inner.store.scan().await.map_err(from_store)?;
        let found = rows::page(&mut conn, &filter, search.view_type, &order, &asked.window()).await;
        let page = asked.page(found.map_err(from_store)?, |last| rows::place(&order, last));
        let items = store::experiments::load(&mut conn, page.items).await.map_err(from_store)?;
        Ok(Page { items, next_page_token: page.next_page_token })
    }
}
