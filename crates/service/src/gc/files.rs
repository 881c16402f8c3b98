//! The files of what is removed.

use artifacts::ArtifactError;
use domain::digest::ObjectLocation;
use domain::removal::Space;
use domain::uri;
use futures::TryStreamExt;

use crate::Service;
use crate::digests::Failure;

impl Service {
    /// Removes everything at an artifact location, and says how much that was; what is not there is fine. `Err` is a
    /// sentence. `owner` is the id of what the files belong to: its own folder goes as well, once it is empty.
    pub(super) async fn remove_files(&self, artifact_uri: &str, owner: &str) -> Result<Space, String> {
        let location = self.removable(artifact_uri).await?;
        self.remove_at(&location, owner).await
    }

    /// As [`Service::remove_files`], of a place.
    pub(super) async fn remove_at(&self, location: &ObjectLocation, owner: &str) -> Result<Space, String> {
        let space = self.measure_at(location).await?;
        let digests = self.digests();
        let address = location.address(&digests.destination().await.map_err(|e| e.to_string())?);
        let (folder, name) = self.inner.artifacts.at(&address).map_err(|e| e.to_string())?;
        if name.is_root() {
            return Err("it is the whole store".into());
        }
        digests.delete(&folder, &name).await.map_err(|failure| match failure {
            Failure::Artifacts(error) => error.to_string(),
            Failure::Said(error) => error.message,
        })?;
        if location.folders().next().is_some_and(|folder| folder.file_name() == owner) {
            self.inner.artifacts.remove_empty_folder(&address).await;
        }
        Ok(space)
    }

    /// How much there is at an artifact location.
    pub(super) async fn measure_files(&self, artifact_uri: &str) -> Result<Space, String> {
        self.measure_at(&self.removable(artifact_uri).await?).await
    }

    pub(super) async fn measure_at(&self, location: &ObjectLocation) -> Result<Space, String> {
        let destination = self.digests().destination().await.map_err(|e| e.to_string())?;
        let (folder, name) = self.inner.artifacts.at(&location.address(&destination)).map_err(|e| e.to_string())?;
        let mut space = Space::default();
        let mut pages = folder.survey(&name);
        while let Some(files) = pages.try_next().await.map_err(|e| e.to_string())? {
            space.files += files.len() as u64;
            space.bytes += files.iter().filter_map(|file| file.size).sum::<u64>();
        }
        Ok(space)
    }

    /// The place of files that can be removed from here. `Err` is a sentence.
    pub(super) async fn removable(&self, artifact_uri: &str) -> Result<ObjectLocation, String> {
        match self.object_location(artifact_uri).await {
            Ok(Some(location)) => Ok(location),
            Ok(None) => Err(format!("the name of its place is too long: {artifact_uri}")),
            Err(ArtifactError::Scheme(_)) => Err(format!("its files at {artifact_uri} cannot be reached from here")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The folder that an experiment was given for itself (its location ends in its id); `None` if it chose one.
    pub(super) async fn own_folder(&self, artifact_location: &str, experiment_id: i64) -> Option<ObjectLocation> {
        let default = uri::append_path(&self.inner.config.default_root, &[&experiment_id.to_string()]);
        let location = self.removable(artifact_location).await.ok()?;
        let is_given = artifact_location == default || location.in_destination();
        (is_given && location.file_name() == experiment_id.to_string()).then_some(location)
    }
}
