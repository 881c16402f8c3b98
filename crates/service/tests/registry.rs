//! The model registry as its users see it: models, versions, stages, tags, aliases.

use domain::model_versions::{ModelVersion, Stage};
use domain::registered_models::{ModelAlias, RegisteredModel};
use domain::{Error, ErrorCode, Tag};
use rstest::rstest;
use service::{NewModelVersion, NewRegisteredModel, Service};
use testing::{Backend, TestService};

fn model(name: &str) -> NewRegisteredModel {
    NewRegisteredModel { name: name.into(), ..NewRegisteredModel::default() }
}

fn version(name: &str) -> NewModelVersion {
    NewModelVersion { name: name.into(), source: "s3://bucket/model".into(), ..NewModelVersion::default() }
}

/// A model with versions 1 to `count`.
async fn model_with_versions(service: &Service, name: &str, count: usize) {
    service.create_registered_model(model(name)).await.expect("a new name");
    for _ in 0..count {
        service.create_model_version(version(name)).await.expect("a good source");
    }
}

fn missing(message: &str) -> Error {
    Error::not_found(message)
}

/// Number, stage, aliases.
fn facts(versions: &[ModelVersion]) -> Vec<(i64, Stage, Vec<&str>)> {
    versions.iter().map(|v| (v.version, v.stage, v.aliases.iter().map(String::as_str).collect())).collect()
}

#[rstest]
#[tokio::test]
async fn a_model_is_created_changed_and_deleted(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let tags = vec![Tag::new("b", "1"), Tag::new("a", ""), Tag::new("b", "2")];
    let new = NewRegisteredModel { name: "mnist nn".into(), description: Some("*digits*".into()), tags };
    let created = t.service.create_registered_model(new).await.unwrap();
    assert_eq!(
        created,
        RegisteredModel {
            name: "mnist nn".into(),
            creation_timestamp: 1_700_000_000_000,
            last_updated_timestamp: 1_700_000_000_000,
            description: Some("*digits*".into()),
            latest_versions: vec![],
            tags: vec![Tag::new("a", ""), Tag::new("b", "2")],
            aliases: vec![],
        }
    );
    assert_eq!(t.service.registered_model("mnist nn").await.unwrap(), created);
    assert_eq!(
        t.service.create_registered_model(model("mnist nn")).await.unwrap_err(),
        Error::already_exists("Registered Model (name=mnist nn) already exists.")
    );
    t.service.create_registered_model(model("Mnist nn")).await.expect("names are case-sensitive");

    t.clock.advance(5);
    let updated = t.service.update_registered_model("mnist nn", None).await.unwrap();
    assert_eq!((updated.description, updated.last_updated_timestamp), (None, 1_700_000_000_005));

    t.service.set_registered_model_tag("mnist nn", "c", "3").await.unwrap();
    t.service.set_registered_model_tag("mnist nn", "a", "4").await.unwrap();
    t.service.delete_registered_model_tag("mnist nn", "b").await.unwrap();
    t.service.delete_registered_model_tag("mnist nn", "never set").await.unwrap();
    let tagged = t.service.registered_model("mnist nn").await.unwrap();
    assert_eq!(tagged.tags, [Tag::new("a", "4"), Tag::new("c", "3")]);
    assert_eq!(tagged.last_updated_timestamp, 1_700_000_000_005);

    t.service.create_model_version(version("mnist nn")).await.unwrap();
    t.service.delete_registered_model("mnist nn").await.unwrap();
    let gone = missing("Registered Model with name=mnist nn not found");
    assert_eq!(t.service.registered_model("mnist nn").await.unwrap_err(), gone);
    assert_eq!(t.service.delete_registered_model("mnist nn").await.unwrap_err(), gone);
    assert_eq!(
        t.service.model_version("mnist nn", "1").await.unwrap_err(),
        missing("Model Version (name=mnist nn, version=1) not found")
    );

    let again = t.service.create_registered_model(model("mnist nn")).await.unwrap();
    assert_eq!((again.tags, again.latest_versions), (vec![], vec![]));
    assert_eq!(t.service.create_model_version(version("mnist nn")).await.unwrap().version, 1);
}

#[rstest]
#[tokio::test]
async fn what_is_unknown_or_ill_named_is_told_in_mlflows_words(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    model_with_versions(s, "m", 1).await;
    let no_model = missing("Registered Model with name=x not found");
    assert_eq!(s.update_registered_model("x", Some("d")).await.unwrap_err(), no_model);
    assert_eq!(s.rename_registered_model("x", "y").await.unwrap_err(), no_model);
    assert_eq!(s.latest_versions("x", &[]).await.unwrap_err(), no_model);
    assert_eq!(s.set_registered_model_tag("x", "k", "v").await.unwrap_err(), no_model);
    assert_eq!(s.delete_registered_model_tag("x", "k").await.unwrap_err(), no_model);
    assert_eq!(s.delete_alias("x", "a").await.unwrap_err(), no_model);
    assert_eq!(s.version_by_alias("x", "a").await.unwrap_err(), no_model);
    assert_eq!(s.version_by_alias("x", "latest").await.unwrap_err(), no_model);
    assert_eq!(s.create_model_version(version("x")).await.unwrap_err(), no_model);
    for (name, number) in [("m", "2"), ("x", "1")] {
        let no_version = missing(&format!("Model Version (name={name}, version={number}) not found"));
        assert_eq!(s.model_version(name, number).await.unwrap_err(), no_version);
        assert_eq!(s.update_model_version(name, number, None).await.unwrap_err(), no_version);
        assert_eq!(s.transition_stage(name, number, "None", false).await.unwrap_err(), no_version);
        assert_eq!(s.delete_model_version(name, number).await.unwrap_err(), no_version);
        assert_eq!(s.download_uri(name, number).await.unwrap_err(), no_version);
        assert_eq!(s.set_model_version_tag(name, number, "k", "v").await.unwrap_err(), no_version);
        assert_eq!(s.delete_model_version_tag(name, number, "k").await.unwrap_err(), no_version);
        assert_eq!(s.set_alias(name, "a", number).await.unwrap_err(), no_version);
    }

    let invalid = |message: &str| Error::invalid(message);
    assert_eq!(
        s.create_registered_model(model("a/b")).await.unwrap_err(),
        invalid("Invalid model name 'a/b'. Names cannot contain '/' or ':'.")
    );
    assert_eq!(
        s.rename_registered_model("m", " ").await.unwrap_err(),
        invalid("Missing value for required parameter 'new_name'.")
    );
    assert_eq!(
        s.model_version("m", "one").await.unwrap_err(),
        invalid("Parameter 'version' must be an integer, got 'one'.")
    );
    assert_eq!(s.model_version("m", "01").await.unwrap().version, 1);
    assert_eq!(
        s.set_model_version_tag("m", "1", "mlflow.prompt.text", &"ä".repeat(100_001)).await.unwrap_err(),
        invalid("Prompt text exceeds max length of 100000 characters.")
    );
    assert_eq!(
        s.set_registered_model_tag("m", "k", &"ä".repeat(100_001)).await.unwrap_err(),
        invalid("'value' exceeds the maximum length of 100000 characters")
    );
    s.set_model_version_tag("m", "1", "mlflow.prompt.text", &"ä".repeat(100_000)).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn a_renamed_model_takes_everything_along(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    model_with_versions(s, "old", 2).await;
    s.create_registered_model(model("taken")).await.unwrap();
    s.set_registered_model_tag("old", "k", "v").await.unwrap();
    s.set_alias("old", "best", "2").await.unwrap();
    assert_eq!(
        s.rename_registered_model("old", "taken").await.unwrap_err(),
        Error::already_exists("Registered Model (name=taken) already exists.")
    );

    t.clock.advance(7);
    let renamed = s.rename_registered_model("old", "new").await.unwrap();
    assert_eq!(renamed.tags, [Tag::new("k", "v")]);
    assert_eq!(renamed.aliases, [ModelAlias { alias: "best".into(), version: 2 }]);
    assert_eq!(renamed.latest_versions[0].name, "new");
    assert_eq!((renamed.creation_timestamp, renamed.last_updated_timestamp), (1_700_000_000_000, 1_700_000_000_007));
    let first = s.model_version("new", "1").await.unwrap();
    assert_eq!((first.creation_timestamp, first.last_updated_timestamp), (1_700_000_000_000, 1_700_000_000_007));
    assert_eq!(s.registered_model("old").await.unwrap_err().code, ErrorCode::ResourceDoesNotExist);
    s.rename_registered_model("new", "new").await.expect("its own name is free for it");
    assert_eq!(s.create_model_version(version("new")).await.unwrap().version, 3);
    s.create_registered_model(model("old")).await.expect("the old name is free");
}

#[rstest]
#[tokio::test]
async fn a_version_is_created_changed_and_deleted(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    s.create_registered_model(model("m")).await.unwrap();
    t.clock.advance(1);
    let new = NewModelVersion {
        run_id: Some("0123".into()),
        run_link: Some("https://elsewhere/run".into()),
        tags: vec![Tag::new("b", "1"), Tag::new("a", "x"), Tag::new("b", "2")],
        ..version("m")
    };
    let created = s.create_model_version(new).await.unwrap();
    assert_eq!(
        created,
        ModelVersion {
            name: "m".into(),
            version: 1,
            creation_timestamp: 1_700_000_000_001,
            last_updated_timestamp: 1_700_000_000_001,
            stage: Stage::None,
            source: "s3://bucket/model".into(),
            storage_location: "s3://bucket/model".into(),
            run_id: "0123".into(),
            run_link: "https://elsewhere/run".into(),
            model_id: None,
            description: Some(String::new()),
            tags: vec![Tag::new("a", "x"), Tag::new("b", "2")],
            aliases: vec![],
        }
    );
    let owner = s.registered_model("m").await.unwrap();
    assert_eq!((owner.last_updated_timestamp, owner.latest_versions), (1_700_000_000_001, vec![created.clone()]));

    t.clock.advance(1);
    let described = s.update_model_version("m", "1", Some("good")).await.unwrap();
    assert_eq!((described.description.as_deref(), described.last_updated_timestamp), (Some("good"), 1_700_000_000_002));
    assert_eq!(s.update_model_version("m", "1", None).await.unwrap().description, None);
    assert_eq!(s.registered_model("m").await.unwrap().last_updated_timestamp, 1_700_000_000_001);
    s.set_model_version_tag("m", "1", "a", "y").await.unwrap();
    s.delete_model_version_tag("m", "1", "b").await.unwrap();
    s.delete_model_version_tag("m", "1", "never set").await.unwrap();
    assert_eq!(s.model_version("m", "1").await.unwrap().tags, [Tag::new("a", "y")]);

    s.create_model_version(version("m")).await.unwrap();
    s.set_alias("m", "best", "2").await.unwrap();
    t.clock.advance(1);
    s.delete_model_version("m", "2").await.unwrap();
    let owner = s.registered_model("m").await.unwrap();
    assert_eq!((owner.aliases, owner.last_updated_timestamp), (vec![], 1_700_000_000_003));
    assert_eq!(facts(&owner.latest_versions), [(1, Stage::None, vec![])]);
    assert_eq!(s.delete_model_version("m", "2").await.unwrap_err().code, ErrorCode::ResourceDoesNotExist);
    assert_eq!(s.create_model_version(version("m")).await.unwrap().version, 3);
}

#[rstest]
#[tokio::test]
async fn stages_move_and_archive(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    model_with_versions(s, "m", 4).await;
    s.create_registered_model(model("other")).await.unwrap();
    s.create_model_version(version("other")).await.unwrap();
    s.transition_stage("other", "1", "Production", false).await.unwrap();
    s.transition_stage("m", "1", "production", false).await.unwrap();
    s.transition_stage("m", "2", "PRODUCTION", false).await.unwrap();
    s.set_alias("m", "best", "2").await.unwrap();
    assert_eq!(
        facts(&s.latest_versions("m", &[]).await.unwrap()),
        [(2, Stage::Production, vec!["best"]), (4, Stage::None, vec![])]
    );

    t.clock.advance(9);
    let moved = s.transition_stage("m", "3", "Production", true).await.unwrap();
    assert_eq!((moved.stage, moved.last_updated_timestamp), (Stage::Production, 1_700_000_000_009));
    let archived = s.model_version("m", "1").await.unwrap();
    assert_eq!((archived.stage, archived.last_updated_timestamp), (Stage::Archived, 1_700_000_000_009));
    assert_eq!(s.registered_model("m").await.unwrap().last_updated_timestamp, 1_700_000_000_009);
    assert_eq!(s.model_version("other", "1").await.unwrap().stage, Stage::Production);
    assert_eq!(
        facts(&s.latest_versions("m", &[]).await.unwrap()),
        [(2, Stage::Archived, vec!["best"]), (3, Stage::Production, vec![]), (4, Stage::None, vec![])]
    );
    assert_eq!(
        facts(&s.latest_versions("m", &["none".into(), "ARCHIVED".into()]).await.unwrap()),
        [(2, Stage::Archived, vec!["best"]), (4, Stage::None, vec![])]
    );
    assert_eq!(s.latest_versions("m", &["Staging".into()]).await.unwrap(), []);
    assert_eq!(
        facts(&s.registered_model("m").await.unwrap().latest_versions),
        [(2, Stage::Archived, vec![]), (3, Stage::Production, vec![]), (4, Stage::None, vec![])]
    );

    let unknown =
        Error::invalid("Invalid Model Version stage: Prod. Value must be one of None, Staging, Production, Archived.");
    assert_eq!(s.transition_stage("m", "1", "Prod", false).await.unwrap_err(), unknown);
    assert_eq!(s.latest_versions("m", &["Prod".into()]).await.unwrap_err(), unknown);
    assert_eq!(
        s.transition_stage("m", "1", "none", true).await.unwrap_err(),
        Error::invalid(
            "Model version transition cannot archive existing model versions because 'none' is not an Active stage. \
             Valid stages are ['Staging', 'Production']"
        )
    );
}

#[rstest]
#[tokio::test]
async fn aliases_point_at_one_version(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    s.create_registered_model(model("m")).await.unwrap();
    assert_eq!(s.version_by_alias("m", "latest").await.unwrap_err(), missing("Latest version not found for model m."));
    s.create_model_version(version("m")).await.unwrap();
    s.create_model_version(version("m")).await.unwrap();
    s.transition_stage("m", "2", "Archived", false).await.unwrap();
    s.set_alias("m", "best", "1").await.unwrap();
    s.set_alias("m", "Best", "2").await.unwrap();
    s.set_alias("m", "best", "2").await.unwrap();
    s.set_alias("m", "first", "1").await.unwrap();
    assert_eq!(facts(&[s.version_by_alias("m", "best").await.unwrap()]), [(2, Stage::Archived, vec!["Best", "best"])]);
    assert_eq!(s.version_by_alias("m", "LATEST").await.unwrap().version, 2);
    let alias = |alias: &str, version| ModelAlias { alias: alias.into(), version };
    assert_eq!(s.registered_model("m").await.unwrap().aliases, [alias("Best", 2), alias("best", 2), alias("first", 1)]);

    s.delete_alias("m", "best").await.unwrap();
    s.delete_alias("m", "best").await.expect("an absent alias is fine");
    s.delete_alias("m", "latest").await.expect("and so is a reserved name");
    let invalid = |message: &str| Error::invalid(message);
    assert_eq!(s.version_by_alias("m", "best").await.unwrap_err(), invalid("Registered model alias best not found."));
    assert_eq!(s.set_alias("m", "v1", "1").await.unwrap_err(), invalid("Version alias name 'v1' is reserved."));
    assert_eq!(
        s.set_alias("m", "Latest", "1").await.unwrap_err(),
        invalid("'latest' alias name (case insensitive) is reserved.")
    );
    assert_eq!(s.model_version("m", "1").await.unwrap().aliases, ["first"]);
}

#[rstest]
#[tokio::test]
async fn prompts_and_models_keep_apart(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    let prompt_tag = || vec![Tag::new("mlflow.prompt.is_prompt", "true")];
    let prompt = |name: &str| NewRegisteredModel { tags: prompt_tag(), ..model(name) };
    s.create_registered_model(prompt("p")).await.unwrap();
    s.create_registered_model(model("m")).await.unwrap();
    let taken = |message: &str| Error::already_exists(message);
    assert_eq!(s.create_registered_model(prompt("p")).await.unwrap_err(), taken("Prompt (name=p) already exists."));
    assert_eq!(
        s.create_registered_model(model("p")).await.unwrap_err(),
        taken(
            "Tried to create a registered model with name 'p', but the name is already taken by a prompt. MLflow does \
             not allow creating a model and a prompt with the same name."
        )
    );
    assert_eq!(
        s.create_registered_model(prompt("m")).await.unwrap_err(),
        taken(
            "Tried to create a prompt with name 'm', but the name is already taken by a registered model. MLflow does \
             not allow creating a model and a prompt with the same name."
        )
    );

    // The tag decides, whenever it is set.
    s.delete_registered_model_tag("p", "mlflow.prompt.is_prompt").await.unwrap();
    s.set_registered_model_tag("m", "mlflow.prompt.is_prompt", "True").await.unwrap();
    let message = |e: Error| e.message;
    assert_eq!(
        message(s.create_registered_model(model("p")).await.unwrap_err()),
        "Registered Model (name=p) already exists."
    );
    assert_eq!(message(s.create_registered_model(prompt("m")).await.unwrap_err()), "Prompt (name=m) already exists.");

    let text = |source: &str| NewModelVersion { source: source.into(), tags: prompt_tag(), ..version("m") };
    let created = s.create_model_version(text("dummy-source")).await.unwrap();
    assert_eq!((created.version, created.storage_location.as_str()), (1, "dummy-source"));
    s.create_model_version(text("prompt-template")).await.unwrap();
    assert_eq!(
        message(s.create_model_version(text("s3://bucket/x")).await.unwrap_err()),
        "Invalid prompt source: 's3://bucket/x'. Prompt sources must use an MLflow placeholder."
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn numbers_have_no_gaps_and_no_repeats(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    // Nobody has made the model: all of them try to.
    let racing = (0..32).map(|_| {
        let service = t.service.clone();
        tokio::spawn(async move { service.register_model(version("m")).await })
    });
    let mut numbers = Vec::new();
    for racer in racing.collect::<Vec<_>>() {
        numbers.push(racer.await.expect("no panic").expect("a number for everyone").version);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=32).collect::<Vec<_>>());
}

#[rstest]
#[tokio::test]
async fn registering_makes_model_and_version_or_neither(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    let long = Tag::new("k", "v".repeat(100_001));
    s.register_model(NewModelVersion { tags: vec![long], ..version("m") }).await.unwrap_err();
    s.register_model(NewModelVersion { source: "/etc".into(), ..version("m") }).await.unwrap_err();
    assert_eq!(s.registered_model("m").await.unwrap_err().code, ErrorCode::ResourceDoesNotExist);

    assert_eq!(s.register_model(version("m")).await.unwrap().version, 1);
    assert_eq!(s.register_model(version("m")).await.unwrap().version, 2);
    assert_eq!(facts(&s.registered_model("m").await.unwrap().latest_versions), [(2, Stage::None, vec![])]);
}
