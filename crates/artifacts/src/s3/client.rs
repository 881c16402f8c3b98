//! The S3 client and its configuration.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{
    Builder, Region, RequestChecksumCalculation, ResponseChecksumValidation, SharedHttpClient,
    StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use domain::settings;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::headers::Headers;
use super::insecure;

/// Tries per request. Clients of the server try again by themselves.
const ATTEMPTS: u32 = 2;
/// The same where bytes are sent along: a client would have to send all of them again.
const UPLOAD_ATTEMPTS: u32 = 3;
/// How long a store may take no byte of what is sent to it.
const UPLOAD_STALL: Duration = Duration::from_secs(20);
/// The longest that is waited between two tries.
const MAX_BACKOFF: Duration = Duration::from_secs(1);
/// The region where nothing names one; other servers than Amazon's do not care.
const DEFAULT_REGION: &str = "us-east-1";

/// How long S3 is waited for. Whatever is wrong with it is known within these times.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until a connection has come about.
    pub connect: Duration,
    /// For the first byte of an answer, and for further ones of a download.
    pub answer: Duration,
    /// For a request until its answer begins, tries included.
    pub request: Duration,
    /// For a try that sends bytes along, or has the store put the parts of an upload together; twice of it for all tries.
    pub upload: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            answer: Duration::from_secs(5),
            request: Duration::from_secs(8),
            upload: Duration::from_mins(1),
        }
    }
}

/// How to reach S3; what is not set comes from the usual `AWS_*` variables and files.
#[derive(Clone, Debug, Default)]
pub struct S3Options {
    /// Another server than Amazon's, such as MinIO (`MLFLOW_S3_ENDPOINT_URL`).
    pub endpoint_url: Option<String>,
    /// Where clients reach the same server: what presigned URLs begin with. Without it, and with an endpoint of its own, there
    /// are none, since that endpoint may be known to this machine alone.
    pub public_endpoint: Option<String>,
    /// Accept any certificate, from whomever (`MLFLOW_S3_IGNORE_TLS=true`).
    pub ignore_tls: bool,
    /// Whether the bucket is named in the host rather than in the path (`MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE`, `virtual`
    /// or `path`). If not set, in the host at Amazon and in the path elsewhere.
    pub virtual_hosts: Option<bool>,
    /// Certificates to trust instead of the system's, in PEM (`AWS_CA_BUNDLE`).
    pub ca_bundle: Option<PathBuf>,
    /// A JSON object of boto3's arguments, such as `ServerSideEncryption`, for every file that is written
    /// (`MLFLOW_S3_UPLOAD_EXTRA_ARGS`). [`S3Options::check`] tells whether it is good.
    pub upload_extra_args: Option<String>,
    /// The account that the buckets must belong to (`MLFLOW_S3_EXPECTED_BUCKET_OWNER`).
    pub expected_bucket_owner: Option<String>,
    /// How long a URL that reads a file is valid, in seconds; 300 if not set
    /// (`MLFLOW_PRESIGNED_DOWNLOAD_URL_TTL_SECONDS`).
    pub presigned_seconds: Option<u32>,
    /// How long S3 is waited for.
    pub patience: Patience,
}

impl S3Options {
    /// What the environment says, in the variables named above. `AWS_ENDPOINT_URL_S3` and `AWS_ENDPOINT_URL` serve
    /// where `MLFLOW_S3_ENDPOINT_URL` is not set. `Err` is a sentence for who configured it.
    pub fn from_env() -> Result<Self, String> {
        const IGNORE_TLS: &str = "MLFLOW_S3_IGNORE_TLS";
        const ADDRESSING: &str = "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE";
        const PRESIGNED: &str = "MLFLOW_PRESIGNED_DOWNLOAD_URL_TTL_SECONDS";
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let endpoints = ["MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];
        Ok(Self {
            endpoint_url: endpoints.into_iter().find_map(set),
            public_endpoint: None,
            ignore_tls: settings::switch(IGNORE_TLS, set(IGNORE_TLS).as_deref())?.unwrap_or_default(),
            virtual_hosts: match set(ADDRESSING).as_deref() {
                Some("virtual") => Some(true),
                Some("path") => Some(false),
                Some("auto") | None => None,
                Some(other) => return Err(format!("{ADDRESSING} can be virtual, path or auto, not '{other}'")),
            },
            ca_bundle: set("AWS_CA_BUNDLE").map(PathBuf::from),
            upload_extra_args: set("MLFLOW_S3_UPLOAD_EXTRA_ARGS"),
            expected_bucket_owner: set("MLFLOW_S3_EXPECTED_BUCKET_OWNER"),
            presigned_seconds: settings::number(PRESIGNED, set(PRESIGNED).as_deref())?,
            patience: Patience::default(),
        })
    }

    /// Whether everything in it is understood; `Err` is a sentence for who configured it.
    pub fn check(&self) -> Result<(), String> {
        for (name, url) in
            [("MLFLOW_S3_ENDPOINT_URL", &self.endpoint_url), ("--public-s3-endpoint", &self.public_endpoint)]
        {
            if let Some(url) = url.as_deref().filter(|url| !is_endpoint(url)) {
                return Err(format!("{name} must be an address such as http://minio:9000, not '{url}'"));
            }
        }
        if let Some(path) = &self.ca_bundle {
            trusted(path).map_err(|cause| format!("cannot read AWS_CA_BUNDLE, {}: {cause}", path.display()))?;
        }
        self.upload_headers().map(drop)
    }

    /// The headers of every upload.
    pub(super) fn upload_headers(&self) -> Result<Headers, String> {
        let Some(json) = &self.upload_extra_args else { return Ok(Headers::default()) };
        Headers::of_uploads(json).map_err(|cause| format!("MLFLOW_S3_UPLOAD_EXTRA_ARGS: {cause}"))
    }
}

fn is_endpoint(url: &str) -> bool {
    url.parse::<http::Uri>().is_ok_and(|url| {
        matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some_and(|host| !host.is_empty())
    })
}

/// Reads the AWS configuration: credentials from the environment, a profile, or the machine's role when first needed.
pub(super) async fn load(options: &S3Options) -> SdkConfig {
    // The default chain would ask the machine's metadata service for a region, at every start.
    let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new())
        .or_else(Region::new(DEFAULT_REGION));
    aws_config::defaults(BehaviorVersion::latest()).region(region).http_client(http_client(options)).load().await
}

/// The client that signs URLs for clients; `None` if nobody knows where they reach the store.
pub(super) fn presigning(sdk: &SdkConfig, options: &S3Options, client: &Client) -> Option<Client> {
    match &options.public_endpoint {
        Some(url) => Some(build(sdk, &S3Options { endpoint_url: Some(url.clone()), ..options.clone() })),
        // A profile may name an endpoint, too.
        None if options.endpoint_url.is_none() && sdk.endpoint_url().is_none() => Some(client.clone()),
        None => None,
    }
}

/// Makes the client; connects to nothing yet.
pub(super) fn build(sdk: &SdkConfig, options: &S3Options) -> Client {
    let Patience { connect, answer, request, .. } = options.patience;
    let timeouts =
        TimeoutConfig::builder().connect_timeout(connect).read_timeout(answer).operation_timeout(request).build();
    let mut config = Builder::from(sdk)
        .timeout_config(timeouts)
        .retry_config(retries(ATTEMPTS))
        .stalled_stream_protection(StalledStreamProtectionConfig::enabled().grace_period(answer).build())
        // The checksums that the SDK adds by itself are unknown to many servers, and cost a pass over every byte.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    if let Some(account) = &options.expected_bucket_owner {
        config = config.interceptor(Headers::of_owner(account));
    }
    let at_amazon = options.endpoint_url.is_none();
    config = config.force_path_style(!options.virtual_hosts.unwrap_or(at_amazon));
    if let Some(url) = &options.endpoint_url {
        config = config.endpoint_url(url);
    }
    Client::from_conf(config.build())
}

/// For one request that sends bytes along.
pub(super) fn patient(patience: Patience) -> Builder {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(patience.connect)
        .read_timeout(patience.upload)
        .operation_timeout(patience.upload * 2)
        .build();
    // What a store does not take for long is stalled; what it has taken may take its time.
    let stalled = StalledStreamProtectionConfig::enabled().grace_period(patience.upload.min(UPLOAD_STALL)).build();
    Builder::new().timeout_config(timeouts).stalled_stream_protection(stalled).retry_config(retries(UPLOAD_ATTEMPTS))
}

fn retries(attempts: u32) -> RetryConfig {
    RetryConfig::standard().with_max_attempts(attempts).with_max_backoff(MAX_BACKOFF)
}

fn http_client(options: &S3Options) -> SharedHttpClient {
    if options.ignore_tls {
        match insecure::http_client(options.patience.connect) {
            Ok(client) => return client,
            Err(cause) => tracing::error!(%cause, "certificates of the artifact store are checked after all"),
        }
    }
    let context = options.ca_bundle.as_deref().and_then(|path| {
        trusted(path)
            .inspect_err(|cause| {
                let path = path.display();
                tracing::error!(%path, cause, "cannot read AWS_CA_BUNDLE: the system's certificates are trusted");
            })
            .ok()
    });
    let builder = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    match context {
        Some(context) => builder.tls_context(context).build_https(),
        None => builder.build_https(),
    }
}

/// Trusts the certificates of a file, and no others.
fn trusted(path: &Path) -> Result<TlsContext, String> {
    let pem = std::fs::read(path).map_err(|cause| cause.to_string())?;
    // The SDK panics over certificates that it cannot read.
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|cause| cause.to_string())?;
        roots.add(certificate).map_err(|cause| cause.to_string())?;
    }
    if roots.is_empty() {
        return Err("there is no certificate in it".into());
    }
    let store = TrustStore::empty().with_pem_certificate(pem);
    TlsContext::builder().with_trust_store(store).build().map_err(|cause| cause.to_string())
}
