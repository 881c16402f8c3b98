//! Versions side by side: params, metrics, tags, schemas and files.

use domain::comparison::{FieldType, Line, Number};
use domain::metrics::Metric;
use domain::{Error, Param, Tag};
use futures::stream::{self, StreamExt};
use rstest::rstest;
use service::{LogBatch, LogMetric, NewLoggedModel, NewModelVersion, NewRun, Service, Upload};
use testing::{Backend, TestService};

const FILE_OF_ONE: &str = "signature:\n  inputs: '[{\"type\": \"double\", \"name\": \"x\"}]'\n";
const FILE_OF_TWO: &str =
    "signature:\n  inputs: '[{\"type\": \"long\", \"name\": \"x\"}]'\n  outputs: '[{\"type\": \"long\"}]'\n";

fn upload(content: String) -> Upload {
    let size = Some(content.len() as u64);
    Upload { body: stream::iter([Ok(content.into())]).boxed(), size }
}

/// A run with params, metrics and tags; answers its id.
async fn run(service: &Service, params: &[(&str, &str)], metrics: &[(&str, f64)], tags: &[(&str, &str)]) -> String {
    let run = service.create_run(NewRun { experiment_id: "0".into(), ..NewRun::default() }).await.expect("a run");
    let metric = |(key, value): &(&str, f64)| LogMetric {
        metric: Metric { key: (*key).into(), value: *value, timestamp: 1, step: 0 },
        model_id: None,
        dataset_name: None,
        dataset_digest: None,
    };
    let batch = LogBatch {
        metrics: metrics.iter().map(metric).collect(),
        params: params.iter().map(|(key, value)| Param::new(*key, *value)).collect(),
        tags: tags.iter().map(|(key, value)| Tag::new(*key, *value)).collect(),
    };
    service.log_batch(&run.info.run_id, batch).await.expect("a batch");
    run.info.run_id
}

async fn register(service: &Service, name: &str, source: String, tags: Vec<Tag>) -> (String, String) {
    let new = NewModelVersion { name: name.into(), source, tags, ..NewModelVersion::default() };
    let version = service.register_model(new).await.expect("a version");
    (version.name, version.version.to_string())
}

/// Key, shown values, and whether they differ.
fn shown<T: std::fmt::Debug>(lines: &[Line<T>]) -> Vec<(&str, String, bool)> {
    let value = |value: &Option<T>| value.as_ref().map_or_else(|| "-".to_owned(), |value| format!("{value:?}"));
    let values = |line: &Line<T>| line.values.iter().map(value).collect::<Vec<_>>().join(" | ");
    lines.iter().map(|line| (line.key.as_str(), values(line), line.differs)).collect()
}

#[rstest]
#[tokio::test]
async fn all_that_two_versions_have(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    let one = run(s, &[("lr", "0.1"), ("same", "x")], &[("acc", 0.5), ("loss", f64::NAN)], &[("team", "a")]).await;
    s.upload_run_artifact(&one, "model/MLmodel", upload(FILE_OF_ONE.into())).await.unwrap();
    s.upload_run_artifact(&one, "model/data/weights", upload("1234".into())).await.unwrap();
    let first = register(s, "m", format!("runs:/{one}/model"), vec![Tag::new("k", "1")]).await;

    let two = run(s, &[("same", "x")], &[("acc", 0.9), ("loss", f64::NAN)], &[("team", "a")]).await;
    let model = NewLoggedModel {
        experiment_id: "0".into(),
        source_run_id: Some(two.clone()),
        params: vec![Param::new("lr", "0.2")],
        tags: vec![Tag::new("kind", "tree")],
        ..NewLoggedModel::default()
    };
    let model = s.create_logged_model(model).await.unwrap();
    let path = model.artifact_uri.trim_start_matches("mlflow-artifacts:/").to_owned();
    s.proxy_put(&format!("{path}/MLmodel"), upload(FILE_OF_TWO.into())).await.unwrap();
    s.proxy_put(&format!("{path}/data/weights"), upload("5678".into())).await.unwrap();
    s.proxy_put(&format!("{path}/more"), upload("x".into())).await.unwrap();
    let of_model = LogMetric {
        metric: Metric { key: "acc".into(), value: 0.7, timestamp: 2, step: 1 },
        model_id: Some(model.model_id.clone()),
        dataset_name: Some("test".into()),
        dataset_digest: None,
    };
    s.log_batch(&two, LogBatch { metrics: vec![of_model], ..LogBatch::default() }).await.unwrap();
    let new = NewModelVersion {
        name: "other".into(),
        source: format!("models:/{}", model.model_id),
        model_id: Some(model.model_id),
        ..NewModelVersion::default()
    };
    s.register_model(new).await.unwrap();

    let versions = vec![first, ("other".into(), "1".into())];
    let records = s.compare_records(versions.clone()).await.unwrap();
    let both = s.compare_versions(versions).await.unwrap();
    assert_eq!((&records.params, &records.metrics, &records.sides), (&both.params, &both.metrics, &both.sides));
    assert!(records.inputs.is_empty() && records.artifacts.is_empty() && !records.artifacts_truncated);
    let sides: Vec<_> = both.sides.iter().map(|side| (side.version.name.as_str(), side.problems.len())).collect();
    assert_eq!(sides, [("m", 0), ("other", 0)]);
    assert_eq!(both.sides[1].run.as_ref().unwrap().run_id, two);
    assert_eq!(
        shown(&both.params),
        [("lr", r#""0.1" | "0.2""#.to_owned(), true), ("same", r#""x" | "x""#.to_owned(), false)]
    );
    let metrics: Vec<_> = both.metrics.iter().map(|line| (line.key.as_str(), line.differs)).collect();
    assert_eq!(metrics, [("acc", true), ("acc (test)", true), ("loss", false)]);
    assert_eq!(both.metrics[1].values, [None, Some(Number(0.7))]);
    let field = |kind: &str| Some(FieldType { kind: kind.into(), required: true });
    assert_eq!(both.inputs[0].values, [field("double"), field("long")]);
    assert_eq!((both.outputs[0].key.as_str(), &both.outputs[0].values[..]), ("- (1)", &[None, field("long")][..]));
    assert_eq!(shown(&both.tags), [("k", r#""1" | -"#.to_owned(), true)]);
    let team = both.run_tags.iter().find(|line| line.key == "team").unwrap();
    assert!(!team.differs);
    assert_eq!(both.logged_model_tags.iter().filter(|line| line.key == "kind").count(), 1);
    let files: Vec<_> = both.artifacts.iter().map(|line| line.key.as_str()).collect();
    assert_eq!(files, ["MLmodel", "data/weights", "more"]);
    let sizes = |at: usize| both.artifacts[at].values.iter().map(|v| v.as_ref()?.size).collect::<Vec<_>>();
    assert_eq!((sizes(1), sizes(2)), (vec![Some(4), Some(4)], vec![None, Some(1)]));
    let digests = both.artifacts[1]
        .values
        .iter()
        .flatten()
        .map(|facts| facts.sha256.as_deref().unwrap_or_default()[..8].to_owned());
    assert_eq!(digests.collect::<Vec<_>>(), ["03ac6742", "f8638b97"], "of the same size, and still not the same");
    assert!(both.artifacts[1].differs && both.artifacts[2].differs && !both.artifacts_truncated);
}

#[rstest]
#[tokio::test]
async fn thousands_of_files_are_cut_and_it_is_said(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    let run = run(s, &[], &[], &[]).await;
    let folder = t.artifacts.path().join(format!("0/{run}/artifacts/model/many"));
    std::fs::create_dir_all(&folder).unwrap();
    for number in 0..1_001 {
        std::fs::write(folder.join(format!("{number:04}")), "x").unwrap();
    }
    std::fs::write(folder.join("../zero"), "x").unwrap();
    let many = register(s, "m", format!("runs:/{run}/model"), Vec::new()).await;
    std::fs::create_dir_all(folder.join("../../few/many")).unwrap();
    for name in ["many/0001", "many/0001.x", "zero"] {
        std::fs::write(folder.join("../../few").join(name), "x").unwrap();
    }
    let few = register(s, "m", format!("runs:/{run}/few"), Vec::new()).await;
    let both = s.compare_versions(vec![many, few]).await.unwrap();
    assert!(both.artifacts_truncated);
    // What lies behind the last file that was looked at is not known, and not told.
    assert_eq!(both.artifacts.last().unwrap().key, "many/0999");
    let same: Vec<_> = both.artifacts.iter().filter(|line| !line.differs).map(|line| line.key.as_str()).collect();
    assert_eq!(same, ["many/0001"]);
}

#[rstest]
#[tokio::test]
async fn what_cannot_be_read_is_no_difference(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    let run = run(s, &[], &[], &[]).await;
    s.upload_run_artifact(&run, "model/MLmodel", upload(FILE_OF_ONE.into())).await.unwrap();
    let here = register(s, "m", format!("runs:/{run}/model"), Vec::new()).await;
    let elsewhere = register(s, "m", "gs://b/m".into(), Vec::new()).await;
    let both = s.compare_versions(vec![here.clone(), elsewhere]).await.unwrap();
    assert_eq!(both.sides[0].problems, Vec::<String>::new());
    assert_eq!(
        both.sides[1].problems,
        ["Artifacts at 'gs://b/m' cannot be reached: the server reaches folders and S3 only."]
    );
    assert!(!both.inputs[0].differs && !both.artifacts[0].differs);

    let missing = s.compare_versions(vec![here.clone(), ("m".into(), "9".into())]).await.unwrap_err();
    assert_eq!(missing, Error::not_found("Model Version (name=m, version=9) not found"));
    let many = vec![here; 21];
    assert_eq!(
        s.compare_versions(many).await.unwrap_err(),
        Error::invalid("From 1 to 20 versions can be compared, not 21.")
    );
}
