//! Registered models, their versions and aliases, and webhooks.

use super::describe::{
    Described, all, asked, choice, delete, field, flag, get, int, list, one, optional, pairs, patch, post, required,
    text, texts,
};
use super::schemas::{self, WEBHOOK_STATUS};

pub(super) fn endpoints() -> Vec<Described> {
    [models(), aliases(), versions()].into_iter().flatten().collect()
}

fn models() -> Vec<Described> {
    let name = || required(text("name"));
    let model = || [one("registered_model", "RegisteredModel")];
    let search = || [text("filter"), int("max_results"), texts("order_by"), text("page_token")];
    let latest = || [optional(all("model_versions", "ModelVersion"))];
    vec![
        post("2.0/mlflow/registered-models/create", "Creates a registered model.")
            .takes([name(), pairs("tags"), text("description")])
            .answers(model()),
        get("2.0/mlflow/registered-models/get", "A registered model.").takes([name()]).answers(model()),
        get("2.0/mlflow/registered-models/search", "Searches registered models.")
            .takes(search())
            .pages("registered_models", "RegisteredModel"),
        patch("2.0/mlflow/registered-models/update", "Sets the description, or clears it.")
            .takes([name(), text("description")])
            .answers(model()),
        post("2.0/mlflow/registered-models/rename", "Renames a registered model.")
            .takes([name(), required(text("new_name"))])
            .answers(model()),
        delete("2.0/mlflow/registered-models/delete", "Deletes a registered model with its versions.").takes([name()]),
        get("2.0/mlflow/registered-models/get-latest-versions", "The latest version of each stage.")
            .takes([name(), texts("stages")])
            .answers(latest()),
        post("2.0/mlflow/registered-models/get-latest-versions", "The latest version of each stage.")
            .takes([name(), texts("stages")])
            .answers(latest()),
        post("2.0/mlflow/registered-models/set-tag", "Sets a tag of a registered model.").takes([
            name(),
            required(text("key")),
            text("value"),
        ]),
        delete("2.0/mlflow/registered-models/delete-tag", "Removes a tag of a registered model.")
            .takes([name(), required(text("key"))]),
    ]
}

fn aliases() -> Vec<Described> {
    let name = || required(text("name"));
    let alias = || required(text("alias"));
    vec![
        post("2.0/mlflow/registered-models/alias", "Points an alias at a version.").takes([
            name(),
            alias(),
            required(text("version")),
        ]),
        delete("2.0/mlflow/registered-models/alias", "Removes an alias.").takes([name(), alias()]),
        get("2.0/mlflow/registered-models/alias", "The version at which an alias points.")
            .takes([name(), alias()])
            .answers([one("model_version", "ModelVersion")]),
    ]
}

fn versions() -> Vec<Described> {
    let name = || required(text("name"));
    let version = || required(text("version"));
    let answer = || [one("model_version", "ModelVersion")];
    vec![
        post("2.0/mlflow/model-versions/create", "Creates a version.")
            .takes([
                name(),
                required(text("source")),
                text("run_id"),
                pairs("tags"),
                text("run_link"),
                text("description"),
                text("model_id"),
            ])
            .answers(answer()),
        get("2.0/mlflow/model-versions/get", "A version.").takes([name(), version()]).answers(answer()),
        get("2.0/mlflow/model-versions/search", "Searches versions.")
            .takes([text("filter"), int("max_results"), texts("order_by"), text("page_token")])
            .pages("model_versions", "ModelVersion"),
        patch("2.0/mlflow/model-versions/update", "Sets the description, or clears it.")
            .takes([name(), version(), text("description")])
            .answers(answer()),
        post("2.0/mlflow/model-versions/transition-stage", "Moves a version to a stage.")
            .takes([name(), version(), required(text("stage")), flag("archive_existing_versions")])
            .answers(answer()),
        delete("2.0/mlflow/model-versions/delete", "Deletes a version.").takes([name(), version()]),
        get("2.0/mlflow/model-versions/get-download-uri", "Where a version's files are.")
            .takes([text("name"), text("version")])
            .answers([text("artifact_uri")]),
        post("2.0/mlflow/model-versions/set-tag", "Sets a tag of a version.").takes([
            name(),
            version(),
            required(text("key")),
            text("value"),
        ]),
        delete("2.0/mlflow/model-versions/delete-tag", "Removes a tag of a version.").takes([
            name(),
            version(),
            required(text("key")),
        ]),
    ]
}

pub(super) fn webhooks() -> Vec<Described> {
    let event = || asked(&schemas::event());
    let webhook = || [one("webhook", "Webhook")];
    let fields = || [text("description"), text("secret"), choice("status", &WEBHOOK_STATUS)];
    let [description, secret, status] = fields();
    let [new_description, new_secret, new_status] = fields();
    vec![
        post("2.0/mlflow/webhooks", "Creates a webhook.")
            .takes([
                required(text("name")),
                required(text("url")),
                required(list("events", event())),
                description,
                secret,
                status,
            ])
            .answers(webhook()),
        get("2.0/mlflow/webhooks", "All webhooks, the newest first.")
            .takes([int("max_results"), text("page_token")])
            .pages("webhooks", "Webhook"),
        get("2.0/mlflow/webhooks/{webhook_id}", "A webhook.").answers(webhook()),
        patch("2.0/mlflow/webhooks/{webhook_id}", "Changes what is given.")
            .takes([text("name"), new_description, text("url"), list("events", event()), new_secret, new_status])
            .answers(webhook()),
        delete("2.0/mlflow/webhooks/{webhook_id}", "Deletes a webhook."),
        post("2.0/mlflow/webhooks/{webhook_id}/test", "Sends an example, and tells how it went.")
            .takes([field("event", event())])
            .answers([field(
                "result",
                super::describe::told(&[
                    flag("success"),
                    optional(int("response_status")),
                    optional(text("response_body")),
                    optional(text("error_message")),
                ]),
            )]),
    ]
}
