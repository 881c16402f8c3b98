//! The dialog that creates a registered model.

use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

use super::links::model_href;
use super::name::{NameField, NewName};
use crate::error::UiResult;
use crate::ui::dialog::Dialog;
use crate::ui::empty::ErrorNote;
use crate::ui::toast::messages;

#[server(prefix = "/_fn", endpoint = "create_model")]
async fn create_model(name: String, description: Option<String>) -> UiResult<()> {
    let new = service::NewRegisteredModel { name, description, ..service::NewRegisteredModel::default() };
    crate::error::service().create_registered_model(new).await?;
    Ok(())
}

/// Creates a model and goes to its page.
#[component]
pub(crate) fn CreateDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    view! {
        <Dialog open title="Create model">
            <CreateForm open/>
        </Dialog>
    }
}

#[component]
fn CreateForm(open: RwSignal<bool>) -> impl IntoView {
    let name = NewName::new("");
    let description = RwSignal::new(String::new());
    let tried = RwSignal::new(false);
    let messages = messages();
    let create = Action::new(move |name: &String| {
        let name = name.clone();
        let text = description.with_untracked(|d| d.trim().to_owned());
        async move {
            create_model(name.clone(), (!text.is_empty()).then_some(text)).await?;
            messages.done(format!("Model \"{name}\" created"));
            UiResult::Ok(name)
        }
    });
    let navigate = use_navigate();
    Effect::new(move |_| {
        if let Some(Ok(name)) = create.value().get() {
            open.set(false);
            navigate(&model_href(&name), leptos_router::NavigateOptions::default());
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        if untrack(|| name.is_usable()) {
            create.dispatch(untrack(|| name.get()));
        }
    };
    view! {
        <form on:submit=submit>
            <NameField name label="Model name" demand=tried/>
            <div class="field">
                <label for="create-description">"Description (optional)"</label>
                <textarea id="create-description" class="input" rows="3" placeholder="Markdown"
                    prop:value=move || description.get()
                    on:input:target=move |e| description.set(e.target().value())></textarea>
            </div>
            <p class="muted small">"After creation, you can register logged models as new versions."</p>
            {move || create.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
            <div class="dialog-actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>"Cancel"</button>
                <button type="submit" class="button primary" disabled=move || create.pending().get()>"Create"</button>
            </div>
        </form>
    }
}
