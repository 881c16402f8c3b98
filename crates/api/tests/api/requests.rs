//! How bodies and query strings are read, and with which words they are refused.

use crate::client::Api;
use http::Method;
use insta::assert_snapshot;
use serde_json::json;

#[tokio::test]
async fn the_content_type_must_be_json() {
    let api = Api::new().await;
    let message = "Bad Request. Content-Type must be one of ['application/json'].";
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"] {
        assert!(api.raw(Method::POST, "runs/search", kind, "{}").await.contains(message), "{kind}");
    }
    assert_snapshot!(api.raw(Method::POST, "runs/search", "application/json; charset=utf-8", "{}").await, @"200 {}");
    // Neither DELETE nor PATCH are asked for it.
    let answer = api.raw(Method::DELETE, "registered-models/delete", "text/plain", r#"{"name": "m"}"#).await;
    assert_snapshot!(answer, @r#"404 {"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Registered Model with name=m not found","sqlstate":"KAM00","error_class":"RESOURCE_NOT_FOUND"}"#);
}

#[tokio::test]
async fn bodies_are_read_as_leniently_as_by_mlflow() {
    let api = Api::new().await;
    let send = |body: &'static str| api.raw(Method::POST, "experiments/create", "application/json", body);
    let missing = r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"Missing value for required parameter 'name'. See the API docs for more information about request parameters.","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#;
    for body in ["", "{", "null", "{}", r#"{"name": null}"#, r#"{"name": ""}"#, r#"{"Name": "x"}"#] {
        assert_eq!(send(body).await, missing, "{body}");
    }
    for body in ["[1]", "5", r#""text""#] {
        assert!(send(body).await.contains("The body must be a JSON object."), "{body}");
    }
    assert_snapshot!(send(r#"{"name": "a", "artifactLocation": "s3://b/a", "unknown": {}}"#).await, @r#"200 {"experiment_id":"1"}"#);
    assert_snapshot!(send(r#""{\"name\": \"b\"}""#).await, @r#"200 {"experiment_id":"2"}"#);
    assert_snapshot!(
        send(r#"{"name": "c", "artifactLocation": "s3://b/1", "artifact_location": "s3://b/2"}"#).await,
        @r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"Request specifies both 'artifact_location' and 'artifactLocation'; provide only one of them.","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#
    );
    assert_snapshot!(
        send(r#"{"name": "d", "tags": [{"key": "k", "value": "a\u0000b"}]}"#).await,
        @r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"Bad Request. Text must not contain the character U+0000.","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#
    );
    assert!(api.get("experiments/get-by-name?experiment_name=a%00b").await.starts_with("400"));
}

#[tokio::test]
async fn wrong_types_are_named() {
    let api = Api::new().await;
    for (path, body, said) in [
        (
            "experiments/create",
            json!({"name": 5}),
            "Invalid value 5 for parameter 'name' supplied:  Hint: Value was of type 'int'.",
        ),
        (
            "experiments/create",
            json!({"name": "x", "tags": {"b": 1.5, "a": [true, null]}}),
            r#"Invalid value {\"a\":[true,null],\"b\":1.5} for parameter 'tags' supplied:  Hint: Value was of type 'dict'."#,
        ),
        (
            "experiments/create",
            json!({"name": "x", "tags": [{"key": "é😀", "value": {"é": "😀"}}]}),
            r#"Invalid value {\"\\u00e9\":\"\\ud83d\\ude00\"} for parameter 'tags[0].value' supplied:  Hint: Value was of type 'dict'."#,
        ),
        (
            "experiments/create",
            json!({"name": "x", "tags": ["k"]}),
            r#"Invalid value \"k\" for parameter 'tags[0]' supplied:  Hint: Value was of type 'str'."#,
        ),
        (
            "runs/search",
            json!({"order_by": [1]}),
            "Invalid value [1] for parameter 'order_by' supplied:  Hint: Value was of type 'list'.",
        ),
        (
            "runs/search",
            json!({"max_results": 50_001}),
            "Invalid value 50001 for parameter 'max_results' supplied:  Hint: Value was of type 'int'.",
        ),
        (
            "runs/search",
            json!({"max_results": 1.5}),
            "Invalid value 1.5 for parameter 'max_results' supplied:  Hint: Value was of type 'float'.",
        ),
        (
            "runs/search",
            json!({"max_results": true}),
            "Invalid value true for parameter 'max_results' supplied:  Hint: Value was of type 'bool'.",
        ),
        (
            "runs/search",
            json!({"run_view_type": 9}),
            "Invalid value 9 for parameter 'run_view_type' supplied:  Hint: Value was of type 'int'.",
        ),
        (
            "runs/log-metric",
            json!({"run_id": "r", "key": "k", "value": "nan", "timestamp": 0}),
            r#"Invalid value \"nan\" for parameter 'value' supplied:  Hint: Value was of type 'str'."#,
        ),
        (
            "runs/log-batch",
            json!({"run_id": "r", "metrics": [{"key": "k", "value": 1, "timestamp": 1}, {"key": "k", "timestamp": 1}]}),
            "Missing value for required parameter 'metrics[1].value'.",
        ),
        (
            "runs/log-batch",
            json!({"run_id": "r", "params": [{"value": ""}]}),
            "Missing value for required parameter 'params[0].key'.",
        ),
        (
            "model-versions/transition-stage",
            json!({"name": "m", "version": 1}),
            "Invalid value 1 for parameter 'version' supplied:  Hint: Value was of type 'int'.",
        ),
    ] {
        let answer = api.post(path, body.clone()).await;
        let hint = " See the API docs for more information about request parameters.";
        let wanted = format!(r#"400 {{"error_code":"INVALID_PARAMETER_VALUE","message":"{said}{hint}","#);
        assert!(answer.starts_with(&wanted), "{path} {body}: {answer}");
    }
    assert_snapshot!(
        api.get("registered-models/search?max_results=1001").await,
        @r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"Invalid value \"1001\" for parameter 'max_results' supplied:  Hint: Value was of type 'str'. See the API docs for more information about request parameters.","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#
    );
}

#[tokio::test]
async fn numbers_and_names_have_several_forms() {
    let api = Api::new().await;
    for body in [
        json!({"max_results": "5", "run_view_type": "ALL"}),
        json!({"max_results": 5.0, "run_view_type": 3}),
        json!({"maxResults": 5, "runViewType": "2"}),
        json!({"max_results": null, "run_view_type": "NO_SUCH_NAME"}),
    ] {
        assert_eq!(api.post("runs/search", body.clone()).await, "200 {}", "{body}");
    }
    // A query wins over a body, its first scalar over the others, and names are snake case only.
    let get = |query: &'static str| api.call(Method::GET, query, Some(json!({"experiment_id": "9"})));
    assert!(get("experiments/get?experiment_id=0&experiment_id=7").await.starts_with("200"));
    assert!(get("experiments/get?experimentId=0").await.contains("'experiment_id'"));
    assert!(get("experiments/get").await.contains("No Experiment with id=9 exists"));
    assert!(api.get("logged-models/m-1?allow_deleted=True").await.starts_with("404"));
    assert_snapshot!(
        api.get("logged-models/m-1?allow_deleted=yes").await,
        @r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"Invalid boolean value: yes, must be 'true' or 'false'.","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#
    );
    // DELETE reads the body alone.
    let answer = api.call(Method::DELETE, "registered-models/delete?name=m", Some(json!({}))).await;
    assert!(answer.contains("Missing value for required parameter 'name'."), "{answer}");
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let api = Api::new().await;
    let body = " ".repeat(api::MAX_JSON_BODY + 1);
    let answer = api.raw(Method::POST, "runs/search", "application/json", body).await;
    assert_snapshot!(answer, @r#"413 {"error_code":"BAD_REQUEST","message":"The request body is larger than 67108864 bytes.","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#);
}
