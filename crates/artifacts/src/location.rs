//! Artifact locations, as experiments, runs and the configuration write them.

use std::path::PathBuf;

use domain::uri::Uri;
use percent_encoding::percent_decode_str;

use crate::error::{ArtifactError, Result};

/// Where a location's bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// In this folder.
    Folder(PathBuf),
    /// In S3, under this prefix, which has no slash at either end and may be empty.
    S3 { bucket: String, prefix: String },
}

impl Location {
    /// Reads a path, a `file:` or an `s3:` URI.
    pub(crate) fn parse(location: &str) -> Result<Self> {
        let uri = Uri::parse(location);
        let unknown = || ArtifactError::Scheme(location.to_owned());
        match (uri.scheme.to_ascii_lowercase().as_str(), uri.authority) {
            // A relative one is the server's own (`./mlartifacts`): experiments keep absolute ones.
            ("", _) => Ok(Self::Folder(std::path::absolute(location)?)),
            ("file", None | Some("" | "localhost")) if uri.path.starts_with('/') => {
                let path = percent_decode_str(uri.path).decode_utf8().map_err(|_| unknown())?;
                Ok(Self::Folder(PathBuf::from(path.as_ref())))
            }
            ("s3", Some(bucket)) if !bucket.is_empty() => {
                Ok(Self::S3 { bucket: bucket.to_owned(), prefix: uri.path.trim_matches('/').to_owned() })
            }
            ("file" | "s3", _) => Err(unknown()),
            (scheme, _) => Err(ArtifactError::Scheme(scheme.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s3(bucket: &str, prefix: &str) -> Location {
        Location::S3 { bucket: bucket.into(), prefix: prefix.into() }
    }

    #[test]
    fn locations_are_read() {
        for (text, location) in [
            ("/data/a b", Location::Folder("/data/a b".into())),
            ("file:///data/a%20b", Location::Folder("/data/a b".into())),
            ("file:/data", Location::Folder("/data".into())),
            ("FILE://localhost/data", Location::Folder("/data".into())),
            ("s3://bucket", s3("bucket", "")),
            ("s3://bucket/", s3("bucket", "")),
            ("s3://bucket/a/b/", s3("bucket", "a/b")),
            ("S3://bucket/a%20b?x=y/z", s3("bucket", "a%20b")),
        ] {
            assert_eq!(Location::parse(text).ok(), Some(location), "{text}");
        }
        let relative = Location::parse("./mlartifacts").ok();
        assert!(
            matches!(relative, Some(Location::Folder(path)) if path.is_absolute() && path.ends_with("mlartifacts"))
        );
    }

    #[test]
    fn others_have_no_driver() {
        for text in
            ["gs://bucket/a", "hdfs://host/a", "file://host/a", "file:a", "s3:bucket/a", "s3:///a", "http://host/a"]
        {
            assert!(matches!(Location::parse(text), Err(ArtifactError::Scheme(_))), "{text}");
        }
    }
}
