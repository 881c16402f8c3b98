//! Transfers past the server: uploads by parts, and presigned URLs.

use std::collections::BTreeMap;

use axum::extract::{OriginalUri, State};
use domain::artifact_path::ArtifactPath;
use domain::uri::Uri;
use serde::Serialize;
use service::{ArtifactFile, Presigned, Service};

use super::proxy::{Rest, disabled, not_supported};
use crate::error::ApiError;
use crate::request::Params;
use crate::response::{Answer, done, json};

/// How long a URL for writing is valid unless the request says otherwise, in seconds.
const UPLOAD_VALID: i64 = 900;
/// The longest that S3 lets a URL be valid, in seconds.
const MAX_VALID: i64 = 604_800;

/// The most parts that S3 takes.
const MAX_PARTS: i64 = 10_000;

const MULTIPART_UPLOAD: &str = "Multipart upload";
const MULTIPART_DOWNLOAD: &str = "Multipart download";
const PRESIGNED_UPLOAD: &str = "Presigned upload";
const PRESIGNED_DOWNLOAD: &str = "Presigned download";

type Headers<'a> = BTreeMap<&'a str, &'a str>;

fn headers(presigned: &Presigned) -> Headers<'_> {
    presigned.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// Begins an upload by parts.
pub(crate) async fn create_multipart(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    Rest(folder): Rest,
    mut params: Params,
) -> Answer {
    #[derive(Serialize)]
    struct Created<'a> {
        upload_id: &'a str,
        credentials: Vec<Credential<'a>>,
    }
    #[derive(Serialize)]
    struct Credential<'a> {
        url: &'a str,
        part_number: usize,
        headers: Headers<'a>,
    }
    if let Some(off) = disabled(&service, &uri, "mpu/create/<path:artifact_path>") {
        return Ok(off);
    }
    let file = target(&service, &folder, &mut params)?;
    let parts = params.int64("num_parts")?.unwrap_or_default();
    check(&file, MULTIPART_UPLOAD)?;
    if parts > MAX_PARTS {
        // The client's parts are too small for so large a file; it sends it whole when it reads this sentence.
        return Err(not_supported(MULTIPART_UPLOAD));
    }
    let parts = u16::try_from(parts).ok().filter(|parts| *parts > 0);
    let parts = parts.ok_or_else(|| ApiError::invalid("num_parts must be positive."))?;
    let (upload_id, urls) = file.begin_parts(parts).await?;
    let credentials = urls.iter().zip(1..).map(|(presigned, part_number)| Credential {
        url: &presigned.url,
        part_number,
        headers: headers(presigned),
    });
    json(&Created { upload_id: &upload_id, credentials: credentials.collect() })
}

/// Ends an upload by parts.
pub(crate) async fn complete_multipart(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    Rest(folder): Rest,
    mut params: Params,
) -> Answer {
    if let Some(off) = disabled(&service, &uri, "mpu/complete/<path:artifact_path>") {
        return Ok(off);
    }
    let file = target(&service, &folder, &mut params)?;
    let upload_id = params.text("upload_id")?;
    let mut parts = Vec::new();
    for mut part in params.required_objects("parts")? {
        let number = i32::try_from(part.int64("part_number")?.unwrap_or_default());
        parts.push((number.map_err(|_| ApiError::invalid("part_number is out of range."))?, part.text("etag")?));
    }
    check(&file, MULTIPART_UPLOAD)?;
    file.finish_parts(&upload_id, parts).await?;
    done()
}

/// Gives up an upload by parts.
pub(crate) async fn abort_multipart(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    Rest(folder): Rest,
    mut params: Params,
) -> Answer {
    if let Some(off) = disabled(&service, &uri, "mpu/abort/<path:artifact_path>") {
        return Ok(off);
    }
    let file = target(&service, &folder, &mut params)?;
    let upload_id = params.text("upload_id")?;
    check(&file, MULTIPART_UPLOAD)?;
    file.abandon_parts(&upload_id).await?;
    done()
}

/// A URL that reads a file of the proxy.
pub(crate) async fn presign_proxy(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    Rest(path): Rest,
) -> Answer {
    #[derive(Serialize)]
    struct Answered<'a> {
        url: &'a str,
        headers: Headers<'a>,
        file_size: u64,
    }
    if let Some(off) = disabled(&service, &uri, "presigned/<path:artifact_path>") {
        return Ok(off);
    }
    let file = service.proxy_file(&path)?;
    check(&file, MULTIPART_DOWNLOAD)?;
    let file_size = file.stat().await?.size;
    let presigned = file.presign_get(None).await?;
    json(&Answered { url: &presigned.url, headers: headers(&presigned), file_size })
}

#[derive(Serialize)]
struct PresignedAnswer<'a> {
    presigned_url: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: Headers<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_size: Option<u64>,
}

/// A URL that writes a file of a run or a logged model.
pub(crate) async fn presign_upload(State(service): State<Service>, mut params: Params) -> Answer {
    let run_id = params.text("run_id")?;
    let model_id = params.text("model_id")?;
    let path = params.required_string("path")?;
    let expiration = params.int64("expiration")?.unwrap_or(UPLOAD_VALID);
    if run_id.is_empty() == model_id.is_empty() {
        return Err(ApiError::invalid("Exactly one of run_id and model_id must be provided."));
    }
    ArtifactPath::parse(&path)?;
    let location = if model_id.is_empty() {
        service.run_location(&run_id).await?
    } else {
        service.logged_model_location(&model_id).await?
    };
    if let Some(scheme) = proxied(&location) {
        return Err(ApiError::invalid(format!(
            "Presigned upload is not supported for proxied artifact storage (artifact URI scheme: {scheme}). \
             This endpoint requires a direct cloud storage artifact URI."
        )));
    }
    let file = if model_id.is_empty() {
        service.own_run_file(&run_id, &path).await?
    } else {
        service.logged_model_artifact(&model_id, &path).await?
    };
    check(&file, PRESIGNED_UPLOAD)?;
    let presigned = file.presign_put(seconds(expiration)?).await?;
    json(&PresignedAnswer { presigned_url: &presigned.url, headers: headers(&presigned), file_size: None })
}

/// A URL that reads a file of a run.
pub(crate) async fn presign_download(State(service): State<Service>, mut params: Params) -> Answer {
    let run_id = params.required_string("run_id")?;
    let path = params.required_string("path")?;
    let expiration = params.int64("expiration")?.map(seconds).transpose()?;
    ArtifactPath::parse(&path)?;
    if let Some(scheme) = proxied(&service.run_location(&run_id).await?) {
        return Err(ApiError::invalid(format!(
            "Presigned download is not supported for runs with proxied artifact storage (artifact URI scheme: {scheme}). \
             This endpoint requires a run with a direct cloud storage artifact URI."
        )));
    }
    let file = service.run_file(&run_id, &path).await?;
    check(&file, PRESIGNED_DOWNLOAD)?;
    let file_size = Some(file.stat().await?.size);
    let presigned = file.presign_get(expiration).await?;
    json(&PresignedAnswer { presigned_url: &presigned.url, headers: headers(&presigned), file_size })
}

/// The file that a client sends by parts: the request's folder and the name of the client's own file.
fn target(service: &Service, folder: &str, params: &mut Params) -> Result<ArtifactFile, ApiError> {
    ArtifactPath::parse(folder)?;
    let path = params.required_string("path")?;
    let name = path.rsplit('/').next().unwrap_or_default();
    if name.is_empty() {
        return Err(ApiError::invalid("Invalid path"));
    }
    Ok(service.proxy_file(&format!("{folder}/{name}"))?)
}

fn check(file: &ArtifactFile, what: &str) -> Result<(), ApiError> {
    if file.supports_direct_transfer() { Ok(()) } else { Err(not_supported(what)) }
}

fn seconds(expiration: i64) -> Result<u32, ApiError> {
    let valid = (1..=MAX_VALID).contains(&expiration).then(|| u32::try_from(expiration).ok()).flatten();
    valid.ok_or_else(|| {
        ApiError::invalid(format!("expiration must be between 1 and {MAX_VALID} seconds (got {expiration})."))
    })
}

/// The scheme of a location that a tracking server's proxy serves.
fn proxied(location: &str) -> Option<&str> {
    let uri = Uri::parse(location);
    ["http", "https", "mlflow-artifacts"].iter().any(|scheme| uri.has_scheme(scheme)).then_some(uri.scheme)
}
