//! What a model asks of its versions before they enter Production: shown, and edited in a dialog.

use domain::guards::{Guards, RequiredTag};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use super::page::ModelData;
use crate::error::UiResult;
use crate::ui::dialog::Dialog;
use crate::ui::empty::ErrorNote;
use crate::ui::live::Live;
use crate::ui::pairs::{PairFields, PairNames, Pairs};
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

/// What the fields for required tags are called. An empty value stands for any.
const TAG_NAMES: PairNames = PairNames {
    key: "Required tag",
    value: "Required value",
    no_value: "Any value",
    add: "Require a tag",
    remove: "Do not require this tag",
};

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
    let tags = Pairs::new(guards.tags.into_iter().map(|tag| (tag.key, tag.value.unwrap_or_default())));
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
        let tag = |(key, value): (String, String)| RequiredTag { key, value: (!value.is_empty()).then_some(value) };
        save.dispatch(Guards {
            signature: signature.get_untracked(),
            description: description.get_untracked(),
            tags: tags.get_untracked().into_iter().map(tag).collect(),
        });
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
            <PairFields pairs=tags names=TAG_NAMES/>
            {move || save.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
            <div class="dialog-actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>"Cancel"</button>
                <button type="submit" class="button primary" disabled=move || save.pending().get()>"Save"</button>
            </div>
        </form>
    }
}
