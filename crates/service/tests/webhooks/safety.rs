//! Where nothing is ever sent, and what nobody ever reads.

use std::sync::Arc;
use std::time::Duration;

use rstest::rstest;
use service::{NewWebhook, WebhookConfig};
use testing::{Backend, TestService};

use crate::receiver::{Receiver, Reply};
use crate::{KEY, Names, OTHER_KEY, add_hook, add_model, config, hook, setup};

/// The name leads to a public address when the webhook is set up, and to this machine when it is told.
#[tokio::test]
async fn a_name_that_changes_its_mind_leads_nowhere() {
    let t = TestService::new(Backend::Sqlite).await;
    let receiver = Receiver::start().await;
    let names = Names::answering(&["8.8.8.8", "127.0.0.1", "::ffff:127.0.0.1"]);
    let strict = WebhookConfig { allow_private_ips: false, resolver: names.clone(), ..config() };
    let s = t.service.clone().with_webhooks(strict).unwrap();
    let url = format!("http://rebind.example:{}/", receiver.port);
    let id = add_hook(&s, &url, &["registered_model.created"]).await.webhook_id;
    add_model(&s, "m").await;
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 1);
    let why = s.webhook(&id).await.unwrap().last_delivery.unwrap().error.unwrap();
    let refused = "Webhook URL must not resolve to a non-public IP address. 'rebind.example' resolves to ";
    assert_eq!(why, format!("{refused}127.0.0.1."));
    t.clock.advance(3_600_000);
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 0, "it is not tried again");
    let result = s.test_webhook(&id, None).await.unwrap();
    let message = format!("Failed to test webhook: {refused}::ffff:127.0.0.1.");
    assert_eq!((result.success, result.error_message), (false, Some(message)));
    assert_eq!(names.asked().len(), 3, "once for each");
    assert!(receiver.seen().is_empty());
}

/// What is sent goes to the address that was looked up and checked: the name is not looked up again.
#[tokio::test]
async fn what_was_checked_is_where_it_goes() {
    let t = TestService::new(Backend::Sqlite).await;
    let receiver = Receiver::start().await;
    let names = Names::answering(&["127.0.0.1"]);
    let s = t.service.clone().with_webhooks(WebhookConfig { resolver: names.clone(), ..config() }).unwrap();
    let url = format!("http://u:p@hooks.example:{}/in?x=1", receiver.port);
    let id = add_hook(&s, &url, &["registered_model.created"]).await.webhook_id;
    assert!(s.test_webhook(&id, None).await.unwrap().success);
    assert_eq!(names.asked(), ["hooks.example"]);
    let seen = receiver.seen();
    assert_eq!(seen[0].path, "/in?x=1");
    assert_eq!(seen[0].headers["host"], format!("hooks.example:{}", receiver.port));
    assert_eq!(seen[0].headers["authorization"], "Basic dTpw");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (_t, s, receiver) = setup(Backend::Sqlite).await;
    let id = add_hook(&s, &receiver.url("/"), &["registered_model.created"]).await.webhook_id;
    receiver.reply([Reply::Status(302, "Location: /target\r\n", String::new())]);
    let result = s.test_webhook(&id, None).await.unwrap();
    assert_eq!((result.success, result.response_status), (false, Some(302)));
    assert_eq!(result.error_message.as_deref(), Some("Failed to test webhook: redirects are not followed"));
    assert_eq!(receiver.seen().len(), 1);
}

#[tokio::test]
async fn only_the_beginning_of_an_answer_is_read() {
    let (_t, s, receiver) = setup(Backend::Sqlite).await;
    let id = add_hook(&s, &receiver.url("/"), &["registered_model.created"]).await.webhook_id;
    receiver.reply([Reply::Status(200, "", "x".repeat(10_000_000))]);
    let result = s.test_webhook(&id, None).await.unwrap();
    assert_eq!((result.success, result.response_body.unwrap().len()), (true, 64 * 1024));
}

#[tokio::test]
async fn an_answer_that_does_not_end_is_an_answer() {
    let t = TestService::new(Backend::Sqlite).await;
    let config = WebhookConfig { timeout: Duration::from_secs(1), ..config() };
    let (s, receiver) = (t.service.clone().with_webhooks(config).unwrap(), Receiver::start().await);
    receiver.reply([Reply::Endless]);
    add_hook(&s, &receiver.url("/"), &["registered_model.created"]).await;
    add_model(&s, "m").await;
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 1);
    t.clock.advance(3_600_000);
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 0, "it has been delivered");
    assert_eq!(receiver.seen().len(), 1);
}

#[rstest]
#[tokio::test]
async fn secrets_are_unreadable_in_the_database(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let (t, s, receiver) = setup(backend).await;
    let with_secret = |secret: &str| NewWebhook {
        secret: Some(secret.into()),
        ..hook(&receiver.url("/"), &["registered_model.created"])
    };
    let first = s.create_webhook(with_secret("open sesame")).await.unwrap();
    let second = s.create_webhook(with_secret("open sesame")).await.unwrap();
    let mut conn = t.database.store.read().await.unwrap();
    let rows: Vec<(String, String)> =
        conn.fetch_all("SELECT webhook_id, secret FROM webhooks ORDER BY webhook_no", vec![]).await.unwrap();
    drop(conn);
    assert!(rows.iter().all(|(_, stored)| !stored.contains("open") && !stored.contains("b3Blbi")), "{rows:?}");
    assert_ne!(rows[0].1, rows[1].1);
    assert!(!format!("{first:?}").contains("sesame"));

    // A secret that is moved to another webhook's row is of no use there.
    let moved = rows[0].1.clone();
    let id = second.webhook_id.clone();
    let swap = t.database.store.write::<_, store::StoreError, _>(move |tx| {
        Box::pin(async move {
            let sql = "UPDATE webhooks SET secret = $1 WHERE webhook_id = $2";
            tx.execute(sql, store::args![moved, id]).await.map(drop)
        })
    });
    swap.await.unwrap();
    let result = s.test_webhook(&second.webhook_id, None).await.unwrap();
    assert!(result.error_message.unwrap().ends_with("cannot be decrypted: what is stored is damaged."));
    s.delete_webhook(&second.webhook_id).await.unwrap();

    // Under another key nothing is sent, signed or not; what waits is told when the key is back.
    let with_key = |key: &str| {
        let config = WebhookConfig { encryption_key: Some(key.into()), ..config() };
        t.service.clone().with_webhooks(config).unwrap()
    };
    let other = with_key(OTHER_KEY);
    assert!(!other.test_webhook(&first.webhook_id, None).await.unwrap().success);
    add_model(&other, "m").await;
    for _ in 0..6 {
        assert_eq!(other.deliver_due_webhooks().await.unwrap(), 1);
        t.clock.advance(60_000);
    }
    let why = s.webhook(&first.webhook_id).await.unwrap().last_delivery.unwrap().error.unwrap();
    assert!(why.contains("it was encrypted with another key than the server has now"), "{why}");
    assert!(receiver.seen().is_empty());
    assert_eq!(with_key(KEY).deliver_due_webhooks().await.unwrap(), 1);
    assert!(receiver.seen()[0].headers.contains_key("x-mlflow-signature"));
}

/// Without a key of its own a server with SQLite makes one, beside the database.
#[tokio::test]
async fn a_key_is_made_where_there_is_a_place_for_it() {
    let t = TestService::new(Backend::Sqlite).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let receiver = Arc::new(Receiver::start().await);
    let config = || WebhookConfig { encryption_key: None, key_file: Some(path.clone()), ..config() };
    let s = t.service.clone().with_webhooks(config()).unwrap();
    add_hook(&s, &receiver.url("/"), &["prompt.created"]).await;
    assert!(!path.exists(), "no secret, no key");
    let new = NewWebhook { secret: Some("s".into()), ..hook(&receiver.url("/"), &["prompt.created"]) };
    let id = s.create_webhook(new).await.unwrap().webhook_id;
    let restarted = t.service.clone().with_webhooks(config()).unwrap();
    assert!(restarted.test_webhook(&id, None).await.unwrap().success);
    std::fs::remove_file(&path).unwrap();
    let without = t.service.clone().with_webhooks(config()).unwrap();
    let message = without.test_webhook(&id, None).await.unwrap().error_message.unwrap();
    assert!(message.contains("the server's key is missing (MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY)"), "{message}");
}
