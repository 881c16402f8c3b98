//! The page that lists experiments.

use leptos::either::{Either, EitherOf3};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use super::data::{ListQuery, Row, Sort, load_experiments, restore_experiment};
use super::dialogs::{CreateExperiment, DeleteExperiment, RenameExperiment, Target};
use crate::layout::ErrorPage;
use crate::runs::ExperimentName;
use crate::ui::empty::Empty;
use crate::ui::head::ActionButton;
use crate::ui::icon::{Icon, IconName};
use crate::ui::load::load;
use crate::ui::search::SearchField;
use crate::ui::sort::{SortLink, aria_sort};
use crate::ui::tags::TagChips;
use crate::ui::time::Time;
use crate::ui::toast::messages;
use crate::ui::url_encode;

/// What a row's buttons do.
#[derive(Clone, Copy)]
struct Dialogs {
    rename: Target,
    delete: Target,
    restore: Action<ExperimentName, ()>,
}

/// All experiments.
#[component]
pub(crate) fn ExperimentsPage() -> impl IntoView {
    let messages = messages();
    let search = use_location().search;
    let query = Memo::new(move |_| search.with(|search| ListQuery::parse(search)));
    let version = RwSignal::new(0_u32);
    let reload = Callback::new(move |()| version.update(|version| *version += 1));
    let data = load(
        move || (query.with(ListQuery::address), version.get()),
        |(address, _)| load_experiments(address.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default()),
    );
    let creating = RwSignal::new(false);
    let restore = Action::new(move |experiment: &ExperimentName| {
        let experiment = experiment.clone();
        async move {
            match restore_experiment(experiment.id.clone()).await {
                Ok(()) => {
                    let address = crate::ui::at(&format!("/experiments/{}", url_encode(&experiment.id)));
                    messages.done_with_link(format!("Experiment \"{}\" restored.", experiment.name), "Open", address);
                    reload.run(());
                }
                Err(error) => messages.failed(error.to_string()),
            }
        }
    });
    let dialogs = Dialogs { rename: Target::new(), delete: Target::new(), restore };
    view! {
        <Title text="Experiments"/>
        <div class="page-head">
            <h1>"Experiments"</h1>
            <div class="page-actions">
                <button type="button" class="button primary" on:click=move |_| creating.set(true)><Icon name=IconName::Plus/>"Create experiment"</button>
            </div>
        </div>
        <SearchForm query/>
        <Transition fallback=|| view! { <div class="skeleton" aria-label="Loading"></div> }>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(data) if data.rows.is_empty() => EitherOf3::A(view! { <NoExperiments query=query.get_untracked()/> }),
                    Ok(data) => EitherOf3::B(view! { <List rows=data.rows next=data.next query=query.get_untracked() dialogs/> }),
                    Err(error) => EitherOf3::C(view! { <ErrorPage error/> }),
                }
            })}
        </Transition>
        <CreateExperiment open=creating/>
        <RenameExperiment target=dialogs.rename on_done=reload/>
        <DeleteExperiment target=dialogs.delete on_done=reload/>
    }
}

#[component]
fn SearchForm(query: Memo<ListQuery>) -> impl IntoView {
    let navigate = use_navigate();
    let go = Callback::new(move |query: ListQuery| {
        navigate(&query.address(), NavigateOptions { scroll: false, ..NavigateOptions::default() });
    });
    let text = RwSignal::new(query.with_untracked(|query| query.search.clone()));
    Effect::new(move |_| text.set(query.with(|query| query.search.clone())));
    let apply = move || {
        let search = text.with_untracked(|text| text.trim().to_owned());
        let next = query.with_untracked(|query| query.changed(|query| query.search = search));
        if query.with_untracked(|query| query.search != next.search) {
            go.run(next);
        }
    };
    let state =
        move |deleted: bool| go.run(query.with_untracked(|query| query.changed(|query| query.deleted = deleted)));
    let kept = move || {
        let pairs = query.with(ListQuery::pairs).into_iter().filter(|(key, _)| matches!(*key, "sort" | "dir"));
        pairs.map(|(key, value)| view! { <input type="hidden" name=key value=value/> }).collect_view()
    };
    view! {
        <form class="row list-form" method="get" action=crate::ui::at("/experiments") role="search" on:submit=move |e| { e.prevent_default(); apply(); }>
            <SearchField name="search" label="Search experiments" text placeholder="Search by name" on_clear=Callback::new(move |()| apply())/>
            <select class="input" name="state" aria-label="State" on:change:target=move |e| state(e.target().value() == "deleted")>
                <option value="" selected=move || !query.with(|query| query.deleted)>"State: Active"</option>
                <option value="deleted" selected=move || query.with(|query| query.deleted)>"State: Deleted"</option>
            </select>
            {kept}
        </form>
    }
}

#[component]
fn NoExperiments(query: ListQuery) -> impl IntoView {
    let title = match (query.search.is_empty(), query.deleted) {
        (true, true) => "No deleted experiments",
        (true, false) => "No experiments yet",
        (false, _) => "No experiment has a name like this",
    };
    view! {
        <Empty title>
            {if query == ListQuery::default() {
                Either::Left(view! { <p>"Create one with the button above, or from Python with "<code class="mono">"mlflow.set_experiment(\"name\")"</code>"."</p> })
            } else {
                Either::Right(view! { <p><a class="link" href=crate::ui::at("/experiments")>"Show all active experiments"</a></p> })
            }}
        </Empty>
    }
}

#[component]
fn List(rows: Vec<Row>, next: Option<String>, query: ListQuery, dialogs: Dialogs) -> impl IntoView {
    let heads = Sort::ALL
        .into_iter()
        .map(|sort| {
            let sorted = query.sort == sort;
            let ascending = sorted.then_some(query.ascending);
            let href = query.sorted_by(sort).address();
            view! {
                <th scope="col" aria-sort=aria_sort(ascending)>
                    <SortLink label=sort.label() href=Signal::stored(href) ascending=Signal::stored(ascending)/>
                </th>
            }
        })
        .collect_view();
    let deleted = query.deleted;
    let rows = rows.into_iter().map(|row| view! { <ExperimentRow row deleted dialogs/> }).collect_view();
    let next = next.map(|token| {
        let address = ListQuery { page: Some(token), ..query.clone() }.address();
        view! { <a class="button" href=address>"Next page"</a> }
    });
    let first =
        query.page.is_some().then(|| view! { <a class="button" href=query.changed(|_| {}).address()>"First page"</a> });
    view! {
        <div class="table-scroll">
            <table class="grid experiments-grid">
                <thead>
                    <tr>
                        {heads}
                        <th scope="col">"Description"</th>
                        <th scope="col">"Tags"</th>
                        <th scope="col"><span class="sr-only">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <div class="row pages">{first}{next}</div>
    }
}

#[component]
fn ExperimentRow(row: Row, deleted: bool, dialogs: Dialogs) -> impl IntoView {
    let experiment = ExperimentName { id: row.id.clone(), name: row.name.clone() };
    let actions = if deleted {
        let label = format!("Restore {}", row.name);
        Either::Left(view! {
            <ActionButton icon=IconName::Restore label="Restore" name=label disabled=dialogs.restore.pending()
                on_press=Callback::new(move |()| { dialogs.restore.dispatch(experiment.clone()); })/>
        })
    } else {
        let (renamed, doomed) = (experiment.clone(), experiment);
        Either::Right(view! {
            <button type="button" class="icon-button small" title="Rename" aria-label=format!("Rename {}", row.name)
                on:click=move |_| dialogs.rename.ask(renamed.clone())><Icon name=IconName::Edit/></button>
            <button type="button" class="icon-button small" title="Delete" aria-label=format!("Delete {}", row.name)
                on:click=move |_| dialogs.delete.ask(doomed.clone())><Icon name=IconName::Delete/></button>
        })
    };
    view! {
        <tr>
            <td class="name-cell"><a class="link" href=crate::ui::at(&format!("/experiments/{}", url_encode(&row.id)))>{row.name.clone()}</a></td>
            <td class="nowrap"><Time millis=row.created/></td>
            <td class="nowrap"><Time millis=row.modified/></td>
            <td class="cell-wide" title=row.description.clone()>{row.description.clone()}</td>
            <td><TagChips tags=row.tags/></td>
            <td class="actions">{actions}</td>
        </tr>
    }
}
