//! A searchable choice among registered models, with a new one as the first.

use leptos::prelude::*;

use crate::error::UiResult;
use crate::ui::focus::{focused_input, reveal_option};

/// How many models the list offers; typing narrows them.
#[cfg(feature = "ssr")]
const OFFERED: i64 = 50;

/// A model to register a version of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    /// One that is to be made, with the name typed so far.
    New(String),
    /// The one of this name.
    Existing(String),
}

impl Pick {
    fn label(&self) -> String {
        match self {
            Self::New(_) => "+ Create new model".to_owned(),
            Self::Existing(name) => name.clone(),
        }
    }
}

/// Names of models that contain a text, by name.
#[server(prefix = "/_fn", endpoint = "model_names")]
async fn model_names(text: String) -> UiResult<Vec<String>> {
    let search = service::SearchRegisteredModels {
        filter: super::list::name_filter(&text),
        max_results: Some(OFFERED),
        ..service::SearchRegisteredModels::default()
    };
    let page = crate::error::service().search_registered_models(search).await?;
    Ok(page.items.into_iter().map(|model| model.name).collect())
}

/// A field with a list under it (an ARIA combobox): type to search, arrows and Enter to choose, Escape to close.
#[component]
pub(crate) fn ModelChoice(
    /// What is chosen.
    choice: RwSignal<Option<Pick>>,
    /// What is wrong with that.
    #[prop(into)]
    problem: Signal<Option<&'static str>>,
) -> impl IntoView {
    let node = focused_input();
    let text = RwSignal::new(String::new());
    let expanded = RwSignal::new(false);
    let active = RwSignal::new(0_usize);
    let names = Action::new(|text: &String| model_names(text.clone()));
    let options = Memo::new(move |_| {
        let found = names.value().get().and_then(Result::ok).unwrap_or_default();
        std::iter::once(Pick::New(String::new())).chain(found.into_iter().map(Pick::Existing)).collect::<Vec<_>>()
    });
    let expand = move || {
        if !expanded.get_untracked() {
            names.dispatch(String::new());
            active.set(0);
            expanded.set(true);
        }
    };
    let choose = move |pick: Pick| {
        let pick = match pick {
            // What was typed and not found is the new name.
            Pick::New(_) if choice.with_untracked(Option::is_none) => Pick::New(text.get_untracked().trim().to_owned()),
            other => other,
        };
        text.set(pick.label());
        choice.set(Some(pick));
        expanded.set(false);
    };
    let on_input = move |value: String| {
        choice.set(None);
        names.dispatch(value.clone());
        text.set(value);
        active.set(0);
        expanded.set(true);
    };
    // A name typed in full is chosen, without a key or a click. The list stays as it is when the field loses the focus:
    // closing it would move the buttons away from under the pointer that presses them.
    Effect::new(move |_| {
        let typed = Pick::Existing(text.get());
        let place = options.with(|o| o.iter().position(|pick| *pick == typed));
        if let (Some(place), None) = (place, choice.get_untracked()) {
            active.set(place);
            choice.set(Some(typed));
        }
    });
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        let last = options.with_untracked(Vec::len) - 1;
        match event.key().as_str() {
            "ArrowDown" | "ArrowUp" if !expanded.get_untracked() => expand(),
            "ArrowDown" => active.update(|at| *at = if *at >= last { 0 } else { *at + 1 }),
            "ArrowUp" => active.update(|at| *at = at.checked_sub(1).unwrap_or(last)),
            "Enter" if expanded.get_untracked() => {
                if let Some(pick) = options.with_untracked(|o| o.get(active.get_untracked()).cloned()) {
                    choose(pick);
                }
            }
            // Closes the list and not the dialog around it.
            "Escape" if expanded.get_untracked() => expanded.set(false),
            "Tab" => return expanded.set(false),
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <div class="field">
            <label for="model-choice">"Model"</label>
            <input id="model-choice" node_ref=node class="input" role="combobox" autocomplete="off" spellcheck="false"
                placeholder="Select a model" aria-controls="model-choice-list" aria-autocomplete="list"
                aria-describedby="model-choice-problem"
                aria-expanded=move || expanded.get().to_string()
                aria-invalid=move || problem.get().is_some().to_string()
                aria-activedescendant=move || expanded.get().then(|| option_id(active.get()))
                prop:value=move || text.get()
                on:input:target=move |e| on_input(e.target().value())
                on:keydown=on_key
                on:focus=move |_| expand()
                on:click=move |_| expand()/>
            <p id="model-choice-problem" class="error-note" aria-live="polite">{problem}</p>
            <Offers options active expanded choose=Callback::new(choose)/>
            {move || names.value().get().and_then(Result::err).map(|error| view! { <crate::ui::empty::ErrorNote error/> })}
        </div>
    }
}

/// The list under the field.
#[component]
fn Offers(
    options: Memo<Vec<Pick>>,
    /// The one that Enter chooses, by its place.
    active: RwSignal<usize>,
    expanded: RwSignal<bool>,
    choose: Callback<Pick>,
) -> impl IntoView {
    let list = NodeRef::<leptos::html::Ul>::new();
    Effect::new(move |_| {
        let at = active.get();
        if let Some(list) = list.get_untracked() {
            reveal_option(&list, &option_id(at));
        }
    });
    let option = move |(index, pick): (usize, Pick)| {
        let label = pick.label();
        view! {
            <li id=option_id(index) role="option" class="menu-item cursor-pointer" aria-selected=move || (active.get() == index).to_string()
                // The field keeps the focus.
                on:mousedown=|e| e.prevent_default()
                on:click=move |_| choose.run(pick.clone())>{label}</li>
        }
    };
    let rows = move || {
        let picks = options.get();
        let heading =
            (picks.len() > 1).then(|| view! { <li class="muted small px-2 py-1" role="presentation">"Models"</li> });
        let mut rows = picks.into_iter().enumerate().map(option);
        let first = rows.next();
        let rest = rows.collect_view();
        view! { {first} {heading} {rest} }
    };
    view! {
        <ul id="model-choice-list" node_ref=list role="listbox" aria-label="Models" class="card relative max-h-60 overflow-auto p-1"
            hidden=move || !expanded.get()>{rows}</ul>
    }
}

fn option_id(index: usize) -> String {
    format!("model-choice-{index}")
}
