//! Webhooks: addresses that are told of changes in the registry.
//!
//! A change leaves its events in the outbox, within its own transaction ([`outbox`]); a worker of each server takes them
//! from there ([`worker`]) and sends them ([`send`]) to where their URLs lead, if that is allowed ([`target`]).

mod config;
mod outbox;
mod payload;
mod secrets;
mod send;
mod target;
mod worker;

use domain::webhooks::{self as rules, Event, MAX_PAGE, Status, TestResult, Webhook};
use domain::{Error, Page, Result};
use store::webhooks::{self as rows, WebhookRow};

pub(crate) use config::Webhooks;
pub use config::{Resolver, SystemResolver, WebhookConfig};
pub(crate) use outbox::{News, Outbox};

use crate::errors::Fault;
use crate::{Service, boxed, paging};
use payload::Data;
use send::Message;

/// Webhooks on a page unless told otherwise.
const DEFAULT_PAGE: i64 = 100;

/// Asks for a new webhook.
#[derive(Clone, Default)]
pub struct NewWebhook {
    /// Its name.
    pub name: String,
    /// Plain text.
    pub description: Option<String>,
    /// Where events are sent.
    pub url: String,
    /// What it waits for.
    pub events: Vec<Event>,
    /// What signs its deliveries; none or empty: they are not signed.
    pub secret: Option<String>,
    /// Whether it is told of events.
    pub status: Status,
}

/// Asks for changes of a webhook; `None` leaves things as they are.
#[derive(Clone, Default)]
pub struct WebhookChange {
    /// Its name.
    pub name: Option<String>,
    /// Plain text; empty clears it.
    pub description: Option<String>,
    /// Where events are sent.
    pub url: Option<String>,
    /// What it waits for, in place of what it waited for.
    pub events: Option<Vec<Event>>,
    /// What signs its deliveries; empty: they are not signed any more.
    pub secret: Option<String>,
    /// Whether it is told of events.
    pub status: Option<Status>,
}

fn not_found(webhook_id: &str) -> Error {
    Error::not_found(format!("Webhook with ID {webhook_id} not found."))
}

impl Service {
    /// Says how webhooks are delivered. `Err` is a sentence for the person at the terminal.
    pub fn with_webhooks(mut self, config: WebhookConfig) -> Result<Self, String> {
        std::sync::Arc::make_mut(&mut self.inner).webhooks = Webhooks::new(config)?;
        Ok(self)
    }

    /// Creates a webhook.
    #[boxed]
    pub async fn create_webhook(&self, new: NewWebhook) -> Result<Webhook> {
        rules::check_name(&new.name)?;
        self.check_webhook_url(&new.url).await?;
        let events = rules::check_events(new.events)?;
        let webhook_id = outbox::uuid(self.inner.entropy.next());
        let now = self.now();
        let row = WebhookRow {
            webhook_no: 0,
            secret: self.seal_secret(&webhook_id, new.secret.as_deref())?,
            webhook_id,
            name: new.name,
            description: check_description(new.description)?,
            url: new.url,
            active: new.status == Status::Active,
            creation_time: now,
            last_update_time: now,
            last_delivery_time: None,
            last_delivery_status: None,
            last_delivery_error: None,
        };
        let create = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let webhook_no = rows::insert(tx, &row).await?;
                rows::set_events(tx, webhook_no, &events).await?;
                whole(tx, row, Some(webhook_no)).await
            })
        });
        Ok(create.await?)
    }

    /// A webhook.
    #[boxed]
    pub async fn webhook(&self, webhook_id: &str) -> Result<Webhook> {
        Ok(self.read_webhook(webhook_id).await?.1)
    }

    async fn read_webhook(&self, webhook_id: &str) -> Result<(WebhookRow, Webhook), Fault> {
        let mut conn = self.inner.store.read().await?;
        let row = rows::find(&mut conn, webhook_id).await?.ok_or_else(|| not_found(webhook_id))?;
        let webhook = whole(&mut conn, row.clone(), None).await?;
        Ok((row, webhook))
    }

    /// A page of webhooks, the newest first. `max_results` is from 1 to 1,000; `None` and 0 are 100.
    #[boxed]
    pub async fn webhooks(&self, max_results: Option<i64>, page_token: Option<&str>) -> Result<Page<Webhook>> {
        let size = max_results.filter(|n| *n != 0).unwrap_or(DEFAULT_PAGE);
        if !(1..=MAX_PAGE).contains(&size) {
            return Err(Error::invalid(format!("max_results must be between 1 and {MAX_PAGE}.")));
        }
        Ok(self.read_webhooks(size, paging::decode(page_token)?).await?)
    }

    async fn read_webhooks(&self, size: i64, offset: i64) -> Result<Page<Webhook>, Fault> {
        let mut conn = self.inner.store.read().await?;
        let found = rows::list(&mut conn, offset, size + 1).await?;
        Ok(paging::page(rows::load(&mut conn, found).await?, offset, size))
    }

    /// Changes a webhook. What waits to be sent goes where the webhook leads then.
    #[boxed]
    pub async fn update_webhook(&self, webhook_id: &str, change: WebhookChange) -> Result<Webhook> {
        self.webhook(webhook_id).await?;
        if let Some(name) = &change.name {
            rules::check_name(name)?;
        }
        if let Some(url) = &change.url {
            self.check_webhook_url(url).await?;
        }
        let events = change.events.map(rules::check_events).transpose()?;
        let description = change.description.map(|text| check_description(Some(text))).transpose()?;
        let secret = change.secret.map(|secret| self.seal_secret(webhook_id, Some(&secret))).transpose()?;
        let (webhook_id, now) = (webhook_id.to_owned(), self.now());
        let wake = self.inner.webhooks.wake.clone();
        let update = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let mut row = rows::lock(tx, &webhook_id).await?.ok_or_else(|| not_found(&webhook_id))?;
                row.name = change.name.unwrap_or(row.name);
                row.description = description.unwrap_or(row.description);
                row.url = change.url.unwrap_or(row.url);
                row.secret = secret.unwrap_or(row.secret);
                row.active = change.status.map_or(row.active, |status| status == Status::Active);
                row.last_update_time = now;
                rows::update(tx, &row).await?;
                if let Some(events) = events {
                    rows::set_events(tx, row.webhook_no, &events).await?;
                }
                wake.notify_one();
                whole(tx, row, None).await
            })
        });
        Ok(update.await?)
    }

    /// Deletes a webhook, with its secret and with what waits to be sent to it.
    #[boxed]
    pub async fn delete_webhook(&self, webhook_id: &str) -> Result<()> {
        let webhook_id = webhook_id.to_owned();
        let delete = self.inner.store.write::<_, Fault, _>(move |tx| {
            Box::pin(async move {
                let found = rows::delete(tx, &webhook_id).await?;
                Ok(found.then_some(()).ok_or_else(|| not_found(&webhook_id))?)
            })
        });
        Ok(delete.await?)
    }

    /// Sends an example of an event, or of the first that the webhook waits for; once, and at once.
    #[boxed]
    pub async fn test_webhook(&self, webhook_id: &str, event: Option<Event>) -> Result<TestResult> {
        let (row, webhook) = self.read_webhook(webhook_id).await?;
        let event = event.or_else(|| webhook.events.first().copied());
        let event = event.ok_or_else(|| Error::invalid("The webhook waits for no event."))?;
        let (now, delivery_id) = (self.now(), outbox::uuid(self.inner.entropy.next()));
        let body = Data::example(event).body(event, now);
        let failed = |why: String| TestResult {
            success: false,
            response_status: None,
            response_body: None,
            error_message: Some(format!("Failed to test webhook: {why}")),
        };
        let secret = match self.open_secret(&row) {
            Ok(secret) => secret,
            Err(error) => return Ok(failed(error.message)),
        };
        let webhooks = &self.inner.webhooks;
        let target = match target::find(&row.url, &webhooks.config).await {
            Ok(target) => target,
            Err(refusal) => return Ok(failed(Error::from(refusal).message)),
        };
        let message = Message { delivery_id: &delivery_id, body: &body, secret: secret.as_deref(), now };
        Ok(match send::post(webhooks, &target, &message).await {
            Ok(answer) => TestResult {
                success: answer.is_success(),
                response_status: Some(answer.status),
                error_message: (300..400)
                    .contains(&answer.status)
                    .then(|| "Failed to test webhook: redirects are not followed".to_owned()),
                response_body: Some(answer.body),
            },
            Err(why) => failed(why),
        })
    }

    /// Checks a URL: its form and, unless any address is allowed, where it leads at the moment.
    async fn check_webhook_url(&self, url: &str) -> Result<()> {
        let config = &self.inner.webhooks.config;
        target::parse(url, config)?;
        if !config.allow_private_ips {
            target::find(url, config).await?;
        }
        Ok(())
    }

    fn seal_secret(&self, webhook_id: &str, secret: Option<&str>) -> Result<Option<String>> {
        let Some(secret) = secret.filter(|secret| !secret.is_empty()) else { return Ok(None) };
        rules::check_secret(secret)?;
        self.inner.webhooks.keyring.seal(webhook_id, secret, &*self.inner.entropy).map(Some)
    }

    fn open_secret(&self, row: &WebhookRow) -> Result<Option<String>> {
        let stored = row.secret.as_deref();
        stored.map(|stored| self.inner.webhooks.keyring.open(&row.webhook_id, stored)).transpose()
    }
}

/// `None` for an empty one.
fn check_description(description: Option<String>) -> Result<Option<String>> {
    let description = description.filter(|text| !text.is_empty());
    if let Some(text) = &description {
        rules::check_description(text)?;
    }
    Ok(description)
}

/// The webhook of a row, which is given its number if it is new.
async fn whole(conn: &mut store::Conn, mut row: WebhookRow, webhook_no: Option<i64>) -> Result<Webhook, Fault> {
    row.webhook_no = webhook_no.unwrap_or(row.webhook_no);
    let webhook_id = row.webhook_id.clone();
    Ok(rows::load(conn, vec![row]).await?.pop().ok_or_else(|| not_found(&webhook_id))?)
}
