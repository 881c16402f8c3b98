//! Webhooks over HTTP.

use axum::extract::{Path, State};
use domain::webhooks::{Action, Entity, Event, Status};
use service::{NewWebhook, Service, WebhookChange};

use crate::error::ApiError;
use crate::request::Params;
use crate::response::{Answer, done, one, page};

pub(crate) async fn create(State(service): State<Service>, mut params: Params) -> Answer {
    let new = NewWebhook {
        name: params.required_string("name")?,
        url: params.required_string("url")?,
        events: events(params.required_objects("events")?)?,
        description: params.string("description")?,
        secret: params.string("secret")?,
        status: status(&mut params)?.unwrap_or_default(),
    };
    one("webhook", &service.create_webhook(new).await?)
}

pub(crate) async fn list(State(service): State<Service>, mut params: Params) -> Answer {
    let max_results = params.int64("max_results")?;
    let page_token = params.string("page_token")?;
    page("webhooks", &service.webhooks(max_results, page_token.as_deref()).await?)
}

pub(crate) async fn get(State(service): State<Service>, Path(id): Path<String>) -> Answer {
    one("webhook", &service.webhook(&id).await?)
}

pub(crate) async fn update(State(service): State<Service>, Path(id): Path<String>, mut params: Params) -> Answer {
    // What may not be empty is left as it is by an empty value.
    let change = WebhookChange {
        name: params.string("name")?.filter(|name| !name.is_empty()),
        description: params.string("description")?,
        url: params.string("url")?.filter(|url| !url.is_empty()),
        events: Some(events(params.objects("events")?)?).filter(|events| !events.is_empty()),
        secret: params.string("secret")?,
        status: status(&mut params)?,
    };
    one("webhook", &service.update_webhook(&id, change).await?)
}

pub(crate) async fn delete(State(service): State<Service>, Path(id): Path<String>) -> Answer {
    service.delete_webhook(&id).await?;
    done()
}

pub(crate) async fn test(State(service): State<Service>, Path(id): Path<String>, mut params: Params) -> Answer {
    let wanted = params.optional_object("event")?.map(event).transpose()?;
    one("result", &service.test_webhook(&id, wanted).await?)
}

fn events(items: Vec<Params>) -> Result<Vec<Event>, ApiError> {
    items.into_iter().map(event).collect()
}

fn event(mut params: Params) -> Result<Event, ApiError> {
    let entity = params.required_choice(
        "entity",
        |name| Entity::ALL.into_iter().find(|e| is_wire_name(name, e.name())),
        |number| by_number(&Entity::ALL, number),
    )?;
    let action = params.required_choice(
        "action",
        |name| Action::ALL.into_iter().find(|a| is_wire_name(name, a.name())),
        |number| by_number(&Action::ALL, number),
    )?;
    Ok(Event::new(entity, action)?)
}

fn status(params: &mut Params) -> Result<Option<Status>, ApiError> {
    params.known_choice(
        "status",
        |name| Status::ALL.into_iter().find(|s| s.name() == name),
        |number| by_number(&Status::ALL, number),
    )
}

/// Whether `MODEL_VERSION` on the wire is `model_version`.
fn is_wire_name(wire: &str, name: &str) -> bool {
    wire.eq_ignore_ascii_case(name) && !wire.bytes().any(|b| b.is_ascii_lowercase())
}

/// The value of a number on the wire, where the first has 1.
fn by_number<T: Copy>(all: &[T], number: i64) -> Option<T> {
    all.get(usize::try_from(number.checked_sub(1)?).ok()?).copied()
}
