//! What the registry remembers and asks: our own endpoints, as a client meets them.

use crate::client::{Api, field, text};
use http::{Method, Request};
use insta::assert_snapshot;
use serde_json::json;

const OURS: &str = "/api/ferroflow/v1";

impl Api {
    async fn ours(&self, method: Method, path: &str, body: Option<serde_json::Value>) -> String {
        self.call(method, &format!("{OURS}/{path}"), body).await
    }
}

async fn model_with_version(api: &Api) {
    api.post("registered-models/create", json!({"name": "M"})).await;
    api.post("model-versions/create", json!({"name": "M", "source": "s3://b/m"})).await;
}

#[tokio::test]
async fn who_did_what_is_told_by_page() {
    let api = Api::new().await;
    model_with_version(&api).await;
    api.post("model-versions/create", json!({"name": "M", "source": "s3://b/m"})).await;
    for version in ["1", "2"] {
        let body = json!({"name": "M", "version": version, "stage": "Production", "archive_existing_versions": true});
        let request = Request::post("/api/2.0/mlflow/model-versions/transition-stage")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("authorization", "Basic YWRhOnNlY3JldA==")
            .body(body.to_string().into())
            .expect("a request");
        assert!(text(api.send(request).await).await.starts_with("200"));
        api.post("registered-models/alias", json!({"name": "M", "alias": "best", "version": version})).await;
    }
    api.call(Method::PATCH, "registered-models/update", Some(json!({"name": "M", "description": "d"}))).await;
    let first = api.ours(Method::GET, "registered-models/history?name=M&max_results=3", None).await;
    let token = field(&first, "/next_page_token");
    assert_snapshot!(
        first.replace(&token, "…"),
        @r#"200 {"history":[{"timestamp":1700000000000,"event":"described","after":"d"},{"timestamp":1700000000000,"version":"2","event":"alias_set","alias":"best","previous_version":"1"},{"timestamp":1700000000000,"user":"ada","version":"2","event":"stage_moved","from":"None","to":"Production","archived_versions":["1"]}],"next_page_token":"…"}"#
    );
    let rest = format!("registered-models/history?name=M&max_results=3&page_token={token}");
    assert_snapshot!(
        api.ours(Method::GET, &rest, None).await.split(r#","next_page_token"#).next().unwrap_or_default(),
        @r#"200 {"history":[{"timestamp":1700000000000,"version":"1","event":"alias_set","alias":"best"},{"timestamp":1700000000000,"user":"ada","version":"1","event":"stage_moved","from":"None","to":"Production","archived_versions":[]},{"timestamp":1700000000000,"version":"2","event":"created"}]"#
    );
    assert_snapshot!(
        api.ours(Method::GET, "registered-models/history?name=M&version=1&max_results=2", None).await.split(r#","next_page_token"#).next().unwrap_or_default(),
        @r#"200 {"history":[{"timestamp":1700000000000,"version":"1","event":"alias_left","alias":"best","new_version":"2"},{"timestamp":1700000000000,"user":"ada","version":"1","event":"displaced","from":"Production","to":"Archived","by_version":"2"}]"#
    );
    assert_snapshot!(
        api.ours(Method::GET, "registered-models/stage-at?name=M&stage=production&time=1700000000000", None).await,
        @r#"200 {"model_versions":[{"version":"2","since":1700000000000}]}"#
    );
    assert_snapshot!(
        api.ours(Method::GET, "registered-models/stage-at?name=M&stage=None&time=1", None).await,
        @r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"Only who was in Staging or Production is remembered, not who was in None.","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#
    );
    for (path, status) in [
        ("registered-models/stage-at?name=M&stage=Production&time=yesterday", "400"),
        ("registered-models/stage-at?name=M&stage=Production", "400"),
        ("registered-models/history?name=M&max_results=1001", "400"),
        ("registered-models/history?name=M&page_token=x", "400"),
        ("registered-models/history?name=M&version=x", "400"),
        ("registered-models/history?name=M&id=x", "400"),
        ("registered-models/history?name=M&id=99", "404"),
        ("registered-models/history?name=x", "404"),
        ("registered-models/history", "400"),
    ] {
        let answer = api.ours(Method::GET, path, None).await;
        assert!(answer.starts_with(status), "{path}: {answer}");
    }
    // Nothing changes it.
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = api.ours(method, "registered-models/history", Some(json!({"name": "M"}))).await;
        assert!(answer.starts_with("405"), "{answer}");
    }
}

#[tokio::test]
async fn what_was_deleted_is_listed_and_comes_back() {
    let api = Api::new().await;
    model_with_version(&api).await;
    api.call(Method::DELETE, "model-versions/delete", Some(json!({"name": "M", "version": "1"}))).await;
    assert_snapshot!(
        api.ours(Method::GET, "model-versions/deleted?name=M", None).await,
        @r#"200 {"model_versions":[{"name":"M","version":"1","creation_timestamp":1700000000000,"last_updated_timestamp":1700000000000,"current_stage":"None","description":"","source":"s3://b/m","run_id":"","status":"READY","run_link":"","deleted_timestamp":1700000000000}]}"#
    );
    let version = json!({"name": "M", "version": "1"});
    let back = api.ours(Method::POST, "model-versions/restore", Some(version.clone())).await;
    assert_eq!(field(&back, "/model_version/version"), "1");
    assert_snapshot!(
        api.ours(Method::POST, "model-versions/restore", Some(version)).await,
        @r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"Model Version (name=M, version=1) is not deleted.","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#
    );
    api.call(Method::DELETE, "registered-models/delete", Some(json!({"name": "M"}))).await;
    let deleted = api.ours(Method::GET, "registered-models/deleted", None).await;
    let id = field(&deleted, "/registered_models/0/id");
    assert_snapshot!(
        deleted,
        @r#"200 {"registered_models":[{"id":"1","name":"M","creation_timestamp":1700000000000,"deleted_timestamp":1700000000000,"last_version":"1"}]}"#
    );
    api.post("registered-models/create", json!({"name": "M"})).await;
    assert_snapshot!(
        api.ours(Method::POST, "registered-models/restore", Some(json!({"name": "M"}))).await,
        @r#"400 {"error_code":"RESOURCE_ALREADY_EXISTS","message":"Registered Model (name=M) cannot be restored, because another one has that name by now. Rename or delete that one first.","sqlstate":"KAM00","error_class":"RESOURCE_ALREADY_EXISTS"}"#
    );
    api.post("registered-models/rename", json!({"name": "M", "new_name": "N"})).await;
    let back = api.ours(Method::POST, "registered-models/restore", Some(json!({"name": "M", "id": id}))).await;
    assert_eq!(field(&back, "/registered_model/latest_versions/0/version"), "1");
    assert_snapshot!(api.ours(Method::GET, "registered-models/deleted", None).await, @"200 {}");
}

#[tokio::test]
async fn guards_stand_before_production() {
    let api = Api::new().await;
    model_with_version(&api).await;
    assert_snapshot!(
        api.ours(Method::GET, "registered-models/guards?name=M", None).await,
        @r#"200 {"guards":{"signature":false,"description":false,"tags":[]}}"#
    );
    let guards = json!({"name": "M", "description": true, "tags": [{"key": "a"}, {"key": "b", "value": "1"}]});
    assert_snapshot!(
        api.ours(Method::PUT, "registered-models/guards", Some(guards)).await,
        @r#"200 {"guards":{"signature":false,"description":true,"tags":[{"key":"a"},{"key":"b","value":"1"}]}}"#
    );
    assert_snapshot!(
        api.ours(Method::GET, "registered-models/guards?name=M&version=1", None).await,
        @r#"200 {"guards":{"signature":false,"description":true,"tags":[{"key":"a"},{"key":"b","value":"1"}]},"missing":["a description","the tag 'a'","the tag 'b' with the value '1'"]}"#
    );
    assert_snapshot!(
        api.post("model-versions/transition-stage", json!({"name": "M", "version": "1", "stage": "Production"})).await,
        @r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"Model Version (name=M, version=1) cannot move to Production: the registered model requires a description, the tag 'a', the tag 'b' with the value '1'.","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#
    );
    for nonsense in [
        json!({"name": "M", "signature": "yes"}),
        json!({"name": "M", "tags": [{"value": "x"}]}),
        json!({"name": "M", "tags": "x"}),
        json!({"name": "M", "tags": [{"key": "a"}, {"key": "a"}]}),
    ] {
        let answer = api.ours(Method::PUT, "registered-models/guards", Some(nonsense.clone())).await;
        assert!(answer.starts_with("400"), "{nonsense}: {answer}");
    }
    let told = api.ours(Method::GET, "registered-models/history?name=M&max_results=1", None).await;
    assert_eq!(field(&told, "/history/0/event"), "guards_changed");
    assert_eq!(field(&told, "/history/0/after/tags/1/value"), "1");
}

#[tokio::test]
async fn versions_stand_side_by_side() {
    let api = Api::new().await;
    model_with_version(&api).await;
    let other = json!({"name": "M", "source": "gs://b/m", "tags": [{"key": "t", "value": "v"}]});
    api.post("model-versions/create", other).await;
    let both = api.ours(Method::GET, "model-versions/compare?name=M&version=2&other_version=2", None).await;
    assert_snapshot!(
        both,
        @r#"200 {"comparison":{"model_versions":[{"name":"M","version":"2","creation_timestamp":1700000000000,"last_updated_timestamp":1700000000000,"current_stage":"None","description":"","source":"gs://b/m","run_id":"","status":"READY","tags":[{"key":"t","value":"v"}],"run_link":"","problems":["Artifacts at 'gs://b/m' cannot be reached: the server reaches folders and S3 only."]},{"name":"M","version":"2","creation_timestamp":1700000000000,"last_updated_timestamp":1700000000000,"current_stage":"None","description":"","source":"gs://b/m","run_id":"","status":"READY","tags":[{"key":"t","value":"v"}],"run_link":"","problems":["Artifacts at 'gs://b/m' cannot be reached: the server reaches folders and S3 only."]}],"params":[],"metrics":[],"schema_inputs":[],"schema_outputs":[],"tags":[{"key":"t","values":["v","v"],"differs":false}],"run_tags":[],"logged_model_tags":[],"artifacts":[],"artifacts_truncated":false}}"#
    );
    let unknown = api.ours(Method::GET, "model-versions/compare?name=M&version=2&other_name=x&other_version=2", None);
    assert!(unknown.await.starts_with("404"));
    assert!(api.ours(Method::GET, "model-versions/compare?name=M&version=2", None).await.starts_with("400"));
}
