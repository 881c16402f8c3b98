//! Webhooks on the wire.

use domain::webhooks::{Event, TestResult, Webhook};
use serde::Serialize;

use super::{List, Wire, is_blank};

#[derive(Serialize)]
pub(crate) struct EventShape {
    entity: String,
    action: String,
}

impl Wire for Event {
    type Shape<'a> = EventShape;

    fn shape(&self) -> EventShape {
        EventShape {
            entity: self.entity().name().to_ascii_uppercase(),
            action: self.action().name().to_ascii_uppercase(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct WebhookShape<'a> {
    webhook_id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "is_blank")]
    description: Option<&'a str>,
    url: &'a str,
    events: List<'a, Event>,
    status: &'static str,
    creation_timestamp: i64,
    last_updated_timestamp: i64,
}

impl Wire for Webhook {
    type Shape<'a> = WebhookShape<'a>;

    fn shape(&self) -> WebhookShape<'_> {
        WebhookShape {
            webhook_id: &self.webhook_id,
            name: &self.name,
            description: self.description.as_deref(),
            url: &self.url,
            events: List(&self.events),
            status: self.status.name(),
            creation_timestamp: self.creation_timestamp,
            last_updated_timestamp: self.last_updated_timestamp,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct TestResultShape<'a> {
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_body: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
}

impl Wire for TestResult {
    type Shape<'a> = TestResultShape<'a>;

    fn shape(&self) -> TestResultShape<'_> {
        TestResultShape {
            success: self.success,
            response_status: self.response_status,
            response_body: self.response_body.as_deref(),
            error_message: self.error_message.as_deref(),
        }
    }
}
