//! Versions of a model side by side.

use std::collections::BTreeSet;

use domain::model_file::{Field, Signature};
use domain::model_versions::ModelVersion;
use domain::runs::Run;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_params_map};
use serde::{Deserialize, Serialize};

use crate::error::UiResult;
use crate::format;
use crate::layout::ErrorPage;
use crate::registered_models::{AliasChip, Breadcrumb, StageChip, model_href, run_href, use_query, version_href};
use crate::ui::empty::Empty;
use crate::ui::tags::is_internal;
use crate::ui::time::Time;

/// The most versions that are compared.
#[cfg(feature = "ssr")]
const MAX_COLUMNS: usize = 20;

/// One version as a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Column {
    version: ModelVersion,
    run: Option<Run>,
    signature: Option<Signature>,
}

/// `versions` are numbers with commas between.
#[server(prefix = "/_fn", endpoint = "compare_versions")]
async fn load_columns(name: String, versions: String) -> UiResult<Vec<Column>> {
    let service = crate::error::service();
    let mut columns = Vec::new();
    for number in versions.split(',').map(str::trim).filter(|v| !v.is_empty()).take(MAX_COLUMNS) {
        let version = service.model_version(&name, number).await?;
        let run =
            if version.run_id.is_empty() { None } else { super::data::found(service.run(&version.run_id).await)? };
        // A model whose files can't be read still has params and metrics to compare.
        let file = service.version_model_file(&name, number).await.unwrap_or_default();
        columns.push(Column { version, run, signature: file.and_then(|f| f.signature) });
    }
    Ok(columns)
}

/// A row: a key, and each column's value if it has one.
type Line = (String, Vec<Option<String>>);

/// Rows of every key that a column has, by key.
fn lines(columns: &[Column], of: impl Fn(&Column) -> Vec<(String, String)>) -> Vec<Line> {
    let columns: Vec<Vec<(String, String)>> = columns.iter().map(of).collect();
    let keys: BTreeSet<&String> = columns.iter().flatten().map(|(key, _)| key).collect();
    let value =
        |column: &Vec<(String, String)>, key: &String| column.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
    keys.into_iter().map(|key| (key.clone(), columns.iter().map(|c| value(c, key)).collect())).collect()
}

fn differs((_, values): &Line) -> bool {
    values.iter().any(|value| *value != values[0])
}

fn params(column: &Column) -> Vec<(String, String)> {
    column.run.iter().flat_map(|run| &run.data.params).map(|p| (p.key.clone(), p.value.clone())).collect()
}

fn metrics(column: &Column) -> Vec<(String, String)> {
    column.run.iter().flat_map(|run| &run.data.metrics).map(|m| (m.key.clone(), format::metric(m.value))).collect()
}

fn tags(column: &Column) -> Vec<(String, String)> {
    column.version.tags.iter().filter(|t| !is_internal(&t.key)).map(|t| (t.key.clone(), t.value.clone())).collect()
}

/// The fields of one side by name; an unnamed one by its place.
fn fields(column: &Column, side: fn(&Signature) -> &Vec<Field>) -> Vec<(String, String)> {
    let fields = column.signature.iter().flat_map(side).enumerate();
    fields
        .map(|(place, field)| {
            let name = field.name.clone().unwrap_or_else(|| format!("- ({})", place + 1));
            (name, format!("{}{}", field.kind, if field.required { " (required)" } else { "" }))
        })
        .collect()
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
    let columns = Resource::new(move || asked.get(), |(name, versions)| load_columns(name, versions));
    view! {
        <Transition fallback=|| view! { <div class="skeleton" aria-busy="true"></div> }>
            {move || Suspend::new(async move {
                match columns.await {
                    Ok(columns) => view! { <Comparison name=asked.get_untracked().0 columns/> }.into_any(),
                    Err(error) => view! { <ErrorPage error/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Comparison(name: String, columns: Vec<Column>) -> impl IntoView {
    if columns.len() < 2 {
        return view! {
            <Title text="Compare versions"/>
            <Breadcrumb model=name.clone()/>
            <Empty title="Nothing to compare yet.">
                <p>"Tick two or more versions of the model, then press Compare."</p>
                <a class="button primary" href=model_href(&name)>"Choose versions"</a>
            </Empty>
        }
        .into_any();
    }
    // In the address, so that a link shows what its sender saw: `all=1` shows the rows that are the same too.
    let query = use_query();
    let only_diff = Memo::new(move |_| query.with(|q| q.get("all").is_none()));
    let (path, navigate) = (use_location().pathname, use_navigate());
    let toggle = move |on: bool| {
        let href = query.get_untracked().with("all", if on { "" } else { "1" }).href(&path.get_untracked());
        navigate(&href, NavigateOptions { scroll: false, replace: true, ..NavigateOptions::default() });
    };
    let count = columns.len();
    let part = |title, lines| view! { <Part title lines only_diff columns=count/> };
    let inputs = lines(&columns, |c| fields(c, |s| &s.inputs));
    let outputs = lines(&columns, |c| fields(c, |s| &s.outputs));
    view! {
        <Title text=format!("Compare versions of {name}")/>
        <Breadcrumb model=name.clone()/>
        <div class="page-head">
            <h1>{format!("Comparing {count} Versions")}</h1>
            <label class="check ml-auto">
                <input type="checkbox" checked=only_diff.get_untracked() prop:checked=move || only_diff.get()
                    on:change:target=move |e| toggle(e.target().checked())/>
                "Show diff only"
            </label>
        </div>
        <div class="table-scroll">
            <table class="grid" aria-label="Versions side by side">
                <Head columns=columns.clone()/>
                {part("Parameters", lines(&columns, params))}
                {part("Metrics", lines(&columns, metrics))}
                {part("Schema inputs", inputs)}
                {part("Schema outputs", outputs)}
                {part("Tags", lines(&columns, tags))}
            </table>
        </div>
    }
    .into_any()
}

/// Who is compared.
#[component]
fn Head(columns: Vec<Column>) -> impl IntoView {
    let cells = |cell: fn(&Column) -> AnyView| columns.iter().map(|c| view! { <td>{cell(c)}</td> }).collect_view();
    let versions = columns
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
                <th scope="row" class="static">"Run"</th>
                {cells(|c| match &c.run {
                    Some(run) => {
                        let href = run_href(run.info.experiment_id, &run.info.run_id, None);
                        view! { <a class="link" href=href>{run.info.run_name.clone()}</a> }.into_any()
                    }
                    None => view! { <span class="muted">"—"</span> }.into_any(),
                })}
            </tr>
            <tr>
                <th scope="row" class="static">"Run started"</th>
                {cells(|c| match &c.run {
                    Some(run) => view! { <Time millis=run.info.start_time/> }.into_any(),
                    None => view! { <span class="muted">"—"</span> }.into_any(),
                })}
            </tr>
            <tr>
                <th scope="row" class="static">"Registered at"</th>
                {cells(|c| view! { <Time millis=c.version.creation_timestamp/> }.into_any())}
            </tr>
            <tr>
                <th scope="row" class="static">"Stage"</th>
                {cells(|c| view! { <StageChip stage=c.version.stage/> }.into_any())}
            </tr>
            <tr>
                <th scope="row" class="static">"Aliases"</th>
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
fn Part(title: &'static str, lines: Vec<Line>, only_diff: Memo<bool>, columns: usize) -> impl IntoView {
    let different = lines.iter().filter(|line| differs(line)).count();
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
        let shown = lines.get_value().into_iter().filter(|line| !only_diff.get() || differs(line));
        shown
            .map(|line| {
                let class = if differs(&line) { "bg-[var(--warn-soft)]" } else { "" };
                let (key, values) = line;
                let cells = values
                    .into_iter()
                    .map(|value| view! { <td class="mono">{value.unwrap_or_else(|| "—".to_owned())}</td> })
                    .collect_view();
                view! { <tr class=class><th scope="row" class="static mono">{key}</th>{cells}</tr> }
            })
            .collect_view()
    };
    view! {
        <tbody>
            <tr><th class="static" scope="rowgroup" colspan=width.clone()>{title}" ("{all}")"</th></tr>
            {rows}
            {move || note().map(|text| view! { <tr><td class="muted" colspan=width.clone()>{text}</td></tr> })}
        </tbody>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_one_lacks_is_a_difference() {
        assert!(differs(&("lr".into(), vec![Some("0.1".into()), None])));
        assert!(!differs(&("lr".into(), vec![Some("0.1".into()), Some("0.1".into())])));
    }
}
