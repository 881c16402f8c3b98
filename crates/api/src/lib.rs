//! The MLflow HTTP API: wire JSON to operations and back.
//!
//! Each endpoint is a row of the table in `endpoints`; its handler reads the request field by field, calls one operation
//! of the service, and gives the entity back in its wire shape.

mod aliases;
mod artifacts;
mod endpoints;
mod error;
mod experiments;
mod log_batch;
mod logged_models;
mod metrics;
mod model_versions;
mod registered_models;
mod request;
mod response;
mod runs;
mod security;
mod server_info;
mod wire;

use std::any::Any;

use axum::Router;
use axum::extract::OriginalUri;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use domain::{Error, ErrorCode};
use http::{HeaderValue, Method, StatusCode, header};
use service::Service;
use tower_http::catch_panic::CatchPanicLayer;

pub use endpoints::{Endpoint, Mount, Permission, endpoints};
pub use error::ApiError;
pub use request::MAX_JSON_BODY;
pub use security::Security;
pub use server_info::MLFLOW_VERSION;

/// The whole server under `prefix` (empty, or such as `/mlflow`): every endpoint of the API, and `beside` it what else
/// there is, such as the web UI. All of it is protected alike, and what is unknown is a 404 as JSON.
pub fn router(service: Service, security: Security, prefix: &str, beside: Router) -> Router {
    let mut table = Router::new();
    for endpoint in endpoints() {
        for path in endpoint.paths() {
            table = table.route(&path, endpoint.route.clone());
        }
    }
    let router = table
        .with_state(service)
        .merge(beside)
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(request::refuse_nul))
        .layer(CatchPanicLayer::custom(panicked));
    let router = security.protect(router);
    if prefix.is_empty() { router } else { Router::new().nest(prefix, router).fallback(not_found) }
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
