//! Runs and the histories of their metrics.

use super::describe::{
    Described, all, asked, choice, double, field, get, int, keyed_pairs, list, one, optional, pairs, post, required,
    text, texts,
};
use super::schemas::{RUN_STATUS, VIEW_TYPE};

pub(super) fn endpoints() -> Vec<Described> {
    // MLflow's old name `run_uuid` does as well.
    let id = || required(text("run_id"));
    vec![
        post("2.0/mlflow/runs/create", "Creates a run.")
            .takes([text("experiment_id"), int("start_time"), text("run_name"), text("user_id"), pairs("tags")])
            .answers([one("run", "Run")]),
        get("2.0/mlflow/runs/get", "A run in any lifecycle stage.")
            .takes([id(), text("run_uuid")])
            .answers([one("run", "Run")]),
        post("2.0/mlflow/runs/update", "Changes a run's status, end or name.")
            .takes([id(), text("run_uuid"), int("end_time"), choice("status", &RUN_STATUS), text("run_name")])
            .answers([one("run_info", "RunInfo")]),
        post("2.0/mlflow/runs/delete", "Deletes a run.").takes([id()]),
        post("2.0/mlflow/runs/restore", "Restores a run.").takes([id()]),
        post("2.0/mlflow/runs/search", "Searches runs.")
            .takes([
                texts("experiment_ids"),
                text("filter"),
                int("max_results"),
                texts("order_by"),
                choice("run_view_type", &VIEW_TYPE),
                text("page_token"),
            ])
            .pages("runs", "Run"),
        post("2.0/mlflow/runs/set-tag", "Sets a tag of a run.").takes([
            id(),
            text("run_uuid"),
            required(text("key")),
            text("value"),
        ]),
        post("2.0/mlflow/runs/delete-tag", "Removes a tag of a run.").takes([id(), required(text("key"))]),
        post("2.0/mlflow/runs/log-parameter", "Logs a param, once.").takes([
            id(),
            text("run_uuid"),
            required(text("key")),
            text("value"),
        ]),
        post("2.0/mlflow/runs/log-metric", "Logs a value of a metric.").takes([
            id(),
            text("run_uuid"),
            required(text("key")),
            required(field("value", double())),
            required(int("timestamp")),
            int("step"),
            text("model_id"),
            text("dataset_name"),
            text("dataset_digest"),
        ]),
        post("2.0/mlflow/runs/log-batch", "Logs metrics, params and tags, all of them or none.").takes([
            id(),
            all("metrics", "NewMetric"),
            keyed_pairs("params"),
            keyed_pairs("tags"),
        ]),
        post("2.0/mlflow/runs/log-inputs", "Attaches datasets and logged models that a run used.").takes([
            id(),
            all("datasets", "NewDatasetInput"),
            list("models", asked(&[text("model_id")])),
        ]),
        post("2.0/mlflow/runs/outputs", "Attaches logged models that a run made.")
            .takes([id(), required(list("models", asked(&[text("model_id"), int("step")])))]),
        post("2.0/mlflow/runs/log-model", "Notes a model as MLflow 2 logs it.")
            .takes([id(), required(text("model_json"))]),
        get("2.0/mlflow/metrics/get-history", "All values of a run's metric.")
            .takes([id(), text("run_uuid"), required(text("metric_key")), text("page_token"), int("max_results")])
            .pages("metrics", "Metric"),
        get("2.0/mlflow/metrics/get-history-bulk", "All values of a metric of several runs.")
            .takes([texts("run_id"), text("metric_key"), int("max_results")])
            .answers([all("metrics", "RunMetric")]),
        get("2.0/mlflow/metrics/get-history-bulk-interval", "A metric of several runs, thinned out.")
            .takes([
                required(texts("run_ids")),
                required(text("metric_key")),
                int("start_step"),
                int("end_step"),
                int("max_results"),
            ])
            .answers([optional(all("metrics", "RunMetric"))]),
    ]
}
