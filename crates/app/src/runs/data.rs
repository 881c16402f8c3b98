//! What the pages of runs ask the server for.

use domain::Millis;
use domain::runs::RunStatus;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::columns::Column;
use crate::error::UiResult;
use crate::ui::markdown::Markdown;

/// Most rows of one answer.
pub(crate) const PAGE_ROWS: usize = 100;
/// Most experiments in the list beside the table.
#[cfg(feature = "ssr")]
const NEIGHBOURS: i64 = 200;

/// An experiment's number and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct ExperimentName {
    /// The number, as in addresses.
    pub(crate) id: String,
    /// The name.
    pub(crate) name: String,
}

/// What stands above and beside the table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// Whose runs these are.
    pub(crate) experiment: ExperimentName,
    /// Where new runs' artifacts go.
    pub(crate) artifact_location: String,
    /// Whether it is in the bin.
    pub(crate) deleted: bool,
    /// What people wrote about it.
    pub(crate) description: Markdown,
    /// Experiments in use, the latest first.
    pub(crate) neighbours: Vec<ExperimentName>,
    /// Whether there are more of them.
    pub(crate) more_neighbours: bool,
}

/// Keys that the loaded runs have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Keys {
    /// Of metrics.
    pub(crate) metrics: Vec<String>,
    /// Of params.
    pub(crate) params: Vec<String>,
    /// Of tags, without those that the client keeps for itself.
    pub(crate) tags: Vec<String>,
}

impl Keys {
    /// Adds another page's keys.
    pub(crate) fn merge(&mut self, other: Self) {
        for (mine, theirs) in
            [(&mut self.metrics, other.metrics), (&mut self.params, other.params), (&mut self.tags, other.tags)]
        {
            mine.extend(theirs);
            mine.sort_unstable();
            mine.dedup();
        }
    }
}

/// A model of a run: a version, if one was registered from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ModelRef {
    /// The registered model's name; without a version the logged model's, which is its folder's among the artifacts.
    #[serde(rename = "n")]
    pub(crate) name: String,
    /// The version's number.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<i64>,
}

/// What stands in a cell; names on the wire are short, for there are thousands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Cell {
    /// Nothing.
    #[serde(rename = "-")]
    None,
    /// A text.
    #[serde(rename = "t")]
    Text(String),
    /// A text, and the long form of it for the tooltip.
    #[serde(rename = "l")]
    Long(String, String),
    /// A metric's value.
    #[serde(rename = "n")]
    Number(#[serde(with = "domain::float")] f64),
    /// Models, registered ones first.
    #[serde(rename = "m")]
    Models(Vec<ModelRef>),
    /// The first dataset, as name, digest and use, and how many more there are.
    #[serde(rename = "d")]
    Dataset {
        /// Name.
        name: String,
        /// Digest.
        digest: String,
        /// What it was used for.
        context: Option<String>,
        /// How many more.
        more: usize,
    },
}

/// A run, with just what the table shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Its id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// How far it is.
    pub(crate) status: RunStatus,
    /// When it started; 0 if the client did not say.
    pub(crate) start: Millis,
    /// When it ended.
    pub(crate) end: Option<Millis>,
    /// The run that it is nested in.
    pub(crate) parent: Option<String>,
    /// One for each column.
    pub(crate) cells: Vec<Cell>,
}

/// A page of the table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Batch {
    /// What is shown, the name aside.
    pub(crate) columns: Vec<Column>,
    /// What could be shown.
    pub(crate) keys: Keys,
    /// The runs.
    pub(crate) rows: Vec<Row>,
    /// How many runs there are on all pages.
    pub(crate) total: u64,
    /// Token of the next page.
    pub(crate) next: Option<String>,
}

/// What stands above and beside the table.
#[server(prefix = "/_fn", endpoint = "runs_head")]
pub(crate) async fn load_head(experiment_id: String) -> UiResult<Head> {
    use domain::experiments::NOTE_TAG;
    let service = crate::error::service();
    let experiment = service.experiment(&experiment_id).await?;
    let neighbours = service
        .search_experiments(service::SearchExperiments {
            max_results: NEIGHBOURS,
            order_by: vec!["last_update_time DESC".to_owned()],
            ..Default::default()
        })
        .await?;
    let description = Markdown::render(experiment.tag(NOTE_TAG).unwrap_or_default());
    let name = |e: domain::experiments::Experiment| ExperimentName { id: e.experiment_id.to_string(), name: e.name };
    let more_neighbours = neighbours.next_page_token.is_some();
    let mut neighbours: Vec<ExperimentName> = neighbours.items.into_iter().map(name).collect();
    let deleted = experiment.lifecycle_stage == domain::Lifecycle::Deleted;
    let artifact_location = experiment.artifact_location.clone();
    let experiment = name(experiment);
    // The present one is on the list, however old or deleted it is.
    if !neighbours.contains(&experiment) {
        neighbours.insert(0, experiment.clone());
    }
    Ok(Head { experiment, artifact_location, deleted, description, neighbours, more_neighbours })
}

/// A page of the table; `query` is the table's address from its `?` on.
#[server(prefix = "/_fn", endpoint = "runs")]
pub(crate) async fn load_runs(experiment_id: String, query: String) -> UiResult<Batch> {
    let query = super::url::RunsQuery::parse(&query);
    Ok(super::rows::load(&crate::error::service(), &experiment_id, &query).await?)
}

/// Writes an experiment's description.
#[server(prefix = "/_fn", endpoint = "describe_experiment")]
pub(crate) async fn describe_experiment(experiment_id: String, text: String) -> UiResult<()> {
    use domain::experiments::NOTE_TAG;
    Ok(crate::error::service().set_experiment_tag(&experiment_id, NOTE_TAG, &text).await?)
}

/// Gives a run another name.
#[server(prefix = "/_fn", endpoint = "rename_run")]
pub(crate) async fn rename_run(run_id: String, name: String) -> UiResult<()> {
    if name.trim().is_empty() {
        return Err(domain::Error::invalid("A run needs a name.").into());
    }
    let update = service::RunUpdate { run_name: Some(name.trim().to_owned()), ..Default::default() };
    crate::error::service().update_run(&run_id, update).await?;
    Ok(())
}

/// Deletes runs, in order; those before a failure stay deleted.
#[server(prefix = "/_fn", endpoint = "delete_runs")]
pub(crate) async fn delete_runs(run_ids: Vec<String>) -> UiResult<()> {
    let service = crate::error::service();
    for run_id in run_ids {
        service.delete_run(&run_id).await?;
    }
    Ok(())
}

/// Restores runs, in order; those before a failure stay restored.
#[server(prefix = "/_fn", endpoint = "restore_runs")]
pub(crate) async fn restore_runs(run_ids: Vec<String>) -> UiResult<()> {
    let service = crate::error::service();
    for run_id in run_ids {
        service.restore_run(&run_id).await?;
    }
    Ok(())
}
