//! What the tests of several crates share: databases of their own, a clock and a random source that are exact.
//!
//! The servers come from `scripts/services.sh`, which `make test` runs; `FERROFLOW_TEST_POSTGRES` and
//! `FERROFLOW_TEST_S3_ENDPOINT` say where they are. A missing variable fails the test: nothing is skipped.

mod held;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use domain::metrics::Metric;
use domain::{Page, Result};
use service::{ArtifactConfig, Clock, Entropy, HistoryChunk, HistoryPage, Service};
use sqlx::Connection;
use store::{Options, Store};
use tempfile::TempDir;
use tokio::sync::OnceCell;

pub use held::HeldModel;

/// Which database a test runs on. Use it as an rstest `#[values(Backend::Sqlite, Backend::Postgres)]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file of its own.
    Sqlite,
    /// A database of its own, copied from a migrated template.
    Postgres,
}

/// Where a test keeps files. Use it as an rstest `#[values(Files::Folder, Files::S3)]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// In a folder of its own.
    Folder,
    /// In a bucket of its own on the server that `FERROFLOW_TEST_S3_ENDPOINT` names.
    S3,
}

/// A database that is empty but for its tables.
pub struct TestStore {
    /// The store.
    pub store: Store,
    /// What it was opened with.
    pub options: Options,
    _folder: TempDir,
}

/// The address of the tests' Postgres, without a database name.
pub fn postgres_server() -> String {
    let uri = std::env::var("FERROFLOW_TEST_POSTGRES")
        .expect("FERROFLOW_TEST_POSTGRES names the tests' Postgres, such as postgresql://postgres@127.0.0.1:54999; `make test` sets it");
    uri.trim_end_matches('/').to_owned()
}

static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// Migrates a database once for this process; the others are copies of it.
async fn template(server: &str) -> &'static str {
    TEMPLATE
        .get_or_init(|| async {
            let name = format!("ferroflow_template_{:032x}", rand::random::<u128>());
            create_database(server, &name, "template1").await;
            let store =
                Store::open(&Options { uri: format!("{server}/{name}"), max_connections: 1, sqlite_full_sync: false })
                    .await
                    .expect("the template migrates");
            store.close().await;
            name
        })
        .await
}

async fn create_database(server: &str, name: &str, template: &str) {
    let mut conn =
        sqlx::PgConnection::connect(&format!("{server}/postgres")).await.expect("the tests' Postgres answers");
    let sql = format!("CREATE DATABASE {name} TEMPLATE {template}");
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut conn).await.expect("a database for this test");
}

impl TestStore {
    /// Makes one.
    pub async fn new(backend: Backend) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let uri = match backend {
            Backend::Sqlite => format!("sqlite:///{}", folder.path().join("test.db").display()),
            Backend::Postgres => {
                let server = postgres_server();
                let template = template(&server).await;
                let name = format!("ferroflow_test_{:032x}", rand::random::<u128>());
                create_database(&server, &name, template).await;
                format!("{server}/{name}")
            }
        };
        let options = Options { uri, max_connections: 8, sqlite_full_sync: false };
        let store = Store::open(&options).await.expect("the test's database opens");
        Self { store, options, _folder: folder }
    }
}

/// A clock that stands still until it is moved. Starts at 1,700,000,000,000.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// Moves it on.
    pub fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Counts instead of being random: 1, 2, 3, …
#[derive(Debug, Default)]
pub struct TestEntropy(AtomicU64);

impl Entropy for TestEntropy {
    fn next(&self) -> u128 {
        u128::from(self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

/// A service on a database and a folder of its own, with the artifact proxy on.
pub struct TestService {
    /// The operations.
    pub service: Service,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// The artifacts destination.
    pub artifacts: TempDir,
    /// Its database.
    pub database: TestStore,
}

impl TestService {
    /// Makes one, ready to use: the experiment `Default` is there.
    pub async fn new(backend: Backend) -> Self {
        Self::with_config(backend, |destination| ArtifactConfig {
            default_root: "mlflow-artifacts:/".into(),
            destination,
            serve: true,
            allowed_schemes: Vec::new(),
        })
        .await
    }

    /// Makes one that keeps its files in a folder, or in a bucket that the first of them makes.
    pub async fn keeping(backend: Backend, files: Files) -> Self {
        let (options, bucket) = match files {
            Files::Folder => (artifacts::S3Options::default(), None),
            Files::S3 => {
                let endpoint = std::env::var("FERROFLOW_TEST_S3_ENDPOINT")
                    .expect("FERROFLOW_TEST_S3_ENDPOINT names the tests' S3 server; `make test` sets it");
                let options = artifacts::S3Options {
                    public_endpoint: Some(endpoint.clone()),
                    endpoint_url: Some(endpoint),
                    ..artifacts::S3Options::default()
                };
                (options, Some(format!("s3://ferroflow-test-{:032x}/some/prefix", rand::random::<u128>())))
            }
        };
        Self::made(backend, options, |folder| ArtifactConfig {
            default_root: "mlflow-artifacts:/".into(),
            destination: bucket.unwrap_or(folder),
            serve: true,
            allowed_schemes: Vec::new(),
        })
        .await
    }

    /// Makes one with another artifact configuration; the function is given a folder of the test's own.
    pub async fn with_config(backend: Backend, config: impl FnOnce(String) -> ArtifactConfig) -> Self {
        Self::made(backend, artifacts::S3Options::default(), config).await
    }

    async fn made(backend: Backend, s3: artifacts::S3Options, config: impl FnOnce(String) -> ArtifactConfig) -> Self {
        let database = TestStore::new(backend).await;
        let folder = TempDir::new().expect("a temporary folder");
        let clock = Arc::new(TestClock(AtomicI64::new(1_700_000_000_000)));
        let service = Service::new(
            database.store.clone(),
            artifacts::Artifacts::new(s3).await,
            config(folder.path().display().to_string()),
            clock.clone(),
            Arc::new(TestEntropy::default()),
        );
        service.prepare().await.expect("the service prepares itself");
        Self { service, clock, artifacts: folder, database }
    }

    /// A page of a metric's history, read to its end.
    pub async fn history(&self, page: HistoryPage) -> Result<Page<Metric>> {
        let HistoryChunk { mut points, mut rest } = self.service.metric_history(page).await?;
        while let Some(more) = rest {
            let chunk = more.read().await?;
            points.items.extend(chunk.points.items);
            points.next_page_token = chunk.points.next_page_token;
            rest = chunk.rest;
        }
        Ok(points)
    }
}
