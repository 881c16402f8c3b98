//! Experiments, runs, metrics and logged models: what goes in comes out in MLflow's shape.

use crate::client::{Api, field, text};
use axum::body::Body;
use http::{Method, Request};
use insta::assert_snapshot;
use serde_json::json;

#[tokio::test]
async fn an_experiment_lives() {
    let api = Api::new().await;
    let new = json!({"name": "E", "tags": [{"key": "team", "value": "é"}]});
    assert_snapshot!(api.post("experiments/create", new.clone()).await, @r#"200 {"experiment_id":"1"}"#);
    let again = api.post("experiments/create", new).await;
    assert!(
        again.starts_with(
            r#"400 {"error_code":"RESOURCE_ALREADY_EXISTS","message":"Experiment(name=E) already exists."#
        )
    );
    assert_snapshot!(
        api.get("experiments/get?experiment_id=1").await,
        @r#"200 {"experiment":{"experiment_id":"1","name":"E","artifact_location":"mlflow-artifacts:/1","lifecycle_stage":"active","last_update_time":1700000000000,"creation_time":1700000000000,"tags":[{"key":"team","value":"é"}],"workspace":"default"}}"#
    );
    assert_snapshot!(
        api.get("experiments/get-by-name?experiment_name=none").await,
        @r#"404 {"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Could not find experiment with name 'none'","sqlstate":"KAM00","error_class":"RESOURCE_NOT_FOUND"}"#
    );
    assert_snapshot!(api.post("experiments/set-experiment-tag", json!({"experiment_id": "1", "key": "k"})).await, @"200 {}");
    assert_snapshot!(api.post("experiments/delete-experiment-tag", json!({"experiment_id": "1", "key": "team"})).await, @"200 {}");
    assert_snapshot!(api.post("experiments/update", json!({"experiment_id": "1", "new_name": "F"})).await, @"200 {}");
    assert_snapshot!(api.post("experiments/delete", json!({"experiment_id": "1"})).await, @"200 {}");
    let deleted = api.get("experiments/search?view_type=DELETED_ONLY&max_results=5").await;
    assert_snapshot!(
        deleted,
        @r#"200 {"experiments":[{"experiment_id":"1","name":"F","artifact_location":"mlflow-artifacts:/1","lifecycle_stage":"deleted","last_update_time":1700000000000,"creation_time":1700000000000,"tags":[{"key":"k","value":""}],"workspace":"default"}]}"#
    );
    assert_snapshot!(api.post("experiments/restore", json!({"experiment_id": "1"})).await, @"200 {}");
    let page = api.post("experiments/search", json!({"max_results": 1, "order_by": ["name DESC"]})).await;
    assert_eq!(field(&page, "/experiments/0/name"), "F");
    let next = field(&page, "/next_page_token");
    let page =
        api.post("experiments/search", json!({"max_results": 1, "order_by": ["name DESC"], "page_token": next})).await;
    assert_eq!(field(&page, "/experiments/0/name"), "Default");
    assert!(!page.contains("next_page_token"), "{page}");
    assert_snapshot!(
        api.post("experiments/search", json!({})).await,
        @r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#
    );
}

#[tokio::test]
async fn a_long_history_is_sent_whole() {
    let api = Api::new().await;
    let created = api.post("runs/create", json!({"experiment_id": "0"})).await;
    let id = field(&created, "/run/info/run_id");
    for start in (0..41_000).step_by(1_000) {
        let points = (start..start + 1_000).map(|i| json!({"key": "m", "value": 0.5, "timestamp": i, "step": i}));
        let batch = json!({"run_id": id, "metrics": points.collect::<Vec<_>>()});
        assert_eq!(api.post("runs/log-batch", batch).await, "200 {}");
    }
    let steps = |answer: &str| {
        let body: serde_json::Value = serde_json::from_str(&answer[4..]).unwrap();
        let points = body["metrics"].as_array().unwrap().iter();
        points.map(|point| point["step"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    let path = format!("metrics/get-history?run_id={id}&metric_key=m");
    assert_eq!(steps(&api.get(&path).await), (0..41_000).collect::<Vec<_>>());
    let page = api.get(&format!("{path}&max_results=40500")).await;
    assert_eq!(steps(&page).len(), 40_500);
    let rest = api.get(&format!("{path}&page_token={}", field(&page, "/next_page_token"))).await;
    assert_eq!(steps(&rest), (40_500..41_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_run_gathers_its_data() {
    let api = Api::new().await;
    let new = json!({"experiment_id": "0", "user_id": "u", "run_name": "n", "start_time": 5});
    let created = api.post("runs/create", new).await;
    let id = field(&created, "/run/info/run_id");
    let post = async |path, mut body: serde_json::Value| {
        body["run_id"] = id.as_str().into();
        api.post(path, body).await.replace(&id, "RUN")
    };
    assert_snapshot!(
        created.replace(&id, "RUN"),
        @r#"200 {"run":{"info":{"run_uuid":"RUN","run_id":"RUN","run_name":"n","experiment_id":"0","user_id":"u","status":"RUNNING","start_time":5,"artifact_uri":"mlflow-artifacts:/0/RUN/artifacts","lifecycle_stage":"active"},"data":{"tags":[{"key":"mlflow.runName","value":"n"}]},"inputs":{}}}"#
    );
    assert_snapshot!(post("runs/log-metric", json!({"key": "loss", "value": "NaN", "timestamp": 7})).await, @"200 {}");
    assert_snapshot!(post("runs/log-parameter", json!({"key": "lr", "value": "0.1"})).await, @"200 {}");
    assert_snapshot!(post("runs/set-tag", json!({"key": "t", "value": "v"})).await, @"200 {}");
    assert_snapshot!(
        post("runs/log-parameter", json!({"key": "lr", "value": "0.2"})).await,
        @r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"Changing param values is not allowed. Param with key='lr' was already logged with value='0.1' for run ID='RUN'. Attempted logging new value '0.2'.","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#
    );
    assert_snapshot!(post("runs/log-batch", json!({
        "metrics": [{"key": "acc", "value": 0.5, "timestamp": 8, "step": -1}, {"key": "acc", "value": "Infinity", "timestamp": 9, "step": 3}],
        "params": [{"key": "p", "value": ""}],
        "tags": [{"key": "t", "value": "w"}],
    })).await, @"200 {}");
    let dataset = json!({"name": "ds", "digest": "d", "source_type": "local", "source": "{}"});
    let context = json!([{"key": "mlflow.data.context", "value": "train"}]);
    assert_snapshot!(post("runs/log-inputs", json!({"datasets": [{"dataset": dataset, "tags": context}], "models": [{"model_id": "m-1"}]})).await, @"200 {}");
    assert_snapshot!(post("runs/outputs", json!({"models": [{"model_id": "m-2"}]})).await, @"200 {}");
    assert_snapshot!(
        post("runs/update", json!({"status": "FINISHED", "end_time": 99})).await,
        @r#"200 {"run_info":{"run_uuid":"RUN","run_id":"RUN","run_name":"n","experiment_id":"0","user_id":"u","status":"FINISHED","start_time":5,"end_time":99,"artifact_uri":"mlflow-artifacts:/0/RUN/artifacts","lifecycle_stage":"active"}}"#
    );
    let got = api.get(&format!("runs/get?run_uuid={id}&run_id={id}")).await.replace(&id, "RUN");
    assert_snapshot!(
        got,
        @r#"200 {"run":{"info":{"run_uuid":"RUN","run_id":"RUN","run_name":"n","experiment_id":"0","user_id":"u","status":"FINISHED","start_time":5,"end_time":99,"artifact_uri":"mlflow-artifacts:/0/RUN/artifacts","lifecycle_stage":"active"},"data":{"metrics":[{"key":"acc","value":1.7976931348623157e+308,"timestamp":9,"step":3},{"key":"loss","value":"NaN","timestamp":7,"step":0}],"params":[{"key":"lr","value":"0.1"},{"key":"p","value":""}],"tags":[{"key":"mlflow.runName","value":"n"},{"key":"t","value":"w"}]},"inputs":{"dataset_inputs":[{"tags":[{"key":"mlflow.data.context","value":"train"}],"dataset":{"name":"ds","digest":"d","source_type":"local","source":"{}"}}],"model_inputs":[{"model_id":"m-1"}]},"outputs":{"model_outputs":[{"model_id":"m-2","step":0}]}}}"#
    );
    let found = api.post("runs/search", json!({"experiment_ids": ["0"], "filter": "params.lr = '0.1'"})).await;
    let run = got.replace(r#","model_inputs":[{"model_id":"m-1"}]"#, "");
    let run = run.strip_prefix(r#"200 {"run":"#).and_then(|r| r.strip_suffix('}')).expect("a run");
    assert_eq!(found.replace(&id, "RUN"), format!(r#"200 {{"runs":[{run}]}}"#));
    assert_snapshot!(
        api.get(&format!("metrics/get-history?run_id={id}&metric_key=acc&max_results=1")).await,
        @r#"200 {"metrics":[{"key":"acc","value":0.5,"timestamp":8,"step":-1}],"next_page_token":"eyJvZmZzZXQiOjEsImxhc3QiOls4LC0xLDAuNV19"}"#
    );
    assert_snapshot!(api.get("metrics/get-history?run_id=none&metric_key=acc").await, @"200 {}");
    let bulk =
        api.get(&format!("/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id=x&run_id={id}&metric_key=loss")).await;
    assert_snapshot!(bulk.replace(&id, "RUN"), @r#"200 {"metrics":[{"key":"loss","value":"NaN","timestamp":7,"step":0,"run_id":"RUN"}]}"#);
    assert_snapshot!(api.get("/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id=x&metric_key=loss").await, @r#"200 {"metrics":[]}"#);
    let interval =
        api.get(&format!("metrics/get-history-bulk-interval?run_ids={id}&metric_key=acc&max_results=1")).await;
    assert_snapshot!(interval.replace(&id, "RUN"), @r#"200 {"metrics":[{"key":"acc","value":1.7976931348623157e+308,"timestamp":9,"step":3,"run_id":"RUN"}]}"#);
    assert_snapshot!(
        api.call(Method::POST, "/ajax-api/2.0/mlflow/experiments/search-datasets", Some(json!({"experiment_ids": ["0"]}))).await,
        @r#"200 {"dataset_summaries":[{"experiment_id":"0","name":"ds","digest":"d","context":"train"}]}"#
    );
    assert_snapshot!(post("runs/delete", json!({})).await, @"200 {}");
    assert_snapshot!(
        post("runs/set-tag", json!({"key": "k"})).await,
        @r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"The run RUN must be in the 'active' state. Current state is deleted.","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#
    );
    assert_snapshot!(post("runs/restore", json!({})).await, @"200 {}");
    assert_snapshot!(
        api.post("runs/delete", json!({"run_uuid": id})).await,
        @r#"404 {"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Run with id= not found","sqlstate":"KAM00","error_class":"RESOURCE_NOT_FOUND"}"#
    );
}

#[tokio::test]
async fn a_logged_model_is_made_and_measured() {
    let api = Api::new().await;
    let run = field(&api.post("runs/create", json!({"experiment_id": "0"})).await, "/run/info/run_id");
    let new = json!({"experiment_id": "0", "name": "m", "source_run_id": run, "params": [{"key": "p", "value": "1"}]});
    let created = api.post("logged-models", new).await;
    let id = field(&created, "/model/info/model_id");
    let shown = |answer: String| answer.replace(&run, "RUN").replace(&id, "MODEL");
    assert_snapshot!(
        shown(created.clone()),
        @r#"200 {"model":{"info":{"model_id":"MODEL","experiment_id":"0","name":"m","creation_timestamp_ms":1700000000000,"last_updated_timestamp_ms":1700000000000,"artifact_uri":"mlflow-artifacts:/0/models/MODEL/artifacts","status":"LOGGED_MODEL_PENDING","model_type":"","source_run_id":"RUN"},"data":{"params":[{"key":"p","value":"1"}]}}}"#
    );
    let path = format!("logged-models/{id}");
    let finalized = api.call(Method::PATCH, &path, Some(json!({"model_id": id, "status": 2}))).await;
    assert_eq!(field(&finalized, "/model/info/status"), "LOGGED_MODEL_READY");
    let unknown = api.call(Method::PATCH, &path, Some(json!({"model_id": id, "status": "DONE"}))).await;
    assert_snapshot!(
        unknown,
        @r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"Invalid value \"DONE\" for parameter 'status' supplied:  Hint: Value was of type 'str'. See the API docs for more information about request parameters.","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#
    );
    let tags = json!({"tags": [{"key": "t", "value": "1"}, {"key": "u", "value": "2"}]});
    assert_snapshot!(api.call(Method::PATCH, &format!("{path}/tags"), Some(tags)).await, @"200 {}");
    assert_snapshot!(api.call(Method::DELETE, &format!("{path}/tags/u"), None).await, @"200 {}");
    assert_snapshot!(
        shown(api.call(Method::DELETE, &format!("{path}/tags/u"), None).await),
        @r#"404 {"error_code":"RESOURCE_DOES_NOT_EXIST","message":"No tag with key 'u' found for model with ID 'MODEL'.","sqlstate":"KAM00","error_class":"RESOURCE_NOT_FOUND"}"#
    );
    let more = json!({"model_id": id, "params": [{"key": "q", "value": "2"}]});
    assert_snapshot!(api.post(&format!("{path}/params"), more).await, @"200 {}");
    let metric = json!({"run_id": run, "key": "acc", "value": 1, "timestamp": 3, "model_id": id, "dataset_name": "ds", "dataset_digest": "d"});
    assert_snapshot!(api.post("runs/log-metric", metric).await, @"200 {}");
    let search = json!({"experiment_ids": ["0"], "filter": "name = 'm'", "order_by": [{"field_name": "metrics.acc", "ascending": false}]});
    assert_snapshot!(
        shown(api.post("logged-models/search", search).await),
        @r#"200 {"models":[{"info":{"model_id":"MODEL","experiment_id":"0","name":"m","creation_timestamp_ms":1700000000000,"last_updated_timestamp_ms":1700000000000,"artifact_uri":"mlflow-artifacts:/0/models/MODEL/artifacts","status":"LOGGED_MODEL_READY","model_type":"","source_run_id":"RUN","tags":[{"key":"t","value":"1"}]},"data":{"params":[{"key":"p","value":"1"},{"key":"q","value":"2"}],"metrics":[{"key":"acc","value":1.0,"timestamp":3,"step":0,"model_id":"MODEL","run_id":"RUN","dataset_name":"ds","dataset_digest":"d"}]}}]}"#
    );
    assert_snapshot!(api.call(Method::DELETE, &path, None).await, @"200 {}");
    assert_snapshot!(
        shown(api.get(&path).await),
        @r#"404 {"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Logged model with ID 'MODEL' not found.","sqlstate":"KAM00","error_class":"RESOURCE_NOT_FOUND"}"#
    );
    assert!(api.get(&format!("{path}?allow_deleted=True")).await.starts_with("200"));
    // The list must be given, but may be empty.
    assert_snapshot!(api.post("logged-models/search", json!({"experiment_ids": []})).await, @"200 {}");
    assert!(api.post("logged-models/search", json!({})).await.contains("'experiment_ids'"));
}

#[tokio::test]
async fn runs_are_exported_as_a_file() {
    let api = Api::new().await;
    let created = api.post("runs/create", json!({"experiment_id": "0", "run_name": "r", "start_time": 1_000})).await;
    let id = field(&created, "/run/info/run_id");
    api.post("runs/log-parameter", json!({"run_id": id, "key": "layers", "value": "1,2"})).await;
    let request = Request::get("/ajax-api/ferroflow/v1/runs/csv?experiment_id=0&filter=params.layers%20LIKE%20'1%25'")
        .header("host", "localhost")
        .body(Body::empty())
        .expect("a request");
    let response = api.send(request).await;
    let header = |name: &str| response.headers()[name].to_str().expect("text").to_owned();
    assert_eq!(header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(header("content-disposition"), "attachment; filename=runs-0.csv");
    assert_snapshot!(
        text(response).await.replace(&id, "…"),
        @r#"
    200 Start Time,Duration (ms),Run ID,Name,Status,User,Source,layers
    1970-01-01T00:00:01Z,,…,r,RUNNING,,,"1,2"
    "#
    );
    assert_snapshot!(
        api.call(Method::GET, "/api/ferroflow/v1/runs/csv?experiment_id=0&filter=metrics.x", None).await,
        @r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"Invalid clause(s) in filter string: 'metrics.x' (at character 1)","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#
    );
    assert_snapshot!(
        api.call(Method::GET, "/api/ferroflow/v1/runs/csv", None).await,
        @r#"400 {"error_code":"INVALID_PARAMETER_VALUE","message":"Missing value for required parameter 'experiment_id'. See the API docs for more information about request parameters.","sqlstate":"KAM00","error_class":"INVALID_PARAMETER_VALUE"}"#
    );
}

#[tokio::test]
async fn a_metric_of_half_a_dataset_is_refused() {
    let api = Api::new().await;
    let created = api.post("runs/create", json!({"experiment_id": "0"})).await;
    let id = field(&created, "/run/info/run_id");
    let metric = json!({"run_id": id, "key": "m", "value": 1.0, "timestamp": 1, "dataset_name": "d"});
    for refused in [
        api.post("runs/log-metric", metric.clone()).await,
        api.post("runs/log-batch", json!({"run_id": id, "metrics": [metric]})).await,
    ] {
        assert!(refused.starts_with("400") && refused.contains("Both dataset_name and dataset_digest"), "{refused}");
    }
}
