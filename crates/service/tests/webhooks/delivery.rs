//! What is told, to whom, how often, and what becomes of it.

use std::collections::HashSet;
use std::time::Duration;

use domain::Tag;
use domain::webhooks::{LastDelivery, Status};
use rstest::rstest;
use serde_json::{Value, json};
use service::{NewModelVersion, NewRegisteredModel, NewWebhook, Service, WebhookChange, WebhookConfig};
use store::StoreError;
use testing::{Backend, TestService};

use crate::receiver::{Reply, status};
use crate::{add_hook, add_model, add_version, config, event, hook, setup};

/// A second and what chance adds to it at most.
const PAUSE: i64 = 2_000;

#[rstest]
#[tokio::test]
async fn changes_of_models_are_told_as_mlflow_tells_them(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let (_t, s, receiver) = setup(backend).await;
    let all: Vec<String> = domain::webhooks::Event::all().iter().map(ToString::to_string).collect();
    add_hook(&s, &receiver.url("/all"), &all.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let tags = vec![Tag::new("a", "1")];
    s.create_registered_model(NewRegisteredModel { name: "m".into(), tags: tags.clone(), description: None })
        .await
        .unwrap();
    let new = NewModelVersion { name: "m".into(), source: "s3://b/m".into(), tags, ..NewModelVersion::default() };
    s.create_model_version(new).await.unwrap();
    s.set_registered_model_tag("m", "t", "v").await.unwrap();
    s.delete_registered_model_tag("m", "t").await.unwrap();
    s.set_model_version_tag("m", "1", "k", "v").await.unwrap();
    s.delete_model_version_tag("m", "1", "never set").await.unwrap();
    s.set_alias("m", "best", "1").await.unwrap();
    s.set_alias("m", "best", "1").await.unwrap();
    s.delete_alias("m", "best").await.unwrap();
    s.delete_alias("m", "best").await.unwrap();
    s.update_registered_model("m", Some("d")).await.unwrap();
    s.transition_stage("m", "1", "Staging", false).await.unwrap();
    s.rename_registered_model("m", "n").await.unwrap();
    s.delete_model_version("n", "1").await.unwrap();
    s.delete_registered_model("n").await.unwrap();
    assert_eq!(
        told(&s, &receiver).await,
        [
            ("registered_model.created", json!({"name": "m", "tags": {"a": "1"}, "description": ""})),
            (
                "model_version.created",
                json!({"name": "m", "version": "1", "source": "s3://b/m", "run_id": null, "tags": {"a": "1"}, "description": null})
            ),
            ("model_version_tag.set", json!({"name": "m", "version": "1", "key": "k", "value": "v"})),
            ("model_version_tag.deleted", json!({"name": "m", "version": "1", "key": "never set"})),
            ("model_version_alias.created", json!({"name": "m", "alias": "best", "version": "1"})),
            ("model_version_alias.created", json!({"name": "m", "alias": "best", "version": "1"})),
            ("model_version_alias.deleted", json!({"name": "m", "alias": "best"})),
            ("model_version_alias.deleted", json!({"name": "m", "alias": "best"})),
        ]
        .map(|(event, data)| (event.to_owned(), data))
    );
}

/// Delivers everything; what came, in the order of happening.
async fn told(service: &Service, receiver: &crate::receiver::Receiver) -> Vec<(String, Value)> {
    while service.deliver_due_webhooks().await.unwrap() > 0 {}
    let mut seen = receiver.seen();
    // Several are under way at a time; ids are counted in tests.
    seen.sort_by_key(|request| request.id().to_owned());
    seen.iter().map(crate::receiver::Seen::told).collect()
}

#[rstest]
#[tokio::test]
async fn changes_of_prompts_are_told_without_what_is_internal(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let (_t, s, receiver) = setup(backend).await;
    let all: Vec<String> = domain::webhooks::Event::all().iter().map(ToString::to_string).collect();
    add_hook(&s, &receiver.url("/"), &all.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let prompt = |more: &[(&str, &str)]| {
        let tags = [("mlflow.prompt.is_prompt", "true"), ("_mlflow_prompt_type", "text"), ("t", "1")];
        tags.iter().chain(more).map(|(key, value)| Tag::new(*key, *value)).collect::<Vec<_>>()
    };
    s.create_registered_model(NewRegisteredModel {
        name: "p".into(),
        tags: prompt(&[]),
        description: Some("d".into()),
    })
    .await
    .unwrap();
    let new = NewModelVersion {
        name: "p".into(),
        source: "dummy-source".into(),
        tags: prompt(&[("mlflow.prompt.text", "Hi {{x}}")]),
        description: Some("first".into()),
        ..NewModelVersion::default()
    };
    s.create_model_version(new).await.unwrap();
    s.set_registered_model_tag("p", "k", "v").await.unwrap();
    s.delete_registered_model_tag("p", "k").await.unwrap();
    s.set_model_version_tag("p", "1", "k", "v").await.unwrap();
    s.delete_model_version_tag("p", "1", "k").await.unwrap();
    s.set_alias("p", "live", "1").await.unwrap();
    s.delete_alias("p", "live").await.unwrap();
    assert_eq!(
        told(&s, &receiver).await,
        [
            ("prompt.created", json!({"name": "p", "tags": {"t": "1"}, "description": "d"})),
            (
                "prompt_version.created",
                json!({"name": "p", "version": "1", "template": "Hi {{x}}", "tags": {"t": "1"}, "description": "first"})
            ),
            ("prompt_tag.set", json!({"name": "p", "key": "k", "value": "v"})),
            ("prompt_tag.deleted", json!({"name": "p", "key": "k"})),
            ("prompt_version_tag.set", json!({"name": "p", "version": "1", "key": "k", "value": "v"})),
            ("prompt_version_tag.deleted", json!({"name": "p", "version": "1", "key": "k"})),
            ("prompt_alias.created", json!({"name": "p", "alias": "live", "version": "1"})),
            ("prompt_alias.deleted", json!({"name": "p", "alias": "live"})),
        ]
        .map(|(event, data)| (event.to_owned(), data))
    );
}

async fn run(t: &TestService, sql: &'static str) {
    let run = t
        .database
        .store
        .write::<_, StoreError, _>(move |tx| Box::pin(async move { tx.execute(sql, vec![]).await.map(drop) }));
    run.await.unwrap();
}

#[rstest]
#[tokio::test]
async fn a_change_and_its_events_are_kept_together_or_not_at_all(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let (t, s, receiver) = setup(backend).await;
    add_hook(&s, &receiver.url("/"), &["model_version_alias.created", "registered_model.created"]).await;
    add_model(&s, "m").await;
    add_version(&s, "m").await;
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 1);

    // The change fails after its event was left: nothing is told.
    run(&t, "CREATE UNIQUE INDEX curse ON model_aliases (version)").await;
    s.set_alias("m", "first", "1").await.unwrap();
    s.set_alias("m", "second", "1").await.unwrap_err();
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 1);
    assert_eq!(receiver.seen().last().unwrap().told().1["alias"], "first");

    // The event can't be left: nothing is changed.
    run(&t, "ALTER TABLE webhook_deliveries RENAME TO elsewhere").await;
    let new = NewRegisteredModel { name: "n".into(), ..NewRegisteredModel::default() };
    s.create_registered_model(new).await.unwrap_err();
    s.registered_model("n").await.unwrap_err();
}

#[rstest]
#[tokio::test]
async fn what_fails_is_tried_again_later_each_time(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let (t, s, receiver) = setup(backend).await;
    let id = add_hook(&s, &receiver.url("/"), &["registered_model.created"]).await.webhook_id;
    receiver.reply([status(503), status(429), status(200)]);
    add_model(&s, "m").await;
    let mut pauses = Vec::new();
    for _ in 0..3 {
        let mut waited = 0;
        while s.deliver_due_webhooks().await.unwrap() == 0 {
            t.clock.advance(250);
            waited += 250;
        }
        pauses.push(waited);
    }
    assert!(
        pauses[0] == 0 && (1_000..=2_000).contains(&pauses[1]) && (2_000..=3_000).contains(&pauses[2]),
        "{pauses:?}"
    );
    t.clock.advance(3_600_000);
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 0);
    let seen = receiver.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|r| r.id() == seen[0].id() && r.body == seen[0].body));
    let last = s.webhook(&id).await.unwrap().last_delivery.unwrap();
    assert_eq!((last.status, last.error), (Some(200), None));
}

#[rstest]
#[tokio::test]
async fn what_is_refused_is_given_up(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let (t, s, receiver) = setup(backend).await;
    let id = add_hook(&s, &receiver.url("/"), &["registered_model.created"]).await.webhook_id;
    for code in [404, 301] {
        let before = receiver.seen().len();
        receiver.reply([status(code)]);
        add_model(&s, &format!("m{code}")).await;
        for _ in 0..8 {
            s.deliver_due_webhooks().await.unwrap();
            t.clock.advance(100_000);
        }
        assert_eq!(receiver.seen().len() - before, 1, "{code}");
        let last = s.webhook(&id).await.unwrap().last_delivery.unwrap();
        assert_eq!(last.status, Some(code));
        assert!(last.error.is_some());
    }
}

#[rstest]
#[tokio::test]
async fn a_receiver_that_is_down_gets_the_event_when_it_is_back(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let (t, s, receiver) = setup(backend).await;
    let id = add_hook(&s, &receiver.url("/"), &["registered_model.created"]).await.webhook_id;
    receiver.reply(vec![status(501); 20]);
    add_model(&s, "m").await;
    // Three times within seconds, as configured.
    for pause in [0, PAUSE, PAUSE + 1_000, PAUSE + 3_000] {
        t.clock.advance(pause);
        assert_eq!(s.deliver_due_webhooks().await.unwrap(), 1);
    }
    // Then once a minute.
    for _ in 4..=20 {
        t.clock.advance(59_000);
        assert_eq!(s.deliver_due_webhooks().await.unwrap(), 0);
        t.clock.advance(PAUSE);
        assert_eq!(s.deliver_due_webhooks().await.unwrap(), 1);
    }
    assert_eq!(s.webhook(&id).await.unwrap().last_delivery.unwrap().status, Some(200));
    let ids: HashSet<_> = receiver.seen().iter().map(|r| r.id().to_owned()).collect();
    assert_eq!((receiver.seen().len(), ids.len()), (21, 1));
}

#[rstest]
#[tokio::test]
async fn a_receiver_that_is_down_for_a_day_misses_the_event(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let (t, s, _receiver) = setup(backend).await;
    add_hook(&s, "http://127.0.0.1:1/", &["registered_model.created"]).await;
    add_model(&s, "m").await;
    for _ in 0..=24 {
        assert_eq!(s.deliver_due_webhooks().await.unwrap(), 1);
        t.clock.advance(3_600_000);
    }
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 1, "once more, before it is dropped");
    t.clock.advance(3_600_000);
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 0);
}

#[tokio::test]
async fn a_receiver_may_say_when_to_come_again() {
    let (t, s, receiver) = setup(Backend::Sqlite).await;
    add_hook(&s, &receiver.url("/"), &["registered_model.created"]).await;
    receiver.reply([Reply::Status(429, "Retry-After: 60\r\n", String::new())]);
    add_model(&s, "m").await;
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 1);
    t.clock.advance(59_000);
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 0);
    t.clock.advance(1_000);
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 1);
}

#[rstest]
#[tokio::test]
async fn a_receiver_that_is_not_there_is_tried_again(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let (t, s, receiver) = setup(backend).await;
    let id = add_hook(&s, "http://127.0.0.1:1/", &["registered_model.created"]).await.webhook_id;
    add_model(&s, "m").await;
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 1);
    let LastDelivery { status, error, .. } = s.webhook(&id).await.unwrap().last_delivery.unwrap();
    assert_eq!(status, None);
    assert!(error.unwrap().starts_with("cannot connect to 127.0.0.1:1: "));
    // What waits goes where the webhook leads by then.
    let change = WebhookChange { url: Some(receiver.url("/moved")), ..WebhookChange::default() };
    s.update_webhook(&id, change).await.unwrap();
    t.clock.advance(PAUSE);
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 1);
    assert_eq!(receiver.seen()[0].path, "/moved");
}

#[rstest]
#[tokio::test]
async fn what_a_dead_server_was_sending_is_sent_by_another(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let (t, s, receiver) = setup(backend).await;
    add_hook(&s, &receiver.url("/"), &["registered_model.created"]).await;
    receiver.reply([Reply::Silence]);
    add_model(&s, "m").await;
    let dying = tokio::spawn({
        let s = s.clone();
        async move { s.deliver_due_webhooks().await }
    });
    receiver.wait_for(1).await;
    dying.abort();
    let other = t.service.clone().with_webhooks(config()).unwrap();
    t.clock.advance(30_000);
    assert_eq!(other.deliver_due_webhooks().await.unwrap(), 0, "the first may still be at it");
    t.clock.advance(15_000);
    assert_eq!(other.deliver_due_webhooks().await.unwrap(), 1);
    let seen = receiver.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!((seen[0].id(), &seen[0].body), (seen[1].id(), &seen[1].body));
    assert_eq!(seen[0].headers["x-mlflow-timestamp"], "1700000000");
    assert_eq!(seen[1].headers["x-mlflow-timestamp"], "1700000045");
}

#[rstest]
#[tokio::test]
async fn several_servers_tell_everything_once(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let (t, s, receiver) = setup(backend).await;
    add_hook(&s, &receiver.url("/a"), &["registered_model.created"]).await;
    add_hook(&s, &receiver.url("/b"), &["registered_model.created"]).await;
    for number in 0..20 {
        add_model(&s, &format!("m{number}")).await;
    }
    let servers = (0..4).map(|_| {
        let server = t.service.clone().with_webhooks(config()).unwrap();
        tokio::spawn(async move {
            let mut idle = 0;
            while idle < 3 {
                idle = if server.deliver_due_webhooks().await.unwrap() == 0 { idle + 1 } else { 0 };
            }
        })
    });
    for server in servers.collect::<Vec<_>>() {
        server.await.unwrap();
    }
    let seen = receiver.seen();
    let ids: HashSet<_> = seen.iter().map(|r| r.id().to_owned()).collect();
    assert_eq!((seen.len(), ids.len()), (40, 40));
}

#[rstest]
#[tokio::test]
async fn the_worker_tells_at_once_and_puts_back_what_it_could_not_finish(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let (t, s, receiver) = setup(backend).await;
    add_hook(&s, &receiver.url("/"), &["registered_model.created"]).await;
    add_model(&s, "before").await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let worker = tokio::spawn({
        let s = s.clone();
        async move { s.deliver_webhooks(async { drop(stopped.await) }).await }
    });
    receiver.wait_for(1).await;
    add_model(&s, "during").await;
    receiver.wait_for(2).await;
    receiver.reply([Reply::Silence]);
    add_model(&s, "last").await;
    let seen = receiver.wait_for(3).await;
    assert_eq!(seen[2].told().1["name"], "last");
    drop(stop);
    tokio::time::timeout(Duration::from_secs(20), worker).await.expect("it stops").unwrap();
    let next = t.service.clone().with_webhooks(config()).unwrap();
    assert_eq!(next.deliver_due_webhooks().await.unwrap(), 1, "at once, not when the lease runs out");
    assert_eq!(receiver.seen()[3].id(), seen[2].id());
}

#[rstest]
#[tokio::test]
async fn what_waited_while_no_server_ran_is_told(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let (t, s, receiver) = setup(backend).await;
    add_hook(&s, &receiver.url("/"), &["registered_model.created"]).await;
    add_model(&s, "on Friday").await;
    t.clock.advance(3 * 24 * 3_600_000);
    let worker = tokio::spawn(async move { s.deliver_webhooks(std::future::pending()).await });
    assert_eq!(receiver.wait_for(1).await[0].told().1["name"], "on Friday");
    worker.abort();
}

/// With the statistics of an almost empty table, Postgres plans another way.
#[rstest]
#[tokio::test]
async fn a_worker_takes_a_few_of_many(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let (t, s, receiver) = setup(backend).await;
    add_hook(&s, &receiver.url("/"), &["registered_model.created"]).await;
    add_model(&s, "m0").await;
    run(&t, "ANALYZE").await;
    for number in 1..30 {
        add_model(&s, &format!("m{number}")).await;
    }
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 4);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_webhook_that_is_deleted_harms_no_change(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let (_t, s, receiver) = setup(backend).await;
    add_model(&s, "m").await;
    add_version(&s, "m").await;
    let worker = tokio::spawn({
        let s = s.clone();
        async move { s.deliver_webhooks(std::future::pending()).await }
    });
    for round in 0..20 {
        let hook = add_hook(&s, &receiver.url("/"), &["model_version_alias.created"]).await;
        let changes = (0..4).map(|number| {
            let s = s.clone();
            tokio::spawn(async move { s.set_alias("m", &format!("a{round}-{number}"), "1").await })
        });
        let changes: Vec<_> = changes.collect();
        s.delete_webhook(&hook.webhook_id).await.unwrap();
        for change in changes {
            change.await.unwrap().unwrap();
        }
    }
    worker.abort();
}

#[tokio::test]
async fn a_silent_receiver_does_not_hold_up_the_others() {
    let (_t, s, receiver) = setup(Backend::Sqlite).await;
    let silent = crate::receiver::Receiver::start().await;
    silent.reply(vec![Reply::Silence; 30]);
    add_hook(&s, &silent.url("/"), &["model_version_alias.created"]).await;
    add_hook(&s, &receiver.url("/"), &["registered_model.created"]).await;
    add_model(&s, "m").await;
    add_version(&s, "m").await;
    for number in 0..30 {
        s.set_alias("m", &format!("a{number}"), "1").await.unwrap();
    }
    let worker = tokio::spawn({
        let s = s.clone();
        async move { s.deliver_webhooks(std::future::pending()).await }
    });
    silent.wait_for(4).await;
    for number in 0..10 {
        add_model(&s, &format!("m{number}")).await;
    }
    receiver.wait_for(11).await;
    worker.abort();
}

#[tokio::test]
async fn receivers_that_fall_silent_together_do_not_hold_up_the_others() {
    let (_t, s, receiver) = setup(Backend::Sqlite).await;
    let silent = crate::receiver::Receiver::start().await;
    silent.reply(vec![Reply::Silence; 30]);
    for path in ["/a", "/b", "/c"] {
        add_hook(&s, &silent.url(path), &["model_version_alias.created"]).await;
    }
    add_hook(&s, &receiver.url("/"), &["registered_model.created"]).await;
    add_model(&s, "m").await;
    add_version(&s, "m").await;
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 1);
    for number in 0..10 {
        s.set_alias("m", &format!("a{number}"), "1").await.unwrap();
    }
    let worker = tokio::spawn({
        let s = s.clone();
        async move { s.deliver_webhooks(std::future::pending()).await }
    });
    silent.wait_for(9).await;
    add_model(&s, "n").await;
    receiver.wait_for(2).await;
    worker.abort();
}

/// Has every one of these webhooks fail once.
async fn fail_once(t: &TestService, s: &Service, receiver: &crate::receiver::Receiver, hooks: usize) {
    receiver.reply(vec![status(500); hooks]);
    s.set_alias("m", "first", "1").await.unwrap();
    while receiver.seen().len() < hooks {
        s.deliver_due_webhooks().await.unwrap();
    }
    t.clock.advance(PAUSE);
}

#[rstest]
#[tokio::test]
async fn receivers_that_fail_never_take_more_than_half_of_the_workers(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let (t, s, receiver) = setup(backend).await;
    let silent = crate::receiver::Receiver::start().await;
    for number in 0..12 {
        add_hook(&s, &silent.url(&format!("/{number}")), &["model_version_alias.created"]).await;
    }
    add_hook(&s, &receiver.url("/"), &["registered_model.created"]).await;
    add_model(&s, "m").await;
    add_version(&s, "m").await;
    fail_once(&t, &s, &silent, 12).await;
    silent.reply(vec![Reply::Silence; 60]);
    for number in 0..5 {
        s.set_alias("m", &format!("a{number}"), "1").await.unwrap();
    }
    let worker = tokio::spawn({
        let s = s.clone();
        async move { s.deliver_webhooks(std::future::pending()).await }
    });
    let seen = silent.wait_for(12 + 5).await;
    let paths: HashSet<_> = seen[12..].iter().map(|request| request.path.clone()).collect();
    assert_eq!(paths.len(), 5, "one each");
    for number in 1..=8 {
        let before = receiver.seen().len();
        add_model(&s, &format!("m{number}")).await;
        receiver.wait_for(before + 1).await;
    }
    assert_eq!(silent.seen().len(), 12 + 5);
    worker.abort();
}

#[rstest]
#[tokio::test]
async fn receivers_that_fail_take_turns(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let (t, _, receiver) = setup(backend).await;
    let s = t.service.clone().with_webhooks(WebhookConfig { max_workers: 2, ..config() }).unwrap();
    for path in ["/a", "/b", "/c"] {
        add_hook(&s, &receiver.url(path), &["model_version_alias.created"]).await;
    }
    add_model(&s, "m").await;
    add_version(&s, "m").await;
    fail_once(&t, &s, &receiver, 3).await;
    receiver.reply(vec![status(500); 9]);
    for number in 0..5 {
        s.set_alias("m", &format!("a{number}"), "1").await.unwrap();
    }
    for _ in 0..9 {
        t.clock.advance(1);
        assert_eq!(s.deliver_due_webhooks().await.unwrap(), 1);
    }
    let seen = receiver.seen();
    for turn in seen[3..].chunks(3) {
        let paths: HashSet<_> = turn.iter().map(|request| request.path.as_str()).collect();
        assert_eq!(paths, HashSet::from(["/a", "/b", "/c"]));
    }
}

#[rstest]
#[tokio::test]
async fn a_disabled_webhook_keeps_what_waits_for_a_day(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let (t, s, receiver) = setup(backend).await;
    let id = add_hook(&s, &receiver.url("/"), &["registered_model.created"]).await.webhook_id;
    let set = async |status| {
        let change = WebhookChange { status: Some(status), ..WebhookChange::default() };
        s.update_webhook(&id, change).await.unwrap();
    };
    add_model(&s, "kept").await;
    set(Status::Disabled).await;
    add_model(&s, "not told").await;
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 0);
    set(Status::Active).await;
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 1);
    add_model(&s, "too old").await;
    set(Status::Disabled).await;
    t.clock.advance(24 * 3_600_000 + 1);
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 0);
    set(Status::Active).await;
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 0);
    add_model(&s, "deleted").await;
    s.delete_webhook(&id).await.unwrap();
    assert_eq!(s.deliver_due_webhooks().await.unwrap(), 0);
    let names: Vec<_> = receiver.seen().iter().map(|r| r.told().1["name"].clone()).collect();
    assert_eq!(names, ["kept"]);
}

#[rstest]
#[tokio::test]
async fn a_test_sends_an_example_once_and_says_what_came_back(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let (t, s, receiver) = setup(backend).await;
    let new = NewWebhook {
        secret: Some("s3cret".into()),
        status: Status::Disabled,
        ..hook(&receiver.url("/"), &["prompt.created", "model_version.created"])
    };
    let id = s.create_webhook(new).await.unwrap().webhook_id;
    let result = s.test_webhook(&id, None).await.unwrap();
    assert_eq!((result.success, result.response_status), (true, Some(200)));
    assert_eq!((result.response_body.as_deref(), result.error_message), (Some("hello"), None));
    s.test_webhook(&id, Some(event("prompt_alias.deleted"))).await.unwrap();
    receiver.reply([status(500)]);
    let result = s.test_webhook(&id, None).await.unwrap();
    assert_eq!((result.success, result.response_status, result.error_message), (false, Some(500), None));
    let seen = receiver.seen();
    let events: Vec<_> = seen.iter().map(|r| r.told().0).collect();
    assert_eq!(events, ["model_version.created", "prompt_alias.deleted", "model_version.created"]);
    assert!(seen[0].headers["x-mlflow-signature"].starts_with("v1,"));
    assert_eq!(seen[0].headers["content-type"], "application/json");

    let hasty = WebhookConfig { timeout: Duration::from_secs(1), ..config() };
    let hasty = t.service.clone().with_webhooks(hasty).unwrap();
    receiver.reply([Reply::Silence]);
    let result = hasty.test_webhook(&id, None).await.unwrap();
    assert_eq!(result.error_message.as_deref(), Some("Failed to test webhook: no answer within 1 seconds"));
    assert_eq!((result.success, result.response_status), (false, None));
}
