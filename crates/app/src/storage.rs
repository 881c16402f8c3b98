//! The page that shows how much space deleted things take, and removes them for good where the server allows it.
#![cfg_attr(feature = "ssr", expect(clippy::unused_async, reason = "server functions are, whatever they do"))]

use std::time::Duration;

use domain::removal::{Kind, Outcome, Progress, Removal};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

use crate::error::UiResult;
use crate::format;
use crate::layout::ErrorPage;
use crate::ui::copy::CodeBlock;
use crate::ui::dialog::ConfirmDialog;
use crate::ui::empty::{Empty, ErrorNote};
use crate::ui::head::ActionButton;
use crate::ui::icon::IconName;
use crate::ui::load::load;
use crate::ui::toast::messages;

/// How long ago something was deleted, unless the URL says otherwise.
const DEFAULT_AGE: &str = "30d";
/// How often the page asks how far a removal is.
const ASK: Duration = Duration::from_millis(700);

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StorageData {
    /// Whether the server removes things for whoever asks here.
    allowed: bool,
    /// What removing would free; an error if the age cannot be read.
    preview: UiResult<Progress>,
    /// The removal that goes on, or was done last.
    job: Progress,
}

#[server(prefix = "/_fn", endpoint = "storage")]
async fn load_storage(older_than: String) -> UiResult<StorageData> {
    let service = crate::error::service();
    let preview = match domain::removal::parse_age(&older_than) {
        Ok(age) => Ok(service.preview_removal(Some(age)).await?),
        Err(error) => Err(crate::error::UiError(error)),
    };
    Ok(StorageData { allowed: service.may_remove(), preview, job: service.removal_progress() })
}

#[server(prefix = "/_fn", endpoint = "remove_for_good")]
async fn remove_for_good(older_than: String) -> UiResult<Progress> {
    let age = domain::removal::parse_age(&older_than)?;
    Ok(crate::error::service().start_removal(Some(age))?)
}

#[server(prefix = "/_fn", endpoint = "removal_progress")]
async fn removal_progress() -> UiResult<Progress> {
    Ok(crate::error::service().removal_progress())
}

/// The page.
#[component]
pub(crate) fn StoragePage() -> impl IntoView {
    let query = use_query_map();
    let age = Memo::new(move |_| query.with(|q| q.get("older_than")).unwrap_or_else(|| DEFAULT_AGE.to_owned()));
    let version = RwSignal::new(0_u32);
    let data = load(move || (age.get(), version.get()), |(age, _)| load_storage(age));
    view! {
        <Title text="Storage"/>
        <div class="page-head"><h1>"Storage"</h1></div>
        <section class="section" aria-label="Deleted things">
            <p class="muted">
                "Deleting only hides: "<a class="link underline" href=crate::ui::at("/experiments?state=deleted")>"experiments"</a>", their runs and "
                <a class="link underline" href=crate::ui::at("/models?view=deleted")>"models"</a>" can be brought back until they are removed for good. \
                That frees their space, and cannot be undone."
            </p>
            <form method="get" class="row" action="">
                <label for="older-than">"Deleted at least"</label>
                <input id="older-than" class="input w-28" name="older_than" prop:value=move || age.get() value=move || age.get()
                    pattern="([0-9.]+[dhms])+" title="An age such as 30d or 7d12h"/>
                <span>"ago"</span>
                <button type="submit" class="button">"Show"</button>
            </form>
            <Transition fallback=|| view! { <div class="skeleton w-full"></div> }>
                {move || Suspend::new(async move {
                    match data.await {
                        Err(error) => view! { <ErrorPage error/> }.into_any(),
                        Ok(StorageData { preview: Err(error), .. }) => view! { <ErrorNote error/> }.into_any(),
                        Ok(StorageData { allowed, preview: Ok(preview), job }) => view! {
                            <Space preview allowed job age=age.get_untracked() version/>
                        }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

/// What there is to remove, and the button.
#[component]
fn Space(preview: Progress, allowed: bool, job: Progress, age: String, version: RwSignal<u32>) -> impl IntoView {
    let Progress { removal, problems, .. } = preview;
    let nothing = removal.total() == 0;
    let command = format!("ferroflow gc --older-than {age} --dry-run\nferroflow gc --older-than {age}");
    view! {
        {if nothing {
            view! { <Empty title=format!("Nothing was deleted {age} ago or earlier that takes space")/> }.into_any()
        } else {
            view! { <Counts removal=removal.clone()/> }.into_any()
        }}
        <Problems title="These stay" problems/>
        {if allowed {
            view! { <Remove removal job age version/> }.into_any()
        } else {
            view! {
                <p class="muted">
                    "This server removes nothing for good over HTTP: there is no login yet. Run this beside it, with the server's settings, \
                    or start the server with "<span class="mono">"--allow-gc"</span>"."
                </p>
                <CodeBlock code=command/>
            }.into_any()
        }}
    }
}

#[component]
fn Counts(removal: Removal) -> impl IntoView {
    let counts = Kind::ALL.into_iter().zip(removal.counts).filter(|(_, count)| *count > 0);
    let at_least = if removal.more { "at least " } else { "" };
    let space = removal.space;
    view! {
        <dl class="facts">
            {counts.map(|(kind, count)| view! { <dt>{kind.plural()}</dt><dd>{format!("{at_least}{count}")}</dd> }).collect_view()}
            <dt>"Files"</dt><dd>{format!("{at_least}{} with {}", space.files, format::bytes(space.bytes))}</dd>
            <dt>"Rows of the database"</dt><dd>{format!("{at_least}{}", space.rows)}</dd>
        </dl>
        {removal.more.then(|| view! {
            <p class="warn-note">"There is more: only the first things were looked at. Removing takes all of it."</p>
        })}
    }
}

/// What stays or could not be removed.
#[component]
fn Problems(title: &'static str, problems: Vec<Outcome>) -> impl IntoView {
    let lines = problems.into_iter().filter_map(|outcome| match outcome {
        Outcome::Kept { item, why } | Outcome::Failed { item, why } => Some(format!("{item}: {why}")),
        _ => None,
    });
    let lines: Vec<String> = lines.collect();
    (!lines.is_empty()).then(|| {
        view! {
            <h2 class="section-title">{title}</h2>
            <ul class="stack small">{lines.into_iter().map(|line| view! { <li>{line}</li> }).collect_view()}</ul>
        }
    })
}

/// The button, its question, and how far the removal is.
#[component]
fn Remove(removal: Removal, job: Progress, age: String, version: RwSignal<u32>) -> impl IntoView {
    let messages = messages();
    let open = RwSignal::new(false);
    let progress = RwSignal::new(job);
    let running = Memo::new(move |_| progress.with(|p| p.running));
    let what = sentence(&removal);
    let has_any = removal.total() > 0;
    let asked = StoredValue::new(age);
    let start = Action::new(move |(): &()| async move {
        progress.set(remove_for_good(asked.get_value()).await?);
        open.set(false);
        UiResult::Ok(())
    });
    let ask = Action::new(move |(): &()| async move {
        // The page may be gone, or the server for a moment: the next question tells.
        let Ok(now) = removal_progress().await else { return };
        let over = !now.running && progress.try_with_untracked(|p| p.running).unwrap_or_default();
        progress.try_set(now.clone());
        if over {
            messages.done(format!("Removed for good: {}", sentence(&now.removal)));
            version.try_update(|v| *v += 1);
        }
    });
    Effect::new(move |_| {
        if running.get()
            && let Ok(timer) = set_interval_with_handle(move || drop(ask.dispatch(())), ASK)
        {
            on_cleanup(move || timer.clear());
        }
    });
    view! {
        {has_any.then(|| view! {
            <div class="row">
                <ActionButton icon=IconName::Delete label="Remove for good…" disabled=running on_press=Callback::new(move |()| open.set(true))/>
            </div>
        })}
        <div role="status">
            {move || running.get().then(|| view! {
                <p class="row"><progress aria-label="Removing"></progress>
                    {move || progress.with(|p| format!("Removing: {} so far", sentence(&p.removal)))}</p>
            })}
        </div>
        {move || progress.with(|p| p.error.clone()).map(|error| view! { <p class="error-note" role="alert">{error}</p> })}
        {move || {
            let failed = progress.with(|p| p.problems.iter().filter(|o| matches!(o, Outcome::Failed { .. })).cloned().collect::<Vec<_>>());
            view! { <Problems title="These could not be removed" problems=failed/> }
        }}
        <ConfirmDialog open title="Remove for good" action="Remove for good" pending=Signal::derive(move || start.pending().get())
            on_confirm=Callback::new(move |()| { start.dispatch(()); })>
            <p><strong>{what.clone()}</strong>{format!(", deleted {} ago or earlier, is removed for good. This cannot be undone.", asked.get_value())}</p>
            <p class="muted">"What a registered version uses stays."</p>
            {move || start.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
        </ConfirmDialog>
    }
}

/// `3 runs, 1 experiment, 12 files with 3.0 MiB`.
fn sentence(removal: &Removal) -> String {
    let counts = Kind::ALL.into_iter().zip(removal.counts).filter(|(_, count)| *count > 0);
    let mut parts: Vec<String> = counts
        .map(|(kind, count)| {
            let name = if count == 1 { kind.title() } else { kind.plural() };
            format!("{count} {}", name.to_lowercase())
        })
        .collect();
    parts.push(format!("{} files with {}", removal.space.files, format::bytes(removal.space.bytes)));
    parts.join(", ")
}
