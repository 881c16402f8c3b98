//! What can be set up, and what is refused.

use domain::webhooks::{Status, Webhook};
use domain::{Error, ErrorCode};
use rstest::rstest;
use service::{NewWebhook, WebhookChange, WebhookConfig};
use testing::{Backend, TestService};

use crate::{Names, config, event, hook, setup};

#[rstest]
#[tokio::test]
async fn a_webhook_is_created_changed_and_deleted(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let (t, s, _) = setup(backend).await;
    let new = NewWebhook {
        description: Some("tells the *team*".into()),
        secret: Some("s3cret".into()),
        ..hook("https://example.com/a b?x=1", &["prompt.created", "model_version.created", "prompt.created"])
    };
    let created = s.create_webhook(new).await.unwrap();
    assert_eq!(
        created,
        Webhook {
            webhook_id: created.webhook_id.clone(),
            name: "hook".into(),
            description: Some("tells the *team*".into()),
            url: "https://example.com/a b?x=1".into(),
            events: vec![event("model_version.created"), event("prompt.created")],
            status: Status::Active,
            has_secret: true,
            creation_timestamp: 1_700_000_000_000,
            last_updated_timestamp: 1_700_000_000_000,
            last_delivery: None,
        }
    );
    let id = created.webhook_id.as_str();
    assert_eq!(id.len(), 36);
    assert_eq!(s.webhook(id).await.unwrap(), created);

    t.clock.advance(5);
    let touched = s.update_webhook(id, WebhookChange::default()).await.unwrap();
    assert_eq!(touched, Webhook { last_updated_timestamp: 1_700_000_000_005, ..created.clone() });
    let change = WebhookChange {
        name: Some("other".into()),
        description: Some(String::new()),
        url: Some("http://other.example/".into()),
        events: Some(vec![event("model_version_alias.deleted")]),
        secret: Some(String::new()),
        status: Some(Status::Disabled),
    };
    let changed = s.update_webhook(id, change).await.unwrap();
    assert_eq!(
        changed,
        Webhook {
            name: "other".into(),
            description: None,
            url: "http://other.example/".into(),
            events: vec![event("model_version_alias.deleted")],
            has_secret: false,
            status: Status::Disabled,
            ..touched
        }
    );
    assert_eq!(s.webhook(id).await.unwrap(), changed);

    s.delete_webhook(id).await.unwrap();
    let gone = Error::not_found(format!("Webhook with ID {id} not found."));
    assert_eq!(s.webhook(id).await.unwrap_err(), gone);
    assert_eq!(s.delete_webhook(id).await.unwrap_err(), gone);
    assert_eq!(s.update_webhook(id, WebhookChange::default()).await.unwrap_err(), gone);
    assert_eq!(s.test_webhook(id, None).await.unwrap_err(), gone);
}

#[rstest]
#[tokio::test]
async fn webhooks_are_listed_in_pages_the_newest_first(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let (t, s, _) = setup(backend).await;
    for name in ["a", "b", "c"] {
        s.create_webhook(NewWebhook { name: name.into(), ..hook("http://x.example/", &["prompt.created"]) })
            .await
            .unwrap();
        t.clock.advance(i64::from(name == "b"));
    }
    let names = |page: &domain::Page<Webhook>| page.items.iter().map(|w| w.name.clone()).collect::<String>();
    let first = s.webhooks(Some(2), None).await.unwrap();
    let rest = s.webhooks(Some(2), first.next_page_token.as_deref()).await.unwrap();
    assert_eq!((names(&first), names(&rest), rest.next_page_token), ("cb".into(), "a".into(), None));
    assert_eq!(names(&s.webhooks(Some(0), None).await.unwrap()), "cba");
    for bad in [-1, 1_001] {
        let refused = s.webhooks(Some(bad), None).await.unwrap_err();
        assert_eq!(refused, Error::invalid("max_results must be between 1 and 1000."));
    }
}

#[rstest]
#[tokio::test]
async fn what_is_wrong_is_told_and_changes_nothing(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let (t, s, _) = setup(backend).await;
    let good = || hook("http://x.example/", &["prompt.created"]);
    let long = |n| Some("x".repeat(n));
    for (new, message) in [
        (NewWebhook { name: "-a".into(), ..good() }, "Webhook name '-a' is invalid."),
        (
            NewWebhook { url: "ftp://a".into(), ..good() },
            "Invalid webhook URL scheme: 'ftp'. Allowed schemes are: http, https.",
        ),
        (NewWebhook { url: "http://a:99999/".into(), ..good() }, "Invalid webhook URL 'http://a:99999/': "),
        (
            NewWebhook { events: vec![], ..good() },
            "Webhook events must be a non-empty list of WebhookEvent objects: [].",
        ),
        (
            NewWebhook { description: long(5_001), ..good() },
            "'description' exceeds the maximum length of 5000 characters",
        ),
        (NewWebhook { secret: long(1_001), ..good() }, "'secret' exceeds the maximum length of 1000 characters"),
        (
            NewWebhook { url: format!("http://a/{}", "x".repeat(2_000)), ..good() },
            "'url' exceeds the maximum length of 2000 characters",
        ),
    ] {
        let refused = s.create_webhook(new).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidParameterValue);
        assert!(refused.message.starts_with(message), "{}", refused.message);
    }
    assert_eq!(s.webhooks(None, None).await.unwrap().items, []);

    let created = s.create_webhook(good()).await.unwrap();
    t.clock.advance(1);
    let change = WebhookChange { name: Some("new".into()), url: Some("x".into()), ..WebhookChange::default() };
    s.update_webhook(&created.webhook_id, change).await.unwrap_err();
    assert_eq!(s.webhook(&created.webhook_id).await.unwrap(), created);
}

/// As configured if nothing is: HTTPS to public addresses alone, and no secrets without a key.
#[tokio::test]
async fn by_default_only_public_addresses_are_taken() {
    let t = TestService::new(Backend::Sqlite).await;
    let names = Names::answering(&["10.0.0.1", "8.8.8.8", "fd00::1", "8.8.8.8"]);
    let strict = WebhookConfig { resolver: names.clone(), ..WebhookConfig::default() };
    let s = t.service.clone().with_webhooks(strict).unwrap();
    let create = async |url: &str| s.create_webhook(hook(url, &["prompt.created"])).await;
    for (url, message) in [
        ("http://8.8.8.8/", "Invalid webhook URL scheme: 'http'. Allowed schemes are: https."),
        ("https://127.1/", "'127.0.0.1' resolves to 127.0.0.1."),
        ("https://2130706433/", "'127.0.0.1' resolves to 127.0.0.1."),
        ("https://[::ffff:10.0.0.1]/", "resolves to ::ffff:10.0.0.1."),
        ("https://[2002:a00:1::]/", "'2002:a00:1::' resolves to 2002:a00:1::."),
        ("https://100.64.0.1/", "'100.64.0.1' resolves to 100.64.0.1."),
        (
            "https://inside.example/",
            "Webhook URL must not resolve to a non-public IP address. 'inside.example' resolves to 10.0.0.1.",
        ),
    ] {
        let refused = create(url).await.unwrap_err();
        assert!(refused.message.ends_with(message), "{url}: {}", refused.message);
    }
    let created = create("https://outside.example/").await.unwrap();
    let change = WebhookChange { url: Some("https://six.example/".into()), ..WebhookChange::default() };
    let refused = s.update_webhook(&created.webhook_id, change).await.unwrap_err();
    assert!(refused.message.ends_with("'six.example' resolves to fd00::1."));
    let secret = NewWebhook { secret: Some("s".into()), ..hook("https://four.example/", &["prompt.created"]) };
    let refused = s.create_webhook(secret).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotImplemented);
    assert!(refused.message.contains("MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"));
    let unknown = create("https://nowhere.example/").await.unwrap_err();
    assert_eq!(unknown, Error::invalid("Cannot resolve Webhook URL hostname 'nowhere.example': no such name"));
}

#[tokio::test]
async fn a_key_that_is_none_is_told_at_the_start() {
    let t = TestService::new(Backend::Sqlite).await;
    let bad = WebhookConfig { encryption_key: Some("hunter2".into()), ..config() };
    let Err(sentence) = t.service.clone().with_webhooks(bad) else { panic!("that is no key") };
    assert!(sentence.starts_with("MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY is no key"));
    assert!(!sentence.contains("hunter2"));
}
