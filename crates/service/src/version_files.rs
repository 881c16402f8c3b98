//! What a version's source or storage location means, for those who must not touch its files.

use artifacts::ArtifactError;
use domain::Result;
use domain::digest::ObjectLocation;
use domain::source::Source;

use crate::{Service, errors};

/// What the text of a source or storage location names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum VersionFiles {
    /// A folder of a run.
    OfRun {
        /// The run.
        run_id: String,
        /// Below the run's artifact location.
        path: String,
    },
    /// A logged model.
    OfLoggedModel(String),
    /// A place in a store that the server reaches.
    At(ObjectLocation),
    /// Nothing that the server could reach: a prompt's placeholder, another version, a store without a driver.
    Elsewhere,
}

impl Service {
    /// Reads the text of a source or storage location.
    pub(crate) async fn files_named_by(&self, text: &str) -> Result<VersionFiles> {
        match Source::parse(text) {
            Ok(Source::Run { run_id, path }) => Ok(VersionFiles::OfRun { run_id, path }),
            Ok(Source::LoggedModel(model_id)) => Ok(VersionFiles::OfLoggedModel(model_id)),
            Ok(Source::Version { .. }) => Ok(VersionFiles::Elsewhere),
            Ok(Source::Local(_) | Source::Proxy | Source::Remote) | Err(_) => {
                let location = match self.object_location(text).await {
                    // Another host's, another scheme's, or one that no store could have.
                    Err(ArtifactError::Scheme(_) | ArtifactError::Outside | ArtifactError::Name(_)) => None,
                    location => location.map_err(errors::from_artifacts)?,
                };
                Ok(location.map_or(VersionFiles::Elsewhere, VersionFiles::At))
            }
        }
    }

    /// Where an artifact location really is; `None` for names that cannot be kept.
    pub(crate) async fn object_location(&self, location: &str) -> Result<Option<ObjectLocation>, ArtifactError> {
        self.repository(location)?.location().await
    }
}
