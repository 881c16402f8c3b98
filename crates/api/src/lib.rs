//! The MLflow HTTP API: wire JSON to operations and back.
//!
//! Each endpoint is a row of the table in `endpoints`; its handler reads the request field by field, calls one operation
//! of the service, and gives the entity back in its wire shape.

mod actor;
mod aliases;
mod artifacts;
mod attachment;
mod comparison;
mod endpoints;
mod error;
mod experiments;
mod guards;
mod history;
mod log_batch;
mod logged_models;
mod metrics;
mod model_versions;
mod openapi;
mod registered_models;
mod request;
mod response;
mod restore;
mod runs;
mod security;
mod server_info;
mod storage;
mod webhooks;
mod wire;

use std::any::Any;
use std::collections::BTreeSet;

use axum::Router;
use axum::extract::{MatchedPath, OriginalUri};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use domain::{Error, ErrorCode};
use http::{HeaderValue, Method, StatusCode, header};
use service::Service;
use tower_http::catch_panic::CatchPanicLayer;

pub use endpoints::{Endpoint, Mount, Permission, endpoints};
pub use error::ApiError;
pub use request::MAX_JSON_BODY;
pub use security::Security;
pub use server_info::MLFLOW_VERSION;

/// Everything that belongs to the API, known or not.
pub const API_PREFIXES: [&str; 2] = ["/api/{*rest}", "/ajax-api/{*rest}"];

/// The whole server under `prefix` (empty, or such as `/mlflow`): every endpoint of the API, and `beside` it what else
/// there is, such as the web UI. All of it is protected alike, and what is unknown is a 404 as JSON.
pub fn router(service: &Service, security: &Security, prefix: &str, beside: Router) -> Router {
    mounted(service, security, prefix, routes(service, |_| true).merge(beside))
}

/// As [`router`], for a server of artifacts alone (`--artifacts-only`): all other endpoints say so.
pub fn artifacts_router(service: &Service, security: &Security, prefix: &str, beside: Router) -> Router {
    let others = endpoints().into_iter().filter(|endpoint| !endpoint.serves_artifacts());
    let paths: BTreeSet<String> = others.flat_map(|endpoint| endpoint.paths()).collect();
    let closed = paths.iter().fold(Router::new(), |closed, path| closed.route(path, any(artifacts_only)));
    mounted(service, security, prefix, routes(service, Endpoint::serves_artifacts).merge(closed).merge(beside))
}

fn mounted(service: &Service, security: &Security, prefix: &str, table: Router) -> Router {
    // What is unknown below these is never a page of the web UI.
    let unknown = API_PREFIXES.iter().fold(Router::new(), |unknown, path| unknown.route(path, any(not_found)));
    let whole = protected(table.merge(unknown), security);
    if prefix.is_empty() {
        return whole;
    }
    // MLflow leaves the files of its artifact proxy where they are without the prefix, too.
    let is_file = |e: &Endpoint| e.path == endpoints::PROXY_FILE && matches!(e.method, Method::GET | Method::PUT);
    // Links that MLflow's client prints have a slash behind the prefix.
    let home = Redirect::permanent(prefix);
    let slash = Router::new().route(&format!("{prefix}/"), get(move || async { home }));
    Router::new().nest(prefix, whole).merge(slash).merge(protected(routes(service, is_file), security))
}

/// The rows of the table that are wanted.
fn routes(service: &Service, wanted: impl Fn(&Endpoint) -> bool) -> Router {
    let mut table = Router::new();
    for endpoint in endpoints().into_iter().filter(wanted) {
        for path in endpoint.paths() {
            table = table.route(&path, endpoint.route.clone());
        }
    }
    table.with_state(service.clone())
}

/// Puts before routes what stands before every one of them.
fn protected(routes: Router, security: &Security) -> Router {
    let whole = routes
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(actor::act))
        .layer(from_fn(request::refuse_nul))
        .layer(CatchPanicLayer::custom(panicked));
    security.clone().protect(whole)
}

/// 404, as JSON that every client reads without trying again; or the way to the path without doubled slashes.
async fn not_found(method: Method, OriginalUri(uri): OriginalUri) -> Response {
    if let Some(path) = without_doubled_slashes(uri.path()) {
        let target = uri.query().map_or(path.clone(), |query| format!("{path}?{query}"));
        if let Ok(target) = HeaderValue::from_str(&target) {
            return (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, target)]).into_response();
        }
    }
    let message = format!("There is no endpoint {method} {}.", uri.path());
    ApiError::from(Error::new(ErrorCode::EndpointNotFound, message)).into_response()
}

/// MLflow's answer to what a server of artifacts alone does not do.
async fn artifacts_only(path: MatchedPath) -> Response {
    let rule = path.as_str().replace("{*", "<path:").replace('{', "<").replace('}', ">");
    let message = format!(
        "Endpoint: {rule} disabled due to the mlflow server running in `--artifacts-only` mode. To enable tracking \
         server functionality, run `mlflow server` without `--artifacts-only`"
    );
    (StatusCode::SERVICE_UNAVAILABLE, message).into_response()
}

fn without_doubled_slashes(path: &str) -> Option<String> {
    path.contains("//").then(|| {
        let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
        let end = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
        format!("/{}{end}", segments.join("/"))
    })
}

async fn method_not_allowed(method: Method, OriginalUri(uri): OriginalUri) -> ApiError {
    let message = format!("The endpoint {} does not answer {method}.", uri.path());
    ApiError::with_status(StatusCode::METHOD_NOT_ALLOWED, Error::new(ErrorCode::EndpointNotFound, message))
}

/// A fault of ours ends its own request, and no other.
#[expect(clippy::needless_pass_by_value, reason = "tower-http hands it over")]
fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let cause = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
    tracing::error!(cause, "a request handler panicked");
    ApiError::from(Error::internal()).into_response()
}
