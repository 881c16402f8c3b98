//! Artifacts as runs, logged models and versions own them, and the proxy.

use domain::ErrorCode;
use domain::runs::ModelOutput;
use futures::{StreamExt, TryStreamExt, stream};
use rstest::rstest;
use service::{
    ArtifactConfig, Download, FileInfo, NewExperiment, NewLoggedModel, NewModelVersion, NewRun, Service, Upload,
};
use testing::{Backend, TestService};

fn upload(content: &'static str) -> Upload {
    let body = stream::iter([Ok(content.into())]).boxed();
    Upload { body, size: Some(content.len() as u64) }
}

async fn text(download: Download) -> String {
    let chunks: Vec<_> = download.body.try_collect().await.expect("a whole download");
    String::from_utf8(chunks.concat()).expect("text")
}

async fn new_run(service: &Service, experiment_id: &str) -> String {
    let new = NewRun { experiment_id: experiment_id.into(), ..NewRun::default() };
    service.create_run(new).await.expect("a run").info.run_id
}

/// A logged model with a file; answers its id.
async fn new_model(service: &Service, name: &str, source_run_id: &str, content: &'static str) -> String {
    let new = NewLoggedModel {
        experiment_id: "0".into(),
        name: Some(name.into()),
        source_run_id: Some(source_run_id.into()),
        ..NewLoggedModel::default()
    };
    let model = service.create_logged_model(new).await.expect("a logged model");
    let path = model.artifact_uri.trim_start_matches("mlflow-artifacts:/");
    service.proxy_put(&format!("{path}/MLmodel"), upload(content)).await.expect("the model's file");
    service.proxy_put(&format!("{path}/code/a.py"), upload("a")).await.expect("the model's code");
    model.model_id
}

fn names(files: &[FileInfo]) -> Vec<&str> {
    files.iter().map(|file| file.path.as_str()).collect()
}

const MODEL_FILE: &str = "flavors:\n  sklearn: {}\nmlflow_version: 3.17.2\n";

#[rstest]
#[tokio::test]
async fn a_run_shows_its_models_as_folders(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let TestService { service, clock, artifacts: _artifacts, database: _database } = TestService::new(backend).await;
    let run = new_run(&service, "0").await;
    service.upload_run_artifact(&run, "notes.txt", upload("own")).await.unwrap();
    new_model(&service, "model", &run, "older").await;
    clock.advance(1);
    new_model(&service, "model", &run, MODEL_FILE).await;
    let attached = new_model(&service, "attached", "", "attached").await;
    service.log_outputs(&run, vec![ModelOutput { model_id: attached, step: 0 }]).await.unwrap();
    new_model(&service, "stranger", "another run", "stranger").await;

    let root = service.run_artifacts(&run, "").await.unwrap();
    assert_eq!(root.root_uri, format!("mlflow-artifacts:/0/{run}/artifacts"));
    assert_eq!(names(&root.files), ["attached", "model", "notes.txt"]);
    assert_eq!(root.files.iter().map(|file| file.is_dir).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(names(&service.run_artifacts(&run, "model").await.unwrap().files), ["model/MLmodel", "model/code"]);
    assert_eq!(names(&service.run_artifacts(&run, "model/code").await.unwrap().files), ["model/code/a.py"]);
    assert_eq!(names(&service.run_artifacts(&run, "model/none").await.unwrap().files), [""; 0]);
    let newest = service.open_run_artifact(&run, "model/MLmodel", None).await.unwrap();
    assert_eq!(text(newest).await, MODEL_FILE, "the newest of a name counts");
    assert_eq!(text(service.open_run_artifact(&run, "attached/MLmodel", None).await.unwrap()).await, "attached");
    let model = service.run_model_file(&run, "model").await.unwrap().expect("an MLmodel");
    assert_eq!(model.flavors, ["sklearn"]);
    assert_eq!(service.run_model_file(&run, "nothing").await.unwrap(), None);

    let literal = service.proxy_list(&format!("0/{run}/artifacts")).await.unwrap();
    assert_eq!(names(&literal), ["notes.txt"], "the proxy shows what there is");

    service.upload_run_artifact(&run, "model/own.txt", upload("own")).await.unwrap();
    assert_eq!(names(&service.run_artifacts(&run, "model").await.unwrap().files), ["model/own.txt"]);
    let hidden = service.open_run_artifact(&run, "model/MLmodel", None).await.unwrap_err();
    assert_eq!(hidden.code, ErrorCode::ResourceDoesNotExist, "what the run has itself goes first");
    assert_eq!(names(&service.run_artifacts(&run, "").await.unwrap().files), ["attached", "model", "notes.txt"]);
}

#[rstest]
#[tokio::test]
async fn versions_read_where_their_source_is(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let TestService { service, artifacts: _artifacts, database: _database, .. } = TestService::new(backend).await;
    let run = new_run(&service, "0").await;
    let model_id = new_model(&service, "model", &run, MODEL_FILE).await;
    service.upload_run_artifact(&run, "old/MLmodel", upload(MODEL_FILE)).await.unwrap();
    service.upload_run_artifact(&run, "old/code/a.py", upload("a")).await.unwrap();
    let sources = [
        (format!("runs:/{run}/model"), Some(run.clone()), None),
        (format!("models:/{model_id}"), None, Some(model_id.clone())),
        (format!("runs:/{run}/old"), Some(run.clone()), None),
        (format!("mlflow-artifacts:/0/{run}/artifacts/old"), Some(run.clone()), None),
    ];
    for (source, run_id, model_id) in sources {
        let new = NewModelVersion {
            name: "m".into(),
            source: source.clone(),
            run_id,
            model_id,
            ..NewModelVersion::default()
        };
        let version = service.register_model(new).await.unwrap().version.to_string();
        let root = service.version_artifacts("m", &version, "").await.unwrap();
        assert_eq!(names(&root.files), ["MLmodel", "code"], "{source}");
        assert_eq!(
            names(&service.version_artifacts("m", &version, "code").await.unwrap().files),
            ["code/a.py"],
            "{source}"
        );
        let file = service.open_version_artifact("m", &version, "MLmodel", None).await.unwrap();
        assert_eq!(text(file).await, MODEL_FILE, "{source}");
        let model = service.version_model_file("m", &version).await.unwrap().expect("an MLmodel");
        assert_eq!(model.mlflow_version.as_deref(), Some("3.17.2"), "{source}");
    }
    let missing = service.open_version_artifact("m", "9", "MLmodel", None).await.unwrap_err();
    assert_eq!(missing.message, "Model Version (name=m, version=9) not found");
}

#[rstest]
#[tokio::test]
async fn logged_models_have_their_files(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let TestService { service, artifacts: _artifacts, database: _database, .. } = TestService::new(backend).await;
    let model_id = new_model(&service, "model", "", MODEL_FILE).await;
    let root = service.logged_model_artifacts(&model_id, "").await.unwrap();
    assert_eq!(root.root_uri, format!("mlflow-artifacts:/0/models/{model_id}/artifacts"));
    assert_eq!(names(&root.files), ["MLmodel", "code"]);
    let file = service.open_logged_model_artifact(&model_id, "code/a.py", None).await.unwrap();
    assert_eq!(text(file).await, "a");
    assert!(service.logged_model_file(&model_id).await.unwrap().is_some());
    let unknown = service.logged_model_artifacts("m-0", "").await.unwrap_err();
    assert_eq!(
        (unknown.code, unknown.message.as_str()),
        (ErrorCode::ResourceDoesNotExist, "Logged model with ID 'm-0' not found.")
    );
}

#[rstest]
#[tokio::test]
async fn mistakes_are_told(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let TestService { service, artifacts: _artifacts, database: _database, .. } = TestService::new(backend).await;
    let run = new_run(&service, "0").await;
    service.upload_run_artifact(&run, "folder/file", upload("x")).await.unwrap();
    for path in ["../../secret", "/etc/passwd", "%252e%252e/x", "a#b"] {
        let refusals = [
            service.run_artifacts(&run, path).await.unwrap_err(),
            service.open_run_artifact(&run, path, None).await.unwrap_err(),
            service.upload_run_artifact(&run, path, upload("x")).await.unwrap_err(),
            service.proxy_list(path).await.unwrap_err(),
            service.proxy_open(path, None).await.unwrap_err(),
            service.proxy_put(path, upload("x")).await.unwrap_err(),
            service.proxy_delete(path).await.unwrap_err(),
            service.version_artifacts("m", "1", path).await.unwrap_err(),
            service.logged_model_artifacts("m-0", path).await.unwrap_err(),
        ];
        for refused in refusals {
            assert_eq!(
                (refused.code, refused.message.as_str()),
                (ErrorCode::InvalidParameterValue, "Invalid path"),
                "{path}"
            );
        }
    }
    assert!(service.proxy_delete("").await.is_err(), "the destination stays");
    let unknown = service.run_artifacts("none", "").await.unwrap_err();
    assert_eq!(
        (unknown.code, unknown.message.as_str()),
        (ErrorCode::ResourceDoesNotExist, "Run with id=none not found")
    );
    let missing = service.open_run_artifact(&run, "folder/none", None).await.unwrap_err();
    assert_eq!(missing.message, format!("No such artifact: '0/{run}/artifacts/folder/none'"));
    let folder = service.open_run_artifact(&run, "folder", None).await.unwrap_err();
    let sentence = format!("Artifact path refers to a directory, not a file: '0/{run}/artifacts/folder'");
    assert_eq!((folder.code, folder.message), (ErrorCode::InvalidParameterValue, sentence));
    let below_a_file = service.upload_run_artifact(&run, "folder/file/x", upload("x")).await.unwrap_err();
    assert_eq!(below_a_file.code, ErrorCode::InvalidParameterValue);
    assert_eq!(names(&service.run_artifacts(&run, "folder/file").await.unwrap().files), [""; 0], "a file has no files");
}

#[rstest]
#[tokio::test]
async fn locations_of_their_own_are_read_directly(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let TestService { service, artifacts, database: _database, .. } = TestService::new(backend).await;
    let in_folder = |name: &str, location: String| NewExperiment {
        name: name.into(),
        artifact_location: Some(location),
        ..NewExperiment::default()
    };
    let place = artifacts.path().join("elsewhere");
    let new = in_folder("here", format!("file://{}", place.display()));
    let experiment = service.create_experiment(new).await.unwrap().to_string();
    let run = new_run(&service, &experiment).await;
    service.upload_run_artifact(&run, "a/b.txt", upload("direct")).await.unwrap();
    let file = std::fs::read_to_string(place.join(&run).join("artifacts/a/b.txt"));
    assert_eq!(file.unwrap(), "direct");
    assert_eq!(names(&service.run_artifacts(&run, "a").await.unwrap().files), ["a/b.txt"]);
    let missing = service.open_run_artifact(&run, "none", None).await.unwrap_err();
    assert_eq!(missing.message, "No such artifact: 'none'");

    let new = in_folder("there", "gs://bucket/path".into());
    let experiment = service.create_experiment(new).await.unwrap().to_string();
    let run = new_run(&service, &experiment).await;
    let unreachable = service.run_artifacts(&run, "").await.unwrap_err();
    assert_eq!(unreachable.code, ErrorCode::NotImplemented, "{unreachable}");
}

#[rstest]
#[tokio::test]
async fn without_the_proxy_its_locations_are_out_of_reach(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let config = |destination: String| ArtifactConfig {
        default_root: "mlflow-artifacts:/".into(),
        destination,
        serve: false,
        allowed_schemes: Vec::new(),
    };
    let TestService { service, artifacts: _artifacts, database: _database, .. } =
        TestService::with_config(backend, config).await;
    let run = new_run(&service, "0").await;
    let off = service.run_artifacts(&run, "").await.unwrap_err();
    assert_eq!(off.code, ErrorCode::NotImplemented);
    assert!(off.message.contains("--serve-artifacts"), "{off}");
}
