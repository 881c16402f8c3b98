//! The description against the table, and against what the handlers read.

use std::collections::BTreeSet;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Method, Request};
use serde_json::{Map, Value, json};
use testing::{Backend, TestService};
use tower::ServiceExt;

use super::{document, groups};
use crate::endpoints::endpoints;
use crate::request::reading;

#[test]
fn every_endpoint_is_described_and_no_other() {
    let table: BTreeSet<_> = endpoints().iter().map(|row| (row.path, row.method.to_string())).collect();
    let all: Vec<_> = groups().into_iter().flat_map(|(_, described)| described).collect();
    let described: BTreeSet<_> = all.iter().map(|d| (d.path, d.method.to_string())).collect();
    assert_eq!(described, table);
    assert_eq!(described.len(), all.len(), "something is described twice");
}

/// A value of a schema, with everything in it that may be there.
fn example(schema: &Value, document: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        return example(document.pointer(&name[1..]).expect("a schema"), document);
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    if let Some(first) = schema["anyOf"].get(0) {
        return example(first, document);
    }
    match schema["type"].as_str().expect("a type") {
        "string" => json!("a"),
        "integer" | "number" => json!(1),
        "boolean" => json!(true),
        "array" => json!([example(&schema["items"], document)]),
        _ => {
            let fields = schema["properties"].as_object().cloned().unwrap_or_default();
            fields.iter().map(|(name, field)| (name.clone(), example(field, document))).collect::<Map<_, _>>().into()
        }
    }
}

/// The names of all fields, those of objects behind the names of the fields that hold them; the required ones apart.
fn names(schema: &Value, document: &Value, place: &str, all: &mut BTreeSet<String>, needed: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        return names(document.pointer(&name[1..]).expect("a schema"), document, place, all, needed);
    }
    if let Some(item) = schema.get("items") {
        return names(item, document, place, all, needed);
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        all.insert(format!("{place}{name}"));
        if schema["required"].as_array().is_some_and(|required| required.iter().any(|r| r == name)) {
            needed.insert(format!("{place}{name}"));
        }
        names(field, document, &format!("{place}{name}."), all, needed);
    }
}

/// Asks for an operation with everything that its description has.
fn request(method: &Method, path: &str, operation: &Value, document: &Value) -> Request<Body> {
    let mut path = path.to_owned();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().expect("a name");
        let value = example(&parameter["schema"], document);
        let value = value.get(0).unwrap_or(&value);
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if parameter["in"] == "path" {
            path = path.replace(&format!("{{{name}}}"), &text);
        } else {
            query.append_pair(name, &text);
        }
    }
    let mut body = operation
        .pointer("/requestBody/content/application~1json/schema")
        .map_or(Value::Null, |schema| example(schema, document));
    // So that the strict reader of batches leaves it to the one that reads by name.
    if let Some(time) = body.pointer_mut("/metrics/0/timestamp") {
        *time = json!("1");
    }
    Request::builder()
        .method(method)
        .uri(format!("{path}?{}", query.finish()).trim_end_matches('?'))
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .expect("a request")
}

#[tokio::test]
async fn handlers_read_what_is_described_and_nothing_else() {
    let service = TestService::new(Backend::Sqlite).await;
    let router = crate::router(&service.service, &crate::Security::default(), "", Router::new());
    let document = serde_json::to_value(document()).expect("JSON");
    let mut wrong = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let method: Method = method.to_uppercase().parse().expect("a method");
            let (mut all, mut needed) = (BTreeSet::new(), BTreeSet::new());
            for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|p| p["in"] == "query") {
                all.insert(parameter["name"].as_str().expect("a name").to_owned());
                if parameter["required"] == true {
                    needed.insert(parameter["name"].as_str().expect("a name").to_owned());
                }
            }
            if let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") {
                names(schema, &document, "", &mut all, &mut needed);
            }
            reading::end();
            let response =
                router.clone().oneshot(request(&method, path, operation, &document)).await.expect("an answer");
            let (mut read, read_needed) = reading::end();
            // The old name is looked at only when the new one is empty.
            if all.contains("run_uuid") {
                read.insert("run_uuid".to_owned());
            }
            let status = response.status();
            let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("the whole answer");
            let answer = String::from_utf8_lossy(&bytes);
            if answer.contains("Hint: Value was of type") {
                wrong.push(format!("{method} {path}: a field is of another type: {answer}"));
            }
            if operation["responses"].get(status.as_str()).is_none() {
                wrong.push(format!("{method} {path}: {status} is not described"));
            }
            // Those that take or send files read their queries by themselves.
            let by_field = operation.pointer("/requestBody/content/application~1octet-stream").is_none()
                && operation.pointer("/responses/200/content/*~1*").is_none();
            if by_field && (&read, &read_needed) != (&all, &needed) {
                wrong.push(format!(
                    "{method} {path}: {status} reads {read:?}, of which needs {read_needed:?}; described {all:?}, {needed:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
