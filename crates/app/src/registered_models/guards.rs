//! What a model asks of its versions before they enter Production: shown, and edited in a dialog.

use domain::guards::{Guards, RequiredTag};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use super::page::ModelData;
use crate::error::UiResult;
use crate::ui::dialog::Dialog;
use crate::ui::empty::ErrorNote;
use crate::ui::icon::{Icon, IconName};
use crate::ui::live::Live;
use crate::ui::toast::messages;

#[server(prefix = "/_fn", endpoint = "set_guards", input = Json)]
async fn set_guards(name: String, guards: Guards) -> UiResult<()> {
    crate::error::service().set_guards(&name, guards).await?;
    Ok(())
}

/// What is asked, in a line.
pub(super) fn summary(guards: &Guards) -> String {
    let mut parts = Vec::new();
    if guards.signature {
        parts.push("a signature".to_owned());
    }
    if guards.description {
        parts.push("a description".to_owned());
    }
    parts.extend(guards.tags.iter().map(|tag| match &tag.value {
        Some(value) => format!("the tag {} = {value}", tag.key),
        None => format!("the tag {}", tag.key),
    }));
    parts.join(", ")
}

/// A required tag that is being typed. An empty value stands for any.
#[derive(Clone, Copy)]
struct Typed {
    number: usize,
    key: RwSignal<String>,
    value: RwSignal<String>,
}

impl Typed {
    fn new(number: usize, key: String, value: String) -> Self {
        Self { number, key: RwSignal::new(key), value: RwSignal::new(value) }
    }

    fn get(self) -> RequiredTag {
        let value = self.value.get_untracked();
        RequiredTag {
            key: self.key.with_untracked(|k| k.trim().to_owned()),
            value: (!value.is_empty()).then_some(value),
        }
    }
}

/// The dialog that edits what is asked.
#[component]
pub(super) fn GuardsDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The page's data.
    live: Live<ModelData>,
) -> impl IntoView {
    view! {
        <Dialog open title="Requirements for Production">
            <GuardsForm open live/>
        </Dialog>
    }
}

#[component]
fn GuardsForm(open: RwSignal<bool>, live: Live<ModelData>) -> impl IntoView {
    let (name, guards) = live.data.with_untracked(|d| (d.name.clone(), d.guards.clone()));
    let (signature, description) = (RwSignal::new(guards.signature), RwSignal::new(guards.description));
    let typed = guards.tags.into_iter().enumerate();
    let typed: Vec<Typed> =
        typed.map(|(number, tag)| Typed::new(number, tag.key, tag.value.unwrap_or_default())).collect();
    let next = StoredValue::new(typed.len());
    let tags = RwSignal::new(typed);
    let add = move |_| {
        let number = next.get_value();
        next.set_value(number + 1);
        tags.update(|t| t.push(Typed::new(number, String::new(), String::new())));
    };
    let messages = messages();
    let save = Action::new(move |guards: &Guards| {
        let work = set_guards(name.clone(), guards.clone());
        async move {
            live.change(work).await?;
            messages.done("Requirements saved");
            open.set(false);
            UiResult::Ok(())
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let tags =
            tags.with_untracked(|t| t.iter().map(|typed| typed.get()).filter(|tag| !tag.key.is_empty()).collect());
        save.dispatch(Guards { signature: signature.get_untracked(), description: description.get_untracked(), tags });
    };
    let check = |label: &'static str, on: RwSignal<bool>| {
        view! {
            <label class="check">
                <input type="checkbox" prop:checked=move || on.get() on:change:target=move |e| on.set(e.target().checked())/>
                <span>{label}</span>
            </label>
        }
    };
    view! {
        <form class="stack" on:submit=submit>
            <p class="muted">"A version that lacks one of these is refused, whoever moves it to Production. Versions that are there stay."</p>
            {check("A signature, in its MLmodel file", signature)}
            {check("A description", description)}
            <For each=move || tags.get() key=|typed| typed.number let:typed>
                <div class="row">
                    <input class="input" placeholder="Tag" aria-label="Required tag" prop:value=move || typed.key.get()
                        on:input:target=move |e| typed.key.set(e.target().value())/>
                    <input class="input" placeholder="Any value" aria-label="Required value" prop:value=move || typed.value.get()
                        on:input:target=move |e| typed.value.set(e.target().value())/>
                    <button type="button" class="icon-button small" aria-label="Do not require this tag"
                        on:click=move |_| tags.update(|t| t.retain(|other| other.number != typed.number))>
                        <Icon name=IconName::Delete/>
                    </button>
                </div>
            </For>
            <div><button type="button" class="button" on:click=add><Icon name=IconName::Plus/>"Require a tag"</button></div>
            {move || save.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
            <div class="dialog-actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>"Cancel"</button>
                <button type="submit" class="button primary" disabled=move || save.pending().get()>"Save"</button>
            </div>
        </form>
    }
}
