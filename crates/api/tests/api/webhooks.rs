//! Webhooks over HTTP, in MLflow's words.

use http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::client::{Api, field};

fn hook(with: Value) -> Value {
    let mut body =
        json!({"name": "w", "url": "https://8.8.8.8/x", "events": [{"entity": "MODEL_VERSION", "action": "CREATED"}]});
    if let (Value::Object(body), Value::Object(fields)) = (&mut body, with) {
        body.extend(fields);
    }
    body
}

#[tokio::test]
async fn a_webhook_comes_changes_and_goes() {
    let api = Api::new().await;
    let events = json!([
        {"entity": "PROMPT", "action": "CREATED"},
        {"entity": "MODEL_VERSION_TAG", "action": "SET"},
        {"entity": 3, "action": "3"},
        {"entity": "BUDGET_POLICY", "action": "EXCEEDED"},
    ]);
    let created = api.post("webhooks", hook(json!({"events": events, "description": "d"}))).await;
    assert_snapshot!(created, @r#"200 {"webhook":{"webhook_id":"00000000-0000-4000-8000-000000000001","name":"w","description":"d","url":"https://8.8.8.8/x","events":[{"entity":"BUDGET_POLICY","action":"EXCEEDED"},{"entity":"MODEL_VERSION_TAG","action":"DELETED"},{"entity":"MODEL_VERSION_TAG","action":"SET"},{"entity":"PROMPT","action":"CREATED"}],"status":"ACTIVE","creation_timestamp":1700000000000,"last_updated_timestamp":1700000000000}}"#);
    let path = format!("webhooks/{}", field(&created, "/webhook/webhook_id"));
    assert_eq!(api.get(&path).await, created);
    assert_snapshot!(
        api.call(Method::PATCH, &path, Some(json!({"name": "", "url": "", "events": [], "description": ""}))).await,
        @r#"200 {"webhook":{"webhook_id":"00000000-0000-4000-8000-000000000001","name":"w","url":"https://8.8.8.8/x","events":[{"entity":"BUDGET_POLICY","action":"EXCEEDED"},{"entity":"MODEL_VERSION_TAG","action":"DELETED"},{"entity":"MODEL_VERSION_TAG","action":"SET"},{"entity":"PROMPT","action":"CREATED"}],"status":"ACTIVE","creation_timestamp":1700000000000,"last_updated_timestamp":1700000000000}}"#
    );
    let change = json!({"name": "n", "url": "https://8.8.4.4/", "events": [{"entity": "PROMPT", "action": "CREATED"}], "status": "DISABLED"});
    assert_snapshot!(api.call(Method::PATCH, &path, Some(change)).await, @r#"200 {"webhook":{"webhook_id":"00000000-0000-4000-8000-000000000001","name":"n","url":"https://8.8.4.4/","events":[{"entity":"PROMPT","action":"CREATED"}],"status":"DISABLED","creation_timestamp":1700000000000,"last_updated_timestamp":1700000000000}}"#);
    assert_snapshot!(api.call(Method::DELETE, &path, None).await, @"200 {}");
    assert_snapshot!(api.call(Method::DELETE, &path, None).await, @r#"404 {"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Webhook with ID 00000000-0000-4000-8000-000000000001 not found.","sqlstate":"KAM00","error_class":"RESOURCE_NOT_FOUND"}"#);
    for answer in [
        api.get(&path).await,
        api.call(Method::PATCH, &path, Some(json!({}))).await,
        api.post(&format!("{path}/test"), json!({})).await,
    ] {
        assert!(answer.starts_with(r#"404 {"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Webhook with ID "#));
    }
}

#[tokio::test]
async fn webhooks_come_in_pages() {
    let api = Api::new().await;
    assert_snapshot!(api.get("webhooks").await, @"200 {}");
    for name in ["a", "b"] {
        api.post("webhooks", hook(json!({"name": name}))).await;
    }
    let page = api.get("webhooks?max_results=1").await;
    assert_eq!(field(&page, "/webhooks/0/name"), "b");
    let rest = api.get(&format!("webhooks?max_results=1&page_token={}", field(&page, "/next_page_token"))).await;
    assert_eq!(field(&rest, "/webhooks/0/name"), "a");
    assert!(!rest.contains("next_page_token"));
    assert!(api.get("webhooks?max_results=0").await.contains(r#""name":"a""#));
    assert_snapshot!(api.get("webhooks?max_results=1001").await, @r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"max_results must be between 1 and 1000.","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#);
    assert_snapshot!(api.get("webhooks?max_results=x").await, @r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"Invalid value \"x\" for parameter 'max_results' supplied:  Hint: Value was of type 'str'. See the API docs for more information about request parameters.","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#);
}

#[tokio::test]
async fn what_is_wrong_is_refused_in_mlflows_words() {
    let api = Api::new().await;
    let refused = async |with: Value| {
        let answer = api.post("webhooks", hook(with)).await;
        assert!(answer.starts_with(r#"400 {"error_code":"INVALID_PARAMETER_VALUE""#), "{answer}");
        field(&answer, "/message")
    };
    assert_snapshot!(refused(json!({"name": ""})).await, @"Missing value for required parameter 'name'. See the API docs for more information about request parameters.");
    assert_snapshot!(refused(json!({"name": 5})).await, @"Invalid value 5 for parameter 'name' supplied:  Hint: Value was of type 'int'. See the API docs for more information about request parameters.");
    assert_snapshot!(refused(json!({"name": "it's"})).await, @r#"Webhook name "it's" is invalid. It must start and end with a letter or digit, be less than 63 characters long, and contain only letters, digits, dots (.), underscores (_), and hyphens (-)."#);
    assert_snapshot!(refused(json!({"url": null})).await, @"Missing value for required parameter 'url'. See the API docs for more information about request parameters.");
    assert_snapshot!(refused(json!({"url": "http://8.8.8.8/"})).await, @"Invalid webhook URL scheme: 'http'. Allowed schemes are: https.");
    assert_snapshot!(refused(json!({"url": "https://10.0.0.1/"})).await, @"Webhook URL must not resolve to a non-public IP address. '10.0.0.1' resolves to 10.0.0.1.");
    assert_snapshot!(refused(json!({"events": null})).await, @"Missing value for required parameter 'events'. See the API docs for more information about request parameters.");
    assert_snapshot!(refused(json!({"events": []})).await, @"Webhook events must be a non-empty list of WebhookEvent objects: [].");
    assert_snapshot!(refused(json!({"events": {}})).await, @"Invalid value {} for parameter 'events' supplied:  Hint: Value was of type 'dict'. See the API docs for more information about request parameters.");
    assert_snapshot!(refused(json!({"events": [5]})).await, @"Invalid value 5 for parameter 'events[0]' supplied:  Hint: Value was of type 'int'. See the API docs for more information about request parameters.");
    assert_snapshot!(refused(json!({"events": [{"entity": "PROMPT"}]})).await, @"Missing value for required parameter 'events[0].action'. See the API docs for more information about request parameters.");
    assert_snapshot!(refused(json!({"events": [{"entity": "model_version", "action": "created"}]})).await, @r#"Invalid value "model_version" for parameter 'events[0].entity' supplied:  Hint: Value was of type 'str'. See the API docs for more information about request parameters."#);
    assert_snapshot!(refused(json!({"events": [{"entity": 0, "action": 1}]})).await, @"Invalid value 0 for parameter 'events[0].entity' supplied:  Hint: Value was of type 'int'. See the API docs for more information about request parameters.");
    assert_snapshot!(refused(json!({"events": [{"entity": "MODEL_VERSION_TAG", "action": "CREATED"}]})).await, @"Invalid action 'created' for entity 'model_version_tag'. Valid actions are: ['deleted', 'set']");
    assert_snapshot!(refused(json!({"status": "PAUSED"})).await, @r#"Invalid value "PAUSED" for parameter 'status' supplied:  Hint: Value was of type 'str'. See the API docs for more information about request parameters."#);
    assert_snapshot!(refused(json!({"secret": 5})).await, @"Invalid value 5 for parameter 'secret' supplied:  Hint: Value was of type 'int'. See the API docs for more information about request parameters.");
    // Without a key there is no place for a secret.
    assert_snapshot!(api.post("webhooks", hook(json!({"secret": "s"}))).await, @r#"501 {"error_code":"NOT_IMPLEMENTED","message":"This server has no key to encrypt webhook secrets with. Set MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY, or leave out the secret."}"#);
    let path = format!("webhooks/{}/test", field(&api.post("webhooks", hook(json!({}))).await, "/webhook/webhook_id"));
    assert_snapshot!(api.post(&path, json!({"event": {"entity": "PROMPT", "action": "SET"}})).await, @r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"Invalid action 'set' for entity 'prompt'. Valid actions are: ['created']","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#);
    assert_snapshot!(api.post(&path, json!({"event": 5})).await, @r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"Invalid value 5 for parameter 'event' supplied:  Hint: Value was of type 'int'. See the API docs for more information about request parameters.","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#);
}
