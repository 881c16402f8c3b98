//! The built files of the web UI: WASM, its JavaScript, the style sheet, icons.
//!
//! With the feature `embed-site` they are inside the binary, compressed beforehand; without, they are read from
//! `target/site` at the start, for development. Their addresses carry a hash of their content.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use app::SiteFiles;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The site's files by their path below its root, such as `pkg/ferroflow.js` and `pkg/ferroflow.js.br`.
#[derive(Clone)]
pub(crate) struct Site {
    files: Arc<HashMap<String, Cow<'static, [u8]>>>,
    /// A hash of all of them.
    version: Arc<str>,
}

#[cfg(feature = "embed-site")]
#[derive(rust_embed::Embed)]
#[folder = "../../target/site"]
struct Embedded;

impl Site {
    /// Collects the files.
    #[cfg(feature = "embed-site")]
    pub(crate) fn load() -> Self {
        let mut hasher = DefaultHasher::new();
        let mut files = HashMap::new();
        // By name, with digests that were taken at compile time: at the start nobody needs the files themselves.
        for name in Embedded::iter() {
            if let Some(file) = Embedded::get(&name) {
                (&name, file.metadata.sha256_hash()).hash(&mut hasher);
                files.insert(name.into_owned(), file.data);
            }
        }
        Self { files: Arc::new(files), version: version(&hasher) }
    }

    /// Collects the files.
    #[cfg(not(feature = "embed-site"))]
    pub(crate) fn load() -> Self {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/site");
        let mut hasher = DefaultHasher::new();
        let mut files = HashMap::new();
        for folder in ["", "pkg/"] {
            for entry in std::fs::read_dir(format!("{root}/{folder}")).into_iter().flatten().flatten() {
                if let (Ok(name), Ok(data)) = (entry.file_name().into_string(), std::fs::read(entry.path())) {
                    (&name, &data).hash(&mut hasher);
                    files.insert(format!("{folder}{name}"), data.into());
                }
            }
        }
        Self { files: Arc::new(files), version: version(&hasher) }
    }

    /// Whether the UI's code is there at all.
    pub(crate) fn is_built(&self) -> bool {
        self.files.contains_key("pkg/ferroflow.wasm")
    }

    /// Addresses for the document's head.
    pub(crate) fn addresses(&self, prefix: &str) -> SiteFiles {
        let folder = format!("{prefix}/pkg/{}", self.version);
        let at = |name: &str| format!("{folder}/{name}");
        let chunks = self
            .files
            .get("pkg/__wasm_split_manifest.json")
            .and_then(|manifest| serde_json::from_slice(manifest).ok())
            .unwrap_or_default();
        SiteFiles { js: at("ferroflow.js"), wasm: at("ferroflow.wasm"), css: at("ferroflow.css"), folder, chunks }
    }

    fn answer(&self, name: &str, request: &HeaderMap, cache: &'static str) -> Response {
        let accepts_brotli = request
            .get(header::ACCEPT_ENCODING)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|v| v.split(',').any(|coding| coding.trim().split(';').next() == Some("br")));
        let compressed = if accepts_brotli { self.files.get(&format!("{name}.br")) } else { None };
        let Some(data) = compressed.or_else(|| self.files.get(name)) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let kind = mime_guess::from_path(name).first_raw().unwrap_or("application/octet-stream");
        let mut response = match data {
            Cow::Borrowed(bytes) => (*bytes).into_response(),
            Cow::Owned(bytes) => bytes.clone().into_response(),
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
        headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static(cache));
        headers.append(header::VARY, header::HeaderValue::from_static("accept-encoding"));
        if compressed.is_some() {
            headers.insert(header::CONTENT_ENCODING, header::HeaderValue::from_static("br"));
        }
        response
    }
}

fn version(hasher: &DefaultHasher) -> Arc<str> {
    format!("{:016x}", hasher.finish()).into()
}

/// `GET /pkg/<hash>/<file>`: a file that never changes under its address.
pub(crate) async fn package(
    State(site): State<Site>,
    Path((_version, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    site.answer(&format!("pkg/{file}"), &headers, "public, max-age=31536000, immutable")
}

/// `GET /favicon.svg`.
pub(crate) async fn icon(State(site): State<Site>, headers: HeaderMap) -> Response {
    site.answer("favicon.svg", &headers, "public, max-age=86400")
}
