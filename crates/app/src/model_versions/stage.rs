//! The stage of a version, and its way to another.

use domain::model_versions::Stage;
use leptos::prelude::*;

use super::data::{Described, VersionData, transition_stage};
use crate::error::UiResult;
use crate::registered_models::{StageChip, model_href};
use crate::ui::dialog::Dialog;
use crate::ui::empty::ErrorNote;
use crate::ui::icon::{Icon, IconName};
use crate::ui::live::Live;
use crate::ui::toast::messages;

/// The stage with a menu of the others.
#[component]
pub(super) fn StageMenu(live: Live<VersionData>, described: RwSignal<Option<Described>>) -> impl IntoView {
    let data = live.data;
    let stage = Memo::new(move |_| data.with(|d| d.version.stage));
    let listed = RwSignal::new(false);
    let target = RwSignal::new(Stage::None);
    let open = RwSignal::new(false);
    let pick = move |stage: Stage| {
        target.set(stage);
        listed.set(false);
        open.set(true);
    };
    let items = move || {
        let others = Stage::ALL.into_iter().filter(|s| *s != stage.get());
        others
            .map(|stage| {
                view! {
                    <li>
                        <button type="button" class="menu-item whitespace-nowrap" on:click=move |_| pick(stage)>
                            "Transition to "<span aria-hidden="true">"→"</span><StageChip stage/>
                        </button>
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <div class="menu inline-block" on:keydown=move |e| if e.key() == "Escape" { listed.set(false) }>
            <button type="button" class="row gap-1" aria-controls="stage-menu" aria-label=move || format!("Stage: {}. Change", stage.get().name())
                aria-expanded=move || listed.get().to_string() on:click=move |_| listed.update(|l| *l = !*l)>
                {move || view! { <StageChip stage=stage.get()/> }}
                <Icon name=IconName::Down/>
            </button>
            <Show when=move || listed.get()>
                <div class="fixed inset-0" aria-hidden="true" on:click=move |_| listed.set(false)></div>
                <ul id="stage-menu" class="menu-list">{items}</ul>
            </Show>
        </div>
        <Dialog open title=Signal::derive(move || format!("Move to {}", target.get().name()))>
            <TransitionForm live described open target=target.get_untracked()/>
        </Dialog>
    }
}

#[component]
fn TransitionForm(
    live: Live<VersionData>,
    described: RwSignal<Option<Described>>,
    open: RwSignal<bool>,
    target: Stage,
) -> impl IntoView {
    let (name, version, now, others, more) = live.data.with_untracked(|d| {
        let others = if target.is_active() { d.others_in(target) } else { Vec::new() };
        (d.version.name.clone(), d.version.version, d.version.stage, others, d.more_active)
    });
    // The server decides; this tells beforehand what it will say.
    let missing = move || {
        let signed = described.with(|d| d.as_ref().map_or(Ok(()), |d| d.signed.clone()));
        live.data.with(|d| d.guards.missing(&d.version, &signed))
    };
    let requirements = model_href(&name);
    let refusal = move || {
        let missing = missing();
        (target == Stage::Production && !missing.is_empty()).then(|| view! {
            <div class="warn-note">
                <p>"The model requires of a version in Production what this one lacks:"</p>
                <ul class="list-disc pl-5">{missing.into_iter().map(|what| view! { <li>{what}</li> }).collect_view()}</ul>
                <p><a class="link" href=requirements.clone()>"See what the model requires"</a></p>
            </div>
        })
    };
    let has_others = !others.is_empty();
    let more = (has_others && more > 0).then(|| {
        let href = format!("{}?stage=active", model_href(&name));
        view! { <a class="link" href=href>{format!(" and {more} more in Staging or Production")}</a> }
    });
    let archive = RwSignal::new(has_others);
    let messages = messages();
    let transition = Action::new(move |(): &()| {
        let work = transition_stage(name.clone(), version, target, archive.get_untracked());
        async move {
            live.change(Box::pin(work)).await?;
            messages.done(format!("Version {version} moved to {}", target.name()));
            open.set(false);
            UiResult::Ok(())
        }
    });
    let names = others.iter().map(|v| format!("Version {v}")).collect::<Vec<_>>().join(", ");
    let archiving = has_others.then(|| {
        view! {
            <label class="check">
                <input type="checkbox" prop:checked=move || archive.get()
                    on:change:target=move |e| archive.set(e.target().checked())/>
                <span>
                    "Transition existing "<StageChip stage=target/>" model versions to "<StageChip stage=Stage::Archived/>
                    ": "<strong>{names}</strong>{more}
                </span>
            </label>
        }
    });
    let alone = (target.is_active() && !has_others)
        .then(|| view! { <p class="muted">{format!("No other version is in {}.", target.name())}</p> });
    view! {
        <form on:submit=move |e| { e.prevent_default(); transition.dispatch(()); }>
            <p class="row">
                {format!("Version {version}: transition from ")}<StageChip stage=now/>
                <span aria-hidden="true">"→"</span><span class="sr-only">"to"</span><StageChip stage=target/>
            </p>
            {refusal}
            {archiving}
            {alone}
            {move || transition.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
            <div class="dialog-actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>"Cancel"</button>
                <button type="submit" class="button primary" disabled=move || transition.pending().get()>
                    {format!("Move to {}", target.name())}
                </button>
            </div>
        </form>
    }
}
