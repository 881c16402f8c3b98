//! The model registry: what goes in comes out in MLflow's shape.

use crate::client::{Api, field};
use http::Method;
use insta::assert_snapshot;
use serde_json::json;

#[tokio::test]
async fn a_model_and_its_versions_live() {
    let api = Api::new().await;
    let new = json!({"name": "M", "description": "d", "tags": [{"key": "a", "value": "1"}]});
    assert_snapshot!(
        api.post("registered-models/create", new.clone()).await,
        @r#"200 {"registered_model":{"name":"M","creation_timestamp":1700000000000,"last_updated_timestamp":1700000000000,"description":"d","tags":[{"key":"a","value":"1"}]}}"#
    );
    assert_snapshot!(
        api.post("registered-models/create", new).await,
        @r#"400 {"error_code":"RESOURCE_ALREADY_EXISTS","message":"Registered Model (name=M) already exists.","sqlstate":"KAM00","error_class":"RESOURCE_ALREADY_EXISTS"}"#
    );
    assert_snapshot!(
        api.post("model-versions/create", json!({"name": "M", "source": "s3://b/m", "tags": [{"key": "t", "value": "v"}]})).await,
        @r#"200 {"model_version":{"name":"M","version":"1","creation_timestamp":1700000000000,"last_updated_timestamp":1700000000000,"current_stage":"None","description":"","source":"s3://b/m","run_id":"","status":"READY","tags":[{"key":"t","value":"v"}],"run_link":""}}"#
    );
    api.post("model-versions/create", json!({"name": "M", "source": "s3://b/m2", "run_link": "l"})).await;
    assert_snapshot!(api.post("registered-models/alias", json!({"name": "M", "alias": "best", "version": "2"})).await, @"200 {}");
    assert_snapshot!(
        api.post("model-versions/transition-stage", json!({"name": "M", "version": "2", "stage": "production", "archive_existing_versions": true})).await,
        @r#"200 {"model_version":{"name":"M","version":"2","creation_timestamp":1700000000000,"last_updated_timestamp":1700000000000,"current_stage":"Production","description":"","source":"s3://b/m2","run_id":"","status":"READY","run_link":"l","aliases":["best"]}}"#
    );
    assert_snapshot!(
        api.call(Method::PATCH, "model-versions/update", Some(json!({"name": "M", "version": "2"}))).await,
        @r#"200 {"model_version":{"name":"M","version":"2","creation_timestamp":1700000000000,"last_updated_timestamp":1700000000000,"current_stage":"Production","source":"s3://b/m2","run_id":"","status":"READY","run_link":"l","aliases":["best"]}}"#
    );
    assert_snapshot!(
        api.get("registered-models/get?name=M").await,
        @r#"200 {"registered_model":{"name":"M","creation_timestamp":1700000000000,"last_updated_timestamp":1700000000000,"description":"d","latest_versions":[{"name":"M","version":"1","creation_timestamp":1700000000000,"last_updated_timestamp":1700000000000,"current_stage":"None","description":"","source":"s3://b/m","run_id":"","status":"READY","tags":[{"key":"t","value":"v"}],"run_link":""},{"name":"M","version":"2","creation_timestamp":1700000000000,"last_updated_timestamp":1700000000000,"current_stage":"Production","source":"s3://b/m2","run_id":"","status":"READY","run_link":"l"}],"tags":[{"key":"a","value":"1"}],"aliases":[{"alias":"best","version":"2"}]}}"#
    );
    let by_alias = api.get("registered-models/alias?name=M&alias=best").await;
    assert_eq!(field(&by_alias, "/model_version/version"), "2");
    assert_snapshot!(
        api.get("registered-models/alias?name=M&alias=none").await,
        @r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"Registered model alias none not found.","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#
    );
    let latest = api
        .call(
            Method::POST,
            "registered-models/get-latest-versions",
            Some(json!({"name": "M", "stages": ["Production"]})),
        )
        .await;
    assert_eq!(latest, api.get("registered-models/get-latest-versions?name=M&stages=production").await);
    assert_eq!(field(&latest, "/model_versions/0/aliases/0"), "best");
    assert_snapshot!(
        api.get("model-versions/search?filter=name%3D'M'&order_by=version_number%20ASC&max_results=1").await,
        @r#"200 {"model_versions":[{"name":"M","version":"1","creation_timestamp":1700000000000,"last_updated_timestamp":1700000000000,"current_stage":"None","description":"","source":"s3://b/m","run_id":"","status":"READY","tags":[{"key":"t","value":"v"}],"run_link":""}],"next_page_token":"eyJvZmZzZXQiOjEsImxhc3QiOlsxXX0="}"#
    );
    assert_snapshot!(api.get("model-versions/get-download-uri?name=M&version=1").await, @r#"200 {"artifact_uri":"s3://b/m"}"#);
    assert_snapshot!(
        api.get("model-versions/get?name=M&version=9").await,
        @r#"404 {"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Model Version (name=M, version=9) not found","sqlstate":"KAM00","error_class":"RESOURCE_NOT_FOUND"}"#
    );
    assert_snapshot!(
        api.get("model-versions/get?name=M&version=x").await,
        @r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"Parameter 'version' must be an integer, got 'x'.","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#
    );
}

#[tokio::test]
async fn tags_aliases_and_models_go_away() {
    let api = Api::new().await;
    api.post("registered-models/create", json!({"name": "M"})).await;
    api.post("model-versions/create", json!({"name": "M", "source": "s3://b/m"})).await;
    let model = json!({"name": "M", "key": "k", "value": "v"});
    let version = json!({"name": "M", "version": "1", "key": "k", "value": "v"});
    assert_snapshot!(api.post("registered-models/set-tag", model.clone()).await, @"200 {}");
    assert_snapshot!(api.post("model-versions/set-tag", version.clone()).await, @"200 {}");
    assert!(api.get("registered-models/search?filter=tags.k%20%3D%20'v'").await.contains(r#""name":"M""#));
    assert_snapshot!(api.call(Method::DELETE, "registered-models/delete-tag", Some(model)).await, @"200 {}");
    assert_snapshot!(api.call(Method::DELETE, "model-versions/delete-tag", Some(version)).await, @"200 {}");
    api.post("registered-models/alias", json!({"name": "M", "alias": "a", "version": "1"})).await;
    let alias = json!({"name": "M", "alias": "a"});
    assert_snapshot!(api.call(Method::DELETE, "registered-models/alias", Some(alias.clone())).await, @"200 {}");
    assert_snapshot!(api.call(Method::DELETE, "registered-models/alias", Some(alias)).await, @"200 {}");
    assert_snapshot!(
        api.post("registered-models/rename", json!({"name": "M", "new_name": "N"})).await,
        @r#"200 {"registered_model":{"name":"N","creation_timestamp":1700000000000,"last_updated_timestamp":1700000000000,"latest_versions":[{"name":"N","version":"1","creation_timestamp":1700000000000,"last_updated_timestamp":1700000000000,"current_stage":"None","description":"","source":"s3://b/m","run_id":"","status":"READY","run_link":""}]}}"#
    );
    assert_snapshot!(api.call(Method::DELETE, "model-versions/delete", Some(json!({"name": "N", "version": "1"}))).await, @"200 {}");
    assert_snapshot!(
        api.call(Method::PATCH, "registered-models/update", Some(json!({"name": "N", "description": "new"}))).await,
        @r#"200 {"registered_model":{"name":"N","creation_timestamp":1700000000000,"last_updated_timestamp":1700000000000,"description":"new"}}"#
    );
    assert_snapshot!(api.call(Method::DELETE, "registered-models/delete", Some(json!({"name": "N"}))).await, @"200 {}");
    assert_snapshot!(api.get("registered-models/search").await, @"200 {}");
}
