//! Artifacts of runs, logged models and versions: listings, downloads, the web UI's upload.

pub(crate) mod direct;
mod download;
pub(crate) mod proxy;
mod ranges;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use domain::{Error, ErrorCode};
use http::{Method, StatusCode, header};
use serde::Serialize;
use service::{FileInfo, Service, Upload};

use crate::error::ApiError;
use crate::request::{Params, read_at_most};
use crate::response::{Answer, json};
use download::{Audience, send};

/// Largest file that the web UI may upload, in bytes.
pub(crate) const MAX_UI_UPLOAD: usize = 10 * 1024 * 1024;

/// MLflow's shape of a file: no size for folders, nor for empty files.
#[derive(Serialize)]
struct WireFile<'a> {
    path: &'a str,
    is_dir: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_size: Option<u64>,
}

/// MLflow's shape of a listing.
#[derive(Serialize)]
struct WireListing<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    root_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<WireFile<'a>>,
}

fn listing(root_uri: Option<&str>, files: &[FileInfo]) -> Answer {
    let files = files.iter().map(|file| WireFile {
        path: &file.path,
        is_dir: file.is_dir,
        file_size: file.size.filter(|size| *size > 0),
    });
    json(&WireListing { root_uri, files: files.collect() })
}

/// Lists a folder of a run.
pub(crate) async fn list(State(service): State<Service>, mut params: Params) -> Answer {
    let run_id = params.run_id()?;
    let path = params.text("path")?;
    let found = service.run_artifacts(&run_id, &path).await?;
    listing(Some(&found.root_uri), &found.files)
}

/// Lists a folder of a logged model.
pub(crate) async fn list_logged_model(
    State(service): State<Service>,
    Path(model_id): Path<String>,
    mut params: Params,
) -> Answer {
    let path = params.text("artifact_directory_path")?;
    let found = service.logged_model_artifacts(&model_id, &path).await?;
    listing(Some(&found.root_uri), &found.files)
}

/// Sends a file of a run.
pub(crate) async fn get_run_file(State(service): State<Service>, request: Request) -> Answer {
    let path = required_path(&request)?;
    let run_id = query(&request, "run_id").or_else(|| query(&request, "run_uuid"));
    let run_id = run_id.ok_or_else(|| Error::not_found("Run with id=None not found"))?;
    let file = service.run_file(&run_id, &path).await?;
    Ok(send(&file, request.method(), request.headers(), audience(&request)).await?)
}

/// Sends a file of a version.
pub(crate) async fn get_version_file(State(service): State<Service>, request: Request) -> Answer {
    let name = query(&request, "name").unwrap_or_default();
    let version = query(&request, "version").unwrap_or_default();
    let path = required_path(&request)?;
    let file = service.version_file(&name, &version, &path).await?;
    Ok(send(&file, request.method(), request.headers(), audience(&request)).await?)
}

/// Sends a file of a logged model.
pub(crate) async fn get_logged_model_file(
    State(service): State<Service>,
    Path(model_id): Path<String>,
    request: Request,
) -> Answer {
    let path = query(&request, "artifact_file_path").ok_or_else(|| {
        Error::new(ErrorCode::BadRequest, "Request must include the \"artifact_file_path\" query parameter.")
    })?;
    let file = service.logged_model_artifact(&model_id, &path).await?;
    Ok(send(&file, request.method(), request.headers(), Audience::Browser).await?)
}

/// Sends a folder as one zip archive.
pub(crate) async fn get_archive(State(service): State<Service>, method: Method, mut params: Params) -> Answer {
    let path = params.text("path")?;
    let archive = service.archive(&params.artifact_owner()?, &path).await?;
    Ok(download::send_archive(archive, &method))
}

/// Takes a file of a run, as MLflow's web UI sends it.
pub(crate) async fn upload_run_file(State(service): State<Service>, request: Request) -> Answer {
    let run_id = query(&request, "run_uuid").ok_or_else(|| ApiError::invalid("Request must specify run_uuid."))?;
    let path = query(&request, "path").ok_or_else(|| ApiError::invalid("Request must specify path."))?;
    let file = service.own_run_file(&run_id, &path).await?;
    if file.name().is_empty() {
        return Err(ApiError::invalid("Request must specify path."));
    }
    let is_form = request.headers().get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes().starts_with(b"application/x-www-form-urlencoded")
            || kind.as_bytes().starts_with(b"multipart/form-data")
    });
    let body = read_at_most(request.into_body(), MAX_UI_UPLOAD).await.map_err(|error| {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            ApiError::invalid("Artifact size is too large. Max size is 10MB.")
        } else {
            error
        }
    })?;
    if body.is_empty() || is_form {
        return Err(ApiError::invalid("Request must specify data."));
    }
    let size = Some(body.len() as u64);
    let body = Box::pin(futures::stream::iter([Ok(body)]));
    service.upload_run_artifact(&run_id, &path, Upload { body, size }).await?;
    Ok(StatusCode::OK.into_response())
}

/// `inline=true` asks for a file as the web UI's previews show it.
fn audience(request: &Request) -> Audience {
    if query(request, "inline").as_deref() == Some("true") { Audience::Frame } else { Audience::Browser }
}

/// A value of the query string, if it is not empty.
fn query(request: &Request, name: &str) -> Option<String> {
    let pairs = url::form_urlencoded::parse(request.uri().query()?.as_bytes());
    let mut values = pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    values.next().filter(|value| !value.is_empty())
}

fn required_path(request: &Request) -> Result<String, ApiError> {
    query(request, "path").ok_or_else(|| crate::request::refused("Missing value for required parameter 'path'."))
}

/// An error of the layer that MLflow's proxy routes have in front: `{"detail": …}`.
fn detail(status: StatusCode, detail: &str) -> Response {
    #[derive(Serialize)]
    struct Detail<'a> {
        detail: &'a str,
    }
    let mut response = json(&Detail { detail }).into_response();
    *response.status_mut() = status;
    response
}
