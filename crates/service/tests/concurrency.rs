//! Clients that meet: several ask for the same at the same moment, through two servers on one database. What one of them was
//! told must be true afterwards, and a request that is sent again does no harm.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::metrics::Metric;
use domain::model_versions::Stage;
use domain::runs::RunStatus;
use domain::{Error, ErrorCode, Param, Tag};
use rstest::rstest;
use service::{
    Artifacts, HistoryPage, LogBatch, LogMetric, NewExperiment, NewLoggedModel, NewModelVersion, NewRegisteredModel,
    NewRun, RunUpdate, S3Options, Service, Store, SystemEntropy,
};
use store::StoreError;
use testing::{Backend, TestService};

/// How many clients meet.
const CLIENTS: i64 = 12;

/// The test's own server, and another one on its database.
async fn two_servers(t: &TestService) -> [Service; 2] {
    let other = Service::new(
        Store::open(&t.database.options).await.unwrap(),
        Artifacts::new(S3Options::default()).await,
        t.service.artifact_config().clone(),
        t.clock.clone(),
        Arc::new(SystemEntropy),
    );
    [t.service.clone(), other]
}

/// Lets every client ask at once, half of them each server; gives back their answers, in the order of the clients.
async fn all_at_once<T: Send + 'static, F>(t: &TestService, ask: impl Fn(Service, i64) -> F) -> Vec<Result<T, Error>>
where
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    let servers = two_servers(t).await;
    let servers = servers.iter().cycle();
    let tasks: Vec<_> = (0..CLIENTS).zip(servers).map(|(i, server)| tokio::spawn(ask(server.clone(), i))).collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

/// The one answer that is a success; the others must be refusals with this code.
fn only_success<T>(answers: Vec<Result<T, Error>>, code: ErrorCode) -> (usize, T) {
    let mut won = None;
    for (i, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(value) => assert!(won.replace((i, value)).is_none(), "two of them won"),
            Err(error) => assert_eq!(error.code, code, "{error}"),
        }
    }
    won.expect("one of them wins")
}

async fn run(t: &TestService) -> String {
    t.service.create_run(NewRun::default()).await.unwrap().info.run_id
}

fn point(value: f64, timestamp: i64, step: i64) -> LogMetric {
    let metric = Metric { key: "m".into(), value, timestamp, step };
    LogMetric { metric, model_id: None, dataset_name: None, dataset_digest: None }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_them_creates_the_experiment(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let answers = all_at_once(&t, |server, i| async move {
        let tags = vec![Tag::new("client", i.to_string())];
        server.create_experiment(NewExperiment { name: "same".into(), tags, artifact_location: None }).await
    })
    .await;
    let (winner, id) = only_success(answers, ErrorCode::ResourceAlreadyExists);
    let experiment = t.service.experiment_by_name("same").await.unwrap();
    assert_eq!(experiment.experiment_id, id);
    assert_eq!(experiment.tag("client"), Some(winner.to_string().as_str()));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_them_writes_the_param(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    let answers = all_at_once(&t, |server, i| {
        let id = id.clone();
        async move {
            // Half of them one by one, half in batches.
            let value = i.to_string();
            if i % 4 < 2 {
                return server.log_param(&id, "p", &value).await;
            }
            let params = vec![Param::new("p", value), Param::new(format!("other {i}"), "1")];
            server.log_batch(&id, LogBatch { params, ..LogBatch::default() }).await
        }
    })
    .await;
    let (winner, ()) = only_success(answers, ErrorCode::InvalidParameterValue);
    let params = t.service.run(&id).await.unwrap().data.params;
    let value = params.iter().find(|param| param.key == "p").map(|param| param.value.as_str());
    assert_eq!(value, Some(winner.to_string().as_str()));
    // A batch that lost has left nothing.
    assert!(params.len() <= 2, "{params:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_ends_as_one_of_them_said(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    let status = |i: i64| if i % 2 == 0 { RunStatus::Finished } else { RunStatus::Failed };
    let answers = all_at_once(&t, |server, i| {
        let (id, status) = (id.clone(), status(i));
        async move {
            let update = RunUpdate { status: Some(status), end_time: Some(100 + i), run_name: Some(format!("by {i}")) };
            server.update_run(&id, update).await
        }
    })
    .await;
    for (info, i) in answers.into_iter().zip(0..) {
        let info = info.unwrap();
        assert_eq!((info.status, info.end_time, info.run_name), (status(i), Some(100 + i), format!("by {i}")));
    }
    let run = t.service.run(&id).await.unwrap();
    let i = run.info.end_time.unwrap() - 100;
    assert_eq!((run.info.status, run.info.run_name.as_str()), (status(i), format!("by {i}").as_str()));
    assert!(run.data.tags.contains(&Tag::new("mlflow.runName", format!("by {i}"))));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_latest_value_is_the_latest_however_they_arrive(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    let answers = all_at_once(&t, |server, i| {
        let id = id.clone();
        async move {
            for k in 0..10 {
                // Every client sends every step, in an order of its own; the last client sends the greatest value.
                let step = (k * 7 + i * 3) % 10;
                let metric = point(f64::from(i32::try_from(i).unwrap()), 5, step);
                if k % 2 == 0 {
                    server.log_metric(&id, metric).await?;
                } else {
                    server.log_batch(&id, LogBatch { metrics: vec![metric], ..LogBatch::default() }).await?;
                }
            }
            Ok(())
        }
    })
    .await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let latest = t.service.run(&id).await.unwrap().data.metrics;
    assert_eq!(latest, [Metric { key: "m".into(), value: 11.0, timestamp: 5, step: 9 }]);
    let page = HistoryPage { run_id: id, metric_key: "m".into(), page_token: None, max_results: None };
    assert_eq!(t.history(page).await.unwrap().items.len(), 120);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_sent_again_is_there_once(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    let answers = all_at_once(&t, |server, _| {
        let id = id.clone();
        async move {
            let batch = LogBatch {
                metrics: (0..20).map(|step| point(0.5, 7, step)).chain([point(f64::NAN, 7, 20)]).collect(),
                params: vec![Param::new("p", "1")],
                tags: vec![Tag::new("t", "1")],
            };
            server.log_batch(&id, batch).await?;
            server.log_metric(&id, point(0.5, 7, 3)).await?;
            server.log_param(&id, "p", "1").await?;
            let update = RunUpdate { status: Some(RunStatus::Finished), end_time: Some(9), run_name: None };
            server.update_run(&id, update).await?;
            server.delete_run(&id).await
        }
    })
    .await;
    // Whoever comes after the first has deleted the run is told so; nobody is told anything else.
    for error in answers.into_iter().filter_map(Result::err) {
        assert!(error.message.contains("must be in the 'active' state"), "{error}");
    }
    t.service.restore_run(&id).await.unwrap();
    let run = t.service.run(&id).await.unwrap();
    assert_eq!((run.info.status, run.info.end_time), (RunStatus::Finished, Some(9)));
    assert_eq!(run.data.params, [Param::new("p", "1")]);
    let page = HistoryPage { run_id: id, metric_key: "m".into(), page_token: None, max_results: None };
    assert_eq!(t.history(page).await.unwrap().items.len(), 21);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn versions_get_numbers_of_their_own(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let model = NewRegisteredModel { name: "m".into(), tags: Vec::new(), description: None };
    let answers = all_at_once(&t, |server, _| {
        let model = model.clone();
        async move { server.create_registered_model(model).await }
    })
    .await;
    only_success(answers, ErrorCode::ResourceAlreadyExists);

    let answers = all_at_once(&t, |server, i| async move {
        let source = format!("s3://b/{i}");
        server.create_model_version(NewModelVersion { name: "m".into(), source, ..NewModelVersion::default() }).await
    })
    .await;
    let mut numbers: Vec<i64> = answers.into_iter().map(|version| version.unwrap().version).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=CLIENTS).collect::<Vec<_>>());

    // Each of them moves a version of its own to Production and the others out of it.
    let answers = all_at_once(&t, |server, i| async move {
        let version = (i + 1).to_string();
        server.set_alias("m", "champion", &version).await?;
        server.transition_stage("m", &version, "Production", true).await
    })
    .await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let mut there = 0;
    let mut named = 0;
    for number in 1..=CLIENTS {
        let version = t.service.model_version("m", &number.to_string()).await.unwrap();
        assert!(matches!(version.stage, Stage::Production | Stage::Archived), "{:?}", version.stage);
        there += i64::from(version.stage == Stage::Production);
        named += version.aliases.len();
    }
    assert_eq!((there, named), (1, 1));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_alias_that_moves_always_leads_to_a_version(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let new = || NewModelVersion { name: "m".into(), source: "s3://b/m".into(), ..NewModelVersion::default() };
    t.service.register_model(new()).await.unwrap();
    t.service.set_alias("m", "champion", "1").await.unwrap();
    let moved = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (server, moved) = (t.service.clone(), moved.clone());
            tokio::spawn(async move {
                while !moved.load(Ordering::Relaxed) {
                    server.version_by_alias("m", "champion").await.unwrap();
                }
            })
        })
        .collect();
    // The version that the alias leaves is deleted at once.
    for left in 1..=150 {
        let version = t.service.create_model_version(new()).await.unwrap().version;
        t.service.set_alias("m", "champion", &version.to_string()).await.unwrap();
        t.service.delete_model_version("m", &left.to_string()).await.unwrap();
    }
    moved.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.expect("it finds a version each time");
    }
}

/// SQLite's readers and its writer have connections of their own.
#[tokio::test]
async fn writers_that_wait_do_not_keep_others_from_reading() {
    let t = TestService::new(Backend::Postgres).await;
    let new = NewModelVersion { name: "m".into(), source: "s3://b/m".into(), ..NewModelVersion::default() };
    t.service.register_model(new).await.unwrap();
    let held = t.database.hold_model("m").await;
    let writers: Vec<_> = (0..CLIENTS)
        .map(|i| {
            let server = t.service.clone();
            tokio::spawn(async move { server.set_alias("m", &format!("a{i}"), "1").await })
        })
        .collect();
    t.database.until_waiting(5).await;

    t.service.registered_model("m").await.expect("a connection is left to read");
    held.let_go().await;
    for writer in writers {
        writer.await.unwrap().expect("its turn comes");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn models_get_versions_of_one_logged_model(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let run_id = run(&t).await;
    let new = NewLoggedModel {
        experiment_id: "0".into(),
        name: Some("net".into()),
        source_run_id: Some(run_id.clone()),
        ..NewLoggedModel::default()
    };
    let model_id = t.service.create_logged_model(new).await.unwrap().model_id;
    let answers = all_at_once(&t, |server, i| {
        let (run_id, model_id) = (run_id.clone(), model_id.clone());
        async move {
            let name = format!("m{i}");
            let model = NewRegisteredModel { name: name.clone(), tags: Vec::new(), description: None };
            server.create_registered_model(model).await?;
            let source = format!("models:/{model_id}");
            let (run_id, model_id) = (Some(run_id), Some(model_id));
            let new = NewModelVersion { name, source, run_id, model_id, ..NewModelVersion::default() };
            server.create_model_version(new).await
        }
    })
    .await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let model = t.service.logged_model(&model_id, false).await.unwrap();
    let versions = model.tags.iter().find(|tag| tag.key == "mlflow.modelVersions").expect("its versions").value.clone();
    assert_eq!(versions.matches("\"version\"").count(), usize::try_from(CLIENTS).unwrap(), "{versions}");
}

#[rstest]
#[tokio::test]
async fn a_write_that_panics_leaves_nothing_open(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let store = &t.database.store;
    let insert = |name: String, panics: bool| {
        store.write::<(), StoreError, _>(move |tx| {
            Box::pin(async move {
                store::settings::set(tx, &name, "x").await?;
                assert!(!panics, "as an error of ours might");
                Ok(())
            })
        })
    };
    // More than there are connections, so that each would be met again.
    for i in 0..10 {
        insert(format!("broken {i}"), true).await.unwrap_err();
    }
    for i in 0..10 {
        insert(format!("whole {i}"), false).await.unwrap();
    }
    let mut conn = store.read().await.unwrap();
    for i in 0..10 {
        let value =
            async |conn: &mut store::Conn, kind| store::settings::get(conn, &format!("{kind} {i}")).await.unwrap();
        assert_eq!(value(&mut conn, "broken").await, None);
        assert_eq!(value(&mut conn, "whole").await.as_deref(), Some("x"));
    }
}
