//! Short messages about what was just done. They go away by themselves and cover no button.

use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;

use super::icon::{Icon, IconName};

/// How long a message stays.
const LIFETIME: Duration = Duration::from_secs(6);
/// How long a message stays that offers to undo what was done.
const UNDO_LIFETIME: Duration = Duration::from_secs(15);

/// Takes back what was done.
type Undo = Arc<dyn Fn() + Send + Sync>;

#[derive(Clone)]
struct Toast {
    number: usize,
    text: String,
    link: Option<(String, String)>,
    undo: Option<Undo>,
    is_error: bool,
}

/// The place to leave messages: `use_context::<Messages>()` or [`messages`].
#[derive(Clone, Copy)]
pub(crate) struct Messages(RwSignal<(usize, Vec<Toast>)>);

impl Messages {
    /// Says that something was done.
    pub(crate) fn done(self, text: impl Into<String>) {
        self.push(text.into(), None, None, false);
    }

    /// Says that something was done, and offers to undo it. The page that did it may be gone by then.
    pub(crate) fn done_with_undo(self, text: impl Into<String>, undo: impl Fn() + Send + Sync + 'static) {
        self.push(text.into(), None, Some(Arc::new(undo)), false);
    }

    /// Says that something was done and where its result is: `(label, address)`.
    pub(crate) fn done_with_link(self, text: impl Into<String>, label: impl Into<String>, href: impl Into<String>) {
        self.push(text.into(), Some((label.into(), href.into())), None, false);
    }

    /// Says that something failed.
    pub(crate) fn failed(self, text: impl Into<String>) {
        self.push(text.into(), None, None, true);
    }

    fn push(self, text: String, link: Option<(String, String)>, undo: Option<Undo>, is_error: bool) {
        let signal = self.0;
        let lifetime = if undo.is_some() { UNDO_LIFETIME } else { LIFETIME };
        let mut number = 0;
        signal.update(|(next, toasts)| {
            number = *next;
            *next += 1;
            toasts.push(Toast { number, text, link, undo, is_error });
        });
        set_timeout(move || self.remove(number), lifetime);
    }

    fn remove(self, number: usize) {
        self.0.update(|(_, toasts)| toasts.retain(|t| t.number != number));
    }
}

/// Makes the place for messages; the app does, once.
pub(crate) fn provide_toasts() {
    provide_context(Messages(RwSignal::new((0, Vec::new()))));
}

/// The place to leave messages.
pub(crate) fn messages() -> Messages {
    expect_context()
}

/// The messages, at the foot of the window.
#[component]
pub(crate) fn Toasts() -> impl IntoView {
    let messages = messages();
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || messages.0.get().1 key=|t| t.number let:toast>
                <div class="toast" class:toast-error=toast.is_error>
                    <span>{toast.text}</span>
                    {toast.link.map(|(label, href)| view! { <a class="link" href=href>{label}</a> })}
                    {toast.undo.map(|undo| view! {
                        <button type="button" class="button" on:click=move |_| {
                            messages.remove(toast.number);
                            undo();
                        }>"Undo"</button>
                    })}
                    <button type="button" class="icon-button small" aria-label="Dismiss" on:click=move |_| messages.remove(toast.number)>
                        <Icon name=IconName::Cross/>
                    </button>
                </div>
            </For>
        </div>
    }
}
