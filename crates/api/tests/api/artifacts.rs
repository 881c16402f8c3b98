//! Artifacts over HTTP: the proxy, downloads for browsers, transfers past the server.

use std::sync::Arc;

use api::Security;
use axum::Router;
use axum::body::{Body, to_bytes};
use futures::stream;
use http::{Request, Response, StatusCode, header};
use rstest::rstest;
use serde_json::{Value, json};
use service::{ArtifactConfig, Artifacts, NewRun, S3Options, Service, SystemClock, SystemEntropy};
use testing::{Backend, TestService, TestStore};
use tower::ServiceExt;

pub(crate) const PROXY: &str = "/api/2.0/mlflow-artifacts/artifacts";

pub(crate) struct Server {
    router: Router,
    pub(crate) service: Service,
    pub(crate) test: TestService,
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::with_proxy(true).await
    }

    pub(crate) async fn with_proxy(serve: bool) -> Self {
        let config = |destination: String| ArtifactConfig {
            default_root: if serve { "mlflow-artifacts:/".into() } else { destination.clone() },
            destination,
            serve,
            allowed_schemes: Vec::new(),
        };
        let test = TestService::with_config(Backend::Sqlite, config).await;
        let security = Security { enabled: false, ..Security::default() };
        let service = test.service.clone();
        Self { router: api::router(&service, &security, "", Router::new()), service, test }
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.expect("an answer")
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).expect("a request")).await
    }

    pub(crate) async fn get(&self, path: &str) -> Response<Body> {
        self.ask("GET", path, &[], Body::empty()).await
    }

    pub(crate) async fn put(&self, path: &str, body: &'static str) {
        let answer = self.ask("PUT", &format!("{PROXY}/{path}"), &[], body).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }

    pub(crate) async fn new_run(&self) -> String {
        let new = NewRun { experiment_id: "0".into(), ..NewRun::default() };
        self.service.create_run(new).await.expect("a run").info.run_id
    }
}

pub(crate) async fn text(answer: Response<Body>) -> String {
    let bytes = to_bytes(answer.into_body(), usize::MAX).await.expect("a whole body");
    String::from_utf8(bytes.to_vec()).expect("text")
}

pub(crate) async fn object(answer: Response<Body>) -> (u16, Value) {
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&text(answer).await).expect("JSON"))
}

fn head(answer: &Response<Body>, name: header::HeaderName) -> &str {
    answer.headers().get(name).map_or("", |value| value.to_str().expect("ASCII"))
}

#[tokio::test]
async fn the_proxy_takes_lists_sends_and_removes() {
    let server = Server::new().await;
    let answer = server.ask("PUT", &format!("{PROXY}/1/a%20b/c+d%25.txt"), &[], "content").await;
    assert_eq!((answer.status().as_u16(), text(answer).await.as_str()), (200, ""));
    server.put("1/empty.json", "").await;

    let (_, listing) = object(server.get(&format!("{PROXY}?path=1")).await).await;
    let expected = json!({"files": [{"path": "a b", "is_dir": true}, {"path": "empty.json", "is_dir": false}]});
    assert_eq!(listing, expected);
    let (_, listing) = object(server.get(&format!("{PROXY}?path=1%2Fa%20b")).await).await;
    assert_eq!(listing, json!({"files": [{"path": "c+d%.txt", "is_dir": false, "file_size": 7}]}));
    assert_eq!(object(server.get(&format!("{PROXY}?path=none")).await).await, (200, json!({})));

    let file = server.get("/ajax-api/2.0/mlflow-artifacts/artifacts/1/a%20b/c+d%25.txt").await;
    assert_eq!(head(&file, header::CONTENT_TYPE), "text/plain");
    assert_eq!(head(&file, header::CONTENT_DISPOSITION), "attachment; filename=c+d%.txt");
    assert_eq!(head(&file, header::CONTENT_LENGTH), "7");
    assert_eq!(head(&file, header::ACCEPT_RANGES), "bytes");
    assert_eq!(head(&file, header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    assert!(head(&file, header::LAST_MODIFIED).ends_with(" GMT"));
    assert_eq!(text(file).await, "content");

    for _ in 0..2 {
        let removed = server.ask("DELETE", &format!("{PROXY}/1/a%20b"), &[], Body::empty()).await;
        assert_eq!(object(removed).await, (200, json!({})));
    }
    let gone = object(server.get(&format!("{PROXY}/1/a%20b/c+d%25.txt")).await).await;
    assert_eq!(gone.0, 404);
    assert_eq!(gone.1["error_code"], "RESOURCE_DOES_NOT_EXIST");
    assert_eq!(gone.1["message"], "No such artifact: '1/a b/c+d%.txt'");
}

#[tokio::test]
async fn parts_and_conditions_are_answered() {
    let server = Server::new().await;
    server.put("digits", "0123456789").await;
    let path = format!("{PROXY}/digits");
    let whole = server.get(&path).await;
    let (etag, modified) = (head(&whole, header::ETAG).to_owned(), head(&whole, header::LAST_MODIFIED).to_owned());

    let part = server.ask("GET", &path, &[("range", "bytes=2-4")], Body::empty()).await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(head(&part, header::CONTENT_RANGE), "bytes 2-4/10");
    assert_eq!(head(&part, header::CONTENT_LENGTH), "3");
    assert_eq!(head(&part, header::ETAG), etag);
    assert_eq!(text(part).await, "234");
    let beyond = server.ask("GET", &path, &[("range", "bytes=10-")], Body::empty()).await;
    assert_eq!(
        (beyond.status(), head(&beyond, header::CONTENT_RANGE)),
        (StatusCode::RANGE_NOT_SATISFIABLE, "bytes */10")
    );

    for condition in [("if-none-match", etag.as_str()), ("if-modified-since", &modified)] {
        let known = server.ask("GET", &path, &[condition], Body::empty()).await;
        assert_eq!((known.status(), head(&known, header::ETAG)), (StatusCode::NOT_MODIFIED, etag.as_str()));
        assert_eq!(text(known).await, "");
    }
    let resumed = server.ask("GET", &path, &[("range", "bytes=8-"), ("if-range", &etag)], Body::empty()).await;
    assert_eq!(text(resumed).await, "89");

    server.put("digits", "9876543210").await;
    let changed = server.ask("GET", &path, &[("range", "bytes=8-"), ("if-range", &etag)], Body::empty()).await;
    assert_eq!((changed.status(), text(changed).await.as_str()), (StatusCode::OK, "9876543210"));
    let changed = server.ask("GET", &path, &[("if-none-match", &etag)], Body::empty()).await;
    assert_eq!(changed.status(), StatusCode::OK);
    for method in ["GET", "HEAD"] {
        let another = server.ask(method, &path, &[("range", "bytes=8-"), ("if-match", &etag)], Body::empty()).await;
        assert_eq!(another.status(), StatusCode::PRECONDITION_FAILED, "{method}");
    }

    let outline = server.ask("HEAD", &path, &[], Body::empty()).await;
    assert_eq!((outline.status(), head(&outline, header::CONTENT_LENGTH)), (StatusCode::OK, "10"));
    assert_eq!(text(outline).await, "");
}

#[rstest]
#[case::traversal("GET", "a/%252e%252e/%2e%2e/x", 400, json!("Invalid path"))]
#[case::absolute("GET", "%2Fetc/passwd", 400, json!("Invalid path"))]
#[case::absolute_put("PUT", "/etc/passwd", 400, json!("Invalid path"))]
#[case::climbing_delete("DELETE", "a/%2e%2e", 400, json!("Invalid path"))]
#[case::not_utf8("GET", "%ff", 400, json!("Invalid path"))]
#[tokio::test]
async fn unsafe_paths_are_refused(
    #[case] method: &str,
    #[case] path: &str,
    #[case] status: u16,
    #[case] message: Value,
) {
    let server = Server::new().await;
    let refused = object(server.ask(method, &format!("{PROXY}/{path}"), &[], "x").await).await;
    assert_eq!((refused.0, &refused.1["message"]), (status, &message));
    assert_eq!(refused.1["error_code"], "INVALID_PARAMETER_VALUE");
}

#[tokio::test]
async fn folders_are_no_files() {
    let server = Server::new().await;
    server.put("a/b", "x").await;
    let folder = object(server.get(&format!("{PROXY}/a")).await).await;
    assert_eq!(folder, (400, json!({"detail": "Artifact path refers to a directory, not a file: 'a'"})));
    let nameless = json!({"detail": "Artifact path must include a filename (cannot end with '/')."});
    for path in ["", "a/", "new/"] {
        let refused = object(server.ask("PUT", &format!("{PROXY}/{path}"), &[], "x").await).await;
        assert_eq!(refused, (400, nameless.clone()), "{path}");
    }
}

#[tokio::test]
async fn a_broken_upload_leaves_nothing() {
    let server = Server::new().await;
    let chunks = [Ok("half of"), Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))];
    let answer = server.ask("PUT", &format!("{PROXY}/a/b"), &[], Body::from_stream(stream::iter(chunks))).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let short = server.ask("PUT", &format!("{PROXY}/a/b"), &[("content-length", "10")], "half").await;
    assert_eq!(short.status(), StatusCode::BAD_REQUEST);
    assert_eq!(object(server.get(PROXY).await).await, (200, json!({})));
}

#[tokio::test]
async fn without_the_proxy_its_routes_say_so() {
    let server = Server::with_proxy(false).await;
    let detail =
        json!({"detail": "Artifact serving is disabled. Run `mlflow server` with `--serve-artifacts` to enable."});
    assert_eq!(object(server.get(&format!("{PROXY}/a")).await).await, (503, detail.clone()));
    assert_eq!(object(server.ask("PUT", &format!("{PROXY}/a"), &[], "x").await).await, (503, detail));
    let listing = server.get(PROXY).await;
    assert_eq!(listing.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        text(listing).await,
        "Endpoint: /api/2.0/mlflow-artifacts/artifacts disabled due to the mlflow server running with \
         `--no-serve-artifacts`. To enable artifacts server functionality, run `mlflow server` with `--serve-artifacts`"
    );
    let removal = server.ask("DELETE", &format!("{PROXY}/a"), &[], Body::empty()).await;
    assert!(
        text(removal).await.starts_with("Endpoint: /api/2.0/mlflow-artifacts/artifacts/<path:artifact_path> disabled")
    );

    let run = server.new_run().await;
    let path = format!("/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path=a.txt");
    assert_eq!(server.ask("POST", &path, &[], "direct").await.status(), StatusCode::OK);
    let answer = server.get(&format!("/get-artifact?run_uuid={run}&path=a.txt")).await;
    assert_eq!(text(answer).await, "direct", "a run's own location needs no proxy");
}

#[tokio::test]
async fn browsers_upload_and_download() {
    let server = Server::new().await;
    let run = server.new_run().await;
    let upload = "/ajax-api/2.0/mlflow/upload-artifact";
    let form = ("content-type", "application/x-www-form-urlencoded");
    let large = "x".repeat(10 * 1024 * 1024 + 1);
    for (query, headers, body, message) in [
        (String::new(), vec![], "x", "Request must specify run_uuid."),
        (format!("?run_uuid={run}"), vec![], "x", "Request must specify path."),
        (format!("?run_uuid={run}&path=a"), vec![], "", "Request must specify data."),
        (format!("?run_uuid={run}&path=a"), vec![form], "a=b", "Request must specify data."),
        (format!("?run_uuid={run}&path=a"), vec![], large.as_str(), "Artifact size is too large. Max size is 10MB."),
        (format!("?run_uuid={run}&path=..%2Fa"), vec![], "x", "Invalid path"),
    ] {
        let refused = object(server.ask("POST", &format!("{upload}{query}"), &headers, body.to_owned()).await).await;
        assert_eq!((refused.0, refused.1["message"].as_str()), (400, Some(message)));
    }
    let path = format!("{upload}?run_uuid={run}&path=a%2Fgr%C3%B6%C3%9Fe.txt");
    assert_eq!(server.ask("POST", &path, &[], "größer").await.status(), StatusCode::OK);

    let (_, listing) = object(server.get(&format!("/api/2.0/mlflow/artifacts/list?run_id={run}&path=a")).await).await;
    let files = json!([{"path": "a/größe.txt", "is_dir": false, "file_size": 8}]);
    assert_eq!(listing, json!({"root_uri": format!("mlflow-artifacts:/0/{run}/artifacts"), "files": files}));

    let file = server.get(&format!("/get-artifact?run_uuid={run}&path=a%2Fgr%C3%B6%C3%9Fe.txt")).await;
    assert_eq!(head(&file, header::CONTENT_TYPE), "text/plain; charset=utf-8");
    assert_eq!(head(&file, header::CACHE_CONTROL), "no-cache");
    let disposition = "attachment; filename=gre.txt; filename*=UTF-8''gr%C3%B6%C3%9Fe.txt";
    assert_eq!(head(&file, header::CONTENT_DISPOSITION), disposition);
    assert_eq!(text(file).await, "größer");

    for (path, status, message) in [
        ("/get-artifact?path=a".to_owned(), 404, "Run with id=None not found".to_owned()),
        ("/get-artifact?run_id=none&path=a".to_owned(), 404, "Run with id=none not found".to_owned()),
        (
            format!("/get-artifact?run_id={run}&path=a"),
            400,
            format!("Artifact path refers to a directory, not a file: '0/{run}/artifacts/a'"),
        ),
        (format!("/get-artifact?run_id={run}&path=b"), 404, format!("No such artifact: '0/{run}/artifacts/b'")),
        (
            "/model-versions/get-artifact?name=m&version=1&path=a".to_owned(),
            404,
            "Model Version (name=m, version=1) not found".to_owned(),
        ),
        (
            "/ajax-api/2.0/mlflow/logged-models/m-0/artifacts/files".to_owned(),
            400,
            "Request must include the \"artifact_file_path\" query parameter.".to_owned(),
        ),
    ] {
        let refused = object(server.get(&path).await).await;
        assert_eq!((refused.0, refused.1["message"].as_str()), (status, Some(message.as_str())), "{path}");
    }
}

#[tokio::test]
async fn frames_show_pages_apart_from_the_site() {
    let server = Server::new().await;
    let run = server.new_run().await;
    for (name, policy) in [
        ("plot.html", Some("sandbox allow-scripts; default-src 'none';")),
        ("drawing.svg", Some("sandbox; default-src 'none';")),
        ("paper.pdf", Some("")),
        ("code.js", None),
        ("model.pkl", None),
    ] {
        let path = format!("/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path={name}");
        assert_eq!(server.ask("POST", &path, &[], "x").await.status(), StatusCode::OK);
        let plain = server.get(&format!("/get-artifact?run_id={run}&path={name}")).await;
        assert_eq!(head(&plain, header::CONTENT_DISPOSITION), format!("attachment; filename={name}"));
        let shown = server.get(&format!("/get-artifact?run_id={run}&path={name}&inline=true")).await;
        let disposition = policy.map_or_else(|| format!("attachment; filename={name}"), |_| "inline".to_owned());
        assert_eq!(head(&shown, header::CONTENT_DISPOSITION), disposition, "{name}");
        let sent = shown.headers().get(header::CONTENT_SECURITY_POLICY).map_or("", |v| v.to_str().unwrap());
        assert!(sent.starts_with(policy.unwrap_or_default()), "{name}: {sent}");
        assert!(!sent.contains("allow-same-origin") && !sent.contains("'self';"), "{name}: {sent}");
    }
}

#[tokio::test]
async fn a_folder_has_no_way_past_the_server() {
    let server = Server::new().await;
    let run = server.new_run().await;
    let json_type = [("content-type", "application/json")];
    let presigned = "/api/2.0/mlflow/artifacts/presigned";
    for (path, body, status, message) in [
        (
            "/api/2.0/mlflow-artifacts/mpu/create/0",
            json!({"path": "f", "num_parts": 2}),
            501,
            "Multipart upload is not supported for the current artifact repository",
        ),
        (
            "/api/2.0/mlflow-artifacts/mpu/complete/0",
            json!({"path": "f", "parts": []}),
            501,
            "Multipart upload is not supported for the current artifact repository",
        ),
        (
            "/api/2.0/mlflow-artifacts/mpu/abort/0",
            json!({"path": "f"}),
            501,
            "Multipart upload is not supported for the current artifact repository",
        ),
        (
            "/api/2.0/mlflow-artifacts/mpu/create/0",
            json!({}),
            400,
            "Missing value for required parameter 'path'. See the API docs for more information about request parameters.",
        ),
        (
            &format!("{presigned}-upload-url"),
            json!({"path": "f"}),
            400,
            "Exactly one of run_id and model_id must be provided.",
        ),
        (
            &format!("{presigned}-upload-url"),
            json!({"path": "f", "run_id": run}),
            400,
            "Presigned upload is not supported for proxied artifact storage (artifact URI scheme: mlflow-artifacts). This endpoint requires a direct cloud storage artifact URI.",
        ),
        (
            &format!("{presigned}-download-url"),
            json!({"path": "f", "run_id": run}),
            400,
            "Presigned download is not supported for runs with proxied artifact storage (artifact URI scheme: mlflow-artifacts). This endpoint requires a run with a direct cloud storage artifact URI.",
        ),
        (
            &format!("{presigned}-download-url"),
            json!({"path": "f", "run_id": run, "expiration": 0}),
            400,
            "expiration must be between 1 and 604800 seconds (got 0).",
        ),
    ] {
        let refused = object(server.ask("POST", path, &json_type, body.to_string()).await).await;
        assert_eq!((refused.0, refused.1["message"].as_str()), (status, Some(message)), "{path}");
    }
    let refused = object(server.get("/api/2.0/mlflow-artifacts/presigned/f").await).await;
    let message = "Multipart download is not supported for the current artifact repository";
    assert_eq!((refused.0, refused.1["message"].as_str()), (501, Some(message)));
}

/// A server on S3, and where its clients reach it.
async fn on_s3(database: &TestStore, endpoint: &str, public_endpoint: Option<String>) -> (Service, Router) {
    let options = S3Options { endpoint_url: Some(endpoint.to_owned()), public_endpoint, ..S3Options::default() };
    let destination = format!("s3://ferroflow-test-{}", std::process::id());
    let config = ArtifactConfig {
        default_root: format!("{destination}/direct"),
        destination,
        serve: true,
        allowed_schemes: Vec::new(),
    };
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let service = Service::new(database.store.clone(), Artifacts::new(options).await, config, clock, entropy);
    service.prepare().await.expect("the service prepares itself");
    let router = api::router(&service, &Security { enabled: false, ..Security::default() }, "", Router::new());
    (service, router)
}

/// What `server-info` says of uploads and downloads past the server.
async fn multipart(router: &Router) -> [serde_json::Value; 2] {
    let request = Request::get("/api/3.0/mlflow/server-info").body(Body::empty()).expect("a request");
    let (_, info) = object(router.clone().oneshot(request).await.expect("an answer")).await;
    ["uploads", "downloads"].map(|what| info[format!("multipart_{what}_enabled")].clone())
}

#[tokio::test]
async fn clients_that_may_not_reach_s3_are_not_sent_there() {
    let database = TestStore::new(Backend::Sqlite).await;
    let (_, router) = on_s3(&database, "http://minio:9000", None).await;
    assert_eq!(multipart(&router).await, [false, false]);
    let request = Request::get("/api/2.0/mlflow-artifacts/presigned/f").body(Body::empty()).expect("a request");
    let (status, refused) = object(router.clone().oneshot(request).await.expect("an answer")).await;
    let message = "Multipart download is not supported for the current artifact repository";
    assert_eq!((status, &refused["message"]), (501, &json!(message)));

    let (_, router) = on_s3(&database, "http://minio:9000", Some("https://files.example.org".into())).await;
    assert_eq!(multipart(&router).await, [true, true]);
}

#[tokio::test]
async fn s3_has_ways_past_the_server() {
    let endpoint =
        std::env::var("FERROFLOW_TEST_S3_ENDPOINT").expect("FERROFLOW_TEST_S3_ENDPOINT; `make test` sets it");
    let database = TestStore::new(Backend::Sqlite).await;
    let (service, router) = on_s3(&database, &endpoint, Some(endpoint.clone())).await;
    let ask = |method: &str, path: &str, body: String| {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        router.clone().oneshot(request.body(Body::from(body)).expect("a request"))
    };

    let body = json!({"path": "/home/me/weights.bin", "num_parts": 2}).to_string();
    let created = ask("POST", "/api/2.0/mlflow-artifacts/mpu/create/0/run", body).await.expect("an answer");
    let (status, created) = object(created).await;
    assert_eq!(status, 200, "{created}");
    let upload_id = created["upload_id"].as_str().expect("an id");
    assert_eq!(created["credentials"][1]["part_number"], 2);
    let url = created["credentials"][1]["url"].as_str().expect("a URL");
    assert!(url.starts_with(&endpoint) && url.contains("/0/run/weights.bin?"), "{url}");
    let unknown =
        json!({"path": "weights.bin", "upload_id": upload_id, "parts": [{"part_number": 1, "etag": "\"x\""}]});
    let refused =
        ask("POST", "/api/2.0/mlflow-artifacts/mpu/complete/0/run", unknown.to_string()).await.expect("an answer");
    assert_eq!(object(refused).await.0, 400, "a part that never came");
    let body = json!({"path": "weights.bin", "upload_id": upload_id}).to_string();
    let aborted = ask("POST", "/api/2.0/mlflow-artifacts/mpu/abort/0/run", body).await.expect("an answer");
    assert_eq!(object(aborted).await, (200, json!({})));

    let body = json!({"path": "huge.bin", "num_parts": 10_001}).to_string();
    let huge = ask("POST", "/api/2.0/mlflow-artifacts/mpu/create/0/run", body).await.expect("an answer");
    let (status, huge) = object(huge).await;
    assert_eq!(
        (status, &huge["message"]),
        (501, &json!("Multipart upload is not supported for the current artifact repository"))
    );

    let put = ask("PUT", &format!("{PROXY}/a.txt"), "content".into()).await.expect("an answer");
    assert_eq!(put.status(), StatusCode::OK);
    let presigned = ask("GET", "/api/2.0/mlflow-artifacts/presigned/a.txt", String::new()).await.expect("an answer");
    let (_, presigned) = object(presigned).await;
    assert_eq!(presigned["file_size"], 7);
    assert_eq!(presigned["headers"], json!({}));
    assert!(presigned["url"].as_str().is_some_and(|url| url.contains("X-Amz-Expires=300")), "{presigned}");

    let run = service.create_run(NewRun { experiment_id: "0".into(), ..NewRun::default() }).await.expect("a run");
    let body = json!({"run_id": run.info.run_id, "path": "a.json", "expiration": 60}).to_string();
    let upload = ask("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url", body).await.expect("an answer");
    let (status, upload) = object(upload).await;
    assert_eq!(status, 200, "{upload}");
    assert!(upload["presigned_url"].as_str().is_some_and(|url| url.contains("X-Amz-Expires=60")), "{upload}");
    assert_eq!(upload["headers"]["content-type"], "application/json");
    let body = json!({"run_id": run.info.run_id, "path": "a.json"}).to_string();
    let missing = ask("POST", "/api/2.0/mlflow/artifacts/presigned-download-url", body).await.expect("an answer");
    assert_eq!(object(missing).await.0, 404);
}
