//! Registered models and their versions on the wire.

use domain::Tag;
use domain::model_versions::ModelVersion;
use domain::registered_models::{ModelAlias, RegisteredModel};
use serde::Serialize;

use super::{List, Text, Wire, is_blank};

#[derive(Serialize)]
pub(crate) struct RegisteredModelShape<'a> {
    name: &'a str,
    creation_timestamp: i64,
    last_updated_timestamp: i64,
    #[serde(skip_serializing_if = "is_blank")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "List::is_empty")]
    latest_versions: List<'a, ModelVersion>,
    #[serde(skip_serializing_if = "List::is_empty")]
    tags: List<'a, Tag>,
    #[serde(skip_serializing_if = "List::is_empty")]
    aliases: List<'a, ModelAlias>,
}

impl Wire for RegisteredModel {
    type Shape<'a> = RegisteredModelShape<'a>;

    fn shape(&self) -> RegisteredModelShape<'_> {
        RegisteredModelShape {
            name: &self.name,
            creation_timestamp: self.creation_timestamp,
            last_updated_timestamp: self.last_updated_timestamp,
            description: self.description.as_deref(),
            latest_versions: List(&self.latest_versions),
            tags: List(&self.tags),
            aliases: List(&self.aliases),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct AliasShape<'a> {
    alias: &'a str,
    version: Text<i64>,
}

impl Wire for ModelAlias {
    type Shape<'a> = AliasShape<'a>;

    fn shape(&self) -> AliasShape<'_> {
        AliasShape { alias: &self.alias, version: Text(self.version) }
    }
}

#[derive(Serialize)]
pub(crate) struct ModelVersionShape<'a> {
    name: &'a str,
    version: Text<i64>,
    creation_timestamp: i64,
    last_updated_timestamp: i64,
    current_stage: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    source: &'a str,
    run_id: &'a str,
    /// Versions are ready from the start; clients wait for it.
    status: &'static str,
    #[serde(skip_serializing_if = "List::is_empty")]
    tags: List<'a, Tag>,
    run_link: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    aliases: &'a [String],
}

impl Wire for ModelVersion {
    type Shape<'a> = ModelVersionShape<'a>;

    fn shape(&self) -> ModelVersionShape<'_> {
        ModelVersionShape {
            name: &self.name,
            version: Text(self.version),
            creation_timestamp: self.creation_timestamp,
            last_updated_timestamp: self.last_updated_timestamp,
            current_stage: self.stage.name(),
            description: self.description.as_deref(),
            source: &self.source,
            run_id: &self.run_id,
            status: "READY",
            tags: List(&self.tags),
            run_link: &self.run_link,
            aliases: &self.aliases,
        }
    }
}
