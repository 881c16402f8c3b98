//! Experiments.

use super::describe::{Described, all, choice, get, int, one, optional, pairs, post, required, text, texts};
use super::schemas::VIEW_TYPE;

pub(super) fn endpoints() -> Vec<Described> {
    let id = || required(text("experiment_id"));
    let search =
        || [choice("view_type", &VIEW_TYPE), int("max_results"), texts("order_by"), text("filter"), text("page_token")];
    vec![
        post("2.0/mlflow/experiments/create", "Creates an experiment.")
            .takes([required(text("name")), text("artifact_location"), pairs("tags")])
            .answers([text("experiment_id")]),
        get("2.0/mlflow/experiments/get", "An experiment in any lifecycle stage.")
            .takes([id()])
            .answers([one("experiment", "Experiment")]),
        get("2.0/mlflow/experiments/get-by-name", "An experiment by its name.")
            .takes([required(text("experiment_name"))])
            .answers([one("experiment", "Experiment")]),
        get("2.0/mlflow/experiments/search", "Searches experiments; `max_results` must be given.")
            .takes(search())
            .pages("experiments", "Experiment"),
        post("2.0/mlflow/experiments/search", "Searches experiments; `max_results` must be given.")
            .takes(search())
            .pages("experiments", "Experiment"),
        post("2.0/mlflow/experiments/update", "Renames an experiment.").takes([id(), required(text("new_name"))]),
        post("2.0/mlflow/experiments/delete", "Deletes an experiment with all its runs.").takes([id()]),
        post("2.0/mlflow/experiments/restore", "Restores an experiment with all its runs.").takes([id()]),
        post("2.0/mlflow/experiments/set-experiment-tag", "Sets a tag of an experiment.").takes([
            id(),
            required(text("key")),
            text("value"),
        ]),
        post("2.0/mlflow/experiments/delete-experiment-tag", "Removes a tag of an experiment.")
            .takes([id(), required(text("key"))]),
        post("2.0/mlflow/experiments/search-datasets", "The datasets that runs of experiments used.")
            .takes([texts("experiment_ids")])
            .answers([optional(all("dataset_summaries", "DatasetSummary"))]),
    ]
}
