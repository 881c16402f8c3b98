//! Registered models.

use std::slice;

use domain::history::Change;
use domain::model_versions::{ModelVersion, Stage};
use domain::names::{self, MAX_REGISTRY_TAG_VALUE};
use domain::registered_models::{PROMPT_TAG, RegisteredModel};
use domain::{Error, Result, Tag};
use store::registered_models::{self as rows, RegisteredRow};
use store::{Conn, StoreError, history, model_versions};

use crate::errors::Fault;
use crate::tags::last_wins;
use crate::webhooks::News;
use crate::{Service, boxed};

/// Asks for a new registered model.
#[derive(Clone, Debug, Default)]
pub struct NewRegisteredModel {
    /// Its name.
    pub name: String,
    /// Markdown.
    pub description: Option<String>,
    /// Its first tags; of equal keys the last wins.
    pub tags: Vec<Tag>,
}

/// Asks for a page of registered models.
#[derive(Clone, Debug, Default)]
pub struct SearchRegisteredModels {
    /// MLflow's filter language. Prompts are hidden unless it asks for them.
    pub filter: Option<String>,
    /// Page size up to 1,000; `None` is 100.
    pub max_results: Option<i64>,
    /// Such as `last_updated_timestamp DESC`.
    pub order_by: Vec<String>,
    /// From the page before; empty means the first.
    pub page_token: Option<String>,
}

impl Service {
    /// Creates a registered model.
    #[boxed]
    pub async fn create_registered_model(&self, new: NewRegisteredModel) -> Result<RegisteredModel> {
        names::check_model_name(&new.name, "name")?;
        for tag in &new.tags {
            names::check_tag(&tag.key, &tag.value, MAX_REGISTRY_TAG_VALUE)?;
        }
        let NewRegisteredModel { name, description, tags } = new;
        let (tags, by, outbox) = (last_wins(tags), self.author(), self.outbox());
        let create = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let is_prompt = says_prompt(&tags);
                let description = description.as_deref().filter(|d| !d.is_empty());
                let Some(row) = rows::insert(tx, &name, description, is_prompt, by.now()).await? else {
                    let taken_by_prompt = rows::find(tx, &name).await?.is_some_and(|row| row.is_prompt);
                    return Err(name_taken(&name, taken_by_prompt, is_prompt).into());
                };
                for tag in &tags {
                    rows::set_tag(tx, row.registered_no, &tag.key, &tag.value).await?;
                }
                by.made(&row).note(tx, None, Change::Created).await?;
                let model = whole(tx, row).await?;
                outbox.put(tx, News::ModelCreated(&model)).await?;
                Ok(model)
            })
        });
        Ok(create.await?)
    }

    /// A registered model.
    #[boxed]
    pub async fn registered_model(&self, name: &str) -> Result<RegisteredModel> {
        names::check_model_name(name, "name")?;
        Ok(self.read_registered_model(name).await?)
    }

    async fn read_registered_model(&self, name: &str) -> Result<RegisteredModel, Fault> {
        let mut conn = self.inner.store.look_up().await?;
        let row = find(&mut conn, name).await?;
        whole(&mut conn, row).await
    }

    /// Sets the description; `None` clears it.
    #[boxed]
    pub async fn update_registered_model(&self, name: &str, description: Option<&str>) -> Result<RegisteredModel> {
        names::check_model_name(name, "name")?;
        let (name, by) = (name.to_owned(), self.author());
        let description = description.filter(|d| !d.is_empty()).map(str::to_owned);
        let update = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let row = lock(tx, &name).await?;
                let edit = by.edit(tx, row.registered_no).await?;
                rows::set_description(tx, row.registered_no, description.as_deref(), edit.time).await?;
                let change = Change::described(row.description.as_deref(), description.as_deref());
                edit.note(tx, None, change).await?;
                let row = find(tx, &name).await?;
                whole(tx, row).await
            })
        });
        Ok(update.await?)
    }

    /// Renames a model; versions, tags and aliases follow.
    #[boxed]
    pub async fn rename_registered_model(&self, name: &str, new_name: &str) -> Result<RegisteredModel> {
        names::check_model_name(new_name, "new_name")?;
        names::check_model_name(name, "name")?;
        let (name, new_name, by) = (name.to_owned(), new_name.to_owned(), self.author());
        let rename = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let row = lock(tx, &name).await?;
                let edit = by.edit(tx, row.registered_no).await?;
                match rows::rename(tx, row.registered_no, &new_name, edit.time).await {
                    Err(StoreError::Conflict(_)) => return Err(name_taken(&new_name, false, false).into()),
                    other => other?,
                }
                let change = || Change::Renamed { from: name.clone(), to: new_name.clone() };
                edit.note(tx, None, (name != new_name).then(change)).await?;
                let row = find(tx, &new_name).await?;
                whole(tx, row).await
            })
        });
        Ok(rename.await?)
    }

    /// Deletes a model with its versions, tags and aliases. Their rows stay, out of everybody's sight, until they are
    /// collected; a new model of the name starts from version 1.
    #[boxed]
    pub async fn delete_registered_model(&self, name: &str) -> Result<()> {
        names::check_model_name(name, "name")?;
        let (name, by) = (name.to_owned(), self.author());
        let delete = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let row = lock(tx, &name).await?;
                let edit = by.edit(tx, row.registered_no).await?;
                rows::delete(tx, row.registered_no, edit.time).await?;
                history::end_stages(tx, row.registered_no, edit.time).await?;
                Ok(edit.note(tx, None, Change::Deleted { aliases: Vec::new() }).await?)
            })
        });
        Ok(delete.await?)
    }

    /// The highest version of each stage asked for (any letter case), or of all when none is; by version.
    #[boxed]
    pub async fn latest_versions(&self, name: &str, stages: &[String]) -> Result<Vec<ModelVersion>> {
        names::check_model_name(name, "name")?;
        Ok(self.read_latest_versions(name, stages).await?)
    }

    async fn read_latest_versions(&self, name: &str, stages: &[String]) -> Result<Vec<ModelVersion>, Fault> {
        let mut conn = self.inner.store.look_up().await?;
        let row = find(&mut conn, name).await?;
        let stages = stages.iter().map(|stage| Stage::parse(stage)).collect::<Result<Vec<_>>>()?;
        let mut latest = rows::latest_rows(&mut conn, &[row.registered_no]).await?;
        latest.retain(|row| stages.is_empty() || stages.iter().any(|stage| stage.number() == row.stage));
        Ok(model_versions::load(&mut conn, latest, true).await?)
    }

    /// Sets a tag.
    #[boxed]
    pub async fn set_registered_model_tag(&self, name: &str, key: &str, value: &str) -> Result<()> {
        names::check_model_name(name, "name")?;
        names::check_tag(key, value, MAX_REGISTRY_TAG_VALUE)?;
        let (name, tag, by, outbox) = (name.to_owned(), Tag::new(key, value), self.author(), self.outbox());
        let set = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let row = lock(tx, &name).await?;
                let before = rows::tag(tx, row.registered_no, &tag.key).await?;
                rows::set_tag(tx, row.registered_no, &tag.key, &tag.value).await?;
                let change = Change::tag_set(&tag.key, before.as_deref(), &tag.value);
                by.edit(tx, row.registered_no).await?.note(tx, None, change).await?;
                if tag.key == PROMPT_TAG {
                    rows::set_prompt(tx, row.registered_no, says_prompt(slice::from_ref(&tag))).await?;
                }
                Ok(outbox.put(tx, News::TagSet { name: &name, tag: &tag }).await?)
            })
        });
        Ok(set.await?)
    }

    /// Removes a tag; an absent one is fine.
    #[boxed]
    pub async fn delete_registered_model_tag(&self, name: &str, key: &str) -> Result<()> {
        names::check_model_name(name, "name")?;
        names::check_tag_key(key, "key")?;
        let (name, key, by, outbox) = (name.to_owned(), key.to_owned(), self.author(), self.outbox());
        let delete = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let row = lock(tx, &name).await?;
                let before = rows::tag(tx, row.registered_no, &key).await?;
                rows::delete_tag(tx, row.registered_no, &key).await?;
                let change = Change::tag_deleted(&key, before.as_deref());
                by.edit(tx, row.registered_no).await?.note(tx, None, change).await?;
                if key == PROMPT_TAG {
                    rows::set_prompt(tx, row.registered_no, false).await?;
                }
                Ok(outbox.put(tx, News::TagDeleted { name: &name, key: &key }).await?)
            })
        });
        Ok(delete.await?)
    }
}

/// Whether tags make their owner a prompt or a prompt's version. Keys are unique.
pub(crate) fn says_prompt(tags: &[Tag]) -> bool {
    tags.iter().any(|tag| tag.key == PROMPT_TAG && tag.value.eq_ignore_ascii_case("true"))
}

/// There is no model of this name.
pub(crate) fn not_found(name: &str) -> Error {
    Error::not_found(format!("Registered Model with name={name} not found"))
}

/// A model, for reading.
pub(crate) async fn find(conn: &mut Conn, name: &str) -> Result<RegisteredRow, Fault> {
    Ok(rows::find(conn, name).await?.ok_or_else(|| not_found(name))?)
}

/// A model, for writing: nobody else changes it or its versions until the transaction ends.
pub(crate) async fn lock(tx: &mut Conn, name: &str) -> Result<RegisteredRow, Fault> {
    Ok(rows::lock(tx, name).await?.ok_or_else(|| not_found(name))?)
}

/// The model of a row.
pub(crate) async fn whole(conn: &mut Conn, row: RegisteredRow) -> Result<RegisteredModel, Fault> {
    let name = row.name.clone();
    Ok(rows::load(conn, vec![row]).await?.pop().ok_or_else(|| not_found(&name))?)
}

/// The name belongs to another model, be that or the one wanted a prompt or not.
fn name_taken(name: &str, taken_by_prompt: bool, wanted_for_prompt: bool) -> Error {
    let kind = |is_prompt| if is_prompt { "Prompt" } else { "Registered Model" };
    let (old, new) = (kind(taken_by_prompt), kind(wanted_for_prompt));
    Error::already_exists(if old == new {
        format!("{new} (name={name}) already exists.")
    } else {
        format!(
            "Tried to create a {} with name {}, but the name is already taken by a {}. MLflow does not allow creating \
             a model and a prompt with the same name.",
            new.to_lowercase(),
            names::python_repr(name),
            old.to_lowercase(),
        )
    })
}
