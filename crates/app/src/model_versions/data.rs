//! What a version's page shows, and the changes that it makes.

use domain::guards::Guards;
use domain::model_file::ModelFile;
use domain::model_versions::{ModelVersion, Stage};
use domain::registered_models::ModelAlias;
use domain::runs::Run;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::error::UiResult;
#[cfg(feature = "ssr")]
use crate::registered_models::load_history;
use crate::registered_models::{Gone, History, Remains};
use crate::ui::load::Loaded;
use crate::ui::markdown::Markdown;
use crate::ui::tags::TagChange;

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct VersionData {
    pub(super) version: ModelVersion,
    pub(super) description: Markdown,
    /// Every alias of the model.
    pub(super) aliases: Vec<ModelAlias>,
    /// The model's highest versions in Staging and Production.
    pub(super) active: Vec<(i64, Stage)>,
    /// Versions in Staging and Production that are not among those.
    pub(super) more_active: i64,
    /// The run that made it, if it is on this server.
    pub(super) run: Option<Run>,
    /// The model's folder among the run's artifacts.
    pub(super) artifact: Option<String>,
    /// What its model asks before Production.
    pub(super) guards: Guards,
    /// What was done to it.
    pub(super) history: UiResult<History>,
}

impl VersionData {
    /// The aliases that point at this version.
    pub(super) fn own_aliases(&self) -> Vec<String> {
        let own = self.aliases.iter().filter(|a| a.version == self.version.version);
        own.map(|a| a.alias.clone()).collect()
    }

    /// Other versions in a stage.
    pub(super) fn others_in(&self, stage: Stage) -> Vec<i64> {
        let others = self.active.iter().filter(|(version, s)| *s == stage && *version != self.version.version);
        others.map(|(version, _)| *version).collect()
    }
}

/// `None` for what is not there.
#[cfg(feature = "ssr")]
pub(super) fn found<T>(answer: domain::Result<T>) -> UiResult<Option<T>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.code == domain::ErrorCode::ResourceDoesNotExist => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The model's folder among its run's artifacts: the logged model's name, or what the source says.
#[cfg(feature = "ssr")]
async fn artifact_folder(
    service: &service::Service,
    version: &ModelVersion,
    run: Option<&Run>,
) -> UiResult<Option<String>> {
    if let Some(model_id) = &version.model_id {
        return Ok(found(service.logged_model(model_id, true).await)?.map(|model| model.name));
    }
    let of_run = |uri: &str| version.source.strip_prefix(uri).map(|path| path.trim_matches('/').to_owned());
    let folder = of_run(&format!("runs:/{}/", version.run_id)).or_else(|| of_run(&run?.info.artifact_uri));
    Ok(folder.filter(|path| !path.is_empty()))
}

#[server(prefix = "/_fn", endpoint = "version_page")]
pub(super) async fn load_version(name: String, version: String, history: Option<String>) -> UiResult<VersionData> {
    let service = crate::error::service();
    let version = service.model_version(&name, &version).await?;
    let model = service.registered_model(&name).await?;
    let active = service.active_versions(&name).await?;
    let in_all = service.list_versions(&name, true, 0, 0).await?.active;
    let more_active = in_all.saturating_sub(i64::try_from(active.len()).unwrap_or(i64::MAX)).max(0);
    let run = if version.run_id.is_empty() { None } else { found(service.run(&version.run_id).await)? };
    let artifact = artifact_folder(&service, &version, run.as_ref()).await?;
    Ok(VersionData {
        description: Markdown::render(version.description.as_deref().unwrap_or_default()),
        aliases: model.aliases,
        active,
        more_active,
        run,
        artifact,
        guards: service.guards(&name).await?,
        history: load_history(&service, &name, Some(version.version), history, None)
            .await
            .map_err(crate::error::UiError),
        version,
    })
}

/// What is remembered of a version that is not there.
#[server(prefix = "/_fn", endpoint = "gone_version")]
async fn load_gone_version(name: String, version: String, history: Option<String>) -> UiResult<Option<Gone>> {
    crate::registered_models::load_gone(&crate::error::service(), &name, None, Some(&version), history).await
}

/// A version or, if it was deleted, what is remembered of it.
pub(super) async fn load_either(
    name: String,
    version: String,
    history: Option<String>,
) -> UiResult<Remains<VersionData>> {
    match load_version(name.clone(), version.clone(), history.clone()).await {
        Ok(data) => Ok(Remains::InUse(Box::new(data))),
        Err(error) if error.is_not_found() => match load_gone_version(name, version, history).await? {
            Some(gone) => Ok(Remains::Deleted(gone)),
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// What a version's `MLmodel` file says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Described {
    /// `None` if there is none.
    pub(super) file: Option<ModelFile>,
    /// Whether it has a signature, or else why not.
    pub(super) signed: Result<(), String>,
}

/// What a version says of itself in the artifact store.
pub(super) type FilePart = Loaded<Option<UiResult<Described>>>;

#[server(prefix = "/_fn", endpoint = "version_file")]
pub(super) async fn load_file(name: String, version: String) -> UiResult<Described> {
    let file = crate::error::service().version_model_file(&name, &version).await;
    let signed = service::signed_by(&file)?;
    Ok(Described { file: file?, signed })
}

#[server(prefix = "/_fn", endpoint = "describe_version")]
pub(super) async fn describe_version(name: String, version: i64, description: String) -> UiResult<()> {
    crate::error::service().update_model_version(&name, &version.to_string(), Some(&description)).await?;
    Ok(())
}

#[server(prefix = "/_fn", endpoint = "set_version_tag")]
async fn set_version_tag(name: String, version: i64, key: String, value: String) -> UiResult<()> {
    Ok(crate::error::service().set_model_version_tag(&name, &version.to_string(), &key, &value).await?)
}

#[server(prefix = "/_fn", endpoint = "delete_version_tag")]
async fn delete_version_tag(name: String, version: i64, key: String) -> UiResult<()> {
    Ok(crate::error::service().delete_model_version_tag(&name, &version.to_string(), &key).await?)
}

/// Sets or removes a tag.
pub(super) async fn change_version_tag(name: String, version: i64, change: TagChange) -> UiResult<()> {
    match change {
        TagChange::Set(tag) => set_version_tag(name, version, tag.key, tag.value).await,
        TagChange::Remove(key) => delete_version_tag(name, version, key).await,
    }
}

#[server(prefix = "/_fn", endpoint = "transition_stage")]
pub(super) async fn transition_stage(name: String, version: i64, stage: Stage, archive_existing: bool) -> UiResult<()> {
    crate::error::service().transition_stage(&name, &version.to_string(), stage.name(), archive_existing).await?;
    Ok(())
}

/// Gives a version these aliases and no others.
#[server(prefix = "/_fn", endpoint = "save_aliases", input = Json)]
pub(super) async fn save_aliases(name: String, version: i64, aliases: Vec<String>) -> UiResult<()> {
    crate::error::service().set_aliases(&name, &version.to_string(), &aliases).await?;
    Ok(())
}

#[server(prefix = "/_fn", endpoint = "delete_version")]
pub(super) async fn delete_version(name: String, version: i64) -> UiResult<()> {
    Ok(crate::error::service().delete_model_version(&name, &version.to_string()).await?)
}
