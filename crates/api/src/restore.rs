//! Undo in the registry over HTTP: our own endpoints.

use axum::extract::State;
use service::Service;

use crate::request::Params;
use crate::response::{Answer, one, page};

pub(crate) async fn deleted_models(State(service): State<Service>, mut params: Params) -> Answer {
    let max_results = params.int64("max_results")?;
    let token = params.string("page_token")?;
    page("registered_models", &service.deleted_models(max_results, token.as_deref()).await?)
}

pub(crate) async fn deleted_versions(State(service): State<Service>, mut params: Params) -> Answer {
    let name = params.required_string("name")?;
    let max_results = params.int64("max_results")?;
    let token = params.string("page_token")?;
    page("model_versions", &service.deleted_versions(&name, max_results, token.as_deref()).await?)
}

pub(crate) async fn restore_model(State(service): State<Service>, mut params: Params) -> Answer {
    let name = params.required_string("name")?;
    let id = params.string("id")?;
    one("registered_model", &service.restore_registered_model(&name, id.as_deref()).await?)
}

pub(crate) async fn restore_version(State(service): State<Service>, mut params: Params) -> Answer {
    let name = params.required_string("name")?;
    let version = params.required_string("version")?;
    one("model_version", &service.restore_model_version(&name, &version).await?)
}
