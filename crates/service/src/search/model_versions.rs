//! Searching versions of registered models.

use domain::model_versions::ModelVersion;
use domain::search::model_versions::{parse_filter, parse_order};
use domain::{Error, Page, Result};
use store::search::model_versions as rows;

use super::{Asked, out_of_bounds};
use crate::errors::from_store;
use crate::{SearchModelVersions, Service, boxed};

/// Largest page, and the page of a search that does not say.
const MAX_RESULTS: i64 = 200_000;

impl Service {
    /// A page of versions, without their aliases.
    #[boxed]
    pub async fn search_model_versions(&self, search: SearchModelVersions) -> Result<Page<ModelVersion>> {
        let size = search.max_results.unwrap_or(MAX_RESULTS);
        if size < 1 {
            return Err(Error::invalid(format!(
                "Invalid value for max_results. It must be a positive integer, but got {size}"
            )));
        }
        if size > MAX_RESULTS {
            return Err(out_of_bounds(size));
        }
        let filter = parse_filter(search.filter.as_deref())?;
        let order = parse_order(&search.order_by)?;
        let asked = Asked::new(search.page_token.as_deref(), size)?;
        let mut conn = self.inner.store.scan().await.map_err(from_store)?;
        let found = rows::page(&mut conn, &filter, &order, &asked.window()).await.map_err(from_store)?;
        let page = asked.page(found, |last| rows::place(&filter, &order, last));
        let items = store::model_versions::load(&mut conn, page.items, false).await.map_err(from_store)?;
        Ok(Page { items, next_page_token: page.next_page_token })
    }
}
