//! Uploads by parts that nobody will end: their sender, or this server, died. Their parts cost room, and no listing of
//! objects shows them.

use std::time::Duration;

use domain::Millis;
use domain::artifact_path::ArtifactPath;

use super::bucket::{Bucket, millis};
use super::fault;
use crate::error::{ArtifactError, Result};

/// How old an upload must be. One under way may take days: S3 says when it began, not when its last part came.
const ABANDONED: Duration = Duration::from_hours(7 * 24);

impl Bucket {
    /// Aborts the abandoned uploads under the prefix; answers how many.
    pub(crate) async fn sweep(&self, now: Millis) -> Result<u64> {
        let age = Millis::try_from(ABANDONED.as_millis()).unwrap_or(Millis::MAX);
        let before = now.saturating_sub(age);
        let under = self.folder(&ArtifactPath::default());
        let (listed, swept) = self.sweep_listed(&under, &under, before).await?;
        if listed > 0 || under.is_empty() {
            return Ok(swept);
        }
        // MinIO takes a prefix for the name of an object, and lists all uploads only if there is none.
        Ok(self.sweep_listed("", &under, before).await?.1)
    }

    /// Aborts the abandoned uploads under `under` of those that are listed under a prefix; answers how many were listed, and how
    /// many aborted.
    async fn sweep_listed(&self, prefix: &str, under: &str, before: Millis) -> Result<(u64, u64)> {
        let (mut listed, mut swept) = (0, 0);
        let (mut key_marker, mut id_marker) = (None, None);
        loop {
            let page = self
                .client
                .list_multipart_uploads()
                .bucket(&self.name)
                .prefix(prefix)
                .set_key_marker(key_marker)
                .set_upload_id_marker(id_marker)
                .send()
                .await;
            let page = match page.map_err(fault::of) {
                // No bucket yet.
                Err(ArtifactError::NotFound) => return Ok((listed, swept)),
                page => page?,
            };
            for upload in page.uploads() {
                let (Some(key), Some(id)) = (upload.key(), upload.upload_id()) else { continue };
                listed += 1;
                let began = upload.initiated().and_then(millis);
                // The prefix is asked for; that the store heeds it is not taken on trust.
                if key.starts_with(under) && began.is_some_and(|began| began < before) {
                    self.abort(key, id).await?;
                    tracing::info!(bucket = self.name, key, "removed an abandoned upload");
                    swept += 1;
                }
            }
            if page.is_truncated() != Some(true) || page.next_key_marker().is_none() {
                return Ok((listed, swept));
            }
            (key_marker, id_marker) = (page.next_key_marker, page.next_upload_id_marker);
        }
    }
}
