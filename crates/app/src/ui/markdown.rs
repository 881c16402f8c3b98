//! Descriptions: Markdown, edited in place.

#[cfg(feature = "ssr")]
use comrak::arena_tree::NodeEdge;
use leptos::html;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::focus::focus;
use super::icon::{Icon, IconName};
use crate::error::UiResult;

/// How deep Markdown may be nested: to clean HTML takes a time that grows with its size times its depth.
#[cfg(feature = "ssr")]
const MAX_DEPTH: usize = 64;

/// A description with the HTML that it renders to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Markdown {
    /// As written.
    pub(crate) source: String,
    /// Rendered and sanitised by the server.
    pub(crate) html: String,
}

#[cfg(feature = "ssr")]
impl Markdown {
    /// Renders and sanitises: the one place where Markdown becomes HTML. What is nested too deep stays as it is written.
    pub(crate) fn render(source: &str) -> Self {
        let html = match to_html(source) {
            Some(html) => ammonia::clean(&html),
            None => format!("<pre>{}</pre>", ammonia::clean_text(source)),
        };
        Self { source: source.to_owned(), html }
    }
}

/// `None` if it is nested deeper than [`MAX_DEPTH`].
#[cfg(feature = "ssr")]
fn to_html(source: &str) -> Option<String> {
    let mut options = comrak::Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    let arena = comrak::Arena::new();
    let root = comrak::parse_document(&arena, source, &options);
    let mut depth = 0_usize;
    for edge in root.traverse() {
        match edge {
            NodeEdge::Start(_) => depth += 1,
            NodeEdge::End(_) => depth -= 1,
        }
        if depth > MAX_DEPTH {
            return None;
        }
    }
    let mut html = String::new();
    comrak::format_html(root, &options, &mut html).ok()?;
    Some(html)
}

/// A description that can be edited in place; saves with the button or Ctrl+Enter, gives up with Escape.
#[component]
pub(crate) fn Description(
    /// What it is now.
    #[prop(into)]
    value: Signal<Markdown>,
    /// Saves a new text; the action's version tells the page to load again.
    save: Action<String, UiResult<()>>,
    /// Shown when there is none.
    #[prop(into)]
    placeholder: String,
    /// Whether it can't be changed at the moment.
    #[prop(optional, into)]
    locked: Signal<bool>,
) -> impl IntoView {
    let editing = RwSignal::new(false);
    let text = RwSignal::new(String::new());
    let (button, field) = (NodeRef::<html::Button>::new(), NodeRef::<html::Textarea>::new());
    let done = move || {
        editing.set(false);
        focus(button);
    };
    Effect::new(move |_| {
        if matches!(save.value().get(), Some(Ok(()))) && editing.get_untracked() {
            done();
        }
    });
    let start = move |_| {
        save.clear();
        text.set(value.with_untracked(|v| v.source.clone()));
        editing.set(true);
        focus(field);
    };
    let submit = move || {
        save.dispatch(text.get());
    };
    let placeholder = StoredValue::new(placeholder);
    view! {
        <section class="section" aria-label="Description">
            <h2 class="section-title">
                "Description"
                <button type="button" class="icon-button small" node_ref=button aria-label="Edit description" title="Edit"
                    hidden=move || locked.get() on:click=start>
                    <Icon name=IconName::Edit/>
                </button>
            </h2>
            <Show
                when=move || editing.get()
                fallback=move || view! {
                    <div class="markdown" inner_html=move || value.with(|v| v.html.clone())></div>
                    <Show when=move || value.with(|v| v.source.is_empty())>
                        <p class="muted">{placeholder.get_value()}</p>
                    </Show>
                }
            >
                <form class="stack" on:submit=move |e| { e.prevent_default(); submit(); }>
                    <textarea class="input mono" rows="8" aria-label="Description in Markdown" node_ref=field
                        prop:value=move || text.get()
                        on:input:target=move |e| text.set(e.target().value())
                        on:keydown=move |e| {
                            if e.key() == "Escape" {
                                done();
                            } else if e.key() == "Enter" && (e.ctrl_key() || e.meta_key()) {
                                e.prevent_default();
                                submit();
                            }
                        }
                    ></textarea>
                    {move || save.value().get().and_then(Result::err).map(|error| view! { <super::empty::ErrorNote error/> })}
                    <div class="row">
                        <button type="submit" class="button primary"
                            disabled=move || save.pending().get() || value.with(|v| v.source == text.get())>"Save"</button>
                        <button type="button" class="button" on:click=move |_| done()>"Cancel"</button>
                        <span class="muted small">"Markdown; Ctrl+Enter saves"</span>
                    </div>
                </form>
            </Show>
        </section>
    }
}
