//! The dialog that registers a run's model as a version, of a new model or of one that is there.

use domain::Tag;
use domain::model_versions::ModelVersion;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::error::UiResult;
use crate::registered_models::{ModelChoice, NameField, NewName, Pick, version_href};
use crate::ui::dialog::Dialog;
use crate::ui::empty::ErrorNote;
use crate::ui::pairs::{PairFields, PairNames, Pairs};
use crate::ui::toast::messages;

/// Registers a model, in one step. `source` is `runs:/…` or `models:/…`.
#[server(prefix = "/_fn", endpoint = "register_model", input = Json)]
async fn register_model(
    name: String,
    source: String,
    run_id: String,
    model_id: Option<String>,
    description: Option<String>,
    tags: Vec<Tag>,
) -> UiResult<ModelVersion> {
    let new = service::NewModelVersion {
        name,
        source,
        run_id: Some(run_id),
        model_id,
        description,
        tags,
        ..service::NewModelVersion::default()
    };
    Ok(crate::error::service().register_model(new).await?)
}

/// What the fields for tags are called.
const TAG_NAMES: PairNames = PairNames {
    key: "Tag name",
    value: "Tag value",
    no_value: "Tag value",
    add: "Add a tag",
    remove: "Leave this tag out",
};

/// What is registered.
#[derive(Clone)]
struct Source {
    run_id: String,
    path: String,
    model_id: Option<String>,
}

impl Source {
    /// As the server takes it: the logged model if there is one, else the run's folder.
    fn uri(&self) -> String {
        match &self.model_id {
            Some(model_id) => format!("models:/{model_id}"),
            None => format!("runs:/{}/{}", self.run_id, self.path),
        }
    }
}

/// A dialog that registers a model of a run.
#[component]
pub(crate) fn RegisterDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The run.
    run_id: String,
    /// The model's folder among the run's artifacts, which is the logged model's name.
    path: String,
    /// The logged model's id, where the client made one.
    model_id: Option<String>,
    /// Told the new version.
    on_done: Callback<ModelVersion>,
) -> impl IntoView {
    let source = StoredValue::new(Source { run_id, path, model_id });
    view! {
        <Dialog open title="Register model">
            <RegisterForm open source on_done/>
        </Dialog>
    }
}

#[component]
fn RegisterForm(open: RwSignal<bool>, source: StoredValue<Source>, on_done: Callback<ModelVersion>) -> impl IntoView {
    let choice = RwSignal::new(None::<Pick>);
    let name = NewName::new("");
    let description = RwSignal::new(String::new());
    let tags = Pairs::new([]);
    // Whether Register was pressed: only then is something missing an error.
    let tried = RwSignal::new(false);
    let messages = messages();

    let register = Action::new(move |name: &String| {
        let Source { run_id, model_id, .. } = source.get_value();
        let uri = source.with_value(Source::uri);
        let text = description.with_untracked(|d| d.trim().to_owned());
        let tags = tags.get_untracked().into_iter().map(|(key, value)| Tag::new(key, value)).collect();
        let registering = register_model(name.clone(), uri, run_id, model_id, (!text.is_empty()).then_some(text), tags);
        async move {
            let version = registering.await?;
            messages.done_with_link(
                format!("Registered as version {}", version.version),
                format!("{}, version {}", version.name, version.version),
                version_href(&version.name, version.version),
            );
            on_done.run(version);
            open.set(false);
            UiResult::Ok(())
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        match choice.get_untracked() {
            Some(Pick::Existing(model)) => drop(register.dispatch(model)),
            Some(Pick::New(_)) if untrack(|| name.is_usable() && !name.is_unchecked()) => {
                drop(register.dispatch(untrack(|| name.get())));
            }
            _ => {}
        }
    };
    let missing =
        move || (tried.get() && choice.with(Option::is_none)).then_some("Please select a model or create a new one.");
    Effect::new(move |_| {
        if let Some(Pick::New(typed)) = choice.get() {
            name.set(typed);
        }
    });
    let is_new = Memo::new(move |_| choice.with(|c| matches!(c, Some(Pick::New(_)))));
    let existing = Memo::new(move |_| match choice.get() {
        Some(Pick::Existing(name)) => Some(name),
        _ => None,
    });
    view! {
        <form on:submit=submit>
            <p class="muted small mono">{source.with_value(Source::uri)}</p>
            <ModelChoice choice problem=Signal::derive(missing)/>
            <Show when=move || is_new.get()>
                <NameField name label="Model name" demand=tried/>
            </Show>
            {move || existing.get().map(|name| view! {
                <p class="muted">"The model will be registered as a new version of "<strong>{name}</strong>"."</p>
            })}
            <Show when=move || choice.with(Option::is_some)>
                <div class="field">
                    <label for="register-description">"Version description (optional)"</label>
                    <textarea id="register-description" class="input" rows="3" placeholder="Markdown"
                        prop:value=move || description.get()
                        on:input:target=move |e| description.set(e.target().value())></textarea>
                </div>
                <div class="field" role="group" aria-labelledby="register-tags">
                    <span id="register-tags" class="font-semibold">"Version tags (optional)"</span>
                    <PairFields pairs=tags names=TAG_NAMES/>
                </div>
            </Show>
            {move || register.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
            <div class="dialog-actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>"Cancel"</button>
                <button type="submit" class="button primary" disabled=move || register.pending().get() || is_new.get() && name.is_unchecked()>
                    {move || if register.pending().get() { "Registering…" } else { "Register" }}
                </button>
            </div>
        </form>
    }
}
