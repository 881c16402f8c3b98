//! The artifacts of a run or of a model version: a tree, and a preview of what is selected. The selection is in the URL
//! (`artifact=`).

mod preview;
#[cfg(feature = "ssr")]
mod render;

use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

use crate::error::UiResult;
use crate::format;
use crate::runs::LoggedHere;
use crate::ui::copy::{CodeBlock, CopyButton};
use crate::ui::empty::{Empty, ErrorNote};
use crate::ui::icon::{Icon, IconName};
use crate::ui::load::{Loading, load_part};
use crate::ui::url_encode;
use preview::{Preview, PreviewView};

/// Entries of a folder that are listed unless the address (`entries=`) asks for more.
const ENTRIES: usize = 500;
/// The file that says what a model is, in the model's folder.
#[cfg(feature = "ssr")]
const MODEL_FILE: &str = "MLmodel";

/// Whose artifacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Owner {
    /// A run's, with the models that it logged.
    Run(String),
    /// A model version's.
    Version {
        /// The registered model.
        name: String,
        /// The number.
        version: String,
    },
}

impl Owner {
    /// Where a file is downloaded.
    fn download_href(&self, path: &str) -> String {
        let endpoint = match self {
            Self::Run(_) => "/get-artifact",
            Self::Version { .. } => "/model-versions/get-artifact",
        };
        self.href(endpoint, path)
    }

    /// Where a folder is downloaded as a zip archive.
    fn archive_href(&self, path: &str) -> String {
        self.href("/ajax-api/ferroflow/v1/artifacts/archive", path)
    }

    fn href(&self, endpoint: &str, path: &str) -> String {
        let path = url_encode(path);
        match self {
            Self::Run(run_id) => crate::ui::at(&format!("{endpoint}?run_id={}&path={path}", url_encode(run_id))),
            Self::Version { name, version } => crate::ui::at(&format!(
                "{endpoint}?name={}&version={}&path={path}",
                url_encode(name),
                url_encode(version)
            )),
        }
    }
}

#[cfg(feature = "ssr")]
impl Owner {
    fn of_service(&self) -> service::ArtifactOwner {
        match self.clone() {
            Self::Run(run_id) => service::ArtifactOwner::Run(run_id),
            Self::Version { name, version } => service::ArtifactOwner::Version { name, version },
        }
    }

    /// The owner's artifact location, and a folder of it.
    async fn list(
        &self,
        service: &service::Service,
        path: &str,
        kept: &str,
        entries: usize,
    ) -> UiResult<(String, Level)> {
        let listing = service.artifacts_of(&self.of_service(), path).await?;
        let total = listing.files.len();
        let node =
            |f: service::FileInfo| Node { path: f.path, is_dir: f.is_dir, size: f.size, inner: Level::default() };
        let leads = |node: &Node| node.path == kept || kept.starts_with(&format!("{}/", node.path));
        let mut nodes: Vec<Node> = listing.files.into_iter().map(node).collect();
        let selected = nodes.iter().skip(entries).find(|node| leads(node)).cloned();
        nodes.truncate(entries);
        nodes.extend(selected);
        let more = total - nodes.len();
        Ok((listing.root_uri, Level { nodes, more }))
    }

    async fn file(&self, service: &service::Service, path: &str) -> UiResult<service::ArtifactFile> {
        Ok(service.file_of(&self.of_service(), path).await?)
    }

    /// The preview of an entry.
    async fn preview(&self, service: &service::Service, node: &Node) -> UiResult<Preview> {
        if !node.is_dir {
            return preview::load(&self.file(service, &node.path).await?, node.size).await;
        }
        let model = match self {
            Self::Run(run_id) => service.run_model_file(run_id, &node.path).await?,
            Self::Version { .. } => None,
        };
        Ok(model.map_or(Preview::Folder, Preview::Model))
    }
}

/// A file or folder in the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Node {
    /// From the owner's root.
    path: String,
    is_dir: bool,
    size: Option<u64>,
    /// Folders on the way to the selection are open.
    inner: Level,
}

impl Node {
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// What is in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Level {
    nodes: Vec<Node>,
    /// Entries that are not listed, because there are so many.
    more: usize,
}

/// The tree with the folders on the way to the selection open, and the selection's preview.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Browser {
    /// The owner's artifact location.
    root_uri: String,
    tree: Level,
    /// How many entries of a folder are listed at most.
    entries: usize,
    selected: String,
    /// The SHA-256 of a selected file, if its bytes passed through the server.
    sha256: Option<String>,
    preview: Preview,
    /// The models that the run logged.
    models: Vec<LoggedHere>,
}

/// Without a selection the first model of the run is selected, and of a version the file that says what the model is: what
/// most people came for.
#[server(prefix = "/_fn", endpoint = "artifacts", input = Json)]
async fn load_browser(owner: Owner, selected: Option<String>, entries: usize) -> UiResult<Browser> {
    let service = crate::error::service();
    let models = match &owner {
        Owner::Run(run_id) => crate::runs::logged_here(&service, run_id).await?,
        Owner::Version { .. } => Vec::new(),
    };
    let (root_uri, mut tree) = owner.list(&service, "", selected.as_deref().unwrap_or_default(), entries).await?;
    let has = |is_dir: bool, path: &str| tree.nodes.iter().any(|n| n.is_dir == is_dir && n.path == path);
    let selected = selected.unwrap_or_else(|| match &owner {
        Owner::Run(_) => models.iter().find(|m| has(true, &m.name)).map(|m| m.name.clone()).unwrap_or_default(),
        Owner::Version { .. } => Some(MODEL_FILE).filter(|file| has(false, file)).unwrap_or_default().to_owned(),
    });
    let mut level = &mut tree;
    let mut found = None;
    while let Some(node) =
        level.nodes.iter_mut().find(|n| n.path == selected || selected.starts_with(&format!("{}/", n.path)))
    {
        if node.is_dir {
            (_, node.inner) = owner.list(&service, &node.path, &selected, entries).await?;
        }
        if node.path == selected {
            found = Some(node.clone());
            break;
        }
        level = &mut node.inner;
    }
    let sha256 = match &found {
        // What somebody else has written in its place since has another size, most times.
        Some(node) if !node.is_dir => {
            let digest = owner.file(&service, &node.path).await?.digest().await?;
            digest.filter(|digest| node.size == Some(digest.size))
        }
        _ => None,
    };
    let sha256 = sha256.map(|digest| digest.sha256.to_string());
    let preview = match found {
        None if selected.is_empty() => Preview::Nothing,
        None => Preview::Missing,
        Some(node) => owner.preview(&service, &node).await?,
    };
    Ok(Browser { root_uri, tree, entries, selected, sha256, preview, models })
}

/// Tree and preview of the artifacts of a run or a version.
#[component]
pub(crate) fn ArtifactBrowser(
    /// Whose.
    owner: Memo<Owner>,
    /// Called when a model of the run was registered.
    #[prop(optional)]
    on_registered: Option<Callback<()>>,
) -> impl IntoView {
    let query = use_query_map();
    let selected = Memo::new(move |_| query.with(|q| q.get("artifact")));
    let entries = Memo::new(move |_| {
        let asked = query.with(|q| q.get("entries").and_then(|entries| entries.parse().ok()));
        asked.unwrap_or(ENTRIES).max(ENTRIES)
    });
    let version = RwSignal::new(0_u32);
    let browser = load_part(
        move || (owner.get(), selected.get(), entries.get(), version.get()),
        |(owner, selected, entries, _)| load_browser(owner, selected, entries),
    );
    let registered = Callback::new(move |()| {
        version.update(|v| *v += 1);
        if let Some(registered) = on_registered {
            registered.run(());
        }
    });
    view! {
        <section class="section" id="artifacts" aria-label="Artifacts">
            <Transition fallback=|| view! { <div class="skeleton w-full"></div> }>
                {move || Suspend::new(async move {
                    let Some(answer) = browser.await else {
                        return view! { <h2 class="section-title">"Artifacts"</h2> <Loading/> }.into_any();
                    };
                    let shown = match answer {
                        // An owner that is not there has been said so above.
                        Err(error) if error.is_not_found() => return ().into_any(),
                        Err(error) => view! { <ErrorNote error/> }.into_any(),
                        Ok(b) if b.tree.nodes.is_empty() => view! { <NoArtifacts owner=owner.get_untracked()/> }.into_any(),
                        Ok(b) => view! { <BrowserView browser=b owner=owner.get_untracked() registered/> }.into_any(),
                    };
                    view! { <h2 class="section-title">"Artifacts"</h2> {shown} }.into_any()
                })}
            </Transition>
        </section>
    }
}

#[component]
fn NoArtifacts(owner: Owner) -> impl IntoView {
    match owner {
        Owner::Run(_) => view! {
            <Empty title="No artifacts recorded">
                <p class="muted">"Files that a run logs show here:"</p>
                <CodeBlock code="mlflow.log_artifact(\"model.png\")\nmlflow.sklearn.log_model(model, name=\"model\", signature=signature)"/>
            </Empty>
        }
        .into_any(),
        Owner::Version { .. } => view! { <p class="muted">"No files are at the version's source."</p> }.into_any(),
    }
}

#[component]
fn BrowserView(browser: Browser, owner: Owner, registered: Callback<()>) -> impl IntoView {
    let selected = browser.selected;
    let full_path = format!("{}/{selected}", browser.root_uri.trim_end_matches('/'));
    let model = browser.models.into_iter().find(|m| m.name == selected);
    let path = (!selected.is_empty()).then(|| {
        view! {
            <p class="row small muted">
                <span class="mono">{full_path.clone()}</span>
                <CopyButton text=full_path what="path"/>
            </p>
        }
    });
    view! {
        <div class="artifact-browser">
            <nav class="artifact-tree" aria-label="Artifact tree">
                <Tree level=browser.tree selected=selected.clone() entries=browser.entries/>
            </nav>
            <div class="artifact-view">
                {path}
                {browser.sha256.map(|sha256| view! { <Digest sha256/> })}
                <PreviewView preview=browser.preview owner path=selected model registered/>
            </div>
        </div>
    }
}

/// What a file's bytes were when they were stored; the whole of it is in the title and the copy.
#[component]
fn Digest(sha256: String) -> impl IntoView {
    let short: String = sha256.chars().take(12).collect();
    view! {
        <p class="row small muted">
            <span title=sha256.clone()>"SHA-256 "<span class="mono">{short}"…"</span></span>
            <CopyButton text=sha256 what="SHA-256"/>
        </p>
    }
}

/// The page with this entry selected, and with so many entries of each folder.
fn address(selected: &str, entries: usize) -> String {
    let entries = if entries > ENTRIES { format!("&entries={entries}") } else { String::new() };
    format!("?artifact={}{entries}", url_encode(selected))
}

/// A level of the tree; links, so that it works with the keyboard and without JavaScript.
#[component]
fn Tree(level: Level, selected: String, entries: usize) -> AnyView {
    let more = level.more;
    let items = level
        .nodes
        .into_iter()
        .map(|node| {
            let here = node.path == selected;
            let open = here || selected.starts_with(&format!("{}/", node.path));
            // A click on an open folder closes it: its parent is selected instead.
            let target = if here && node.is_dir {
                node.path.rsplit_once('/').map_or("", |(parent, _)| parent)
            } else {
                &node.path
            };
            let href = format!("{}#artifacts", address(target, entries));
            let icon = match (node.is_dir, open) {
                (true, true) => IconName::Down,
                (true, false) => IconName::Right,
                (false, _) => IconName::File,
            };
            let label = node.name().to_owned();
            let title = label.clone();
            let is_dir = node.is_dir;
            let expanded = is_dir.then_some(if open { "true" } else { "false" });
            let nested = (is_dir && open && !node.inner.nodes.is_empty())
                .then(|| view! { <Tree level=node.inner selected=selected.clone() entries/> });
            view! {
                <li>
                    <a class="tree-item" href=href title=title aria-current=here.then_some("true") data-expanded=expanded>
                        <Icon name=icon/>
                        {is_dir.then(|| view! { <Icon name=IconName::Folder/> })}
                        <span class="min-w-0 truncate">{label}</span>
                        {node.size.map(|s| view! { <span class="muted small ml-auto nowrap">{format::bytes(s)}</span> })}
                    </a>
                    {nested}
                </li>
            }
        })
        .collect_view();
    let more = (more > 0).then(|| {
        // Twice as many each time: a few presses reach the end of any folder.
        let href = address(&selected, entries.saturating_mul(2));
        view! { <li><a class="tree-item link small" href=href data-noscroll="">{format!("Show more ({more} not shown)")}</a></li> }
    });
    view! { <ul>{items}{more}</ul> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_only_what_is_unusual() {
        assert_eq!(address("a/b c", ENTRIES), "?artifact=a%2Fb%20c");
        assert_eq!(address("", 1000), "?artifact=&entries=1000");
    }
}
