//! Search boxes.

use leptos::prelude::*;

use super::icon::{Icon, IconName};
use super::menu::Menu;

/// A box for a search, with the button that starts it; stands in a form, which has the other controls.
#[component]
pub(crate) fn SearchField(
    /// The field's name in the form.
    name: &'static str,
    /// What it is called: `Search runs`.
    label: &'static str,
    /// What is typed.
    text: RwSignal<String>,
    /// An example, or what can be searched for.
    placeholder: &'static str,
    /// Called when the box is emptied by its cross: the search is over then.
    on_clear: Callback<()>,
    /// The id of a `<datalist>` with suggestions.
    #[prop(optional)]
    list: Option<&'static str>,
    /// The id of what says why the search was refused.
    #[prop(optional)]
    described_by: Option<&'static str>,
    /// Whether it was refused.
    #[prop(optional, into)]
    invalid: Signal<bool>,
) -> impl IntoView {
    view! {
        <div class="search-box">
            <Icon name=IconName::Search/>
            <input class="input" type="search" name=name list=list placeholder=placeholder aria-label=label autocomplete="off"
                spellcheck="false" aria-describedby=described_by aria-invalid=move || invalid.get().then_some("true")
                value=text.get_untracked() prop:value=move || text.get()
                on:input:target=move |e| text.set(e.target().value())
                on:search=move |_: leptos::ev::Event| if text.with_untracked(String::is_empty) { on_clear.run(()) }/>
        </div>
        <button type="submit" class="button">"Search"</button>
    }
}

/// Examples of what a search can ask for, behind a question mark.
#[component]
pub(crate) fn SearchHelp(
    /// What they are examples of.
    intro: &'static str,
    /// The examples.
    examples: &'static [&'static str],
) -> impl IntoView {
    let examples =
        examples.iter().map(|example| view! { <li><code class="mono">{*example}</code></li> }).collect_view();
    view! {
        <Menu class="icon-button" name="Examples of searches" label=move || "?">
            <div class="menu-list search-help">
                <p>{intro}</p>
                <ul>{examples}</ul>
            </div>
        </Menu>
    }
}
