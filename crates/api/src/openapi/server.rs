//! The server itself.

use super::describe::{Described, any_object, choice, field, flag, get, list, optional, post, string, told};

pub(super) fn endpoints() -> Vec<Described> {
    let features = told(&[flag("gateway")]);
    vec![
        get("health", "Whether the process serves requests.").answers_text("text/plain"),
        get("version", "The MLflow release whose API this is.").answers_text("text/html"),
        get("openapi.json", "This description.").answers_with(any_object()),
        get("3.0/mlflow/server-info", "What the server can do.").answers([
            choice("store_type", &["SqlStore"]),
            flag("workspaces_enabled"),
            flag("trace_archival_enabled"),
            flag("multipart_uploads_enabled"),
            flag("multipart_downloads_enabled"),
            flag("presigned_upload_run_id_supported"),
            flag("presigned_upload_model_id_supported"),
            field("features_enabled", features),
        ]),
        get("3.0/mlflow/ui-telemetry", "What MLflow's web UI may report: nothing.").answers([
            flag("disable_ui_telemetry"),
            list("disable_ui_events", string()),
            field("ui_rollout_percentage", super::describe::integer()),
        ]),
        post("3.0/mlflow/ui-telemetry", "Takes a report of MLflow's web UI, and drops it.")
            .answers([optional(choice("status", &["disabled"]))]),
        get("2.0/mlflow/gateway-proxy", "The gateway's endpoints: there are none.")
            .answers([list("endpoints", string())]),
    ]
}
