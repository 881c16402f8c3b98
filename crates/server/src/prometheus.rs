//! `--expose-prometheus`: how many requests there were and how long they took, under the names of MLflow's exporter.
//!
//! A path is the endpoint's as the router has it, so that there are no more series than endpoints.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Where the figures are read.
pub(crate) const PATH: &str = "/metrics";
/// The endpoint that is not counted, as in MLflow.
const UNCOUNTED: &str = "/health";
/// The path of requests that no endpoint answers.
const UNKNOWN: &str = "unknown";
/// Upper bounds of the histogram's buckets, in seconds.
const BUCKETS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Timed {
    method: String,
    path: String,
    status: u16,
}

/// The figures since the start.
#[derive(Clone)]
pub(crate) struct Figures {
    requests: Family<Answered, Counter>,
    durations: Family<Timed, Histogram, fn() -> Histogram>,
    registry: Arc<Registry>,
}

impl Figures {
    /// None yet.
    pub(crate) fn new() -> Self {
        let requests = Family::default();
        let durations = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        let mut registry = Registry::with_prefix("mlflow");
        registry.register("http_request", "Requests that were answered", requests.clone());
        registry.register(
            "http_request_duration_seconds",
            "Time from the head of a request to the head of its answer",
            durations.clone(),
        );
        Self { requests, durations, registry: Arc::new(registry) }
    }

    /// What tells them.
    pub(crate) fn route(&self) -> Router {
        Router::new().route(PATH, get(tell)).with_state(self.clone())
    }

    /// Counts what a router answers.
    pub(crate) fn observe(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), count))
    }
}

async fn tell(State(figures): State<Figures>) -> Response {
    let mut text = String::new();
    match encode(&mut text, &figures.registry) {
        Ok(()) => ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
            .into_response(),
        Err(cause) => {
            tracing::error!(%cause, "the figures could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn count(State(figures): State<Figures>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map_or(UNKNOWN, MatchedPath::as_str).to_owned();
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known.to_owned(),
        // A client may make up any word.
        _ => "other".to_owned(),
    };
    let began = Instant::now();
    let answer = next.run(request).await;
    if !path.ends_with(UNCOUNTED) {
        let status = answer.status().as_u16();
        figures
            .durations
            .get_or_create(&Timed { method: method.clone(), path, status })
            .observe(began.elapsed().as_secs_f64());
        figures.requests.get_or_create(&Answered { method, status }).inc();
    }
    answer
}
