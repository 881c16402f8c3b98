//! Aliases: names that point at one version of a model each.

use domain::Result;
use domain::model_versions::ModelVersion;

use crate::Service;

impl Service {
    /// Points an alias at a version (a decimal string), away from another one if need be.
    pub async fn set_alias(&self, name: &str, alias: &str, version: &str) -> Result<()> {
        todo!()
    }

    /// Removes an alias; an absent one is fine.
    pub async fn delete_alias(&self, name: &str, alias: &str) -> Result<()> {
        todo!()
    }

    /// The version that an alias points at; `latest` is the highest.
    pub async fn version_by_alias(&self, name: &str, alias: &str) -> Result<ModelVersion> {
        todo!()
    }
}
