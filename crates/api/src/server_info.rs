//! What clients and load balancers ask of the server itself, and the constants that MLflow's own web UI expects.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use serde::Serialize;
use service::Service;

use crate::response::{Answer, json};

/// The MLflow release whose API this is. Clients read it to decide what they may use.
pub const MLFLOW_VERSION: &str = "3.17.2";

/// Says that the process serves requests.
pub(crate) async fn health() -> Response {
    text("text/plain; charset=utf-8", "OK")
}

pub(crate) async fn version() -> Response {
    text("text/html; charset=utf-8", MLFLOW_VERSION)
}

fn text(kind: &'static str, body: &'static str) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response()
}

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "MLflow's shape")]
struct ServerInfo {
    store_type: &'static str,
    workspaces_enabled: bool,
    trace_archival_enabled: bool,
    multipart_uploads_enabled: bool,
    multipart_downloads_enabled: bool,
    presigned_upload_run_id_supported: bool,
    presigned_upload_model_id_supported: bool,
    features_enabled: Features,
}

#[derive(Serialize)]
struct Features {
    gateway: bool,
}

pub(crate) async fn server_info(State(service): State<Service>) -> Answer {
    let multipart =
        service.artifact_config().serve && service.proxy_file("").is_ok_and(|root| root.supports_direct_transfer());
    json(&ServerInfo {
        store_type: "SqlStore",
        workspaces_enabled: false,
        trace_archival_enabled: false,
        multipart_uploads_enabled: multipart,
        multipart_downloads_enabled: multipart,
        presigned_upload_run_id_supported: true,
        presigned_upload_model_id_supported: true,
        features_enabled: Features { gateway: false },
    })
}

#[derive(Serialize)]
struct Reporting {
    disable_ui_telemetry: bool,
    disable_ui_events: [(); 0],
    ui_rollout_percentage: u8,
}

/// Nothing is ever reported anywhere.
pub(crate) async fn ui_telemetry() -> Answer {
    json(&Reporting { disable_ui_telemetry: true, disable_ui_events: [], ui_rollout_percentage: 0 })
}

pub(crate) async fn report_ui_telemetry() -> Answer {
    #[derive(Serialize)]
    struct Status {
        status: &'static str,
    }
    json(&Status { status: "disabled" })
}

/// There is no gateway, so there are no endpoints of it.
pub(crate) async fn gateway_proxy() -> Answer {
    #[derive(Serialize)]
    struct Gateway {
        endpoints: [(); 0],
    }
    json(&Gateway { endpoints: [] })
}
