//! Removing for good what was deleted: all of it, nothing else, whatever happens in between.

use std::path::Path;
use std::task::Poll;

use domain::metrics::Metric;
use domain::removal::{Kind, Outcome, Removal};
use domain::runs::ModelOutput;
use domain::{Param, Tag};
use futures::future::poll_fn;
use futures::{StreamExt, stream};
use rstest::rstest;
use service::{
    Gc, LogBatch, LogMetric, NewExperiment, NewLoggedModel, NewModelVersion, NewRun, Service, Upload, Verify,
};
use testing::{Backend, Files, TestService};

const DAY: i64 = 24 * 60 * 60 * 1000;

fn upload(content: &'static str) -> Upload {
    Upload { body: stream::iter([Ok(content.into())]).boxed(), size: None }
}

fn at_once() -> Gc {
    Gc { older_than: Some(0), ..Gc::default() }
}

async fn new_experiment(service: &Service, name: &str) -> String {
    service
        .create_experiment(NewExperiment { name: name.into(), ..NewExperiment::default() })
        .await
        .unwrap()
        .to_string()
}

/// A run with a metric, a param, a tag and a file.
async fn new_run(service: &Service, experiment_id: &str) -> String {
    let new = NewRun { experiment_id: experiment_id.into(), ..NewRun::default() };
    let run = service.create_run(new).await.unwrap().info.run_id;
    let batch = LogBatch {
        metrics: vec![LogMetric {
            metric: Metric { key: "m".into(), value: 1.0, timestamp: 1, step: 0 },
            model_id: None,
            dataset_name: None,
            dataset_digest: None,
        }],
        params: vec![Param::new("p", "1")],
        tags: vec![Tag::new("t", "1")],
    };
    service.log_batch(&run, batch).await.unwrap();
    service.upload_run_artifact(&run, "folder/a.txt", upload("abc")).await.unwrap();
    run
}

async fn new_model(service: &Service, experiment_id: &str) -> String {
    let new =
        NewLoggedModel { experiment_id: experiment_id.into(), name: Some("m".into()), ..NewLoggedModel::default() };
    let model = service.create_logged_model(new).await.unwrap();
    let path = model.artifact_uri.trim_start_matches("mlflow-artifacts:/");
    service.proxy_put(&format!("{path}/MLmodel"), upload("flavors: {}")).await.unwrap();
    model.model_id
}

async fn new_version(service: &Service, name: &str, source: &str, run_id: Option<&str>) -> String {
    let new = NewModelVersion {
        name: name.into(),
        source: source.into(),
        run_id: run_id.map(str::to_owned),
        model_id: source.strip_prefix("models:/").map(str::to_owned),
        ..NewModelVersion::default()
    };
    service.register_model(new).await.unwrap().version.to_string()
}

async fn gc(service: &Service, gc: &Gc) -> (Removal, Vec<String>) {
    let mut told = Vec::new();
    let removal = service
        .gc(gc, |outcome| {
            told.push(match outcome {
                Outcome::Removed { item, .. } => format!("{item} removed"),
                Outcome::Kept { item, why } => format!("{item} kept: {why}"),
                Outcome::Failed { item, why } => format!("{item} failed: {why}"),
                Outcome::Unknown { item } => format!("{item} unknown"),
            });
        })
        .await
        .expect("a removal");
    told.sort();
    (removal, told)
}

/// Every file of the destination.
async fn files(service: &Service) -> Vec<String> {
    let mut found = Vec::new();
    service.verify(&Verify::default(), |verified| found.push(verified.location.to_string())).await.unwrap();
    found.sort();
    found
}

fn of(removal: &Removal, kind: Kind) -> u64 {
    removal.counts[Kind::ALL.iter().position(|k| *k == kind).unwrap()]
}

#[rstest]
#[tokio::test]
async fn everything_deleted_goes_and_nothing_else(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[values(Files::Folder, Files::S3)] kept_in: Files,
) {
    let test = TestService::keeping(backend, kept_in).await;
    let service = &test.service;
    let gone = new_experiment(service, "gone").await;
    let stays = new_experiment(service, "stays").await;
    let in_gone = [new_run(service, &gone).await, new_run(service, &gone).await];
    let model_in_gone = new_model(service, &gone).await;
    let (deleted, kept) = (new_run(service, &stays).await, new_run(service, &stays).await);
    let (deleted_model, kept_model) = (new_model(service, &stays).await, new_model(service, &stays).await);
    for (name, version) in [("whole", 1), ("part", 1), ("part", 2)] {
        let source = format!("models:/{kept_model}");
        assert_eq!(new_version(service, name, &source, None).await, version.to_string());
    }
    let before = files(service).await;
    let kept_files: Vec<_> =
        before.iter().filter(|file| file.contains(&kept) || file.contains(&kept_model)).cloned().collect();
    service.delete_run(&in_gone[0]).await.unwrap();
    service.delete_experiment(&gone).await.unwrap();
    service.delete_run(&deleted).await.unwrap();
    service.delete_logged_model(&deleted_model).await.unwrap();
    service.delete_registered_model("whole").await.unwrap();
    service.delete_model_version("part", "1").await.unwrap();

    let (nothing, _) = gc(service, &Gc::default()).await;
    assert_eq!(nothing.total(), 0, "nothing was deleted thirty days ago");
    test.clock.advance(31 * DAY);
    let (preview, _) = gc(service, &Gc { dry_run: true, ..Gc::default() }).await;
    assert_eq!(files(service).await, before, "a dry run removes nothing");
    assert!(service.run(&deleted).await.is_ok());
    let (removal, told) = gc(service, &Gc::default()).await;
    assert_eq!(removal, preview, "it does what it said");
    let counts = Kind::ALL.map(|kind| of(&removal, kind));
    assert_eq!(counts, [1, 1, 3, 2, 1], "{told:?}");
    assert_eq!((removal.space.files, removal.space.bytes, removal.kept, removal.failed), (5, 31, 0, 0));
    assert_eq!(removal.space.rows, 2 + 3 * 6 + 2 + 1);

    assert_eq!(files(service).await, kept_files);
    if kept_in == Files::Folder {
        let left = |path: &str| test.artifacts.path().join(path).exists();
        assert!(!left(&gone) && left(&format!("{stays}/{kept}")), "an experiment's folder goes with it");
        assert!(!left(&format!("{stays}/{deleted}")), "no empty folder stays");
    }
    for id in in_gone.iter().chain([&deleted]) {
        assert!(service.run(id).await.is_err());
    }
    assert!(service.logged_model(&model_in_gone, true).await.is_err());
    assert!(service.experiment(&gone).await.is_err());
    assert!(service.run(&kept).await.is_ok() && service.logged_model(&kept_model, false).await.is_ok());
    assert!(service.model_version("part", "2").await.is_ok());
    assert_eq!(new_version(service, "part", &format!("models:/{kept_model}"), None).await, "3", "no number comes back");
    new_experiment(service, "gone").await;
    assert_eq!(gc(service, &at_once()).await.0, Removal::default());
}

#[rstest]
#[tokio::test]
async fn what_a_version_uses_stays(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let test = TestService::keeping(backend, Files::Folder).await;
    let service = &test.service;
    let folder = test.artifacts.path().display().to_string();
    let mut runs = Vec::new();
    // However the version names it.
    for spelled in [
        |_: &str, run: &str| format!("runs:/{run}/folder"),
        |_: &str, run: &str| format!("mlflow-artifacts:/0/{run}/artifacts/folder"),
        |_: &str, run: &str| {
            format!("http://localhost:5000/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/folder")
        },
        |folder: &str, run: &str| format!("file://{folder}/0/{run}/artifacts/folder"),
    ] {
        let run = new_run(service, "0").await;
        let source = spelled(&folder, &run);
        // The last two are not what the proxy would let one register today; older databases have them.
        let registered = new_version(service, "m", &format!("runs:/{run}/folder"), Some(&run)).await;
        let version: i64 = registered.parse().unwrap();
        set_source(&test, version, source).await;
        service.delete_run(&run).await.unwrap();
        runs.push(run);
    }
    let model = new_model(service, "0").await;
    new_version(service, "m", &format!("models:/{model}"), None).await;
    service.delete_logged_model(&model).await.unwrap();
    let free = new_run(service, "0").await;
    service.delete_run(&free).await.unwrap();
    let before = files(service).await;

    for dry_run in [true, false] {
        let (removal, told) = gc(service, &Gc { dry_run, ..at_once() }).await;
        assert_eq!((removal.total(), removal.kept), (1, 5), "{told:?}");
        let why = format!("Run with ID {} kept: its files belong to version 1 of m", runs[0]);
        assert!(told.contains(&why), "{told:?}");
        assert!(told.contains(&format!("Logged model with ID {model} kept: its files belong to version 5 of m")));
    }
    assert_eq!(files(service).await.len(), before.len() - 1);

    // A version that can be brought back holds on to its files, too.
    for version in 1..=5 {
        service.delete_model_version("m", &version.to_string()).await.unwrap();
    }
    let named = Gc { run_ids: vec![runs[1].clone()], ..Gc::default() };
    let (_, told) = gc(service, &named).await;
    let why = "its files belong to version 2 of m, which is deleted but can be restored";
    assert_eq!(told, [format!("Run with ID {} kept: {why}", runs[1])]);
    let (removal, told) = gc(service, &at_once()).await;
    assert_eq!((removal.total(), removal.kept), (5 + 4 + 1, 0), "{told:?}");
}

/// As an older server, or another one, may have written it.
async fn set_source(test: &TestService, version: i64, source: String) {
    let store = &test.database.store;
    let set = store.write::<_, store::StoreError, _>(move |tx| {
        Box::pin(async move {
            const SQL: &str = "UPDATE model_versions SET source = $1, storage_location = $1 WHERE version = $2";
            tx.execute(SQL, store::args![source, version]).await
        })
    });
    assert_eq!(set.await.unwrap(), 1);
}

#[rstest]
#[tokio::test]
async fn an_experiment_stays_with_what_is_used_of_it(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let test = TestService::keeping(backend, Files::Folder).await;
    let service = &test.service;
    let experiment = new_experiment(service, "e").await;
    let (used, unused) = (new_run(service, &experiment).await, new_run(service, &experiment).await);
    new_version(service, "m", &format!("runs:/{used}/folder"), Some(&used)).await;
    service.delete_experiment(&experiment).await.unwrap();
    let (_, told) = gc(service, &at_once()).await;
    let why = "its files belong to version 1 of m";
    assert_eq!(
        told,
        [
            format!("Experiment with ID {experiment} kept: {why}"),
            format!("Run with ID {used} kept: {why}"),
            format!("Run with ID {unused} removed"),
        ]
    );
    service.restore_experiment(&experiment).await.unwrap();
    assert!(service.open_run_artifact(&used, "folder/a.txt", None).await.is_ok());

    let other = new_experiment(service, "f").await;
    let run = new_run(service, &other).await;
    service.delete_experiment(&other).await.unwrap();
    service.restore_run(&run).await.unwrap();
    for dry_run in [true, false] {
        let (removal, told) = gc(service, &Gc { dry_run, ..at_once() }).await;
        assert_eq!((removal.total(), removal.kept), (0, 1), "its run is in use: {told:?}");
    }
}

#[rstest]
#[tokio::test]
async fn whoever_dies_in_the_middle_can_go_on(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[values(1, 5, 10, 15, 20, 25, 30, 40, 60)] steps: usize,
) {
    let test = TestService::keeping(backend, Files::Folder).await;
    let service = &test.service;
    let experiment = new_experiment(service, "e").await;
    let mut runs = Vec::new();
    for _ in 0..4 {
        runs.push(new_run(service, &experiment).await);
    }
    let model = new_model(service, &experiment).await;
    let survivor = new_run(service, "0").await;
    service.delete_experiment(&experiment).await.unwrap();

    let request = at_once();
    let mut dying = Box::pin(service.gc(&request, |_| {}));
    let mut taken = 0;
    poll_fn(|context| {
        taken += 1;
        if taken > steps { Poll::Ready(()) } else { dying.as_mut().poll(context).map(drop) }
    })
    .await;
    drop(dying);
    if service.restore_experiment(&experiment).await.is_ok() {
        for run in &runs {
            let kept = service.open_run_artifact(run, "folder/a.txt", None).await;
            assert!(kept.is_ok(), "what can be restored is whole");
        }
        service.delete_experiment(&experiment).await.unwrap();
    }
    let (removal, told) = gc(service, &at_once()).await;
    assert_eq!(removal.failed, 0, "{told:?}");
    assert!(service.experiment(&experiment).await.is_err());
    assert!(service.logged_model(&model, true).await.is_err());
    assert_eq!(files(service).await.len(), 1);
    assert!(service.open_run_artifact(&survivor, "folder/a.txt", None).await.is_ok());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_restored_in_between_stays(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let test = TestService::keeping(backend, Files::Folder).await;
    let service = &test.service;
    // More than one page of them.
    let mut runs = Vec::new();
    for _ in 0..130 {
        let new = NewRun { experiment_id: "0".into(), ..NewRun::default() };
        runs.push(service.create_run(new).await.unwrap().info.run_id);
    }
    for run in &runs {
        service.delete_run(run).await.unwrap();
        test.clock.advance(1);
    }
    let last = runs.pop().unwrap();
    service.proxy_put(&format!("0/{last}/artifacts/a"), upload("a")).await.unwrap();
    let (rescued, restore) = (last.clone(), service.clone());
    let mut rescue = Some(tokio::runtime::Handle::current());
    let request = at_once();
    let sweep = service.gc(&request, |_| {
        // The first run of the first page is gone; the last is on the second.
        if let Some(runtime) = rescue.take() {
            let (restore, rescued) = (restore.clone(), rescued.clone());
            let restored = std::thread::spawn(move || runtime.block_on(restore.restore_run(&rescued)));
            restored.join().unwrap().unwrap();
        }
    });
    let removal = tokio::task::unconstrained(sweep).await.unwrap();
    assert_eq!((removal.total(), removal.kept, removal.failed), (129, 0, 0));
    assert!(service.open_run_artifact(&last, "a", None).await.is_ok());
}

#[rstest]
#[tokio::test]
async fn it_goes_on_past_what_is_missing_and_what_fails(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let test = TestService::keeping(backend, Files::Folder).await;
    let service = &test.service;
    let (missing, stuck, fine) =
        (new_run(service, "0").await, new_run(service, "0").await, new_run(service, "0").await);
    let outside = tempfile::tempdir().unwrap();
    let run_folder = |run: &str| test.artifacts.path().join("0").join(run);
    std::fs::remove_dir_all(run_folder(&missing)).unwrap();
    // The store must not follow a link out of its root, so that it can neither look there nor remove anything.
    let hidden = outside.path().join("artifacts");
    std::fs::rename(run_folder(&stuck), outside.path().join("moved")).unwrap();
    std::fs::create_dir(&hidden).unwrap();
    std::fs::write(run_folder(&stuck), "a file where a folder was").unwrap();
    std::fs::remove_file(run_folder(&stuck)).unwrap();
    std::os::unix::fs::symlink(outside.path(), run_folder(&stuck)).unwrap();
    let new = NewExperiment {
        name: "there".into(),
        artifact_location: Some("gs://bucket/path".into()),
        ..NewExperiment::default()
    };
    let there = service.create_experiment(new).await.unwrap().to_string();
    let unreachable = NewRun { experiment_id: there, ..NewRun::default() };
    let unreachable = service.create_run(unreachable).await.unwrap().info.run_id;
    for run in [&missing, &stuck, &fine, &unreachable] {
        service.delete_run(run).await.unwrap();
    }
    let (removal, told) = gc(service, &at_once()).await;
    assert_eq!((removal.total(), removal.failed), (2, 2), "{told:?}");
    assert!(told.iter().any(|line| line.contains(&stuck) && line.contains("failed")), "{told:?}");
    assert!(told.iter().any(|line| line.contains("cannot be reached from here")), "{told:?}");
    assert!(hidden.exists() && Path::new(&outside.path().join("moved")).exists(), "what is outside is not touched");
    assert!(service.run(&stuck).await.is_ok(), "what fails keeps its row");
    std::fs::remove_file(run_folder(&stuck)).unwrap();
    let (removal, told) = gc(service, &at_once()).await;
    assert_eq!((removal.total(), removal.failed), (1, 1), "the next one goes on with it: {told:?}");
}

#[rstest]
#[tokio::test]
async fn only_what_is_named_goes(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let test = TestService::keeping(backend, Files::Folder).await;
    let service = &test.service;
    let experiment = new_experiment(service, "e").await;
    let (one, two, live) =
        (new_run(service, &experiment).await, new_run(service, &experiment).await, new_run(service, &experiment).await);
    let model = new_model(service, &experiment).await;
    service.delete_run(&one).await.unwrap();
    service.delete_run(&two).await.unwrap();
    let named = |run: &str| Gc { run_ids: vec![run.to_owned()], ..Gc::default() };
    for (wrong, message) in [
        (
            named(&live),
            format!(
                "Run {live} is not in `deleted` lifecycle stage. Only runs in `deleted` lifecycle stage can be deleted."
            ),
        ),
        (
            Gc { logged_model_ids: vec![model.clone()], ..Gc::default() },
            format!(
                "Logged model {model} is not in `deleted` lifecycle stage. \
                 Only logged models in `deleted` lifecycle stage can be deleted."
            ),
        ),
        (
            Gc { experiment_ids: vec![experiment.clone()], ..Gc::default() },
            format!(
                "Experiments ['{experiment}'] are not in the deleted lifecycle stage. \
                 Only experiments in the deleted lifecycle stage can be hard-deleted."
            ),
        ),
        (Gc { older_than: Some(DAY), ..named(&one) }, format!("Run {one} is not older than the required age.")),
    ] {
        assert_eq!(service.gc(&wrong, |_| {}).await.unwrap_err().message, message);
    }
    let (_, told) = gc(service, &Gc { run_ids: vec![one.clone(), "none".into()], ..Gc::default() }).await;
    assert_eq!(told, [format!("Run with ID {one} removed"), "Run with ID none unknown".to_owned()]);
    assert!(service.run(&two).await.is_ok());
    service.delete_experiment(&experiment).await.unwrap();
    service.delete_logged_model(&model).await.unwrap();
    let (_, told) = gc(service, &Gc { logged_model_ids: vec![model.clone()], ..Gc::default() }).await;
    assert_eq!(told, [format!("Logged model with ID {model} removed")]);
    let (removal, _) = gc(service, &Gc { experiment_ids: vec![experiment.clone()], ..Gc::default() }).await;
    assert_eq!(removal.total(), 3);
}

#[rstest]
#[tokio::test]
async fn there_is_no_version_of_what_is_being_removed(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let test = TestService::keeping(backend, Files::Folder).await;
    let service = &test.service;
    let run = new_run(service, "0").await;
    service.log_outputs(&run, vec![ModelOutput { model_id: new_model(service, "0").await, step: 0 }]).await.unwrap();
    service.delete_run(&run).await.unwrap();
    let id = run.clone();
    let claim = test.database.store.write::<_, store::StoreError, _>(move |tx| {
        Box::pin(async move {
            let run = store::gc::runs_by_ids(tx, vec![id]).await?.remove(0);
            store::gc::claim_runs(tx, vec![run.no], i64::MAX, i64::MAX, &std::collections::HashSet::new()).await
        })
    });
    claim.await.unwrap();
    let new = NewModelVersion { name: "m".into(), source: format!("runs:/{run}/folder"), ..NewModelVersion::default() };
    let refused = service.register_model(new).await.unwrap_err();
    assert!(refused.message.ends_with("is being removed for good."), "{refused}");
    assert!(service.restore_run(&run).await.is_err());
    let (_, told) = gc(service, &Gc::default()).await;
    assert_eq!(told, [format!("Run with ID {run} removed")], "however young it is");
}

#[rstest]
#[tokio::test]
async fn a_server_does_it_only_if_it_was_told_to(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let test = TestService::keeping(backend, Files::Folder).await;
    let run = new_run(&test.service, "0").await;
    test.service.delete_run(&run).await.unwrap();
    let refused = test.service.start_removal(Some(0)).unwrap_err();
    assert_eq!(refused.code, domain::ErrorCode::PermissionDenied);
    let preview = test.service.preview_removal(Some(0)).await.unwrap();
    assert_eq!((preview.removal.total(), preview.removal.space.bytes), (1, 3));
    let service = test.service.clone().with_removal();
    assert!(service.start_removal(Some(0)).unwrap().running);
    while service.removal_progress().running {
        tokio::task::yield_now().await;
    }
    assert_eq!(service.removal_progress().removal.total(), 1);
    assert!(service.run(&run).await.is_err());
}

/// An experiment whose location the client chose.
async fn new_experiment_at(service: &Service, name: &str, location: &str) -> String {
    let artifact_location = Some(location.to_owned());
    let new = NewExperiment { name: name.into(), artifact_location, ..NewExperiment::default() };
    service.create_experiment(new).await.unwrap().to_string()
}

#[rstest]
#[tokio::test]
async fn experiments_that_share_a_folder_keep_it(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let test = TestService::new(backend).await;
    let service = &test.service;
    // The one that is made next gets this folder by default.
    let next = new_experiment(service, "before").await.parse::<i64>().unwrap() + 2;
    let shared = new_experiment_at(service, "shared", &format!("mlflow-artifacts:/{next}")).await;
    let gone = new_experiment(service, "gone").await;
    assert_eq!(gone, next.to_string());
    new_run(service, &shared).await;
    // A second one within a run of the one that goes, which therefore stays.
    let around = new_experiment(service, "around").await;
    let run = new_run(service, &around).await;
    let root = service.run_location(&run).await.unwrap();
    let within = new_experiment_at(service, "within", &format!("{root}/sub")).await;
    new_run(service, &within).await;
    let before = files(service).await;
    service.delete_experiment(&gone).await.unwrap();
    service.delete_experiment(&around).await.unwrap();
    let (_, told) = gc(service, &at_once()).await;
    assert_eq!(files(service).await, before, "{told:?}");
    let expected = [
        format!("Experiment with ID {gone} removed"),
        format!("Experiment with ID {around} kept: experiment {within} keeps its files in there"),
        format!("Run with ID {run} kept: experiment {within} keeps its files in there"),
    ];
    assert_eq!(told, expected);
}

#[rstest]
#[tokio::test]
async fn what_cannot_be_reached_can_still_be_restored(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let test = TestService::new(backend).await;
    let service = &test.service;
    let elsewhere = new_experiment_at(service, "elsewhere", "gs://bucket/path").await;
    let new = NewRun { experiment_id: elsewhere.clone(), ..NewRun::default() };
    let run = service.create_run(new).await.unwrap().info.run_id;
    service.delete_run(&run).await.unwrap();
    let (removal, told) = gc(service, &at_once()).await;
    assert_eq!((removal.total(), told.len()), (0, 1), "{told:?}");
    service.restore_run(&run).await.unwrap();
    service.delete_experiment(&elsewhere).await.unwrap();
    gc(service, &at_once()).await;
    service.restore_experiment(&elsewhere).await.unwrap();
}
