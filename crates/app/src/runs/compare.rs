//! Runs side by side.

use std::collections::BTreeSet;

use domain::Millis;
use domain::runs::RunStatus;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_params_map};
use serde::{Deserialize, Serialize};

use super::cells::{run_address, took};
use super::status::StatusChip;
use crate::error::UiResult;
use crate::format;
use crate::layout::ErrorPage;
use crate::query;
use crate::ui::compare::DiffToggle;
use crate::ui::empty::Empty;
use crate::ui::head::Breadcrumb;
use crate::ui::load::load;
use crate::ui::url_encode;

/// Most runs side by side.
#[cfg(feature = "ssr")]
const MAX_RUNS: usize = 100;

/// A run as a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Compared {
    id: String,
    experiment_id: String,
    name: String,
    status: RunStatus,
    start: Millis,
    end: Option<Millis>,
}

/// A param, metric or tag as a row: what it is shown as, and what it is, for each run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    key: String,
    values: Vec<Option<(String, String)>>,
}

impl Line {
    fn differs(&self) -> bool {
        let full = |value: &Option<(String, String)>| value.as_ref().map(|(_, full)| full.clone());
        self.values.iter().map(full).collect::<BTreeSet<_>>().len() > 1
    }
}

/// All that the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Comparison {
    experiment: String,
    runs: Vec<Compared>,
    params: Vec<Line>,
    metrics: Vec<Line>,
    tags: Vec<Line>,
}

/// A key, and its value in short and in full.
#[cfg(feature = "ssr")]
type Fact = (String, String, String);

/// Each key that any run has, with what each run has for it.
#[cfg(feature = "ssr")]
fn lines(runs: &[domain::runs::Run], of: impl Fn(&domain::runs::Run) -> Vec<Fact>) -> Vec<Line> {
    let facts: Vec<Vec<Fact>> = runs.iter().map(of).collect();
    let keys: BTreeSet<&String> = facts.iter().flatten().map(|(key, ..)| key).collect();
    let value = |facts: &Vec<Fact>, key: &String| {
        facts.iter().find(|(k, ..)| k == key).map(|(_, short, full)| (short.clone(), full.clone()))
    };
    let line = |key: &String| Line { key: key.clone(), values: facts.iter().map(|facts| value(facts, key)).collect() };
    keys.into_iter().map(line).collect()
}

/// The runs of these ids, in this order.
#[server(prefix = "/_fn", endpoint = "compare_runs")]
pub(crate) async fn load_comparison(experiment_id: String, run_ids: Vec<String>) -> UiResult<Comparison> {
    let service = crate::error::service();
    if run_ids.len() > MAX_RUNS {
        return Err(domain::Error::invalid(format!("At most {MAX_RUNS} runs can be compared at a time.")).into());
    }
    let experiment = service.experiment(&experiment_id).await?.name;
    let mut runs = Vec::with_capacity(run_ids.len());
    for id in &run_ids {
        runs.push(service.run(id).await?);
    }
    let texts = |pairs: &[domain::KeyValue]| {
        pairs.iter().map(|p| (p.key.clone(), p.value.clone(), p.value.clone())).collect::<Vec<_>>()
    };
    let own = |key: &str| !domain::is_internal_tag(key);
    Ok(Comparison {
        experiment,
        params: lines(&runs, |run| texts(&run.data.params)),
        metrics: lines(&runs, |run| {
            run.data.metrics.iter().map(|m| (m.key.clone(), format::metric(m.value), m.value.to_string())).collect()
        }),
        tags: lines(&runs, |run| texts(&run.data.tags).into_iter().filter(|(key, ..)| own(key)).collect()),
        runs: runs
            .into_iter()
            .map(|run| Compared {
                id: run.info.run_id,
                experiment_id: run.info.experiment_id.to_string(),
                name: run.info.run_name,
                status: run.info.status,
                start: run.info.start_time,
                end: run.info.end_time,
            })
            .collect(),
    })
}

/// Params, metrics and tags of several runs side by side: `?runs=a,b`, `&diff=1` for those that differ.
#[component]
pub(crate) fn ComparePage() -> impl IntoView {
    let params = use_params_map();
    let search = use_location().search;
    let id = Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()));
    let value = move |wanted: &str| {
        search.with(|search| query::parse(search).into_iter().find(|(key, _)| key == wanted).map(|(_, value)| value))
    };
    let runs = Memo::new(move |_| {
        let mut ids: Vec<String> = Vec::new();
        for id in value("runs").unwrap_or_default().split(',').filter(|id| !id.is_empty()) {
            if !ids.iter().any(|known| known == id) {
                ids.push(id.to_owned());
            }
        }
        ids
    });
    let diff = Memo::new(move |_| value("diff").is_some());
    let data = load(
        move || (id.get(), runs.get()),
        |(id, runs)| async move { if runs.is_empty() { Ok(None) } else { load_comparison(id, runs).await.map(Some) } },
    );
    let toggle = move || {
        let ids = runs.with(|ids| ids.iter().map(|id| url_encode(id)).collect::<Vec<_>>().join(","));
        let diff = if diff.get() { "" } else { "&diff=1" };
        crate::ui::at(&format!("/experiments/{}/compare?runs={ids}{diff}", url_encode(&id.get())))
    };
    let back = move || crate::ui::at(&format!("/experiments/{}", url_encode(&id.get())));
    view! {
        <Title text="Compare runs"/>
        <Transition fallback=|| view! { <div class="skeleton" aria-label="Loading"></div> }>
            {move || Suspend::new(async move {
                use leptos::either::EitherOf3;
                match data.await {
                    Ok(Some(comparison)) => EitherOf3::A(view! {
                        <Breadcrumb steps=[
                            ("Experiments".to_owned(), crate::ui::at("/experiments")),
                            (comparison.experiment.clone(), back()),
                        ]/>
                        <div class="page-head">
                            <h1>{match comparison.runs.len() { 1 => "Comparing 1 run".to_owned(), n => format!("Comparing {n} runs") }}</h1>
                            <div class="page-actions"><DiffToggle only_diff=diff href=Signal::derive(toggle)/></div>
                        </div>
                        <Side comparison diff/>
                    }),
                    Ok(None) => EitherOf3::B(view! {
                        <Empty title="No runs chosen">
                            <p><a class="link" href=back>"Tick runs in the table"</a>", then press Compare."</p>
                        </Empty>
                    }),
                    Err(error) => EitherOf3::C(view! { <ErrorPage error/> }),
                }
            })}
        </Transition>
    }
}

#[component]
fn Side(comparison: Comparison, diff: Memo<bool>) -> impl IntoView {
    let Comparison { runs, params, metrics, tags, .. } = comparison;
    let span = runs.len() + 1;
    let heads = runs
        .iter()
        .map(|run| view! { <th scope="col"><a class="link" href=run_address(&run.experiment_id, &run.id)>{run.name.clone()}</a></th> })
        .collect_view();
    let row = |label: &'static str, cells: Vec<AnyView>| {
        view! { <tr><th scope="row">{label}</th>{cells.into_iter().map(|cell| view! { <td>{cell}</td> }).collect_view()}</tr> }
    };
    let started = |run: &Compared| (run.start > 0).then(|| format!("{} UTC", format::timestamp(run.start))).into_any();
    let took = |run: &Compared| took(run.start, run.end).into_any();
    view! {
        <div class="table-scroll">
            <table class="grid compare-grid">
                <thead><tr><th scope="col">"Run"</th>{heads}</tr></thead>
                <tbody>
                    {row("Run ID", runs.iter().map(|run| view! { <span class="mono">{run.id.clone()}</span> }.into_any()).collect())}
                    {row("Status", runs.iter().map(|run| view! { <StatusChip status=run.status/> }.into_any()).collect())}
                    {row("Started", runs.iter().map(started).collect())}
                    {row("Duration", runs.iter().map(took).collect())}
                </tbody>
                <Lines title="Metrics" lines=metrics number=true span diff/>
                <Lines title="Parameters" lines=params number=false span diff/>
                <Lines title="Tags" lines=tags number=false span diff/>
            </table>
        </div>
    }
}

#[component]
fn Lines(title: &'static str, lines: Vec<Line>, number: bool, span: usize, diff: Memo<bool>) -> impl IntoView {
    let nothing = if lines.is_empty() { "None".to_owned() } else { format!("{title} are identical") };
    let lines: Vec<(Line, bool)> = lines.into_iter().map(|line| (line.clone(), line.differs())).collect();
    let any = lines.iter().any(|(_, differs)| *differs);
    let count = lines.len();
    let rows = lines
        .into_iter()
        .map(|(line, differs)| {
            let cells = line.values.into_iter().map(|value| {
                let (short, full) = value.unwrap_or_else(|| ("—".to_owned(), String::new()));
                view! { <td class:number=number title=full>{short}</td> }
            });
            view! {
                <tr class:differs=differs hidden=move || diff.get() && !differs>
                    <th scope="row">{line.key}</th>
                    {cells.collect_view()}
                </tr>
            }
        })
        .collect_view();
    view! {
        <tbody>
            <tr class="group-row"><th scope="rowgroup" colspan=span>{title}" "<span class="count">{count}</span></th></tr>
            {rows}
            <tr hidden=move || { count > 0 && (any || !diff.get()) }><td class="muted" colspan=span>{nothing}</td></tr>
        </tbody>
    }
}
