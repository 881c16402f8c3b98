//! Each known way out of MLflow's artifact directories, or to hosts inside, tried on this server.
//!
//! A secret lies beside the artifacts destination. After each attempt it is there, unchanged, and no answer had it.

use std::path::{Path, PathBuf};

use axum::body::Body;
use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::artifacts::{PROXY, Server, text};

const SECRET: &str = "the secret of this machine";

/// A server, and what its clients must not reach.
struct Target {
    server: Server,
    outside: TempDir,
}

impl Target {
    async fn new() -> Self {
        Self::of(Server::new().await)
    }

    /// Clients may name folders of this machine as locations: its runs' roots are plain paths.
    async fn with_local_roots() -> Self {
        Self::of(Server::with_proxy(false).await)
    }

    fn of(server: Server) -> Self {
        let outside = TempDir::new().expect("a folder");
        std::fs::write(outside.path().join("secret.txt"), SECRET).expect("a secret");
        Self { server, outside }
    }

    fn folder(&self) -> String {
        self.outside.path().display().to_string()
    }

    fn secret(&self) -> PathBuf {
        self.outside.path().join("secret.txt")
    }

    /// As many steps up as lead to the root from anywhere, and down to the secret.
    fn climbing(&self) -> String {
        format!("{}{}", "../".repeat(16), self.secret().display().to_string().trim_start_matches('/'))
    }

    /// Sends a request that must be refused as a mistake of its sender.
    async fn refuses(&self, method: &str, path: &str, body: Value) {
        let headers = [("content-type", "application/json")];
        let answer = self.server.ask(method, path, &headers, Body::from(body.to_string())).await;
        let status = answer.status();
        let said = text(answer).await;
        assert!(status.is_client_error(), "{method} {path} {body}: {status} {said}");
        assert!(!said.contains(SECRET), "{method} {path} {body}: {said}");
        self.is_untouched();
    }

    fn is_untouched(&self) {
        assert_eq!(std::fs::read_to_string(self.secret()).expect("the secret is there"), SECRET);
        let there = std::fs::read_dir(self.outside.path()).expect("the folder is there").count();
        assert_eq!(there, 1, "nothing else is there");
    }

    async fn refuses_version_of(&self, source: &str, run_id: Option<&str>) {
        let body = json!({"name": "M", "source": source, "run_id": run_id});
        self.refuses("POST", "/api/2.0/mlflow/model-versions/create", body).await;
        // What a refusal leaves behind could be read all the same.
        self.refuses_files_of_the_version().await;
    }

    async fn refuses_files_of_the_version(&self) {
        let path = escaped(&self.secret().display().to_string());
        for path in [path.as_str(), "secret.txt", "etc/passwd"] {
            let query = format!("/model-versions/get-artifact?name=M&version=1&path={path}");
            self.refuses("GET", &query, Value::Null).await;
        }
    }

    async fn refuses_location(&self, location: &str) {
        let body = json!({"name": "E", "artifact_location": location});
        self.refuses("POST", "/api/2.0/mlflow/experiments/create", body).await;
    }

    async fn with_model(self) -> Self {
        self.post("registered-models/create", json!({"name": "M"})).await;
        self
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let headers = [("content-type", "application/json")];
        let path = format!("/api/2.0/mlflow/{path}");
        let answer = self.server.ask("POST", &path, &headers, Body::from(body.to_string())).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path} {body}");
        serde_json::from_str(&text(answer).await).expect("JSON")
    }
}

fn escaped(path: &str) -> String {
    utf8_percent_encode(path, NON_ALPHANUMERIC).to_string()
}

/// A path, percent-encoded once, twice, and so on, with separators and dots of every kind.
fn disguises(path: &str) -> Vec<String> {
    let once = escaped(path);
    let twice = escaped(&once);
    vec![once.replace("%2F", "/"), twice.replace("%252F", "/"), escaped(&twice), twice, once]
}

#[tokio::test]
async fn cve_2023_1177_a_version_of_any_folder() {
    let target = Target::with_local_roots().await.with_model().await;
    for source in ["//proc/self/root", "/", &target.folder(), &format!("file://{}", target.folder())] {
        target.refuses_version_of(source, None).await;
    }
}

#[tokio::test]
async fn cve_2023_2356_a_version_beside_its_run() {
    let target = Target::with_local_roots().await.with_model().await;
    let run_id = target.server.new_run().await;
    let root = target.server.service.run_location(&run_id).await.expect("a location");
    for source in [
        format!("{root}/../../../{}", target.climbing()),
        format!("{root}/model/../../..{}", target.folder()),
        format!("file://{root}/../../../../../../..{}", target.folder()),
        target.folder(),
    ] {
        target.refuses_version_of(&source, Some(&run_id)).await;
    }
}

#[tokio::test]
async fn cve_2023_2780_a_version_of_a_folder_in_disguise() {
    let target = Target::with_local_roots().await.with_model().await;
    let folder = target.folder();
    for source in [
        format!("file:{folder}"),
        format!("FILE://{folder}"),
        format!("file://localhost{folder}"),
        format!("file://.{folder}"),
        format!("file://{}", folder.replace('/', "/./")),
        format!("file://{}", escaped(&folder).replace("%2F", "/")),
        format!("./../../../../../../../../..{folder}"),
        format!(r"\..\..{folder}"),
        r"file:///\..\filename".to_owned(),
    ] {
        target.refuses_version_of(&source, None).await;
    }
}

#[tokio::test]
async fn cve_2023_6831_a_removal_outside() {
    let target = Target::new().await;
    for path in disguises(&target.climbing()) {
        target.refuses("DELETE", &format!("{PROXY}/{path}"), Value::Null).await;
    }
}

#[tokio::test]
async fn cve_2023_6909_a_location_that_climbs_in_its_query() {
    let target = Target::with_local_roots().await;
    for location in [
        format!("file:///x?/{}", target.climbing()),
        format!("s3://bucket/x?a={}", target.climbing()),
        "s3://bucket/x?%2e%2e/y".to_owned(),
        "s3://bucket/x?%252e%252e/y".to_owned(),
    ] {
        target.refuses_location(&location).await;
    }
}

#[tokio::test]
async fn cve_2023_6015_an_upload_outside() {
    let target = Target::new().await;
    let written = target.outside.path().join("written").display().to_string();
    let climbing = format!("{}{}", "../".repeat(16), written.trim_start_matches('/'));
    for path in disguises(&climbing).into_iter().chain([escaped(&written), "C:/written".into(), "C:%5Cwritten".into()])
    {
        target.refuses("PUT", &format!("{PROXY}/{path}"), json!("x")).await;
    }
}

#[tokio::test]
async fn cve_2023_6018_an_upload_to_a_run_outside() {
    let target = Target::new().await;
    let run_id = target.server.new_run().await;
    let written = target.outside.path().join("written").display().to_string();
    let climbing = format!("{}{}", "../".repeat(16), written.trim_start_matches('/'));
    for path in disguises(&climbing).into_iter().chain([escaped(&written)]) {
        let upload = format!("/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run_id}&path={path}");
        target.refuses("POST", &upload, json!("x")).await;
        target.refuses("POST", &format!("/api/2.0/mlflow-artifacts/mpu/create/{path}"), json!({"num_parts": 1})).await;
    }
}

#[tokio::test]
async fn cve_2023_6974_a_request_to_a_host_inside() {
    let target = Target::new().await.with_model().await;
    for host in ["http://169.254.169.254", "https://localhost:1", "ftp://127.0.0.1", "http://[::1]", "sftp://10.0.0.1"]
    {
        target.refuses_location(&format!("{host}/latest/meta-data")).await;
        target.refuses_version_of(&format!("{host}/latest/meta-data"), None).await;
    }
}

#[tokio::test]
async fn cve_2023_6977_a_download_from_outside() {
    let target = Target::new().await.with_model().await;
    let run_id = target.server.new_run().await;
    target
        .post("model-versions/create", json!({"name": "M", "source": format!("runs:/{run_id}/m"), "run_id": run_id}))
        .await;
    let (climbing, absolute) = (target.climbing(), target.secret().display().to_string());
    for path in disguises(&climbing).into_iter().chain(disguises(&absolute)) {
        target.refuses("GET", &format!("{PROXY}/{path}"), Value::Null).await;
        for owner in [format!("run_id={run_id}"), "name=M&version=1".into()] {
            let version = if owner.starts_with("name") { "/model-versions" } else { "" };
            target.refuses("GET", &format!("{version}/get-artifact?{owner}&path={path}"), Value::Null).await;
            let archive = format!("/api/ferroflow/v1/artifacts/archive?{owner}&path={path}");
            target.refuses("GET", &archive, Value::Null).await;
        }
        let list = format!("/api/2.0/mlflow/artifacts/list?run_id={run_id}&path={path}");
        target.refuses("GET", &list, Value::Null).await;
    }
}

#[tokio::test]
async fn cve_2024_1483_a_version_that_climbs_behind_a_hash() {
    let target = Target::with_local_roots().await.with_model().await;
    let run_id = target.server.new_run().await;
    let root = target.server.service.run_location(&run_id).await.expect("a location");
    for source in [format!("http:///#/{}", target.climbing()), format!("file://{}#{root}", target.folder())] {
        target.refuses_version_of(&source, Some(&run_id)).await;
    }
    // What follows the hash is no part of a path, so this is the run's own folder, to MLflow as well.
    let source = format!("file://{root}#/{}", target.climbing());
    target.post("model-versions/create", json!({"name": "M", "source": source, "run_id": run_id})).await;
    target.refuses_files_of_the_version().await;
}

#[tokio::test]
async fn cve_2024_1558_a_version_that_climbs_in_its_query() {
    let target = Target::new().await.with_model().await;
    let run_id = target.server.new_run().await;
    for source in [
        format!("mlflow-artifacts:/0/{run_id}/artifacts/a/../../../.."),
        format!("mlflow-artifacts:/0/{run_id}/artifacts/a%2f..%2f..%2f..%2f.."),
        format!("mlflow-artifacts:/0/{run_id}/artifacts/a?/../../../.."),
        format!("runs:/{run_id}/../../.."),
        format!("runs:/{run_id}/a?/../../../{}", target.climbing()),
    ] {
        target.refuses_version_of(&source, Some(&run_id)).await;
    }
}

#[tokio::test]
async fn cve_2024_1560_a_removal_by_a_name_that_is_decoded_twice() {
    let target = Target::new().await;
    for path in disguises(&target.secret().display().to_string()) {
        // The first slash would be the route's.
        target.refuses("DELETE", &format!("{PROXY}/%2F{}", path.trim_start_matches('/')), Value::Null).await;
        target.refuses("DELETE", &format!("{PROXY}/file%3A%2F%2F{path}"), Value::Null).await;
    }
}

#[tokio::test]
async fn cve_2024_1593_a_location_with_parameters() {
    let target = Target::with_local_roots().await;
    for location in ["http:///;/../../etc", "/tmp/x;y", "ftp://host/x;type=a"] {
        target.refuses_location(location).await;
    }
}

#[tokio::test]
async fn cve_2024_1594_a_location_with_a_fragment() {
    let target = Target::with_local_roots().await;
    for location in [format!("/tmp/x#/{}", target.climbing()), format!("file:///x#{}", target.folder())] {
        target.refuses_location(&location).await;
    }
}

#[tokio::test]
async fn cve_2024_3848_a_location_with_a_fragment_behind_a_host() {
    let target = Target::with_local_roots().await;
    for location in [
        format!("http://host#/{}", target.climbing()),
        format!("s3://bucket#/{}", target.climbing()),
        format!("mlflow-artifacts:/x#/{}", target.climbing()),
    ] {
        target.refuses_location(&location).await;
    }
}

#[tokio::test]
async fn cve_2025_11201_a_model_that_is_made_outside() {
    let target = Target::with_local_roots().await.with_model().await;
    let run_id = target.server.new_run().await;
    for name in ["../../written", "/written", "a/b", "..%2Fwritten"] {
        let body = json!({"experiment_id": "0", "name": name, "source_run_id": run_id});
        target.refuses("POST", "/api/2.0/mlflow/logged-models", body).await;
    }
    let body = json!({"experiment_id": "0", "name": "m", "source_run_id": run_id});
    let model = target.post("logged-models", body).await;
    let id = model["model"]["info"]["model_id"].as_str().expect("an id");
    for source in [format!("models:/{id}/../.."), format!("models:/../{id}"), format!("models:/{id}%2F..%2F..")] {
        target.refuses_version_of(&source, Some(&run_id)).await;
    }
    for path in disguises(&target.climbing()) {
        let file = format!("/ajax-api/2.0/mlflow/logged-models/{id}/artifacts/files?artifact_file_path={path}");
        target.refuses("GET", &file, Value::Null).await;
    }
}

#[tokio::test]
async fn cve_2026_2614_a_prompt_of_any_folder() {
    let target = Target::with_local_roots().await.with_model().await;
    let tags = json!([{"key": "mlflow.prompt.is_prompt", "value": "true"}]);
    let body = json!({"name": "M", "source": target.folder(), "tags": tags});
    target.refuses("POST", "/api/2.0/mlflow/model-versions/create", body).await;
    target.post("registered-models/create", json!({"name": "P", "tags": tags})).await;
    for source in
        [target.folder(), format!("file://{}", target.folder()), format!("dummy-source/{}", target.climbing())]
    {
        let body = json!({"name": "P", "source": source, "tags": tags});
        target.refuses("POST", "/api/2.0/mlflow/model-versions/create", body).await;
    }
    let file = "/model-versions/get-artifact?name=P&version=1&path=secret.txt";
    target.refuses("GET", file, Value::Null).await;
}

/// CVE-2025-10279 and its relatives: a link that somebody put among the artifacts.
#[tokio::test]
async fn symbolic_links_lead_nowhere() {
    let target = Target::new().await;
    let run_id = target.server.new_run().await;
    let root = target.server.test.artifacts.path().join(format!("0/{run_id}/artifacts"));
    std::fs::create_dir_all(root.join("folder")).expect("a folder");
    std::os::unix::fs::symlink(target.outside.path(), root.join("link")).expect("a link");
    std::os::unix::fs::symlink(target.secret(), root.join("file.txt")).expect("a link");
    std::fs::write(root.join("folder/own.txt"), "own").expect("a file");
    let files = format!("{PROXY}/0/{run_id}/artifacts");
    for name in ["link/secret.txt", "file.txt", "link"] {
        target.refuses("GET", &format!("{files}/{name}"), Value::Null).await;
        target.refuses("GET", &format!("/get-artifact?run_id={run_id}&path={name}"), Value::Null).await;
    }
    target.refuses("PUT", &format!("{files}/link/written"), json!("x")).await;
    target.refuses("PUT", &format!("{files}/link/secret.txt"), json!("x")).await;
    target.refuses("DELETE", &format!("{files}/link/secret.txt"), Value::Null).await;
    let archive = format!("/api/ferroflow/v1/artifacts/archive?run_id={run_id}");
    target.refuses("GET", &format!("{archive}&path=link"), Value::Null).await;
    let whole = target.server.get(&archive).await;
    assert_eq!(whole.status(), StatusCode::OK);
    let zip = axum::body::to_bytes(whole.into_body(), usize::MAX).await.expect("an archive");
    let has = |text: &str| zip.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(has("folder/own.txt") && !has(SECRET) && !has("secret.txt"), "links are left out");

    // To write over a link, or to remove it, touches the link alone.
    let put = target.server.ask("PUT", &format!("{files}/file.txt"), &[], "mine").await;
    assert!(put.status() == StatusCode::OK || put.status().is_client_error(), "{}", put.status());
    target.is_untouched();
    let removed = target.server.ask("DELETE", &format!("{files}/link"), &[], Body::empty()).await;
    assert!(!removed.status().is_server_error(), "{}", removed.status());
    target.is_untouched();
    assert!(Path::new(&target.folder()).is_dir());
}
