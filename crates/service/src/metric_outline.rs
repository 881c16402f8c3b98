//! Histories for drawing.

use domain::Result;
use domain::metrics::Metric;

use crate::errors::from_store;
use crate::{Service, boxed};

impl Service {
    /// A metric's history, thinned to the lowest, highest and last point of each of `buckets` stretches, and how many
    /// points it has in all. An unknown run or metric has none.
    #[boxed]
    pub async fn metric_outline(&self, run_id: &str, metric_key: &str, buckets: usize) -> Result<(Vec<Metric>, u64)> {
        let buckets = i64::try_from(buckets.max(1)).unwrap_or(i64::MAX);
        let mut conn = self.inner.store.scan().await.map_err(from_store)?;
        let (points, total) =
            store::metric_outline::outline(&mut conn, run_id, metric_key, buckets).await.map_err(from_store)?;
        Ok((points, total.unsigned_abs()))
    }
}
