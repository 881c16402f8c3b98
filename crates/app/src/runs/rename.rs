//! The dialog that gives a run another name.

use leptos::prelude::*;

use super::data::rename_run;
use crate::error::UiResult;
use crate::ui::dialog::Dialog;
use crate::ui::empty::ErrorNote;
use crate::ui::focus::focused_input;
use crate::ui::toast::messages;

/// Gives a run another name.
#[component]
pub(crate) fn RenameRun(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The run's id and its name now.
    #[prop(into)]
    run: Signal<(String, String)>,
    /// Called when it is done.
    on_done: Callback<()>,
) -> impl IntoView {
    let messages = messages();
    let name = RwSignal::new(String::new());
    let field = focused_input();
    let save = Action::new(move |(): &()| {
        let answer = rename_run(run.get_untracked().0, name.get_untracked());
        let name = name.with_untracked(|name| name.trim().to_owned());
        async move {
            answer.await?;
            open.set(false);
            messages.done(format!("The run is now called \"{name}\"."));
            on_done.run(());
            UiResult::Ok(())
        }
    });
    Effect::new(move |_| {
        if open.get() {
            save.clear();
            name.set(run.get_untracked().1);
        }
    });
    let unchanged = move || name.with(|name| name.trim().is_empty() || run.with(|(_, old)| name.trim() == old));
    view! {
        <Dialog open title="Rename run">
            <form on:submit=move |e| { e.prevent_default(); save.dispatch(()); }>
                <div class="field">
                    <label for="run-name">"New run name"</label>
                    <input class="input" id="run-name" required maxlength="250" autocomplete="off" node_ref=field
                        prop:value=move || name.get() on:input:target=move |e| name.set(e.target().value())/>
                </div>
                {move || save.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
                <div class="dialog-actions">
                    <button type="button" class="button" on:click=move |_| open.set(false)>"Cancel"</button>
                    <button type="submit" class="button primary" disabled=move || save.pending().get() || unchanged()>"Save"</button>
                </div>
            </form>
        </Dialog>
    }
}
