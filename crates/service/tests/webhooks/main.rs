//! Webhooks as those who set them up and those who receive them see them.

mod delivery;
mod receiver;
mod rules;
mod safety;

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use domain::webhooks::{Event, Webhook};
use futures::future::BoxFuture;
use receiver::Receiver;
use service::{NewModelVersion, NewRegisteredModel, NewWebhook, Resolver, Service, WebhookConfig};
use testing::{Backend, TestService};

/// 32 bytes in URL-safe base64, twice.
const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const OTHER_KEY: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

/// How webhooks are delivered in tests: anywhere, over HTTP.
fn config() -> WebhookConfig {
    WebhookConfig {
        allowed_schemes: vec!["http".into(), "https".into()],
        allow_private_ips: true,
        encryption_key: Some(KEY.into()),
        ..WebhookConfig::default()
    }
}

/// A service that delivers, and a receiver.
async fn setup(backend: Backend) -> (TestService, Service, Receiver) {
    let t = TestService::new(backend).await;
    let service = t.service.clone().with_webhooks(config()).unwrap();
    (t, service, Receiver::start().await)
}

fn event(text: &str) -> Event {
    Event::parse(text).unwrap()
}

fn hook(url: &str, events: &[&str]) -> NewWebhook {
    let events = events.iter().map(|text| event(text)).collect();
    NewWebhook { name: "hook".into(), url: url.into(), events, ..NewWebhook::default() }
}

async fn add_hook(service: &Service, url: &str, events: &[&str]) -> Webhook {
    service.create_webhook(hook(url, events)).await.unwrap()
}

async fn add_model(service: &Service, name: &str) {
    let new = NewRegisteredModel { name: name.into(), ..NewRegisteredModel::default() };
    service.create_registered_model(new).await.unwrap();
}

async fn add_version(service: &Service, name: &str) {
    let new = NewModelVersion { name: name.into(), source: "s3://bucket/model".into(), ..NewModelVersion::default() };
    service.create_model_version(new).await.unwrap();
}

/// A name server that answers what it is told, one after the other, and remembers who was asked for.
#[derive(Default)]
struct Names {
    answers: Mutex<VecDeque<IpAddr>>,
    asked: Mutex<Vec<String>>,
}

impl Names {
    fn answering(answers: &[&str]) -> Arc<Self> {
        let answers = answers.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Self { answers: Mutex::new(answers), asked: Mutex::default() })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Resolver for Names {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        self.asked.lock().unwrap().push(host.to_owned());
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async move { answer.map(|a| vec![a]).ok_or_else(|| io::Error::other("no such name")) })
    }
}
