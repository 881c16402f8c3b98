//! Artifact locations as the server reaches them: the proxy's own in its destination, all others directly.

use std::time::Duration;

use artifacts::{ArtifactError, ByteRange, Download, FileInfo, Presigned, Repository, Stat, Upload};
use domain::artifact_path::ArtifactPath;
use domain::uri::{self, Uri};
use domain::{Error, ErrorCode, Result};

use crate::{Service, errors};

/// The scheme of the artifact proxy.
const PROXY: &str = "mlflow-artifacts";
/// Where a tracking server's artifact proxy answers.
const PROXY_ROUTE: &str = "/api/2.0/mlflow-artifacts/artifacts/";

/// An artifact location, opened: a repository, or a folder of one.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    repository: Repository,
    base: ArtifactPath,
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

    /// Whether there is a file or folder of this name at the top.
    pub(crate) async fn has(&self, name: &str) -> Result<bool, ArtifactError> {
        Ok(self.list(&ArtifactPath::default()).await?.iter().any(|file| file.path == name))
    }

    /// A file in it, which need not exist.
    pub(crate) fn file(&self, path: &ArtifactPath) -> ArtifactFile {
        ArtifactFile { repository: self.repository.clone(), path: self.base.join(path) }
    }
}

/// A file of any owner, found but not opened: it need not exist.
#[derive(Clone, Debug)]
pub struct ArtifactFile {
    repository: Repository,
    path: ArtifactPath,
}

impl ArtifactFile {
    /// Its name, without the folder.
    pub fn name(&self) -> &str {
        self.path.file_name()
    }

    /// Its size, entity tag and time. 404 if it does not exist, 400 if it is a folder.
    pub async fn stat(&self) -> Result<Stat> {
        self.repository.stat(&self.path).await.map_err(|error| self.explain(error))
    }

    /// Opens it. 404 if it does not exist, 400 if it is a folder or the range is not within it.
    pub async fn open(&self, range: Option<ByteRange>) -> Result<Download> {
        self.repository.get(&self.path, range).await.map_err(|error| self.explain(error))
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
    pub async fn presign_get(&self, seconds: Option<u32>) -> Result<Presigned> {
        let valid = seconds.map(|seconds| Duration::from_secs(seconds.into()));
        self.repository.presign_get(&self.path, valid).await.map_err(|error| self.explain(error))
    }

    /// A URL that writes it, valid for so many seconds.
    pub async fn presign_put(&self, seconds: u32) -> Result<Presigned> {
        let valid = Duration::from_secs(seconds.into());
        self.repository.presign_put(&self.path, valid).await.map_err(|error| self.explain(error))
    }

    /// Begins an upload by parts, 1 to 10,000: its id and a URL for each part.
    pub async fn begin_parts(&self, parts: u16) -> Result<(String, Vec<Presigned>)> {
        self.repository.begin_parts(&self.path, parts).await.map_err(|error| self.explain(error))
    }

    /// Ends an upload by parts, given as (number, entity tag).
    pub async fn finish_parts(&self, upload_id: &str, parts: Vec<(i32, String)>) -> Result<()> {
        self.repository.finish_parts(&self.path, upload_id, parts).await.map_err(|error| self.explain(error))
    }

    /// Gives up an upload by parts; an unknown one is fine.
    pub async fn abandon_parts(&self, upload_id: &str) -> Result<()> {
        self.repository.abandon_parts(&self.path, upload_id).await.map_err(|error| self.explain(error))
    }

    pub(crate) async fn put(&self, upload: Upload) -> Result<()> {
        self.repository.put(&self.path, upload).await.map_err(|error| self.explain(error))
    }

    pub(crate) async fn delete(&self) -> Result<()> {
        self.repository.delete(&self.path).await.map_err(|error| self.explain(error))
    }

    fn explain(&self, error: ArtifactError) -> Error {
        match error {
            ArtifactError::NotFound => Error::not_found(format!("No such artifact: '{}'", self.path.as_str())),
            ArtifactError::IsDirectory => Error::invalid(self.is_folder_message()),
            other => errors::from_artifacts(other),
        }
    }
}

impl Service {
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
        Ok(Place { repository: self.inner.artifacts.open(location)?, base: ArtifactPath::default() })
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
        Ok(Place { repository, base: ArtifactPath::default() })
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
