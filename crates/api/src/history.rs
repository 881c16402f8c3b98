//! The registry's history over HTTP: our own endpoints.

use axum::extract::State;
use service::{HistoryOf, Service};

use crate::request::Params;
use crate::response::{Answer, list, page};

/// What was done to a model and its versions, or to one of these.
pub(crate) async fn get(State(service): State<Service>, mut params: Params) -> Answer {
    let of = HistoryOf {
        name: params.required_string("name")?,
        id: params.string("id")?,
        version: params.string("version")?,
        max_results: params.int64("max_results")?,
        page_token: params.string("page_token")?,
    };
    page("history", &service.registry_history(of).await?)
}

/// The versions that were in a stage at a time.
pub(crate) async fn stage_at(State(service): State<Service>, mut params: Params) -> Answer {
    let name = params.required_string("name")?;
    let id = params.string("id")?;
    let stage = params.required_string("stage")?;
    let time = params.required_int64("time")?;
    list("model_versions", &service.stage_at(&name, id.as_deref(), &stage, time).await?)
}
