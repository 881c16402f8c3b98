//! Versions of a model side by side.

use domain::comparison::{Comparison, FieldType, FileFacts, Line, MAX_FILES, Side};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_params_map};
use serde::{Deserialize, Serialize};

use crate::error::UiResult;
use crate::format;
use crate::layout::ErrorPage;
use crate::registered_models::{
    AliasChip, RegistryBreadcrumb, StageChip, model_href, run_href, use_query, version_href,
};
use crate::ui::compare::DiffToggle;
use crate::ui::empty::{Empty, ErrorNote};
use crate::ui::load::{Loaded, Loading, load, load_part};
use crate::ui::time::Time;

/// Digits of a digest that are shown.
const DIGEST: usize = 12;

/// The versions of an address: numbers with commas between.
#[cfg(feature = "ssr")]
fn listed(name: &str, versions: &str) -> Vec<(String, String)> {
    let numbers = versions.split(',').map(str::trim).filter(|v| !v.is_empty());
    numbers.map(|number| (name.to_owned(), number.to_owned())).collect()
}

/// All but schemas and files; `None` if there are fewer than two versions.
#[server(prefix = "/_fn", endpoint = "compare_versions")]
async fn load_comparison(name: String, versions: String) -> UiResult<Option<Comparison>> {
    let versions = listed(&name, &versions);
    if versions.len() < 2 {
        return Ok(None);
    }
    Ok(Some(crate::error::service().compare_records(versions).await?))
}

/// What the artifact store knows of the versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stored {
    inputs: Vec<Line<FieldType>>,
    outputs: Vec<Line<FieldType>>,
    artifacts: Vec<Line<FileFacts>>,
    is_truncated: bool,
    /// What could not be read, as sentences.
    problems: Vec<String>,
}

type StoredPart = Loaded<Option<UiResult<Option<Stored>>>>;

#[server(prefix = "/_fn", endpoint = "compare_files")]
async fn load_stored(name: String, versions: String) -> UiResult<Option<Stored>> {
    let versions = listed(&name, &versions);
    if versions.len() < 2 {
        return Ok(None);
    }
    let compared = crate::error::service().compare_versions(versions).await?;
    let problems = compared.sides.iter().flat_map(|side| {
        let of_side = move |text: &String| format!("Version {}: {text}", side.version.version);
        side.problems.iter().map(of_side)
    });
    Ok(Some(Stored {
        problems: problems.collect(),
        inputs: compared.inputs,
        outputs: compared.outputs,
        artifacts: compared.artifacts,
        is_truncated: compared.artifacts_truncated,
    }))
}

/// Lines with their values as they are shown.
fn shown<T>(lines: Vec<Line<T>>, show: fn(T) -> String) -> Vec<Line<String>> {
    let value = |value: Option<T>| value.map(show);
    let line = |line: Line<T>| Line {
        key: line.key,
        values: line.values.into_iter().map(value).collect(),
        differs: line.differs,
    };
    lines.into_iter().map(line).collect()
}

/// Tags that people made.
fn tags(mut lines: Vec<Line<String>>) -> Vec<Line<String>> {
    lines.retain(|line| !domain::is_internal_tag(&line.key));
    lines
}

fn field(field: FieldType) -> String {
    format!("{}{}", field.kind, if field.required { " (required)" } else { "" })
}

/// Size and, where it is known, the start of the digest.
fn file(file: FileFacts) -> String {
    let size = file.size.map_or_else(|| "unknown size".to_owned(), format::bytes);
    match file.sha256 {
        Some(digest) => format!("{size} · SHA-256 {}…", digest.get(..DIGEST).unwrap_or(&digest)),
        None => size,
    }
}

/// Versions of a model side by side.
#[component]
pub(crate) fn ComparePage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query();
    let asked = Memo::new(move |_| {
        let name = params.with(|p| p.get("name").unwrap_or_default());
        (name, query.with(|q| q.all("versions").collect::<Vec<_>>().join(",")))
    });
    let comparison = load(move || asked.get(), |(name, versions)| load_comparison(name, versions));
    let stored = load_part(move || asked.get(), |(name, versions)| load_stored(name, versions));
    view! {
        <Transition fallback=|| view! { <div class="skeleton" aria-busy="true"></div> }>
            {move || Suspend::new(async move {
                match comparison.await {
                    Ok(Some(comparison)) => view! { <SideBySide name=asked.get_untracked().0 comparison stored/> }.into_any(),
                    Ok(None) => view! { <Nothing name=asked.get_untracked().0/> }.into_any(),
                    Err(error) => view! { <ErrorPage error/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Nothing(name: String) -> impl IntoView {
    view! {
        <Title text="Compare versions"/>
        <RegistryBreadcrumb model=name.clone()/>
        <Empty title="Nothing to compare yet">
            <p>"Tick two or more versions of the model, then press Compare."</p>
            <a class="button primary" href=model_href(&name)>"Choose versions"</a>
        </Empty>
    }
}

#[component]
fn SideBySide(name: String, comparison: Comparison, stored: StoredPart) -> impl IntoView {
    // In the address, so that a link shows what its sender saw: `all=1` shows the rows that are the same too.
    let query = use_query();
    let only_diff = Memo::new(move |_| query.with(|q| q.get("all").is_none()));
    let path = use_location().pathname;
    let toggle = Signal::derive(move || {
        let all = if only_diff.get() { "1" } else { "" };
        path.with(|path| query.get().with("all", all).href(path))
    });
    let Comparison { sides, params, metrics, .. } = comparison;
    let (version_tags, run_tags, model_tags) = (comparison.tags, comparison.run_tags, comparison.logged_model_tags);
    let count = sides.len();
    let labels = StoredValue::new(sides.iter().map(|side| format!("Version {}", side.version.version)).collect());
    let part = |title, lines| view! { <Part title lines only_diff columns=count/> };
    view! {
        <Title text=format!("Compare versions of {name}")/>
        <RegistryBreadcrumb model=name.clone()/>
        <div class="page-head">
            <h1>{format!("Comparing {count} versions")}</h1>
            <div class="page-actions"><DiffToggle only_diff href=toggle/></div>
        </div>
        <div class="table-scroll">
            <table class="grid compare-grid" aria-label="Versions side by side">
                <Head sides/>
                {part("Parameters", params)}
                {part("Metrics", shown(metrics, |number| format::metric(number.0)))}
                {part("Tags", tags(version_tags))}
                {part("Run tags", tags(run_tags))}
                {part("Logged model tags", tags(model_tags))}
            </table>
        </div>
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match stored.await {
                    None => Loading().into_any(),
                    Some(Ok(Some(stored))) => view! { <StoredSide stored versions=labels.get_value() only_diff/> }.into_any(),
                    Some(Ok(None)) => ().into_any(),
                    Some(Err(error)) => view! { <ErrorNote error/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// Schemas and files side by side.
#[component]
fn StoredSide(stored: Stored, versions: Vec<String>, only_diff: Memo<bool>) -> impl IntoView {
    let Stored { inputs, outputs, artifacts, is_truncated, problems } = stored;
    let count = versions.len();
    let truncated = is_truncated.then(|| {
        let text = format!(
            "A version has more than {MAX_FILES} files or very many folders: only the first ones are compared."
        );
        view! { <p class="warn-note">{text}</p> }
    });
    let heads = versions.into_iter().map(|version| view! { <th scope="col">{version}</th> }).collect_view();
    let part = |title, lines| view! { <Part title lines only_diff columns=count/> };
    view! {
        <section class="section" aria-label="Schema and artifacts">
            <h2 class="section-title">"Schema and artifacts"</h2>
            {problems.into_iter().map(|text| view! { <p class="warn-note">{text}</p> }).collect_view()}
            {truncated}
            <div class="table-scroll">
                <table class="grid compare-grid" aria-label="Schemas and artifacts side by side">
                    <thead><tr><th scope="col">"Model version"</th>{heads}</tr></thead>
                    {part("Schema inputs", shown(inputs, field))}
                    {part("Schema outputs", shown(outputs, field))}
                    {part("Artifacts", shown(artifacts, file))}
                </table>
            </div>
        </section>
    }
}

/// Who is compared.
#[component]
fn Head(sides: Vec<Side>) -> impl IntoView {
    let cells = |cell: fn(&Side) -> AnyView| sides.iter().map(|c| view! { <td>{cell(c)}</td> }).collect_view();
    let versions = sides
        .iter()
        .map(|c| {
            let href = version_href(&c.version.name, c.version.version);
            view! { <th scope="col"><a class="link" href=href>{format!("Version {}", c.version.version)}</a></th> }
        })
        .collect_view();
    view! {
        <thead><tr><th scope="col">"Model version"</th>{versions}</tr></thead>
        <tbody>
            <tr>
                <th scope="row">"Run"</th>
                {cells(|c| match &c.run {
                    Some(run) => {
                        let href = run_href(run.experiment_id, &run.run_id, None);
                        view! { <a class="link" href=href>{run.run_name.clone()}</a> }.into_any()
                    }
                    None => view! { <span class="muted">"—"</span> }.into_any(),
                })}
            </tr>
            <tr>
                <th scope="row">"Run started"</th>
                {cells(|c| match &c.run {
                    Some(run) => view! { <Time millis=run.start_time/> }.into_any(),
                    None => view! { <span class="muted">"—"</span> }.into_any(),
                })}
            </tr>
            <tr>
                <th scope="row">"Registered at"</th>
                {cells(|c| view! { <Time millis=c.version.creation_timestamp/> }.into_any())}
            </tr>
            <tr>
                <th scope="row">"Stage"</th>
                {cells(|c| view! { <StageChip stage=c.version.stage/> }.into_any())}
            </tr>
            <tr>
                <th scope="row">"Aliases"</th>
                {cells(|c| {
                    let chips = c.version.aliases.iter().map(|alias| view! { <AliasChip alias=alias.clone()/> }).collect_view();
                    view! { <span class="row">{chips}</span> }.into_any()
                })}
            </tr>
        </tbody>
    }
}

/// One kind of rows.
#[component]
fn Part(title: &'static str, lines: Vec<Line<String>>, only_diff: Memo<bool>, columns: usize) -> impl IntoView {
    let different = lines.iter().filter(|line| line.differs).count();
    let (all, same) = (lines.len(), lines.len() - different);
    let lines = StoredValue::new(lines);
    let width = (columns + 1).to_string();
    let note = move || match (all, different, only_diff.get()) {
        (0, _, _) => Some("None".to_owned()),
        (_, 0, true) => Some(format!("{title} are identical")),
        (_, _, true) if same == 1 => Some("1 more is identical".to_owned()),
        (_, _, true) if same > 0 => Some(format!("{same} more are identical")),
        _ => None,
    };
    let rows = move || {
        let shown = lines.get_value().into_iter().filter(|line| !only_diff.get() || line.differs);
        shown
            .map(|line| {
                let differs = line.differs;
                let cells = line
                    .values
                    .into_iter()
                    .map(|value| view! { <td class="mono">{value.unwrap_or_else(|| "—".to_owned())}</td> })
                    .collect_view();
                view! { <tr class:differs=differs><th scope="row" class="mono">{line.key}</th>{cells}</tr> }
            })
            .collect_view()
    };
    view! {
        <tbody>
            <tr class="group-row"><th scope="rowgroup" colspan=width.clone()>{title}" "<span class="count">{all}</span></th></tr>
            {rows}
            {move || note().map(|text| view! { <tr><td class="muted" colspan=width.clone()>{text}</td></tr> })}
        </tbody>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_shows_what_is_known_of_it() {
        let of = |size, sha256: Option<&str>| file(FileFacts { size, sha256: sha256.map(Into::into) });
        assert_eq!(of(Some(1536), None), "1.5 KiB");
        assert_eq!(of(Some(3), Some("0123456789abcdef")), "3 B · SHA-256 0123456789ab…");
        assert_eq!(of(None, None), "unknown size");
    }
}
