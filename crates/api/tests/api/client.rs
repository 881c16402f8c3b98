//! The real router, in process, asked as a client asks it.

use api::Security;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::{Method, Request};
use serde_json::Value;
use testing::{Backend, TestService};
use tower::ServiceExt;

/// A router on a service of its own.
pub(crate) struct Api {
    pub(crate) router: Router,
    // Holds the database's and the artifacts' folders.
    _service: TestService,
}

impl Api {
    pub(crate) async fn new() -> Self {
        Self::with(Security::default(), "", Router::new()).await
    }

    /// As the server puts it together: with these checks, under this prefix, and with something beside the API.
    pub(crate) async fn with(security: Security, prefix: &str, beside: Router) -> Self {
        let service = TestService::new(Backend::Sqlite).await;
        let router = api::router(&service.service, &security, prefix, beside);
        Self { router, _service: service }
    }

    /// Sends any request and gives the whole answer.
    pub(crate) async fn send(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.expect("the router always answers")
    }

    /// `POST /api/2.0/mlflow/{path}`, as status and body.
    pub(crate) async fn post(&self, path: &str, body: Value) -> String {
        self.call(Method::POST, path, Some(body)).await
    }

    /// `GET /api/2.0/mlflow/{path}`, as status and body.
    pub(crate) async fn get(&self, path: &str) -> String {
        self.call(Method::GET, path, None).await
    }

    /// Any method under `/api/2.0/mlflow/`, or elsewhere if the path begins with a slash; as status and body.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> String {
        let body = body.map_or(Body::empty(), |b| Body::from(b.to_string()));
        self.raw(method, path, "application/json", body).await
    }

    /// A body as it is.
    pub(crate) async fn raw(&self, method: Method, path: &str, content_type: &str, body: impl Into<Body>) -> String {
        let uri = if path.starts_with('/') { path.to_owned() } else { format!("/api/2.0/mlflow/{path}") };
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header("host", "localhost:5000")
            .header("content-type", content_type)
            .body(body.into())
            .expect("a request");
        text(self.send(request).await).await
    }
}

/// Status and body of an answer, on one line.
pub(crate) async fn text(response: Response) -> String {
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("the whole body");
    format!("{status} {}", String::from_utf8_lossy(&body))
}

/// The value at a JSON pointer of an answer.
pub(crate) fn field(answer: &str, pointer: &str) -> String {
    let body: Value = serde_json::from_str(&answer[4..]).expect("a JSON answer");
    let value = body.pointer(pointer).unwrap_or_else(|| panic!("{pointer} in {answer}"));
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
