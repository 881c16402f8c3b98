//! The limits that whoever runs the server may set.

use std::sync::Arc;

use domain::Result;
use domain::names::{check_length, truncate};
use domain::uri::MAX_LOCATION;

use crate::Service;

/// Limits that are not fixed. Lengths count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Whether over-long values of params and of runs' tags are cut rather than refused (`MLFLOW_TRUNCATE_LONG_VALUES`).
    pub cut_long_values: bool,
    /// Longest location of an experiment (`MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH`).
    pub max_location: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { cut_long_values: true, max_location: MAX_LOCATION }
    }
}

impl Limits {
    /// Cuts a value to its length, or refuses it, naming it `what`.
    pub(crate) fn fit(self, what: &str, value: &mut String, length: usize) -> Result<()> {
        if self.cut_long_values {
            truncate(value, length);
            return Ok(());
        }
        check_length(what, value, length)
    }
}

impl Service {
    /// Sets other limits than MLflow's defaults.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        Arc::make_mut(&mut self.inner).limits = limits;
        self
    }
}
