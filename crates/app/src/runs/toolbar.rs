//! Search, time, state and order of the runs table: one form, which works without scripts as well.

use leptos::html;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::columns::{Column, Group, quoted};
use super::export::ExportLink;
use super::picker::ColumnPicker;
use super::shown::{Loading, Shown};
use super::url::{RunsQuery, Within};
use crate::ui::empty::ErrorNote;
use crate::ui::icon::{Icon, IconName};
use crate::ui::search::{SearchField, SearchHelp};
use crate::ui::sort::SortMark;

/// Examples of the search language.
const EXAMPLES: &[&str] = &[
    "metrics.rmse >= 0.8",
    "metrics.`f1 score` < 1",
    "params.model = 'tree'",
    "attributes.run_name LIKE 'my run%'",
    "tags.`mlflow.user` = 'me'",
    "metrics.f1 > 0.9 AND params.model = 'tree'",
    "dataset.name IN ('train', 'test')",
];

/// Goes to another state of the table: the new query, and whether it replaces the present one in the history.
pub(crate) type Go = Callback<(RunsQuery, bool)>;

/// How this page goes from one state to the next.
pub(crate) fn use_go(experiment_id: Signal<String>) -> Go {
    let navigate = use_navigate();
    Callback::new(move |(query, replace): (RunsQuery, bool)| {
        let options = NavigateOptions { scroll: false, replace, ..NavigateOptions::default() };
        navigate(&query.address(&experiment_id.get_untracked()), options);
    })
}

/// Hidden fields that keep what a form has no control for.
pub(crate) fn kept(query: &RunsQuery, own: &'static [&'static str]) -> impl IntoView + use<> {
    query
        .pairs()
        .into_iter()
        .filter(|(key, _)| *key != "page" && !own.contains(key))
        .map(|(key, value)| view! { <input type="hidden" name=key value=value/> })
        .collect_view()
}

/// The row of controls above the table.
#[component]
pub(crate) fn Toolbar(shown: Shown, go: Go) -> impl IntoView {
    let query = shown.query;
    let text = RwSignal::new(query.with_untracked(|q| q.filter.clone()));
    // The address changes by Back and by links as well.
    Effect::new(move |_| text.set(query.with(|q| q.filter.clone())));
    let apply = move |change: &dyn Fn(&mut RunsQuery)| {
        go.run((query.with_untracked(|q| q.changed(|q| change(q))), false));
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let filter = text.with_untracked(|t| t.trim().to_owned());
        apply(&|q| q.filter.clone_from(&filter));
    };
    let address = move |change: &dyn Fn(&mut RunsQuery)| {
        query.with(|q| q.changed(|q| change(q))).address(&shown.experiment_id.get())
    };
    let turned = move || address(&|q| q.ascending = !q.ascending);
    let direction = move || {
        if query.with(|q| q.ascending) { "Ascending: turn round" } else { "Descending: turn round" }
    };
    view! {
        <div class="runs-toolbar">
            <form class="contents" method="get" role="search" action=move || RunsQuery::default().address(&shown.experiment_id.get()) on:submit=submit>
                <SearchField name="filter" label="Search runs" text placeholder="metrics.rmse < 1 and params.model = \"tree\"" list="run-filters"
                    described_by="filter-problem" invalid=Signal::derive(move || shown.problem.with(Option::is_some))
                    on_clear=Callback::new(move |()| if !query.with_untracked(|q| q.filter.is_empty()) {
                        apply(&|q| q.filter.clear());
                    })/>
                <Suggestions shown text/>
                <SearchHelp intro="Comparisons joined by AND, for example:" examples=EXAMPLES/>
                <select class="input" name="created" aria-label="Time created"
                    on:change:target=move |e| { let within = Within::parse(&e.target().value()); apply(&|q| q.within = within); }>
                    <option value="" selected=move || query.with(|q| q.within.is_none())>"All time"</option>
                    {Within::ALL.into_iter().map(|within| view! {
                        <option value=within.id() selected=move || query.with(|q| q.within == Some(within))>{within.label()}</option>
                    }).collect_view()}
                </select>
                <select class="input" name="state" aria-label="State"
                    on:change:target=move |e| { let deleted = e.target().value() == "deleted"; apply(&|q| q.deleted = deleted); }>
                    <option value="" selected=move || !query.with(|q| q.deleted)>"State: Active"</option>
                    <option value="deleted" selected=move || query.with(|q| q.deleted)>"State: Deleted"</option>
                </select>
                <SortSelect shown go/>
                <a class="icon-button" data-noscroll="" href=turned title=direction aria-label=direction>
                    {move || view! { <SortMark ascending=query.with(|q| q.ascending)/> }}
                </a>
                {move || query.with(|q| kept(q, &["filter", "created", "state", "sort", "dir"]))}
            </form>
            <ColumnPicker shown go/>
            <ExportLink experiment_id=shown.experiment_id query/>
            <button type="button" class="icon-button" title="Refresh" aria-label="Refresh the runs" aria-busy=move || (shown.loading.get() == Loading::Again).to_string()
                on:click=move |_| shown.refresh()>
                <Icon name=IconName::Refresh/>
            </button>
        </div>
        <div id="filter-problem" aria-live="polite">
            {move || shown.problem.get().map(|error| view! {
                <div class="row">
                    <ErrorNote error/>
                    <a class="link" data-noscroll="" href=move || address(&|q| q.filter.clear())>"Clear the search"</a>
                </div>
            })}
        </div>
    }
}

/// Every field that the search language sorts by, once; the direction is beside it.
#[component]
fn SortSelect(shown: Shown, go: Go) -> impl IntoView {
    let query = shown.query;
    let node = NodeRef::<html::Select>::new();
    let change = move |_| {
        let column = node.get_untracked().and_then(|select| Column::parse(&select.value()));
        if let Some(column) = column {
            let next = query.with_untracked(|q| {
                q.changed(|q| {
                    q.ascending = column.ascends_first();
                    q.sort = column;
                })
            });
            go.run((next, false));
        }
    };
    let option = move |column: Column| {
        let (id, label) = (column.id(), column.label());
        let chosen = move || query.with(|q| q.sort == column);
        view! { <option value=id selected=chosen>{format!("Sort: {label}")}</option> }
    };
    let group = move |group: Group, of: fn(String) -> Column, keys: Vec<String>| {
        (!keys.is_empty()).then(|| {
            let options = keys.into_iter().map(|key| option(of(key))).collect_view();
            view! { <optgroup label=group.label()>{options}</optgroup> }
        })
    };
    // What it is sorted by is on the list even if no loaded run has it.
    let keys = Memo::new(move |_| {
        let mut keys = shown.keys.get();
        match query.with(|q| q.sort.clone()) {
            Column::Metric(key) if !keys.metrics.contains(&key) => keys.metrics.push(key),
            Column::Param(key) if !keys.params.contains(&key) => keys.params.push(key),
            Column::Tag(key) if !keys.tags.contains(&key) => keys.tags.push(key),
            _ => {}
        }
        keys
    });
    view! {
        <select class="input sort-select" name="sort" aria-label="Sort by" node_ref=node on:change=change>
            <optgroup label=Group::Attributes.label()>{Column::SORTABLE.into_iter().map(option).collect_view()}</optgroup>
            {move || {
                let keys = keys.get();
                (
                    group(Group::Metrics, Column::Metric, keys.metrics),
                    group(Group::Parameters, Column::Param, keys.params),
                    group(Group::Tags, Column::Tag, keys.tags),
                )
            }}
        </select>
    }
}

/// Completes the last word of the search with the keys of the loaded runs.
#[component]
fn Suggestions(shown: Shown, text: RwSignal<String>) -> impl IntoView {
    let all = Memo::new(move |_| {
        shown.keys.with(|keys| {
            let named = |prefix: &'static str, keys: &[String]| {
                keys.iter().map(move |key| format!("{prefix}.{}", quoted(key))).collect::<Vec<_>>()
            };
            [named("metrics", &keys.metrics), named("params", &keys.params), named("tags", &keys.tags)].concat()
        })
    });
    let options = move || text.with(|text| all.with(|all| suggestions(text, all)));
    view! {
        <datalist id="run-filters">
            {move || options().into_iter().map(|option| view! { <option value=option></option> }).collect_view()}
        </datalist>
    }
}

/// Whole searches that `text` could become, with its last word completed.
fn suggestions(text: &str, all: &[String]) -> Vec<String> {
    const MOST: usize = 30;
    let start = text.rfind(char::is_whitespace).map_or(0, |i| i + 1);
    let Some((before, word)) = text.split_at_checked(start) else { return Vec::new() };
    // After a complete comparison comes AND, not a key.
    if !before.trim().is_empty() && !before.trim().to_lowercase().ends_with("and") {
        return Vec::new();
    }
    let fits = |key: &&String| key.to_lowercase().contains(&word.to_lowercase()) && **key != word;
    all.iter().filter(fits).take(MOST).map(|key| format!("{before}{key}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_is_completed() {
        let all = ["metrics.loss".to_owned(), "params.lr".to_owned()];
        assert_eq!(suggestions("met", &all), ["metrics.loss"]);
        assert_eq!(suggestions("metrics.loss < 1 and LR", &all), ["metrics.loss < 1 and params.lr"]);
        assert_eq!(suggestions("metrics.loss < 1 ", &all), Vec::<String>::new());
    }
}
