//! Deleted registered models and versions: listed, and brought back.
//!
//! A model comes back as it was, with the versions that were deleted with it, its tags and its aliases. A version comes back
//! with its tags, the aliases that point at no other version by now, and its stage: unless another version is in that
//! stage (Staging or Production) by now, since two would stand side by side there and nobody had asked for it. Then it
//! comes back as Archived. Guards are not asked again: they stand before a stage that the version had entered.

use domain::history::Change;
use domain::model_versions::{DeletedVersion, ModelVersion, Stage, parse_version};
use domain::registered_models::{DeletedModel, RegisteredModel};
use domain::{Error, Page, Result, names};
use store::restore::{self as rows, DeletedModelRow};
use store::{Conn, StoreError, aliases, history, registered_models as models};

use crate::errors::Fault;
use crate::history::{page_size, parse_id};
use crate::{Service, boxed, model_versions, paging, registered_models};

impl Service {
    /// The deleted models that can be restored, the last deleted first: a page of 1 to 1,000, 100 if not said.
    #[boxed]
    pub async fn deleted_models(
        &self,
        max_results: Option<i64>,
        page_token: Option<&str>,
    ) -> Result<Page<DeletedModel>> {
        let size = page_size(max_results)?;
        let before = paging::place(page_token)?.map_or((i64::MAX, i64::MAX), |[deleted_at, no]| (deleted_at, no));
        Ok(self.read_deleted_models(before, size).await?)
    }

    async fn read_deleted_models(&self, before: (i64, i64), size: i64) -> Result<Page<DeletedModel>, Fault> {
        let mut conn = self.inner.store.read().await?;
        let found = rows::models(&mut conn, before, size + 1).await?;
        let page = paging::page_by_place(found, size, |row| [row.deleted_at, row.registered_no]);
        Ok(page.map(|row: DeletedModelRow| DeletedModel {
            id: row.registered_no.to_string(),
            name: row.name,
            creation_timestamp: row.creation_time,
            deleted_timestamp: row.deleted_at,
            description: row.description,
            last_version: row.last_version,
        }))
    }

    /// The deleted versions of a model in use, the highest first: a page of 1 to 1,000, 100 if not said.
    #[boxed]
    pub async fn deleted_versions(
        &self,
        name: &str,
        max_results: Option<i64>,
        page_token: Option<&str>,
    ) -> Result<Page<DeletedVersion>> {
        names::check_model_name(name, "name")?;
        let size = page_size(max_results)?;
        let below = paging::place(page_token)?.map_or(i64::MAX, |[version]| version);
        Ok(self.read_deleted_versions(name, below, size).await?)
    }

    async fn read_deleted_versions(&self, name: &str, below: i64, size: i64) -> Result<Page<DeletedVersion>, Fault> {
        let mut conn = self.inner.store.read().await?;
        let no = registered_models::find(&mut conn, name).await?.registered_no;
        let found = rows::versions(&mut conn, no, below, size + 1).await?;
        let page = paging::page_by_place(found, size, |row| [row.version.version]);
        let times: Vec<i64> = page.items.iter().map(|row| row.deleted_at).collect();
        let versions = page.items.into_iter().map(|row| row.version).collect();
        let versions = store::model_versions::load(&mut conn, versions, false).await?;
        let items = versions.into_iter().zip(times);
        let items = items.map(|(version, deleted_timestamp)| DeletedVersion { version, deleted_timestamp });
        Ok(Page { items: items.collect(), next_page_token: page.next_page_token })
    }

    /// Brings back a deleted model with all that was deleted with it: the last one deleted under this name, or the one of
    /// this id (see [`Service::deleted_models`]).
    #[boxed]
    pub async fn restore_registered_model(&self, name: &str, id: Option<&str>) -> Result<RegisteredModel> {
        names::check_model_name(name, "name")?;
        let id = id.map(parse_id).transpose()?;
        let (name, by) = (name.to_owned(), self.author());
        let restore = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let Some(row) = rows::model(tx, &name, id).await? else {
                    return Err(match models::find(tx, &name).await? {
                        Some(_) => Error::invalid(format!("Registered Model (name={name}) is not deleted.")),
                        None => registered_models::not_found(&name),
                    }
                    .into());
                };
                match rows::restore_model(tx, row.registered_no).await {
                    Err(StoreError::Conflict(_)) => return Err(name_taken(&name).into()),
                    Ok(false) => return Err(registered_models::not_found(&name).into()),
                    other => other?,
                };
                let edit = by.edit(tx, row.registered_no).await?;
                models::touch(tx, row.registered_no, edit.time).await?;
                history::begin_stages(tx, row.registered_no, edit.time).await?;
                let restored = Change::Restored { aliases: Vec::new(), lost: None };
                edit.note(tx, None, restored).await?;
                let row = registered_models::find(tx, &name).await?;
                registered_models::whole(tx, row).await
            })
        });
        Ok(restore.await?)
    }

    /// Brings back a deleted version (a decimal string) of a model in use.
    #[boxed]
    pub async fn restore_model_version(&self, name: &str, version: &str) -> Result<ModelVersion> {
        names::check_model_name(name, "name")?;
        let version = parse_version(version)?;
        let (name, by) = (name.to_owned(), self.author());
        let restore = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let Some(model) = models::lock(tx, &name).await? else {
                    return Err(not_without_model(tx, &name, version).await?.into());
                };
                let no = model.registered_no;
                let Some(row) = rows::version(tx, no, version).await? else {
                    return Err(match store::model_versions::find(tx, &name, version).await? {
                        Some(_) => {
                            Error::invalid(format!("Model Version (name={name}, version={version}) is not deleted."))
                        }
                        None => model_versions::not_found(&name, version),
                    }
                    .into());
                };
                let edit = by.edit(tx, no).await?;
                let had = Stage::from_number(row.version.stage).unwrap_or_default();
                let lost = had.is_active() && rows::is_stage_taken(tx, no, version, had.number()).await?;
                let stage = if lost { Stage::Archived } else { had };
                rows::restore_version(tx, no, version, stage.number(), edit.time).await?;
                history::note_stage(tx, no, version, stage, edit.time).await?;
                let aliases = free_aliases(tx, no, version).await?;
                for alias in &aliases {
                    aliases::set(tx, no, alias, version).await?;
                }
                models::touch(tx, no, edit.time).await?;
                edit.note(tx, Some(version), Change::Restored { aliases, lost: lost.then_some(had) }).await?;
                let row = model_versions::find(tx, &name, version).await?;
                model_versions::whole(tx, row).await
            })
        });
        Ok(restore.await?)
    }
}

/// The aliases that went with a version and point at no other by now. Its deletion is the last that is known of it.
async fn free_aliases(tx: &mut Conn, registered_no: i64, version: i64) -> Result<Vec<String>, StoreError> {
    let Some(Change::Deleted { aliases: went }) = history::last_change(tx, registered_no, version).await? else {
        return Ok(Vec::new());
    };
    let mut free = Vec::new();
    for alias in went {
        if aliases::find(tx, registered_no, &alias).await?.is_none() {
            free.push(alias);
        }
    }
    Ok(free)
}

fn name_taken(name: &str) -> Error {
    Error::already_exists(format!(
        "Registered Model (name={name}) cannot be restored, because another one has that name by now. Rename or delete that \
         one first."
    ))
}

/// Why a version cannot come back when there is no model of that name in use.
async fn not_without_model(tx: &mut Conn, name: &str, version: i64) -> Result<Error, StoreError> {
    if let Some(model) = rows::model(tx, name, None).await?
        && rows::version(tx, model.registered_no, version).await?.is_some()
    {
        return Ok(Error::invalid(format!(
            "Model Version (name={name}, version={version}) cannot be restored, because its registered model is deleted. \
             Restore the model first."
        )));
    }
    Ok(model_versions::not_found(name, version))
}
