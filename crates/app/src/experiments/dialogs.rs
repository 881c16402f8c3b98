//! Dialogs that create, rename and delete an experiment.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::data::{count_runs, create_experiment, delete_experiment, is_name_taken, rename_experiment};
use crate::error::UiResult;
use crate::runs::ExperimentName;
use crate::ui::dialog::{ConfirmDialog, Dialog};
use crate::ui::empty::ErrorNote;
use crate::ui::focus::focused_input;
use crate::ui::toast::messages;
use crate::ui::url_encode;

/// The experiment that a dialog is about, and whether it is open.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    open: RwSignal<bool>,
    experiment: RwSignal<ExperimentName>,
}

impl Target {
    /// Closed, about nothing yet.
    pub(crate) fn new() -> Self {
        Self { open: RwSignal::new(false), experiment: RwSignal::new(ExperimentName::default()) }
    }

    /// Opens the dialog.
    pub(crate) fn ask(self, experiment: ExperimentName) {
        self.experiment.set(experiment);
        self.open.set(true);
    }
}

/// Says while one types that a name is taken.
fn taken(name: RwSignal<String>, allowed: Signal<String>) -> Memo<Option<String>> {
    let check = Action::new(move |name: &String| {
        let name = name.clone();
        async move { is_name_taken(name.clone()).await.is_ok_and(|taken| taken).then_some(name) }
    });
    Effect::new(move |_| {
        let name = name.with(|name| name.trim().to_owned());
        if !name.is_empty() && name != allowed.get_untracked() {
            check.dispatch(name);
        }
    });
    // An answer about what was typed before says nothing about what stands there now.
    Memo::new(move |_| {
        let taken = check.value().get().flatten()?;
        name.with(|name| name.trim() == taken).then(|| format!("Experiment \"{taken}\" already exists."))
    })
}

/// Creates an experiment and goes to it.
#[component]
pub(crate) fn CreateExperiment(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let messages = messages();
    let navigate = use_navigate();
    let name = RwSignal::new(String::new());
    let location = RwSignal::new(String::new());
    let taken = taken(name, Signal::stored(String::new()));
    let go = Callback::new(move |id: String| {
        navigate(&crate::ui::at(&format!("/experiments/{}", url_encode(&id))), NavigateOptions::default());
    });
    let create = Action::new(move |(): &()| {
        let title = name.with_untracked(|name| name.trim().to_owned());
        let answer = create_experiment(title.clone(), location.with_untracked(|location| location.trim().to_owned()));
        async move {
            let id = answer.await?;
            open.set(false);
            messages.done(format!("Experiment \"{title}\" created."));
            go.run(id);
            UiResult::Ok(())
        }
    });
    Effect::new(move |_| {
        if open.get() {
            create.clear();
            name.set(String::new());
            location.set(String::new());
        }
    });
    let refused =
        move || create.pending().get() || taken.with(Option::is_some) || name.with(|name| name.trim().is_empty());
    view! {
        <Dialog open title="Create experiment">
            <form on:submit=move |e| { e.prevent_default(); create.dispatch(()); }>
                <div class="field">
                    <label for="new-experiment-name">"Name"</label>
                    <input class="input" id="new-experiment-name" autofocus required autocomplete="off" aria-describedby="new-experiment-problem"
                        aria-invalid=move || taken.with(Option::is_some).then_some("true")
                        prop:value=move || name.get() on:input:target=move |e| name.set(e.target().value())/>
                    <p id="new-experiment-problem" class="error-note" aria-live="polite">{taken}</p>
                </div>
                <div class="field">
                    <label for="new-experiment-location">"Artifact location " <span class="count">"(optional)"</span></label>
                    <input class="input mono" id="new-experiment-location" placeholder="the server's default" autocomplete="off"
                        prop:value=move || location.get() on:input:target=move |e| location.set(e.target().value())/>
                </div>
                {move || create.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
                <div class="dialog-actions">
                    <button type="button" class="button" on:click=move |_| open.set(false)>"Cancel"</button>
                    <button type="submit" class="button primary" disabled=refused>"Create"</button>
                </div>
            </form>
        </Dialog>
    }
}

/// Gives an experiment another name.
#[component]
pub(crate) fn RenameExperiment(
    /// Which one, and whether the dialog is open.
    target: Target,
    /// Called when it is done.
    on_done: Callback<()>,
) -> impl IntoView {
    let messages = messages();
    let name = RwSignal::new(String::new());
    let old = Signal::derive(move || target.experiment.with(|experiment| experiment.name.clone()));
    let taken = taken(name, old);
    let field = focused_input();
    let rename = Action::new(move |(): &()| {
        let title = name.with_untracked(|name| name.trim().to_owned());
        let answer = rename_experiment(target.experiment.with_untracked(|e| e.id.clone()), title.clone());
        async move {
            answer.await?;
            target.open.set(false);
            messages.done(format!("The experiment is now called \"{title}\"."));
            on_done.run(());
            UiResult::Ok(())
        }
    });
    Effect::new(move |_| {
        if target.open.get() {
            rename.clear();
            name.set(old.get_untracked());
        }
    });
    let refused = move || {
        let unchanged = name.with(|name| name.trim().is_empty() || name.trim() == old.get());
        rename.pending().get() || unchanged || taken.with(Option::is_some)
    };
    view! {
        <Dialog open=target.open title="Rename experiment">
            <form on:submit=move |e| { e.prevent_default(); rename.dispatch(()); }>
                <div class="field">
                    <label for="experiment-name">"New experiment name"</label>
                    <input class="input" id="experiment-name" autofocus required autocomplete="off" aria-describedby="experiment-name-problem"
                        aria-invalid=move || taken.with(Option::is_some).then_some("true")
                        node_ref=field
                        prop:value=move || name.get() on:input:target=move |e| name.set(e.target().value())/>
                    <p id="experiment-name-problem" class="error-note" aria-live="polite">{taken}</p>
                </div>
                {move || rename.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
                <div class="dialog-actions">
                    <button type="button" class="button" on:click=move |_| target.open.set(false)>"Cancel"</button>
                    <button type="submit" class="button primary" disabled=refused>"Save"</button>
                </div>
            </form>
        </Dialog>
    }
}

/// Deletes an experiment with its runs.
#[component]
pub(crate) fn DeleteExperiment(
    /// Which one, and whether the dialog is open.
    target: Target,
    /// Called when it is done.
    on_done: Callback<()>,
) -> impl IntoView {
    let messages = messages();
    let runs = Action::new(|id: &String| count_runs(id.clone()));
    let delete = Action::new(move |(): &()| {
        let experiment = target.experiment.get_untracked();
        async move {
            delete_experiment(experiment.id).await?;
            target.open.set(false);
            messages.done(format!("Experiment \"{}\" deleted; find it under State: Deleted.", experiment.name));
            on_done.run(());
            UiResult::Ok(())
        }
    });
    Effect::new(move |_| {
        if target.open.get() {
            delete.clear();
            runs.clear();
            runs.dispatch(target.experiment.with_untracked(|experiment| experiment.id.clone()));
        }
    });
    let title = Signal::derive(move || {
        target.experiment.with(|experiment| format!("Delete experiment \"{}\"", experiment.name))
    });
    let what = move || {
        let runs = match runs.value().get() {
            Some(Ok(0)) => ", which has no active runs,".to_owned(),
            Some(Ok(1)) => " and its 1 active run".to_owned(),
            Some(Ok(count)) => format!(" and its {count} active runs"),
            _ => " and all its runs".to_owned(),
        };
        target.experiment.with(|e| format!("Experiment \"{}\" (ID {}){runs} will be deleted.", e.name, e.id))
    };
    view! {
        <ConfirmDialog open=target.open title action="Delete" on_confirm=Callback::new(move |()| { delete.dispatch(()); }) pending=delete.pending()>
            <p>{what}</p>
            <p class="muted">"It can be restored under State: Deleted until it is purged. Its name stays taken until then."</p>
            {move || delete.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
        </ConfirmDialog>
    }
}
