//! Artifacts as runs, logged models and versions own them.
//!
//! MLflow 3 clients keep a model's files under the logged model, not under its run. A run shows each of its logged models
//! as a folder of the model's name all the same, unless it has a file or folder of that name itself: whoever looks for a
//! model where 2.x clients keep it finds it. The newest of several models of one name counts.

use std::collections::HashSet;

use domain::artifact_path::ArtifactPath;
use domain::{Error, Result};
use store::sources::{self, RunPlace};
use store::{Conn, run_logged_models};

use crate::errors::{self, Fault};
use crate::locations::Place;
use crate::{ArtifactFile, ByteRange, Download, FileInfo, Service, Upload, boxed};

/// Files of one folder of an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactListing {
    /// The owner's artifact location.
    pub root_uri: String,
    /// Paths relative to that location, sorted.
    pub files: Vec<FileInfo>,
}

/// Whose artifacts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArtifactOwner {
    /// A run's, by its id, with the models that it logged.
    Run(String),
    /// A logged model's, by its id.
    LoggedModel(String),
    /// A version's of a registered model.
    Version {
        /// The registered model.
        name: String,
        /// The number.
        version: String,
    },
}

impl Service {
    /// Lists a folder of any owner.
    #[boxed]
    pub async fn artifacts_of(&self, owner: &ArtifactOwner, path: &str) -> Result<ArtifactListing> {
        match owner {
            ArtifactOwner::Run(run_id) => self.run_artifacts(run_id, path).await,
            ArtifactOwner::LoggedModel(model_id) => self.logged_model_artifacts(model_id, path).await,
            ArtifactOwner::Version { name, version } => self.version_artifacts(name, version, path).await,
        }
    }

    /// A file of any owner, which need not exist.
    #[boxed]
    pub async fn file_of(&self, owner: &ArtifactOwner, path: &str) -> Result<ArtifactFile> {
        match owner {
            ArtifactOwner::Run(run_id) => self.run_file(run_id, path).await,
            ArtifactOwner::LoggedModel(model_id) => self.logged_model_artifact(model_id, path).await,
            ArtifactOwner::Version { name, version } => self.version_file(name, version, path).await,
        }
    }

    /// Lists a folder of a run. A model logged from the run shows as a folder of its name, even though a 3.x client
    /// keeps its files under the logged model. A missing path, or a file's, has no files.
    #[boxed]
    pub async fn run_artifacts(&self, run_id: &str, path: &str) -> Result<ArtifactListing> {
        let path = ArtifactPath::parse(path)?;
        let run = self.run_place(run_id).await?;
        let own = self.place(&run.artifact_uri)?;
        let mut files = own.list(&path).await.map_err(errors::from_artifacts)?;
        if path.is_root() {
            let mut taken: HashSet<_> = files.iter().map(|file| file.path.clone()).collect();
            let models = self.models_of(&run).await?.into_iter().map(|model| model.name);
            let models = models.filter(|name| taken.insert(name.clone()));
            files.extend(models.map(|path| FileInfo { path, is_dir: true, size: None }));
            files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        } else if files.is_empty()
            && let Some((model, inner)) = self.model_folder(&run, &own, &path).await?
        {
            files = model.list(&inner).await.map_err(errors::from_artifacts)?;
            for file in &mut files {
                file.path = format!("{}/{}", path.split_first().0, file.path);
            }
        }
        Ok(ArtifactListing { root_uri: run.artifact_uri, files })
    }

    /// A file of a run, or of a model logged from it (see [`Service::run_artifacts`]). It need not exist.
    #[boxed]
    pub async fn run_file(&self, run_id: &str, path: &str) -> Result<ArtifactFile> {
        let path = ArtifactPath::parse(path)?;
        let run = self.run_place(run_id).await?;
        let own = self.place(&run.artifact_uri)?;
        Ok(match self.model_folder(&run, &own, &path).await? {
            Some((model, inner)) => model.file(&inner),
            None => own.file(&path),
        })
    }

    /// Opens a file of a run, or of a model logged from it (see [`Service::run_artifacts`]).
    #[boxed]
    pub async fn open_run_artifact(&self, run_id: &str, path: &str, range: Option<ByteRange>) -> Result<Download> {
        self.run_file(run_id, path).await?.open(range).await
    }

    /// Writes a file of a run.
    #[boxed]
    pub async fn upload_run_artifact(&self, run_id: &str, path: &str, upload: Upload) -> Result<()> {
        self.own_run_file(run_id, path).await?.put(upload).await
    }

    /// A file of a run itself, its models aside. It need not exist.
    #[boxed]
    pub async fn own_run_file(&self, run_id: &str, path: &str) -> Result<ArtifactFile> {
        let path = ArtifactPath::parse(path)?;
        Ok(self.place(&self.run_location(run_id).await?)?.file(&path))
    }

    /// The artifact location of a run in any lifecycle stage.
    #[boxed]
    pub async fn run_location(&self, run_id: &str) -> Result<String> {
        Ok(self.run_place(run_id).await?.artifact_uri)
    }

    /// Lists a folder of a logged model.
    #[boxed]
    pub async fn logged_model_artifacts(&self, model_id: &str, path: &str) -> Result<ArtifactListing> {
        let path = ArtifactPath::parse(path)?;
        let root_uri = self.logged_model_location(model_id).await?;
        let files = self.place(&root_uri)?.list(&path).await.map_err(errors::from_artifacts)?;
        Ok(ArtifactListing { root_uri, files })
    }

    /// A file of a logged model, which need not exist.
    #[boxed]
    pub async fn logged_model_artifact(&self, model_id: &str, path: &str) -> Result<ArtifactFile> {
        let path = ArtifactPath::parse(path)?;
        Ok(self.place(&self.logged_model_location(model_id).await?)?.file(&path))
    }

    /// Opens a file of a logged model.
    #[boxed]
    pub async fn open_logged_model_artifact(
        &self,
        model_id: &str,
        path: &str,
        range: Option<ByteRange>,
    ) -> Result<Download> {
        self.logged_model_artifact(model_id, path).await?.open(range).await
    }

    /// Lists a folder of a version's files.
    #[boxed]
    pub async fn version_artifacts(&self, name: &str, version: &str, path: &str) -> Result<ArtifactListing> {
        ArtifactPath::parse(path)?;
        let root_uri = self.model_version(name, version).await?.storage_location;
        match Stored::parse(&root_uri) {
            Stored::OfRun { run_id, folder } => {
                let mut files = self.run_artifacts(run_id, &below(folder, path)).await?.files;
                let above = ArtifactPath::parse(folder.trim_matches('/'))?.as_str().len();
                for file in &mut files {
                    file.path = file.path.get(above..).unwrap_or_default().trim_start_matches('/').to_owned();
                }
                Ok(ArtifactListing { root_uri, files })
            }
            Stored::OfLoggedModel(model_id) => {
                let files = self.logged_model_artifacts(model_id, path).await?.files;
                Ok(ArtifactListing { root_uri, files })
            }
            Stored::Direct(location) => {
                let path = ArtifactPath::parse(path)?;
                let files = self.place(location)?.list(&path).await.map_err(errors::from_artifacts)?;
                Ok(ArtifactListing { root_uri, files })
            }
        }
    }

    /// One of a version's files, which need not exist.
    #[boxed]
    pub async fn version_file(&self, name: &str, version: &str, path: &str) -> Result<ArtifactFile> {
        let valid = ArtifactPath::parse(path)?;
        let location = self.model_version(name, version).await?.storage_location;
        match Stored::parse(&location) {
            Stored::OfRun { run_id, folder } => self.run_file(run_id, &below(folder, path)).await,
            Stored::OfLoggedModel(model_id) => self.logged_model_artifact(model_id, path).await,
            Stored::Direct(location) => Ok(self.place(location)?.file(&valid)),
        }
    }

    /// Opens one of a version's files.
    #[boxed]
    pub async fn open_version_artifact(
        &self,
        name: &str,
        version: &str,
        path: &str,
        range: Option<ByteRange>,
    ) -> Result<Download> {
        self.version_file(name, version, path).await?.open(range).await
    }

    /// The artifact location of a logged model in use.
    #[boxed]
    pub async fn logged_model_location(&self, model_id: &str) -> Result<String> {
        let mut conn = self.reader().await?;
        let model = sources::logged_model(&mut conn, model_id).await.map_err(errors::from_store)?;
        let model = model.ok_or_else(|| Error::not_found(format!("Logged model with ID '{model_id}' not found.")))?;
        Ok(model.artifact_uri)
    }

    async fn reader(&self) -> Result<Conn> {
        self.inner.store.look_up().await.map_err(errors::from_store)
    }

    pub(crate) async fn run_place(&self, run_id: &str) -> Result<RunPlace> {
        let run = sources::run(&mut self.reader().await?, run_id).await.map_err(errors::from_store)?;
        run.ok_or_else(|| Error::not_found(format!("Run with id={run_id} not found")))
    }

    pub(crate) async fn models_of(&self, run: &RunPlace) -> Result<Vec<run_logged_models::NamedModel>, Fault> {
        Ok(run_logged_models::by_run(&mut self.inner.store.read().await?, run).await?)
    }

    /// The logged model whose name stands for a folder of its run, with the path within the model; `None` where the run
    /// has something of that name itself.
    pub(crate) async fn model_folder(
        &self,
        run: &RunPlace,
        own: &Place,
        path: &ArtifactPath,
    ) -> Result<Option<(Place, ArtifactPath)>> {
        let (name, inner) = path.split_first();
        let mut conn = self.reader().await?;
        let model = sources::logged_model_of_run(&mut conn, run, name).await.map_err(errors::from_store)?;
        // Storage may be slow; a connection is too precious to wait for it.
        drop(conn);
        match model {
            Some(model) if !own.has(name).await.map_err(errors::from_artifacts)? => {
                Ok(Some((self.place(&model.artifact_uri)?, inner)))
            }
            _ => Ok(None),
        }
    }
}

/// Where a version's files are kept.
pub(crate) enum Stored<'l> {
    /// In a folder of a run.
    OfRun { run_id: &'l str, folder: &'l str },
    /// In a logged model.
    OfLoggedModel(&'l str),
    /// At this location.
    Direct(&'l str),
}

impl<'l> Stored<'l> {
    pub(crate) fn parse(location: &'l str) -> Self {
        if let Some(rest) = location.strip_prefix("runs:/") {
            let (run_id, folder) = rest.trim_start_matches('/').split_once('/').unwrap_or((rest, ""));
            return Self::OfRun { run_id, folder };
        }
        match location.strip_prefix("models:/") {
            Some(model_id) if model_id.starts_with("m-") => Self::OfLoggedModel(model_id),
            _ => Self::Direct(location),
        }
    }
}

/// A path within a folder, from where the folder is.
pub(crate) fn below(folder: &str, path: &str) -> String {
    format!("{}/{path}", folder.trim_matches('/')).trim_matches('/').to_owned()
}
