//! Tags of anything: shown as a table, added, changed and removed in place.

use domain::Tag;
use leptos::prelude::*;

use super::empty::ErrorNote;
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

/// Tags that the client or the server keep for themselves are not shown to people.
pub(crate) fn is_internal(key: &str) -> bool {
    key.starts_with("mlflow.")
}

/// A table of tags with an editor.
#[component]
pub(crate) fn TagEditor(
    /// The tags as they are now.
    #[prop(into)]
    tags: Signal<Vec<Tag>>,
    /// Makes a change; the action's version tells the page to load again.
    change: Action<TagChange, UiResult<()>>,
) -> impl IntoView {
    let shown =
        Memo::new(move |_| tags.with(|t| t.iter().filter(|t| !is_internal(&t.key)).cloned().collect::<Vec<_>>()));
    let key = RwSignal::new(String::new());
    let value = RwSignal::new(String::new());
    let problem = move || {
        let key = key.get();
        shown.with(|tags| tags.iter().any(|t| t.key == key)).then(|| format!("Tag \"{key}\" already exists."))
    };
    let add = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        if !key.get().trim().is_empty() && problem().is_none() {
            change.dispatch(TagChange::Set(Tag::new(key.get().trim(), value.get())));
            key.set(String::new());
            value.set(String::new());
        }
    };
    view! {
        <section class="section" aria-label="Tags">
            <h2 class="section-title">"Tags" <span class="count">{move || shown.with(Vec::len)}</span></h2>
            <Show when=move || shown.with(|t| !t.is_empty())>
                <table class="grid narrow">
                    <thead><tr><th scope="col">"Name"</th><th scope="col">"Value"</th><th scope="col"><span class="sr-only">"Actions"</span></th></tr></thead>
                    <tbody>
                        <For each=move || shown.get() key=|t| (t.key.clone(), t.value.clone()) let:tag>
                            <TagRow tag change/>
                        </For>
                    </tbody>
                </table>
            </Show>
            <form class="row" on:submit=add>
                <input class="input" placeholder="Name" aria-label="Tag name" prop:value=move || key.get()
                    on:input:target=move |e| key.set(e.target().value())/>
                <input class="input" placeholder="Value" aria-label="Tag value" prop:value=move || value.get()
                    on:input:target=move |e| value.set(e.target().value())/>
                <button type="submit" class="button" disabled=move || key.with(|k| k.trim().is_empty()) || problem().is_some()>"Add"</button>
            </form>
            {move || problem().map(|p| view! { <p class="error-note">{p}</p> })}
            {move || change.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
        </section>
    }
}

#[component]
fn TagRow(tag: Tag, change: Action<TagChange, UiResult<()>>) -> impl IntoView {
    let editing = RwSignal::new(false);
    let value = RwSignal::new(tag.value.clone());
    let key = StoredValue::new(tag.key.clone());
    let original = StoredValue::new(tag.value.clone());
    let save = move |e: leptos::ev::SubmitEvent| {
        e.prevent_default();
        change.dispatch(TagChange::Set(Tag::new(key.get_value(), value.get())));
        editing.set(false);
    };
    view! {
        <tr>
            <td class="mono">{tag.key.clone()}</td>
            <td>
                <Show when=move || editing.get() fallback=move || original.get_value()>
                    <form class="row" on:submit=save>
                        <input class="input" autofocus aria-label=format!("Value of {}", key.get_value()) prop:value=move || value.get()
                            on:input:target=move |e| value.set(e.target().value())
                            on:keydown=move |e| if e.key() == "Escape" { editing.set(false) }/>
                        <button type="submit" class="button">"Save"</button>
                    </form>
                </Show>
            </td>
            <td class="actions">
                <button type="button" class="icon-button small" aria-label=format!("Edit tag {}", tag.key) on:click=move |_| editing.update(|e| *e = !*e)>
                    <Icon name=IconName::Edit/>
                </button>
                <button type="button" class="icon-button small" aria-label=format!("Delete tag {}", tag.key)
                    on:click=move |_| { change.dispatch(TagChange::Remove(key.get_value())); }>
                    <Icon name=IconName::Delete/>
                </button>
            </td>
        </tr>
    }
}
