//! Host, Origin and the headers of every answer.

use crate::client::{Api, text};
use api::Security;
use axum::response::Response;
use http::{HeaderMap, Request};
use insta::assert_snapshot;

/// Sends a request with these headers to an API path.
async fn ask(api: &Api, method: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Request::builder().method(method).uri("/api/2.0/mlflow/runs/search");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    api.send(request.body("{}".into()).expect("a request")).await
}

async fn with(security: Security) -> Api {
    Api::with(security, "", axum::Router::new()).await
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn a_foreign_host_is_refused() {
    let api = Api::new().await;
    let refused = "403 Invalid Host header - possible DNS rebinding attack detected";
    for host in ["evil.example", "127.0.0.1.evil.example", ""] {
        assert_eq!(text(ask(&api, "POST", &[("host", host), JSON]).await).await, refused, "{host}");
    }
    for host in ["localhost", "127.0.0.1:5000", "[::1]:5000", "192.168.0.9"] {
        assert_eq!(text(ask(&api, "POST", &[("host", host), JSON]).await).await, "200 {}", "{host}");
    }
    let health = Request::get("/health").header("host", "evil.example").body(String::new().into());
    assert_eq!(text(api.send(health.expect("a request")).await).await, "200 OK");

    let api = with(Security { allowed_hosts: Some(vec!["*.example:5000".into()]), ..Security::default() }).await;
    assert_eq!(text(ask(&api, "POST", &[("host", "ml.example:5000"), JSON]).await).await, "200 {}");
    assert_eq!(text(ask(&api, "POST", &[("host", "ml.example"), JSON]).await).await, refused);
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing() {
    let api = Api::new().await;
    let refused = "403 Cross-origin request blocked";
    for (host, origin) in [
        ("localhost:5000", "https://evil.example"),
        ("localhost:5000", "null"),
        ("localhost:5000", "http://10.0.0.7:5000"),
        ("10.0.0.7:5000", "http://10.0.0.7:5001"),
        ("10.0.0.7:5000", "http://10.0.0.7"),
    ] {
        let answer = text(ask(&api, "POST", &[("host", host), ("origin", origin), JSON]).await).await;
        assert_eq!(answer, refused, "{origin} on {host}");
    }
    for (host, origin) in [
        ("localhost:5000", "http://localhost:3000"),
        ("10.0.0.7:5000", "http://10.0.0.7:5000"),
        ("10.0.0.7", "https://10.0.0.7"),
    ] {
        let answer = text(ask(&api, "POST", &[("host", host), ("origin", origin), JSON]).await).await;
        assert_eq!(answer, "200 {}", "{origin} on {host}");
    }
    // Reading is the browser's to forbid.
    let response = ask(&api, "GET", &[("host", "localhost"), ("origin", "https://evil.example")]).await;
    assert_eq!(response.status(), 405);
    assert!(!response.headers().contains_key("access-control-allow-origin"));
}

/// The headers that the guard is about, one on each line.
fn shown(headers: &HeaderMap) -> String {
    let about = |name: &str| name.starts_with("access-control") || name.starts_with("x-") || name == "vary";
    let mut lines: Vec<_> = headers
        .iter()
        .filter(|(name, _)| about(name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")))
        .collect();
    lines.sort();
    lines.join("\n")
}

#[tokio::test]
async fn every_answer_has_the_standard_headers() {
    let api = Api::new().await;
    let response = ask(&api, "POST", &[("host", "localhost"), ("origin", "http://localhost:3000"), JSON]).await;
    assert_snapshot!(shown(response.headers()), @r"
    access-control-allow-credentials: true
    access-control-allow-origin: http://localhost:3000
    access-control-expose-headers: *
    vary: Origin
    x-content-type-options: nosniff
    x-frame-options: SAMEORIGIN
    ");
    let refused = ask(&api, "POST", &[("host", "evil.example")]).await;
    assert_snapshot!(shown(refused.headers()), @r"
    vary: Origin
    x-content-type-options: nosniff
    x-frame-options: SAMEORIGIN
    ");
}

#[tokio::test]
async fn a_preflight_is_answered_for_allowed_sites() {
    let security = Security { allowed_origins: vec!["https://ui.example".into()], ..Security::default() };
    let api = with(security).await;
    let asked = |origin| {
        [
            ("host", "localhost"),
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type"),
        ]
    };
    let response = ask(&api, "OPTIONS", &asked("https://ui.example")).await;
    assert_snapshot!(shown(response.headers()), @r"
    access-control-allow-credentials: true
    access-control-allow-headers: content-type
    access-control-allow-methods: GET, POST, PUT, DELETE, OPTIONS, PATCH
    access-control-allow-origin: https://ui.example
    access-control-expose-headers: *
    access-control-max-age: 600
    vary: Origin
    x-content-type-options: nosniff
    x-frame-options: SAMEORIGIN
    ");
    assert_eq!(text(response).await, "200 OK");
    assert_eq!(text(ask(&api, "OPTIONS", &asked("https://evil.example")).await).await, "400 Disallowed CORS origin");
    assert_eq!(text(ask(&api, "OPTIONS", &[("host", "localhost")]).await).await, "204 ");
}

#[tokio::test]
async fn a_lone_star_allows_every_site_without_credentials() {
    let api = with(Security { allowed_origins: vec!["*".into()], ..Security::default() }).await;
    let response = ask(&api, "POST", &[("host", "localhost"), ("origin", "https://any.example"), JSON]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    assert!(!response.headers().contains_key("access-control-allow-credentials"));
}

#[tokio::test]
async fn all_of_it_can_be_turned_off() {
    let api = with(Security { enabled: false, ..Security::default() }).await;
    let response = ask(&api, "POST", &[("host", "evil.example"), ("origin", "https://evil.example"), JSON]).await;
    assert_eq!((response.status().as_u16(), shown(response.headers()).as_str()), (200, ""));
}
