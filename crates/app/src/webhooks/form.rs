//! The dialog that sets up a webhook, or changes one.

use domain::webhooks::{Entity, Event, Webhook, check_name};
use leptos::prelude::*;

use super::data::{Draft, save_webhook};
use super::list::Asked;
use crate::error::UiResult;
use crate::ui::dialog::Dialog;
use crate::ui::empty::ErrorNote;
use crate::ui::focus::focused_input;
use crate::ui::toast::messages;

/// Sets up a webhook, or changes one.
#[component]
pub(super) fn WebhookDialog(
    /// Which one, and whether the dialog is open.
    asked: Asked,
    /// Called when it is done.
    on_done: Callback<()>,
) -> impl IntoView {
    let title = Signal::derive(move || {
        asked.webhook.with(|webhook| match webhook {
            None => "New webhook".to_owned(),
            Some(webhook) => format!("Edit webhook \"{}\"", webhook.name),
        })
    });
    view! {
        <Dialog open=asked.open title>
            <WebhookForm asked on_done/>
        </Dialog>
    }
}

/// Events that can come, of models and of prompts.
fn choices() -> [(&'static str, Vec<Event>); 2] {
    let of_prompts = |event: &Event| event.entity().name().starts_with("prompt");
    let possible = Event::all().into_iter().filter(|event| event.entity() != Entity::BudgetPolicy);
    let (prompts, models) = possible.partition(of_prompts);
    [("Models", models), ("Prompts", prompts)]
}

#[component]
fn WebhookForm(asked: Asked, on_done: Callback<()>) -> impl IntoView {
    let now: Option<Webhook> = asked.webhook.get_untracked();
    let webhook_id = now.as_ref().map(|webhook| webhook.webhook_id.clone());
    let has_secret = now.as_ref().is_some_and(|webhook| webhook.has_secret);
    let is_new = now.is_none();
    let name = RwSignal::new(now.as_ref().map(|w| w.name.clone()).unwrap_or_default());
    let url = RwSignal::new(now.as_ref().map(|w| w.url.clone()).unwrap_or_default());
    let description = RwSignal::new(now.as_ref().and_then(|w| w.description.clone()).unwrap_or_default());
    let events = RwSignal::new(now.map(|w| w.events).unwrap_or_default());
    let secret = RwSignal::new(String::new());
    let removes_secret = RwSignal::new(false);
    let tried = RwSignal::new(false);
    let field = focused_input();
    let messages = messages();

    let save = Action::new(move |draft: &Draft| {
        let saving = save_webhook(webhook_id.clone(), draft.clone());
        async move {
            let saved = saving.await?;
            messages.done(format!("Webhook \"{}\" {}", saved.name, if is_new { "created" } else { "saved" }));
            asked.open.set(false);
            on_done.run(());
            UiResult::Ok(())
        }
    });
    let trimmed = |text: RwSignal<String>| text.with(|t| t.trim().to_owned());
    let name_problem = Memo::new(move |_| {
        let name = trimmed(name);
        let is_asked = tried.get() || !name.is_empty();
        check_name(&name).is_err_and(|_| is_asked).then_some(
            "A name has up to 63 letters, digits, dots, underscores and hyphens, and begins and ends with a letter or digit.",
        )
    });
    let url_problem = Memo::new(move |_| {
        (tried.get() && trimmed(url).is_empty()).then_some("Please say where events are to be sent.")
    });
    let events_problem =
        Memo::new(move |_| (tried.get() && events.with(Vec::is_empty)).then_some("Please choose at least one event."));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let has_problem =
            untrack(|| name_problem.get().is_some() || url_problem.get().is_some() || events_problem.get().is_some());
        if !has_problem {
            let typed = secret.get_untracked();
            let secret =
                if removes_secret.get_untracked() { Some(String::new()) } else { (!typed.is_empty()).then_some(typed) };
            save.dispatch(untrack(|| Draft {
                name: trimmed(name),
                description: trimmed(description),
                url: trimmed(url),
                events: events.get(),
                secret,
            }));
        }
    };
    let group = move |(title, all): (&'static str, Vec<Event>)| {
        let boxes = all.into_iter().map(move |event| {
            let is_on = move || events.with(|chosen| chosen.contains(&event));
            let set = move |on: bool| {
                events.update(|chosen| {
                    chosen.retain(|other| *other != event);
                    if on {
                        chosen.push(event);
                    }
                });
            };
            view! {
                <label class="check">
                    <input type="checkbox" prop:checked=is_on on:change:target=move |e| set(e.target().checked())/>
                    <span class="mono">{event.to_string()}</span>
                </label>
            }
        });
        view! {
            <fieldset class="grow">
                <legend>{title}</legend>
                {boxes.collect_view()}
            </fieldset>
        }
    };
    view! {
        <form on:submit=submit novalidate>
            <div class="field">
                <label for="webhook-name">"Name"</label>
                <input id="webhook-name" node_ref=field class="input" autocomplete="off" spellcheck="false" maxlength="63"
                    aria-describedby="webhook-name-problem" aria-invalid=move || name_problem.with(Option::is_some).to_string()
                    prop:value=move || name.get() on:input:target=move |e| name.set(e.target().value())/>
                <p id="webhook-name-problem" class="error-note" aria-live="polite">{name_problem}</p>
            </div>
            <div class="field">
                <label for="webhook-url">"URL"</label>
                <input id="webhook-url" class="input mono" type="url" autocomplete="off" placeholder="https://ci.example.com/hooks/mlflow"
                    aria-describedby="webhook-url-problem" aria-invalid=move || url_problem.with(Option::is_some).to_string()
                    prop:value=move || url.get() on:input:target=move |e| url.set(e.target().value())/>
                <p id="webhook-url-problem" class="error-note" aria-live="polite">{url_problem}</p>
            </div>
            <div class="field" role="group" aria-labelledby="webhook-events" aria-describedby="webhook-events-problem">
                <span id="webhook-events" class="font-semibold">"Events"</span>
                <div class="row items-start">{choices().map(group).collect_view()}</div>
                <p id="webhook-events-problem" class="error-note" aria-live="polite">{events_problem}</p>
            </div>
            <div class="field">
                <label for="webhook-secret">"Secret (optional)"</label>
                <input id="webhook-secret" class="input mono" type="password" autocomplete="new-password" aria-describedby="webhook-secret-hint"
                    disabled=move || removes_secret.get()
                    prop:value=move || secret.get() on:input:target=move |e| secret.set(e.target().value())/>
                <p id="webhook-secret-hint" class="muted small">
                    {if has_secret {
                        "There is one. Leave this empty to keep it; it is never shown."
                    } else {
                        "Signs deliveries, so that the receiver knows that they come from here. It is never shown again."
                    }}
                </p>
                {has_secret.then(|| view! {
                    <label class="check">
                        <input type="checkbox" prop:checked=move || removes_secret.get()
                            on:change:target=move |e| removes_secret.set(e.target().checked())/>
                        <span>"Remove the secret"</span>
                    </label>
                })}
            </div>
            <div class="field">
                <label for="webhook-description">"Description (optional)"</label>
                <textarea id="webhook-description" class="input" rows="2"
                    prop:value=move || description.get() on:input:target=move |e| description.set(e.target().value())></textarea>
            </div>
            {move || save.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
            <div class="dialog-actions">
                <button type="button" class="button" on:click=move |_| asked.open.set(false)>"Cancel"</button>
                <button type="submit" class="button primary" disabled=move || save.pending().get()>
                    {if is_new { "Create" } else { "Save" }}
                </button>
            </div>
        </form>
    }
}
