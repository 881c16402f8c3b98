//! Versions of registered models, and their stages.

use serde::{Deserialize, Serialize};

use crate::{Error, Millis, Result, Tag};

/// Where a version stands on its way to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Stage {
    /// Not in any stage.
    #[default]
    None,
    /// Being tried.
    Staging,
    /// In use.
    Production,
    /// Retired.
    Archived,
}

impl Stage {
    /// Every stage, in the order of a version's life.
    pub const ALL: [Self; 4] = [Self::None, Self::Staging, Self::Production, Self::Archived];

    /// The canonical name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Staging => "Staging",
            Self::Production => "Production",
            Self::Archived => "Archived",
        }
    }

    /// The number in the store, 0 to 3.
    pub const fn number(self) -> i64 {
        match self {
            Self::None => 0,
            Self::Staging => 1,
            Self::Production => 2,
            Self::Archived => 3,
        }
    }

    /// The stage of a number.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.number() == number)
    }

    /// Reads a stage in any letter case.
    pub fn parse(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|s| s.name().eq_ignore_ascii_case(text)).ok_or_else(|| {
            Error::invalid(format!(
                "Invalid Model Version stage: {text}. Value must be one of None, Staging, Production, Archived."
            ))
        })
    }

    /// Staging and Production, the stages out of which other versions can be archived.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Staging | Self::Production)
    }
}

/// One version of a registered model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelVersion {
    /// The registered model's name.
    pub name: String,
    /// From 1, without gaps at the time of creation, never used again.
    pub version: i64,
    /// When it was created.
    pub creation_timestamp: Millis,
    /// When its description or stage last changed.
    pub last_updated_timestamp: Millis,
    /// Its stage.
    pub stage: Stage,
    /// Where the client said that its files come from.
    pub source: String,
    /// Where its files are: the location that downloads read.
    pub storage_location: String,
    /// The run that made it; may be empty.
    pub run_id: String,
    /// A link to a run elsewhere; may be empty.
    pub run_link: String,
    /// The logged model that it was made from.
    pub model_id: Option<String>,
    /// Markdown. `None` after an update without one.
    pub description: Option<String>,
    /// Its tags, by key.
    pub tags: Vec<Tag>,
    /// The aliases that point at it; empty where MLflow leaves them out.
    pub aliases: Vec<String>,
}

/// A version that was deleted and can be brought back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeletedVersion {
    /// The version as it was, but for its aliases.
    pub version: ModelVersion,
    /// When it was deleted.
    pub deleted_timestamp: Millis,
}

/// Reads a version number as the API takes it: a decimal string.
pub fn parse_version(text: &str) -> Result<i64> {
    text.trim().parse().map_err(|_| Error::invalid(format!("Parameter 'version' must be an integer, got '{text}'.")))
}
