//! Where a new version's files are, and whose they are: the source that a client names, checked and resolved.
//!
//! Beyond MLflow, a version belongs to a logged model also when its source is a folder of the model's run: 3.x clients
//! keep a model's files beside the run, so that `<run's location>/<model's name>` stays empty, and a version of that
//! folder could be neither browsed nor loaded.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use artifacts::ArtifactError;
use domain::artifact_path::ArtifactPath;
use domain::model_versions::{Stage, parse_version};
use domain::source::{self, Owner, PROMPT_SOURCES, Source, VersionPick};
use domain::{Error, Result, names, uri};
use serde_json::{Value, json};
use store::model_versions::VersionRow;
use store::sources::{self as rows, LoggedModelPlace, RunPlace};
use store::{Conn, StoreError};

use crate::errors::Fault;
use crate::model_versions::{find, highest};
use crate::{NewModelVersion, Service, aliases, registered_models};

/// What a version is made from.
#[derive(Debug, Default)]
pub(crate) struct Origin {
    /// The source as it is kept.
    pub(crate) source: String,
    /// Where the files are.
    pub(crate) storage_location: String,
    /// The run that made it; may be empty.
    pub(crate) run_id: String,
    /// The logged model that it is made from.
    pub(crate) model_id: Option<String>,
    /// That model's number within the store, if it is in use.
    pub(crate) model_no: Option<i64>,
    /// Whether that model lists the version: not a mere copy of another version.
    pub(crate) listed: bool,
}

/// Who owns the files of a source, as the request says.
#[derive(Debug)]
enum Claim {
    Run(Option<RunPlace>),
    LoggedModel(Option<LoggedModelPlace>),
}

impl Claim {
    fn owner(&self) -> Owner {
        match self {
            Self::Run(_) => Owner::Run,
            Self::LoggedModel(_) => Owner::LoggedModel,
        }
    }

    /// Where the owner's files are; `None` if there is no such owner.
    fn location(&self) -> Option<&str> {
        match self {
            Self::Run(run) => run.as_ref().map(|run| run.artifact_uri.as_str()),
            Self::LoggedModel(model) => model.as_ref().map(|model| model.artifact_uri.as_str()),
        }
    }
}

impl Service {
    /// Lets only sources be registered in which a pattern is found (MLflow's
    /// `MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX`). `Err` says what is wrong with the pattern.
    pub fn with_source_pattern(mut self, pattern: &str) -> Result<Self, String> {
        let pattern = regex::Regex::new(pattern).map_err(|e| e.to_string())?;
        Arc::make_mut(&mut self.inner).source_pattern = Some(pattern);
        Ok(self)
    }

    /// Checks a new version's source by MLflow's rules, in MLflow's order, and finds its files.
    pub(crate) async fn resolve_source(&self, new: &NewModelVersion, is_prompt: bool) -> Result<Origin> {
        let text = new.source.as_str();
        if self.inner.source_pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
            return Err(Error::invalid(format!("Invalid model version source: '{text}'.")));
        }
        let run_id = given(new.run_id.as_ref());
        let origin = |storage_location: &str| Origin {
            source: text.to_owned(),
            storage_location: storage_location.to_owned(),
            run_id: run_id.unwrap_or_default().to_owned(),
            ..Origin::default()
        };
        if is_prompt {
            if !PROMPT_SOURCES.contains(&text) {
                return Err(Error::invalid(format!(
                    "Invalid prompt source: '{text}'. Prompt sources must use an MLflow placeholder."
                )));
            }
            return Ok(origin(text));
        }
        let config = &self.inner.config;
        uri::check_host("source", text, &[&config.default_root, &config.destination], &config.allowed_schemes)?;
        let parsed = Source::parse(text)?;
        if let Source::Version { name, pick } = &parsed {
            return Ok(self.version_origin(new, name, pick).await?);
        }
        let claim = self.claim(new, &parsed).await?;
        let below = check_contained(text, &parsed, new, &claim).await?;
        match claim {
            Claim::LoggedModel(model) => {
                let model = model.ok_or_else(|| {
                    let id = new.model_id.as_deref().unwrap_or_default();
                    Error::not_found(format!("Logged model with ID '{id}' not found."))
                })?;
                let of_model = matches!(parsed, Source::LoggedModel(_));
                Ok(origin(if of_model { &model.artifact_uri } else { text }).of(model))
            }
            Claim::Run(Some(run)) => {
                let origin = Origin { run_id: run.run_id.clone(), ..origin(text) };
                match self.empty_folder_of_model(&run, &below).await? {
                    Some((model, inner)) => {
                        let storage_location = uri::append_path(&model.artifact_uri, &inner);
                        Ok(Origin { storage_location, ..origin }.of(model))
                    }
                    None => Ok(origin),
                }
            }
            Claim::Run(None) => Ok(origin(text)),
        }
    }

    /// The owner that the request names; a source in a run names that run itself.
    async fn claim(&self, new: &NewModelVersion, source: &Source) -> Result<Claim, Fault> {
        let mut conn = self.inner.store.look_up().await?;
        if let Some(model_id) = given(new.model_id.as_ref()) {
            return Ok(Claim::LoggedModel(rows::logged_model(&mut conn, model_id).await?));
        }
        let run_id = given(new.run_id.as_ref()).or(match source {
            Source::Run { run_id, .. } => Some(run_id),
            _ => None,
        });
        Ok(Claim::Run(match run_id {
            Some(run_id) => rows::run(&mut conn, run_id).await?,
            None => None,
        }))
    }

    /// What another version is made from, for a copy of it.
    async fn version_origin(&self, new: &NewModelVersion, name: &str, pick: &VersionPick) -> Result<Origin, Fault> {
        let mut conn = self.inner.store.look_up().await?;
        let row = picked(&mut conn, &new.source, name, pick).await?;
        if new.run_id.as_ref().is_some_and(|run_id| *run_id != row.run_id)
            || given(new.model_id.as_ref()).is_some_and(|model_id| Some(model_id) != row.model_id.as_deref())
        {
            return Err(source::refused(
                &new.source,
                "The run_id and model_id request parameters must match the referenced model version.",
            )
            .into());
        }
        let source = format!("models:/{name}/{}", row.version);
        source::check_absolute(&source)?;
        let model = match &row.model_id {
            Some(model_id) => rows::logged_model(&mut conn, model_id).await?,
            None => None,
        };
        Ok(Origin {
            source,
            storage_location: row.storage_location,
            run_id: row.run_id,
            model_no: model.map(|model| model.model_no),
            model_id: row.model_id,
            listed: given(new.model_id.as_ref()).is_some(),
        })
    }

    /// The logged model whose name stands for a folder of its run, with the path within the model, if that folder has no
    /// files of its own. `path` is the folder's, below the run's location.
    async fn empty_folder_of_model<'p>(
        &self,
        run: &RunPlace,
        path: &'p [String],
    ) -> Result<Option<(LoggedModelPlace, Vec<&'p str>)>> {
        let Some((name, inner)) = path.split_first() else { return Ok(None) };
        let Ok(folder) = ArtifactPath::parse(&path.join("/")) else { return Ok(None) };
        let Some(model) = self.model_of_run(run, name).await? else { return Ok(None) };
        let files = match self.repository(&run.artifact_uri) {
            Ok(repository) => repository.list(&folder).await,
            Err(error) => Err(error),
        };
        match files {
            Ok(files) if files.is_empty() => Ok(Some((model, inner.iter().map(String::as_str).collect()))),
            // Nobody here can look into such a location.
            Ok(_) | Err(ArtifactError::Scheme(_)) => Ok(None),
            Err(error) => Err(crate::errors::from_artifacts(error)),
        }
    }

    async fn model_of_run(&self, run: &RunPlace, name: &str) -> Result<Option<LoggedModelPlace>, Fault> {
        let mut conn = self.inner.store.look_up().await?;
        Ok(rows::logged_model_of_run(&mut conn, run, name).await?)
    }
}

impl Origin {
    /// Made from a logged model, and by its run if no other is named.
    fn of(mut self, model: LoggedModelPlace) -> Self {
        if self.run_id.is_empty() {
            self.run_id = model.source_run_id;
        }
        self.model_id = Some(model.model_id);
        self.model_no = Some(model.model_no);
        self.listed = true;
        self
    }
}

/// Why there can be no version of files that are about to go.
pub(crate) fn is_being_removed(source: &str) -> Error {
    source::refused(source, "It was deleted, and is being removed for good.")
}

/// A request's id, if it is not empty.
fn given(id: Option<&String>) -> Option<&str> {
    id.map(String::as_str).filter(|id| !id.is_empty())
}

/// The version that a `models:/` source means.
async fn picked(conn: &mut Conn, source: &str, name: &str, pick: &VersionPick) -> Result<VersionRow, Fault> {
    names::check_model_name(name, "name")?;
    let model = registered_models::find(conn, name).await?;
    if model.is_prompt {
        return Err(source::refused(source, "Prompt versions cannot be used as model version sources.").into());
    }
    let none_found =
        |of_stage: &str| Error::invalid(format!("No versions of model with name '{name}'{of_stage} found"));
    match pick {
        VersionPick::Number(number) => find(conn, name, parse_version(number)?).await,
        VersionPick::Alias(alias) => {
            names::check_alias(alias)?;
            aliases::resolve(conn, name, alias).await
        }
        VersionPick::Latest => Ok(highest(conn, &model, None).await?.ok_or_else(|| none_found(""))?),
        VersionPick::Stage(text) => {
            let found = highest(conn, &model, Some(Stage::parse(text)?)).await?;
            Ok(found.ok_or_else(|| none_found(&format!(" and stage '{text}'")))?)
        }
    }
}

/// Refuses a source that its owner doesn't contain. Answers the path of a source within its run, segment by segment;
/// none for other sources.
async fn check_contained(text: &str, source: &Source, new: &NewModelVersion, claim: &Claim) -> Result<Vec<String>> {
    let outside = || claim.owner().does_not_contain(text);
    if let Source::Local(path) = source {
        let named = given(new.model_id.as_ref()).or(given(new.run_id.as_ref())).is_some();
        if named && claim.location().is_none() {
            return Err(outside());
        }
        return check_local(text, path, claim).await;
    }
    source::check_absolute(text)?;
    let below_owner = || claim.location().and_then(|location| source::below(text, location));
    match (source, claim) {
        (Source::Run { run_id, path }, Claim::Run(run)) => {
            // A run that the request names need not exist; one that the source names alone has to.
            let named = given(new.run_id.as_ref()).map_or(run.is_some(), |named| named == run_id);
            if named { Ok(source::segments(path).collect()) } else { Err(outside()) }
        }
        (Source::LoggedModel(id), Claim::LoggedModel(_)) if new.model_id.as_ref() == Some(id) => Ok(Vec::new()),
        (Source::LoggedModel(_), _) => Err(Owner::LoggedModel.does_not_contain(text)),
        (Source::Run { .. }, Claim::LoggedModel(_)) => Err(outside()),
        (Source::Proxy, _) => below_owner().ok_or_else(outside),
        _ => Ok(below_owner().unwrap_or_default()),
    }
}

async fn check_local(text: &str, path: &str, claim: &Claim) -> Result<Vec<String>> {
    let Some(location) = claim.location().filter(|_| !path.contains('\0')) else {
        return Err(claim.owner().has_no_local(text));
    };
    let path = resolve(path.to_owned()).await?;
    if let Ok(Source::Local(root)) = Source::parse(location)
        && let Ok(below) = path.strip_prefix(resolve(root).await?)
    {
        return Ok(below.iter().map(|name| name.to_string_lossy().into_owned()).collect());
    }
    Err(claim.owner().has_no_local(&path.to_string_lossy()))
}

/// A path made absolute, without `..` and symbolic links, however much of it exists.
async fn resolve(path: String) -> Result<PathBuf> {
    let resolving = tokio::task::spawn_blocking(move || {
        let path = std::path::absolute(path)?;
        let mut real = PathBuf::new();
        for component in path.components() {
            match component {
                Component::ParentDir => {
                    real.pop();
                }
                other => real.push(other),
            }
            real = real.canonicalize().unwrap_or(real);
        }
        Ok::<_, std::io::Error>(real)
    });
    match resolving.await {
        Ok(Ok(real)) => Ok(real),
        // Such as an empty path.
        Ok(Err(_)) => Ok(Path::new("/").into()),
        Err(cause) => {
            tracing::error!(%cause, "resolving a path failed");
            Err(Error::internal())
        }
    }
}

/// Appends a version to the list that its logged model keeps as a tag. The list is clients' as well: what is no list is
/// replaced, and what stands in one is kept.
pub(crate) async fn note_version(tx: &mut Conn, model_no: i64, name: &str, version: i64) -> Result<(), StoreError> {
    let tag = rows::lock_versions_tag(tx, model_no).await?;
    let mut versions: Vec<Value> = tag.and_then(|tag| serde_json::from_str(&tag).ok()).unwrap_or_default();
    versions.push(json!({ "name": name, "version": version }));
    rows::set_versions_tag(tx, model_no, &Value::from(versions).to_string()).await
}
