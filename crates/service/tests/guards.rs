//! Guards: what a model asks of a version before it enters Production.

use std::sync::Arc;

use domain::guards::{Guards, RequiredTag};
use domain::model_versions::Stage;
use domain::{Error, ErrorCode};
use futures::stream::{self, StreamExt};
use rstest::rstest;
use service::{ArtifactConfig, Artifacts, NewModelVersion, NewRun, S3Options, Service, SystemEntropy, Upload};
use testing::{Backend, TestService};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const SIGNED: &str = "flavors: {}\nsignature:\n  inputs: '[{\"type\": \"double\", \"name\": \"x\"}]'\n";

fn guards(signature: bool, description: bool, tags: &[(&str, Option<&str>)]) -> Guards {
    let tags = tags.iter().map(|(key, value)| RequiredTag { key: (*key).into(), value: value.map(Into::into) });
    Guards { signature, description, tags: tags.collect() }
}

/// A version of `m` from a run of its own that has this `MLmodel` file, or none.
async fn version_with_file(service: &Service, file: Option<&'static str>) -> String {
    let run = service.create_run(NewRun { experiment_id: "0".into(), ..NewRun::default() }).await.expect("a run");
    let run_id = run.info.run_id;
    if let Some(file) = file {
        let body = stream::iter([Ok(file.into())]).boxed();
        let upload = Upload { body, size: Some(file.len() as u64) };
        service.upload_run_artifact(&run_id, "model/MLmodel", upload).await.expect("an upload");
    }
    let new = NewModelVersion {
        name: "m".into(),
        source: format!("runs:/{run_id}/model"),
        run_id: Some(run_id),
        ..NewModelVersion::default()
    };
    service.register_model(new).await.expect("a version").version.to_string()
}

fn refused(version: &str, requires: &str) -> Error {
    Error::invalid(format!(
        "Model Version (name=m, version={version}) cannot move to Production: the registered model requires {requires}."
    ))
}

#[rstest]
#[tokio::test]
async fn a_version_enters_production_with_all_that_is_asked(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    let to_production = async |version: &str| s.transition_stage("m", version, "production", false).await;
    let old = version_with_file(s, None).await;
    to_production(&old).await.expect("nothing is asked yet");
    assert_eq!(s.guards("m").await.unwrap(), Guards::default());

    let asked = guards(true, true, &[("validated", Some("yes")), ("owner", None)]);
    assert_eq!(s.set_guards("m", asked.clone()).await.unwrap(), asked);
    assert_eq!(s.guards("m").await.unwrap(), asked);
    let signed = version_with_file(s, Some(SIGNED)).await;
    s.set_model_version_tag("m", &signed, "validated", "no").await.unwrap();
    let lacks = "a description, the tag 'validated' with the value 'yes' (it is 'no'), the tag 'owner'";
    assert_eq!(to_production(&signed).await.unwrap_err(), refused(&signed, lacks));
    assert_eq!(s.missing_for_production("m", &signed).await.unwrap().join(", "), lacks);
    assert_eq!(s.model_version("m", &signed).await.unwrap().stage, Stage::None);
    s.transition_stage("m", &signed, "Staging", true).await.expect("other stages are free");

    s.update_model_version("m", &signed, Some("good")).await.unwrap();
    s.set_model_version_tag("m", &signed, "validated", "yes").await.unwrap();
    s.set_model_version_tag("m", &signed, "owner", "").await.unwrap();
    assert_eq!(s.missing_for_production("m", &signed).await.unwrap(), Vec::<String>::new());
    assert_eq!(to_production(&signed).await.unwrap().stage, Stage::Production);
    to_production(&old).await.expect("who is there already stays there");

    s.set_guards("m", Guards::default()).await.unwrap();
    let free = version_with_file(s, None).await;
    to_production(&free).await.expect("nothing is asked any more");
}

#[rstest]
#[tokio::test]
async fn a_signature_is_looked_for_in_the_files(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    for (file, why) in [
        (None, "there is no MLmodel file at its source"),
        (Some("flavors: {}\n"), "its MLmodel file has none"),
        (Some("signature:\n  inputs: '[]'\n"), "its MLmodel file has none"),
        (Some("[nonsense"), "The model's MLmodel file cannot be shown: it is not of the expected form"),
    ] {
        let version = version_with_file(s, file).await;
        s.set_guards("m", guards(true, false, &[])).await.unwrap();
        let error = s.transition_stage("m", &version, "Production", true).await.unwrap_err();
        assert_eq!(error, refused(&version, &format!("a signature ({why})")));
    }
    let elsewhere = NewModelVersion { name: "m".into(), source: "gs://b/m".into(), ..NewModelVersion::default() };
    let version = s.create_model_version(elsewhere).await.unwrap().version.to_string();
    let error = s.transition_stage("m", &version, "Production", true).await.unwrap_err();
    assert_eq!(error, refused(&version, "a signature (its files are where the server cannot read them)"));
}

/// The address of a store that refuses whoever asks.
async fn refusing_store() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") && client.read_buf(&mut head).await.is_ok_and(|read| read > 0) {}
            let said = "<Error><Code>AccessDenied</Code></Error>";
            let answer =
                format!("HTTP/1.1 403 No\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{said}", said.len());
            client.write_all(answer.as_bytes()).await.expect("somebody listens");
        }
    });
    url
}

#[tokio::test]
async fn files_that_a_store_refuses_to_show_have_no_signature() {
    let t = TestService::new(Backend::Sqlite).await;
    let options = S3Options { endpoint_url: Some(refusing_store().await), ..S3Options::default() };
    let config = ArtifactConfig {
        default_root: "mlflow-artifacts:/".into(),
        destination: "s3://b/root".into(),
        serve: true,
        allowed_schemes: Vec::new(),
    };
    let artifacts = Artifacts::new(options).await;
    let s = &Service::new(t.database.store.clone(), artifacts, config, t.clock.clone(), Arc::new(SystemEntropy));
    let denied = s.proxy_file("a").unwrap().stat().await.unwrap_err();
    assert_eq!(denied.code, ErrorCode::PermissionDenied, "no outage: {denied:?}");

    let new = NewModelVersion { name: "m".into(), source: "s3://b/m".into(), ..NewModelVersion::default() };
    let version = s.register_model(new).await.unwrap().version.to_string();
    s.set_guards("m", guards(true, false, &[])).await.unwrap();
    let error = s.transition_stage("m", &version, "Production", true).await.unwrap_err();
    assert_eq!(error, refused(&version, "a signature (its files are where the server cannot read them)"));
}

#[rstest]
#[tokio::test]
async fn guards_follow_their_model_and_are_checked(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let s = &t.service;
    version_with_file(s, None).await;
    let asked = guards(false, true, &[]);
    s.set_guards("m", asked.clone()).await.unwrap();
    s.rename_registered_model("m", "n").await.unwrap();
    assert_eq!(s.guards("n").await.unwrap(), asked);
    s.delete_registered_model("n").await.unwrap();
    let gone = Error::not_found("Registered Model with name=n not found");
    assert_eq!(s.guards("n").await.unwrap_err(), gone);
    assert_eq!(s.set_guards("n", asked.clone()).await.unwrap_err(), gone);
    s.restore_registered_model("n", None).await.unwrap();
    assert_eq!(s.guards("n").await.unwrap(), asked);
    for bad in [&[("a//b", None)][..], &[("", None)], &[("a", None), ("a", Some("1"))]] {
        let error = s.set_guards("n", guards(false, false, bad)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidParameterValue, "{bad:?}");
    }
    assert_eq!(
        s.missing_for_production("n", "7").await.unwrap_err(),
        Error::not_found("Model Version (name=n, version=7) not found")
    );
}
