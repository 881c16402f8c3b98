//! The table of a model's versions.

use domain::Millis;
use domain::comparison::MAX_VERSIONS;
use domain::model_versions::Stage;
use domain::runs::RunInfo;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use serde::{Deserialize, Serialize};

use super::links::{AliasChip, StageChip, compare_href, model_href, run_href, version_href};
use super::query::Query;
use crate::ui::copy::CodeBlock;
use crate::ui::empty::Empty;
use crate::ui::icon::{Icon, IconName};
use crate::ui::time::Time;
use crate::ui::url_encode;

/// Versions on a page.
pub(super) const PAGE_SIZE: i64 = 25;

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct VersionRow {
    pub(super) version: i64,
    pub(super) created: Millis,
    pub(super) stage: Stage,
    pub(super) aliases: Vec<String>,
    /// The description's first line.
    pub(super) summary: String,
    pub(super) run_id: String,
    /// `None` if the run is not on this server.
    pub(super) run: Option<RunInfo>,
}

/// What the table shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Versions {
    pub(super) rows: Vec<VersionRow>,
    pub(super) total: i64,
    pub(super) active: i64,
}

/// Versions with a filter, a way to compare, and pages.
#[component]
pub(super) fn VersionsTable(
    /// The model's name.
    name: String,
    /// What the table shows.
    #[prop(into)]
    versions: Signal<Versions>,
    /// The page's query: `stage=active` and `page`.
    query: Query,
) -> impl IntoView {
    let path = model_href(&name);
    let only_active = query.get("stage") == Some("active");
    let all_href = query.clone().with("stage", "").with("page", "").href(&path);
    let active_href = query.clone().with("stage", "active").with("page", "").href(&path);
    let chosen = RwSignal::new(Vec::<i64>::new());
    // Without JavaScript the button is a form's, and always on.
    let hydrated = RwSignal::new(false);
    Effect::new(move |_| hydrated.set(true));
    let navigate = use_navigate();
    let compare = {
        let name = name.clone();
        move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            let mut versions = chosen.get_untracked();
            versions.sort_unstable();
            navigate(&compare_href(&name, &versions), NavigateOptions::default());
        }
    };
    let action = crate::ui::at(&format!("/models/{}/compare", url_encode(&name)));
    let is_empty = Memo::new(move |_| versions.with(|v| v.rows.is_empty()));
    let (table_name, empty_name) = (name.clone(), name);
    view! {
        <section class="section" aria-labelledby="versions-title">
            <form method="get" action=action on:submit=compare class="stack w-full">
                <div class="row">
                    <h2 id="versions-title" class="section-title">"Versions"</h2>
                    <nav class="segments" aria-label="Filter versions">
                        <a href=all_href data-noscroll="" aria-current=(!only_active).then_some("true")>
                            "All "{move || versions.with(|v| v.total)}
                        </a>
                        <a href=active_href data-noscroll="" aria-current=only_active.then_some("true")
                            title="Versions in Staging or Production">
                            "Active "{move || versions.with(|v| v.active)}
                        </a>
                    </nav>
                    <button type="submit" class="button ml-auto" title="Tick two or more versions to compare them"
                        disabled=move || hydrated.get() && chosen.with(|c| c.len() < 2 || c.len() > MAX_VERSIONS)>
                        <Icon name=IconName::Compare/>
                        {move || match chosen.with(Vec::len) { 0 => "Compare".to_owned(), n => format!("Compare ({n})") }}
                    </button>
                </div>
                <p class="warn-note" role="status" hidden=move || chosen.with(|c| c.len() <= MAX_VERSIONS)>
                    {format!("At most {MAX_VERSIONS} versions can be compared at a time.")}
                </p>
                <Show when=move || is_empty.get()
                    fallback=move || view! { <Table name=table_name.clone() versions chosen/> }
                >
                    <NoVersions name=empty_name.clone() only_active/>
                </Show>
            </form>
            <Pages query path versions only_active/>
        </section>
    }
}

#[component]
fn NoVersions(name: String, only_active: bool) -> impl IntoView {
    if only_active {
        return view! { <p class="muted">"No version is in Staging or Production."</p> }.into_any();
    }
    let code = format!(
        "import mlflow\n\nmlflow.register_model(\"runs:/<run ID>/model\", {})",
        crate::model_versions::python_string(&name)
    );
    view! {
        <Empty title="No model versions are registered yet">
            <p>"Open a run and press Register model, or register from Python:"</p>
            <CodeBlock code/>
        </Empty>
    }
    .into_any()
}

#[component]
fn Table(name: String, versions: Signal<Versions>, chosen: RwSignal<Vec<i64>>) -> impl IntoView {
    let name = StoredValue::new(name);
    view! {
        <div class="table-scroll">
            <table class="grid" aria-labelledby="versions-title">
                <thead>
                    <tr>
                        <th scope="col"><span class="sr-only">"Select"</span></th>
                        <th scope="col">"Version"</th>
                        <th scope="col">"Registered at"</th>
                        <th scope="col">"Stage"</th>
                        <th scope="col">"Aliases"</th>
                        <th scope="col">"Source run"</th>
                        <th scope="col">"Description"</th>
                    </tr>
                </thead>
                <tbody>
                    {move || versions.with(|v| v.rows.clone()).into_iter().map(|row| view! {
                        <Row name=name.get_value() row chosen/>
                    }).collect_view()}
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(name: String, row: VersionRow, chosen: RwSignal<Vec<i64>>) -> impl IntoView {
    let version = row.version;
    let summary = row.summary;
    let is_chosen = move || chosen.with(|c| c.contains(&version));
    let toggle = move |on: bool| {
        chosen.update(|c| {
            c.retain(|v| *v != version);
            if on {
                c.push(version);
            }
        });
    };
    let aliases = row.aliases.into_iter().map(|alias| view! { <AliasChip alias/> }).collect_view();
    let run = match row.run {
        Some(run) => {
            let href = run_href(run.experiment_id, &run.run_id, None);
            view! { <a class="link" href=href>{run.run_name}</a> }.into_any()
        }
        None if row.run_id.is_empty() => view! { <span class="muted">"—"</span> }.into_any(),
        None => view! { <span class="mono muted">{row.run_id}</span> }.into_any(),
    };
    view! {
        <tr aria-selected=move || is_chosen().to_string()>
            <td>
                <input type="checkbox" name="versions" value=version.to_string() aria-label=format!("Select version {version}")
                    prop:checked=is_chosen on:change:target=move |e| toggle(e.target().checked())/>
            </td>
            <td class="whitespace-nowrap">
                <span class="status-finished" title="Ready"><Icon name=IconName::Finished/><span class="sr-only">"Ready"</span></span>
                " "
                <a class="link" href=version_href(&name, version)>{format!("Version {version}")}</a>
            </td>
            <td class="whitespace-nowrap"><Time millis=row.created/></td>
            <td><StageChip stage=row.stage/></td>
            <td><span class="cell-line">{aliases}</span></td>
            <td class="cell-wide run-cell">{run}</td>
            <td class="cell-wide" title=summary.clone()>{summary.clone()}</td>
        </tr>
    }
}

/// Which page of the table the query asks for, from 1.
pub(super) fn page_number(query: &Query) -> i64 {
    query.get("page").and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, i64::from(i32::MAX))
}

#[component]
fn Pages(query: Query, path: String, versions: Signal<Versions>, only_active: bool) -> impl IntoView {
    let page = page_number(&query);
    let link = move |number: i64| {
        let number = if number == 1 { String::new() } else { number.to_string() };
        query.clone().with("page", number).href(&path)
    };
    move || {
        let count = versions.with(|v| if only_active { v.active } else { v.total });
        (page > 1 || count > PAGE_SIZE).then(|| {
            let pages = (count + PAGE_SIZE - 1) / PAGE_SIZE;
            let previous = (page > 1).then(|| link((page - 1).min(pages.max(1))));
            let following = (page < pages).then(|| link(page + 1));
            view! { <PageLinks previous following label=format!("Page {page} of {}", pages.max(1))/> }
        })
    }
}

/// Links to the page before and the page after.
#[component]
pub(super) fn PageLinks(previous: Option<String>, following: Option<String>, label: String) -> impl IntoView {
    let link = |href: Option<String>, text: &'static str, rel: &'static str| match href {
        Some(href) => view! { <a class="button" href=href rel=rel>{text}</a> }.into_any(),
        None => view! { <span class="button opacity-55" aria-disabled="true">{text}</span> }.into_any(),
    };
    view! {
        <nav class="row mt-3" aria-label="Pages">
            {link(previous, "Previous", "prev")}
            <span class="muted">{label}</span>
            {link(following, "Next", "next")}
        </nav>
    }
}
