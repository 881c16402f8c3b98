//! The bytes of an object, however slowly they are wanted.

use std::io;

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures::stream::{self, BoxStream};

use super::bucket::Bucket;
use super::fault;
use crate::error::Result;

/// How often in a row a download that broke is tried to go on without a byte coming.
const ATTEMPTS: u32 = 3;

/// An object that is being read. Servers close connections on which nothing was taken for a while, as when a receiver
/// pauses; the rest is then asked for again.
pub(super) struct Reading {
    pub(super) bucket: Bucket,
    pub(super) key: String,
    /// The rest must be the same object's.
    pub(super) etag: Option<String>,
    pub(super) body: ByteStream,
    /// Where in the object the next byte is.
    pub(super) next: u64,
    /// Where the wanted bytes end.
    pub(super) end: u64,
}

impl Reading {
    pub(super) fn into_stream(self) -> BoxStream<'static, io::Result<Bytes>> {
        Box::pin(stream::try_unfold(self, |mut this| async move {
            let chunk = this.chunk().await?;
            Ok(chunk.map(|chunk| (chunk, this)))
        }))
    }

    async fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        let mut attempts = 0;
        loop {
            let cause = match self.body.try_next().await {
                Ok(Some(chunk)) => {
                    self.next += chunk.len() as u64;
                    return Ok(Some(chunk));
                }
                Ok(None) if self.next >= self.end => return Ok(None),
                Ok(None) => io::ErrorKind::UnexpectedEof.into(),
                Err(cause) => io::Error::other(cause),
            };
            tracing::warn!(bucket = self.bucket.name, key = self.key, at = self.next, %cause, "a download from S3 broke");
            attempts += 1;
            if attempts > ATTEMPTS || self.etag.is_none() || self.next >= self.end {
                return Err(cause);
            }
            self.reopen().await.map_err(io::Error::other)?;
        }
    }

    /// Asks for the rest. An object that was replaced in between is an error.
    async fn reopen(&mut self) -> Result<()> {
        let request = self.bucket.client.get_object().bucket(&self.bucket.name).key(&self.key);
        let request = request.range(format!("bytes={}-{}", self.next, self.end - 1)).set_if_match(self.etag.clone());
        self.body = request.send().await.map_err(fault::of)?.body;
        Ok(())
    }
}
