//! Registered models over HTTP.

use axum::extract::State;
use service::{NewRegisteredModel, SearchRegisteredModels, Service};

use crate::request::Params;
use crate::response::{Answer, done, list, one, page};

/// Largest page of a search.
const MAX_PAGE: i64 = 1_000;

pub(crate) async fn create(State(service): State<Service>, mut params: Params) -> Answer {
    let new = NewRegisteredModel {
        name: params.required_string("name")?,
        tags: params.pairs("tags")?,
        description: params.string("description")?,
    };
    one("registered_model", &service.create_registered_model(new).await?)
}

pub(crate) async fn get(State(service): State<Service>, mut params: Params) -> Answer {
    let name = params.required_string("name")?;
    one("registered_model", &service.registered_model(&name).await?)
}

pub(crate) async fn search(State(service): State<Service>, mut params: Params) -> Answer {
    let search = SearchRegisteredModels {
        filter: params.string("filter")?,
        max_results: params.int64_at_most("max_results", MAX_PAGE)?,
        order_by: params.strings("order_by")?,
        page_token: params.string("page_token")?,
    };
    page("registered_models", &service.search_registered_models(search).await?)
}

pub(crate) async fn update(State(service): State<Service>, mut params: Params) -> Answer {
    let name = params.required_string("name")?;
    let description = params.string("description")?;
    one("registered_model", &service.update_registered_model(&name, description.as_deref()).await?)
}

pub(crate) async fn rename(State(service): State<Service>, mut params: Params) -> Answer {
    let name = params.required_string("name")?;
    let new_name = params.required_string("new_name")?;
    one("registered_model", &service.rename_registered_model(&name, &new_name).await?)
}

pub(crate) async fn delete(State(service): State<Service>, mut params: Params) -> Answer {
    let name = params.required_string("name")?;
    service.delete_registered_model(&name).await?;
    done()
}

pub(crate) async fn get_latest_versions(State(service): State<Service>, mut params: Params) -> Answer {
    let name = params.required_string("name")?;
    let stages = params.strings("stages")?;
    list("model_versions", &service.latest_versions(&name, &stages).await?)
}

pub(crate) async fn set_tag(State(service): State<Service>, mut params: Params) -> Answer {
    let name = params.required_string("name")?;
    let key = params.required_string("key")?;
    let value = params.text("value")?;
    service.set_registered_model_tag(&name, &key, &value).await?;
    done()
}

pub(crate) async fn delete_tag(State(service): State<Service>, mut params: Params) -> Answer {
    let name = params.required_string("name")?;
    let key = params.required_string("key")?;
    service.delete_registered_model_tag(&name, &key).await?;
    done()
}
