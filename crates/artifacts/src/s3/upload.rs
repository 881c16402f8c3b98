//! Writing objects: whole if they are small, by parts otherwise.
//!
//! Of an upload, memory holds the part that is being gathered and up to [`IN_FLIGHT`] that are on their way, however large the
//! file. What is on its way of all uploads is bounded by [`Budget`].

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{BucketLocationConstraint, CompletedMultipartUpload, CompletedPart, CreateBucketConfiguration};
use bytes::Bytes;
use domain::artifact_path::ArtifactPath;
use futures::future::try_join;
use md5::{Digest, Md5};
use tokio::task::JoinSet;

use super::bucket::Bucket;
use super::budget::{Budget, Leave};
use super::{client, fault, slices};
use crate::error::{ArtifactError, Result};
use crate::transfer::Upload;

/// Bytes of a part, and the most that is sent whole.
const PART: u64 = 8 * 1024 * 1024;
/// Parts of an upload on their way at once; of those larger than [`PART`], one.
const IN_FLIGHT: usize = 2;
/// The most parts that S3 takes.
pub(super) const MAX_PARTS: i32 = 10_000;
/// The largest object that S3 keeps.
const MAX_OBJECT: u64 = 5 << 40;
/// After so many parts of an upload of unknown length they double in size, so that [`MAX_PARTS`] suffice: the first
/// 19 GiB go in parts of [`PART`].
const PARTS_OF_A_SIZE: i32 = 2_500;
/// What room is set aside at first for a body of unknown length.
const FIRST_ROOM: u64 = 64 * 1024;

impl Bucket {
    pub(crate) async fn put(&self, path: &ArtifactPath, upload: Upload) -> Result<()> {
        if path.is_root() {
            return Err(ArtifactError::IsDirectory);
        }
        let key = self.key(path);
        let size = upload.size;
        if size.is_some_and(|size| size > MAX_OBJECT) {
            return Err(ArtifactError::Full("too large for S3".into()));
        }
        let mut incoming = Incoming { upload, rest: Bytes::new(), budget: self.budget.clone() };
        let full = part_size(size, 1);
        let first = incoming.gather(full, size.unwrap_or(FIRST_ROOM));
        let ((), first) = try_join(self.check_vacant(path), first).await?;
        if (first.len() as u64) < full {
            return self.put_whole(&key, first).await;
        }
        let upload_id = self.create_multipart(&key).await?;
        let sent = self.put_parts(&key, &upload_id, first, incoming, size).await;
        if sent.is_err() {
            // What fails here is found by the sweep.
            if let Err(cause) = self.abort(&key, &upload_id).await {
                tracing::warn!(%cause, key, "a broken upload could not be removed");
            }
        }
        sent
    }

    async fn put_whole(&self, key: &str, body: Bytes) -> Result<()> {
        let _leave = self.budget.leave(body.len()).await;
        let send = || {
            self.client
                .put_object()
                .bucket(&self.name)
                .key(key)
                .content_type(content_type(key))
                .body(slices::body(body.clone()))
                .customize()
                .config_override(client::patient(self.patience))
                .interceptor(self.upload_headers.clone())
                .send()
        };
        match send().await {
            Err(error) if self.may_create(&error) => {
                self.create().await?;
                send().await.map(drop).map_err(fault::of)
            }
            other => other.map(drop).map_err(fault::of),
        }
    }

    /// Begins an upload by parts; answers its id.
    pub(super) async fn create_multipart(&self, key: &str) -> Result<String> {
        let send = || {
            self.client
                .create_multipart_upload()
                .bucket(&self.name)
                .key(key)
                .content_type(content_type(key))
                .customize()
                .interceptor(self.upload_headers.clone())
                .send()
        };
        let created = match send().await {
            Err(error) if self.may_create(&error) => {
                self.create().await?;
                send().await
            }
            other => other,
        };
        let id = created.map_err(fault::of)?.upload_id;
        id.ok_or_else(|| ArtifactError::Unavailable("an upload by parts got no id".into()))
    }

    async fn put_parts(
        &self,
        key: &str,
        upload_id: &str,
        first: Bytes,
        mut incoming: Incoming,
        size: Option<u64>,
    ) -> Result<()> {
        let mut sending: JoinSet<Result<CompletedPart>> = JoinSet::new();
        let mut parts = Vec::new();
        let mut part = first;
        let mut number = 1;
        let mut is_whole = false;
        let sent = loop {
            let in_flight = if part.len() as u64 > PART { 1 } else { IN_FLIGHT };
            if (is_whole || sending.len() >= in_flight)
                && let Some(done) = sending.join_next().await
            {
                match done.map_err(|cause| ArtifactError::Unavailable(cause.to_string())).flatten() {
                    Ok(done) => parts.push(done),
                    Err(error) => break Err(error),
                }
            }
            if is_whole {
                if sending.is_empty() {
                    break Ok(());
                }
                continue;
            }
            let leave = self.budget.leave(part.len()).await;
            sending.spawn(self.clone().put_part(key.to_owned(), upload_id.to_owned(), number, part, leave));
            number += 1;
            let room = part_size(size, number);
            part = match incoming.gather(room, room).await {
                Ok(next) if number > MAX_PARTS && !next.is_empty() => {
                    break Err(ArtifactError::Full("too large for S3".into()));
                }
                Ok(next) => next,
                Err(error) => break Err(error),
            };
            is_whole = part.is_empty();
        };
        if let Err(error) = sent {
            // A part that arrived after the upload was aborted would stay for good.
            sending.shutdown().await;
            return Err(error);
        }
        self.complete(key, upload_id, parts).await.map_err(|error| match error {
            // The id and the parts are our own: whoever sent the file has made no mistake.
            ArtifactError::Refused(cause) => ArtifactError::Unavailable(cause),
            error => error,
        })
    }

    /// Sends a part.
    async fn put_part(
        self,
        key: String,
        upload_id: String,
        number: i32,
        bytes: Bytes,
        leave: Leave,
    ) -> Result<CompletedPart> {
        let sent = self
            .client
            .upload_part()
            .bucket(&self.name)
            .key(key)
            .upload_id(upload_id)
            .part_number(number)
            .body(slices::body(bytes.clone()))
            .customize()
            .config_override(client::patient(self.patience))
            .send()
            .await
            .map_err(fault::of)?;
        leave.end(bytes, PART);
        Ok(CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).build())
    }

    /// Puts the parts together: the object can be seen. Done twice, it is fine.
    pub(super) async fn complete(&self, key: &str, upload_id: &str, mut parts: Vec<CompletedPart>) -> Result<()> {
        parts.sort_unstable_by_key(CompletedPart::part_number);
        let together = etag_of_parts(&parts);
        let completed = self
            .client
            .complete_multipart_upload()
            .bucket(&self.name)
            .key(key)
            .upload_id(upload_id)
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
            .customize()
            .config_override(client::patient(self.patience))
            .send()
            .await;
        match completed {
            // Where the first answer was lost, the second try finds the upload gone and the object in its place.
            Err(error) if fault::code(&error) == Some("NoSuchUpload") => {
                let found = Box::pin(self.client.head_object().bucket(&self.name).key(key).send()).await;
                let is_there = together.is_some() && found.is_ok_and(|head| head.e_tag == together);
                if is_there { Ok(()) } else { Err(fault::of(error)) }
            }
            other => other.map(drop).map_err(fault::of),
        }
    }

    /// Gives up an upload by parts.
    pub(super) async fn abort(&self, key: &str, upload_id: &str) -> Result<()> {
        let request = self.client.abort_multipart_upload().bucket(&self.name).key(key).upload_id(upload_id);
        match request.send().await {
            Err(error) if fault::code(&error) == Some("NoSuchUpload") => Ok(()),
            other => other.map(drop).map_err(fault::of),
        }
    }

    fn may_create<E: ProvideErrorMetadata>(&self, error: &SdkError<E, aws_sdk_s3::config::http::HttpResponse>) -> bool {
        self.creating && fault::code(error) == Some("NoSuchBucket")
    }

    async fn create(&self) -> Result<()> {
        let region = self.client.config().region().map(ToString::to_string);
        // Amazon takes every region as a constraint but its first.
        let place = region.filter(|region| region != "us-east-1").map(|region| {
            let constraint = BucketLocationConstraint::from(region.as_str());
            CreateBucketConfiguration::builder().location_constraint(constraint).build()
        });
        let request = self.client.create_bucket().bucket(&self.name).set_create_bucket_configuration(place);
        match request.send().await {
            Ok(_) => {
                tracing::info!(bucket = self.name, "made the bucket for artifacts");
                Ok(())
            }
            // Another upload was faster.
            Err(error) if fault::code(&error) == Some("BucketAlreadyOwnedByYou") => Ok(()),
            Err(error) => Err(fault::of(error)),
        }
    }
}

/// Bytes of a part.
fn part_size(size: Option<u64>, number: i32) -> u64 {
    match size {
        Some(size) => PART.max(size.div_ceil(MAX_PARTS.unsigned_abs().into())),
        None => PART << ((number - 1) / PARTS_OF_A_SIZE),
    }
}

/// The entity tag of an object of these parts: it follows from theirs. `None` if theirs are no checksums.
fn etag_of_parts(parts: &[CompletedPart]) -> Option<String> {
    let mut digest = Md5::new();
    for part in parts {
        let part = u128::from_str_radix(part.e_tag()?.trim_matches('"'), 16).ok()?;
        digest.update(part.to_be_bytes());
    }
    let digest = u128::from_be_bytes(digest.finalize().into());
    Some(format!("\"{digest:032x}-{}\"", parts.len()))
}

/// A body that comes in chunks and is wanted in parts.
struct Incoming {
    upload: Upload,
    /// What came beyond the last part.
    rest: Bytes,
    budget: Budget,
}

impl Incoming {
    /// The next so many bytes, or what is left. `room` is what to set aside for them at first.
    async fn gather(&mut self, size: u64, room: u64) -> Result<Bytes> {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let mut part = self.budget.room();
        // A size is only said until its bytes have come.
        part.reserve(usize::try_from(room.min(PART)).unwrap_or(size).min(size));
        loop {
            let take = self.rest.len().min(size - part.len());
            part.extend_from_slice(&self.rest.split_to(take));
            if part.len() == size {
                return Ok(part.freeze());
            }
            match self.upload.next().await? {
                Some(chunk) => self.rest = chunk,
                None => return Ok(part.freeze()),
            }
        }
    }
}

/// What a browser is to make of an object that it gets from S3 itself.
pub(super) fn content_type(key: &str) -> &'static str {
    mime_guess::from_path(key).first_raw().unwrap_or("application/octet-stream")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_few_enough() {
        const TIB: u64 = 1 << 40;
        assert_eq!(part_size(Some(1 << 30), 1), PART);
        assert!(part_size(Some(5 * TIB), 1) * u64::from(MAX_PARTS.unsigned_abs()) >= 5 * TIB);
        assert_eq!(part_size(None, PARTS_OF_A_SIZE), PART);
        assert_eq!(part_size(None, MAX_PARTS), 8 * PART);
    }
}
