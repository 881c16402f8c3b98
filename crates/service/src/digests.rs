//! Digests of stored files: taken while their bytes pass through, kept beside the metadata.
//!
//! A digest tells of the object that is in place, or there is none. So it is forgotten before an object is replaced or
//! removed, and recorded after the new one is there; a process that dies in between leaves an object without a digest,
//! never one with another's. Bytes that do not pass through here (presigned URLs, uploads by parts) have none.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use artifacts::{ArtifactError, Artifacts, Repository, Upload};
use domain::artifact_path::ArtifactPath;
use domain::digest::{FileDigest, ObjectLocation};
use domain::{Millis, Result};
use futures::StreamExt;
use sha2::{Digest, Sha256};
use store::digests::{self as rows, Begun, Recorded, Writer};
use store::{Store, StoreError};

use crate::{Clock, Service, errors};

/// An upload through this process; after a day it counts as died.
const OURS: Writer = Writer::Server { within: 24 * 60 * 60 * 1000 };
/// How far the clocks of the server and of a store that honours presigned URLs may differ.
const CLOCK_SKEW: Millis = 5 * 60 * 1000;

/// Who knows the digests. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Digests {
    store: Store,
    artifacts: Artifacts,
    destination: String,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digests").field("destination", &self.destination).finish_non_exhaustive()
    }
}

impl Digests {
    /// The address of the artifacts destination.
    pub(crate) async fn destination(&self) -> Result<String, ArtifactError> {
        let root = self.artifacts.open(&self.destination)?;
        root.address(&ArtifactPath::default()).await?.ok_or(ArtifactError::Outside)
    }

    /// Where a file or folder is; `None` for names that cannot be kept.
    pub(crate) async fn location(
        &self,
        repository: &Repository,
        path: &ArtifactPath,
    ) -> Result<Option<ObjectLocation>, ArtifactError> {
        let Some(address) = repository.address(path).await? else { return Ok(None) };
        Ok(ObjectLocation::of_address(&address, &self.destination().await?))
    }

    /// Someone is about to write an object.
    async fn begin(&self, location: &ObjectLocation, writer: Writer) -> Result<Begun> {
        let (location, now) = (location.clone(), self.clock.now());
        let begun = self.store.write(move |tx| Box::pin(async move { rows::begin(tx, &location, now, writer).await }));
        begun.await.map_err(errors::from_store)
    }

    /// The object is there, or not. What goes wrong here leaves it without a digest.
    async fn finish(&self, location: &ObjectLocation, begun: Begun, digest: Option<FileDigest>) -> bool {
        let (kept, now) = (location.clone(), self.clock.now());
        let done = self
            .store
            .write(move |tx| Box::pin(async move { rows::finish(tx, &kept, begun.writer_no, digest, now).await }));
        done.await.unwrap_or_else(|cause: StoreError| {
            tracing::warn!(%cause, %location, "the digest of a stored file could not be recorded");
            false
        })
    }

    /// Writes an object and records its digest.
    pub(crate) async fn put(
        &self,
        repository: &Repository,
        path: &ArtifactPath,
        upload: Upload,
    ) -> Result<(), Failure> {
        let Some(location) = self.location(repository, path).await? else {
            return Ok(repository.put(path, upload).await?);
        };
        let begun = self.begin(&location, OURS).await?;
        let (upload, hash) = hashed(upload);
        let stored = repository.put(path, upload).await;
        let digest = match &stored {
            Ok(()) => Some(hash.digest()),
            // The object is as it was; of others nobody knows.
            Err(
                ArtifactError::Interrupted(_)
                | ArtifactError::IsDirectory
                | ArtifactError::NotADirectory
                | ArtifactError::Outside
                | ArtifactError::Name(_),
            ) => begun.previous,
            Err(_) => None,
        };
        self.finish(&location, begun, digest).await;
        Ok(stored?)
    }

    /// Forgets what is known of an object that `write` is to replace with bytes that do not pass through here.
    pub(crate) async fn replaced<T>(
        &self,
        repository: &Repository,
        path: &ArtifactPath,
        write: impl Future<Output = Result<T, ArtifactError>>,
    ) -> Result<T, Failure> {
        let Some(location) = self.location(repository, path).await? else { return Ok(write.await?) };
        let begun = self.begin(&location, OURS).await?;
        let written = write.await;
        self.finish(&location, begun, None).await;
        Ok(written?)
    }

    /// Forgets what is known of an object that someone else may write for so many seconds.
    pub(crate) async fn lend(&self, repository: &Repository, path: &ArtifactPath, seconds: u32) -> Result<(), Failure> {
        if let Some(location) = self.location(repository, path).await? {
            self.begin(&location, Writer::Outside { within: Millis::from(seconds) * 1000 + CLOCK_SKEW }).await?;
        }
        Ok(())
    }

    /// Removes an object, or a folder of them, with their digests.
    pub(crate) async fn delete(&self, repository: &Repository, path: &ArtifactPath) -> Result<(), Failure> {
        let Some(location) = self.location(repository, path).await? else { return Ok(repository.delete(path).await?) };
        match self.forget(&location).await {
            // Where the disk is full for the database as well, removing the object is what makes room: a digest of nothing
            // says nothing of another object.
            Ok(()) | Err(StoreError::Full(_)) => {}
            Err(cause) => return Err(errors::from_store(cause).into()),
        }
        repository.delete(path).await?;
        // Once more, for what was recorded in between and is gone as well.
        self.forget(&location).await.map_err(errors::from_store)?;
        Ok(())
    }

    async fn forget(&self, location: &ObjectLocation) -> Result<(), StoreError> {
        let location = location.clone();
        self.store.write(move |tx| Box::pin(async move { rows::forget(tx, &location).await })).await
    }

    /// What is recorded of an object.
    pub(crate) async fn find(&self, location: &ObjectLocation) -> Result<Option<Recorded>> {
        Ok(self.find_all(std::slice::from_ref(location)).await?.pop())
    }

    /// What is recorded of these objects, in no particular order.
    pub(crate) async fn find_all(&self, locations: &[ObjectLocation]) -> Result<Vec<Recorded>> {
        let mut conn = self.store.look_up().await.map_err(errors::from_store)?;
        rows::find(&mut conn, locations).await.map_err(errors::from_store)
    }

    /// Records the digest of an object that is there already; `false` if it was replaced meanwhile. `read` takes it.
    pub(crate) async fn record<E>(
        &self,
        location: &ObjectLocation,
        read: impl Future<Output = Result<FileDigest, E>>,
    ) -> Result<Result<bool, E>> {
        let begun = self.begin(location, OURS).await?;
        let digest = read.await;
        let recorded = self.finish(location, begun, digest.as_ref().ok().copied()).await;
        Ok(digest.map(|_| recorded))
    }
}

/// Why a file was not written or removed: the artifact store, or the database.
#[derive(Debug)]
pub(crate) enum Failure {
    Artifacts(ArtifactError),
    Said(domain::Error),
}

impl From<ArtifactError> for Failure {
    fn from(error: ArtifactError) -> Self {
        Self::Artifacts(error)
    }
}

impl From<domain::Error> for Failure {
    fn from(error: domain::Error) -> Self {
        Self::Said(error)
    }
}

/// A digest that is being taken.
#[derive(Clone, Default)]
pub(crate) struct Hash(Arc<Mutex<(Sha256, u64)>>);

impl Hash {
    pub(crate) fn update(&self, bytes: &[u8]) {
        // A panic in between would leave it as it was.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.update(bytes);
        state.1 += bytes.len() as u64;
    }

    pub(crate) fn digest(&self) -> FileDigest {
        let (hash, size) = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        FileDigest { sha256: domain::digest::Sha256(hash.finalize().into()), size }
    }
}

/// An upload whose bytes are hashed on their way.
fn hashed(upload: Upload) -> (Upload, Hash) {
    let hash = Hash::default();
    let seen = hash.clone();
    let body = upload.body.inspect(move |chunk| {
        if let Ok(bytes) = chunk {
            seen.update(bytes);
        }
    });
    (Upload { body: body.boxed(), size: upload.size }, hash)
}

impl Service {
    pub(crate) fn digests(&self) -> Digests {
        Digests {
            store: self.inner.store.clone(),
            artifacts: self.inner.artifacts.clone(),
            destination: self.inner.config.destination.clone(),
            clock: self.inner.clock.clone(),
        }
    }
}
