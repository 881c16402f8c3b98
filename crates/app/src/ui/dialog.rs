//! Dialogs on the browser's own `<dialog>`: focus stays inside, Escape closes, focus returns.

use leptos::html;
use leptos::prelude::*;

use super::icon::{Icon, IconName};

/// A modal dialog that is open while `open` is true. Give its form or text as children, buttons included
/// (`<div class="dialog-actions">`). A field with `autofocus` gets the focus.
#[component]
pub(crate) fn Dialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// Its heading.
    #[prop(into)]
    title: Signal<String>,
    /// What is in it; made anew each time that it opens.
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let (Some(dialog), is_open) = (node.get(), open.get()) else { return };
        if is_open && !dialog.open() {
            drop(dialog.show_modal());
        } else if !is_open && dialog.open() {
            dialog.close();
        }
    });
    let children = StoredValue::new(children);
    view! {
        <dialog node_ref=node class="dialog" aria-label=title on:close=move |_| open.set(false)>
            <Show when=move || open.get()>
                <div class="dialog-head">
                    <h2>{title}</h2>
                    <button type="button" class="icon-button" aria-label="Close" on:click=move |_| open.set(false)>
                        <Icon name=IconName::Cross/>
                    </button>
                </div>
                {children.with_value(|c| c())}
            </Show>
        </dialog>
    }
}

/// Asks before something is destroyed: says what, and names it.
#[component]
pub(crate) fn ConfirmDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The question.
    #[prop(into)]
    title: Signal<String>,
    /// The button that does it, such as `Delete`.
    #[prop(into)]
    action: String,
    /// Does it; the caller closes the dialog when it is done.
    on_confirm: Callback<()>,
    /// Whether it is being done.
    #[prop(into)]
    pending: Signal<bool>,
    /// What will be removed.
    children: ChildrenFn,
) -> impl IntoView {
    let children = StoredValue::new(children);
    let action = StoredValue::new(action);
    view! {
        <Dialog open title>
            <div class="dialog-body">{children.with_value(|c| c())}</div>
            <div class="dialog-actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>"Cancel"</button>
                <button type="button" class="button danger" disabled=pending on:click=move |_| on_confirm.run(())>
                    {action.get_value()}
                </button>
            </div>
        </Dialog>
    }
}
