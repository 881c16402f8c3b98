//! Dialogs that rename and delete a registered model.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::deleted::undo_model;
use super::links::model_href;
use super::name::{NameField, NewName};
use super::page::ModelData;
use crate::error::UiResult;
use crate::ui::dialog::{ConfirmDialog, Dialog};
use crate::ui::empty::ErrorNote;
use crate::ui::toast::messages;

#[server(prefix = "/_fn", endpoint = "rename_model")]
async fn rename_model(name: String, new_name: String) -> UiResult<()> {
    crate::error::service().rename_registered_model(&name, &new_name).await?;
    Ok(())
}

#[server(prefix = "/_fn", endpoint = "delete_model")]
async fn delete_model(name: String) -> UiResult<()> {
    Ok(crate::error::service().delete_registered_model(&name).await?)
}

/// Renames a model and goes to its new page.
#[component]
pub(super) fn RenameModel(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The model.
    name: String,
) -> impl IntoView {
    view! {
        <Dialog open title="Rename model">
            <RenameForm open name=name.clone()/>
        </Dialog>
    }
}

#[component]
fn RenameForm(open: RwSignal<bool>, name: String) -> impl IntoView {
    let new_name = NewName::new(&name);
    let tried = RwSignal::new(false);
    let messages = messages();
    let old = StoredValue::new(name.clone());
    let rename = Action::new(move |new: &String| {
        let (old, new) = (old.get_value(), new.clone());
        async move {
            rename_model(old, new.clone()).await?;
            messages.done(format!("Renamed to \"{new}\""));
            UiResult::Ok(new)
        }
    });
    let navigate = use_navigate();
    Effect::new(move |_| {
        if let Some(Ok(name)) = rename.value().get() {
            open.set(false);
            navigate(&model_href(&name), NavigateOptions { replace: true, ..NavigateOptions::default() });
        }
    });
    let can_rename = move || new_name.is_usable() && new_name.get() != old.get_value();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        if untrack(can_rename) {
            rename.dispatch(untrack(|| new_name.get()));
        }
    };
    view! {
        <form on:submit=submit>
            <NameField name=new_name label="New model name" demand=tried/>
            <p class="warn-note">
                "Code that loads "<span class="mono">"models:/"{name}"/…"</span>" has to be changed to the new name. \
                Versions, tags and aliases move along."
            </p>
            {move || rename.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
            <div class="dialog-actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>"Cancel"</button>
                <button type="submit" class="button primary" disabled=move || rename.pending().get() || !can_rename()>
                    "Rename"
                </button>
            </div>
        </form>
    }
}

/// `1 version`, `3 versions`.
fn count(number: i64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Deletes a model and goes to the list.
#[component]
pub(super) fn DeleteModel(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The model.
    model: RwSignal<ModelData>,
) -> impl IntoView {
    let messages = messages();
    let undo = Arc::new(undo_model(&model.with_untracked(|m| m.name.clone())));
    let delete = Action::new(move |(): &()| {
        let (name, undo) = (model.with_untracked(|m| m.name.clone()), undo.clone());
        async move {
            delete_model(name.clone()).await?;
            messages.done_with_undo(format!("Model \"{name}\" deleted"), move || undo());
            UiResult::Ok(())
        }
    });
    let navigate = use_navigate();
    Effect::new(move |_| {
        if matches!(delete.value().get(), Some(Ok(()))) {
            open.set(false);
            navigate(&crate::ui::at("/models"), NavigateOptions::default());
        }
    });
    let what_goes = move || {
        model.with(|m| {
            let versions = count(m.versions.total, "version");
            let names: Vec<String> = m.aliases.iter().map(|a| format!("@{}", a.alias)).collect();
            let aliases = match names.len() {
                0 => String::new(),
                n => format!(
                    " and {} ({})",
                    if n == 1 { "1 alias".to_owned() } else { format!("{n} aliases") },
                    names.join(", ")
                ),
            };
            format!(
                " is deleted with its {versions}{aliases}. It can be restored from the list of deleted models until it is \
                 removed for good. The files of the runs stay."
            )
        })
    };
    let in_use = move || {
        model.with(|m| {
            (m.versions.active > 0).then(|| {
                let versions = count(m.versions.active, "version");
                let verb = if m.versions.active == 1 { "is" } else { "are" };
                format!("{versions} {verb} in Staging or Production: whatever loads them will fail.")
            })
        })
    };
    view! {
        <ConfirmDialog open title="Delete model" action="Delete" pending=Signal::derive(move || delete.pending().get())
            on_confirm=Callback::new(move |()| { delete.dispatch(()); })>
            <p><strong>{move || model.with(|m| m.name.clone())}</strong>{what_goes}</p>
            {move || in_use().map(|text| view! { <p class="warn-note">{text}</p> })}
            {move || delete.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
        </ConfirmDialog>
    }
}
