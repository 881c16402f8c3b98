//! Registered models.

use serde::{Deserialize, Serialize};

use crate::model_versions::ModelVersion;
use crate::{Millis, Tag};

/// An alias and the version that it points at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelAlias {
    /// The alias.
    pub alias: String,
    /// The version's number.
    pub version: i64,
}

/// A model under which versions are registered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegisteredModel {
    /// Unique, case-sensitive.
    pub name: String,
    /// When it was created.
    pub creation_timestamp: Millis,
    /// When it, or one of its versions' stages, last changed.
    pub last_updated_timestamp: Millis,
    /// Markdown; `None` if there is none.
    pub description: Option<String>,
    /// The highest version of each stage present; their `aliases` are left empty.
    pub latest_versions: Vec<ModelVersion>,
    /// Its tags, by key.
    pub tags: Vec<Tag>,
    /// Its aliases, by name.
    pub aliases: Vec<ModelAlias>,
}

/// A registered model that was deleted and can be brought back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedModel {
    /// Tells models apart that were deleted under the same name; opaque.
    pub id: String,
    /// The name that it had, and gets back.
    pub name: String,
    /// When it was created.
    pub creation_timestamp: Millis,
    /// When it was deleted.
    pub deleted_timestamp: Millis,
    /// Markdown; `None` if there is none.
    pub description: Option<String>,
    /// The highest version number that it ever gave.
    pub last_version: i64,
}

/// The tag that makes a registered model, or a version, a prompt.
pub const PROMPT_TAG: &str = "mlflow.prompt.is_prompt";
