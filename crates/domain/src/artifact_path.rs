//! Paths of artifacts within their owner's location.

use crate::{Error, Result};

/// A relative path that cannot leave its location: no `..`, not absolute, no `#`, no control characters.
/// Empty for the location itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArtifactPath(String);

impl ArtifactPath {
    /// Decodes until stable, then validates; a refusal is MLflow's `Invalid path`.
    pub fn parse(raw: &str) -> Result<Self> {
        let _ = raw;
        Err(Error::invalid("Invalid path"))
    }

    /// The path, `/`-separated, without leading or trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the location itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}
