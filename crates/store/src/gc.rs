//! Removing for good what was deleted: what there is to remove, the point of no return, and the rows' end.
//!
//! A run, logged model or experiment is removed in three steps, each in transactions of their own: it is *claimed*
//! (`removing`), if it is still deleted, from when on it cannot be restored; its files go; its rows go. Whoever is
//! interrupted in between finds it again by its mark.

mod claim;
mod due;
mod rows;

pub use claim::{Claim, claim_experiment, claim_logged_models, claim_runs, hold};
pub use due::{
    Due, DueExperiment, DueVersion, Guarding, experiments, experiments_by_ids, guarding, guarding_since, logged_models,
    logged_models_by_ids, logged_models_of_experiment, models, removing_experiments, removing_logged_models,
    removing_runs, runs, runs_by_ids, runs_of_experiment, versions,
};
pub use rows::{
    count_logged_model_rows, count_run_rows, delete_experiment, delete_logged_models, delete_metric_points,
    delete_model, delete_runs, delete_version, is_experiment_empty,
};
