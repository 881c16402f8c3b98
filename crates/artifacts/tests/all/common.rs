//! A folder or a bucket of a test's own.

use std::io;
use std::sync::LazyLock;

use artifacts::{Artifacts, Download, FileInfo, Repository, S3Options, Upload};
use aws_sdk_s3::config::Credentials;
use bytes::Bytes;
use domain::artifact_path::ArtifactPath;
use futures::{StreamExt, TryStreamExt, stream};
use tempfile::TempDir;

/// Where a test keeps its artifacts. Use it as an rstest `#[values(Kind::Folder, Kind::S3)]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A folder of its own.
    Folder,
    /// A bucket of its own on the server that `FERROFLOW_TEST_S3_ENDPOINT` names.
    S3,
}

/// An empty location.
pub(crate) struct Place {
    pub(crate) repository: Repository,
    pub(crate) bucket: String,
    pub(crate) folder: TempDir,
}

pub(crate) fn s3_endpoint() -> String {
    std::env::var("FERROFLOW_TEST_S3_ENDPOINT")
        .expect("FERROFLOW_TEST_S3_ENDPOINT names the tests' S3 server; `make test` sets it")
}

impl Place {
    pub(crate) async fn new(kind: Kind) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let bucket = format!("ferroflow-test-{:032x}", rand::random::<u128>());
        let (options, location) = match kind {
            Kind::Folder => (S3Options::default(), folder.path().join("root").display().to_string()),
            Kind::S3 => {
                let endpoint = Some(s3_endpoint());
                let options =
                    S3Options { endpoint_url: endpoint.clone(), public_endpoint: endpoint, ..S3Options::default() };
                (options, format!("s3://{bucket}/some/prefix"))
            }
        };
        Self { repository: open(options, &location).await, bucket, folder }
    }

    /// A bucket of its own, reached as these options say.
    pub(crate) async fn on_s3(options: S3Options) -> Self {
        let place = Self::new(Kind::S3).await;
        Self { repository: open(options, &format!("s3://{}/some/prefix", place.bucket)).await, ..place }
    }

    pub(crate) async fn put(&self, name: &str, content: &'static [u8]) {
        self.repository.put(&path(name), whole(content)).await.expect("an upload");
    }

    pub(crate) async fn list(&self, name: &str) -> Vec<FileInfo> {
        self.repository.list(&path(name)).await.expect("a listing")
    }

    pub(crate) async fn read(&self, name: &str) -> Vec<u8> {
        bytes(self.repository.get(&path(name), None).await.expect("a download")).await
    }

    /// Everything in the folder or bucket, even what no listing shows: names of files and uploads.
    pub(crate) async fn everything(&self, kind: Kind, key: &str) -> Vec<String> {
        match kind {
            Kind::Folder => {
                let root = self.folder.path().join("root");
                let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
                entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
            }
            Kind::S3 => {
                let client = client();
                let objects = client.list_objects_v2().bucket(&self.bucket).send().await.expect("a listing");
                // MinIO lists the uploads of one key only.
                let uploads = client.list_multipart_uploads().bucket(&self.bucket).prefix(format!("some/prefix/{key}"));
                let uploads = uploads.send().await.expect("a listing of uploads");
                let objects = objects.contents().iter().filter_map(|o| o.key().map(str::to_owned));
                let uploads = uploads.uploads().iter().filter_map(|u| u.upload_id().map(str::to_owned));
                objects.chain(uploads).collect()
            }
        }
    }
}

pub(crate) async fn open(options: S3Options, location: &str) -> Repository {
    Artifacts::new(options).await.open(location).expect("the location opens").creating_bucket()
}

/// A client beside the one that is tested.
pub(crate) fn client() -> aws_sdk_s3::Client {
    let variable = |name: &str| std::env::var(name).expect("the credentials of the tests' S3 server");
    let credentials =
        Credentials::new(variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"), None, None, "test");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .region(aws_sdk_s3::config::Region::new("us-east-1"))
        .endpoint_url(s3_endpoint())
        .force_path_style(true)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(credentials);
    aws_sdk_s3::Client::from_conf(config.build())
}

pub(crate) fn path(name: &str) -> ArtifactPath {
    ArtifactPath::parse(name).expect("a valid path")
}

pub(crate) fn whole(content: &'static [u8]) -> Upload {
    let body = stream::iter([Ok(Bytes::from_static(content))]).boxed();
    Upload { body, size: Some(content.len() as u64) }
}

pub(crate) async fn bytes(download: Download) -> Vec<u8> {
    download
        .body
        .try_fold(Vec::new(), |mut all, chunk| async move {
            all.extend_from_slice(&chunk);
            Ok(all)
        })
        .await
        .expect("a whole download")
}

/// Bytes that repeat only after a prime number of them, so that misplaced parts show.
pub(crate) fn pattern(offset: usize, length: usize) -> Bytes {
    const PERIOD: usize = 65_521;
    static TABLE: LazyLock<Vec<u8>> = LazyLock::new(|| (0..PERIOD).map(|i| (i % 251).to_le_bytes()[0]).collect());
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        let rest = &TABLE[(offset + bytes.len()) % PERIOD..];
        bytes.extend_from_slice(&rest[..rest.len().min(length - bytes.len())]);
    }
    bytes.into()
}

/// A body of [`pattern`] bytes in chunks of odd sizes.
pub(crate) fn patterned(length: usize) -> impl futures::Stream<Item = io::Result<Bytes>> + Send + 'static {
    const CHUNK: usize = 300_007;
    stream::iter((0..length).step_by(CHUNK)).map(move |at| Ok(pattern(at, CHUNK.min(length - at))))
}
