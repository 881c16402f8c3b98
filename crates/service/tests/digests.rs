//! Digests of stored files: taken on the way, kept in step with the files, and compared with what is there.

use std::path::PathBuf;
use std::sync::Arc;

use artifacts::{Artifacts, S3Options};
use domain::artifact_path::ArtifactPath;
use futures::{StreamExt, stream};
use rstest::rstest;
use service::{
    ArtifactConfig, Finding, NewExperiment, NewModelVersion, NewRun, Service, SystemEntropy, Upload, Verified, Verify,
};
use store::digests::Writer;
use testing::{Backend, Files, TestService};

const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const WORLD: &str = "486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7";

fn upload(chunks: &[&'static str]) -> Upload {
    let chunks: Vec<_> = chunks.iter().map(|chunk| Ok((*chunk).into())).collect();
    Upload { body: stream::iter(chunks).boxed(), size: None }
}

fn broken() -> Upload {
    let body = stream::iter([Ok("hel".into()), Err(std::io::ErrorKind::ConnectionReset.into())]).boxed();
    Upload { body, size: None }
}

async fn digest(service: &Service, path: &str) -> Option<String> {
    let digest = service.proxy_file(path).unwrap().digest().await.unwrap();
    digest.map(|digest| digest.sha256.to_string())
}

async fn verify(service: &Service, verify: &Verify) -> Vec<Verified> {
    let mut found = Vec::new();
    service.verify(verify, |verified| found.push(verified)).await.expect("a verification");
    found.retain(|verified| verified.finding.is_some() || verified.recorded);
    found.sort_by(|a, b| a.location.cmp(&b.location));
    found
}

/// What is wrong, as `location: finding`.
async fn findings(service: &Service, what: &Verify) -> Vec<String> {
    let found = verify(service, what).await.into_iter();
    let word = |finding| match finding {
        Some(Finding::Missing) => "missing",
        Some(Finding::Rotten { .. }) => "rotten",
        Some(Finding::Size { .. }) => "size",
        Some(Finding::NotRecorded) => "not recorded",
        Some(Finding::Unreadable { .. }) => "unreadable",
        None => "recorded now",
    };
    found.map(|verified| format!("{}: {}", verified.location, word(verified.finding))).collect()
}

/// The store as someone else would reach it.
async fn behind(test: &TestService) -> artifacts::Repository {
    let endpoint_url = std::env::var("FERROFLOW_TEST_S3_ENDPOINT").ok();
    let artifacts = Artifacts::new(S3Options { endpoint_url, ..S3Options::default() }).await;
    artifacts.open(&test.service.artifact_config().destination).unwrap()
}

fn path(text: &str) -> ArtifactPath {
    ArtifactPath::parse(text).unwrap()
}

#[rstest]
#[tokio::test]
async fn a_digest_follows_its_file(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[values(Files::Folder, Files::S3)] files: Files,
) {
    let test = TestService::keeping(backend, files).await;
    let service = &test.service;
    service.proxy_put("a/x.txt", upload(&["he", "", "llo"])).await.unwrap();
    assert_eq!(digest(service, "a/x.txt").await.as_deref(), Some(HELLO));
    service.proxy_put("a/x.txt", upload(&["world"])).await.unwrap();
    assert_eq!(digest(service, "a/x.txt").await.as_deref(), Some(WORLD), "an overwritten file has the new digest");
    service.proxy_put("a/x.txt", broken()).await.unwrap_err();
    assert_eq!(digest(service, "a/x.txt").await.as_deref(), Some(WORLD), "the file is as it was");

    service.proxy_put("a/b/y.txt", upload(&["hello"])).await.unwrap();
    service.proxy_put("a-b/y.txt", upload(&["hello"])).await.unwrap();
    service.proxy_put("a/z.txt", upload(&["hello"])).await.unwrap();
    let listed = service.proxy_file("a/x.txt").unwrap().digests_beside(&["x.txt", "z.txt", "none"]).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed["z.txt"].size, 5);
    let (_, sent) = service.proxy_file("a/x.txt").unwrap().open_with_digest().await.unwrap();
    assert_eq!(sent.unwrap().sha256.to_string(), WORLD);

    service.proxy_delete("a/z.txt").await.unwrap();
    assert_eq!(digest(service, "a/z.txt").await, None);
    service.proxy_delete("a").await.unwrap();
    assert_eq!(digest(service, "a/x.txt").await, None);
    assert_eq!(digest(service, "a/b/y.txt").await, None, "a folder's digests go with it");
    assert_eq!(digest(service, "a-b/y.txt").await.as_deref(), Some(HELLO), "its neighbour's stay");
    assert_eq!(findings(service, &Verify::default()).await, [""; 0]);
}

#[rstest]
#[tokio::test]
async fn writers_at_the_same_time_record_nothing(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[values(Files::Folder, Files::S3)] files: Files,
) {
    let test = TestService::keeping(backend, files).await;
    let service = &test.service;
    // The first upload waits in the middle until the second is done.
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let (begun, has_begun) = tokio::sync::oneshot::channel::<()>();
    let rest = stream::once(async move {
        begun.send(()).unwrap();
        gone.await.unwrap();
        Ok("llo".into())
    });
    let slow = Upload { body: stream::iter([Ok("he".into())]).chain(rest).boxed(), size: None };
    let first = tokio::spawn({
        let service = service.clone();
        async move { service.proxy_put("x", slow).await }
    });
    has_begun.await.unwrap();
    service.proxy_put("x", upload(&["world"])).await.unwrap();
    assert_eq!(digest(service, "x").await, None, "the first may still replace it");
    go.send(()).unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(digest(service, "x").await, None);
    assert_eq!(findings(service, &Verify::default()).await, ["mlflow-artifacts:/x: not recorded"]);
    service.proxy_put("x", upload(&["world"])).await.unwrap();
    assert_eq!(digest(service, "x").await.as_deref(), Some(WORLD), "one alone does");
}

#[rstest]
#[tokio::test]
async fn bytes_that_go_past_the_server_have_no_digest(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let test = TestService::keeping(backend, Files::S3).await;
    let (service, clock) = (&test.service, &test.clock);
    service.proxy_put("x", upload(&["hello"])).await.unwrap();
    service.proxy_file("x").unwrap().presign_put(60).await.unwrap();
    assert_eq!(digest(service, "x").await, None, "someone may replace it from now on");
    service.proxy_put("x", upload(&["hello"])).await.unwrap();
    assert_eq!(digest(service, "x").await, None, "and still may");
    clock.advance(60 * 60 * 1000);
    service.proxy_put("x", upload(&["hello"])).await.unwrap();
    assert_eq!(digest(service, "x").await.as_deref(), Some(HELLO));
}

#[rstest]
#[tokio::test]
async fn a_died_writer_is_forgotten_after_a_day(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let test = TestService::keeping(backend, Files::Folder).await;
    let (service, clock) = (&test.service, &test.clock);
    service.proxy_put("x", upload(&["hello"])).await.unwrap();
    let location = domain::digest::ObjectLocation::of_address("/d/x", "/d").unwrap();
    let now = service.now();
    let died = test.database.store.write(move |tx| {
        Box::pin(async move {
            store::digests::begin(tx, &location, now, Writer::Server { within: 24 * 60 * 60 * 1000 }).await
        })
    });
    assert!(died.await.unwrap().previous.is_some());
    assert_eq!(findings(service, &Verify::default()).await, ["mlflow-artifacts:/x: not recorded"]);
    service.proxy_put("x", upload(&["world"])).await.unwrap();
    assert_eq!(digest(service, "x").await, None);
    clock.advance(25 * 60 * 60 * 1000);
    service.proxy_put("x", upload(&["world"])).await.unwrap();
    assert_eq!(digest(service, "x").await.as_deref(), Some(WORLD));
}

/// SQLite has one server, so that the next one knows that the last one's writes have ended; those outside go on.
#[tokio::test]
async fn a_new_server_ends_the_writes_of_the_last() {
    let test = TestService::keeping(Backend::Sqlite, Files::Folder).await;
    let service = &test.service;
    let now = service.now();
    for (name, writer) in [("died", Writer::Server { within: 1_000 }), ("lent", Writer::Outside { within: 1_000 })] {
        let location = domain::digest::ObjectLocation::of_address(&format!("/d/{name}"), "/d").unwrap();
        let begun = test
            .database
            .store
            .write(move |tx| Box::pin(async move { store::digests::begin(tx, &location, now, writer).await }));
        begun.await.unwrap();
    }
    service.prepare().await.unwrap();
    for (name, known) in [("died", Some(HELLO)), ("lent", None)] {
        service.proxy_put(name, upload(&["hello"])).await.unwrap();
        assert_eq!(digest(service, name).await.as_deref(), known, "{name}");
    }
}

#[rstest]
#[tokio::test]
async fn another_destination_than_the_servers_is_refused(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let test = TestService::keeping(backend, Files::Folder).await;
    test.service.check_destination().await.unwrap();
    let other = Service::new(
        test.database.store.clone(),
        Artifacts::new(S3Options::default()).await,
        ArtifactConfig { destination: "/elsewhere".into(), ..test.service.artifact_config().clone() },
        test.clock.clone(),
        Arc::new(SystemEntropy),
    );
    let refused = other.check_destination().await.unwrap_err();
    assert!(refused.message.contains("not at /elsewhere"), "{}", refused.message);
    // A server may be told another one.
    other.prepare().await.unwrap();
    other.check_destination().await.unwrap();
}

#[rstest]
#[tokio::test]
async fn verify_finds_what_is_not_as_it_was(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[values(Files::Folder, Files::S3)] files: Files,
) {
    let test = TestService::keeping(backend, files).await;
    let service = &test.service;
    for name in ["good", "gone", "flipped", "longer"] {
        service.proxy_put(&format!("0/{name}"), upload(&["hello"])).await.unwrap();
    }
    assert_eq!(findings(service, &Verify::default()).await, [""; 0]);
    let store = behind(&test).await;
    store.delete(&path("0/gone")).await.unwrap();
    store.put(&path("0/flipped"), upload(&["hellp"])).await.unwrap();
    store.put(&path("0/longer"), upload(&["hello!"])).await.unwrap();
    store.put(&path("0/foreign"), upload(&["foreign"])).await.unwrap();
    let wrong = [
        "mlflow-artifacts:/0/flipped: rotten",
        "mlflow-artifacts:/0/foreign: not recorded",
        "mlflow-artifacts:/0/gone: missing",
        "mlflow-artifacts:/0/longer: size",
    ];
    assert_eq!(findings(service, &Verify::default()).await, wrong);
    let record = Verify { record: true, ..Verify::default() };
    let recorded = findings(service, &record).await;
    assert_eq!(recorded[1], "mlflow-artifacts:/0/foreign: recorded now");
    let wrong: Vec<_> = wrong.into_iter().filter(|line| !line.contains("foreign")).collect();
    assert_eq!(findings(service, &Verify::default()).await, wrong);
}

#[rstest]
#[tokio::test]
async fn verify_keeps_to_an_experiment_or_model(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let test = TestService::keeping(backend, Files::Folder).await;
    let service = &test.service;
    let elsewhere = test.artifacts.path().join("elsewhere");
    let new = NewExperiment {
        name: "there".into(),
        artifact_location: Some(elsewhere.display().to_string()),
        ..NewExperiment::default()
    };
    let experiment = service.create_experiment(new).await.unwrap().to_string();
    let mut runs = Vec::new();
    for experiment_id in ["0", &experiment] {
        let new = NewRun { experiment_id: experiment_id.into(), ..NewRun::default() };
        let run = service.create_run(new).await.unwrap().info;
        service.upload_run_artifact(&run.run_id, "model/a", upload(&["hello"])).await.unwrap();
        service.upload_run_artifact(&run.run_id, "b", upload(&["hello"])).await.unwrap();
        runs.push(run);
    }
    let version = NewModelVersion {
        name: "m".into(),
        source: format!("runs:/{}/model", runs[0].run_id),
        ..NewModelVersion::default()
    };
    service.register_model(version).await.unwrap();
    for run in &runs {
        for file in ["model/a", "b"] {
            let uri = run.artifact_uri.trim_start_matches("mlflow-artifacts:/");
            let file = test.artifacts.path().join(uri).join(file);
            assert!(file.exists(), "{}", file.display());
            std::fs::write(&file, "hellp").unwrap();
        }
    }
    let of = |verify: Verify| async move { findings(service, &verify).await.len() };
    assert_eq!(of(Verify::default()).await, 4);
    for name in ["there", &experiment] {
        assert_eq!(of(Verify { experiment: Some(name.into()), ..Verify::default() }).await, 2, "{name}");
    }
    assert_eq!(of(Verify { model: Some("m".into()), ..Verify::default() }).await, 1);
    let unknown = Verify { experiment: Some("none".into()), ..Verify::default() };
    let refused = service.verify(&unknown, |_| {}).await.unwrap_err();
    assert_eq!(refused.message, "There is no experiment 'none'.");
}

/// A destination that is reached by two names: its own, and a link.
#[tokio::test]
async fn one_file_has_one_digest_whatever_it_is_called() {
    let test = TestService::with_config(Backend::Sqlite, |folder| {
        let folder = PathBuf::from(folder);
        std::fs::create_dir(folder.join("real")).unwrap();
        std::os::unix::fs::symlink("real", folder.join("link")).unwrap();
        let destination = folder.join("link").display().to_string();
        ArtifactConfig { default_root: "mlflow-artifacts:/".into(), destination, serve: true, allowed_schemes: vec![] }
    })
    .await;
    let service = &test.service;
    service.proxy_put("0/x", upload(&["hello"])).await.unwrap();
    let new = NewExperiment {
        name: "direct".into(),
        artifact_location: Some(format!("file://{}/real/1", test.artifacts.path().display())),
        ..NewExperiment::default()
    };
    let experiment_id = service.create_experiment(new).await.unwrap().to_string();
    let run = service.create_run(NewRun { experiment_id, ..NewRun::default() }).await.unwrap().info.run_id;
    service.upload_run_artifact(&run, "x", upload(&["hello"])).await.unwrap();
    service.proxy_put(&format!("1/{run}/artifacts/x"), upload(&["world"])).await.unwrap();
    assert_eq!(findings(service, &Verify::default()).await, [""; 0]);
    let file = service.run_file(&run, "x").await.unwrap();
    assert_eq!(file.digest().await.unwrap().unwrap().sha256.to_string(), WORLD);
}
