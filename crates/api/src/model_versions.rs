//! Versions of registered models over HTTP.

use axum::extract::State;
use service::{NewModelVersion, SearchModelVersions, Service};

use crate::request::Params;
use crate::response::{Answer, done, one, page, value};

/// Largest page of a search.
const MAX_PAGE: i64 = 200_000;

pub(crate) async fn create(State(service): State<Service>, mut params: Params) -> Answer {
    let new = NewModelVersion {
        name: params.required_string("name")?,
        source: params.required_string("source")?,
        run_id: params.string("run_id")?,
        tags: params.pairs("tags")?,
        run_link: params.string("run_link")?,
        // A version that was made without a description has an empty one.
        description: Some(params.text("description")?),
        model_id: params.string("model_id")?,
    };
    one("model_version", &service.create_model_version(new).await?)
}

pub(crate) async fn get(State(service): State<Service>, mut params: Params) -> Answer {
    let (name, version) = version(&mut params)?;
    one("model_version", &service.model_version(&name, &version).await?)
}

pub(crate) async fn search(State(service): State<Service>, mut params: Params) -> Answer {
    let search = SearchModelVersions {
        filter: params.string("filter")?,
        max_results: params.int64_at_most("max_results", MAX_PAGE)?,
        order_by: params.strings("order_by")?,
        page_token: params.string("page_token")?,
    };
    page("model_versions", &service.search_model_versions(search).await?)
}

pub(crate) async fn update(State(service): State<Service>, mut params: Params) -> Answer {
    let (name, version) = version(&mut params)?;
    let description = params.string("description")?;
    one("model_version", &service.update_model_version(&name, &version, description.as_deref()).await?)
}

pub(crate) async fn transition_stage(State(service): State<Service>, mut params: Params) -> Answer {
    let (name, version) = version(&mut params)?;
    let stage = params.required_string("stage")?;
    let archive = params.bool("archive_existing_versions")?.unwrap_or(false);
    one("model_version", &service.transition_stage(&name, &version, &stage, archive).await?)
}

pub(crate) async fn delete(State(service): State<Service>, mut params: Params) -> Answer {
    let (name, version) = version(&mut params)?;
    service.delete_model_version(&name, &version).await?;
    done()
}

pub(crate) async fn get_download_uri(State(service): State<Service>, mut params: Params) -> Answer {
    let name = params.text("name")?;
    let version = params.text("version")?;
    value("artifact_uri", &service.download_uri(&name, &version).await?)
}

pub(crate) async fn set_tag(State(service): State<Service>, mut params: Params) -> Answer {
    let (name, version) = version(&mut params)?;
    let key = params.required_string("key")?;
    let value = params.text("value")?;
    service.set_model_version_tag(&name, &version, &key, &value).await?;
    done()
}

pub(crate) async fn delete_tag(State(service): State<Service>, mut params: Params) -> Answer {
    let (name, version) = version(&mut params)?;
    let key = params.required_string("key")?;
    service.delete_model_version_tag(&name, &version, &key).await?;
    done()
}

/// The two fields that name a version; the number is a text.
fn version(params: &mut Params) -> Result<(String, String), crate::error::ApiError> {
    Ok((params.required_string("name")?, params.required_string("version")?))
}
