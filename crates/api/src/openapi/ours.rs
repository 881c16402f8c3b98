//! What MLflow does not have: the registry's memory, guards, storage.

use super::describe::{
    Described, all, asked, choice, flag, get, int, list, one, optional, post, put, required, text, texts, told,
};
use super::schemas::VIEW_TYPE;

pub(super) fn memory() -> Vec<Described> {
    let name = || required(text("name"));
    let version = || required(text("version"));
    vec![
        get("ferroflow/v1/registered-models/history", "What was done to a model, the latest first.")
            .takes([name(), text("id"), text("version"), int("max_results"), text("page_token")])
            .pages("history", "HistoryEntry"),
        get("ferroflow/v1/registered-models/stage-at", "The versions that were in a stage at a time.")
            .takes([name(), text("id"), required(text("stage")), required(int("time"))])
            .answers([optional(all("model_versions", "StageSpan"))]),
        get("ferroflow/v1/registered-models/deleted", "Registered models that can be restored.")
            .takes([int("max_results"), text("page_token")])
            .pages("registered_models", "DeletedModel"),
        post("ferroflow/v1/registered-models/restore", "Restores a registered model.")
            .takes([name(), text("id")])
            .answers([one("registered_model", "RegisteredModel")]),
        get("ferroflow/v1/registered-models/guards", "What a version must have before Production.")
            .takes([name(), text("version")])
            .answers([one("guards", "Guards"), optional(texts("missing"))]),
        put("ferroflow/v1/registered-models/guards", "Sets what a version must have before Production.")
            .takes([
                name(),
                flag("signature"),
                flag("description"),
                list("tags", asked(&[required(text("key")), text("value")])),
            ])
            .answers([one("guards", "Guards")]),
        get("ferroflow/v1/model-versions/deleted", "Versions that can be restored.")
            .takes([name(), int("max_results"), text("page_token")])
            .pages("model_versions", "DeletedVersion"),
        post("ferroflow/v1/model-versions/restore", "Restores a version.")
            .takes([name(), version()])
            .answers([one("model_version", "ModelVersion")]),
        get("ferroflow/v1/model-versions/compare", "Two versions side by side.")
            .takes([name(), version(), text("other_name"), required(text("other_version"))])
            .answers([one("comparison", "Comparison")]),
    ]
}

pub(super) fn storage() -> Vec<Described> {
    let digest = told(&[text("path"), int("file_size"), optional(text("sha256"))]);
    vec![
        post("ferroflow/v1/gc", "What removing for good would free; with `dry_run: false` begins to.")
            .takes([text("older_than"), flag("dry_run")])
            .answers_with(super::describe::of("Removal"))
            .fails(403),
        get("ferroflow/v1/gc", "How far the removal is that was begun last.")
            .answers_with(super::describe::of("Removal")),
        get("ferroflow/v1/artifacts/digests", "The files of a folder of a run, logged model or version, with digests.")
            .takes([text("path"), text("run_id"), text("model_id"), text("name"), text("version")])
            .answers([list("files", digest)])
            .fails(501),
        get("ferroflow/v1/artifacts/archive", "A folder of a run, logged model or version, as a zip archive.")
            .takes([text("path"), text("run_id"), text("model_id"), text("name"), text("version")])
            .answers_media("application/zip")
            .fails(501),
    ]
}

pub(super) fn exports() -> Vec<Described> {
    vec![
        get("ferroflow/v1/runs/csv", "Every run that a search of an experiment finds, as a CSV file.")
            .takes([
                required(text("experiment_id")),
                text("filter"),
                texts("order_by"),
                choice("run_view_type", &VIEW_TYPE),
                int("started_within"),
            ])
            .answers_media("text/csv"),
    ]
}
