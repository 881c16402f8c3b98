//! Text that people carry elsewhere: ids, paths, code.

use leptos::prelude::*;

use super::icon::{Icon, IconName};

/// A button that copies a text, and says that it did.
#[component]
pub(crate) fn CopyButton(
    /// What is copied, as it is at that moment.
    #[prop(into)]
    text: Signal<String>,
    /// What it is, for the button's name: `Copy run ID`.
    #[prop(into)]
    what: String,
) -> impl IntoView {
    let done = RwSignal::new(false);
    let copy = move |_| {
        drop(window().navigator().clipboard().write_text(&text.get_untracked()));
        done.set(true);
        set_timeout(move || done.set(false), std::time::Duration::from_millis(1500));
    };
    let label = format!("Copy {what}");
    view! {
        <button type="button" class="icon-button small" title=label.clone() on:click=copy
            aria-label=move || if done.get() { "Copied".to_owned() } else { label.clone() }>
            {move || view! { <Icon name=if done.get() { IconName::Check } else { IconName::Copy }/> }}
        </button>
    }
}

/// A block of code with a copy button.
#[component]
pub(crate) fn CodeBlock(
    /// The code.
    #[prop(into)]
    code: String,
) -> impl IntoView {
    view! {
        <div class="code-block">
            <pre tabindex="0"><code>{code.clone()}</code></pre>
            <CopyButton text=code what="code"/>
        </div>
    }
}
