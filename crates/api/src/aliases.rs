//! Aliases of versions over HTTP.

use axum::extract::State;
use service::Service;

use crate::request::Params;
use crate::response::{Answer, done, one};

pub(crate) async fn set(State(service): State<Service>, mut params: Params) -> Answer {
    let name = params.required_string("name")?;
    let alias = params.required_string("alias")?;
    let version = params.required_string("version")?;
    service.set_alias(&name, &alias, &version).await?;
    done()
}

pub(crate) async fn delete(State(service): State<Service>, mut params: Params) -> Answer {
    let name = params.required_string("name")?;
    let alias = params.required_string("alias")?;
    service.delete_alias(&name, &alias).await?;
    done()
}

pub(crate) async fn get(State(service): State<Service>, mut params: Params) -> Answer {
    let name = params.required_string("name")?;
    let alias = params.required_string("alias")?;
    one("model_version", &service.version_by_alias(&name, &alias).await?)
}
