//! The artifacts of a run: a tree, and a preview of what is selected. The selection is in the URL (`artifact=`).

mod preview;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

use crate::error::UiResult;
use crate::format;
use crate::runs::LoggedHere;
use crate::ui::copy::{CodeBlock, CopyButton};
use crate::ui::empty::{Empty, ErrorNote};
use crate::ui::icon::{Icon, IconName};
use crate::ui::url_encode;
use preview::{Preview, PreviewView};

/// A file or folder in the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Node {
    /// From the run's root.
    path: String,
    is_dir: bool,
    size: Option<u64>,
    /// Folders on the way to the selection are open.
    children: Vec<Node>,
}

impl Node {
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// The tree with the folders on the way to the selection open, and the selection's preview.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Browser {
    /// The run's artifact location.
    root_uri: String,
    nodes: Vec<Node>,
    selected: String,
    preview: Preview,
    /// The models that the run logged.
    models: Vec<LoggedHere>,
}

/// Without a selection the first model of the run is selected: what most people came for.
#[server(prefix = "/_fn", endpoint = "run_artifacts")]
async fn load_browser(run_id: String, selected: Option<String>) -> UiResult<Browser> {
    let service = crate::error::service();
    let models = crate::runs::logged_here(&service, &run_id).await?;
    let (root_uri, mut nodes) = list(&service, &run_id, "").await?;
    let selected = selected.unwrap_or_else(|| {
        let first = models.iter().find(|m| nodes.iter().any(|n| n.is_dir && n.path == m.name));
        first.map(|m| m.name.clone()).unwrap_or_default()
    });
    let mut level = &mut nodes;
    let mut found = None;
    while let Some(node) =
        level.iter_mut().find(|n| n.path == selected || selected.starts_with(&format!("{}/", n.path)))
    {
        if node.is_dir {
            (_, node.children) = list(&service, &run_id, &node.path).await?;
        }
        if node.path == selected {
            found = Some(node.clone());
            break;
        }
        level = &mut node.children;
    }
    let preview = match found {
        None if selected.is_empty() => Preview::Nothing,
        None => Preview::Missing,
        Some(node) => preview::load(&service, &run_id, &node.path, node.is_dir, node.size).await?,
    };
    Ok(Browser { root_uri, nodes, selected, preview, models })
}

#[cfg(feature = "ssr")]
async fn list(service: &service::Service, run_id: &str, path: &str) -> UiResult<(String, Vec<Node>)> {
    let listing = service.run_artifacts(run_id, path).await?;
    let node = |f: service::FileInfo| Node { path: f.path, is_dir: f.is_dir, size: f.size, children: Vec::new() };
    Ok((listing.root_uri, listing.files.into_iter().map(node).collect()))
}

/// Where a file of a run is downloaded.
pub(crate) fn download_href(run_id: &str, path: &str) -> String {
    format!("/get-artifact?run_id={}&path={}", url_encode(run_id), url_encode(path))
}

/// Tree and preview of a run's artifacts.
#[component]
pub(crate) fn ArtifactBrowser(
    /// The run.
    run_id: Memo<String>,
    /// Called when a model of the run was registered.
    on_registered: Callback<()>,
) -> impl IntoView {
    let query = use_query_map();
    let selected = Memo::new(move |_| query.with(|q| q.get("artifact")));
    let version = RwSignal::new(0_u32);
    let browser = Resource::new(
        move || (run_id.get(), selected.get(), version.get()),
        |(run, selected, _)| load_browser(run, selected),
    );
    let registered = Callback::new(move |()| {
        version.update(|v| *v += 1);
        on_registered.run(());
    });
    view! {
        <section class="section" id="artifacts" aria-label="Artifacts">
            <h2 class="section-title">"Artifacts"</h2>
            <Transition fallback=|| view! { <div class="skeleton w-full"></div> }>
                {move || Suspend::new(async move {
                    match browser.await {
                        // A run that is not there has been said so above.
                        Err(error) if error.is_not_found() => ().into_any(),
                        Err(error) => view! { <ErrorNote error/> }.into_any(),
                        Ok(b) if b.nodes.is_empty() => view! {
                            <Empty title="No artifacts recorded.">
                                <p class="muted">"Files that a run logs show here:"</p>
                                <CodeBlock code="mlflow.log_artifact(\"model.png\")\nmlflow.sklearn.log_model(model, name=\"model\", signature=signature)"/>
                            </Empty>
                        }.into_any(),
                        Ok(b) => {
                            let full_path = format!("{}/{}", b.root_uri, b.selected);
                            let model = b.models.iter().find(|m| m.name == b.selected).cloned();
                            view! {
                                <div class="artifact-browser">
                                    <nav class="artifact-tree" aria-label="Artifact tree">
                                        <Tree nodes=b.nodes selected=b.selected.clone()/>
                                    </nav>
                                    <div class="artifact-view">
                                        {(!b.selected.is_empty()).then(|| view! {
                                            <p class="row small muted">
                                                <span class="mono">{full_path.clone()}</span>
                                                <CopyButton text=full_path what="path"/>
                                            </p>
                                        })}
                                        <PreviewView preview=b.preview run_id=run_id.get_untracked() path=b.selected model registered/>
                                    </div>
                                </div>
                            }.into_any()
                        }
                    }
                })}
            </Transition>
        </section>
    }
}

/// A level of the tree; links, so that it works with the keyboard and without JavaScript.
#[component]
fn Tree(nodes: Vec<Node>, selected: String) -> AnyView {
    let items = nodes
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
            let href = format!("?artifact={}#artifacts", url_encode(target));
            let icon = match (node.is_dir, open) {
                (true, true) => IconName::Down,
                (true, false) => IconName::Right,
                (false, _) => IconName::File,
            };
            let label = node.name().to_owned();
            let is_dir = node.is_dir;
            let expanded = is_dir.then_some(if open { "true" } else { "false" });
            let nested = (is_dir && open && !node.children.is_empty())
                .then(|| view! { <Tree nodes=node.children.clone() selected=selected.clone()/> });
            view! {
                <li>
                    <a class="tree-item" href=href aria-current=here.then_some("true") data-expanded=expanded>
                        <Icon name=icon/>
                        {is_dir.then(|| view! { <Icon name=IconName::Folder/> })}
                        <span class="min-w-0 truncate">{label}</span>
                        {node.size.map(|s| view! { <span class="muted small ml-auto">{format::bytes(s)}</span> })}
                    </a>
                    {nested}
                </li>
            }
        })
        .collect_view();
    view! { <ul>{items}</ul> }.into_any()
}
