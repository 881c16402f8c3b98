//! Undo in the registry: deleted models and versions come back.

use domain::model_versions::Stage;
use domain::registered_models::ModelAlias;
use domain::{Error, Tag};
use rstest::rstest;
use service::{NewModelVersion, NewRegisteredModel, Service};
use testing::{Backend, TestService};

fn model(name: &str) -> NewRegisteredModel {
    NewRegisteredModel { name: name.into(), ..NewRegisteredModel::default() }
}

async fn model_with_versions(service: &Service, name: &str, count: usize) {
    service.create_registered_model(model(name)).await.expect("a new name");
    for _ in 0..count {
        let new =
            NewModelVersion { name: name.into(), source: "s3://bucket/model".into(), ..NewModelVersion::default() };
        service.create_model_version(new).await.expect("a good source");
    }
}

#[rstest]
#[tokio::test]
async fn a_model_comes_back_as_it_was(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    model_with_versions(s, "m", 3).await;
    s.set_registered_model_tag("m", "k", "v").await.unwrap();
    s.set_alias("m", "best", "2").await.unwrap();
    s.transition_stage("m", "2", "Production", false).await.unwrap();
    let before = s.registered_model("m").await.unwrap();
    // In the same millisecond, and all the same not a part of the model's deletion.
    s.delete_model_version("m", "3").await.unwrap();
    s.delete_registered_model("m").await.unwrap();

    let listed = s.deleted_models(None, None).await.unwrap();
    assert_eq!(listed.items.iter().map(|m| (m.name.as_str(), m.last_version)).collect::<Vec<_>>(), [("m", 3)]);
    t.clock.advance(7);
    let back = s.restore_registered_model("m", None).await.unwrap();
    assert_eq!((&back.tags, &back.aliases), (&before.tags, &before.aliases));
    assert_eq!(back.last_updated_timestamp, 1_700_000_000_007);
    assert_eq!(s.version_by_alias("m", "best").await.unwrap().stage, Stage::Production);
    assert_eq!(s.list_versions("m", false, 0, 10).await.unwrap().total, 2);
    let still: Vec<_> = s.deleted_versions("m", None, None).await.unwrap().items;
    assert_eq!(
        still.iter().map(|d| (d.version.version, d.deleted_timestamp)).collect::<Vec<_>>(),
        [(3, 1_700_000_000_000)]
    );
    assert_eq!(s.deleted_models(None, None).await.unwrap().items, []);
    assert_eq!(
        s.restore_registered_model("m", None).await.unwrap_err(),
        Error::invalid("Registered Model (name=m) is not deleted.")
    );
    assert_eq!(
        s.restore_registered_model("x", None).await.unwrap_err(),
        Error::not_found("Registered Model with name=x not found")
    );
}

#[rstest]
#[tokio::test]
async fn a_name_that_is_taken_meanwhile(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    for count in [1, 2] {
        model_with_versions(s, "m", count).await;
        s.delete_registered_model("m").await.unwrap();
        t.clock.advance(1);
    }
    s.create_registered_model(model("m")).await.unwrap();
    assert_eq!(
        s.restore_registered_model("m", None).await.unwrap_err(),
        Error::already_exists(
            "Registered Model (name=m) cannot be restored, because another one has that name by now. Rename or delete \
             that one first."
        )
    );
    s.rename_registered_model("m", "other").await.unwrap();
    // Two were deleted under the name: the list has both, by page, and either can come back.
    let first = s.deleted_models(Some(1), None).await.unwrap();
    assert_eq!(first.items[0].last_version, 2);
    let second = s.deleted_models(Some(1), first.next_page_token.as_deref()).await.unwrap();
    assert_eq!((second.items[0].last_version, &second.next_page_token), (1, &None));
    s.restore_registered_model("m", Some(&second.items[0].id)).await.unwrap();
    assert_eq!(s.list_versions("m", false, 0, 10).await.unwrap().total, 1);
    assert_eq!(
        s.restore_registered_model("m", Some("no number")).await.unwrap_err(),
        Error::invalid("Parameter 'id' must be one of a deleted model, got 'no number'.")
    );
    s.restore_registered_model("other", Some(&first.items[0].id)).await.unwrap_err();
}

#[rstest]
#[tokio::test]
async fn a_version_comes_back_with_what_was_its_own(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    model_with_versions(s, "m", 2).await;
    s.set_model_version_tag("m", "1", "k", "v").await.unwrap();
    s.transition_stage("m", "1", "Production", false).await.unwrap();
    s.set_alias("m", "kept", "1").await.unwrap();
    s.set_alias("m", "moved", "1").await.unwrap();
    s.delete_model_version("m", "1").await.unwrap();
    s.set_alias("m", "moved", "2").await.unwrap();
    let back = s.restore_model_version("m", "1").await.unwrap();
    assert_eq!(
        (back.stage, back.tags, back.aliases),
        (Stage::Production, vec![Tag::new("k", "v")], vec!["kept".into()])
    );
    let aliases = s.registered_model("m").await.unwrap().aliases;
    let alias = |alias: &str, version| ModelAlias { alias: alias.into(), version };
    assert_eq!(aliases, [alias("kept", 1), alias("moved", 2)]);

    // Where it was is another version now: two in Production side by side is nothing that happens unasked.
    s.delete_model_version("m", "1").await.unwrap();
    s.transition_stage("m", "2", "Production", false).await.unwrap();
    assert_eq!(s.restore_model_version("m", "1").await.unwrap().stage, Stage::Archived);
    let now = s.stage_at("m", None, "Production", 1_700_000_000_000).await.unwrap();
    assert_eq!(now.iter().map(|span| span.version).collect::<Vec<_>>(), [2]);

    assert_eq!(
        s.restore_model_version("m", "1").await.unwrap_err(),
        Error::invalid("Model Version (name=m, version=1) is not deleted.")
    );
    let unknown = |name, version| Error::not_found(format!("Model Version (name={name}, version={version}) not found"));
    assert_eq!(s.restore_model_version("m", "3").await.unwrap_err(), unknown("m", 3));
    assert_eq!(s.restore_model_version("x", "1").await.unwrap_err(), unknown("x", 1));
    s.delete_registered_model("m").await.unwrap();
    assert_eq!(
        s.restore_model_version("m", "1").await.unwrap_err(),
        Error::invalid(
            "Model Version (name=m, version=1) cannot be restored, because its registered model is deleted. Restore the \
             model first."
        )
    );
    assert_eq!(s.restore_model_version("m", "9").await.unwrap_err(), unknown("m", 9));
}

#[rstest]
#[tokio::test]
async fn numbers_of_what_was_deleted_are_not_given_again(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    model_with_versions(s, "m", 2).await;
    s.delete_model_version("m", "2").await.unwrap();
    s.delete_registered_model("m").await.unwrap();
    s.restore_registered_model("m", None).await.unwrap();
    let new = NewModelVersion { name: "m".into(), source: "s3://bucket/model".into(), ..NewModelVersion::default() };
    assert_eq!(s.create_model_version(new).await.unwrap().version, 3);
    assert_eq!(s.restore_model_version("m", "2").await.unwrap().version, 2);
}
