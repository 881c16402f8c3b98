//! How webhooks are delivered, in MLflow's variables.

use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use domain::settings;
use futures::future::BoxFuture;
use rustls::ClientConfig;
use tokio::sync::{Notify, OnceCell, Semaphore};

use super::secrets::Keyring;

/// How webhooks are delivered.
#[derive(Clone)]
pub struct WebhookConfig {
    /// Schemes that a webhook's URL may have (`MLFLOW_WEBHOOK_ALLOWED_SCHEMES`): `https`.
    pub allowed_schemes: Vec<String>,
    /// Whether it may lead to other than public addresses (`MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS`): no.
    pub allow_private_ips: bool,
    /// What encrypts secrets in the database (`MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY`): 32 bytes in URL-safe base64, as a
    /// Fernet key is.
    pub encryption_key: Option<String>,
    /// Where such a key is kept, and made when it is first needed, if none is given. `None`: secrets are refused then.
    pub key_file: Option<PathBuf>,
    /// How long an attempt may take, from looking up the address to the answer (`MLFLOW_WEBHOOK_REQUEST_TIMEOUT`, in
    /// seconds): 30.
    pub timeout: Duration,
    /// How often a delivery is tried again within seconds (`MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES`), before it is tried once a
    /// minute for a day: 3.
    pub max_retries: i64,
    /// How many are under way at a time (`MLFLOW_WEBHOOK_DELIVERY_MAX_WORKERS`): 10.
    pub max_workers: usize,
    /// Looks up addresses.
    pub resolver: Arc<dyn Resolver>,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self {
            allowed_schemes: vec!["https".to_owned()],
            allow_private_ips: false,
            encryption_key: None,
            key_file: None,
            timeout: Duration::from_secs(30),
            max_retries: 3,
            max_workers: 10,
            resolver: Arc::new(SystemResolver),
        }
    }
}

impl fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookConfig")
            .field("allowed_schemes", &self.allowed_schemes)
            .field("allow_private_ips", &self.allow_private_ips)
            .field("encryption_key", &self.encryption_key.as_ref().map(|_| "***"))
            .field("key_file", &self.key_file)
            .field("timeout", &self.timeout)
            .field("max_retries", &self.max_retries)
            .field("max_workers", &self.max_workers)
            .finish_non_exhaustive()
    }
}

impl WebhookConfig {
    /// What the environment says, in the variables named above. `Err` is a sentence for the person at the terminal.
    pub fn from_env() -> Result<Self, String> {
        const PRIVATE: &str = "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS";
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let number = |name: &str, default: u32| -> Result<u32, String> {
            Ok(settings::number(name, set(name).as_deref())?.unwrap_or(default))
        };
        let default = Self::default();
        let schemes = set("MLFLOW_WEBHOOK_ALLOWED_SCHEMES").map(|text| {
            text.split(',').map(|s| s.trim().to_ascii_lowercase()).filter(|s| !s.is_empty()).collect::<Vec<_>>()
        });
        if let Some(other) = schemes.iter().flatten().find(|scheme| !matches!(scheme.as_str(), "http" | "https")) {
            return Err(format!("MLFLOW_WEBHOOK_ALLOWED_SCHEMES can be http and https, not '{other}'"));
        }
        Ok(Self {
            allowed_schemes: schemes.filter(|s| !s.is_empty()).unwrap_or(default.allowed_schemes),
            allow_private_ips: settings::switch(PRIVATE, set(PRIVATE).as_deref())?.unwrap_or(default.allow_private_ips),
            encryption_key: set("MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"),
            key_file: None,
            timeout: Duration::from_secs(number("MLFLOW_WEBHOOK_REQUEST_TIMEOUT", 30)?.max(1).into()),
            max_retries: number("MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES", 3)?.into(),
            max_workers: number("MLFLOW_WEBHOOK_DELIVERY_MAX_WORKERS", 10)?.clamp(1, 1_000) as usize,
            resolver: default.resolver,
        })
    }
}

/// Looks up the addresses of a host's name.
pub trait Resolver: Send + Sync {
    /// Every address, in the order in which they are to be tried.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// How many names are looked up at a time.
const MAX_LOOKUPS: usize = 16;

/// Asks the system.
#[derive(Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        // Each takes a thread, for as long as the system waits for a name server; others need threads, too.
        static LOOKUPS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(MAX_LOOKUPS)));
        Box::pin(async move {
            let permit = LOOKUPS.clone().acquire_owned().await.map_err(io::Error::other)?;
            let host = host.to_owned();
            let found = tokio::task::spawn_blocking(move || {
                let found = (host.as_str(), 0).to_socket_addrs().map(|all| all.map(|address| address.ip()).collect());
                // Not before the system has answered, even if nobody waits for it any more.
                drop(permit);
                found
            });
            found.await.map_err(io::Error::other)?
        })
    }
}

/// What the operations on webhooks share.
#[derive(Clone)]
pub(crate) struct Webhooks {
    pub(super) config: WebhookConfig,
    pub(super) keyring: Arc<Keyring>,
    /// Told when something is put into the outbox.
    pub(super) wake: Arc<Notify>,
    /// Whom TLS trusts; read from the system when first needed.
    pub(super) tls: Arc<OnceCell<Arc<ClientConfig>>>,
}

impl Webhooks {
    /// Checks the key. `Err` is a sentence for the person at the terminal.
    pub(crate) fn new(config: WebhookConfig) -> Result<Self, String> {
        let keyring = Keyring::new(config.encryption_key.as_deref(), config.key_file.clone())?;
        Ok(Self::with_keyring(config, keyring))
    }

    fn with_keyring(config: WebhookConfig, keyring: Keyring) -> Self {
        Self { config, keyring: Arc::new(keyring), wake: Arc::default(), tls: Arc::default() }
    }
}

impl Default for Webhooks {
    fn default() -> Self {
        Self::with_keyring(WebhookConfig::default(), Keyring::default())
    }
}
