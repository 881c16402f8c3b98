//! The things that requests and answers are made of.

use domain::ErrorCode;
use domain::webhooks::{Action, Entity};
use utoipa::openapi::schema::AnyOfBuilder;

use super::describe::{
    Kind, all, any_object, asked, choice, double, field, flag, int, integer, list, of, one, optional, or_null, pairs,
    required, string, text, texts, told,
};

pub(super) const RUN_STATUS: [&str; 5] = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];
pub(super) const VIEW_TYPE: [&str; 3] = ["ACTIVE_ONLY", "DELETED_ONLY", "ALL"];
pub(super) const STAGE: [&str; 4] = ["None", "Staging", "Production", "Archived"];
pub(super) const LOGGED_MODEL_STATUS: [&str; 4] =
    ["LOGGED_MODEL_STATUS_UNSPECIFIED", "LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"];
pub(super) const WEBHOOK_STATUS: [&str; 2] = ["ACTIVE", "DISABLED"];
const LIFECYCLE_STAGE: [&str; 2] = ["active", "deleted"];

/// All of them, by name.
pub(super) fn schemas() -> Vec<(&'static str, Kind)> {
    [errors(), tracking(), logged_models(), registry(), memory(), rest()].into_iter().flatten().collect()
}

fn errors() -> Vec<(&'static str, Kind)> {
    let detail = told(&[text("detail")]);
    vec![
        (
            "Error",
            told(&[
                choice("error_code", &ErrorCode::ALL.map(ErrorCode::name)),
                text("message"),
                optional(text("sqlstate")),
                optional(text("error_class")),
            ]),
        ),
        // The proxy's transfers have a form of their own, as in MLflow.
        ("AnyError", AnyOfBuilder::new().item(of("Error")).item(detail).into()),
    ]
}

fn tracking() -> Vec<(&'static str, Kind)> {
    let dataset = [text("name"), text("digest"), text("source_type"), text("source")];
    let texts_of_dataset = [optional(text("schema")), optional(text("profile"))];
    vec![
        ("KeyValue", told(&[text("key"), text("value")])),
        (
            "Experiment",
            told(&[
                text("experiment_id"),
                text("name"),
                text("artifact_location"),
                choice("lifecycle_stage", &LIFECYCLE_STAGE),
                optional(int("last_update_time")),
                optional(int("creation_time")),
                optional(all("tags", "KeyValue")),
                text("workspace"),
            ]),
        ),
        (
            "RunInfo",
            told(&[
                text("run_uuid"),
                text("run_id"),
                text("run_name"),
                text("experiment_id"),
                text("user_id"),
                choice("status", &RUN_STATUS),
                int("start_time"),
                optional(int("end_time")),
                text("artifact_uri"),
                choice("lifecycle_stage", &LIFECYCLE_STAGE),
            ]),
        ),
        (
            "Run",
            told(&[
                one("info", "RunInfo"),
                field(
                    "data",
                    told(&[
                        optional(all("metrics", "Metric")),
                        optional(all("params", "KeyValue")),
                        optional(all("tags", "KeyValue")),
                    ]),
                ),
                field(
                    "inputs",
                    told(&[
                        optional(all("dataset_inputs", "DatasetInput")),
                        optional(list("model_inputs", told(&[text("model_id")]))),
                    ]),
                ),
                optional(field(
                    "outputs",
                    told(&[optional(list("model_outputs", told(&[text("model_id"), int("step")])))]),
                )),
            ]),
        ),
        ("Metric", told(&[text("key"), field("value", double()), int("timestamp"), int("step")])),
        ("RunMetric", told(&[text("key"), field("value", double()), int("timestamp"), int("step"), text("run_id")])),
        (
            "NewMetric",
            asked(&[
                required(text("key")),
                required(field("value", double())),
                required(int("timestamp")),
                int("step"),
                text("model_id"),
                text("dataset_name"),
                text("dataset_digest"),
            ]),
        ),
        (
            "DatasetInput",
            told(&[
                optional(all("tags", "KeyValue")),
                field("dataset", told(&[&dataset[..], &texts_of_dataset[..]].concat())),
            ]),
        ),
        (
            "NewDatasetInput",
            asked(&[
                field(
                    "dataset",
                    asked(&[
                        required(text("name")),
                        required(text("digest")),
                        text("source_type"),
                        text("source"),
                        text("schema"),
                        text("profile"),
                    ]),
                ),
                pairs("tags"),
            ]),
        ),
        ("DatasetSummary", told(&[text("experiment_id"), text("name"), text("digest"), optional(text("context"))])),
    ]
}

fn logged_models() -> Vec<(&'static str, Kind)> {
    let info = told(&[
        text("model_id"),
        text("experiment_id"),
        text("name"),
        int("creation_timestamp_ms"),
        int("last_updated_timestamp_ms"),
        text("artifact_uri"),
        choice("status", &LOGGED_MODEL_STATUS),
        text("model_type"),
        text("source_run_id"),
        optional(text("status_message")),
        optional(all("tags", "KeyValue")),
    ]);
    let metric = told(&[
        text("key"),
        field("value", double()),
        int("timestamp"),
        int("step"),
        text("model_id"),
        text("run_id"),
        optional(text("dataset_name")),
        optional(text("dataset_digest")),
    ]);
    let data = told(&[optional(all("params", "KeyValue")), optional(list("metrics", metric))]);
    vec![("LoggedModel", told(&[field("info", info), field("data", data)]))]
}

fn version() -> Vec<super::describe::Field> {
    vec![
        text("name"),
        text("version"),
        int("creation_timestamp"),
        int("last_updated_timestamp"),
        choice("current_stage", &STAGE),
        optional(text("description")),
        text("source"),
        text("run_id"),
        choice("status", &["READY"]),
        optional(all("tags", "KeyValue")),
        text("run_link"),
        optional(texts("aliases")),
    ]
}

/// The two fields of an event that webhooks are told of.
pub(super) fn event() -> [super::describe::Field; 2] {
    [
        required(choice("entity", &Entity::ALL.map(|entity| entity.name().to_ascii_uppercase()))),
        required(choice("action", &Action::ALL.map(|action| action.name().to_ascii_uppercase()))),
    ]
}

fn registry() -> Vec<(&'static str, Kind)> {
    vec![
        (
            "RegisteredModel",
            told(&[
                text("name"),
                int("creation_timestamp"),
                int("last_updated_timestamp"),
                optional(text("description")),
                optional(all("latest_versions", "ModelVersion")),
                optional(all("tags", "KeyValue")),
                optional(list("aliases", told(&[text("alias"), text("version")]))),
            ]),
        ),
        ("ModelVersion", told(&version())),
        ("WebhookEvent", told(&event())),
        (
            "Webhook",
            told(&[
                text("webhook_id"),
                text("name"),
                optional(text("description")),
                text("url"),
                all("events", "WebhookEvent"),
                choice("status", &WEBHOOK_STATUS),
                int("creation_timestamp"),
                int("last_updated_timestamp"),
            ]),
        ),
    ]
}

fn memory() -> Vec<(&'static str, Kind)> {
    let with = |more: super::describe::Field| told(&[version(), vec![more]].concat());
    let line = |value: Kind| told(&[text("key"), list("values", or_null(value)), flag("differs")]);
    let kind = told(&[text("type"), flag("required")]);
    let file = told(&[field("size", or_null(integer())), field("sha256", or_null(string()))]);
    vec![
        // Which other fields there are depends on the event: docs/api.md.
        ("HistoryEntry", any_object()),
        ("StageSpan", told(&[text("version"), int("since"), optional(int("until"))])),
        (
            "Guards",
            told(&[
                flag("signature"),
                flag("description"),
                list("tags", told(&[text("key"), optional(text("value"))])),
            ]),
        ),
        (
            "DeletedModel",
            told(&[
                text("id"),
                text("name"),
                int("creation_timestamp"),
                int("deleted_timestamp"),
                optional(text("description")),
                text("last_version"),
            ]),
        ),
        ("DeletedVersion", with(int("deleted_timestamp"))),
        (
            "Comparison",
            told(&[
                list("model_versions", with(optional(texts("problems")))),
                list("params", line(string())),
                list("metrics", line(double())),
                list("schema_inputs", line(kind.clone())),
                list("schema_outputs", line(kind)),
                list("tags", line(string())),
                list("run_tags", line(string())),
                list("logged_model_tags", line(string())),
                list("artifacts", line(file)),
                flag("artifacts_truncated"),
            ]),
        ),
    ]
}

fn rest() -> Vec<(&'static str, Kind)> {
    let file = told(&[text("path"), flag("is_dir"), optional(int("file_size"))]);
    vec![
        ("File", file),
        (
            "Removal",
            told(&[
                flag("allowed"),
                flag("running"),
                list("removed", told(&[text("kind"), int("count")])),
                int("rows"),
                int("files"),
                int("bytes"),
                int("kept"),
                int("failed"),
                flag("more"),
                list("problems", any_object()),
                optional(text("error")),
            ]),
        ),
    ]
}
