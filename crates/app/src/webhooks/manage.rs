//! Dialogs that try out a webhook and delete one.

use domain::webhooks::{Event, TestResult, Webhook};
use leptos::prelude::*;

use super::data::{delete_webhook, test_webhook};
use super::list::Asked;
use crate::error::UiResult;
use crate::ui::dialog::{ConfirmDialog, Dialog};
use crate::ui::empty::ErrorNote;
use crate::ui::icon::{Icon, IconName};
use crate::ui::toast::messages;

/// Sends an example, and shows what came back.
#[component]
pub(super) fn TestWebhook(
    /// Which one, and whether the dialog is open.
    asked: Asked,
) -> impl IntoView {
    let title = Signal::derive(move || {
        asked
            .webhook
            .with(|webhook| webhook.as_ref().map_or_else(String::new, |w| format!("Test webhook \"{}\"", w.name)))
    });
    view! {
        <Dialog open=asked.open title>
            <TestForm asked/>
        </Dialog>
    }
}

#[component]
fn TestForm(asked: Asked) -> impl IntoView {
    let Some(Webhook { webhook_id, url, events, .. }) = asked.webhook.get_untracked() else {
        return ().into_any();
    };
    let chosen = RwSignal::new(events.first().map(ToString::to_string).unwrap_or_default());
    let send = Action::new(move |(): &()| {
        let event = chosen.with_untracked(|text| Event::parse(text));
        test_webhook(webhook_id.clone(), event)
    });
    let options = events
        .iter()
        .map(ToString::to_string)
        .map(|event| view! { <option value=event.clone()>{event.clone()}</option> });
    let options = options.collect_view();
    view! {
        <form on:submit=move |e| { e.prevent_default(); send.dispatch(()); }>
            <p class="muted">"Sends an example to "<span class="mono">{url}</span></p>
            <div class="field">
                <label for="test-event">"Event"</label>
                <select id="test-event" class="input" autofocus prop:value=move || chosen.get() on:change:target=move |e| chosen.set(e.target().value())>
                    {options}
                </select>
            </div>
            <div role="status" aria-live="polite">
                {move || if send.pending().get() {
                    view! { <p class="muted">"Waiting for an answer…"</p> }.into_any()
                } else {
                    match send.value().get() {
                        None => ().into_any(),
                        Some(Ok(result)) => view! { <Outcome result/> }.into_any(),
                        Some(Err(error)) => view! { <ErrorNote error/> }.into_any(),
                    }
                }}
            </div>
            <div class="dialog-actions">
                <button type="button" class="button" on:click=move |_| asked.open.set(false)>"Close"</button>
                <button type="submit" class="button primary" disabled=move || send.pending().get()>"Send"</button>
            </div>
        </form>
    }
    .into_any()
}

/// What came back.
#[component]
fn Outcome(result: TestResult) -> impl IntoView {
    let (class, icon) = if result.success {
        ("row status-finished", IconName::Finished)
    } else {
        ("row status-failed", IconName::Failed)
    };
    let line = match (result.response_status, result.success) {
        (Some(status), true) => format!("Delivered: the receiver answered {status}"),
        (Some(status), false) => format!("Not delivered: the receiver answered {status}"),
        (None, _) => "Not delivered".to_owned(),
    };
    let body = result.response_body.filter(|body| !body.trim().is_empty());
    view! {
        <p class=class><Icon name=icon/><strong>{line}</strong></p>
        {result.error_message.map(|why| view! { <p class="error-note">{why}</p> })}
        {body.map(|body| view! {
            <div class="code-block max-h-60 overflow-auto"><pre tabindex="0" aria-label="The answer">{body}</pre></div>
        })}
    }
}

/// Deletes a webhook.
#[component]
pub(super) fn DeleteWebhook(
    /// Which one, and whether the dialog is open.
    asked: Asked,
    /// Called when it is done.
    on_done: Callback<()>,
) -> impl IntoView {
    let messages = messages();
    let delete = Action::new(move |(): &()| {
        let webhook = asked.webhook.get_untracked();
        async move {
            if let Some(Webhook { webhook_id, name, .. }) = webhook {
                delete_webhook(webhook_id).await?;
                messages.done(format!("Webhook \"{name}\" deleted"));
            }
            asked.open.set(false);
            on_done.run(());
            UiResult::Ok(())
        }
    });
    Effect::new(move |_| {
        if asked.open.get() {
            delete.clear();
        }
    });
    let name = move || asked.webhook.with(|webhook| webhook.as_ref().map(|w| w.name.clone()));
    let url = move || asked.webhook.with(|webhook| webhook.as_ref().map(|w| w.url.clone()));
    view! {
        <ConfirmDialog open=asked.open title="Delete webhook" action="Delete" pending=Signal::derive(move || delete.pending().get())
            on_confirm=Callback::new(move |()| { delete.dispatch(()); })>
            <p>
                "Webhook "<strong>{name}</strong>" to "<span class="mono">{url}</span>
                " is deleted, with its secret and with what still waits to be delivered to it. This cannot be undone."
            </p>
            {move || delete.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
        </ConfirmDialog>
    }
}
