//! Tags of anything: as chips in a list, or as a table in which they are added, changed and removed in place.

use std::future::Future;
use std::pin::Pin;

use domain::Tag;
use leptos::html;
use leptos::prelude::*;

use super::dialog::ConfirmDialog;
use super::empty::ErrorNote;
use super::focus::{focus, focused_input};
use super::icon::{Icon, IconName};
use crate::error::UiResult;

/// A tag to set, or to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TagChange {
    /// Sets it.
    Set(Tag),
    /// Removes the one of this key.
    Remove(String),
}

/// Makes a change and loads the tags anew; what comes of it belongs beside the field that asked for it.
pub(crate) type ChangeTag = Callback<TagChange, Pin<Box<dyn Future<Output = UiResult<()>> + Send>>>;

/// A way to change tags out of an async function.
pub(crate) fn change_tag<F>(change: impl Fn(TagChange) -> F + Send + Sync + 'static) -> ChangeTag
where
    F: Future<Output = UiResult<()>> + Send + 'static,
{
    Callback::new(move |asked| -> Pin<Box<dyn Future<Output = UiResult<()>> + Send>> { Box::pin(change(asked)) })
}

/// Tags that fit into a row of a list.
const TAGS_SHOWN: usize = 3;

/// The first tags as chips, and how many more there are; all of them in the title.
#[component]
pub(crate) fn TagChips(tags: Vec<Tag>) -> impl IntoView {
    let all = tags.iter().map(|tag| format!("{}: {}", tag.key, tag.value)).collect::<Vec<_>>();
    let more = all.len().saturating_sub(TAGS_SHOWN);
    let chips = all.iter().take(TAGS_SHOWN);
    let chips =
        chips.map(|tag| view! { <span class="chip chip-cut"><span class="cell-cut">{tag.clone()}</span></span> });
    view! {
        <span class="cell-line" title=all.join("\n")>
            {chips.collect_view()}
            {(more > 0).then(|| view! { <span class="chip">{format!("+{more}")}</span> })}
        </span>
    }
}

/// A table of tags with an editor.
#[component]
pub(crate) fn TagEditor(
    /// The tags as they are now.
    #[prop(into)]
    tags: Signal<Vec<Tag>>,
    /// Changes them.
    change: ChangeTag,
    /// Why they can't be changed at the moment, as a sentence.
    #[prop(optional, into)]
    locked: Signal<Option<&'static str>>,
) -> impl IntoView {
    let shown = Memo::new(move |_| {
        tags.with(|t| t.iter().filter(|t| !domain::is_internal_tag(&t.key)).cloned().collect::<Vec<_>>())
    });
    let keys = move || shown.with(|tags| tags.iter().map(|tag| tag.key.clone()).collect::<Vec<_>>());
    let key = RwSignal::new(String::new());
    let value = RwSignal::new(String::new());
    let key_field = NodeRef::<html::Input>::new();
    let problem = Memo::new(move |_| {
        let key = key.with(|key| key.trim().to_owned());
        shown.with(|tags| tags.iter().any(|t| t.key == key)).then(|| format!("Tag \"{key}\" already exists."))
    });
    // What was typed stays until it is saved.
    let add = Action::new(move |tag: &Tag| {
        let work = change.run(TagChange::Set(tag.clone()));
        async move {
            work.await?;
            key.set(String::new());
            value.set(String::new());
            focus(key_field);
            UiResult::Ok(())
        }
    });
    let can_add = move || !add.pending().get() && problem.with(Option::is_none) && !key.with(|k| k.trim().is_empty());
    let submit = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        if untrack(can_add) {
            add.dispatch(Tag::new(key.with_untracked(|key| key.trim().to_owned()), value.get_untracked()));
        }
    };
    let doomed = RwSignal::new(None::<Tag>);
    let asking = RwSignal::new(false);
    let remove = Action::new(move |(): &()| {
        let work = doomed.get_untracked().map(|tag| change.run(TagChange::Remove(tag.key)));
        async move {
            if let Some(work) = work {
                work.await?;
            }
            asking.set(false);
            // The button that asked is gone with its row.
            focus(key_field);
            UiResult::Ok(())
        }
    });
    let on_delete = Callback::new(move |tag: Tag| {
        remove.clear();
        doomed.set(Some(tag));
        asking.set(true);
    });
    view! {
        <section class="section" aria-label="Tags">
            <h2 class="section-title">"Tags" <span class="count">{move || shown.with(Vec::len)}</span></h2>
            <Show when=move || shown.with(|t| !t.is_empty())>
                <div class="table-scroll bounded w-full">
                    <table class="grid keyed tags-grid">
                        <thead><tr><th scope="col">"Name"</th><th scope="col">"Value"</th><th scope="col"><span class="sr-only">"Actions"</span></th></tr></thead>
                        <tbody>
                            <For each=keys key=Clone::clone let:key>
                                <TagRow key tags=shown change on_delete locked/>
                            </For>
                        </tbody>
                    </table>
                </div>
            </Show>
            {move || locked.get().map(|why| view! { <p class="muted">{why}</p> })}
            <form class="pair-row" on:submit=submit hidden=move || locked.get().is_some()>
                <input class="input" node_ref=key_field placeholder="Name" aria-label="Tag name" aria-describedby="tag-problem"
                    aria-invalid=move || problem.with(Option::is_some).then_some("true")
                    prop:value=move || key.get() on:input:target=move |e| key.set(e.target().value())/>
                <input class="input" placeholder="Value" aria-label="Tag value" prop:value=move || value.get()
                    on:input:target=move |e| value.set(e.target().value())/>
                <button type="submit" class="button" disabled=move || !can_add()>"Add"</button>
            </form>
            <p id="tag-problem" class="error-note" aria-live="polite">{problem}</p>
            {move || add.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
        </section>
        <ConfirmDialog open=asking title="Delete tag" action="Delete" pending=remove.pending()
            on_confirm=Callback::new(move |()| { remove.dispatch(()); })>
            {move || doomed.get().map(|tag| view! {
                <p>"The tag "<strong class="mono">{tag.key}</strong>" is removed. This cannot be undone."</p>
                {(!tag.value.is_empty()).then(|| view! { <p class="muted break-words">"Its value is "<span class="mono">{tag.value}</span></p> })}
            })}
            {move || remove.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
        </ConfirmDialog>
    }
}

/// A tag, whose value is edited in its place.
#[component]
fn TagRow(
    key: String,
    tags: Memo<Vec<Tag>>,
    change: ChangeTag,
    on_delete: Callback<Tag>,
    locked: Signal<Option<&'static str>>,
) -> impl IntoView {
    let name = StoredValue::new(key.clone());
    let value = Memo::new(move |_| {
        tags.with(|tags| name.with_value(|key| tags.iter().find(|t| t.key == *key).map(|t| t.value.clone())))
            .unwrap_or_default()
    });
    let editing = RwSignal::new(false);
    let text = RwSignal::new(String::new());
    let (field, button) = (focused_input(), NodeRef::<html::Button>::new());
    let done = move || {
        editing.set(false);
        focus(button);
    };
    let save = Action::new(move |(): &()| {
        let work = change.run(TagChange::Set(Tag::new(name.get_value(), text.get_untracked())));
        async move {
            work.await?;
            done();
            UiResult::Ok(())
        }
    });
    let start = move |_| {
        save.clear();
        text.set(value.get_untracked());
        editing.set(true);
    };
    view! {
        <tr>
            <td class="mono" title=key.clone()>{key.clone()}</td>
            <td>
                <Show when=move || editing.get() fallback=move || value.get()>
                    <form class="stack" on:submit=move |e| { e.prevent_default(); save.dispatch(()); }
                        on:keydown=move |e| if e.key() == "Escape" { done() }>
                        <input class="input w-full" node_ref=field aria-label=format!("Value of {}", name.get_value())
                            prop:value=move || text.get() on:input:target=move |e| text.set(e.target().value())/>
                        {move || save.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
                        <div class="row">
                            <button type="submit" class="button primary" disabled=save.pending()>"Save"</button>
                            <button type="button" class="button" on:click=move |_| done()>"Cancel"</button>
                        </div>
                    </form>
                </Show>
            </td>
            <td class="actions">
                <button type="button" class="icon-button small" node_ref=button title="Edit" aria-label=format!("Edit tag {key}")
                    hidden=move || locked.get().is_some() disabled=move || editing.get() on:click=start>
                    <Icon name=IconName::Edit/>
                </button>
                <button type="button" class="icon-button small" title="Delete" aria-label=format!("Delete tag {key}")
                    hidden=move || locked.get().is_some()
                    on:click=move |_| on_delete.run(Tag::new(name.get_value(), value.get_untracked()))>
                    <Icon name=IconName::Delete/>
                </button>
            </td>
        </tr>
    }
}
