//! Reads stored files back and compares them with what they were when they passed through.
//!
//! The server may go on meanwhile: what does not agree is looked at again, in case it was just being replaced.

use std::collections::BTreeSet;

use artifacts::ArtifactError;
use domain::digest::{FileDigest, ObjectLocation, Sha256};
use domain::experiments::ExperimentId;
use domain::names::check_model_name;
use domain::{Error, Result, uri};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use store::digests::{self as rows, Recorded};
use store::{experiments, gc, registered_models, sources};

use crate::digests::{Digests, Hash};
use crate::version_files::VersionFiles;
use crate::{Service, errors};

/// Rows that are looked at together.
const PAGE: i64 = 500;
/// Files that are read at once.
const AT_ONCE: usize = 4;
/// So many files in a row that cannot be read mean that the store is down.
const STORE_IS_DOWN: u32 = 20;

/// What to verify.
#[derive(Clone, Debug, Default)]
pub struct Verify {
    /// Only the files of this experiment, given by its id or name.
    pub experiment: Option<String>,
    /// Only the files of this registered model's versions.
    pub model: Option<String>,
    /// Take and keep the digests of files that have none.
    pub record: bool,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// It is recorded, and not there.
    Missing,
    /// It has another size than it had.
    Size {
        /// Then.
        recorded: u64,
        /// Now.
        found: u64,
    },
    /// It has the size that it had, but other bytes.
    Rotten {
        /// Then.
        recorded: Sha256,
        /// Now.
        found: Sha256,
    },
    /// It could not be read.
    Unreadable {
        /// What the store says.
        why: String,
    },
    /// It is there, and nothing is known of what it should be: it did not pass through the server.
    NotRecorded,
}

/// A file that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Where it is.
    pub location: ObjectLocation,
    /// Bytes that were read.
    pub read: u64,
    /// What is wrong with it.
    #[serde(flatten)]
    pub finding: Option<Finding>,
    /// Whether its digest was taken now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub recorded: bool,
}

impl Service {
    /// Verifies files, a few at a time, and tells of each. A finding is no error; a database or store that does not
    /// answer is.
    pub async fn verify(&self, verify: &Verify, mut each: impl FnMut(Verified) + Send) -> Result<()> {
        let digests = self.digests();
        let destination = digests.destination().await.map_err(errors::from_artifacts)?;
        let (folders, everything) = match self.wanted(verify).await? {
            Some(folders) => (folders, false),
            None => (self.every_root().await?, true),
        };
        // Everything is also what lies where no experiment is any more.
        let ranges = if everything {
            vec![(String::new(), None)]
        } else {
            folders.iter().map(|folder| (folder.inside().0, Some(folder.inside().1))).collect()
        };
        for (from, to) in ranges {
            self.verify_recorded(&digests, &destination, from, to.as_deref(), &mut each).await?;
        }
        for folder in folders {
            self.verify_unrecorded(&digests, &destination, &folder, verify.record, &mut each).await?;
        }
        Ok(())
    }

    async fn verify_recorded(
        &self,
        digests: &Digests,
        destination: &str,
        mut after: String,
        before: Option<&str>,
        each: &mut (impl FnMut(Verified) + Send),
    ) -> Result<()> {
        let mut unreadable = 0;
        loop {
            let mut conn = self.inner.store.read().await.map_err(errors::from_store)?;
            let page = rows::page(&mut conn, &after, before, PAGE).await.map_err(errors::from_store)?;
            drop(conn);
            let Some(last) = page.last() else { return Ok(()) };
            last.location.as_str().clone_into(&mut after);
            let mut checks =
                stream::iter(page).map(|row| self.verify_file(digests, destination, row)).buffer_unordered(AT_ONCE);
            while let Some(verified) = checks.try_next().await? {
                let failed = matches!(verified.finding, Some(Finding::Unreadable { .. }));
                unreadable = if failed { unreadable + 1 } else { 0 };
                each(verified);
                if unreadable >= STORE_IS_DOWN {
                    return Err(Error::unavailable("The artifact store does not answer."));
                }
            }
        }
    }

    async fn verify_file(&self, digests: &Digests, destination: &str, mut row: Recorded) -> Result<Verified> {
        loop {
            let (read, finding) = self.compare(destination, &row).await;
            let now = if finding.is_some() { digests.find(&row.location).await? } else { None };
            let verified = |finding| Ok(Verified { location: row.location.clone(), read, finding, recorded: false });
            match now {
                Some(now) if finding.is_some() && now != row => row = now,
                Some(_) => return verified(finding),
                // It agrees, or was replaced or removed meanwhile.
                None => return verified(None),
            }
        }
    }

    /// How many bytes were read, and what is wrong.
    async fn compare(&self, destination: &str, row: &Recorded) -> (u64, Option<Finding>) {
        let FileDigest { sha256, size } = row.digest;
        match self.read_back(&row.location, destination, Some(size)).await {
            Ok(Some(found)) if found == row.digest => (found.size, None),
            Ok(Some(found)) if found.size == size => {
                (found.size, Some(Finding::Rotten { recorded: sha256, found: found.sha256 }))
            }
            Ok(Some(found)) => (0, Some(Finding::Size { recorded: size, found: found.size })),
            Ok(None) => (0, Some(Finding::Missing)),
            Err(why) => (0, Some(Finding::Unreadable { why })),
        }
    }

    /// What a file is now; `None` if it is not there. Of one that has not the size that is wanted, the size alone.
    async fn read_back(
        &self,
        location: &ObjectLocation,
        destination: &str,
        wanted: Option<u64>,
    ) -> Result<Option<FileDigest>, String> {
        let opened = match self.inner.artifacts.at(&location.address(destination)) {
            Ok((folder, name)) => folder.get(&name, None).await,
            Err(error) => Err(error),
        };
        let download = match opened {
            Ok(download) => download,
            Err(ArtifactError::NotFound | ArtifactError::NotADirectory | ArtifactError::IsDirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(error.to_string()),
        };
        let hash = Hash::default();
        if wanted.is_some_and(|wanted| wanted != download.size) {
            return Ok(Some(FileDigest { size: download.size, ..hash.digest() }));
        }
        let mut body = download.body;
        while let Some(chunk) = body.try_next().await.map_err(|cause| cause.to_string())? {
            hash.update(&chunk);
        }
        Ok(Some(hash.digest()))
    }

    /// Looks for files that are there without being recorded.
    async fn verify_unrecorded(
        &self,
        digests: &Digests,
        destination: &str,
        folder: &ObjectLocation,
        record: bool,
        each: &mut (impl FnMut(Verified) + Send),
    ) -> Result<()> {
        let (repository, path) =
            self.inner.artifacts.at(&folder.address(destination)).map_err(errors::from_artifacts)?;
        let mut pages = repository.survey(&path);
        while let Some(files) = pages.try_next().await.map_err(errors::from_artifacts)? {
            let above = if path.is_root() { 0 } else { path.as_str().len() + 1 };
            let locations = files.iter().filter_map(|file| folder.join(file.path.get(above..)?));
            let mut locations: BTreeSet<ObjectLocation> = locations.collect();
            for found in digests.find_all(&locations.iter().cloned().collect::<Vec<_>>()).await? {
                locations.remove(&found.location);
            }
            let taken = |location| async move {
                if !record {
                    let finding = Some(Finding::NotRecorded);
                    return Ok(Some(Verified { location, read: 0, finding, recorded: false }));
                }
                Box::pin(self.take_digest(digests, destination, location)).await
            };
            let mut taken = stream::iter(locations).map(taken).buffer_unordered(AT_ONCE);
            while let Some(verified) = taken.try_next().await? {
                verified.map(&mut *each);
            }
        }
        Ok(())
    }

    /// Records a file as it is now; `None` if it is gone.
    async fn take_digest(
        &self,
        digests: &Digests,
        destination: &str,
        location: ObjectLocation,
    ) -> Result<Option<Verified>> {
        let read = async {
            match self.read_back(&location, destination, None).await {
                Ok(Some(digest)) => Ok(digest),
                Ok(None) => Err(None),
                Err(why) => Err(Some(why)),
            }
        };
        let mut size = 0;
        let record = digests.record(&location, async { read.await.inspect(|d| size = d.size) });
        let (finding, recorded) = match Box::pin(record).await? {
            Ok(true) => (None, true),
            Ok(false) => (Some(Finding::NotRecorded), false),
            Err(None) => return Ok(None),
            Err(Some(why)) => (Some(Finding::Unreadable { why }), false),
        };
        Ok(Some(Verified { location, read: size, finding, recorded }))
    }

    /// The folders that the filters name; `None` without filters.
    async fn wanted(&self, verify: &Verify) -> Result<Option<Vec<ObjectLocation>>> {
        let mut uris = BTreeSet::new();
        if let Some(experiment) = &verify.experiment {
            uris.insert(self.experiment_location(experiment).await?);
        }
        if let Some(model) = &verify.model {
            self.model_locations(model, &mut uris).await?;
        }
        if verify.experiment.is_none() && verify.model.is_none() {
            return Ok(None);
        }
        let mut folders = BTreeSet::new();
        for uri in uris {
            folders.extend(self.reachable(&uri).await?);
        }
        Ok(Some(outermost(&folders)))
    }

    /// The artifacts destination, and the experiments' locations elsewhere.
    async fn every_root(&self) -> Result<Vec<ObjectLocation>> {
        let mut folders: BTreeSet<_> = self.reachable(&self.inner.config.destination).await?.into_iter().collect();
        let mut after = -1;
        loop {
            let mut conn = self.inner.store.read().await.map_err(errors::from_store)?;
            let page = rows::roots(&mut conn, after, PAGE).await.map_err(errors::from_store)?;
            drop(conn);
            let Some((last, _)) = page.last() else { return Ok(outermost(&folders)) };
            after = *last;
            for (_, uri) in page {
                let location = self.reachable(&uri).await?;
                folders.extend(location.filter(|location| !location.in_destination()));
            }
        }
    }

    async fn reachable(&self, uri: &str) -> Result<Option<ObjectLocation>> {
        match self.files_named_by(uri).await? {
            VersionFiles::At(location) => Ok(Some(location)),
            _ => Ok(None),
        }
    }

    async fn experiment_location(&self, experiment: &str) -> Result<String> {
        let mut conn = self.inner.store.read().await.map_err(errors::from_store)?;
        let mut found = experiments::find_by_name(&mut conn, experiment).await.map_err(errors::from_store)?;
        if found.is_none()
            && let Ok(id) = ExperimentId::parse(experiment)
        {
            found = experiments::find(&mut conn, id).await.map_err(errors::from_store)?;
        }
        let found = found.ok_or_else(|| Error::not_found(format!("There is no experiment '{experiment}'.")))?;
        Ok(found.artifact_location)
    }

    async fn model_locations(&self, name: &str, uris: &mut BTreeSet<String>) -> Result<()> {
        check_model_name(name, "name")?;
        let mut conn = self.inner.store.read().await.map_err(errors::from_store)?;
        let model = registered_models::find(&mut conn, name).await.map_err(errors::from_store)?;
        let model = model.ok_or_else(|| Error::not_found(format!("There is no registered model '{name}'.")))?;
        let mut after = (model.registered_no, 0);
        loop {
            let page = gc::guarding(&mut conn, i64::MAX, after, PAGE).await.map_err(errors::from_store)?;
            let versions = page.iter().filter(|version| version.registered_no == model.registered_no);
            for version in versions {
                uris.extend(match self.files_named_by(&version.storage_location).await? {
                    VersionFiles::OfRun { run_id, path } => {
                        let run = sources::run(&mut conn, &run_id).await.map_err(errors::from_store)?;
                        run.map(|run| uri::append_path(&run.artifact_uri, &[&path]))
                    }
                    VersionFiles::OfLoggedModel(model_id) => {
                        let model = sources::logged_model(&mut conn, &model_id).await.map_err(errors::from_store)?;
                        model.map(|model| model.artifact_uri)
                    }
                    VersionFiles::At(_) => Some(version.storage_location.clone()),
                    VersionFiles::Elsewhere => None,
                });
            }
            match page.last() {
                Some(last) if last.registered_no == model.registered_no => after = (last.registered_no, last.version),
                _ => return Ok(()),
            }
        }
    }
}

/// Leaves out what lies in another one.
fn outermost(folders: &BTreeSet<ObjectLocation>) -> Vec<ObjectLocation> {
    let inner = |folder: &ObjectLocation| folder.folders().any(|above| folders.contains(&above));
    folders.iter().filter(|folder| !inner(folder)).cloned().collect()
}
