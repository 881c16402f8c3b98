//! Above the runs table: whose runs these are.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_navigate;

use super::data::{Head, describe_experiment};
use crate::experiments::{DeleteExperiment, RenameExperiment, Target, restore_experiment};
use crate::ui::copy::CopyButton;
use crate::ui::head::{ActionButton, Breadcrumb};
use crate::ui::icon::IconName;
use crate::ui::markdown::Description;
use crate::ui::toast::messages;

/// Name, id, artifact location and description.
#[component]
pub(crate) fn Header(
    /// What to show.
    head: Signal<Head>,
    /// Loads it again.
    reload: Callback<()>,
) -> impl IntoView {
    let messages = messages();
    let navigate = use_navigate();
    let (renamed, deleted) = (Target::new(), Target::new());
    let id = Memo::new(move |_| head.with(|head| head.experiment.id.clone()));
    let describe = Action::new(move |text: &String| {
        let answer = describe_experiment(id.get_untracked(), text.clone());
        async move {
            answer.await?;
            reload.run(());
            Ok(())
        }
    });
    let restore = Action::new(move |(): &()| {
        let answer = restore_experiment(id.get_untracked());
        async move {
            match answer.await {
                Ok(()) => {
                    messages.done("The experiment and its runs are restored.");
                    reload.run(());
                }
                Err(error) => messages.failed(error.to_string()),
            }
        }
    });
    let gone =
        Callback::new(move |()| navigate(&crate::ui::at("/experiments"), leptos_router::NavigateOptions::default()));
    let is_deleted = Memo::new(move |_| head.with(|head| head.deleted));
    view! {
        {move || view! { <Title text=head.with(|head| head.experiment.name.clone())/> }}
        <Breadcrumb steps=[("Experiments".to_owned(), crate::ui::at("/experiments"))]/>
        <div class="page-head">
            <h1>{move || head.with(|head| head.experiment.name.clone())}</h1>
            <CopyButton text=Signal::derive(move || head.with(|head| head.experiment.name.clone())) what="experiment name"/>
            <Show when=move || !is_deleted.get()>
                <div class="page-actions">
                    <ActionButton icon=IconName::Edit label="Rename"
                        on_press=Callback::new(move |()| renamed.ask(head.with_untracked(|head| head.experiment.clone())))/>
                    <ActionButton icon=IconName::Delete label="Delete"
                        on_press=Callback::new(move |()| deleted.ask(head.with_untracked(|head| head.experiment.clone())))/>
                </div>
            </Show>
        </div>
        <Show when=move || is_deleted.get()>
            <div class="warn-note row" role="status">
                <span class="grow">"This experiment is deleted. It can be read and restored, but not changed."</span>
                <ActionButton icon=IconName::Restore label="Restore" disabled=restore.pending() on_press=Callback::new(move |()| { restore.dispatch(()); })/>
            </div>
        </Show>
        <p class="head-facts muted small">
            <span>"Experiment ID: " <span class="mono">{id}</span><CopyButton text=id what="experiment ID"/></span>
            <span>
                "Artifact location: " <span class="mono">{move || head.with(|head| head.artifact_location.clone())}</span>
                <CopyButton text=Signal::derive(move || head.with(|head| head.artifact_location.clone())) what="artifact location"/>
            </span>
        </p>
        <Description value=Signal::derive(move || head.with(|head| head.description.clone())) save=describe placeholder="No description yet." locked=is_deleted/>
        <RenameExperiment target=renamed on_done=reload/>
        <DeleteExperiment target=deleted on_done=gone/>
    }
}
