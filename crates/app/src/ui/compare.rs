//! What pages that compare have in common.

use leptos::prelude::*;

use super::icon::{Icon, IconName};

/// A switch between all rows and those that differ; a link, for the choice is in the address.
#[component]
pub(crate) fn DiffToggle(
    /// Whether only rows that differ are shown.
    #[prop(into)]
    only_diff: Signal<bool>,
    /// The page with the other choice.
    href: Signal<String>,
) -> impl IntoView {
    view! {
        <a class="button" role="switch" aria-label="Show diff only" data-noscroll="" aria-checked=move || only_diff.get().to_string() href=href
            on:keydown:target=move |e| if e.key() == " " {
                e.prevent_default();
                e.target().click();
            }>
            <span class="tick-box">{move || only_diff.get().then(|| view! { <Icon name=IconName::Check/> })}</span>
            "Show diff only"
        </a>
    }
}
