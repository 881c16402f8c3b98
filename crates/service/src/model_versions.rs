//! Versions of registered models: creation with source resolution, stages, tags.

use std::slice;

use domain::history::Change;
use domain::model_versions::{ModelVersion, Stage, parse_version};
use domain::names::{self, MAX_REGISTRY_TAG_VALUE};
use domain::registered_models::PROMPT_TAG;
use domain::{Error, Result, Tag};
use store::model_versions::{self as rows, NewVersion, VersionRow};
use store::registered_models::RegisteredRow;
use store::{Conn, aliases, gc, history, registered_models as models};

use crate::errors::Fault;
use crate::registered_models::{self, says_prompt};
use crate::sources::note_version;
use crate::tags::last_wins;
use crate::webhooks::News;
use crate::{Service, boxed, guards, sources};

/// The tag that holds a prompt's template.
pub(crate) const PROMPT_TEXT_TAG: &str = "mlflow.prompt.text";

/// Asks for a new version.
#[derive(Clone, Debug, Default)]
pub struct NewModelVersion {
    /// The registered model's name.
    pub name: String,
    /// Where its files are: a location, `runs:/…`, `models:/…`.
    pub source: String,
    /// The run that made it.
    pub run_id: Option<String>,
    /// The logged model that it is made from.
    pub model_id: Option<String>,
    /// A link to a run elsewhere.
    pub run_link: Option<String>,
    /// Markdown.
    pub description: Option<String>,
    /// Its first tags; of equal keys the last wins.
    pub tags: Vec<Tag>,
}

/// Asks for a page of versions.
#[derive(Clone, Debug, Default)]
pub struct SearchModelVersions {
    /// MLflow's filter language. Prompts are hidden unless it asks for them.
    pub filter: Option<String>,
    /// Page size from 1 to 200,000, which is the default.
    pub max_results: Option<i64>,
    /// Such as `version_number DESC`.
    pub order_by: Vec<String>,
    /// From the page before; empty means the first.
    pub page_token: Option<String>,
}

impl Service {
    /// Registers a version under the next number.
    #[boxed]
    pub async fn create_model_version(&self, new: NewModelVersion) -> Result<ModelVersion> {
        self.add_version(new, false).await
    }

    /// Registers a version and, if there is none of that name yet, its model, in one step: both or neither.
    #[boxed]
    pub async fn register_model(&self, new: NewModelVersion) -> Result<ModelVersion> {
        self.add_version(new, true).await
    }

    async fn add_version(&self, new: NewModelVersion, create_model: bool) -> Result<ModelVersion> {
        let tags = last_wins(new.tags.clone());
        let is_prompt = says_prompt(&tags);
        let origin = self.resolve_source(&new, is_prompt).await?;
        names::check_model_name(&new.name, "name")?;
        for tag in &new.tags {
            check_tag(&tag.key, &tag.value)?;
        }
        let (by, outbox) = (self.author(), self.outbox());
        let create = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let mut model = models::lock(tx, &new.name).await?;
                if model.is_none() && create_model {
                    if let Some(made) = models::insert(tx, &new.name, None, false, by.now()).await? {
                        by.made(&made).note(tx, None, Change::Created).await?;
                        let made = registered_models::whole(tx, made).await?;
                        outbox.put(tx, News::ModelCreated(&made)).await?;
                    }
                    model = models::lock(tx, &new.name).await?;
                }
                let model = model.ok_or_else(|| registered_models::not_found(&new.name))?;
                let registered_no = model.registered_no;
                if !gc::hold(tx, &origin.run_id, origin.model_no, &origin.storage_location).await? {
                    return Err(sources::is_being_removed(&origin.source).into());
                }
                let edit = by.edit(tx, registered_no).await?;
                let version = rows::take_number(tx, registered_no, edit.time).await?;
                let added = NewVersion {
                    registered_no,
                    version,
                    now: edit.time,
                    source: origin.source,
                    storage_location: origin.storage_location,
                    run_id: origin.run_id,
                    run_link: new.run_link.unwrap_or_default(),
                    model_id: origin.model_id,
                    description: new.description.unwrap_or_default(),
                    is_prompt,
                };
                rows::insert(tx, added).await?;
                for tag in &tags {
                    rows::set_tag(tx, registered_no, version, &tag.key, &tag.value).await?;
                }
                if let Some(model_no) = origin.model_no.filter(|_| origin.listed) {
                    note_version(tx, model_no, &new.name, version).await?;
                }
                edit.note(tx, Some(version), Change::Created).await?;
                let row = find(tx, &new.name, version).await?;
                let version = whole(tx, row).await?;
                outbox.put(tx, News::VersionCreated(&version)).await?;
                Ok(version)
            })
        });
        Ok(create.await?)
    }

    /// A version; `version` is a decimal string.
    #[boxed]
    pub async fn model_version(&self, name: &str, version: &str) -> Result<ModelVersion> {
        names::check_model_name(name, "name")?;
        Ok(self.read_version(name, parse_version(version)?).await?)
    }

    async fn read_version(&self, name: &str, version: i64) -> Result<ModelVersion, Fault> {
        let mut conn = self.inner.store.look_up().await?;
        let row = find(&mut conn, name, version).await?;
        whole(&mut conn, row).await
    }

    /// Sets the description; `None` clears it.
    #[boxed]
    pub async fn update_model_version(
        &self,
        name: &str,
        version: &str,
        description: Option<&str>,
    ) -> Result<ModelVersion> {
        names::check_model_name(name, "name")?;
        let version = parse_version(version)?;
        let (name, description, by) = (name.to_owned(), description.map(str::to_owned), self.author());
        let update = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let row = lock(tx, &name, version).await?;
                let edit = by.edit(tx, row.registered_no).await?;
                rows::set_description(tx, row.registered_no, version, description.as_deref(), edit.time).await?;
                let change = Change::described(row.description.as_deref(), description.as_deref());
                edit.note(tx, Some(version), change).await?;
                let row = find(tx, &name, version).await?;
                whole(tx, row).await
            })
        });
        Ok(update.await?)
    }

    /// Moves a version to a stage (any letter case), and the others of that stage to Archived if asked. A version that
    /// lacks something of what its model asks ([`Service::guards`]) does not enter Production.
    #[boxed]
    pub async fn transition_stage(
        &self,
        name: &str,
        version: &str,
        stage: &str,
        archive_existing: bool,
    ) -> Result<ModelVersion> {
        let to = Stage::parse(stage)?;
        if archive_existing && !to.is_active() {
            return Err(Error::invalid(format!(
                "Model version transition cannot archive existing model versions because '{stage}' is not an Active \
                 stage. Valid stages are ['Staging', 'Production']"
            )));
        }
        names::check_model_name(name, "name")?;
        let version = parse_version(version)?;
        let signed = if to == Stage::Production { self.signed_if_asked(name, version).await? } else { None };
        let (name, by) = (name.to_owned(), self.author());
        let transition = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let row = lock(tx, &name, version).await?;
                let from = Stage::from_number(row.stage).unwrap_or_default();
                if to == Stage::Production && from != to {
                    guards::check(tx, &row, signed).await?;
                }
                let edit = by.edit(tx, row.registered_no).await?;
                let archived = if archive_existing {
                    rows::archive_others(tx, row.registered_no, version, to, edit.time).await?
                } else {
                    Vec::new()
                };
                rows::set_stage(tx, row.registered_no, version, to, edit.time).await?;
                edit.note_stage(tx, version, (from, to), archived).await?;
                models::touch(tx, row.registered_no, edit.time).await?;
                let row = find(tx, &name, version).await?;
                whole(tx, row).await
            })
        });
        Ok(transition.await?)
    }

    /// Deletes a version with the aliases that point at it; its number is never used again. Its row stays, out of
    /// everybody's sight, until it is collected.
    #[boxed]
    pub async fn delete_model_version(&self, name: &str, version: &str) -> Result<()> {
        let version = parse_version(version)?;
        names::check_model_name(name, "name")?;
        let (name, by) = (name.to_owned(), self.author());
        let delete = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let row = lock(tx, &name, version).await?;
                let edit = by.edit(tx, row.registered_no).await?;
                let aliases = aliases::delete_of_version(tx, row.registered_no, version).await?;
                rows::delete(tx, row.registered_no, version, edit.time).await?;
                history::note_stage(tx, row.registered_no, version, Stage::None, edit.time).await?;
                edit.note(tx, Some(version), Change::Deleted { aliases }).await?;
                Ok(models::touch(tx, row.registered_no, edit.time).await?)
            })
        });
        Ok(delete.await?)
    }

    /// Where a version's files are, for a client to read: `runs:/…` stays as it is.
    #[boxed]
    pub async fn download_uri(&self, name: &str, version: &str) -> Result<String> {
        Ok(self.model_version(name, version).await?.storage_location)
    }

    /// Sets a tag.
    #[boxed]
    pub async fn set_model_version_tag(&self, name: &str, version: &str, key: &str, value: &str) -> Result<()> {
        names::check_model_name(name, "name")?;
        let version = parse_version(version)?;
        check_tag(key, value)?;
        let (name, tag, by, outbox) = (name.to_owned(), Tag::new(key, value), self.author(), self.outbox());
        let set = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let row = lock(tx, &name, version).await?;
                let before = rows::tag(tx, row.registered_no, version, &tag.key).await?;
                rows::set_tag(tx, row.registered_no, version, &tag.key, &tag.value).await?;
                let change = Change::tag_set(&tag.key, before.as_deref(), &tag.value);
                by.edit(tx, row.registered_no).await?.note(tx, Some(version), change).await?;
                if tag.key == PROMPT_TAG {
                    rows::set_prompt(tx, row.registered_no, version, says_prompt(slice::from_ref(&tag))).await?;
                }
                Ok(outbox.put(tx, News::VersionTagSet { name: &name, version, tag: &tag }).await?)
            })
        });
        Ok(set.await?)
    }

    /// Removes a tag; an absent one is fine.
    #[boxed]
    pub async fn delete_model_version_tag(&self, name: &str, version: &str, key: &str) -> Result<()> {
        names::check_model_name(name, "name")?;
        let version = parse_version(version)?;
        names::check_tag_key(key, "key")?;
        let (name, key, by, outbox) = (name.to_owned(), key.to_owned(), self.author(), self.outbox());
        let delete = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let row = lock(tx, &name, version).await?;
                let before = rows::tag(tx, row.registered_no, version, &key).await?;
                rows::delete_tag(tx, row.registered_no, version, &key).await?;
                let change = Change::tag_deleted(&key, before.as_deref());
                by.edit(tx, row.registered_no).await?.note(tx, Some(version), change).await?;
                if key == PROMPT_TAG {
                    rows::set_prompt(tx, row.registered_no, version, false).await?;
                }
                Ok(outbox.put(tx, News::VersionTagDeleted { name: &name, version, key: &key }).await?)
            })
        });
        Ok(delete.await?)
    }
}

fn check_tag(key: &str, value: &str) -> Result<()> {
    names::check_tag_key(key, "key")?;
    if key == PROMPT_TEXT_TAG && value.chars().count() > MAX_REGISTRY_TAG_VALUE {
        return Err(Error::invalid(format!("Prompt text exceeds max length of {MAX_REGISTRY_TAG_VALUE} characters.")));
    }
    names::check_length("value", value, MAX_REGISTRY_TAG_VALUE)
}

/// There is no such version.
pub(crate) fn not_found(name: &str, version: i64) -> Error {
    Error::not_found(format!("Model Version (name={name}, version={version}) not found"))
}

/// A version, for reading.
pub(crate) async fn find(conn: &mut Conn, name: &str, version: i64) -> Result<VersionRow, Fault> {
    Ok(rows::find(conn, name, version).await?.ok_or_else(|| not_found(name, version))?)
}

/// A version, for writing: nobody else changes it, its model or its model's other versions until the transaction ends.
pub(crate) async fn lock(tx: &mut Conn, name: &str, version: i64) -> Result<VersionRow, Fault> {
    if models::lock(tx, name).await?.is_none() {
        return Err(not_found(name, version).into());
    }
    find(tx, name, version).await
}

/// The highest version of a model, or of one of its stages.
pub(crate) async fn highest(
    conn: &mut Conn,
    model: &RegisteredRow,
    stage: Option<Stage>,
) -> Result<Option<VersionRow>, Fault> {
    let latest = models::latest_rows(conn, &[model.registered_no]).await?;
    Ok(latest.into_iter().rfind(|row| stage.is_none_or(|stage| stage.number() == row.stage)))
}

/// The version of a row, with its aliases.
pub(crate) async fn whole(conn: &mut Conn, row: VersionRow) -> Result<ModelVersion, Fault> {
    let (name, version) = (row.name.clone(), row.version);
    Ok(rows::load(conn, vec![row], true).await?.pop().ok_or_else(|| not_found(&name, version))?)
}
