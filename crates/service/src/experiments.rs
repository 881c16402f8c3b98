//! Experiments: create, find, rename, delete, restore, tag.

use std::path::PathBuf;

use domain::experiments::check_tag;
use domain::experiments::{Experiment, ExperimentId};
use domain::names::{MAX_EXPERIMENT_NAME, check_length};
use domain::uri::{self, Uri};
use domain::{Error, Lifecycle, Result, Tag, ViewType};
use store::experiments::{self, ExperimentRow};
use store::{Conn, StoreError};

use crate::errors::{Fault, from_store};
use crate::tags::last_wins;
use crate::{Service, boxed};

/// The name of the experiment that exists from the start.
const DEFAULT_NAME: &str = "Default";
/// Tags in which MLflow's UI keeps the views that people save, and how many an experiment may have.
const CUSTOM_VIEW_PREFIX: &str = "mlflow.customView.view";
const MAX_CUSTOM_VIEWS: usize = 50;

/// Asks for a new experiment.
#[derive(Clone, Debug, Default)]
pub struct NewExperiment {
    /// Its name, unique among all experiments, deleted ones included.
    pub name: String,
    /// Where its artifacts go; `None` or empty for `<default root>/<id>`.
    pub artifact_location: Option<String>,
    /// Its first tags; of equal keys the last wins.
    pub tags: Vec<Tag>,
}

/// Asks for a page of experiments.
#[derive(Clone, Debug, Default)]
pub struct SearchExperiments {
    /// Page size, 1 to 50,000.
    pub max_results: i64,
    /// From the page before; empty means the first.
    pub page_token: Option<String>,
    /// MLflow's filter language.
    pub filter: Option<String>,
    /// Such as `name DESC`.
    pub order_by: Vec<String>,
    /// Which lifecycle stages.
    pub view_type: ViewType,
}

impl Service {
    /// Makes an experiment of this number, if there is none.
    pub(crate) async fn prepare_experiment(&self, id: ExperimentId) -> Result<()> {
        let location = self.default_location(id)?;
        let now = self.now();
        self.inner
            .store
            .write(move |tx| {
                Box::pin(async move { experiments::insert(tx, Some(id), DEFAULT_NAME, &location, now).await })
            })
            .await
            .map(drop)
            .map_err(from_store)
    }

    /// Creates an experiment.
    #[boxed]
    pub async fn create_experiment(&self, new: NewExperiment) -> Result<ExperimentId> {
        check_name(&new.name)?;
        let location = match new.artifact_location.filter(|l| !l.is_empty()) {
            Some(location) => Some(self.chosen_location(&location)?),
            None => None,
        };
        let tags = last_wins(new.tags);
        tags.iter().try_for_each(check_tag)?;
        if tags.iter().filter(|t| t.key.starts_with(CUSTOM_VIEW_PREFIX)).count() > MAX_CUSTOM_VIEWS {
            return Err(too_many_custom_views(""));
        }
        let now = self.now();
        let service = self.clone();
        let id = self
            .inner
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let given = location.as_deref().unwrap_or_default();
                    let id = experiments::insert(tx, None, &new.name, given, now)
                        .await?
                        .ok_or_else(|| name_is_taken(&new.name))?;
                    if location.is_none() {
                        experiments::set_location(tx, id, &service.default_location(id)?).await?;
                    }
                    for tag in &tags {
                        experiments::set_tag(tx, id, tag).await?;
                    }
                    Ok::<_, Fault>(id)
                })
            })
            .await?;
        Ok(id)
    }

    /// An experiment in any lifecycle stage.
    #[boxed]
    pub async fn experiment(&self, id: &str) -> Result<Experiment> {
        let number = ExperimentId::parse(id)?;
        let mut conn = self.inner.store.look_up().await.map_err(from_store)?;
        let row = experiments::find(&mut conn, number).await.map_err(from_store)?;
        whole(&mut conn, row).await?.ok_or_else(|| unknown_experiment(id))
    }

    /// An experiment by its exact name, in any lifecycle stage.
    #[boxed]
    pub async fn experiment_by_name(&self, name: &str) -> Result<Experiment> {
        let mut conn = self.inner.store.look_up().await.map_err(from_store)?;
        let row = experiments::find_by_name(&mut conn, name).await.map_err(from_store)?;
        whole(&mut conn, row)
            .await?
            .ok_or_else(|| Error::not_found(format!("Could not find experiment with name '{name}'")))
    }

    /// Renames an active experiment.
    #[boxed]
    pub async fn rename_experiment(&self, id: &str, new_name: &str) -> Result<()> {
        check_name(new_name)?;
        let number = ExperimentId::parse(id)?;
        let (id, new_name, now) = (id.to_owned(), new_name.to_owned(), self.now());
        self.inner
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let row = experiments::find(tx, number).await?.ok_or_else(|| unknown_experiment(&id))?;
                    if row.deleted_at.is_some() {
                        return Err(Error::invalid("Cannot rename a non-active experiment.").into());
                    }
                    experiments::rename(tx, number, &new_name, now).await.map_err(|error| match error {
                        StoreError::Conflict(_) => Fault::Refused(name_is_taken(&new_name)),
                        other => Fault::Store(other),
                    })
                })
            })
            .await?;
        Ok(())
    }

    /// Deletes an experiment with all its runs.
    #[boxed]
    pub async fn delete_experiment(&self, id: &str) -> Result<()> {
        let (number, now) = (ExperimentId::parse(id)?, self.now());
        let deleted = self
            .inner
            .store
            .write(move |tx| Box::pin(async move { experiments::delete(tx, number, now).await }))
            .await
            .map_err(from_store)?;
        if deleted { Ok(()) } else { Err(unknown_experiment(id)) }
    }

    /// Restores an experiment with all its runs.
    #[boxed]
    pub async fn restore_experiment(&self, id: &str) -> Result<()> {
        let (number, now) = (ExperimentId::parse(id)?, self.now());
        let restored = self
            .inner
            .store
            .write(move |tx| Box::pin(async move { experiments::restore(tx, number, now).await }))
            .await
            .map_err(from_store)?;
        if restored { Ok(()) } else { Err(unknown_experiment(id)) }
    }

    /// Sets a tag of an active experiment.
    #[boxed]
    pub async fn set_experiment_tag(&self, id: &str, key: &str, value: &str) -> Result<()> {
        let (id, tag) = (id.to_owned(), Tag::new(key, value));
        check_tag(&tag)?;
        self.inner
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let number = ExperimentId(active_experiment(tx, &id).await?.experiment_id);
                    if tag.key.starts_with(CUSTOM_VIEW_PREFIX) {
                        let others = experiments::count_tags(tx, number, CUSTOM_VIEW_PREFIX, &tag.key).await?;
                        if others >= MAX_CUSTOM_VIEWS {
                            return Err(too_many_custom_views(&format!(" for experiment {id}")).into());
                        }
                    }
                    experiments::set_tag(tx, number, &tag).await.map_err(Fault::from)
                })
            })
            .await?;
        Ok(())
    }

    /// Removes a tag of an active experiment.
    #[boxed]
    pub async fn delete_experiment_tag(&self, id: &str, key: &str) -> Result<()> {
        let (id, key) = (id.to_owned(), key.to_owned());
        self.inner
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let number = ExperimentId(active_experiment(tx, &id).await?.experiment_id);
                    if experiments::delete_tag(tx, number, &key).await? {
                        return Ok::<_, Fault>(());
                    }
                    Err(Error::not_found(format!("No tag with name: {key} in experiment with id {id}")).into())
                })
            })
            .await?;
        Ok(())
    }

    /// Where artifacts of an experiment go that was given no location.
    fn default_location(&self, id: ExperimentId) -> Result<String> {
        Ok(uri::append_path(&absolute(&self.inner.config.default_root)?, &[&id.to_string()]))
    }

    /// A location that a client chose, checked and absolute.
    fn chosen_location(&self, location: &str) -> Result<String> {
        let config = &self.inner.config;
        let roots = [config.default_root.as_str(), config.destination.as_str()];
        uri::check_location("artifact_location", location, &roots, &config.allowed_schemes)?;
        let location = absolute(location)?;
        uri::check_location_length(&location, self.inner.limits.max_location)?;
        Ok(location)
    }
}

/// A relative local path as seen from the server's working directory; other locations as they are.
fn absolute(location: &str) -> Result<String> {
    let Some(path) = uri::relative_local_path(location) else { return Ok(location.to_owned()) };
    let here = std::env::current_dir().map_err(|cause| {
        tracing::error!(%cause, "the working directory cannot be read");
        Error::internal()
    })?;
    // Components leave out what says nothing: `.` and doubled slashes.
    let path: PathBuf = here.join(path).components().collect();
    let scheme = if Uri::parse(location).scheme.is_empty() { "" } else { "file://" };
    Ok(format!("{scheme}{}", path.display()))
}

async fn whole(conn: &mut Conn, row: Option<ExperimentRow>) -> Result<Option<Experiment>> {
    Ok(experiments::load(conn, row.into_iter().collect()).await.map_err(from_store)?.pop())
}

/// The experiment of a wire id, which must be in use, and is until the transaction ends.
pub(crate) async fn active_experiment(tx: &mut Conn, id: &str) -> Result<ExperimentRow, Fault> {
    let row = experiments::hold(tx, ExperimentId::parse(id)?).await?.ok_or_else(|| unknown_experiment(id))?;
    if row.deleted_at.is_some() {
        return Err(Error::invalid(format!(
            "The experiment {id} must be in the 'active' state. Current state is {}.",
            Lifecycle::Deleted.name()
        ))
        .into());
    }
    Ok(row)
}

pub(crate) fn unknown_experiment(id: &str) -> Error {
    // As a number, if it is one: ` 07 ` is 7.
    let id = ExperimentId::parse(id).map_or_else(|_| id.to_owned(), |id| id.to_string());
    Error::not_found(format!("No Experiment with id={id} exists"))
}

fn check_name(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(Error::invalid("Invalid experiment name: ''"));
    }
    check_length("name", name, MAX_EXPERIMENT_NAME)
}

fn name_is_taken(name: &str) -> Error {
    Error::already_exists(format!("Experiment(name={name}) already exists."))
}

fn too_many_custom_views(of: &str) -> Error {
    Error::invalid(format!(
        "Unable to create another custom view{of}; the maximum number of custom views per experiment is \
         {MAX_CUSTOM_VIEWS}. Delete an existing custom view before creating a new one."
    ))
}
