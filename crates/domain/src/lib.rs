//! Ferroflow's domain: entities, ids, validated names, the search grammar and model signatures.
//!
//! No I/O, no clock, no randomness of its own; it compiles to wasm32 and knows no other crate of the workspace.

pub mod artifact_path;
pub mod comparison;
pub mod digest;
pub mod error;
pub mod experiments;
pub mod float;
pub mod guards;
pub mod history;
pub mod logged_models;
pub mod metrics;
pub mod model_file;
pub mod model_versions;
pub mod names;
pub mod page;
pub mod random_name;
pub mod registered_models;
pub mod removal;
pub mod runs;
pub mod search;
pub mod settings;
pub mod source;
pub mod uri;
pub mod webhooks;

pub use error::{Error, ErrorCode, Result};
pub use page::Page;

/// Milliseconds since the Unix epoch, as everywhere on MLflow's wire.
pub type Millis = i64;

use serde::{Deserialize, Serialize};

/// A key with a text value: a tag or a param of anything that has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyValue {
    /// The key.
    pub key: String,
    /// The value; may be empty.
    pub value: String,
}

impl KeyValue {
    /// A pair.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

/// A tag of an experiment, run, logged model, registered model or version.
pub type Tag = KeyValue;
/// A param of a run or logged model.
pub type Param = KeyValue;

/// Whether a tag is one that clients or the server keep for themselves, and that people need not see.
pub fn is_internal_tag(key: &str) -> bool {
    key.starts_with("mlflow.")
}

/// Whether a thing is in use or in the bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifecycle {
    /// In use.
    Active,
    /// Deleted, and can be restored.
    Deleted,
}

impl Lifecycle {
    /// `active` or `deleted`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
        }
    }
}

/// Which lifecycle stages a search returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ViewType {
    /// Only what is in use.
    #[default]
    ActiveOnly,
    /// Only what was deleted.
    DeletedOnly,
    /// Both.
    All,
}
