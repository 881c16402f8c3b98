//! The artifact proxy: files under the artifacts destination, by path.

use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, OriginalUri, Path, Request, State};
use axum::response::{IntoResponse, Response};
use domain::{Error, ErrorCode};
use futures::TryStreamExt;
use http::request::Parts;
use http::{StatusCode, Uri, header};
use service::{Service, Upload};

use super::download::{Audience, send};
use super::{detail, listing};
use crate::error::ApiError;
use crate::request::Params;
use crate::response::{Answer, done};

/// The rest of a route's path, decoded once; empty where the route ends before it.
pub(crate) struct Rest(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Rest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(path)) => Ok(Self(path)),
            Err(PathRejection::FailedToDeserializePathParams(cause))
                if matches!(cause.kind(), ErrorKind::WrongNumberOfParameters { got: 0, .. }) =>
            {
                Ok(Self(String::new()))
            }
            Err(PathRejection::MissingPathParams(_)) => Ok(Self(String::new())),
            // Not UTF-8.
            Err(_) => Err(ApiError::invalid("Invalid path")),
        }
    }
}

/// Lists a folder of the destination.
pub(crate) async fn list(State(service): State<Service>, OriginalUri(uri): OriginalUri, mut params: Params) -> Answer {
    if let Some(off) = disabled(&service, &uri, "artifacts") {
        return Ok(off);
    }
    let path = params.text("path")?;
    listing(None, &service.proxy_list(&path).await?)
}

/// Sends a file.
pub(crate) async fn get(State(service): State<Service>, Rest(path): Rest, request: Request) -> Answer {
    if !service.artifact_config().serve {
        return Ok(transfers_disabled());
    }
    let file = service.proxy_file(&path)?;
    match send(&file, request.method(), request.headers(), Audience::Client).await {
        Err(error) if error.message == file.is_folder_message() => Ok(detail(StatusCode::BAD_REQUEST, &error.message)),
        other => Ok(other?),
    }
}

/// Takes a file, as long as it may be.
pub(crate) async fn put(State(service): State<Service>, Rest(path): Rest, request: Request) -> Answer {
    if !service.artifact_config().serve {
        return Ok(transfers_disabled());
    }
    let file = service.proxy_file(&path)?;
    if path.ends_with('/') || file.name().is_empty() {
        let message = "Artifact path must include a filename (cannot end with '/').";
        return Ok(detail(StatusCode::BAD_REQUEST, message));
    }
    let size = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let body = Box::pin(request.into_body().into_data_stream().map_err(std::io::Error::other));
    service.proxy_put(&path, Upload { body, size }).await?;
    Ok(StatusCode::OK.into_response())
}

/// Removes a file or a folder.
pub(crate) async fn delete(State(service): State<Service>, OriginalUri(uri): OriginalUri, Rest(path): Rest) -> Answer {
    if let Some(off) = disabled(&service, &uri, "artifacts/<path:artifact_path>") {
        return Ok(off);
    }
    service.proxy_delete(&path).await?;
    done()
}

/// What the routes other than up and download say while the proxy is off.
pub(super) fn disabled(service: &Service, uri: &Uri, rule: &str) -> Option<Response> {
    if service.artifact_config().serve {
        return None;
    }
    let mount = uri.path().split("/2.0/").next().unwrap_or_default();
    let message = format!(
        "Endpoint: {mount}/2.0/mlflow-artifacts/{rule} disabled due to the mlflow server running with \
         `--no-serve-artifacts`. To enable artifacts server functionality, run `mlflow server` with `--serve-artifacts`"
    );
    Some((StatusCode::SERVICE_UNAVAILABLE, message).into_response())
}

fn transfers_disabled() -> Response {
    let message = "Artifact serving is disabled. Run `mlflow server` with `--serve-artifacts` to enable.";
    detail(StatusCode::SERVICE_UNAVAILABLE, message)
}

/// What a destination without transfers past the server says. Clients read the sentence, and fall back to the proxy.
pub(super) fn not_supported(what: &str) -> ApiError {
    let message = format!("{what} is not supported for the current artifact repository");
    Error::new(ErrorCode::NotImplemented, message).into()
}
