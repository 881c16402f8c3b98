//! What the registry remembers: who did what, and which version was in which stage when.

use std::sync::Arc;

use domain::guards::Guards;
use domain::history::{Change, HistoryEntry, StageSpan};
use domain::model_versions::Stage;
use domain::{Error, Tag};
use rstest::rstest;
use service::{
    Artifacts, Clock, HistoryOf, NewModelVersion, NewRegisteredModel, S3Options, Service, SystemEntropy, acting_as,
};
use testing::{Backend, TestService};

const START: i64 = 1_700_000_000_000;

fn model(name: &str) -> NewRegisteredModel {
    NewRegisteredModel { name: name.into(), ..NewRegisteredModel::default() }
}

fn version(name: &str) -> NewModelVersion {
    NewModelVersion { name: name.into(), source: "s3://bucket/model".into(), ..NewModelVersion::default() }
}

async fn model_with_versions(service: &Service, name: &str, count: usize) {
    service.create_registered_model(model(name)).await.expect("a new name");
    for _ in 0..count {
        service.create_model_version(version(name)).await.expect("a good source");
    }
}

fn of(name: &str, version: Option<&str>) -> HistoryOf {
    HistoryOf { name: name.into(), version: version.map(Into::into), ..HistoryOf::default() }
}

/// The whole history, the oldest first.
async fn history(service: &Service, name: &str, version: Option<&str>) -> Vec<HistoryEntry> {
    let page = service.registry_history(of(name, version)).await.expect("a history");
    assert_eq!(page.next_page_token, None);
    page.items.into_iter().rev().collect()
}

/// Versions and changes.
fn changes(entries: Vec<HistoryEntry>) -> Vec<(Option<i64>, Change)> {
    entries.into_iter().map(|entry| (entry.version, entry.change)).collect()
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[rstest]
#[tokio::test]
async fn every_change_of_a_model_is_told(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    acting_as(Some("ada"), s.create_registered_model(model("m"))).await.unwrap();
    t.clock.advance(5);
    let again = async {
        s.update_registered_model("m", Some("first")).await.unwrap();
        s.update_registered_model("m", Some("first")).await.unwrap();
        s.update_registered_model("m", None).await.unwrap();
        s.set_registered_model_tag("m", "k", "1").await.unwrap();
        s.set_registered_model_tag("m", "k", "1").await.unwrap();
        s.set_registered_model_tag("m", "k", "2").await.unwrap();
        s.delete_registered_model_tag("m", "k").await.unwrap();
        s.delete_registered_model_tag("m", "k").await.unwrap();
        s.set_guards("m", Guards { description: true, ..Guards::default() }).await.unwrap();
        s.rename_registered_model("m", "n").await.unwrap();
        s.rename_registered_model("n", "n").await.unwrap();
    };
    acting_as(Some(" \u{7}grace\n"), again).await;
    s.delete_registered_model("n").await.unwrap();

    let told = history(s, "n", None).await;
    let who: Vec<_> = told.iter().map(|entry| (entry.time, entry.actor.as_deref())).collect();
    assert_eq!((who[0], who[1], who[8]), ((START, Some("ada")), (START + 5, Some(" grace")), (START + 5, None)));
    assert_eq!(
        changes(told),
        [
            Change::Created,
            Change::Described { before: None, after: Some(text("first")) },
            Change::Described { before: Some(text("first")), after: None },
            Change::TagSet { key: text("k"), before: None, after: text("1") },
            Change::TagSet { key: text("k"), before: Some(text("1")), after: text("2") },
            Change::TagDeleted { key: text("k"), before: text("2") },
            Change::GuardsChanged {
                before: Guards::default(),
                after: Guards { description: true, ..Guards::default() }
            },
            Change::Renamed { from: text("m"), to: text("n") },
            Change::Deleted { aliases: vec![] },
        ]
        .map(|change| (None, change))
    );

    // A new model of the name has a history of its own; the old one's stays, under its id.
    s.create_registered_model(model("n")).await.unwrap();
    assert_eq!(changes(history(s, "n", None).await), [(None, Change::Created)]);
    let deleted = s.deleted_models(None, None).await.unwrap().items.remove(0);
    let old = s.registry_history(HistoryOf { id: Some(deleted.id), ..of("n", None) }).await.unwrap();
    assert_eq!(old.items.len(), 9);
}

#[rstest]
#[tokio::test]
async fn a_version_and_those_that_give_way_to_it(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    s.register_model(version("m")).await.unwrap();
    s.create_model_version(version("m")).await.unwrap();
    s.transition_stage("m", "1", "production", false).await.unwrap();
    s.set_alias("m", "best", "1").await.unwrap();
    s.set_alias("m", "best", "2").await.unwrap();
    s.set_alias("m", "best", "2").await.unwrap();
    s.transition_stage("m", "2", "Production", true).await.unwrap();
    s.transition_stage("m", "2", "Production", true).await.unwrap();
    s.set_model_version_tag("m", "1", "k", "v").await.unwrap();
    s.delete_model_version_tag("m", "1", "k").await.unwrap();
    s.update_model_version("m", "1", Some("d")).await.unwrap();
    s.set_alias("m", "old", "1").await.unwrap();
    s.delete_alias("m", "old").await.unwrap();
    s.delete_alias("m", "old").await.unwrap();
    s.delete_model_version("m", "2").await.unwrap();

    let to_production = |archived| Change::stage_moved(Stage::None, Stage::Production, archived).unwrap();
    let aliased = |left| Change::AliasSet { alias: text("best"), left };
    let of_both = [
        (None, Change::Created),
        (Some(1), Change::Created),
        (Some(2), Change::Created),
        (Some(1), to_production(vec![])),
        (Some(1), aliased(None)),
        (Some(2), aliased(Some(1))),
        (Some(2), to_production(vec![1])),
        (Some(1), Change::TagSet { key: text("k"), before: None, after: text("v") }),
        (Some(1), Change::TagDeleted { key: text("k"), before: text("v") }),
        (Some(1), Change::Described { before: None, after: Some(text("d")) }),
        (Some(1), Change::AliasSet { alias: text("old"), left: None }),
        (Some(1), Change::AliasDeleted { alias: text("old") }),
        (Some(2), Change::Deleted { aliases: vec![text("best")] }),
    ];
    assert_eq!(changes(history(s, "m", None).await), of_both);
    let of_first = changes(history(s, "m", Some("1")).await);
    assert_eq!(
        of_first[1..5],
        [
            (Some(1), to_production(vec![])),
            (Some(1), aliased(None)),
            (Some(1), Change::AliasLeft { alias: text("best"), to: 2 }),
            (Some(1), Change::Displaced { from: Stage::Production, by: 2 }),
        ]
    );
    assert_eq!(history(s, "m", Some("2")).await.len(), 4, "a deleted version keeps its history");
    let unknown = s.registry_history(of("m", Some("3"))).await.unwrap_err();
    assert_eq!(unknown, Error::not_found("Model Version (name=m, version=3) not found"));
}

#[rstest]
#[tokio::test]
async fn a_refused_change_is_not_told(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    model_with_versions(s, "m", 1).await;
    s.create_registered_model(model("taken")).await.unwrap();
    s.rename_registered_model("m", "taken").await.unwrap_err();
    s.set_alias("m", "a", "7").await.unwrap_err();
    s.set_guards("m", Guards { description: true, ..Guards::default() }).await.unwrap();
    s.transition_stage("m", "1", "Production", false).await.unwrap_err();
    assert_eq!(history(s, "m", None).await.len(), 3);
}

#[rstest]
#[tokio::test]
async fn pages_follow_each_other_while_entries_are_added(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    s.create_registered_model(model("m")).await.unwrap();
    for value in 0..6 {
        s.set_registered_model_tag("m", "k", &value.to_string()).await.unwrap();
    }
    let mut of = HistoryOf { max_results: Some(3), ..of("m", None) };
    let mut seen = Vec::new();
    loop {
        let page = s.registry_history(of.clone()).await.unwrap();
        seen.extend(page.items);
        s.set_registered_model_tag("m", "later", &seen.len().to_string()).await.unwrap();
        match page.next_page_token {
            Some(token) => of.page_token = Some(token),
            None => break,
        }
    }
    let values = seen.iter().map(|entry| match &entry.change {
        Change::TagSet { after, .. } => after.as_str(),
        _ => "created",
    });
    assert_eq!(values.collect::<Vec<_>>(), ["5", "4", "3", "2", "1", "0", "created"]);

    for (max_results, token) in [(Some(0), None), (Some(1_001), None), (None, Some("eyJvZmZzZXQiOiAxfQ=="))] {
        let asked = HistoryOf { max_results, page_token: token.map(text), ..of.clone() };
        assert_eq!(s.registry_history(asked).await.unwrap_err().code, domain::ErrorCode::InvalidParameterValue);
    }
    assert_eq!(
        s.registry_history(HistoryOf { name: text("x"), ..HistoryOf::default() }).await.unwrap_err(),
        Error::not_found("Registered Model with name=x not found")
    );
}

#[rstest]
#[tokio::test]
async fn who_was_in_production_on_a_day(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    let at = async |time: i64| s.stage_at("m", None, "production", START + time).await.unwrap();
    let span = |version, since, until: Option<i64>| StageSpan {
        version,
        since: START + since,
        until: until.map(|until| START + until),
    };
    model_with_versions(s, "m", 3).await;
    t.clock.advance(10);
    s.transition_stage("m", "1", "Production", false).await.unwrap();
    t.clock.advance(10);
    s.transition_stage("m", "2", "Production", true).await.unwrap();
    t.clock.advance(10);
    s.transition_stage("m", "3", "Production", false).await.unwrap();
    t.clock.advance(10);
    s.delete_model_version("m", "3").await.unwrap();
    t.clock.advance(10);
    s.rename_registered_model("m", "n").await.unwrap();
    s.rename_registered_model("n", "m").await.unwrap();
    t.clock.advance(10);
    s.delete_registered_model("m").await.unwrap();

    assert_eq!(at(9).await, []);
    assert_eq!(at(10).await, [span(1, 10, Some(20))]);
    assert_eq!(at(19).await, [span(1, 10, Some(20))]);
    assert_eq!(at(20).await, [span(2, 20, Some(60))]);
    assert_eq!(at(35).await, [span(3, 30, Some(40)), span(2, 20, Some(60))]);
    assert_eq!(at(40).await, [span(2, 20, Some(60))]);
    assert_eq!(at(60).await, [], "a deleted model is in no stage");

    t.clock.advance(10);
    s.restore_registered_model("m", None).await.unwrap();
    assert_eq!(at(65).await, []);
    assert_eq!(at(70).await, [span(2, 70, None)]);
    s.transition_stage("m", "2", "None", false).await.unwrap();
    assert_eq!(at(70).await, [], "gone in the millisecond that it came");

    assert_eq!(s.stage_at("m", None, "Staging", START).await.unwrap(), []);
    let refused = s.stage_at("m", None, "Archived", START).await.unwrap_err();
    assert_eq!(refused.message, "Only who was in Staging or Production is remembered, not who was in Archived.");
}

/// A clock that is right twice a day.
struct Stopped(i64);

impl Clock for Stopped {
    fn now(&self) -> i64 {
        self.0
    }
}

/// Another server on the test's database, whose clock differs.
async fn server_at(t: &TestService, time: i64) -> Service {
    let artifacts = Artifacts::new(S3Options::default()).await;
    let config = t.service.artifact_config().clone();
    Service::new(t.database.store.clone(), artifacts, config, Arc::new(Stopped(time)), Arc::new(SystemEntropy))
}

#[rstest]
#[tokio::test]
async fn time_does_not_run_backwards_between_servers(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let (s, ahead) = (&t.service, server_at(&t, START + 1_000).await);
    model_with_versions(s, "m", 2).await;
    ahead.transition_stage("m", "1", "Production", false).await.unwrap();
    let moved = s.transition_stage("m", "2", "Production", true).await.unwrap();
    assert_eq!(moved.last_updated_timestamp, START + 1_000);
    s.set_alias("m", "best", "2").await.unwrap();
    let made = s.create_model_version(version("m")).await.unwrap();
    assert_eq!(made.creation_timestamp, START + 1_000);
    s.delete_registered_model("m").await.unwrap();
    s.restore_registered_model("m", None).await.unwrap();

    let times: Vec<i64> = history(s, "m", None).await.iter().map(|entry| entry.time - START).collect();
    assert_eq!(times, [0, 0, 0, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000]);
    assert_eq!(s.stage_at("m", None, "Production", START + 999).await.unwrap(), []);
    let since = s.stage_at("m", None, "Production", START + 1_000).await.unwrap();
    assert_eq!(since, [StageSpan { version: 2, since: START + 1_000, until: None }]);
}

/// SQLite has one writer: there a change waits before its transaction, not within.
#[tokio::test]
async fn what_waits_for_another_change_is_told_at_the_time_when_it_is_made() {
    let t = TestService::new(Backend::Postgres).await;
    let s = &t.service;
    model_with_versions(s, "m", 1).await;
    let held = t.database.hold_model("m").await;
    let waits = tokio::spawn({
        let s = s.clone();
        async move { s.transition_stage("m", "1", "Production", false).await.unwrap() }
    });
    t.database.until_waiting(1).await;
    t.clock.advance(7);
    held.let_go().await;

    assert_eq!(waits.await.unwrap().last_updated_timestamp, START + 7);
    assert_eq!(history(s, "m", None).await.pop().unwrap().time, START + 7);
    assert_eq!(s.stage_at("m", None, "Production", START + 6).await.unwrap(), []);
    assert_eq!(s.registered_model("m").await.unwrap().last_updated_timestamp, START + 7);
}

#[rstest]
#[tokio::test]
async fn a_version_gets_its_aliases_in_one_step(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    let aliases = async |version: &str| s.model_version("m", version).await.unwrap().aliases;
    model_with_versions(s, "m", 2).await;
    s.set_aliases("m", "1", &[text("moves"), text("stays")]).await.unwrap();
    s.set_aliases("m", "2", &[text("goes"), text("kept")]).await.unwrap();
    s.set_aliases("m", "2", &[text("moves"), text("kept"), text("new")]).await.unwrap();
    assert_eq!(
        (aliases("1").await, aliases("2").await),
        (vec![text("stays")], ["kept", "moves", "new"].map(text).to_vec())
    );
    let told = changes(history(s, "m", None).await);
    assert_eq!(
        told[7..],
        [
            (Some(2), Change::AliasDeleted { alias: text("goes") }),
            (Some(2), Change::AliasSet { alias: text("moves"), left: Some(1) }),
            (Some(2), Change::AliasSet { alias: text("new"), left: None }),
        ]
    );

    // All or nothing.
    let refused = s.set_aliases("m", "2", &[text("another"), text("v1")]).await.unwrap_err();
    assert_eq!(refused.code, domain::ErrorCode::InvalidParameterValue);
    assert_eq!(aliases("2").await, ["kept", "moves", "new"]);
    s.set_aliases("m", "2", &[]).await.unwrap();
    assert_eq!(aliases("2").await, Vec::<String>::new());
    let unknown = s.set_aliases("m", "3", &[]).await.unwrap_err();
    assert_eq!(unknown, Error::not_found("Model Version (name=m, version=3) not found"));
}

#[rstest]
#[tokio::test]
async fn all_that_give_way_are_told_of_at_once(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    model_with_versions(s, "m", 5).await;
    for version in 1..=4 {
        s.transition_stage("m", &version.to_string(), "Staging", false).await.unwrap();
    }
    Box::pin(acting_as(Some("ada"), s.transition_stage("m", "5", "Staging", true))).await.unwrap();
    for version in 1..=4 {
        let last = history(s, "m", Some(&version.to_string())).await.pop().unwrap();
        assert_eq!((last.version, last.actor.as_deref()), (Some(version), Some("ada")));
        assert_eq!(last.change, Change::Displaced { from: Stage::Staging, by: 5 });
    }
    if backend == Backend::Postgres {
        // Which statement of its transaction made a row.
        const STATEMENTS: &str = "SELECT count(DISTINCT cmin::text) FROM registry_events WHERE echo";
        let mut conn = t.database.store.read().await.unwrap();
        assert_eq!(conn.fetch_one::<(i64,)>(STATEMENTS, vec![]).await.unwrap(), (1,));
    }
}

#[rstest]
#[tokio::test]
async fn long_texts_do_not_fill_the_memory(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let new = NewRegisteredModel { tags: vec![Tag::new("k", "x".repeat(50_000))], ..model("m") };
    t.service.create_registered_model(new).await.unwrap();
    t.service.delete_registered_model_tag("m", "k").await.unwrap();
    let last = history(&t.service, "m", None).await.pop().unwrap();
    let Change::TagDeleted { before, .. } = last.change else { panic!("{last:?}") };
    assert_eq!((before.chars().count(), before.ends_with("x…")), (10_001, true));
}
