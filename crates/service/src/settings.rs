//! What a server prepares before it serves, and what it leaves for the commands beside it.

use domain::experiments::ExperimentId;
use domain::{Error, Result};
use store::settings::{self, ARTIFACTS_DESTINATION};
use store::{Dialect, StoreError, digests};

use crate::errors::from_store;
use crate::{Service, boxed};

impl Service {
    /// Makes the database ready for a server: there is the experiment `0`, and it is known where artifacts are.
    #[boxed]
    pub async fn prepare(&self) -> Result<()> {
        self.prepare_experiment(ExperimentId::DEFAULT).await?;
        let store = &self.inner.store;
        let destination = self.inner.config.destination.clone();
        // SQLite has one server: whoever was writing before this one is gone.
        let alone = store.dialect() == Dialect::Sqlite;
        let prepared = store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                if alone {
                    digests::end_of_servers(tx).await?;
                }
                settings::set(tx, ARTIFACTS_DESTINATION, &destination).await
            })
        });
        prepared.await.map_err(from_store)
    }

    /// Refuses an artifacts destination that is not the last server's: what is not found there would count as gone.
    #[boxed]
    pub async fn check_destination(&self) -> Result<()> {
        let mut conn = self.inner.store.look_up().await.map_err(from_store)?;
        let known = settings::get(&mut conn, ARTIFACTS_DESTINATION).await.map_err(from_store)?;
        let given = &self.inner.config.destination;
        match known {
            Some(known) if known != *given => Err(Error::invalid(format!(
                "the server keeps artifacts at {known}, not at {given}: give its --artifacts-destination or, if they have \
                 moved, --artifacts-moved"
            ))),
            _ => Ok(()),
        }
    }
}
