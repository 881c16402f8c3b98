//! Experiments: create, find, rename, delete, restore, tag.

use domain::experiments::{Experiment, ExperimentId};
use domain::{Page, Result, Tag, ViewType};

use crate::Service;

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
    /// Makes what must exist from the start: the experiment `Default`.
    pub async fn prepare(&self) -> Result<()> {
        todo!()
    }

    /// Creates an experiment.
    pub async fn create_experiment(&self, new: NewExperiment) -> Result<ExperimentId> {
        todo!()
    }

    /// An experiment in any lifecycle stage.
    pub async fn experiment(&self, id: &str) -> Result<Experiment> {
        todo!()
    }

    /// An experiment by its exact name, in any lifecycle stage.
    pub async fn experiment_by_name(&self, name: &str) -> Result<Experiment> {
        todo!()
    }

    /// A page of experiments.
    pub async fn search_experiments(&self, search: SearchExperiments) -> Result<Page<Experiment>> {
        todo!()
    }

    /// Renames an active experiment.
    pub async fn rename_experiment(&self, id: &str, new_name: &str) -> Result<()> {
        todo!()
    }

    /// Deletes an experiment with all its runs.
    pub async fn delete_experiment(&self, id: &str) -> Result<()> {
        todo!()
    }

    /// Restores an experiment with all its runs.
    pub async fn restore_experiment(&self, id: &str) -> Result<()> {
        todo!()
    }

    /// Sets a tag of an active experiment.
    pub async fn set_experiment_tag(&self, id: &str, key: &str, value: &str) -> Result<()> {
        todo!()
    }

    /// Removes a tag of an active experiment.
    pub async fn delete_experiment_tag(&self, id: &str, key: &str) -> Result<()> {
        todo!()
    }
}
