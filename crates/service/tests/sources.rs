//! What a version may be made from, and where its files are then.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use domain::Error;
use domain::logged_models::LoggedModel;
use domain::model_versions::ModelVersion;
use domain::runs::{ModelOutput, Run};
use rstest::rstest;
use service::{
    ArtifactConfig, Artifacts, NewLoggedModel, NewModelVersion, NewRegisteredModel, NewRun, S3Options, Service,
    SystemEntropy,
};
use testing::{Backend, TestService};

/// A version of `m` from a source, with the ids that the request names (empty for none).
fn from(source: &str, run_id: &str, model_id: &str) -> NewModelVersion {
    let id = |id: &str| (!id.is_empty()).then(|| id.to_owned());
    NewModelVersion {
        name: "m".into(),
        source: source.into(),
        run_id: id(run_id),
        model_id: id(model_id),
        ..NewModelVersion::default()
    }
}

async fn register(service: &Service, source: &str, run_id: &str, model_id: &str) -> ModelVersion {
    service.register_model(from(source, run_id, model_id)).await.expect("a good source")
}

async fn refusal(service: &Service, source: &str, run_id: &str, model_id: &str) -> String {
    let error = service.register_model(from(source, run_id, model_id)).await.expect_err(source);
    assert_eq!(error, Error::invalid(error.message.clone()), "a user's mistake");
    error.message
}

async fn new_run(service: &Service) -> Run {
    let new = NewRun { experiment_id: "0".into(), start_time: 1, ..NewRun::default() };
    service.create_run(new).await.expect("a run")
}

async fn new_model(service: &Service, name: &str, run_id: &str) -> LoggedModel {
    let new = NewLoggedModel {
        experiment_id: "0".into(),
        name: Some(name.into()),
        source_run_id: Some(run_id.into()),
        ..NewLoggedModel::default()
    };
    service.create_logged_model(new).await.expect("a logged model")
}

async fn versions_tag(service: &Service, model_id: &str) -> Option<String> {
    let model = service.logged_model(model_id, false).await.expect("the model");
    model.tags.into_iter().find(|tag| tag.key == "mlflow.modelVersions").map(|tag| tag.value)
}

/// Puts a file below the destination of the proxy, at the place of a `mlflow-artifacts:/` location.
fn put(t: &TestService, location: &str, path: &str) {
    let place = location.strip_prefix("mlflow-artifacts:").expect("a proxied location").trim_start_matches('/');
    write(&t.artifacts.path().join(place).join(path));
}

fn write(file: &Path) {
    fs::create_dir_all(file.parent().expect("a folder")).expect("a new folder");
    fs::write(file, "flavors: {}").expect("a new file");
}

#[rstest]
#[tokio::test]
async fn a_source_must_be_its_owners(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    let (run, other) = (new_run(s).await.info, new_run(s).await.info);
    let model = new_model(s, "net", &run.run_id).await;
    let (r, m) = (run.run_id.as_str(), model.model_id.as_str());
    let (of_run, of_model) = (run.artifact_uri.as_str(), model.artifact_uri.as_str());

    let unowned = |source: &str, param: &str| {
        format!(
            "Invalid model version source: '{source}'. The {param} request parameter must identify the resource that \
             contains the source."
        )
    };
    let above = "mlflow-artifacts:/0".to_owned();
    let beside = format!("{of_run}-2/x");
    let on_host = format!("mlflow-artifacts:///0/{r}/artifacts/x");
    for (source, run_id, model_id, param) in [
        (of_run, "", "", "run_id"),
        (of_run, &other.run_id, "", "run_id"),
        (of_run, "no such run", "", "run_id"),
        (of_run, r, m, "model_id"),
        (of_model, r, "", "run_id"),
        (of_model, r, "m-none", "model_id"),
        (&above, r, "", "run_id"),
        (&beside, r, "", "run_id"),
        (&format!("runs:/{r}/x"), &other.run_id, "", "run_id"),
        (&format!("runs:/{r}/x"), r, m, "model_id"),
        (&format!("runs://host/{r}/x"), r, "", "run_id"),
        ("runs:/none/x", "", "", "run_id"),
        (&format!("models:/{m}"), r, "", "model_id"),
        (&format!("models:/{m}"), r, "m-other", "model_id"),
        ("models:/", "", "", "model_id"),
        ("models:/m/1/x", "", "", "model_id"),
        ("/etc/passwd", "no such run", "", "run_id"),
    ] {
        assert_eq!(refusal(s, source, run_id, model_id).await, unowned(source, param), "{run_id} {model_id}");
    }

    let local = |source: &str, param: &str| {
        format!(
            "Invalid model version source: '{source}'. To use a local path as a model version source, the {param} request \
             parameter has to be specified and the local path has to be contained within the artifact directory of the \
             run specified by the {param}."
        )
    };
    assert_eq!(refusal(s, "/etc/../etc/passwd", "", "").await, local("/etc/../etc/passwd", "run_id"));
    assert_eq!(refusal(s, "/etc/../none", r, "").await, local("/none", "run_id"));
    assert_eq!(refusal(s, "file:///none", r, m).await, local("/none", "model_id"));

    for source in ["s3://bucket/../x", "s3://bucket/%252e%252e/x", &format!("{of_run}/./x"), &format!("runs:/{r}/../x")]
    {
        assert_eq!(
            refusal(s, source, r, "").await,
            format!(
                "Invalid model version source: '{source}'. If supplying a source as an http, https, local file path, \
                 ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path \
                 references present. Please provide an absolute path."
            )
        );
    }
    assert_eq!(
        refusal(s, "models://elsewhere/m/1", "", "").await,
        "Invalid model version source: 'models://elsewhere/m/1'. Registered model sources must use the active model \
         registry."
    );
    for source in ["http://127.0.0.1:5000/api/2.0/mlflow-artifacts/artifacts/0", "http://169.254.169.254/latest"] {
        assert_eq!(
            refusal(s, source, r, "").await,
            "'source' cannot use the 'http' scheme: the 'http' scheme addresses a host other than the tracking server's \
             configured artifact storage, so the server would connect to the host named in the URI. Set the \
             MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES environment variable on the server to allow it."
        );
    }
    for model_source in ["models:/m-none", "s3://bucket/x"] {
        assert_eq!(
            s.register_model(from(model_source, r, "m-none")).await.unwrap_err(),
            Error::not_found("Logged model with ID 'm-none' not found.")
        );
    }

    let picky = s.clone().with_source_pattern("^s3://good/").expect("a pattern");
    assert_eq!(refusal(&picky, "s3://bad/x", "", "").await, "Invalid model version source: 's3://bad/x'.");
    register(&picky, "s3://good/x", "", "").await;

    for (source, run_id) in [(of_run, r), (&on_host, r), ("s3://bucket/x?y=../z", "no such run"), ("foo://h/x", "")] {
        let version = register(s, source, run_id, "").await;
        assert_eq!((version.source.as_str(), version.storage_location.as_str()), (source, source));
        assert_eq!((version.run_id.as_str(), version.model_id), (run_id, None));
    }
}

#[rstest]
#[tokio::test]
async fn a_logged_model_becomes_a_version(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    let run = new_run(s).await.info;
    let model = new_model(s, "net", &run.run_id).await;
    let source = format!("models:/{}", model.model_id);
    let version = register(s, &source, "", &model.model_id).await;
    assert_eq!((&version.source, &version.storage_location), (&source, &model.artifact_uri));
    assert_eq!((&version.run_id, version.model_id.as_ref()), (&run.run_id, Some(&model.model_id)));
    assert_eq!(s.download_uri("m", "1").await.unwrap(), model.artifact_uri);
    let inside = format!("{}/sub", model.artifact_uri);
    assert_eq!(register(s, &inside, "", &model.model_id).await.storage_location, inside);
    assert_eq!(
        versions_tag(s, &model.model_id).await.as_deref(),
        Some(r#"[{"name":"m","version":1},{"name":"m","version":2}]"#)
    );

    // Clients write the tag as well, and spell versions as strings.
    for (tag, kept) in [(r#"[{"name":"x","version":"7"}]"#, r#"{"name":"x","version":"7"},"#), ("no JSON", "")] {
        s.set_logged_model_tags(&model.model_id, vec![domain::Tag::new("mlflow.modelVersions", tag)]).await.unwrap();
        let number = register(s, &source, "", &model.model_id).await.version;
        let expected = format!(r#"[{kept}{{"name":"m","version":{number}}}]"#);
        assert_eq!(versions_tag(s, &model.model_id).await, Some(expected));
    }
}

#[rstest]
#[tokio::test]
async fn a_copy_points_at_the_first_files(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    let run = new_run(s).await.info;
    let model = new_model(s, "net", &run.run_id).await;
    register(s, &format!("models:/{}", model.model_id), &run.run_id, &model.model_id).await;
    register(s, "s3://bucket/x", "", "").await;
    s.set_alias("m", "best", "1").await.unwrap();
    s.transition_stage("m", "1", "Staging", false).await.unwrap();
    s.create_registered_model(NewRegisteredModel { name: "copy".into(), ..NewRegisteredModel::default() })
        .await
        .unwrap();
    let copy = |source: &str| NewModelVersion { name: "copy".into(), ..from(source, "", "") };
    for (source, kept) in [
        ("models:/m/01", "models:/m/1"),
        ("models:/m/staging", "models:/m/1"),
        ("models:/m@best", "models:/m/1"),
        ("models:/copy/latest", "models:/copy/3"),
    ] {
        let copied = s.create_model_version(copy(source)).await.unwrap();
        assert_eq!((copied.source.as_str(), &copied.storage_location), (kept, &model.artifact_uri));
        assert_eq!((&copied.run_id, copied.model_id.as_ref()), (&run.run_id, Some(&model.model_id)));
    }
    assert_eq!(s.create_model_version(copy("models:/m/2")).await.unwrap().storage_location, "s3://bucket/x");
    // Like MLflow, the logged model lists what was made from it, and no copies, unless a copy's request names it.
    assert_eq!(versions_tag(s, &model.model_id).await.as_deref(), Some(r#"[{"name":"m","version":1}]"#));

    let mismatch = |source: &str| {
        format!(
            "Invalid model version source: '{source}'. The run_id and model_id request parameters must match the \
             referenced model version."
        )
    };
    register(s, "models:/m/1", &run.run_id, &model.model_id).await;
    assert_eq!(
        versions_tag(s, &model.model_id).await.as_deref(),
        Some(r#"[{"name":"m","version":1},{"name":"m","version":3}]"#)
    );
    assert_eq!(refusal(s, "models:/m/1", "another", "").await, mismatch("models:/m/1"));
    assert_eq!(refusal(s, "models:/m/2", "", &model.model_id).await, mismatch("models:/m/2"));
    let empty_run = NewModelVersion { run_id: Some(String::new()), ..from("models:/m/1", "", "") };
    assert_eq!(s.create_model_version(empty_run).await.unwrap_err().message, mismatch("models:/m/1"));

    let error = async |source: &str| s.create_model_version(copy(source)).await.unwrap_err();
    assert_eq!(error("models:/none/1").await, Error::not_found("Registered Model with name=none not found"));
    assert_eq!(error("models:/m/99").await, Error::not_found("Model Version (name=m, version=99) not found"));
    assert_eq!(error("models:/m@none").await, Error::invalid("Registered model alias none not found."));
    assert_eq!(
        error("models:/m/Production").await,
        Error::invalid("No versions of model with name 'm' and stage 'Production' found")
    );
    s.set_registered_model_tag("m", "mlflow.prompt.is_prompt", "true").await.unwrap();
    assert_eq!(
        error("models:/m/1").await,
        Error::invalid(
            "Invalid model version source: 'models:/m/1'. Prompt versions cannot be used as model version sources."
        )
    );
}

/// Registers a source in a run, and says whether the version got the model's files.
async fn check(service: &Service, source: &str, run_id: &str, model: Option<(&LoggedModel, &str)>) {
    let version = register(service, source, run_id, "").await;
    assert_eq!(version.source, source, "it reads back as given");
    let (model_id, location) = match model {
        Some((model, below)) => (Some(model.model_id.clone()), format!("{}{below}", model.artifact_uri)),
        None => (None, source.to_owned()),
    };
    assert_eq!((version.model_id, &version.storage_location), (model_id, &location), "{source}");
    assert_eq!(service.download_uri("m", &version.version.to_string()).await.unwrap(), location);
}

#[rstest]
#[tokio::test]
async fn an_empty_folder_of_a_run_is_the_model_of_that_name(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    let (run, other) = (new_run(s).await.info, new_run(s).await.info);
    let (r, root) = (run.run_id.as_str(), run.artifact_uri.as_str());
    let older = new_model(s, "net", r).await;
    t.clock.advance(1);
    let newer = new_model(s, "net", r).await;
    t.clock.advance(1);
    new_model(s, "net", &other.run_id).await;
    let deleted = new_model(s, "net", r).await;
    s.delete_logged_model(&deleted.model_id).await.unwrap();
    put(&t, &newer.artifact_uri, "MLmodel");

    check(s, &format!("runs:/{r}/net"), r, Some((&newer, ""))).await;
    check(s, &format!("runs:/{r}/net"), "", Some((&newer, ""))).await;
    check(s, &format!("runs:/{r}/net/code//a%20b/"), r, Some((&newer, "/code/a b"))).await;
    check(s, &format!("{root}/net"), r, Some((&newer, ""))).await;
    check(s, &format!("{root}/n%65t/code"), r, Some((&newer, "/code"))).await;
    assert_eq!(s.model_version("m", "2").await.unwrap().run_id, r, "the source names its run");
    assert!(versions_tag(s, &newer.model_id).await.is_some_and(|tag| tag.contains(r#"{"name":"m","version":5}"#)));
    assert_eq!(versions_tag(s, &older.model_id).await, None);

    // Another name, no name, no path within the run.
    for source in [format!("runs:/{r}/other"), format!("runs:/{r}"), format!("{root}/other"), root.to_owned()] {
        check(s, &source, r, None).await;
    }

    // A model that only the run says it made.
    let adopted = new_model(s, "adopted", "").await;
    let output = ModelOutput { model_id: adopted.model_id.clone(), step: 0 };
    s.log_outputs(r, vec![output]).await.unwrap();
    check(s, &format!("{root}/adopted"), r, Some((&adopted, ""))).await;

    // A folder with files is what it is.
    put(&t, root, "net/MLmodel");
    check(s, &format!("runs:/{r}/net"), r, None).await;
    check(s, &format!("{root}/net"), r, None).await;
    s.create_model_version(from("models:/m/1", r, "")).await.expect("a redirected version can be copied");
}

#[rstest]
#[tokio::test]
async fn so_it_is_in_a_folder_on_the_server(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::with_config(backend, |folder| ArtifactConfig {
        default_root: folder.clone(),
        destination: folder,
        serve: true,
        allowed_schemes: Vec::new(),
    })
    .await;
    let s = &t.service;
    let run = new_run(s).await.info;
    let (r, root) = (run.run_id.as_str(), run.artifact_uri.as_str());
    let model = new_model(s, "net", r).await;
    check(s, &format!("{root}/net"), r, Some((&model, ""))).await;
    check(s, &format!("file://{root}/x/../net/code"), r, Some((&model, "/code"))).await;
    write(&Path::new(root).join("net/MLmodel"));
    check(s, &format!("{root}/net"), r, None).await;

    // A link is where it leads to.
    let (inside, outside) = (Path::new(root).join("inside"), Path::new(root).join("outside"));
    std::os::unix::fs::symlink("net", &inside).expect("a link");
    std::os::unix::fs::symlink("/etc", &outside).expect("a link");
    check(s, &inside.display().to_string(), r, None).await;
    assert!(
        refusal(s, &outside.display().to_string(), r, "").await.starts_with("Invalid model version source: '/etc'.")
    );
}

#[rstest]
#[tokio::test]
async fn and_in_s3(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let endpoint = std::env::var("FERROFLOW_TEST_S3_ENDPOINT").expect("FERROFLOW_TEST_S3_ENDPOINT names the tests' S3");
    let options = S3Options { endpoint_url: Some(endpoint), ..S3Options::default() };
    let bucket = format!("sources-{}", if backend == Backend::Sqlite { "sqlite" } else { "postgres" });
    let config = ArtifactConfig {
        default_root: format!("s3://{bucket}/root"),
        destination: format!("s3://{bucket}/root"),
        serve: true,
        allowed_schemes: Vec::new(),
    };
    let artifacts = Artifacts::new(options).await;
    let files = artifacts.open(&config.default_root).expect("a location").creating_bucket();
    let s = &Service::new(t.database.store.clone(), artifacts, config, t.clock.clone(), Arc::new(SystemEntropy));
    let new = service::NewExperiment { name: "on S3".into(), ..service::NewExperiment::default() };
    let experiment_id = s.create_experiment(new).await.expect("an experiment").to_string();
    let run = s.create_run(NewRun { experiment_id: experiment_id.clone(), ..NewRun::default() }).await.unwrap().info;
    let (r, root) = (run.run_id.as_str(), run.artifact_uri.as_str());
    let new = NewLoggedModel {
        experiment_id,
        name: Some("net".into()),
        source_run_id: Some(r.into()),
        ..NewLoggedModel::default()
    };
    let model = s.create_logged_model(new).await.unwrap();
    let put = async |location: &str| {
        let body = futures::stream::iter([Ok(bytes::Bytes::from_static(b"flavors: {}"))]);
        let upload = service::Upload { body: Box::pin(body), size: None };
        let path = location.strip_prefix(&format!("s3://{bucket}/root/")).expect("in the bucket");
        files.put(&domain::artifact_path::ArtifactPath::parse(path).expect("a path"), upload).await.expect("an upload");
    };
    put(&format!("{}/MLmodel", model.artifact_uri)).await;
    check(s, &format!("{root}/net"), r, Some((&model, ""))).await;
    check(s, &format!("runs:/{r}/net/code"), r, Some((&model, "/code"))).await;
    check(s, &format!("{root}/net"), "", None).await;
    put(&format!("{root}/net/MLmodel")).await;
    check(s, &format!("{root}/net"), r, None).await;
}
