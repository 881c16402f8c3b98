//! What goes in and out of a repository.

use std::fmt;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use domain::Millis;
use futures::StreamExt;
use futures::stream::BoxStream;

use crate::error::{ArtifactError, Result};

/// A file or folder of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// Relative to the location that was listed from.
    pub path: String,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// Bytes; `None` for folders.
    pub size: Option<u64>,
}

/// Part of a file, as `Range: bytes=` asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteRange {
    /// From an offset to the end.
    From(u64),
    /// From an offset to another, both included.
    Between(u64, u64),
    /// The last bytes.
    Last(u64),
}

impl ByteRange {
    /// First and last byte of the range in a file of this size; `None` if it has none of them.
    pub fn within(self, size: u64) -> Option<(u64, u64)> {
        let end = size.checked_sub(1)?;
        match self {
            Self::From(first) if first <= end => Some((first, end)),
            Self::Between(first, last) if first <= end && first <= last => Some((first, last.min(end))),
            Self::Last(count) if count > 0 => Some((size.saturating_sub(count), end)),
            _ => None,
        }
    }
}

/// What is known of a file without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Bytes.
    pub size: u64,
    /// Changes when the content does; with its quotes.
    pub etag: Option<String>,
    /// When it was last written.
    pub last_modified: Option<Millis>,
}

/// A file that is being read.
pub struct Download {
    /// Its bytes, or those of the range.
    pub body: BoxStream<'static, io::Result<Bytes>>,
    /// Bytes of the whole file.
    pub size: u64,
    /// First and last byte of the range that is sent, if one was asked for.
    pub range: Option<(u64, u64)>,
    /// Changes when the content does; with its quotes.
    pub etag: Option<String>,
    /// When it was last written.
    pub last_modified: Option<Millis>,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("size", &self.size).field("range", &self.range).finish_non_exhaustive()
    }
}

/// A file that is being written.
pub struct Upload {
    /// Its bytes.
    pub body: BoxStream<'static, io::Result<Bytes>>,
    /// How many there will be, if known. Fewer or more count as broken off.
    pub size: Option<u64>,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("size", &self.size).finish_non_exhaustive()
    }
}

/// How long a sender may send nothing: one whose machine died cannot say so.
const SILENCE: Duration = Duration::from_mins(5);

impl Upload {
    /// The next bytes; `None` once all have come. A sender that broke off, fell silent, or sent another number of bytes
    /// than it said, is an error.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>> {
        self.next_within(SILENCE).await
    }

    async fn next_within(&mut self, silence: Duration) -> Result<Option<Bytes>> {
        let chunk = tokio::time::timeout(silence, self.body.next()).await;
        let chunk = chunk.map_err(|_| ArtifactError::Interrupted(io::ErrorKind::TimedOut.into()))?;
        let chunk = chunk.transpose().map_err(ArtifactError::Interrupted)?;
        if let Some(left) = &mut self.size {
            let length = chunk.as_ref().map_or(0, |c| c.len() as u64);
            match left.checked_sub(length) {
                Some(rest) if chunk.is_some() || rest == 0 => *left = rest,
                _ => return Err(ArtifactError::Interrupted(io::ErrorKind::UnexpectedEof.into())),
            }
        }
        Ok(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_silent_sender_has_broken_off() {
        let mut upload = Upload { body: futures::stream::pending().boxed(), size: None };
        let silent = upload.next_within(Duration::from_millis(1)).await;
        assert!(
            matches!(&silent, Err(ArtifactError::Interrupted(cause)) if cause.kind() == io::ErrorKind::TimedOut),
            "{silent:?}"
        );
    }

    #[test]
    fn ranges_fit_the_file() {
        assert_eq!(ByteRange::From(3).within(10), Some((3, 9)));
        assert_eq!(ByteRange::Between(3, 99).within(10), Some((3, 9)));
        assert_eq!(ByteRange::Between(3, 5).within(10), Some((3, 5)));
        assert_eq!(ByteRange::Last(4).within(10), Some((6, 9)));
        assert_eq!(ByteRange::Last(99).within(10), Some((0, 9)));
        for (range, size) in [
            (ByteRange::From(10), 10),
            (ByteRange::Last(0), 10),
            (ByteRange::From(0), 0),
            (ByteRange::Between(5, 3), 10),
        ] {
            assert_eq!(range.within(size), None, "{range:?} of {size}");
        }
    }
}
