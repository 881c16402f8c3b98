//! Where the keyboard is when something opens.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// Moves the keyboard to an element, one frame later: what hides or disables it at the moment is over by then.
pub(crate) fn focus<E>(node: NodeRef<E>)
where
    E: html::ElementType,
    E::Output: JsCast + Clone + 'static,
{
    request_animation_frame(move || {
        if let Some(Some(element)) = node.try_get_untracked() {
            drop(element.unchecked_into::<web_sys::HtmlElement>().focus());
        }
    });
}

/// A reference for the input that takes the focus, its text selected, as soon as it is on the page.
pub(crate) fn focused_input() -> NodeRef<html::Input> {
    let node = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(input) = node.get() {
            // One frame later: the dialog around it is open by then.
            request_animation_frame(move || {
                drop(input.focus());
                input.select();
            });
        }
    });
    node
}

/// Scrolls a list (a positioned element) just so far that the option of this id is in sight.
pub(crate) fn reveal_option(list: &web_sys::HtmlElement, id: &str) {
    let Some(option) = document().get_element_by_id(id).and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok()) else {
        return;
    };
    let (top, bottom) = (option.offset_top(), option.offset_top() + option.offset_height());
    if top < list.scroll_top() {
        list.set_scroll_top(top);
    } else if bottom > list.scroll_top() + list.client_height() {
        list.set_scroll_top(bottom - list.client_height());
    }
}
