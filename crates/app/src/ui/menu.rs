//! Menus: something behind a button, which works without scripts.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlDetailsElement;

/// A button that unfolds its children (a `menu-list`). Escape closes it and returns to the button; so do a click
/// elsewhere, and one on a link inside.
#[component]
pub(crate) fn Menu(
    /// Classes of the button.
    class: &'static str,
    /// What it is called.
    name: &'static str,
    /// What stands on the button.
    #[prop(into)]
    label: ViewFn,
    /// What it unfolds.
    children: Children,
    /// Closes it from outside, or from inside where a press is a choice.
    #[prop(optional)]
    node: NodeRef<html::Details>,
) -> impl IntoView {
    let clicked = window_event_listener(leptos::ev::click, move |event| {
        let Some(menu) = node.get_untracked().filter(HtmlDetailsElement::open) else { return };
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let inside = menu.contains(target.as_deref());
        let chosen = target.and_then(|target| target.closest("a").ok().flatten()).is_some();
        if !inside || chosen {
            menu.set_open(false);
        }
    });
    on_cleanup(move || clicked.remove());
    let escape = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Escape"
            && let Some(menu) = node.get_untracked().filter(HtmlDetailsElement::open)
        {
            event.prevent_default();
            close(node);
            if let Ok(Some(button)) = menu.query_selector("summary") {
                drop(button.unchecked_into::<web_sys::HtmlElement>().focus());
            }
        }
    };
    view! {
        <details class="menu" node_ref=node on:keydown=escape>
            <summary class=class aria-label=name title=name>{label.run()}</summary>
            {children()}
        </details>
    }
}

/// Closes a menu.
pub(crate) fn close(menu: NodeRef<html::Details>) {
    if let Some(menu) = menu.get_untracked() {
        menu.set_open(false);
    }
}
