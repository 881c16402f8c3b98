//! Searching registered models.

use domain::registered_models::RegisteredModel;
use domain::search::registered_models::{parse_filter, parse_order};
use domain::{Error, Page, Result};
use store::search::registered_models as rows;

use super::{Asked, out_of_bounds};
use crate::errors::from_store;
use crate::{SearchRegisteredModels, Service, boxed};

const DEFAULT_RESULTS: i64 = 100;
/// Largest page.
const MAX_RESULTS: i64 = 1_000;

impl Service {
    /// A page of registered models.
    #[boxed]
    pub async fn search_registered_models(&self, search: SearchRegisteredModels) -> Result<Page<RegisteredModel>> {
        let size = search.max_results.unwrap_or(DEFAULT_RESULTS);
        if size > MAX_RESULTS {
            return Err(out_of_bounds(size));
        }
        if size < 0 {
            return Err(Error::invalid(format!(
                "Invalid value {size} for parameter 'max_results' supplied. It must not be negative"
            )));
        }
        let filter = parse_filter(search.filter.as_deref())?;
        let order = parse_order(&search.order_by)?;
        let asked = Asked::new(search.page_token.as_deref(), size)?;
        if size == 0 {
            return Ok(Page::default());
        }
        let mut conn = self.inner.store.scan().await.map_err(from_store)?;
        let found = rows::page(&mut conn, &filter, &order, &asked.window()).await.map_err(from_store)?;
        let page = asked.page(found, |last| rows::place(&order, last));
        let items = store::registered_models::load(&mut conn, page.items).await.map_err(from_store)?;
        Ok(Page { items, next_page_token: page.next_page_token })
    }
}
