//! The table of endpoints, the router made of it, and what is not in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::client::{Api, text};
use api::{Permission, Security, endpoints};
use axum::body::{Body, to_bytes};
use http::{Method, Request};
use insta::assert_snapshot;
use serde_json::json;
use tower::ServiceExt;

/// Fills `{name}` and `{*name}` with something.
fn filled(path: &str) -> String {
    let fill = |segment: &str| if segment.starts_with('{') { "x".to_owned() } else { segment.to_owned() };
    path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

/// Every path at which the router answers, as the router itself lists them.
fn mounted(router: &axum::Router) -> BTreeSet<String> {
    let shown = format!("{router:?}");
    let nodes =
        shown.split("Node { paths: {").nth(1).and_then(|rest| rest.split('}').next().map(|_| rest)).expect("nodes");
    let end = nodes.find("} }").expect("the end of the paths");
    nodes[..end].split('"').filter(|part| part.starts_with('/')).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_router_holds_the_table_and_nothing_else() {
    let api = Api::new().await;
    let mut expected: BTreeSet<String> = endpoints().iter().flat_map(api::Endpoint::paths).collect();
    expected.extend(api::API_PREFIXES.map(str::to_owned));
    assert_eq!(mounted(&api.router), expected);
}

#[tokio::test]
async fn every_endpoint_answers_its_methods_and_no_other() {
    let api = Api::new().await;
    let mut methods: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for endpoint in endpoints() {
        for path in endpoint.paths() {
            assert!(
                methods.entry(path.clone()).or_default().insert(endpoint.method.to_string()),
                "{} {path} is there twice",
                endpoint.method
            );
        }
    }
    for (path, methods) in methods {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let answer = api.call(method.clone(), &filled(&path), Some(json!({}))).await;
            let found = !answer.starts_with("405") && !answer.contains(r#""error_code":"ENDPOINT_NOT_FOUND""#);
            assert_eq!(found, methods.contains(method.as_str()), "{method} {path}: {answer}");
            assert!(!answer.starts_with("500"), "{method} {path}: {answer}");
        }
    }
}

#[test]
fn only_harmless_endpoints_are_public() {
    let public: Vec<_> =
        endpoints().into_iter().filter(|e| e.permission == Permission::Public).map(|e| e.path).collect();
    assert_eq!(public, ["health", "version", "openapi.json", "3.0/mlflow/server-info"]);
}

#[tokio::test]
async fn what_is_missing_is_a_404_that_clients_do_not_repeat() {
    let api = Api::new().await;
    assert_snapshot!(
        api.get("no-such").await,
        @r#"404 {"error_code":"ENDPOINT_NOT_FOUND","message":"There is no endpoint GET /api/2.0/mlflow/no-such.","sqlstate":"KAM00","error_class":"RESOURCE_NOT_FOUND"}"#
    );
    for path in [
        "/api/3.0/mlflow/traces/search",
        "/api/3.0/mlflow/scorers/list",
        "/api/2.0/preview/mlflow/runs/get",
        "/api/2.0/mlflow/metrics/get-history-bulk",
        "/api/2.0/mlflow/runs/get/",
        "/ajax-api/3.0/mlflow/gateway/endpoints/list",
        "/v1/traces",
        "/graphql",
        "/",
    ] {
        let answer = api.call(Method::POST, path, Some(json!({}))).await;
        assert!(answer.starts_with(r#"404 {"error_code":"ENDPOINT_NOT_FOUND""#), "{path}: {answer}");
    }
    assert_snapshot!(
        api.get("runs/create").await,
        @r#"405 {"error_code":"ENDPOINT_NOT_FOUND","message":"The endpoint /api/2.0/mlflow/runs/create does not answer GET.","sqlstate":"KAM00","error_class":"RESOURCE_NOT_FOUND"}"#
    );
}

#[tokio::test]
async fn what_is_unknown_to_the_api_is_no_page_of_the_ui() {
    let ui = axum::Router::new().route("/{*page}", axum::routing::get(async || "UI"));
    let api = Api::with(Security::default(), "", ui).await;
    assert_snapshot!(api.get("/page").await, @"200 UI");
    for path in ["/api/2.0/mlflow/no-such", "/ajax-api/no-such"] {
        assert!(api.get(path).await.starts_with(r#"404 {"error_code":"ENDPOINT_NOT_FOUND""#), "{path}");
    }
}

#[tokio::test]
async fn a_doubled_slash_is_redirected_to_the_single_one() {
    let api = Api::new().await;
    for (path, location) in
        [("/api/2.0/mlflow//runs/get?run_id=a//b", "/api/2.0/mlflow/runs/get?run_id=a//b"), ("//health", "/health")]
    {
        let request =
            Request::get(format!("http://localhost{path}")).header("host", "localhost").body(String::new().into());
        let response = api.send(request.expect("a request")).await;
        assert_eq!(response.status(), 308);
        assert_eq!(response.headers()["location"], location);
    }
}

#[tokio::test]
async fn the_server_says_what_it_is() {
    let api = Api::new().await;
    assert_snapshot!(api.get("/health").await, @"200 OK");
    assert_snapshot!(api.get("/version").await, @"200 3.17.2");
    assert_snapshot!(
        api.get("/api/3.0/mlflow/server-info").await,
        @r#"200 {"store_type":"SqlStore","workspaces_enabled":false,"trace_archival_enabled":false,"multipart_uploads_enabled":false,"multipart_downloads_enabled":false,"presigned_upload_run_id_supported":true,"presigned_upload_model_id_supported":true,"features_enabled":{"gateway":false}}"#
    );
    assert_snapshot!(
        api.get("/ajax-api/3.0/mlflow/ui-telemetry").await,
        @r#"200 {"disable_ui_telemetry":true,"disable_ui_events":[],"ui_rollout_percentage":0}"#
    );
}

#[tokio::test]
async fn a_prefix_moves_everything() {
    let ui = axum::Router::new().route("/", axum::routing::get(async || "UI"));
    let api = Api::with(Security::default(), "/p", ui).await;
    assert_snapshot!(api.get("/p/health").await, @"200 OK");
    assert_snapshot!(api.get("/p").await, @"200 UI");
    assert!(api.get("/p/api/2.0/mlflow/experiments/get?experiment_id=0").await.starts_with("200"));
    for path in ["/health", "/", "/api/2.0/mlflow/experiments/get?experiment_id=0", "/p/none"] {
        assert!(api.get(path).await.starts_with("404"), "{path}");
    }
    // But for the proxy's files, which MLflow serves beside the prefix as well.
    let file = "/api/2.0/mlflow-artifacts/artifacts/f";
    assert!(api.raw(Method::PUT, file, "text/plain", "x").await.starts_with("200"));
    assert_snapshot!(api.get(&format!("/p{file}")).await, @"200 x");
    assert_snapshot!(api.get(file).await, @"200 x");
    assert!(api.call(Method::DELETE, file, None).await.starts_with("405"));
    let request = Request::get("/p/api//2.0/mlflow/runs/get").header("host", "localhost").body(String::new().into());
    let response = api.send(request.expect("a request")).await;
    assert_eq!(response.headers()["location"], "/p/api/2.0/mlflow/runs/get");
    assert!(text(response).await.starts_with("308"));
}

#[tokio::test]
async fn a_fault_of_ours_is_a_500_that_says_nothing_of_the_inside() {
    let faulty =
        axum::Router::new().route("/faulty", axum::routing::get(async || -> &'static str { panic!("secret") }));
    let api = Api::with(Security::default(), "", faulty).await;
    assert_snapshot!(
        api.get("/faulty").await,
        @r#"500 {"error_code":"INTERNAL_ERROR","message":"An internal error occurred. The server's log has the details.","sqlstate":"XXM00","error_class":"CLIENT_INTERNAL_ERROR"}"#
    );
}

#[tokio::test]
async fn a_server_of_artifacts_alone_has_no_other_endpoint() {
    let test = testing::TestService::new(testing::Backend::Sqlite).await;
    let security = api::Security { enabled: false, ..api::Security::default() };
    let router = api::artifacts_router(&test.service, &security, "", axum::Router::new());
    let ask = async |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).body(Body::from("x")).expect("a request");
        let answer = router.clone().oneshot(request).await.expect("an answer");
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
        (status, String::from_utf8_lossy(&body).into_owned())
    };
    assert_eq!(ask("PUT", "/api/2.0/mlflow-artifacts/artifacts/a/b").await.0, 200);
    assert_eq!(ask("GET", "/api/2.0/mlflow-artifacts/artifacts/a/b").await, (200, "x".into()));
    assert_eq!(ask("GET", "/health").await.0, 200);
    for (method, path, rule) in [
        ("POST", "/api/2.0/mlflow/runs/create", "/api/2.0/mlflow/runs/create"),
        ("GET", "/ajax-api/2.0/mlflow/logged-models/m-1", "/ajax-api/2.0/mlflow/logged-models/<model_id>"),
        ("GET", "/get-artifact?run_id=1&path=a", "/get-artifact"),
    ] {
        let (status, answer) = ask(method, path).await;
        assert_eq!(status, 503, "{path}");
        assert!(answer.starts_with(&format!("Endpoint: {rule} disabled due to")), "{answer}");
    }
    assert_eq!(ask("GET", "/experiments").await.0, 404);
}
