//! Artifact locations as the server reaches them: the proxy's own in its destination, all others directly.

use std::collections::HashMap;
use std::time::Duration;

use artifacts::{ArtifactError, ByteRange, Download, FileInfo, Presigned, Repository, Stat, Upload};
use domain::artifact_path::ArtifactPath;
use domain::digest::{FileDigest, ObjectLocation};
use domain::uri::{self, Uri};
use domain::{Error, ErrorCode, Result};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};

use crate::digests::{Digests, Failure};
use crate::{Service, boxed, errors};

/// The scheme of the artifact proxy.
const PROXY: &str = "mlflow-artifacts";
/// Where a tracking server's artifact proxy answers.
const PROXY_ROUTE: &str = "/api/2.0/mlflow-artifacts/artifacts/";

/// An artifact location, opened: a repository, or a folder of one.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    repository: Repository,
    base: ArtifactPath,
    digests: Digests,
}

impl Place {
    /// Lists a folder; paths relative to the location. A missing path, or a file's, has none.
    pub(crate) async fn list(&self, path: &ArtifactPath) -> Result<Vec<FileInfo>, ArtifactError> {
        let mut files = self.repository.list(&self.base.join(path)).await?;
        if !self.base.is_root() {
            let above = self.base.as_str().len() + 1;
            for file in &mut files {
                file.path.drain(..above);
            }
        }
        Ok(files)
    }

    /// Every file in a folder and below it, page by page; paths relative to the location. A file's has none.
    pub(crate) fn survey(&self, path: &ArtifactPath) -> BoxStream<'static, Result<Vec<FileInfo>, ArtifactError>> {
        let above = if self.base.is_root() { 0 } else { self.base.as_str().len() + 1 };
        let relative = move |mut page: Vec<FileInfo>| {
            for file in &mut page {
                file.path.drain(..above);
            }
            page
        };
        self.repository.survey(&self.base.join(path)).map_ok(relative).boxed()
    }

    /// Whether there is a file or folder of this name at the top.
    pub(crate) async fn has(&self, name: &str) -> Result<bool, ArtifactError> {
        Ok(self.list(&ArtifactPath::default()).await?.iter().any(|file| file.path == name))
    }

    /// A file in it, which need not exist.
    pub(crate) fn file(&self, path: &ArtifactPath) -> ArtifactFile {
        ArtifactFile { repository: self.repository.clone(), path: self.base.join(path), digests: self.digests.clone() }
    }

    /// Where it really is; `None` for names that cannot be kept.
    pub(crate) async fn location(&self) -> Result<Option<ObjectLocation>, ArtifactError> {
        self.digests.location(&self.repository, &self.base).await
    }
}

/// A file of any owner, found but not opened: it need not exist.
#[derive(Clone, Debug)]
pub struct ArtifactFile {
    repository: Repository,
    path: ArtifactPath,
    digests: Digests,
}

impl ArtifactFile {
    /// Its name, without the folder.
    pub fn name(&self) -> &str {
        self.path.file_name()
    }

    /// Its size, entity tag and time. 404 if it does not exist, 400 if it is a folder.
    #[boxed]
    pub async fn stat(&self) -> Result<Stat> {
        self.repository.stat(&self.path).await.map_err(|error| self.explain(error))
    }

    /// Opens it. 404 if it does not exist, 400 if it is a folder or the range is not within it.
    #[boxed]
    pub async fn open(&self, range: Option<ByteRange>) -> Result<Download> {
        self.repository.get(&self.path, range).await.map_err(|error| self.explain(error))
    }

    /// Opens the whole of it, with the digest of just these bytes if one is recorded.
    #[boxed]
    pub async fn open_with_digest(&self) -> Result<(Download, Option<FileDigest>)> {
        // A digest goes before its object is replaced. So one that is there before and after the object was opened is
        // the object's. A download must not fail for want of it.
        let before = self.digest().await.ok().flatten();
        let download = self.open(None).await?;
        let after = if before.is_some() { self.digest().await.ok().flatten() } else { None };
        let digest = before.filter(|digest| Some(*digest) == after && digest.size == download.size);
        Ok((download, digest))
    }

    /// What is recorded of its bytes; `None` if they did not pass through here.
    #[boxed]
    pub async fn digest(&self) -> Result<Option<FileDigest>> {
        let location = self.digests.location(&self.repository, &self.path).await;
        match location.map_err(errors::from_artifacts)? {
            Some(location) => Ok(self.digests.find(&location).await?.map(|row| row.digest)),
            None => Ok(None),
        }
    }

    /// What is recorded of the files of these names in its folder: one query, however many they are.
    #[boxed]
    pub async fn digests_beside(&self, names: &[&str]) -> Result<HashMap<String, FileDigest>> {
        let location = self.digests.location(&self.repository, &self.path).await.map_err(errors::from_artifacts)?;
        let Some(location) = location else { return Ok(HashMap::new()) };
        let locations: Vec<_> = names.iter().filter_map(|name| location.beside(name)).collect();
        let rows = self.digests.find_all(&locations).await?;
        Ok(rows.into_iter().map(|row| (row.location.file_name().to_owned(), row.digest)).collect())
    }

    /// What is said where this turns out to be a folder.
    pub fn is_folder_message(&self) -> String {
        format!("Artifact path refers to a directory, not a file: '{}'", self.path.as_str())
    }

    /// Whether clients can send and fetch it past the server.
    pub fn supports_direct_transfer(&self) -> bool {
        self.repository.supports_direct_transfer()
    }

    /// A URL that reads it, valid for so many seconds, or as configured.
    #[boxed]
    pub async fn presign_get(&self, seconds: Option<u32>) -> Result<Presigned> {
        let valid = seconds.map(|seconds| Duration::from_secs(seconds.into()));
        self.repository.presign_get(&self.path, valid).await.map_err(|error| self.explain(error))
    }

    /// A URL that writes it, valid for so many seconds.
    #[boxed]
    pub async fn presign_put(&self, seconds: u32) -> Result<Presigned> {
        let valid = Duration::from_secs(seconds.into());
        self.digests.lend(&self.repository, &self.path, seconds).await.map_err(|failure| self.said(failure))?;
        self.repository.presign_put(&self.path, valid).await.map_err(|error| self.explain(error))
    }

    /// Begins an upload by parts, 1 to 10,000: its id and a URL for each part.
    #[boxed]
    pub async fn begin_parts(&self, parts: u16) -> Result<(String, Vec<Presigned>)> {
        self.repository.begin_parts(&self.path, parts).await.map_err(|error| self.explain(error))
    }

    /// Ends an upload by parts, given as (number, entity tag).
    #[boxed]
    pub async fn finish_parts(&self, upload_id: &str, parts: Vec<(i32, String)>) -> Result<()> {
        let (this, upload_id) = (self.clone(), upload_id.to_owned());
        let finished = async move {
            let write = this.repository.finish_parts(&this.path, &upload_id, parts);
            this.digests.replaced(&this.repository, &this.path, write).await
        };
        whole(finished).await.map_err(|failure| self.said(failure))
    }

    /// Gives up an upload by parts; an unknown one is fine.
    #[boxed]
    pub async fn abandon_parts(&self, upload_id: &str) -> Result<()> {
        self.repository.abandon_parts(&self.path, upload_id).await.map_err(|error| self.explain(error))
    }

    pub(crate) async fn put(&self, upload: Upload) -> Result<()> {
        let this = self.clone();
        let stored = async move { this.digests.put(&this.repository, &this.path, upload).await };
        whole(stored).await.map_err(|failure| self.said(failure))
    }

    pub(crate) async fn delete(&self) -> Result<()> {
        let this = self.clone();
        let deleted = async move { this.digests.delete(&this.repository, &this.path).await };
        whole(deleted).await.map_err(|failure| self.said(failure))
    }

    fn said(&self, failure: Failure) -> Error {
        match failure {
            Failure::Artifacts(error) => self.explain(error),
            Failure::Said(error) => error,
        }
    }

    fn explain(&self, error: ArtifactError) -> Error {
        match error {
            ArtifactError::NotFound => Error::not_found(format!("No such artifact: '{}'", self.path.as_str())),
            ArtifactError::IsDirectory => Error::invalid(self.is_folder_message()),
            other => errors::from_artifacts(other),
        }
    }
}

/// Goes through to its end, even if the client hangs up in between.
async fn whole<T: Send + 'static>(
    work: impl Future<Output = Result<T, Failure>> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::spawn(work).await;
    done.unwrap_or_else(|cause| Err(Failure::Artifacts(ArtifactError::Unavailable(cause.to_string()))))
}

impl Service {
    /// Removes what uploads to the artifacts destination left behind whose sender or server died long ago; answers how
    /// many. For the server to do from time to time.
    #[boxed]
    pub async fn sweep_uploads(&self) -> Result<u64> {
        let place = self.destination().map_err(errors::from_artifacts)?;
        place.repository.sweep(self.now()).await.map_err(errors::from_artifacts)
    }

    /// Opens an artifact location, be it the proxy's or a store's that the server reaches itself. One that it cannot, or
    /// must not, is [`ArtifactError::Scheme`].
    pub(crate) fn repository(&self, location: &str) -> Result<Place, ArtifactError> {
        if let Some(path) = self.proxied(location) {
            let base = ArtifactPath::parse(path).map_err(|_| ArtifactError::Outside)?;
            return Ok(Place { base, ..self.destination()? });
        }
        let config = &self.inner.config;
        if let Some(scheme) =
            uri::refused_scheme(location, &[&config.default_root, &config.destination], &config.allowed_schemes)
        {
            return Err(ArtifactError::Scheme(scheme));
        }
        if uri::relative_local_path(location).is_some() {
            // Such as a prompt's source. Stored locations are absolute; this would be the server's working directory.
            return Err(ArtifactError::Scheme(location.to_owned()));
        }
        let repository = self.inner.artifacts.open(location)?;
        Ok(Place { repository, base: ArtifactPath::default(), digests: self.digests() })
    }

    /// As [`Service::repository`], for a location that is to be read or written now.
    pub(crate) fn place(&self, location: &str) -> Result<Place> {
        self.repository(location).map_err(|error| match error {
            ArtifactError::Scheme(_) => self.unreachable(location),
            other => errors::from_artifacts(other),
        })
    }

    /// Why a location is not opened.
    fn unreachable(&self, location: &str) -> Error {
        let config = &self.inner.config;
        let roots = [config.default_root.as_str(), &config.destination];
        if let Err(refused) = uri::check_host("artifact_location", location, &roots, &config.allowed_schemes) {
            let reason = refused.message.split_once(": ").map_or(refused.message.as_str(), |(_, reason)| reason);
            return Error::invalid(format!(
                "The tracking server does not connect to artifact location '{location}': {reason}"
            ));
        }
        let why = if Uri::parse(location).has_scheme(PROXY) {
            "it is served by the artifact proxy, which is off. Start the server with `--serve-artifacts`."
        } else {
            "the server reaches folders and S3 only."
        };
        Error::new(ErrorCode::NotImplemented, format!("Artifacts at '{location}' cannot be reached: {why}"))
    }

    /// The artifacts destination, which the proxy serves. The first upload makes its bucket.
    pub(crate) fn destination(&self) -> Result<Place, ArtifactError> {
        let repository = self.inner.artifacts.open(&self.inner.config.destination)?.creating_bucket();
        Ok(Place { repository, base: ArtifactPath::default(), digests: self.digests() })
    }

    /// The path under the destination of a location that the proxy of this server serves.
    fn proxied<'l>(&self, location: &'l str) -> Option<&'l str> {
        if !self.inner.config.serve {
            return None;
        }
        let uri = Uri::parse(location);
        let path = if uri.has_scheme(PROXY) {
            uri.path
        } else if uri.has_scheme("http") || uri.has_scheme("https") {
            uri.path.split_once(PROXY_ROUTE)?.1
        } else {
            return None;
        };
        Some(path.trim_matches('/'))
    }
}
