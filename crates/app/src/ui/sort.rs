//! Heads of columns that sort.

use leptos::prelude::*;

use super::icon::{Icon, IconName};

/// What `aria-sort` says of a column: ascending, descending, or nothing if the order is another's.
pub(crate) const fn aria_sort(ascending: Option<bool>) -> Option<&'static str> {
    match ascending {
        Some(true) => Some("ascending"),
        Some(false) => Some("descending"),
        None => None,
    }
}

/// A mark for an order: an arrow down for descending, up for ascending.
#[component]
pub(crate) fn SortMark(
    /// Small values first.
    ascending: bool,
) -> impl IntoView {
    view! { <span class="sort-mark" class:sort-up=ascending><Icon name=IconName::Down/></span> }
}

/// A link in a column's head that sorts by it.
#[component]
pub(crate) fn SortLink(
    /// The column's heading.
    #[prop(into)]
    label: String,
    /// The page in the order that a click asks for.
    #[prop(into)]
    href: Signal<String>,
    /// The order at the moment, if it is this column's.
    #[prop(into)]
    ascending: Signal<Option<bool>>,
) -> impl IntoView {
    view! {
        <a class="sort-link" data-noscroll="" href=href>
            <span class="cell-cut">{label}</span>
            {move || ascending.get().map(|ascending| view! { <SortMark ascending/> })}
        </a>
    }
}
