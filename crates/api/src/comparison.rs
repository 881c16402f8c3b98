//! Versions side by side over HTTP: our own endpoint.

use axum::extract::State;
use service::Service;

use crate::request::Params;
use crate::response::{Answer, one};

/// Two versions side by side; the second is of the same model if no other is named.
pub(crate) async fn get(State(service): State<Service>, mut params: Params) -> Answer {
    let name = params.required_string("name")?;
    let version = params.required_string("version")?;
    let other_name = params.string("other_name")?.unwrap_or_else(|| name.clone());
    let other_version = params.required_string("other_version")?;
    one("comparison", &service.compare_versions(vec![(name, version), (other_name, other_version)]).await?)
}
