//! A name for a model, checked while it is typed.

use domain::names::check_model_name;
use leptos::prelude::*;

use crate::error::UiResult;
use crate::ui::focus::focused_input;

/// Whether a model or a prompt has this name.
#[server(prefix = "/_fn", endpoint = "model_name_taken")]
pub(crate) async fn model_name_taken(name: String) -> UiResult<bool> {
    match crate::error::service().registered_model(&name).await {
        Ok(_) => Ok(true),
        Err(error) if error.code == domain::ErrorCode::ResourceDoesNotExist => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A name that is being typed, and what is known of it. Spaces around it don't count.
#[derive(Clone, Copy)]
pub(crate) struct NewName {
    text: RwSignal<String>,
    /// The name asked for with its answer.
    taken: Action<String, (String, UiResult<bool>)>,
}

impl NewName {
    /// Starts from a name, which counts as free: the one that the model has now, or none.
    pub(crate) fn new(now: &str) -> Self {
        let text = RwSignal::new(now.to_owned());
        let taken = Action::new(|name: &String| {
            let name = name.clone();
            async move { (name.clone(), model_name_taken(name).await) }
        });
        let now = now.to_owned();
        Effect::new(move |_| {
            let name = text.with(|t| t.trim().to_owned());
            if name != now && check_model_name(&name, "name").is_ok() {
                taken.dispatch(name);
            }
        });
        Self { text, taken }
    }

    /// Starts anew from another text.
    pub(crate) fn set(self, text: String) {
        self.text.set(text);
    }

    /// The name.
    pub(crate) fn get(self) -> String {
        self.text.with(|t| t.trim().to_owned())
    }

    /// What is wrong with it; nothing while it is empty.
    pub(crate) fn problem(self) -> Option<String> {
        let name = self.get();
        if name.is_empty() {
            return None;
        }
        if let Err(error) = check_model_name(&name, "name") {
            return Some(error.message);
        }
        self.taken.value().with(|answer| match answer {
            Some((asked, Ok(true))) if *asked == name => Some(format!("Model \"{name}\" already exists.")),
            _ => None,
        })
    }

    /// Whether it is a valid name that is not known to be taken.
    pub(crate) fn is_usable(self) -> bool {
        check_model_name(&self.get(), "name").is_ok() && self.problem().is_none()
    }

    /// Whether the server has yet to say if the name is free.
    pub(crate) fn is_unchecked(self) -> bool {
        let name = self.get();
        self.is_usable() && self.taken.value().with(|answer| !matches!(answer, Some((asked, _)) if *asked == name))
    }
}

/// The field for it; takes the focus.
#[component]
pub(crate) fn NameField(
    /// What is typed.
    name: NewName,
    /// The label.
    label: &'static str,
    /// Whether to say that there must be a name.
    #[prop(into)]
    demand: Signal<bool>,
) -> impl IntoView {
    let node = focused_input();
    let problem = Memo::new(move |_| {
        name.problem().or_else(|| {
            (demand.get() && name.get().is_empty()).then(|| "Please input a name for the new model.".to_owned())
        })
    });
    view! {
        <div class="field">
            <label for="new-model-name">{label}</label>
            <input id="new-model-name" node_ref=node class="input" autocomplete="off" spellcheck="false"
                placeholder="Input a model name" aria-describedby="new-model-name-problem"
                aria-invalid=move || problem.with(Option::is_some).to_string()
                prop:value=move || name.text.get()
                on:input:target=move |e| name.text.set(e.target().value())/>
            <p id="new-model-name-problem" class="error-note" aria-live="polite">{problem}</p>
        </div>
    }
}
