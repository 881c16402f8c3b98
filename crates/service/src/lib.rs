//! Every operation of Ferroflow, once, with its rules.
//!
//! The HTTP API and the web UI are two ways to ask for the same operations: both call [`Service`].
//! It validates, opens the transaction, calls `store` and `artifacts`, and answers with the domain's entities.

mod aliases;
mod artifact_files;
mod clock;
mod errors;
mod experiments;
mod logged_models;
mod metrics;
mod model_files;
mod model_versions;
mod proxy;
mod registered_models;
mod runs;
mod tags;

use std::sync::Arc;

pub use artifact_files::ArtifactListing;
pub use artifacts::{ByteRange, Download, FileInfo, Upload};
pub use clock::{Clock, Entropy, SystemClock, SystemEntropy};
pub use experiments::{NewExperiment, SearchExperiments};
pub use logged_models::{LoggedModelDataset, LoggedModelOrder, NewLoggedModel, SearchLoggedModels};
pub use metrics::{HistoryBulk, HistoryInterval, HistoryPage};
pub use model_versions::{NewModelVersion, SearchModelVersions};
pub use registered_models::{NewRegisteredModel, SearchRegisteredModels};
pub use runs::{LogBatch, LogInputs, LogMetric, NewRun, RunModel, RunUpdate, SearchRuns};

use domain::{Error, Result};

/// How the server was told to keep artifacts.
#[derive(Clone, Debug)]
pub struct ArtifactConfig {
    /// Root of new experiments' locations, such as `mlflow-artifacts:/` or `s3://bucket/path`.
    pub default_root: String,
    /// Where the proxy's artifacts really are: a folder, `file:` or `s3:` URI.
    pub destination: String,
    /// Whether the proxy (`mlflow-artifacts:`) is on.
    pub serve: bool,
}

/// The operations. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

struct Inner {
    store: store::Store,
    artifacts: artifacts::Artifacts,
    config: ArtifactConfig,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Service {
    /// Puts the floors together.
    pub fn new(
        store: store::Store,
        artifacts: artifacts::Artifacts,
        config: ArtifactConfig,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { inner: Arc::new(Inner { store, artifacts, config, clock, entropy }) }
    }

    /// How artifacts are kept.
    pub fn artifact_config(&self) -> &ArtifactConfig {
        &self.inner.config
    }

    /// Fails with `TEMPORARILY_UNAVAILABLE` when the database doesn't answer.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.inner.store.ping().await.map_err(errors::from_store)?)
    }

    fn now(&self) -> domain::Millis {
        self.inner.clock.now()
    }
}
