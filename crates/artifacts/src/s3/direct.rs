//! Transfers past the server: presigned URLs, uploads by parts that clients send themselves.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use aws_sdk_s3::types::CompletedPart;
use domain::artifact_path::ArtifactPath;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use super::bucket::Bucket;
use super::fault;
use super::upload::{MAX_PARTS, content_type};
use crate::error::{ArtifactError, Result};

/// How long clients have for the parts of an upload: all URLs are signed at its beginning, and the last part's is used at the
/// end.
const PARTS_VALID: Duration = Duration::from_hours(12);
/// How long a URL for reading is valid if nothing else is configured, in seconds.
pub(super) const READ_VALID: u32 = 300;

/// A request that a client may send to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presigned {
    /// Where to.
    pub url: String,
    /// Headers that it must carry, by name.
    pub headers: Vec<(String, String)>,
}

impl From<PresignedRequest> for Presigned {
    fn from(request: PresignedRequest) -> Self {
        let headers = request.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { url: request.uri().to_owned(), headers }
    }
}

impl Bucket {
    /// Whether clients can reach the store by themselves.
    pub(crate) fn is_reachable(&self) -> bool {
        self.presigning.is_some()
    }

    fn signer(&self) -> Result<&Client> {
        self.presigning.as_ref().ok_or(ArtifactError::Unsupported)
    }

    pub(crate) async fn presign_get(&self, path: &ArtifactPath, valid: Option<Duration>) -> Result<Presigned> {
        let valid = valid.unwrap_or(self.presigned_valid);
        let request = self
            .signer()?
            .get_object()
            .bucket(&self.name)
            .key(self.key(path))
            .response_content_disposition(attachment(path.file_name()));
        Ok(request.presigned(config(valid)?).await.map_err(fault::of)?.into())
    }

    pub(crate) async fn presign_put(&self, path: &ArtifactPath, valid: Duration) -> Result<Presigned> {
        if path.is_root() {
            return Err(ArtifactError::IsDirectory);
        }
        let signer = self.signer()?;
        Box::pin(self.check_vacant(path)).await?;
        let key = self.key(path);
        let request = signer
            .put_object()
            .bucket(&self.name)
            .content_type(content_type(&key))
            .key(key)
            .customize()
            .interceptor(self.upload_headers.clone());
        Ok(request.presigned(config(valid)?).await.map_err(fault::of)?.into())
    }

    pub(crate) async fn begin_parts(&self, path: &ArtifactPath, parts: u16) -> Result<(String, Vec<Presigned>)> {
        if parts == 0 || i32::from(parts) > MAX_PARTS {
            return Err(ArtifactError::Refused(format!("{parts} parts")));
        }
        if path.is_root() {
            return Err(ArtifactError::IsDirectory);
        }
        let signer = self.signer()?;
        Box::pin(self.check_vacant(path)).await?;
        let key = self.key(path);
        let upload_id = self.create_multipart(&key).await?;
        let mut urls = Vec::with_capacity(parts.into());
        for number in 1..=i32::from(parts) {
            let request = signer.upload_part().bucket(&self.name).key(&key).upload_id(&upload_id).part_number(number);
            urls.push(request.presigned(config(PARTS_VALID)?).await.map_err(fault::of)?.into());
        }
        Ok((upload_id, urls))
    }

    pub(crate) async fn finish_parts(
        &self,
        path: &ArtifactPath,
        upload_id: &str,
        parts: Vec<(i32, String)>,
    ) -> Result<()> {
        let parts =
            parts.into_iter().map(|(number, etag)| CompletedPart::builder().part_number(number).e_tag(etag).build());
        self.complete(&self.key(path), upload_id, parts.collect()).await
    }

    pub(crate) async fn abandon_parts(&self, path: &ArtifactPath, upload_id: &str) -> Result<()> {
        self.abort(&self.key(path), upload_id).await
    }
}

fn config(valid: Duration) -> Result<PresigningConfig> {
    PresigningConfig::expires_in(valid).map_err(|cause| ArtifactError::Refused(cause.to_string()))
}

/// What makes a browser save a file rather than show it.
fn attachment(name: &str) -> String {
    const QUOTED: &AsciiSet = &CONTROLS.add(b'"').add(b'\\').add(b'%');
    if name.is_ascii() && utf8_percent_encode(name, QUOTED).next().is_some_and(|part| part.len() == name.len()) {
        format!("attachment; filename=\"{name}\"")
    } else {
        format!("attachment; filename*=UTF-8''{}", utf8_percent_encode(name, NON_ALPHANUMERIC))
    }
}
