//! Logged models.

use super::describe::{
    Described, asked, choice, delete, flag, get, int, list, one, pairs, patch, post, required, text, texts,
};
use super::schemas::LOGGED_MODEL_STATUS;

pub(super) fn endpoints() -> Vec<Described> {
    let dataset = asked(&[text("dataset_name"), text("dataset_digest")]);
    let order = asked(&[text("field_name"), flag("ascending"), text("dataset_name"), text("dataset_digest")]);
    vec![
        post("2.0/mlflow/logged-models", "Creates a logged model.")
            .takes([
                required(text("experiment_id")),
                text("name"),
                text("model_type"),
                text("source_run_id"),
                pairs("params"),
                pairs("tags"),
            ])
            .answers([one("model", "LoggedModel")]),
        post("2.0/mlflow/logged-models/search", "Searches logged models.")
            .takes([
                required(texts("experiment_ids")),
                text("filter"),
                list("datasets", dataset),
                int("max_results"),
                list("order_by", order),
                text("page_token"),
            ])
            .pages("models", "LoggedModel"),
        get("2.0/mlflow/logged-models/{model_id}", "A logged model.")
            .takes([flag("allow_deleted")])
            .answers([one("model", "LoggedModel")]),
        patch("2.0/mlflow/logged-models/{model_id}", "Sets the status of the model that the body names.")
            .takes([required(text("model_id")), required(choice("status", &LOGGED_MODEL_STATUS))])
            .answers([one("model", "LoggedModel")]),
        delete("2.0/mlflow/logged-models/{model_id}", "Deletes a logged model."),
        patch("2.0/mlflow/logged-models/{model_id}/tags", "Sets tags.").takes([pairs("tags")]),
        delete("2.0/mlflow/logged-models/{model_id}/tags/{tag_key}", "Removes a tag."),
        post("2.0/mlflow/logged-models/{model_id}/params", "Logs params, each once.")
            .takes([required(text("model_id")), pairs("params")]),
    ]
}
