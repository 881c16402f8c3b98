//! Empty states and errors within a page.

use leptos::prelude::*;

use crate::error::UiError;

/// In place of a list that has nothing in it: says so, and what to do next.
#[component]
pub(crate) fn Empty(
    /// One line: what is not there.
    #[prop(into)]
    title: String,
    /// What to do next.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <p class="empty-title">{title}</p>
            {children.map(|c| c())}
        </div>
    }
}

/// An error in place of a part of a page, or beside a form.
#[component]
pub(crate) fn ErrorNote(error: UiError) -> impl IntoView {
    view! { <p class="error-note" role="alert">{error.to_string()}</p> }
}
