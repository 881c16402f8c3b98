//! The list of webhooks.

use domain::Page;
use domain::webhooks::{LastDelivery, Status, Webhook};
use leptos::prelude::*;
use leptos_meta::Title;

use super::data::{load_webhooks, set_webhook_status};
use super::form::WebhookDialog;
use super::manage::{DeleteWebhook, TestWebhook};
use crate::error::UiResult;
use crate::layout::ErrorPage;
use crate::registered_models::{RegistryBreadcrumb, use_query};
use crate::ui::copy::CodeBlock;
use crate::ui::empty::Empty;
use crate::ui::icon::{Icon, IconName};
use crate::ui::load::load;
use crate::ui::time::Time;
use crate::ui::toast::messages;

const PATH: &str = "/webhooks";
/// How many events a row names.
const EVENTS_SHOWN: usize = 3;
/// The same with the client.
const SNIPPET: &str = "from mlflow import MlflowClient

MlflowClient().create_webhook(
    name=\"deploy\",
    url=\"https://ci.example.com/hooks/mlflow\",
    events=[\"model_version.created\", \"model_version_alias.created\"],
    secret=\"…\",
)";

/// The dialogs of the page: which webhook each is about.
#[derive(Clone, Copy)]
pub(super) struct Dialogs {
    pub(super) editing: Asked,
    pub(super) testing: Asked,
    pub(super) deleting: Asked,
    /// Loads the list again.
    pub(super) changed: Callback<()>,
}

/// The webhook that a dialog is about, and whether it is open.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub(super) open: RwSignal<bool>,
    /// `None`: a new one.
    pub(super) webhook: RwSignal<Option<Webhook>>,
}

impl Asked {
    fn new() -> Self {
        Self { open: RwSignal::new(false), webhook: RwSignal::new(None) }
    }

    fn ask(self, webhook: Option<Webhook>) {
        self.webhook.set(webhook);
        self.open.set(true);
    }
}

/// The page.
#[component]
pub(crate) fn WebhooksPage() -> impl IntoView {
    let query = use_query();
    let version = RwSignal::new(0_u32);
    let webhooks = load(
        move || (query.with(|q| q.get("page_token").map(str::to_owned)), version.get()),
        |(page_token, _)| load_webhooks(page_token),
    );
    let dialogs = Dialogs {
        editing: Asked::new(),
        testing: Asked::new(),
        deleting: Asked::new(),
        changed: Callback::new(move |()| {
            // The page may be gone by now.
            version.try_update(|v| *v += 1);
        }),
    };
    view! {
        <Title text="Webhooks"/>
        <RegistryBreadcrumb/>
        <div class="page-head">
            <h1>"Webhooks"</h1>
            <div class="page-actions">
                <button type="button" class="button primary" on:click=move |_| dialogs.editing.ask(None)><Icon name=IconName::Plus/>"New webhook"</button>
            </div>
        </div>
        <p class="muted mb-3">"A webhook tells another service of changes in the registry, as they happen."</p>
        <Transition fallback=|| view! { <div class="skeleton" aria-busy="true"></div> }>
            {move || Suspend::new(async move {
                match webhooks.await {
                    Ok(page) => {
                        let is_first = query.with_untracked(|q| q.get("page_token").is_none());
                        view! { <Webhooks page is_first dialogs/> }.into_any()
                    }
                    Err(error) => view! { <ErrorPage error/> }.into_any(),
                }
            })}
        </Transition>
        <WebhookDialog asked=dialogs.editing on_done=dialogs.changed/>
        <TestWebhook asked=dialogs.testing/>
        <DeleteWebhook asked=dialogs.deleting on_done=dialogs.changed/>
    }
}

#[component]
fn Webhooks(page: Page<Webhook>, is_first: bool, dialogs: Dialogs) -> impl IntoView {
    if page.items.is_empty() && is_first {
        return view! {
            <Empty title="No webhooks yet">
                <p>"Have your CI or your chat told of new versions, aliases and tags:"</p>
                <CodeBlock code=SNIPPET/>
                <button type="button" class="button" on:click=move |_| dialogs.editing.ask(None)>"New webhook"</button>
            </Empty>
        }
        .into_any();
    }
    let next = page.next_page_token.map(|token| {
        let token = crate::ui::url_encode(&token);
        view! { <a class="button" rel="next" href=crate::ui::at(&format!("{PATH}?page_token={token}"))>"Next page"</a> }
    });
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="Webhooks">
            <table class="grid">
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col">"URL"</th>
                        <th scope="col">"Events"</th>
                        <th scope="col">"Status"</th>
                        <th scope="col">"Last delivery"</th>
                        <th scope="col"><span class="sr-only">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody>
                    {page.items.into_iter().map(|webhook| view! { <WebhookRow webhook dialogs/> }).collect_view()}
                </tbody>
            </table>
        </div>
        {(!is_first || next.is_some()).then(|| view! {
            <nav class="row mt-3" aria-label="Pages">
                {(!is_first).then(|| view! { <a class="button" href=crate::ui::at(PATH)>"First page"</a> })}
                {next}
            </nav>
        })}
    }
    .into_any()
}

#[component]
fn WebhookRow(webhook: Webhook, dialogs: Dialogs) -> impl IntoView {
    let messages = messages();
    let is_active = webhook.status == Status::Active;
    let Webhook { webhook_id, name, description, url, events, has_secret, last_delivery, .. } = webhook.clone();
    let webhook = StoredValue::new(webhook);
    let toggle = {
        let name = name.clone();
        Action::new(move |(): &()| {
            let (webhook_id, name) = (webhook_id.clone(), name.clone());
            async move {
                match set_webhook_status(webhook_id, !is_active).await {
                    Ok(()) => {
                        messages.done(format!("Webhook \"{name}\" {}", if is_active { "disabled" } else { "enabled" }));
                        dialogs.changed.run(());
                    }
                    Err(error) => messages.failed(error.to_string()),
                }
                UiResult::Ok(())
            }
        })
    };
    let all = events.iter().map(ToString::to_string).collect::<Vec<_>>();
    let more = all.len().saturating_sub(EVENTS_SHOWN);
    let rest = (more > 0)
        .then(|| view! { <span class="muted small" title=all.join(", ")>{format!("and {more} more")}</span> });
    let shown =
        all.iter().take(EVENTS_SHOWN).map(|event| view! { <span class="chip">{event.clone()}</span> }).collect_view();
    let ask = move |asked: Asked| asked.ask(Some(webhook.get_value()));
    view! {
        <tr>
            <td>
                <strong>{name.clone()}</strong>
                {description.map(|text| view! { <p class="muted small">{text}</p> })}
            </td>
            <td class="min-w-56">
                <span class="mono">{url}</span>
                {has_secret.then(|| view! { " " <span class="chip" title="Deliveries carry a signature">"signed"</span> })}
            </td>
            <td><span class="row">{shown}{rest}</span></td>
            <td>
                {if is_active {
                    view! { <span class="chip chip-production">"Active"</span> }
                } else {
                    view! { <span class="chip chip-archived">"Disabled"</span> }
                }}
            </td>
            <td class="min-w-48"><Last last=last_delivery/></td>
            <td class="actions">
                <button type="button" class="button" aria-label=format!("Test {name}") on:click=move |_| ask(dialogs.testing)>"Test"</button>
                " "
                <button type="button" class="button" disabled=move || toggle.pending().get() on:click=move |_| drop(toggle.dispatch(()))
                    aria-label=format!("{} {name}", if is_active { "Disable" } else { "Enable" })>
                    {if is_active { "Disable" } else { "Enable" }}
                </button>
                <button type="button" class="icon-button" title="Edit" aria-label=format!("Edit {name}") on:click=move |_| ask(dialogs.editing)>
                    <Icon name=IconName::Edit/>
                </button>
                <button type="button" class="icon-button" title="Delete" aria-label=format!("Delete {name}") on:click=move |_| ask(dialogs.deleting)>
                    <Icon name=IconName::Delete/>
                </button>
            </td>
        </tr>
    }
}

/// How the last attempt at a delivery ended.
#[component]
fn Last(last: Option<LastDelivery>) -> impl IntoView {
    let Some(LastDelivery { time, status, error }) = last else {
        return view! { <span class="muted">"—"</span> }.into_any();
    };
    let (class, icon) = match &error {
        None => ("status-finished", IconName::Finished),
        Some(_) => ("status-failed", IconName::Failed),
    };
    let outcome = error.unwrap_or_else(|| status.map_or_else(String::new, |status| format!("Delivered ({status})")));
    view! {
        <span class=class><Icon name=icon/></span>
        " "
        <span>{outcome}</span>
        <p class="muted small whitespace-nowrap"><Time millis=time short=true/></p>
    }
    .into_any()
}
