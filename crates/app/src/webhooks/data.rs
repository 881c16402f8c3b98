//! What the page shows, and the changes that it makes.

use domain::Page;
use domain::webhooks::{Event, TestResult, Webhook};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::error::UiResult;

/// Webhooks on a page.
#[cfg(feature = "ssr")]
const PAGE_SIZE: i64 = 50;

/// A webhook as the form has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) url: String,
    pub(super) events: Vec<Event>,
    /// `None` leaves it as it is, empty removes it.
    pub(super) secret: Option<String>,
}

#[server(prefix = "/_fn", endpoint = "webhooks_page")]
pub(super) async fn load_webhooks(page_token: Option<String>) -> UiResult<Page<Webhook>> {
    Ok(crate::error::service().webhooks(Some(PAGE_SIZE), page_token.as_deref()).await?)
}

/// Creates a webhook, or changes the one of this id.
#[server(prefix = "/_fn", endpoint = "save_webhook", input = Json)]
pub(super) async fn save_webhook(webhook_id: Option<String>, draft: Draft) -> UiResult<Webhook> {
    let Draft { name, description, url, events, secret } = draft;
    let service = crate::error::service();
    Ok(match webhook_id {
        None => {
            let description = Some(description);
            let new = service::NewWebhook { name, description, url, events, secret, ..service::NewWebhook::default() };
            service.create_webhook(new).await?
        }
        Some(id) => {
            let change = service::WebhookChange {
                name: Some(name),
                description: Some(description),
                url: Some(url),
                events: Some(events),
                secret,
                status: None,
            };
            service.update_webhook(&id, change).await?
        }
    })
}

#[server(prefix = "/_fn", endpoint = "set_webhook_status")]
pub(super) async fn set_webhook_status(webhook_id: String, active: bool) -> UiResult<()> {
    use domain::webhooks::Status;
    let status = Some(if active { Status::Active } else { Status::Disabled });
    let change = service::WebhookChange { status, ..service::WebhookChange::default() };
    crate::error::service().update_webhook(&webhook_id, change).await?;
    Ok(())
}

#[server(prefix = "/_fn", endpoint = "test_webhook", input = Json)]
pub(super) async fn test_webhook(webhook_id: String, event: Option<Event>) -> UiResult<TestResult> {
    Ok(crate::error::service().test_webhook(&webhook_id, event).await?)
}

#[server(prefix = "/_fn", endpoint = "delete_webhook")]
pub(super) async fn delete_webhook(webhook_id: String) -> UiResult<()> {
    Ok(crate::error::service().delete_webhook(&webhook_id).await?)
}
