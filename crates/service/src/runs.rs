//! Runs: create, read, update, delete; their tags. What is logged to them is in [`logging`], what they read and made in
//! [`links`].

mod links;
mod logging;

use domain::experiments::ExperimentId;
use domain::metrics::Metric;
use domain::names::{MAX_RUN_TAG_VALUE, check_tag_key, json_ascii};
use domain::random_name::random_name;
use domain::runs::{DatasetInput, RUN_NAME_TAG, Run, RunData, RunInfo, RunInputs, RunOutputs, RunStatus};
use domain::uri::append_path;
use domain::{Error, Lifecycle, Millis, Param, Result, Tag, ViewType};
use store::runs::{self, Changes, RunState};
use store::{Conn, tags};

use crate::errors::{Fault, from_store};
use crate::experiments::active_experiment;
use crate::tags::last_wins;
use crate::{Service, boxed};

/// The folder of a run's location that holds its artifacts.
const ARTIFACTS_FOLDER: &str = "artifacts";

/// Asks for a new run.
#[derive(Clone, Debug, Default)]
pub struct NewRun {
    /// The experiment; empty means `0`.
    pub experiment_id: String,
    /// Who starts it.
    pub user_id: String,
    /// Its name; without one the tag `mlflow.runName` or a random name serves.
    pub run_name: Option<String>,
    /// When it started.
    pub start_time: Millis,
    /// Its first tags, not validated; of equal keys the last wins.
    pub tags: Vec<Tag>,
}

/// Changes a run; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct RunUpdate {
    /// How far it is.
    pub status: Option<RunStatus>,
    /// When it ended.
    pub end_time: Option<Millis>,
    /// A new name; empty is ignored.
    pub run_name: Option<String>,
}

/// A metric value to log.
#[derive(Clone, Debug)]
pub struct LogMetric {
    /// The point.
    pub metric: Metric,
    /// The logged model that it belongs to as well.
    pub model_id: Option<String>,
    /// The dataset it was measured on.
    pub dataset_name: Option<String>,
    /// That dataset's digest.
    pub dataset_digest: Option<String>,
}

/// Metrics, params and tags to log at once.
#[derive(Clone, Debug, Default)]
pub struct LogBatch {
    /// At most 1,000.
    pub metrics: Vec<LogMetric>,
    /// At most 100.
    pub params: Vec<Param>,
    /// At most 100.
    pub tags: Vec<Tag>,
}

/// Datasets and models that a run read.
#[derive(Clone, Debug, Default)]
pub struct LogInputs {
    /// Datasets with the tags of their use.
    pub datasets: Vec<DatasetInput>,
    /// Ids of logged models.
    pub models: Vec<String>,
}

/// Asks for a page of runs.
#[derive(Clone, Debug, Default)]
pub struct SearchRuns {
    /// In these experiments; none means no result.
    pub experiment_ids: Vec<String>,
    /// MLflow's filter language.
    pub filter: Option<String>,
    /// Which lifecycle stages.
    pub view_type: ViewType,
    /// Page size, 1 to 50,000.
    pub max_results: i64,
    /// Such as `metrics.loss ASC`.
    pub order_by: Vec<String>,
    /// From the page before; empty means the first.
    pub page_token: Option<String>,
}

impl SearchRuns {
    /// The same, of runs that started then or later.
    #[must_use]
    pub fn started_since(mut self, time: Millis) -> Self {
        let since = format!("attributes.start_time >= {time}");
        self.filter = Some(match self.filter.filter(|filter| !filter.is_empty()) {
            Some(filter) => format!("{since} AND {filter}"),
            None => since,
        });
        self
    }
}

/// A model that a run logged, and the version that was registered from it, if any: a cell of the runs table.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RunModel {
    /// The run.
    pub run_id: String,
    /// The logged model's name or, for models of 2.x clients, its artifact path.
    pub name: String,
    /// The logged model's id, for models of 3.x clients.
    pub model_id: Option<String>,
    /// Versions registered from it, as (registered model's name, version number).
    pub versions: Vec<(String, i64)>,
}

impl Service {
    /// Creates a run.
    #[boxed]
    pub async fn create_run(&self, new: NewRun) -> Result<Run> {
        let experiment_id =
            if new.experiment_id.is_empty() { ExperimentId::DEFAULT.to_string() } else { new.experiment_id };
        let mut tags = last_wins(new.tags);
        let name = self.name_of_new_run(new.run_name, &tags)?;
        tags.retain(|t| t.key != RUN_NAME_TAG);
        tags.push(Tag::new(RUN_NAME_TAG, name.clone()));
        tags.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let run_id = format!("{:032x}", self.inner.entropy.next());
        let rows = self.interned(tags.clone()).await?;
        let info = self
            .inner
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let experiment = active_experiment(tx, &experiment_id).await?;
                    let info = RunInfo {
                        artifact_uri: append_path(&experiment.artifact_location, &[&run_id, ARTIFACTS_FOLDER]),
                        run_id,
                        run_name: name,
                        experiment_id: ExperimentId(experiment.experiment_id),
                        user_id: new.user_id,
                        status: RunStatus::Running,
                        start_time: new.start_time,
                        end_time: None,
                        lifecycle_stage: Lifecycle::Active,
                    };
                    let run_no = runs::insert(tx, &info).await?;
                    tags::set(tx, run_no, rows).await?;
                    Ok::<_, Fault>(info)
                })
            })
            .await?;
        Ok(Run {
            info,
            data: RunData { tags, ..RunData::default() },
            inputs: RunInputs::default(),
            outputs: RunOutputs::default(),
        })
    }

    /// The name that was asked for, by argument or tag, or a random one.
    fn name_of_new_run(&self, asked: Option<String>, tags: &[Tag]) -> Result<String> {
        let asked = asked.filter(|n| !n.is_empty());
        let tag = tags.iter().find(|t| t.key == RUN_NAME_TAG).map(|t| t.value.clone()).filter(|n| !n.is_empty());
        match (asked, tag) {
            (Some(name), Some(tag)) if name != tag => Err(Error::invalid(format!(
                "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values \
                 (run_name='{name}', mlflow.runName='{tag}')."
            ))),
            (name, tag) => Ok(name.or(tag).unwrap_or_else(|| random_name(self.inner.entropy.next()))),
        }
    }

    /// A run in any lifecycle stage.
    #[boxed]
    pub async fn run(&self, run_id: &str) -> Result<Run> {
        let mut conn = self.inner.store.look_up().await.map_err(from_store)?;
        let row = runs::find(&mut conn, run_id).await.map_err(from_store)?;
        runs::load(&mut conn, self.inner.store.keys(), row.into_iter().collect(), true)
            .await
            .map_err(from_store)?
            .pop()
            .ok_or_else(|| unknown_run(run_id))
    }

    /// Changes an active run.
    #[boxed]
    pub async fn update_run(&self, run_id: &str, update: RunUpdate) -> Result<RunInfo> {
        let name = update.run_name.filter(|n| !n.is_empty());
        let name_tag = self.interned(name.iter().map(|n| Tag::new(RUN_NAME_TAG, n)).collect()).await?;
        let changes = Changes { status: update.status, end_time: update.end_time, name };
        let run_id = run_id.to_owned();
        let row = self
            .inner
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let Some(row) = runs::update(tx, &run_id, &changes).await? else {
                        return Err(refusal(&run_id, runs::state(tx, &run_id).await?).into());
                    };
                    tags::set(tx, row.run_no, name_tag).await?;
                    Ok::<_, Fault>(row)
                })
            })
            .await?;
        Ok(row.into())
    }

    /// Deletes a run; deleting it again is fine.
    #[boxed]
    pub async fn delete_run(&self, run_id: &str) -> Result<()> {
        self.set_run_deleted(run_id, Some(self.now())).await
    }

    /// Restores a run; restoring an active one is fine.
    #[boxed]
    pub async fn restore_run(&self, run_id: &str) -> Result<()> {
        self.set_run_deleted(run_id, None).await
    }

    async fn set_run_deleted(&self, run_id: &str, deleted_at: Option<Millis>) -> Result<()> {
        let id = run_id.to_owned();
        let found = self
            .inner
            .store
            .write(move |tx| Box::pin(async move { runs::set_deleted(tx, &id, deleted_at).await }))
            .await
            .map_err(from_store)?;
        if found { Ok(()) } else { Err(unknown_run(run_id)) }
    }

    /// Sets a tag of an active run.
    #[boxed]
    pub async fn set_run_tag(&self, run_id: &str, key: &str, value: &str) -> Result<()> {
        check_tag_key(key, "key")?;
        let mut tag = Tag::new(key, value);
        self.inner.limits.fit("value", &mut tag.value, MAX_RUN_TAG_VALUE)?;
        let changes = self.tag_changes(vec![tag]).await?;
        let run_id = run_id.to_owned();
        self.inner
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let run = active_run(tx, &run_id).await?;
                    changes.apply(tx, run.run_no).await
                })
            })
            .await?;
        Ok(())
    }

    /// Removes a tag of an active run.
    #[boxed]
    pub async fn delete_run_tag(&self, run_id: &str, key: &str) -> Result<()> {
        let mut conn = self.inner.store.look_up().await.map_err(from_store)?;
        let key_no = self.inner.store.keys().find(&mut conn, key).await.map_err(from_store)?;
        drop(conn);
        let (run_id, key) = (run_id.to_owned(), key.to_owned());
        self.inner
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let run = active_run(tx, &run_id).await?;
                    if let Some(key_no) = key_no
                        && tags::delete(tx, run.run_no, key_no).await?
                    {
                        return Ok::<_, Fault>(());
                    }
                    Err(Error::not_found(format!("No tag with name: {key} in run with id {run_id}")).into())
                })
            })
            .await?;
        Ok(())
    }

    /// Pairs with their keys' numbers, as the store keeps them.
    async fn interned(&self, pairs: Vec<Tag>) -> Result<Vec<(i64, String)>> {
        let keys: Vec<&str> = pairs.iter().map(|p| p.key.as_str()).collect();
        let numbers = self.inner.store.intern(&keys).await.map_err(from_store)?;
        Ok(numbers.into_iter().zip(pairs.into_iter().map(|p| p.value)).collect())
    }

    /// What setting tags of a run means; of equal keys the last wins.
    async fn tag_changes(&self, tags: Vec<Tag>) -> Result<TagChanges> {
        let mut tags = last_wins(tags);
        // A run always has a name: an empty one changes nothing.
        tags.retain(|t| t.key != RUN_NAME_TAG || !t.value.is_empty());
        let name = tags.iter().find(|t| t.key == RUN_NAME_TAG).map(|t| t.value.clone());
        Ok(TagChanges { name, tags: self.interned(tags).await? })
    }
}

/// Tags to set, and the run's name that goes with them.
struct TagChanges {
    name: Option<String>,
    tags: Vec<(i64, String)>,
}

impl TagChanges {
    async fn apply(self, tx: &mut Conn, run_no: i64) -> Result<(), Fault> {
        if let Some(name) = &self.name {
            runs::rename(tx, run_no, name).await?;
        }
        Ok(tags::set(tx, run_no, self.tags).await?)
    }
}

/// A run that may be written to.
async fn active_run(conn: &mut Conn, run_id: &str) -> Result<RunState, Fault> {
    active(run_id, runs::state(conn, run_id).await?)
}

fn active(run_id: &str, state: Option<RunState>) -> Result<RunState, Fault> {
    state.filter(|run| run.deleted_at.is_none()).ok_or_else(|| refusal(run_id, state).into())
}

/// Why a run that is unknown or deleted can't be written to.
fn refusal(run_id: &str, state: Option<RunState>) -> Error {
    if state.is_none() { unknown_run(run_id) } else { deleted_run(run_id) }
}

pub(crate) fn unknown_run(run_id: &str) -> Error {
    Error::not_found(format!("Run with id={run_id} not found"))
}

fn deleted_run(run_id: &str) -> Error {
    Error::invalid(format!(
        "The run {run_id} must be in the 'active' state. Current state is {}.",
        Lifecycle::Deleted.name()
    ))
}

/// Refuses what can't be a run's id, where MLflow does so before it looks for the run.
fn check_run_id(run_id: &str) -> Result<()> {
    const MAX_RUN_ID: usize = 256;
    let fits = run_id.chars().count() <= MAX_RUN_ID;
    let starts = run_id.starts_with(|c: char| c.is_ascii_alphanumeric());
    if fits && starts && run_id.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
        return Ok(());
    }
    Err(Error::invalid(format!("Invalid value {} for parameter 'run_id' supplied.", json_ascii(run_id))))
}
