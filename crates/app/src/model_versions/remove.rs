//! The dialog that deletes a version.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::data::{VersionData, delete_version};
use crate::error::UiResult;
use crate::registered_models::{model_href, undo_version};
use crate::ui::dialog::ConfirmDialog;
use crate::ui::empty::ErrorNote;
use crate::ui::toast::messages;

/// What breaks when the version goes, as sentences.
fn warnings(data: &VersionData) -> Vec<String> {
    let mut warnings = Vec::new();
    let aliases: Vec<String> = data.own_aliases().iter().map(|alias| format!("@{alias}")).collect();
    match aliases.as_slice() {
        [] => {}
        [alias] => warnings.push(format!("The alias {alias} points at this version and goes with it.")),
        many => warnings.push(format!("The aliases {} point at this version and go with it.", many.join(", "))),
    }
    if data.version.stage.is_active() {
        warnings.push(format!(
            "This version is in {}: whatever loads it from there will miss it.",
            data.version.stage.name()
        ));
    }
    warnings
}

/// Deletes a version and goes to its model.
#[component]
pub(super) fn DeleteVersion(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The version.
    data: RwSignal<VersionData>,
) -> impl IntoView {
    let (name, version) = data.with_untracked(|d| (d.version.name.clone(), d.version.version));
    let messages = messages();
    let undo = Arc::new(undo_version(&name, version));
    let delete = Action::new({
        let name = name.clone();
        move |(): &()| {
            let (name, undo) = (name.clone(), undo.clone());
            async move {
                delete_version(name.clone(), version).await?;
                messages.done_with_undo(format!("Version {version} of \"{name}\" deleted"), move || undo());
                UiResult::Ok(())
            }
        }
    });
    let navigate = use_navigate();
    let href = model_href(&name);
    Effect::new(move |_| {
        if matches!(delete.value().get(), Some(Ok(()))) {
            open.set(false);
            navigate(&href, NavigateOptions::default());
        }
    });
    view! {
        <ConfirmDialog open title="Delete model version" action="Delete" pending=Signal::derive(move || delete.pending().get())
            on_confirm=Callback::new(move |()| { delete.dispatch(()); })>
            <p>
                <strong>{format!("Version {version} of {name}")}</strong>
                " is deleted. It can be restored from its model's page until it is removed for good, and its number is not used \
                again. The run and its files stay."
            </p>
            {move || data.with(warnings).into_iter().map(|text| view! { <p class="warn-note">{text}</p> }).collect_view()}
            {move || delete.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
        </ConfirmDialog>
    }
}
