//! What pages of the registry list.

use domain::ErrorCode;
use domain::model_versions::Stage;
use rstest::rstest;
use service::{NewModelVersion, NewRegisteredModel, NewRun};
use testing::{Backend, TestService};

#[rstest]
#[tokio::test]
async fn versions_come_highest_first_page_by_page(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    for name in ["m", "other"] {
        let new = NewRegisteredModel { name: name.into(), ..NewRegisteredModel::default() };
        t.service.create_registered_model(new).await.unwrap();
        for _ in 0..5 {
            let new = NewModelVersion { name: name.into(), source: "s3://b/m".into(), ..NewModelVersion::default() };
            t.service.create_model_version(new).await.unwrap();
        }
    }
    t.service.transition_stage("m", "1", "Production", false).await.unwrap();
    t.service.transition_stage("m", "4", "Staging", false).await.unwrap();
    t.service.transition_stage("m", "5", "Archived", false).await.unwrap();
    t.service.transition_stage("m", "3", "Staging", false).await.unwrap();
    t.service.delete_model_version("m", "3").await.unwrap();
    t.service.set_alias("m", "champion", "4").await.unwrap();

    let first = t.service.list_versions("m", false, 0, 2).await.unwrap();
    assert_eq!((first.total, first.active), (4, 2));
    assert_eq!(first.items.iter().map(|v| v.version).collect::<Vec<_>>(), [5, 4]);
    assert_eq!(first.items[1].aliases, ["champion"]);
    let second = t.service.list_versions("m", false, 2, 2).await.unwrap();
    assert_eq!(second.items.iter().map(|v| v.version).collect::<Vec<_>>(), [2, 1]);
    let active = t.service.list_versions("m", true, 0, 25).await.unwrap();
    assert_eq!(active.items.iter().map(|v| v.version).collect::<Vec<_>>(), [4, 1]);
    assert_eq!(t.service.active_versions("m").await.unwrap(), [(1, Stage::Production), (4, Stage::Staging)]);

    let unknown = t.service.list_versions("nope", false, 0, 25).await.unwrap_err();
    assert_eq!(unknown.code, ErrorCode::ResourceDoesNotExist);
}

#[rstest]
#[tokio::test]
async fn a_stage_of_many_versions_shows_the_highest(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    for number in 1..=13 {
        let new = NewModelVersion { name: "m".into(), source: "s3://b/m".into(), ..NewModelVersion::default() };
        t.service.register_model(new).await.unwrap();
        let stage = if number == 1 { "Production" } else { "Staging" };
        t.service.transition_stage("m", &number.to_string(), stage, false).await.unwrap();
    }
    let shown = t.service.active_versions("m").await.unwrap();
    let expected: Vec<_> = (4..=13).map(|version| (version, Stage::Staging)).collect();
    assert_eq!(shown, [vec![(1, Stage::Production)], expected].concat());
    assert_eq!(t.service.list_versions("m", true, 0, 0).await.unwrap().active, 13);
}

#[rstest]
#[tokio::test]
async fn source_runs_are_those_that_are_here(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let new = NewRun { run_name: Some("mlp".into()), ..NewRun::default() };
    let run = t.service.create_run(new).await.unwrap();
    t.service.delete_run(&run.info.run_id).await.unwrap();
    let found = t.service.run_infos(&[run.info.run_id.clone(), "elsewhere".into()]).await.unwrap();
    assert_eq!(found.iter().map(|r| r.run_name.as_str()).collect::<Vec<_>>(), ["mlp"]);
    assert_eq!(t.service.run_infos(&[]).await.unwrap(), []);
}
