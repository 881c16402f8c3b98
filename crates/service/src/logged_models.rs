//! Logged models: create, read, finalize, delete; their params and tags.

use domain::experiments::ExperimentId;
use domain::logged_models::{LoggedModel, LoggedModelStatus};
use domain::names::check_logged_model_name;
use domain::random_name::random_name;
use domain::uri::append_path;
use domain::{Error, Param, Result, Tag};
use store::Conn;
use store::logged_models::{self as rows, LoggedModelRow};

use crate::errors::{Fault, from_store};
use crate::experiments::active_experiment;
use crate::tags::last_wins;
use crate::{Service, boxed};

/// The folder of an experiment's location that holds its logged models, and that of each of them which holds its files.
const MODELS_FOLDER: &str = "models";
const ARTIFACTS_FOLDER: &str = "artifacts";

/// Asks for a new logged model.
#[derive(Clone, Debug, Default)]
pub struct NewLoggedModel {
    /// Its experiment.
    pub experiment_id: String,
    /// Its name; `None` or empty for a random one.
    pub name: Option<String>,
    /// The kind of model.
    pub model_type: Option<String>,
    /// The run that makes it.
    pub source_run_id: Option<String>,
    /// Its first params; of equal keys the last wins.
    pub params: Vec<Param>,
    /// Its first tags; of equal keys the last wins.
    pub tags: Vec<Tag>,
}

/// Restricts metrics to those measured on a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedModelDataset {
    /// Its name.
    pub name: String,
    /// Its digest; `None` matches only metrics logged without one, as in MLflow.
    pub digest: Option<String>,
}

/// One key of the order of logged models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedModelOrder {
    /// An attribute, or `metrics.<name>`.
    pub field_name: String,
    /// Ascending (the default) or descending.
    pub ascending: bool,
    /// Restricts the metric to this dataset.
    pub dataset_name: Option<String>,
    /// And this digest.
    pub dataset_digest: Option<String>,
}

/// Asks for a page of logged models.
#[derive(Clone, Debug, Default)]
pub struct SearchLoggedModels {
    /// In these experiments; none means no result.
    pub experiment_ids: Vec<String>,
    /// MLflow's filter language.
    pub filter: Option<String>,
    /// Datasets that metric filters are restricted to.
    pub datasets: Vec<LoggedModelDataset>,
    /// Page size; `None` is 50, 0 is 100.
    pub max_results: Option<i64>,
    /// Most significant first.
    pub order_by: Vec<LoggedModelOrder>,
    /// From the page before; empty means the first.
    pub page_token: Option<String>,
}

impl Service {
    /// Creates a logged model, pending.
    #[boxed]
    pub async fn create_logged_model(&self, new: NewLoggedModel) -> Result<LoggedModel> {
        let name = match new.name.filter(|name| !name.is_empty()) {
            Some(name) => {
                check_logged_model_name(&name)?;
                name
            }
            None => random_name(self.inner.entropy.next()),
        };
        let model_id = format!("m-{:032x}", self.inner.entropy.next());
        let now = self.now();
        let model = self
            .inner
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let experiment = active_experiment(tx, &new.experiment_id).await?;
                    let location = [MODELS_FOLDER, &model_id, ARTIFACTS_FOLDER];
                    let row = rows::NewLoggedModel {
                        artifact_uri: append_path(&experiment.artifact_location, &location),
                        experiment_id: ExperimentId(experiment.experiment_id),
                        name,
                        model_type: new.model_type.unwrap_or_default(),
                        source_run_id: new.source_run_id.unwrap_or_default(),
                        now,
                        model_id,
                    };
                    let row = rows::insert(tx, row).await?;
                    rows::add_params(tx, row.model_no, last_wins(new.params)).await?;
                    rows::set_tags(tx, row.model_no, last_wins(new.tags)).await?;
                    whole(tx, row).await
                })
            })
            .await?;
        Ok(model)
    }

    /// A logged model; a deleted one only if allowed.
    #[boxed]
    pub async fn logged_model(&self, model_id: &str, allow_deleted: bool) -> Result<LoggedModel> {
        // Not a lookup: a model may have any number of metrics.
        let mut conn = self.inner.store.read().await.map_err(from_store)?;
        let row = rows::find(&mut conn, model_id).await.map_err(from_store)?;
        let row = row.filter(|row| allow_deleted || row.deleted_at.is_none()).ok_or_else(|| unknown(model_id))?;
        Ok(whole(&mut conn, row).await?)
    }

    /// Sets the status of an upload.
    #[boxed]
    pub async fn finalize_logged_model(&self, model_id: &str, status: LoggedModelStatus) -> Result<LoggedModel> {
        let (model_id, now) = (model_id.to_owned(), self.now());
        let row = self
            .inner
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let row = rows::set_status(tx, &model_id, status, now).await?;
                    row.ok_or_else(|| Fault::from(unknown(&model_id)))
                })
            })
            .await?;
        // What belongs to the model may be a lot, and writers wait for one another.
        let mut conn = self.inner.store.read().await.map_err(from_store)?;
        Ok(whole(&mut conn, row).await?)
    }

    /// Deletes a logged model; deleting it again is fine.
    #[boxed]
    pub async fn delete_logged_model(&self, model_id: &str) -> Result<()> {
        let (id, now) = (model_id.to_owned(), self.now());
        let found = self
            .inner
            .store
            .write(move |tx| Box::pin(async move { rows::delete(tx, &id, now).await }))
            .await
            .map_err(from_store)?;
        if found { Ok(()) } else { Err(unknown(model_id)) }
    }

    /// Sets tags; of equal keys the last wins.
    #[boxed]
    pub async fn set_logged_model_tags(&self, model_id: &str, tags: Vec<Tag>) -> Result<()> {
        let model_id = model_id.to_owned();
        self.inner
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let row = existing(tx, &model_id).await?;
                    rows::set_tags(tx, row.model_no, last_wins(tags)).await.map_err(Fault::from)
                })
            })
            .await?;
        Ok(())
    }

    /// Removes a tag.
    #[boxed]
    pub async fn delete_logged_model_tag(&self, model_id: &str, key: &str) -> Result<()> {
        let (model_id, key) = (model_id.to_owned(), key.to_owned());
        self.inner
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let row = existing(tx, &model_id).await?;
                    if rows::delete_tag(tx, row.model_no, &key).await? {
                        return Ok::<_, Fault>(());
                    }
                    let message = format!("No tag with key '{key}' found for model with ID '{model_id}'.");
                    Err(Error::not_found(message).into())
                })
            })
            .await?;
        Ok(())
    }

    /// Adds params; an existing key is refused.
    #[boxed]
    pub async fn log_logged_model_params(&self, model_id: &str, params: Vec<Param>) -> Result<()> {
        let model_id = model_id.to_owned();
        self.inner
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let row = existing(tx, &model_id).await?;
                    let wanted = params.len() as u64;
                    if rows::add_params(tx, row.model_no, last_wins(params)).await? == wanted {
                        return Ok::<_, Fault>(());
                    }
                    Err(Error::invalid(format!(
                        "Changing param values is not allowed. Each param of the logged model with ID '{model_id}' can \
                         be logged once."
                    ))
                    .into())
                })
            })
            .await?;
        Ok(())
    }
}

async fn existing(tx: &mut Conn, model_id: &str) -> Result<LoggedModelRow, Fault> {
    Ok(rows::find(tx, model_id).await?.ok_or_else(|| unknown(model_id))?)
}

async fn whole(conn: &mut Conn, row: LoggedModelRow) -> Result<LoggedModel, Fault> {
    let model_id = row.model_id.clone();
    // One row makes one model.
    rows::load(conn, vec![row]).await?.pop().ok_or_else(|| unknown(&model_id).into())
}

fn unknown(model_id: &str) -> Error {
    Error::not_found(format!("Logged model with ID '{model_id}' not found."))
}
