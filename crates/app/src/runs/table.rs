//! The page of an experiment: its runs as a table.

use std::collections::HashSet;

use leptos::prelude::*;
use leptos::reactive::computed::ScopedFuture;
use leptos_router::hooks::{use_location, use_params_map};

use super::data::{Batch, Head, load_head, load_runs};
use super::empty::NoRuns;
use super::grid::Grid;
use super::header::Header;
use super::selection::SelectionBar;
use super::shown::{Loading, Shown};
use super::sidebar::Sidebar;
use super::toolbar::{Toolbar, use_go};
use super::url::RunsQuery;
use crate::error::UiResult;
use crate::layout::ErrorPage;
use crate::ui::load::{Loaded, load};

/// The runs of an experiment as a table.
#[component]
pub(crate) fn RunsPage() -> impl IntoView {
    let params = use_params_map();
    let search = use_location().search;
    let id = Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()));
    let query = Memo::new(move |_| search.with(|search| RunsQuery::parse(search)));
    let head_version = RwSignal::new(0_u32);
    let head = load(move || (id.get(), head_version.get()), |(id, _)| load_head(id));
    let runs = load(move || (id.get(), query.with(RunsQuery::text)), |(id, query)| load_runs(id, query));
    // Both are loading by now. The page waits for the first answers and then lives on signals: made anew for each
    // answer, it would lose the focus, open menus and what is ticked.
    view! {
        <Transition fallback=|| view! { <div class="skeleton" aria-label="Loading"></div> }>
            {move || Suspend::new(async move {
                let (head_now, runs_now) = ScopedFuture::new_untracked(async move { (head.await, runs.await) }).await;
                view! { <Page id query head runs head_version head_now runs_now/> }
            })}
        </Transition>
    }
}

#[component]
fn Page(
    id: Memo<String>,
    query: Memo<RunsQuery>,
    head: Loaded<UiResult<Head>>,
    runs: Loaded<UiResult<Batch>>,
    head_version: RwSignal<u32>,
    head_now: UiResult<Head>,
    runs_now: UiResult<Batch>,
) -> impl IntoView {
    let (first, problem) = match head_now {
        Ok(head) => (head, None),
        Err(error) => (Head::default(), Some(error)),
    };
    let current = RwSignal::new(first);
    let problem = RwSignal::new(problem);
    let shown = Shown::new(id.into(), query, runs_now);
    // What came first is shown already.
    Effect::new(move |seen: Option<()>| match (head.get(), seen) {
        (Some(Ok(head)), Some(())) => {
            current.set(head);
            problem.set(None);
        }
        (Some(Err(error)), Some(())) => problem.set(Some(error)),
        _ => {}
    });
    Effect::new(move |seen: Option<()>| {
        if let (Some(answer), Some(())) = (runs.get(), seen) {
            shown.replace(answer);
        }
    });
    Effect::new(move |seen: Option<String>| {
        let id = id.get();
        if seen.is_some_and(|seen| seen != id) {
            shown.forget();
        }
        id
    });
    let reload_head = Callback::new(move |()| head_version.update(|v| *v += 1));
    let go = use_go(id.into());
    let is_empty = Memo::new(move |_| shown.rows.with(Vec::is_empty));
    let experiment = Signal::derive(move || current.with(|head| head.experiment.clone()));
    view! {
        <Show
            when=move || problem.with(Option::is_none)
            fallback=move || problem.get().map(|error| view! { <ErrorPage error/> })
        >
            <div class="runs-page">
                <Sidebar head=current.into()/>
                <div class="runs-main">
                    <Header head=current.into() reload=reload_head/>
                    <Toolbar shown go/>
                    <SelectionBar shown/>
                    <Show
                        when=move || !is_empty.get()
                        fallback=move || view! {
                            <Show when=move || shown.problem.with(Option::is_none)><NoRuns shown experiment/></Show>
                        }
                    >
                        <Grid shown/>
                        <Footer shown/>
                    </Show>
                </div>
            </div>
        </Show>
    }
}

/// How many runs there are, and the way to those that are not loaded yet.
#[component]
fn Footer(shown: Shown) -> impl IntoView {
    let next = move || {
        shown.next.get().map(|token| {
            let query = shown.query.with(|query| RunsQuery { page: Some(token), ..query.clone() });
            let more = move |event: leptos::ev::MouseEvent| {
                if !(event.ctrl_key() || event.meta_key() || event.shift_key()) {
                    event.prevent_default();
                    shown.load_more();
                }
            };
            view! { <a class="link" href=query.address(&shown.experiment_id.get()) on:click=more>"Load more"</a> }
        })
    };
    let first = move || {
        let query = shown.query.get();
        query.page.is_some().then(|| {
            let first = query.changed(|_| {});
            view! { <a class="link" href=first.address(&shown.experiment_id.get())>"Back to the first page"</a> }
        })
    };
    let parents = Memo::new(move |_| shown.parents());
    let nested = move || {
        !parents.with(HashSet::is_empty) && shown.query.with(|query| query.sort == super::columns::Column::Created)
    };
    let fold_all = move |_| {
        let all = if shown.closed.with_untracked(HashSet::is_empty) { parents.get_untracked() } else { HashSet::new() };
        shown.closed.set(all);
    };
    view! {
        <div class="row runs-footer">
            <span>
                <strong>{move || shown.total.get()}</strong>
                {move || if shown.total.get() == 1 { " matching run" } else { " matching runs" }}
                <span class="muted">{move || {
                    let loaded = shown.rows.with(Vec::len);
                    (u64::try_from(loaded).unwrap_or(u64::MAX) < shown.total.get()).then(|| format!(", {loaded} loaded"))
                }}</span>
            </span>
            {move || if shown.loading.get() == Loading::More { leptos::either::Either::Left(view! { <span class="muted">"Loading…"</span> }) } else { leptos::either::Either::Right(next()) }}
            {first}
            <Show when=nested>
                <button type="button" class="link" on:click=fold_all>
                    {move || if shown.closed.with(HashSet::is_empty) { "Fold nested runs" } else { "Unfold nested runs" }}
                </button>
            </Show>
        </div>
    }
}
