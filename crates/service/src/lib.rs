//! Every operation of Ferroflow, once, with its rules.
//!
//! The HTTP API and the web UI are two ways to ask for the same operations: both call [`Service`].
//! It validates, opens the transaction, calls `store` and `artifacts`, and answers with the domain's entities.

mod aliases;
mod archive;
mod artifact_files;
mod clock;
mod comparison;
mod digests;
mod errors;
mod experiments;
mod gc;
mod guards;
mod history;
mod limits;
mod locations;
mod logged_models;
mod metric_history;
mod metric_outline;
mod metrics;
mod model_files;
mod model_versions;
mod paging;
mod parquet_head;
mod produced;
mod proxy;
mod registered_models;
mod registry_pages;
mod restore;
mod runs;
mod runs_csv;
mod search;
mod settings;
mod sources;
mod tags;
mod verify;
mod version_files;
mod webhooks;

use std::sync::Arc;

pub use archive::Archive;
pub use artifact_files::{ArtifactListing, ArtifactOwner};
pub use artifacts::{Artifacts, ByteRange, Download, FileInfo, Presigned, S3Options, Stat, Upload};
pub use clock::{Clock, Entropy, SystemClock, SystemEntropy};
pub use experiments::{NewExperiment, SearchExperiments};
pub use gc::Gc;
pub use guards::{Signed, signed_by};
pub use history::{HistoryOf, acting_as};
pub use limits::Limits;
pub use locations::ArtifactFile;
pub use logged_models::{LoggedModelDataset, LoggedModelOrder, NewLoggedModel, SearchLoggedModels};
pub use metric_history::{HistoryChunk, HistoryPage, HistoryRest};
pub use metrics::{HistoryBulk, HistoryInterval};
pub use model_versions::{NewModelVersion, SearchModelVersions};
pub use parquet_head::TableHead;
pub use registered_models::{NewRegisteredModel, SearchRegisteredModels};
pub use registry_pages::VersionList;
pub use runs::{LogBatch, LogInputs, LogMetric, NewRun, RunModel, RunUpdate, SearchRuns};
pub use runs_csv::RunsCsv;
pub use verify::{Finding, Verified, Verify};
pub use webhooks::{NewWebhook, Resolver, SystemResolver, WebhookChange, WebhookConfig};

pub use store::{OpenError, Options as StoreOptions, Store, redact};

/// Puts an operation's future on the heap, where it is made: callers know its type by name only, and need not compile what
/// the operation does, down to the drivers of the databases, once more each.
use async_recursion::async_recursion as boxed;
use domain::Result;

/// How the server was told to keep artifacts.
#[derive(Clone, Debug)]
pub struct ArtifactConfig {
    /// Root of new experiments' locations, such as `mlflow-artifacts:/` or `s3://bucket/path`.
    pub default_root: String,
    /// Where the proxy's artifacts really are: a folder, `file:` or `s3:` URI.
    pub destination: String,
    /// Whether the proxy (`mlflow-artifacts:`) is on.
    pub serve: bool,
    /// Schemes that may address hosts other than those above (`MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES`).
    pub allowed_schemes: Vec<String>,
}

/// The operations. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    store: store::Store,
    artifacts: artifacts::Artifacts,
    config: ArtifactConfig,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    source_pattern: Option<regex::Regex>,
    limits: Limits,
    webhooks: webhooks::Webhooks,
    may_remove: bool,
    gc_job: gc::Job,
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
        let webhooks = webhooks::Webhooks::default();
        Self {
            inner: Arc::new(Inner {
                store,
                artifacts,
                config,
                clock,
                entropy,
                source_pattern: None,
                limits: Limits::default(),
                webhooks,
                may_remove: false,
                gc_job: gc::Job::default(),
            }),
        }
    }

    /// How artifacts are kept.
    pub fn artifact_config(&self) -> &ArtifactConfig {
        &self.inner.config
    }

    /// Fails with `TEMPORARILY_UNAVAILABLE` when the database doesn't answer.
    #[boxed]
    pub async fn ping(&self) -> Result<()> {
        self.inner.store.ping().await.map_err(errors::from_store)
    }

    /// The time, for what is asked for relative to it.
    pub fn now(&self) -> domain::Millis {
        self.inner.clock.now()
    }
}
