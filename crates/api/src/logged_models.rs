//! Logged models over HTTP.

use axum::extract::{Path, State};
use domain::logged_models::LoggedModelStatus;
use service::{LoggedModelDataset, LoggedModelOrder, NewLoggedModel, SearchLoggedModels, Service};

use crate::error::ApiError;
use crate::request::Params;
use crate::response::{Answer, done, one, page};
use crate::runs::filled;

pub(crate) async fn create(State(service): State<Service>, mut params: Params) -> Answer {
    let new = NewLoggedModel {
        experiment_id: params.required_string("experiment_id")?,
        name: params.string("name")?,
        model_type: params.string("model_type")?,
        source_run_id: params.string("source_run_id")?,
        params: params.pairs("params")?,
        tags: params.pairs("tags")?,
    };
    one("model", &service.create_logged_model(new).await?)
}

pub(crate) async fn get(State(service): State<Service>, Path(id): Path<String>, mut params: Params) -> Answer {
    let allow_deleted = params.bool("allow_deleted")?.unwrap_or(false);
    one("model", &service.logged_model(&id, allow_deleted).await?)
}

/// The model is the body's, not the path's, as in MLflow.
pub(crate) async fn finalize(State(service): State<Service>, mut params: Params) -> Answer {
    let id = params.required_string("model_id")?;
    let status = params.required_choice("status", LoggedModelStatus::from_name, LoggedModelStatus::from_number)?;
    one("model", &service.finalize_logged_model(&id, status).await?)
}

pub(crate) async fn delete(State(service): State<Service>, Path(id): Path<String>) -> Answer {
    service.delete_logged_model(&id).await?;
    done()
}

pub(crate) async fn set_tags(State(service): State<Service>, Path(id): Path<String>, mut params: Params) -> Answer {
    let tags = params.pairs("tags")?;
    service.set_logged_model_tags(&id, tags).await?;
    done()
}

pub(crate) async fn delete_tag(State(service): State<Service>, Path((id, key)): Path<(String, String)>) -> Answer {
    service.delete_logged_model_tag(&id, &key).await?;
    done()
}

/// The body must name a model, but the path's is the one that is meant, as in MLflow.
pub(crate) async fn log_params(State(service): State<Service>, Path(id): Path<String>, mut params: Params) -> Answer {
    params.required_string("model_id")?;
    let pairs = params.pairs("params")?;
    service.log_logged_model_params(&id, pairs).await?;
    done()
}

pub(crate) async fn search(State(service): State<Service>, mut params: Params) -> Answer {
    let search = SearchLoggedModels {
        experiment_ids: params.required_strings("experiment_ids")?,
        filter: filled(params.string("filter")?),
        datasets: params.objects("datasets")?.into_iter().map(read_dataset).collect::<Result<_, _>>()?,
        max_results: params.int64("max_results")?,
        order_by: params.objects("order_by")?.into_iter().map(read_order).collect::<Result<_, _>>()?,
        page_token: params.string("page_token")?,
    };
    page("models", &service.search_logged_models(search).await?)
}

fn read_dataset(mut dataset: Params) -> Result<LoggedModelDataset, ApiError> {
    Ok(LoggedModelDataset { name: dataset.text("dataset_name")?, digest: filled(dataset.string("dataset_digest")?) })
}

fn read_order(mut order: Params) -> Result<LoggedModelOrder, ApiError> {
    Ok(LoggedModelOrder {
        field_name: order.text("field_name")?,
        ascending: order.bool("ascending")?.unwrap_or(true),
        dataset_name: filled(order.string("dataset_name")?),
        dataset_digest: filled(order.string("dataset_digest")?),
    })
}
