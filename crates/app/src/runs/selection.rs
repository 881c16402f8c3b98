//! What one can do with ticked runs.

use leptos::prelude::*;

use super::data::{delete_runs, restore_runs};
use super::rename::RenameRun;
use super::shown::Shown;
use crate::ui::dialog::{ConfirmDialog, Dialog};
use crate::ui::empty::ErrorNote;
use crate::ui::head::ActionButton;
use crate::ui::icon::{Icon, IconName};
use crate::ui::toast::messages;
use crate::ui::url_encode;

/// Most names that a question lists.
const NAMED: usize = 8;

/// How many runs are ticked, and the buttons for them; nothing while none is.
#[component]
pub(crate) fn SelectionBar(
    /// The table.
    shown: Shown,
) -> impl IntoView {
    let count = Memo::new(move |_| shown.selected.with(std::collections::BTreeSet::len));
    let renaming = RwSignal::new(false);
    let moving = RwSignal::new(false);
    let deleted = Memo::new(move |_| shown.query.with(|query| query.deleted));
    let compare = move || {
        let ids: Vec<String> = shown.selected.with(|selected| selected.iter().map(|id| url_encode(id)).collect());
        crate::ui::at(&format!(
            "/experiments/{}/compare?runs={}",
            url_encode(&shown.experiment_id.get()),
            ids.join(",")
        ))
    };
    view! {
        <Show when=move || { count.get() > 0 }>
            <div class="selection-bar" role="group" aria-label="Selected runs">
                <strong aria-live="polite">{move || format!("{} selected", count.get())}</strong>
                <button type="button" class="button" on:click=move |_| shown.selected.update(std::collections::BTreeSet::clear)>"Clear"</button>
                <Show when=move || { count.get() > 1 }>
                    <a class="button" href=compare><Icon name=IconName::Compare/>"Compare"</a>
                </Show>
                <Show when=move || count.get() == 1 && !deleted.get()>
                    <ActionButton icon=IconName::Edit label="Rename" on_press=Callback::new(move |()| renaming.set(true))/>
                </Show>
                <Show when=move || deleted.get()
                    fallback=move || view! { <ActionButton icon=IconName::Delete label="Delete" on_press=Callback::new(move |()| moving.set(true))/> }
                >
                    <ActionButton icon=IconName::Restore label="Restore" on_press=Callback::new(move |()| moving.set(true))/>
                </Show>
            </div>
        </Show>
        <RenameRun open=renaming run=Signal::derive(move || ticked(shown).into_iter().next().unwrap_or_default())
            on_done=Callback::new(move |()| shown.refresh())/>
        <MoveRuns shown open=moving deleted/>
    }
}

/// Names of the ticked runs that are loaded, with their ids.
fn ticked(shown: Shown) -> Vec<(String, String)> {
    shown.selected.with(|selected| {
        shown.rows.with(|rows| {
            rows.iter().filter(|row| selected.contains(&row.id)).map(|row| (row.id.clone(), row.name.clone())).collect()
        })
    })
}

/// Deletes the ticked runs, or restores them where deleted ones are shown.
#[component]
fn MoveRuns(shown: Shown, open: RwSignal<bool>, deleted: Memo<bool>) -> impl IntoView {
    let messages = messages();
    let run = Action::new(move |(): &()| {
        let restore = deleted.get_untracked();
        let ids: Vec<String> = shown.selected.get_untracked().into_iter().collect();
        async move {
            let what = if ids.len() == 1 { "1 run".to_owned() } else { format!("{} runs", ids.len()) };
            let result = if restore { restore_runs(ids).await } else { delete_runs(ids).await };
            // Those before a failure have moved.
            shown.refresh();
            result?;
            open.set(false);
            shown.selected.update(std::collections::BTreeSet::clear);
            messages.done(if restore {
                format!("{what} restored.")
            } else {
                format!("{what} deleted; find them under State: Deleted.")
            });
            Ok::<_, crate::error::UiError>(())
        }
    });
    let title = Signal::derive(move || {
        let verb = if deleted.get() { "Restore" } else { "Delete" };
        match shown.selected.with(std::collections::BTreeSet::len) {
            1 => format!("{verb} 1 run"),
            count => format!("{verb} {count} runs"),
        }
    });
    let names = move || {
        let names = ticked(shown);
        let more = names.len().saturating_sub(NAMED);
        let items = names.into_iter().take(NAMED).map(|(_, name)| view! { <li>{name}</li> }).collect_view();
        view! { <ul class="named">{items}{(more > 0).then(|| view! { <li class="muted">{format!("and {more} more")}</li> })}</ul> }
    };
    let consequence = move || {
        if deleted.get() {
            "These runs will be back among the active ones:"
        } else {
            "These runs will be deleted. They can be restored under State: Deleted until they are purged."
        }
    };
    let error = move || run.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> });
    // The button that asks says what it does: restoring is not dangerous.
    view! {
        <Show when=move || !deleted.get()>
            <ConfirmDialog open title action="Delete" on_confirm=Callback::new(move |()| { run.dispatch(()); }) pending=run.pending()>
                <p>{consequence}</p>
                {names}
                {error}
            </ConfirmDialog>
        </Show>
        <Show when=move || deleted.get()>
            <Dialog open title>
                <div class="dialog-body"><p>{consequence}</p>{names}{error}</div>
                <div class="dialog-actions">
                    <button type="button" class="button" on:click=move |_| open.set(false)>"Cancel"</button>
                    <button type="button" class="button primary" disabled=run.pending() on:click=move |_| { run.dispatch(()); }>"Restore"</button>
                </div>
            </Dialog>
        </Show>
    }
}
