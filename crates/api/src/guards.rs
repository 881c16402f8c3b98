//! Guards over HTTP: our own endpoints.

use axum::extract::State;
use domain::guards::{Guards, RequiredTag};
use serde::Serialize;
use service::Service;

use crate::request::Params;
use crate::response::{Answer, json};
use crate::wire::{GuardsShape, Wire};

#[derive(Serialize)]
struct Asked<'a> {
    guards: GuardsShape<'a>,
    /// What the version lacks, if one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<&'a [String]>,
}

/// What a model asks of a version before it enters Production and, if one is named, what that one lacks.
pub(crate) async fn get(State(service): State<Service>, mut params: Params) -> Answer {
    let name = params.required_string("name")?;
    let version = params.string("version")?;
    let guards = service.guards(&name).await?;
    let missing = match version {
        Some(version) => Some(service.missing_for_production(&name, &version).await?),
        None => None,
    };
    json(&Asked { guards: guards.shape(), missing: missing.as_deref() })
}

/// Sets the whole of it: what is left out is not asked.
pub(crate) async fn set(State(service): State<Service>, mut params: Params) -> Answer {
    let name = params.required_string("name")?;
    let signature = params.bool("signature")?.unwrap_or(false);
    let description = params.bool("description")?.unwrap_or(false);
    let tag = |mut tag: Params| Ok(RequiredTag { key: tag.required_string("key")?, value: tag.string("value")? });
    let tags = params.objects("tags")?.into_iter().map(tag).collect::<Result<_, crate::ApiError>>()?;
    let guards = service.set_guards(&name, Guards { signature, description, tags }).await?;
    json(&Asked { guards: guards.shape(), missing: None })
}
