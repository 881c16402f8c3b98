//! Sending a file: from its first byte on, as an attachment that no browser runs.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::{Error, Result};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use service::{Archive, ArtifactFile, ByteRange, Stat};

use super::ranges::{Verdict, are_conditional, judge};
use crate::attachment::{self, ascii};
use crate::error::ApiError;

/// What a client can check the bytes against: RFC 9530.
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// Extensions, and whole names, of files that are sent as plain text.
const TEXT: [&str; 26] = [
    "txt",
    "log",
    "err",
    "cfg",
    "conf",
    "cnf",
    "cf",
    "ini",
    "properties",
    "prop",
    "hocon",
    "toml",
    "yaml",
    "yml",
    "xml",
    "json",
    "js",
    "py",
    "py3",
    "csv",
    "tsv",
    "md",
    "rst",
    "ipynb",
    "MLmodel",
    "MLproject",
];

/// Who asks for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// A client, of the proxy.
    Client,
    /// A browser, which must ask again before it shows what it has kept.
    Browser,
    /// A browser that is to show documents and pages, kept apart from this site, rather than save them.
    Frame,
}

/// Answers a GET or HEAD of a file.
pub(super) async fn send(
    file: &ArtifactFile,
    method: &Method,
    headers: &HeaderMap,
    audience: Audience,
) -> Result<Response> {
    if method == Method::HEAD || are_conditional(headers) {
        let stat = file.stat().await?;
        match judge(headers, &stat) {
            Verdict::NotModified => return Ok(head(file, audience, &stat, StatusCode::NOT_MODIFIED, Body::empty())),
            Verdict::Failed => {
                let error = Error::invalid("The artifact is not the one that the request's conditions ask for.");
                return Ok(ApiError::with_status(StatusCode::PRECONDITION_FAILED, error).into_response());
            }
            _ if method == Method::HEAD => {
                let mut answer = head(file, audience, &stat, StatusCode::OK, Body::empty());
                answer.headers_mut().insert(header::CONTENT_LENGTH, stat.size.into());
                return Ok(answer);
            }
            Verdict::NotSatisfiable => {
                let message = format!("The range is not within the {} bytes of the artifact.", stat.size);
                let error = ApiError::with_status(StatusCode::RANGE_NOT_SATISFIABLE, Error::invalid(message));
                let mut answer = error.into_response();
                answer.headers_mut().insert(header::CONTENT_RANGE, ascii(&format!("bytes */{}", stat.size)));
                return Ok(answer);
            }
            Verdict::Part(first, last) => return body(file, audience, Some(ByteRange::Between(first, last))).await,
            Verdict::Whole => {}
        }
    }
    body(file, audience, None).await
}

async fn body(file: &ArtifactFile, audience: Audience, range: Option<ByteRange>) -> Result<Response> {
    let (download, digest) = match range {
        None => file.open_with_digest().await?,
        range => (file.open(range).await?, None),
    };
    let stat = Stat { size: download.size, etag: download.etag, last_modified: download.last_modified };
    let (status, length) = match download.range {
        Some((first, last)) => (StatusCode::PARTIAL_CONTENT, last - first + 1),
        None => (StatusCode::OK, stat.size),
    };
    let mut answer = head(file, audience, &stat, status, Body::from_stream(download.body));
    answer.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    if let Some(digest) = digest {
        let digest = BASE64_STANDARD.encode(digest.sha256.0);
        answer.headers_mut().insert(REPR_DIGEST, ascii(&format!("sha-256=:{digest}:")));
    }
    if let Some((first, last)) = download.range {
        answer.headers_mut().insert(header::CONTENT_RANGE, ascii(&format!("bytes {first}-{last}/{}", stat.size)));
    }
    Ok(answer)
}

/// Answers a GET or HEAD of an archive.
pub(super) fn send_archive(archive: Archive, method: &Method) -> Response {
    let (name, length) = (archive.name.clone(), archive.length());
    let body = if method == Method::HEAD { Body::empty() } else { Body::from_stream(archive.into_stream()) };
    let mut answer = attachment::made(&name, "application/zip", body);
    answer.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    answer
}

/// The headers that every answer about a file has, whether it sends the file or not.
fn head(file: &ArtifactFile, audience: Audience, stat: &Stat, status: StatusCode, body: Body) -> Response {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, ascii(&content_type(file.name(), audience)));
    let policy = if audience == Audience::Frame { frame_policy(file.name()) } else { None };
    match policy {
        Some(policy) => {
            headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
            headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
            if !policy.is_empty() {
                headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
            }
        }
        None => {
            headers.insert(header::CONTENT_DISPOSITION, attachment::disposition(file.name()));
        }
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if audience != Audience::Client {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    if let Some(etag) = &stat.etag {
        headers.insert(header::ETAG, ascii(etag));
    }
    if let Some(date) = stat.last_modified.and_then(|time| jiff::Timestamp::from_millisecond(time).ok()) {
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date);
        if let Ok(date) = date {
            headers.insert(header::LAST_MODIFIED, ascii(&date));
        }
    }
    answer
}

/// MLflow's content type of a file of this name.
fn content_type(name: &str, audience: Audience) -> String {
    let extension = match name.rsplit_once('.') {
        Some((before, extension)) if !before.is_empty() && !extension.is_empty() => extension,
        _ => name,
    };
    let kind = if TEXT.contains(&extension) {
        "text/plain"
    } else {
        mime_guess::from_path(name).first_raw().unwrap_or("application/octet-stream")
    };
    if audience != Audience::Client && kind.starts_with("text/") {
        return format!("{kind}; charset=utf-8");
    }
    kind.to_owned()
}

/// The content security policy under which a file of this name is shown as it is; `None` if it is not.
///
/// A web page may run its scripts, for a plot needs them, also those that it loads; but in an origin of its own, from which
/// nothing here can be read or asked for, and with no way to send anything. Pictures and documents run none.
fn frame_policy(name: &str) -> Option<&'static str> {
    match mime_guess::from_path(name).first_raw()? {
        "text/html" => Some(
            "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' https: blob: data:; \
             style-src 'unsafe-inline' https: data:; font-src https: data:; img-src blob: data:; media-src blob: data:; \
             worker-src blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'",
        ),
        "image/svg+xml" => Some("sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"),
        // Under a policy, browsers' own viewers show nothing.
        "application/pdf" | "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/avif" | "image/bmp" => {
            Some("")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_decide_the_type() {
        for (name, kind) in [
            ("MLmodel", "text/plain"),
            ("a.json", "text/plain"),
            ("a.b.yaml", "text/plain"),
            ("page.html", "text/html"),
            ("picture.png", "image/png"),
            ("drawing.svg", "image/svg+xml"),
            ("data.parquet-x", "application/octet-stream"),
            (".gitignore", "application/octet-stream"),
            ("weights", "application/octet-stream"),
        ] {
            assert_eq!(content_type(name, Audience::Client), kind, "{name}");
        }
        assert_eq!(content_type("a.txt", Audience::Browser), "text/plain; charset=utf-8");
    }
}
