//! What is shown of a selected artifact. Large files show their head and their size; nothing is run.

use domain::model_file::ModelFile;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::download_href;
#[cfg(feature = "ssr")]
use crate::error::UiResult;
use crate::format;
use crate::register::RegisterDialog;
use crate::runs::{LoggedHere, VersionLink};
use crate::ui::copy::CodeBlock;
use crate::ui::icon::{Icon, IconName};
use crate::ui::markdown::Markdown;
use crate::ui::schema::Schema;

/// Bytes of a text that are shown.
#[cfg(feature = "ssr")]
const TEXT_HEAD: u64 = 256 * 1024;
/// Rows of a table that are shown.
#[cfg(feature = "ssr")]
const TABLE_ROWS: usize = 500;

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
    /// Text, cut if it is long.
    Text { text: String, size: u64, cut: bool },
    /// Rendered Markdown.
    Markdown(Markdown),
    /// Comma- or tab-separated values.
    Table { head: Vec<String>, rows: Vec<Vec<String>>, cut: bool },
    /// A picture.
    Image,
    /// A web page, shown in a sandbox.
    Html { html: String },
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// Anything else.
    Binary { size: u64 },
}

/// The preview of a file or folder of a run.
#[cfg(feature = "ssr")]
pub(super) async fn load(
    service: &service::Service,
    run_id: &str,
    path: &str,
    is_dir: bool,
    size: Option<u64>,
) -> UiResult<Preview> {
    let size = size.unwrap_or_default();
    if is_dir {
        let model = service.run_model_file(run_id, path).await?;
        return Ok(model.map_or(Preview::Folder, Preview::Model));
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default();
    match extension.as_str() {
        "png" | "jpg" | "jpeg" | "gif" | "webp" | "bmp" | "svg" | "ico" | "avif" => return Ok(Preview::Image),
        "mp3" | "wav" | "ogg" | "flac" | "m4a" => return Ok(Preview::Audio),
        "mp4" | "webm" | "mov" | "mkv" => return Ok(Preview::Video),
        _ => {}
    }
    let (bytes, cut) = head(service, run_id, path, size).await?;
    let Some(text) = as_text(bytes, cut) else { return Ok(Preview::Binary { size }) };
    Ok(match extension.as_str() {
        "csv" => table(&text, b',', cut),
        "tsv" => table(&text, b'\t', cut),
        "md" | "markdown" => Preview::Markdown(Markdown::render(&text)),
        "html" | "htm" => Preview::Html { html: text },
        "json" | "geojson" if !cut => {
            let pretty =
                serde_json::from_str::<serde_json::Value>(&text).and_then(|v| serde_json::to_string_pretty(&v));
            Preview::Text { text: pretty.unwrap_or(text), size, cut }
        }
        _ => Preview::Text { text, size, cut },
    })
}

/// The first bytes of a file, and whether there are more.
#[cfg(feature = "ssr")]
async fn head(service: &service::Service, run_id: &str, path: &str, size: u64) -> UiResult<(Vec<u8>, bool)> {
    use futures::TryStreamExt;

    let range = (size > TEXT_HEAD).then_some(service::ByteRange::Between(0, TEXT_HEAD - 1));
    let download = service.open_run_artifact(run_id, path, range).await?;
    let limit = usize::try_from(TEXT_HEAD).unwrap_or(usize::MAX);
    let cut = download.size > TEXT_HEAD;
    let bytes = download
        .body
        .try_fold(Vec::new(), async |mut all, chunk| {
            all.extend_from_slice(&chunk[..chunk.len().min(limit - all.len())]);
            Ok(all)
        })
        .await
        .map_err(|e| {
            leptos::logging::warn!("a preview broke off: {e}");
            domain::Error::unavailable("The artifact store broke off. Please try again.")
        })?;
    Ok((bytes, cut))
}

/// The bytes as text, unless they are something else. A character that the cut went through is left out.
#[cfg(feature = "ssr")]
fn as_text(bytes: Vec<u8>, cut: bool) -> Option<String> {
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
            None
        }
    }
}

#[cfg(feature = "ssr")]
fn table(text: &str, delimiter: u8, cut: bool) -> Preview {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let head = reader.headers().map(|h| h.iter().map(str::to_owned).collect()).unwrap_or_default();
    let mut rows: Vec<Vec<String>> = reader
        .records()
        .map_while(Result::ok)
        .take(TABLE_ROWS + 1)
        .map(|r| r.iter().map(str::to_owned).collect())
        .collect();
    let more = rows.len() > TABLE_ROWS;
    rows.truncate(TABLE_ROWS);
    if cut && !more {
        // The last row may have been cut through.
        rows.pop();
    }
    Preview::Table { head, rows, cut: cut || more }
}

#[component]
pub(super) fn PreviewView(
    preview: Preview,
    run_id: String,
    path: String,
    /// The model whose folder this is.
    model: Option<LoggedHere>,
    /// Called when it was registered.
    registered: Callback<()>,
) -> impl IntoView {
    let href = download_href(&run_id, &path);
    let download = |label: &'static str| {
        view! { <a class="button" href=href.clone() rel="external" download=""><Icon name=IconName::Download/>{label}</a> }
    };
    match preview {
        Preview::Nothing => view! { <p class="muted">"Select a file or a model to see it here."</p> }.into_any(),
        Preview::Missing => view! { <p class="muted">"There is no such artifact in this run (any more)."</p> }.into_any(),
        Preview::Folder => view! { <p class="muted">"A folder. Select a file in it to see it here."</p> }.into_any(),
        Preview::Model(file) => view! { <ModelView file run_id path model registered/> }.into_any(),
        Preview::Text { text, size, cut } => view! {
            <div class="row">{download("Download")}<span class="muted small">{format::bytes(size)}</span></div>
            {cut.then(|| view! { <p class="warn-note">"Only the beginning is shown: the file is large."</p> })}
            <CodeBlock code=text/>
        }
        .into_any(),
        Preview::Markdown(markdown) => view! {
            <div class="row">{download("Download")}</div>
            <div class="markdown" inner_html=markdown.html></div>
        }
        .into_any(),
        Preview::Table { head, rows, cut } => view! {
            <div class="row">
                {download("Download")}
                <span class="muted small">{format!("{} rows{}", rows.len(), if cut { ", the first ones of the file" } else { "" })}</span>
            </div>
            <div class="table-scroll max-h-[32rem] overflow-y-auto" tabindex="0">
                <table class="grid">
                    <thead><tr>{head.into_iter().map(|h| view! { <th scope="col">{h}</th> }).collect_view()}</tr></thead>
                    <tbody>{rows.into_iter().map(|row| view! {
                        <tr>{row.into_iter().map(|cell| view! { <td>{cell}</td> }).collect_view()}</tr>
                    }).collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any(),
        Preview::Image => view! {
            <div class="row">{download("Download")}</div>
            <img class="max-w-full" src=href.clone() alt=format!("The image {path}")/>
        }
        .into_any(),
        Preview::Html { html } => view! {
            <div class="row">{download("Download")}</div>
            <iframe class="html-preview" sandbox="" srcdoc=html title=format!("Preview of {path}")></iframe>
        }
        .into_any(),
        Preview::Audio => view! { <div class="row">{download("Download")}</div><audio controls src=href.clone()></audio> }.into_any(),
        Preview::Video => view! { <div class="row">{download("Download")}</div><video class="max-w-full" controls src=href.clone()></video> }.into_any(),
        Preview::Binary { size } => view! {
            <div class="row">{download("Download")}<span class="muted small">{format::bytes(size)}</span></div>
            <p class="muted">"There is no preview for this kind of file."</p>
        }
        .into_any(),
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
            <h3 class="text-lg font-semibold">"MLflow Model"</h3>
            <div class="row ml-auto">
                {versions.into_iter().map(|(name, version)| view! { <VersionLink name version/> }).collect_view()}
                <button type="button" class="button" class:primary=!is_registered on:click=move |_| open.set(true)>
                    {if is_registered { "Register again" } else { "Register Model" }}
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
