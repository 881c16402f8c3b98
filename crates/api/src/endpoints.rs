//! Every endpoint, once: where it is, who answers it, and what the caller must be allowed to do.
//!
//! The router is made of this table and of nothing else.

use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;
use service::Service;

use crate::{
    aliases, artifacts, comparison, experiments, guards, history, log_batch, logged_models, metrics, model_versions,
    openapi, registered_models, restore, runs, server_info, storage, webhooks,
};

/// Where the artifact proxy has its files.
pub(crate) const PROXY_FILE: &str = "2.0/mlflow-artifacts/artifacts/{*path}";

/// What a caller must be allowed to do to what the request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Nothing: anybody may call.
    Public,
    /// See it.
    Read,
    /// Make a new experiment or registered model.
    Create,
    /// Change it, or add to it.
    Edit,
    /// Delete or restore it.
    Manage,
}

/// Under which prefixes an endpoint's path is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mount {
    /// `/api/…` for clients and its twin `/ajax-api/…` for the browser.
    Twin,
    /// `/ajax-api/…` alone.
    Ajax,
    /// As it stands.
    Root,
}

/// One row of the table.
pub struct Endpoint {
    /// The HTTP method. A GET is answered to HEAD as well.
    pub method: Method,
    /// Under which prefixes.
    pub mount: Mount,
    /// The path behind the prefix, such as `2.0/mlflow/runs/get`. `{name}` stands for one segment, `{*name}` for the rest.
    pub path: &'static str,
    /// What the caller must be allowed to do.
    pub permission: Permission,
    /// What answers.
    pub(crate) route: MethodRouter<Service>,
}

impl Endpoint {
    /// Whether a server of artifacts alone has it: the proxy, and what tells of the server itself.
    pub fn serves_artifacts(&self) -> bool {
        self.permission == Permission::Public || self.path.starts_with("2.0/mlflow-artifacts/")
    }

    /// Every full path at which the endpoint is found.
    pub fn paths(&self) -> Vec<String> {
        let path = self.path;
        match self.mount {
            Mount::Twin => vec![format!("/api/{path}"), format!("/ajax-api/{path}")],
            Mount::Ajax => vec![format!("/ajax-api/{path}")],
            Mount::Root => vec![format!("/{path}")],
        }
    }
}

fn endpoint<H, T>(mount: Mount, method: Method, path: &'static str, permission: Permission, handler: H) -> Endpoint
where
    H: Handler<T, Service>,
    T: 'static,
{
    let filter = match method {
        Method::POST => MethodFilter::POST,
        Method::PUT => MethodFilter::PUT,
        Method::PATCH => MethodFilter::PATCH,
        Method::DELETE => MethodFilter::DELETE,
        _ => MethodFilter::GET,
    };
    Endpoint { method, mount, path, permission, route: on(filter, handler) }
}

fn twin<H, T>(method: Method, path: &'static str, permission: Permission, handler: H) -> Endpoint
where
    H: Handler<T, Service>,
    T: 'static,
{
    endpoint(Mount::Twin, method, path, permission, handler)
}

/// The table.
pub fn endpoints() -> Vec<Endpoint> {
    [
        server_endpoints(),
        tracking_endpoints(),
        logged_model_endpoints(),
        registry_endpoints(),
        webhook_endpoints(),
        memory_endpoints(),
        storage_endpoints(),
        export_endpoints(),
        artifact_endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn server_endpoints() -> Vec<Endpoint> {
    use Mount::{Ajax, Root, Twin};
    use Permission::{Public, Read};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    vec![
        endpoint(Root, GET, "health", Public, server_info::health),
        endpoint(Root, GET, "version", Public, server_info::version),
        endpoint(Root, GET, "openapi.json", Public, openapi::get),
        endpoint(Twin, GET, "3.0/mlflow/server-info", Public, server_info::server_info),
        endpoint(Ajax, GET, "3.0/mlflow/ui-telemetry", Read, server_info::ui_telemetry),
        endpoint(Ajax, POST, "3.0/mlflow/ui-telemetry", Read, server_info::report_ui_telemetry),
        endpoint(Ajax, GET, "2.0/mlflow/gateway-proxy", Read, server_info::gateway_proxy),
    ]
}

fn tracking_endpoints() -> Vec<Endpoint> {
    use Mount::Ajax;
    use Permission::{Create, Edit, Manage, Read};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    vec![
        twin(POST, "2.0/mlflow/experiments/create", Create, experiments::create),
        twin(GET, "2.0/mlflow/experiments/get", Read, experiments::get),
        twin(GET, "2.0/mlflow/experiments/get-by-name", Read, experiments::get_by_name),
        twin(GET, "2.0/mlflow/experiments/search", Read, experiments::search),
        twin(POST, "2.0/mlflow/experiments/search", Read, experiments::search),
        twin(POST, "2.0/mlflow/experiments/update", Edit, experiments::update),
        twin(POST, "2.0/mlflow/experiments/delete", Manage, experiments::delete),
        twin(POST, "2.0/mlflow/experiments/restore", Manage, experiments::restore),
        twin(POST, "2.0/mlflow/experiments/set-experiment-tag", Edit, experiments::set_tag),
        twin(POST, "2.0/mlflow/experiments/delete-experiment-tag", Edit, experiments::delete_tag),
        endpoint(Ajax, POST, "2.0/mlflow/experiments/search-datasets", Read, experiments::search_datasets),
        twin(POST, "2.0/mlflow/runs/create", Edit, runs::create),
        twin(GET, "2.0/mlflow/runs/get", Read, runs::get),
        twin(POST, "2.0/mlflow/runs/update", Edit, runs::update),
        twin(POST, "2.0/mlflow/runs/delete", Manage, runs::delete),
        twin(POST, "2.0/mlflow/runs/restore", Manage, runs::restore),
        twin(POST, "2.0/mlflow/runs/search", Read, runs::search),
        twin(POST, "2.0/mlflow/runs/set-tag", Edit, runs::set_tag),
        twin(POST, "2.0/mlflow/runs/delete-tag", Edit, runs::delete_tag),
        twin(POST, "2.0/mlflow/runs/log-parameter", Edit, runs::log_parameter),
        twin(POST, "2.0/mlflow/runs/log-metric", Edit, runs::log_metric),
        twin(POST, "2.0/mlflow/runs/log-batch", Edit, log_batch::log_batch),
        twin(POST, "2.0/mlflow/runs/log-inputs", Edit, runs::log_inputs),
        twin(POST, "2.0/mlflow/runs/outputs", Edit, runs::log_outputs),
        twin(POST, "2.0/mlflow/runs/log-model", Edit, runs::log_model),
        twin(GET, "2.0/mlflow/metrics/get-history", Read, metrics::get_history),
        endpoint(Ajax, GET, "2.0/mlflow/metrics/get-history-bulk", Read, metrics::get_history_bulk),
        twin(GET, "2.0/mlflow/metrics/get-history-bulk-interval", Read, metrics::get_history_bulk_interval),
    ]
}

fn logged_model_endpoints() -> Vec<Endpoint> {
    use Permission::{Edit, Manage, Read};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PATCH: Method = Method::PATCH;
    const DELETE: Method = Method::DELETE;
    vec![
        twin(POST, "2.0/mlflow/logged-models", Edit, logged_models::create),
        twin(POST, "2.0/mlflow/logged-models/search", Read, logged_models::search),
        twin(GET, "2.0/mlflow/logged-models/{model_id}", Read, logged_models::get),
        twin(PATCH, "2.0/mlflow/logged-models/{model_id}", Edit, logged_models::finalize),
        twin(DELETE, "2.0/mlflow/logged-models/{model_id}", Manage, logged_models::delete),
        twin(PATCH, "2.0/mlflow/logged-models/{model_id}/tags", Edit, logged_models::set_tags),
        twin(DELETE, "2.0/mlflow/logged-models/{model_id}/tags/{tag_key}", Edit, logged_models::delete_tag),
        twin(POST, "2.0/mlflow/logged-models/{model_id}/params", Edit, logged_models::log_params),
    ]
}

fn registry_endpoints() -> Vec<Endpoint> {
    use Permission::{Create, Edit, Manage, Read};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PATCH: Method = Method::PATCH;
    const DELETE: Method = Method::DELETE;
    vec![
        twin(POST, "2.0/mlflow/registered-models/create", Create, registered_models::create),
        twin(GET, "2.0/mlflow/registered-models/get", Read, registered_models::get),
        twin(GET, "2.0/mlflow/registered-models/search", Read, registered_models::search),
        twin(PATCH, "2.0/mlflow/registered-models/update", Edit, registered_models::update),
        twin(POST, "2.0/mlflow/registered-models/rename", Edit, registered_models::rename),
        twin(DELETE, "2.0/mlflow/registered-models/delete", Manage, registered_models::delete),
        twin(GET, "2.0/mlflow/registered-models/get-latest-versions", Read, registered_models::get_latest_versions),
        twin(POST, "2.0/mlflow/registered-models/get-latest-versions", Read, registered_models::get_latest_versions),
        twin(POST, "2.0/mlflow/registered-models/set-tag", Edit, registered_models::set_tag),
        twin(DELETE, "2.0/mlflow/registered-models/delete-tag", Edit, registered_models::delete_tag),
        twin(POST, "2.0/mlflow/registered-models/alias", Edit, aliases::set),
        twin(DELETE, "2.0/mlflow/registered-models/alias", Edit, aliases::delete),
        twin(GET, "2.0/mlflow/registered-models/alias", Read, aliases::get),
        twin(POST, "2.0/mlflow/model-versions/create", Edit, model_versions::create),
        twin(GET, "2.0/mlflow/model-versions/get", Read, model_versions::get),
        twin(GET, "2.0/mlflow/model-versions/search", Read, model_versions::search),
        twin(PATCH, "2.0/mlflow/model-versions/update", Edit, model_versions::update),
        twin(POST, "2.0/mlflow/model-versions/transition-stage", Edit, model_versions::transition_stage),
        twin(DELETE, "2.0/mlflow/model-versions/delete", Manage, model_versions::delete),
        twin(GET, "2.0/mlflow/model-versions/get-download-uri", Read, model_versions::get_download_uri),
        twin(POST, "2.0/mlflow/model-versions/set-tag", Edit, model_versions::set_tag),
        twin(DELETE, "2.0/mlflow/model-versions/delete-tag", Edit, model_versions::delete_tag),
    ]
}

/// Who may see a webhook may see where it leads, which is often a secret in itself.
fn webhook_endpoints() -> Vec<Endpoint> {
    use Permission::Manage;
    vec![
        twin(Method::POST, "2.0/mlflow/webhooks", Manage, webhooks::create),
        twin(Method::GET, "2.0/mlflow/webhooks", Manage, webhooks::list),
        twin(Method::GET, "2.0/mlflow/webhooks/{webhook_id}", Manage, webhooks::get),
        twin(Method::PATCH, "2.0/mlflow/webhooks/{webhook_id}", Manage, webhooks::update),
        twin(Method::DELETE, "2.0/mlflow/webhooks/{webhook_id}", Manage, webhooks::delete),
        twin(Method::POST, "2.0/mlflow/webhooks/{webhook_id}/test", Manage, webhooks::test),
    ]
}

/// Our own: what the registry remembers, and what it asks.
fn memory_endpoints() -> Vec<Endpoint> {
    use Permission::{Manage, Read};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PUT: Method = Method::PUT;
    vec![
        twin(GET, "ferroflow/v1/registered-models/history", Read, history::get),
        twin(GET, "ferroflow/v1/registered-models/stage-at", Read, history::stage_at),
        twin(GET, "ferroflow/v1/registered-models/deleted", Read, restore::deleted_models),
        twin(POST, "ferroflow/v1/registered-models/restore", Manage, restore::restore_model),
        twin(GET, "ferroflow/v1/registered-models/guards", Read, guards::get),
        twin(PUT, "ferroflow/v1/registered-models/guards", Manage, guards::set),
        twin(GET, "ferroflow/v1/model-versions/deleted", Read, restore::deleted_versions),
        twin(POST, "ferroflow/v1/model-versions/restore", Manage, restore::restore_version),
        twin(GET, "ferroflow/v1/model-versions/compare", Read, comparison::get),
    ]
}

/// Our own: the space that things take, and the digests of files.
fn storage_endpoints() -> Vec<Endpoint> {
    use Permission::{Manage, Read};
    vec![
        twin(Method::POST, "ferroflow/v1/gc", Manage, storage::gc),
        twin(Method::GET, "ferroflow/v1/gc", Manage, storage::gc_progress),
        twin(Method::GET, "ferroflow/v1/artifacts/digests", Read, storage::digests),
        twin(Method::GET, "ferroflow/v1/artifacts/archive", Read, artifacts::get_archive),
    ]
}

/// Our own: what is there, as files for other programs.
fn export_endpoints() -> Vec<Endpoint> {
    vec![twin(Method::GET, "ferroflow/v1/runs/csv", Permission::Read, runs::csv)]
}

fn artifact_endpoints() -> Vec<Endpoint> {
    use Mount::{Ajax, Root};
    use Permission::{Edit, Manage, Read};
    use artifacts::{direct, proxy};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PUT: Method = Method::PUT;
    const DELETE: Method = Method::DELETE;
    vec![
        twin(GET, "2.0/mlflow/artifacts/list", Read, artifacts::list),
        twin(GET, "2.0/mlflow/logged-models/{model_id}/artifacts/directories", Read, artifacts::list_logged_model),
        endpoint(
            Ajax,
            GET,
            "2.0/mlflow/logged-models/{model_id}/artifacts/files",
            Read,
            artifacts::get_logged_model_file,
        ),
        endpoint(Root, GET, "get-artifact", Read, artifacts::get_run_file),
        endpoint(Root, GET, "model-versions/get-artifact", Read, artifacts::get_version_file),
        endpoint(Ajax, POST, "2.0/mlflow/upload-artifact", Edit, artifacts::upload_run_file),
        twin(GET, "2.0/mlflow-artifacts/artifacts", Read, proxy::list),
        twin(GET, "2.0/mlflow-artifacts/artifacts/", Read, proxy::get),
        twin(PUT, "2.0/mlflow-artifacts/artifacts/", Edit, proxy::put),
        twin(GET, PROXY_FILE, Read, proxy::get),
        twin(PUT, PROXY_FILE, Edit, proxy::put),
        twin(DELETE, PROXY_FILE, Manage, proxy::delete),
        twin(POST, "2.0/mlflow-artifacts/mpu/create/{*folder}", Edit, direct::create_multipart),
        twin(POST, "2.0/mlflow-artifacts/mpu/complete/{*folder}", Edit, direct::complete_multipart),
        twin(POST, "2.0/mlflow-artifacts/mpu/abort/{*folder}", Edit, direct::abort_multipart),
        twin(GET, "2.0/mlflow-artifacts/presigned/{*path}", Read, direct::presign_proxy),
        twin(POST, "2.0/mlflow/artifacts/presigned-upload-url", Edit, direct::presign_upload),
        twin(POST, "2.0/mlflow/artifacts/presigned-download-url", Read, direct::presign_download),
    ]
}
