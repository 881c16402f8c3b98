//! The API's description in `OpenAPI`, made of the table of endpoints and of what is said here of each of them.
//!
//! Requests are read field by field, so nothing could be derived from types: `tests` holds each description against what
//! its handler really reads, and the client's tests hold it against real answers.

mod artifacts;
mod describe;
mod experiments;
mod logged_models;
mod ours;
mod registry;
mod runs;
mod schemas;
mod server;
#[cfg(test)]
mod tests;

use std::collections::btree_map::Entry;
use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use utoipa::openapi::path::PathItem;
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Paths};

use crate::endpoints::endpoints;
use crate::server_info::MLFLOW_VERSION;
use describe::Described;

/// Sends the description.
pub(crate) async fn get() -> Response {
    static DOCUMENT: LazyLock<Vec<u8>> = LazyLock::new(|| serde_json::to_vec(&document()).unwrap_or_default());
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], DOCUMENT.as_slice()).into_response()
}

/// Every description, in groups.
fn groups() -> [(&'static str, Vec<Described>); 10] {
    [
        ("Server", server::endpoints()),
        ("Experiments", experiments::endpoints()),
        ("Runs", runs::endpoints()),
        ("Logged models", logged_models::endpoints()),
        ("Registry", registry::endpoints()),
        ("Webhooks", registry::webhooks()),
        ("Registry's memory", ours::memory()),
        ("Storage", ours::storage()),
        ("Exports", ours::exports()),
        ("Artifacts", artifacts::endpoints()),
    ]
}

fn document() -> OpenApi {
    let table = endpoints();
    let mut paths = Paths::new();
    for (group, descriptions) in groups() {
        for described in descriptions {
            let row = table.iter().find(|row| row.path == described.path && row.method == described.method);
            let Some(path) = row.and_then(|row| row.paths().into_iter().next()) else { continue };
            let item = PathItem::new(described.http_method(), described.operation(group));
            match paths.paths.entry(path.replace("{*", "{")) {
                Entry::Occupied(mut known) => known.get_mut().merge_operations(item),
                Entry::Vacant(new) => _ = new.insert(item),
            }
        }
    }
    let components = ComponentsBuilder::new().schemas_from_iter(schemas::schemas());
    let components = describe::errors().fold(components, |all, (name, response)| all.response(name, response));
    let info = InfoBuilder::new()
        .title("Ferroflow")
        .version(MLFLOW_VERSION)
        .description(Some(
            "MLflow's HTTP API. What is under `/api/` is under `/ajax-api/` as well. A GET without a query may carry its \
             fields in a JSON body.",
        ))
        .build();
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components.build())).build()
}
