//! What is shown of a selected artifact. Large files show their head and their size; nothing is run on this page.

use domain::model_file::ModelFile;
use leptos::html;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::Owner;
#[cfg(feature = "ssr")]
use super::render::{self, Rendered};
#[cfg(feature = "ssr")]
use crate::error::UiResult;
use crate::format;
use crate::register::RegisterDialog;
use crate::runs::{LoggedHere, VersionLinks};
use crate::ui::copy::{CodeBlock, CopyButton};
use crate::ui::icon::{Icon, IconName};
use crate::ui::schema::Schema;

/// Bytes of a text that are shown.
#[cfg(feature = "ssr")]
const TEXT_HEAD: u64 = 128 * 1024;
/// The largest notebook that is shown, in bytes.
#[cfg(feature = "ssr")]
const MAX_NOTEBOOK: u64 = 8 * 1024 * 1024;
/// The largest picture, document or page that is shown, in bytes.
#[cfg(feature = "ssr")]
const MAX_EMBEDDED: u64 = 50 * 1024 * 1024;
/// Bytes that tell whether a file is what its name says.
#[cfg(feature = "ssr")]
const MAGIC: u64 = 1024;

/// A preview, by kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Preview {
    /// Nothing is selected.
    Nothing,
    /// What the URL selects is not there.
    Missing,
    /// A folder.
    Folder,
    /// A folder with a model in it.
    Model(ModelFile),
    /// A file.
    File {
        /// In bytes.
        size: u64,
        /// What is left out of it, or why it is not shown.
        notes: Vec<String>,
        /// The way it is shown.
        body: Body,
    },
}

/// The way a file is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Body {
    /// Not at all.
    None,
    /// As HTML that the server made and made safe.
    Html(String),
    /// A picture.
    Image,
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// A document that the browser itself shows.
    Document,
    /// A web page, whose scripts have no part in this site.
    Page,
}

#[cfg(feature = "ssr")]
impl Preview {
    fn file(size: u64, body: Body) -> Self {
        Self::File { size, notes: Vec::new(), body }
    }

    fn rendered(size: u64, rendered: Rendered) -> Self {
        Self::File { size, notes: rendered.notes, body: Body::Html(rendered.html) }
    }

    fn refused(size: u64, note: impl Into<String>) -> Self {
        Self::File { size, notes: vec![note.into()], body: Body::None }
    }
}

/// The preview of a file.
#[cfg(feature = "ssr")]
pub(super) async fn load(file: &service::ArtifactFile, size: Option<u64>) -> UiResult<Preview> {
    let size = match size {
        Some(size) => size,
        None => file.stat().await?.size,
    };
    if size == 0 {
        return Ok(Preview::refused(size, "The file is empty."));
    }
    let name = file.name().to_owned();
    let extension = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
    let embedded = match extension.as_str() {
        "png" | "jpg" | "jpeg" | "gif" | "webp" | "bmp" | "svg" | "ico" | "avif" => Body::Image,
        "mp3" | "wav" | "ogg" | "oga" | "flac" | "m4a" | "aac" | "opus" => Body::Audio,
        "mp4" | "webm" | "mov" | "mkv" | "ogv" | "m4v" => Body::Video,
        "pdf" => Body::Document,
        "html" | "htm" => Body::Page,
        _ => Body::None,
    };
    match embedded {
        Body::None => {}
        Body::Audio | Body::Video => return Ok(Preview::file(size, embedded)),
        _ if size > MAX_EMBEDDED => return Ok(Preview::refused(size, "The file is too large to be shown here.")),
        Body::Page => return Ok(Preview::file(size, embedded)),
        _ => {
            let (bytes, _) = head(file, size, MAGIC).await?;
            if looks_like(&extension, &bytes) {
                return Ok(Preview::file(size, embedded));
            }
            let note = format!("The file is named .{extension}, but what is in it is something else or damaged.");
            return Ok(Preview::refused(size, note));
        }
    }
    match extension.as_str() {
        "parquet" | "pq" => {
            return match file.parquet_head(render::ROWS, render::COLUMNS).await {
                Ok(head) => Ok(Preview::rendered(size, render::parquet(head))),
                Err(error) if error.code == domain::ErrorCode::InvalidParameterValue => {
                    Ok(Preview::refused(size, error.message))
                }
                Err(error) => Err(error.into()),
            };
        }
        "ipynb" if size > MAX_NOTEBOOK => {
            return Ok(Preview::refused(size, "The notebook is too large to be shown here."));
        }
        "ipynb" => {
            let (bytes, _) = head(file, size, MAX_NOTEBOOK).await?;
            let notebook = aside(move || std::str::from_utf8(&bytes).ok().and_then(render::notebook));
            if let Some(rendered) = notebook.await? {
                return Ok(Preview::rendered(size, rendered));
            }
        }
        _ => {}
    }
    let (bytes, cut) = head(file, size, TEXT_HEAD).await?;
    let Some(text) = as_text(bytes, cut) else {
        return Ok(Preview::refused(size, "There is no preview for this kind of file."));
    };
    let is_notebook = extension == "ipynb";
    let mut rendered = aside(move || match extension.as_str() {
        "csv" => render::separated(&text, b',', cut),
        "tsv" => render::separated(&text, b'\t', cut),
        "md" | "markdown" => render::markdown(&text),
        _ => render::text(&name, &text, cut),
    })
    .await?;
    if is_notebook {
        rendered.notes.insert(0, "This is not a notebook that can be read.".to_owned());
    }
    if cut {
        rendered.notes.insert(0, format!("The first {} of the file.", format::bytes(TEXT_HEAD)));
    }
    Ok(Preview::rendered(size, rendered))
}

/// Renders on a thread for what takes its time: others wait for none of it.
#[cfg(feature = "ssr")]
async fn aside<T: Send + 'static>(render: impl FnOnce() -> T + Send + 'static) -> UiResult<T> {
    let rendered = tokio::task::spawn_blocking(render).await;
    rendered.map_err(|cause| {
        leptos::logging::error!("a preview failed: {cause}");
        domain::Error::internal().into()
    })
}

/// The first bytes of a file that has some, and whether there are more.
#[cfg(feature = "ssr")]
async fn head(file: &service::ArtifactFile, size: u64, limit: u64) -> UiResult<(Vec<u8>, bool)> {
    use futures::TryStreamExt;

    let download = file.open(Some(service::ByteRange::Between(0, limit - 1))).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let bytes = download
        .body
        .try_fold(Vec::new(), async |mut all, chunk| {
            all.extend_from_slice(&chunk[..chunk.len().min(most - all.len())]);
            Ok(all)
        })
        .await
        .map_err(|e| {
            leptos::logging::warn!("a preview broke off: {e}");
            domain::Error::unavailable("The artifact store broke off. Please try again.")
        })?;
    Ok((bytes, size > limit))
}

/// Whether a file of this extension may begin like this. What is not known here may.
#[cfg(feature = "ssr")]
fn looks_like(extension: &str, bytes: &[u8]) -> bool {
    let has = |at: usize, magic: &[u8]| bytes.get(at..).is_some_and(|bytes| bytes.starts_with(magic));
    let contains = |text: &[u8]| bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text));
    let picture = || {
        has(0, b"\x89PNG\r\n\x1a\n")
            || has(0, b"\xff\xd8\xff")
            || has(0, b"GIF8")
            || (has(0, b"RIFF") && has(8, b"WEBP"))
            || has(0, b"BM")
            || has(0, b"\0\0\x01\0")
            || has(4, b"ftyp")
    };
    match extension {
        "svg" => contains(b"<svg") || contains(b"<?xml"),
        "pdf" => contains(b"%PDF-"),
        _ => picture(),
    }
}

/// The bytes as text, unless they are something else: UTF-8, UTF-16 if it says so, else Latin-1. A character that the cut
/// went through is left out.
#[cfg(feature = "ssr")]
fn as_text(bytes: Vec<u8>, cut: bool) -> Option<String> {
    match bytes.as_slice() {
        [0xef, 0xbb, 0xbf, text @ ..] => utf8_or_latin1(text.to_vec(), cut),
        [0xff, 0xfe, text @ ..] => utf16(text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] => utf16(text, u16::from_be_bytes),
        _ => utf8_or_latin1(bytes, cut),
    }
}

#[cfg(feature = "ssr")]
fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, _) = bytes.as_chunks();
    let units: Vec<u16> = pairs.iter().copied().map(unit).collect();
    // Half a character at the end is what a cut leaves.
    let half = units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit));
    let text = String::from_utf16(&units[..units.len() - usize::from(half)]).ok()?;
    (!text.contains('\0')).then_some(text)
}

#[cfg(feature = "ssr")]
fn utf8_or_latin1(bytes: Vec<u8>, cut: bool) -> Option<String> {
    if bytes.contains(&0) {
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let mut bytes = error.into_bytes();
            if cut && bytes.len() - valid < 4 {
                bytes.truncate(valid);
                return String::from_utf8(bytes).ok();
            }
            // Text of an older time has some letters beyond ASCII; what is none has control characters as well.
            let foreign = bytes.iter().filter(|byte| !byte.is_ascii()).count();
            let strange =
                |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r' | b'\x0c' | b'\x1b');
            let is_text = foreign * 3 <= bytes.len() && !bytes.iter().any(strange);
            is_text.then(|| bytes.into_iter().map(char::from).collect())
        }
    }
}

#[component]
pub(super) fn PreviewView(
    preview: Preview,
    owner: Owner,
    path: String,
    /// The model whose folder this is.
    model: Option<LoggedHere>,
    /// Called when it was registered.
    registered: Callback<()>,
) -> impl IntoView {
    match preview {
        Preview::Nothing => view! {
            <div class="row w-full"><DownloadFolder owner path what="Download all"/></div>
            <p class="muted">"Select a file or a folder to see it here."</p>
        }
        .into_any(),
        Preview::Missing => view! { <p class="muted">"There is no such artifact here (any more)."</p> }.into_any(),
        Preview::Folder => view! {
            <div class="row w-full"><DownloadFolder owner path what="Download folder"/></div>
            <p class="muted">"Select a file in it to see it here."</p>
        }
        .into_any(),
        Preview::Model(file) => match owner {
            Owner::Run(run_id) => view! { <ModelView file run_id path model registered/> }.into_any(),
            Owner::Version { .. } => view! { <Schema signature=file.signature/> }.into_any(),
        },
        Preview::File { size, notes, body } => view! { <FileView owner path size notes body/> }.into_any(),
    }
}

/// A folder as one zip archive.
#[component]
fn DownloadFolder(owner: Owner, path: String, what: &'static str) -> impl IntoView {
    view! {
        <a class="button" href=owner.archive_href(&path) rel="external" download="" title="As a zip archive">
            <Icon name=IconName::Download/>
            {what}
        </a>
    }
}

#[component]
fn FileView(owner: Owner, path: String, size: u64, notes: Vec<String>, body: Body) -> impl IntoView {
    let href = owner.download_href(&path);
    let framed = format!("{href}&inline=true");
    let shown = NodeRef::<html::Div>::new();
    let copy = matches!(body, Body::Html(_)).then(|| {
        let text =
            Signal::derive(move || shown.get_untracked().and_then(|node| node.text_content()).unwrap_or_default());
        view! { <CopyButton text what="what is shown"/> }
    });
    let opened = matches!(body, Body::Document | Body::Page | Body::Image)
        .then(|| view! { <a class="link small" href=framed.clone() rel="external" target="_blank">"Open in a tab of its own"</a> });
    let title = format!("Preview of {path}");
    let content = match body {
        Body::None => ().into_any(),
        Body::Html(html) => view! { <div class="rendered" node_ref=shown inner_html=html></div> }.into_any(),
        Body::Image => view! { <img class="preview-image" src=href.clone() alt=format!("The picture {path}")/> }.into_any(),
        Body::Audio => view! { <audio class="w-full" controls preload="metadata" src=href.clone() aria-label=title></audio> }.into_any(),
        Body::Video => view! { <video class="preview-image" controls preload="metadata" src=href.clone() aria-label=title></video> }.into_any(),
        // A sandbox would keep the browser from showing a document at all; it has no scripts of this site.
        Body::Document => view! { <iframe class="html-preview" src=framed title=title></iframe> }.into_any(),
        Body::Page => view! { <iframe class="html-preview" sandbox="allow-scripts" src=framed title=title></iframe> }.into_any(),
    };
    view! {
        <div class="row w-full">
            <a class="button" href=href rel="external" download=""><Icon name=IconName::Download/>"Download"</a>
            <span class="muted small">{format::bytes(size)}</span>
            {opened}
            {copy}
        </div>
        {(!notes.is_empty()).then(|| view! { <p class="muted small" role="status">{notes.join(" ")}</p> })}
        {content}
    }
}

/// A model's folder: its schema, the code that loads it, and the way into the registry.
#[component]
fn ModelView(
    file: ModelFile,
    run_id: String,
    path: String,
    model: Option<LoggedHere>,
    registered: Callback<()>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let versions = model.as_ref().map(|m| m.versions.clone()).unwrap_or_default();
    let model_id = model.and_then(|m| m.model_id).or(file.model_id.clone());
    let is_registered = !versions.is_empty();
    let load = format!(
        "import mlflow\n\nmodel = mlflow.pyfunc.load_model(\"runs:/{run_id}/{path}\")\npredictions = model.predict(data)"
    );
    view! {
        <div class="row w-full">
            <h3 class="text-lg font-semibold">"MLflow model"</h3>
            <div class="row ml-auto">
                <DownloadFolder owner=Owner::Run(run_id.clone()) path=path.clone() what="Download folder"/>
                <VersionLinks versions/>
                <button type="button" class="button" class:primary=!is_registered on:click=move |_| open.set(true)>
                    {if is_registered { "Register again" } else { "Register model" }}
                </button>
            </div>
        </div>
        <div class="grid w-full gap-6 xl:grid-cols-2">
            <div class="min-w-0"><Schema signature=file.signature/></div>
            <div class="stack min-w-0 content-start">
                <h4 class="font-semibold">"Make predictions"</h4>
                <CodeBlock code=load/>
                <dl class="facts">
                    <dt>"Flavors"</dt><dd>{file.flavors.join(", ")}</dd>
                    {file.model_size_bytes.map(|s| view! { <dt>"Size"</dt><dd>{format::bytes(s)}</dd> })}
                    {file.mlflow_version.map(|v| view! { <dt>"Logged with"</dt><dd>"mlflow "{v}</dd> })}
                    {model_id.clone().map(|id| view! { <dt>"Model ID"</dt><dd class="mono">{id}</dd> })}
                </dl>
            </div>
        </div>
        <RegisterDialog open run_id path model_id on_done=Callback::new(move |_| registered.run(()))/>
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn content_tells_what_a_file_is() {
        assert!(looks_like("png", b"\x89PNG\r\n\x1a\n...") && looks_like("svg", b"\n<SVG xmlns=\"\">"));
        assert!(looks_like("pdf", b"\n%PDF-1.7") && looks_like("avif", b"\0\0\0\x1cftypavif"));
        for (extension, bytes) in [("png", &b"<html>"[..]), ("pdf", b"PK\x03\x04"), ("svg", b"\x89PNG"), ("jpg", b"")] {
            assert!(!looks_like(extension, bytes), "{extension}");
        }
    }

    #[test]
    fn text_is_told_from_other_bytes() {
        assert_eq!(as_text("\u{feff}grüße".into(), false).as_deref(), Some("grüße"));
        assert_eq!(as_text(b"gr\xc3".into(), true).as_deref(), Some("gr"));
        assert_eq!(as_text(b"caf\xe9 au lait".into(), false).as_deref(), Some("caf\u{e9} au lait"));
        assert_eq!(as_text(b"\xff\xfeh\0i\0\x3d\xd8\x00\xde".into(), false).as_deref(), Some("hi\u{1f600}"));
        assert_eq!(as_text(b"\xfe\xff\0h\xd8\x3d".into(), true).as_deref(), Some("h"));
        for other in [&b"\x7fELF\0"[..], b"\xff\xfeh\0\0\0", b"\x80\x04\x95K", b"a\xe9\x01b", b"\xe9\xe8\xe7 ab"] {
            assert_eq!(as_text(other.into(), false), None, "{other:?}");
        }
    }
}
