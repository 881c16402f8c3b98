//! The list of experiments beside the runs table.

use leptos::html;
use leptos::prelude::*;

use super::data::Head;
use crate::experiments::CreateExperiment;
use crate::ui::icon::{Icon, IconName};
use crate::ui::url_encode;

/// Where the browser remembers that the list is folded away; the document's own script reads it before the first paint.
const FOLDED_KEY: &str = "ferroflow-experiments-folded";

/// Experiments in use, the present one marked; narrow windows do without.
#[component]
pub(crate) fn Sidebar(head: Signal<Head>) -> impl IntoView {
    let creating = RwSignal::new(false);
    let wanted = RwSignal::new(String::new());
    let fold = |fold: bool| {
        if let Some(root) = document().document_element() {
            // Setting an attribute of an element that is there can't fail; storage may be full or forbidden, then the choice
            // lasts as long as the page.
            drop(if fold {
                root.set_attribute("data-experiments", "folded")
            } else {
                root.remove_attribute("data-experiments")
            });
        }
        if let Ok(Some(storage)) = window().local_storage() {
            drop(if fold { storage.set_item(FOLDED_KEY, "1") } else { storage.remove_item(FOLDED_KEY) });
        }
    };
    let found = move || {
        let wanted = wanted.with(|wanted| wanted.trim().to_lowercase());
        head.with(|head| {
            let fits = head.neighbours.iter().filter(|e| e.name.to_lowercase().contains(&wanted));
            fits.cloned().collect::<Vec<_>>()
        })
    };
    let current = Memo::new(move |_| head.with(|head| head.experiment.id.clone()));
    // A long list is opened where the present experiment is.
    let list = NodeRef::<html::Ul>::new();
    Effect::new(move |_| {
        if let Some(list) = list.get()
            && let Ok(Some(item)) = list.query_selector("[aria-current=page]")
        {
            #[expect(clippy::cast_possible_truncation, reason = "pixels of a page")]
            let distance =
                (item.get_bounding_client_rect().top() - list.get_bounding_client_rect().top()).round() as i32;
            if distance > list.client_height() {
                list.set_scroll_top(list.scroll_top() + distance - list.client_height() / 2);
            }
        }
    });
    view! {
        <button type="button" class="icon-button sidebar-unfold" aria-label="Show the list of experiments" title="Experiments" on:click=move |_| fold(false)>
            <Icon name=IconName::Right/>
        </button>
            <aside class="experiments-sidebar" aria-label="Experiments">
                <div class="row">
                    <h2 class="grow">"Experiments"</h2>
                    <button type="button" class="icon-button small" aria-label="Create experiment" title="Create experiment" on:click=move |_| creating.set(true)>
                        <Icon name=IconName::Plus/>
                    </button>
                    <button type="button" class="icon-button small sidebar-fold" aria-label="Hide the list of experiments" title="Hide" on:click=move |_| fold(true)>
                        <Icon name=IconName::Right/>
                    </button>
                </div>
                <form method="get" action=crate::ui::at("/experiments") role="search">
                    <input class="input" type="search" name="search" placeholder="Search experiments" aria-label="Search experiments" autocomplete="off"
                        prop:value=move || wanted.get() on:input:target=move |e| wanted.set(e.target().value())/>
                </form>
                <ul node_ref=list>
                    <For each=found key=Clone::clone let:experiment>
                        <li>
                            <a class="sidebar-item" href=crate::ui::at(&format!("/experiments/{}", url_encode(&experiment.id))) title=experiment.name.clone()
                                aria-current={ let id = experiment.id.clone(); move || current.with(|current| *current == id).then_some("page") }>
                                {experiment.name.clone()}
                            </a>
                        </li>
                    </For>
                </ul>
                <Show when=move || head.with(|head| head.more_neighbours)>
                    <a class="link small" href=crate::ui::at("/experiments")>"All experiments"</a>
                </Show>
            </aside>
        <CreateExperiment open=creating/>
    }
}
