//! Experiments over HTTP.

use axum::extract::State;
use domain::ViewType;
use service::{NewExperiment, SearchExperiments, Service};

use crate::request::Params;
use crate::response::{Answer, done, list, one, page, value};

pub(crate) async fn create(State(service): State<Service>, mut params: Params) -> Answer {
    let new = NewExperiment {
        name: params.required_string("name")?,
        artifact_location: params.string("artifact_location")?,
        tags: params.pairs("tags")?,
    };
    let id = service.create_experiment(new).await?;
    value("experiment_id", &id.to_string())
}

pub(crate) async fn get(State(service): State<Service>, mut params: Params) -> Answer {
    let id = params.required_string("experiment_id")?;
    one("experiment", &service.experiment(&id).await?)
}

pub(crate) async fn get_by_name(State(service): State<Service>, mut params: Params) -> Answer {
    let name = params.required_string("experiment_name")?;
    one("experiment", &service.experiment_by_name(&name).await?)
}

pub(crate) async fn search(State(service): State<Service>, mut params: Params) -> Answer {
    let search = SearchExperiments {
        view_type: view_type(&mut params, "view_type")?,
        // Without a page size MLflow reads 0, which the search refuses.
        max_results: params.int64("max_results")?.unwrap_or(0),
        order_by: params.strings("order_by")?,
        filter: params.string("filter")?,
        page_token: params.string("page_token")?,
    };
    page("experiments", &service.search_experiments(search).await?)
}

pub(crate) async fn update(State(service): State<Service>, mut params: Params) -> Answer {
    let id = params.required_string("experiment_id")?;
    let name = params.required_string("new_name")?;
    service.rename_experiment(&id, &name).await?;
    done()
}

pub(crate) async fn delete(State(service): State<Service>, mut params: Params) -> Answer {
    let id = params.required_string("experiment_id")?;
    service.delete_experiment(&id).await?;
    done()
}

pub(crate) async fn restore(State(service): State<Service>, mut params: Params) -> Answer {
    let id = params.required_string("experiment_id")?;
    service.restore_experiment(&id).await?;
    done()
}

pub(crate) async fn set_tag(State(service): State<Service>, mut params: Params) -> Answer {
    let id = params.required_string("experiment_id")?;
    let key = params.required_string("key")?;
    let value = params.text("value")?;
    service.set_experiment_tag(&id, &key, &value).await?;
    done()
}

pub(crate) async fn delete_tag(State(service): State<Service>, mut params: Params) -> Answer {
    let id = params.required_string("experiment_id")?;
    let key = params.required_string("key")?;
    service.delete_experiment_tag(&id, &key).await?;
    done()
}

pub(crate) async fn search_datasets(State(service): State<Service>, mut params: Params) -> Answer {
    let ids = params.strings("experiment_ids")?;
    list("dataset_summaries", &service.search_datasets(&ids).await?)
}

/// Which lifecycle stages a search asks for: by name, or by the numbers 1 to 3.
pub(crate) fn view_type(params: &mut Params, name: &str) -> Result<ViewType, crate::error::ApiError> {
    let by_name = |name: &str| match name {
        "ACTIVE_ONLY" => Some(ViewType::ActiveOnly),
        "DELETED_ONLY" => Some(ViewType::DeletedOnly),
        "ALL" => Some(ViewType::All),
        _ => None,
    };
    let by_number = |number| match number {
        1 => Some(ViewType::ActiveOnly),
        2 => Some(ViewType::DeletedOnly),
        3 => Some(ViewType::All),
        _ => None,
    };
    Ok(params.choice(name, by_name, by_number)?.unwrap_or_default())
}
