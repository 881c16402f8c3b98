//! A request's body out of memory, in slices.
//!
//! Given eight megabytes at once, the HTTP client makes a second copy of them to send. Given slices, it copies one at a
//! time. Such a body is not signed over its whole length either, which would be a pass over every byte for what the
//! connection guards already.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Bytes of a slice.
const SLICE: usize = 128 * 1024;

struct Slices(Bytes);

/// A body that can be sent again if a try fails.
pub(super) fn body(bytes: Bytes) -> ByteStream {
    ByteStream::new(SdkBody::retryable(move || SdkBody::from_body_1_x(Slices(bytes.clone()))))
}

impl Body for Slices {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.0.len().min(SLICE);
        Poll::Ready((length > 0).then(|| Ok(Frame::data(self.0.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}
