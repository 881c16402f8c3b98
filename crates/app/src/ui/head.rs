//! The head of a page: the way to it, its name, and what one can do with it.

use leptos::prelude::*;

use super::icon::{Icon, IconName};

/// The way to a page, as links: label and address of each step, the page itself left out.
#[component]
pub(crate) fn Breadcrumb(
    /// From the outermost on.
    #[prop(into)]
    steps: Vec<(String, String)>,
) -> impl IntoView {
    let steps = steps.into_iter().map(|(label, href)| view! { <li><a class="link" href=href>{label}</a></li> });
    view! { <nav aria-label="Breadcrumb"><ol class="breadcrumb">{steps.collect_view()}</ol></nav> }
}

/// A quiet button for something that can be done with what a page, a row or a selection shows.
#[component]
pub(crate) fn ActionButton(
    /// Its icon.
    icon: IconName,
    /// What it does, in a word.
    #[prop(into)]
    label: String,
    /// Told a press.
    on_press: Callback<()>,
    /// Whether it can't be pressed at the moment.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Its name where the word alone doesn't say what it is about: `Restore my-model`.
    #[prop(optional, into)]
    name: Option<String>,
) -> impl IntoView {
    view! {
        <button type="button" class="button" aria-label=name disabled=disabled on:click=move |_| on_press.run(())>
            <Icon name=icon/>
            {label}
        </button>
    }
}
