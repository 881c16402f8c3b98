//! What a version's page shows, and the changes that it makes.

use domain::model_file::ModelFile;
use domain::model_versions::{ModelVersion, Stage};
use domain::registered_models::ModelAlias;
use domain::runs::Run;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::error::UiResult;
use crate::registered_models::History;
#[cfg(feature = "ssr")]
use crate::registered_models::load_history;
use crate::ui::markdown::Markdown;
use crate::ui::tags::TagChange;

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct VersionData {
    pub(super) version: ModelVersion,
    pub(super) description: Markdown,
    /// Every alias of the model.
    pub(super) aliases: Vec<ModelAlias>,
    /// The model's versions in Staging and Production.
    pub(super) active: Vec<(i64, Stage)>,
    /// The run that made it, if it is on this server.
    pub(super) run: Option<Run>,
    /// The model's folder among the run's artifacts.
    pub(super) artifact: Option<String>,
    /// What the model says of itself; an error if the artifact store can't be read.
    pub(super) file: UiResult<Option<ModelFile>>,
    /// What it lacks of what its model asks before Production.
    pub(super) missing: UiResult<Vec<String>>,
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
    let number = version.version.to_string();
    let model = service.registered_model(&name).await?;
    let active = service.active_versions(&name).await?;
    let run = if version.run_id.is_empty() { None } else { found(service.run(&version.run_id).await)? };
    let artifact = artifact_folder(&service, &version, run.as_ref()).await?;
    let file = service.version_model_file(&name, &number).await.map_err(crate::error::UiError);
    Ok(VersionData {
        description: Markdown::render(version.description.as_deref().unwrap_or_default()),
        aliases: model.aliases,
        active,
        run,
        artifact,
        file,
        missing: service.missing_for_production(&name, &number).await.map_err(crate::error::UiError),
        history: load_history(&service, &name, Some(version.version), history, None)
            .await
            .map_err(crate::error::UiError),
        version,
    })
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

/// Points aliases at a version, and takes others away from it.
#[server(prefix = "/_fn", endpoint = "save_aliases", input = Json)]
pub(super) async fn save_aliases(name: String, version: i64, added: Vec<String>, removed: Vec<String>) -> UiResult<()> {
    let service = crate::error::service();
    for alias in added {
        service.set_alias(&name, &alias, &version.to_string()).await?;
    }
    for alias in removed {
        service.delete_alias(&name, &alias).await?;
    }
    Ok(())
}

#[server(prefix = "/_fn", endpoint = "delete_version")]
pub(super) async fn delete_version(name: String, version: i64) -> UiResult<()> {
    Ok(crate::error::service().delete_model_version(&name, &version.to_string()).await?)
}
