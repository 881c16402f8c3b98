//! What is known of a stored file's content: where it lies, how long it is, its SHA-256.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest [`ObjectLocation`], in bytes: what an index of `PostgreSQL` holds, with room to spare.
pub const MAX_OBJECT_LOCATION: usize = 2_048;

/// What stands for the artifacts destination, so that its files may be moved or restored elsewhere.
const DESTINATION: &str = "mlflow-artifacts:/";

/// A SHA-256. Shows as 64 hex digits, which it is also read from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Sha256(pub [u8; 32]);

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSha256;

impl fmt::Display for NoSha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a SHA-256 has 64 hex digits")
    }
}

impl std::error::Error for NoSha256 {}

impl FromStr for Sha256 {
    type Err = NoSha256;

    fn from_str(hex: &str) -> Result<Self, NoSha256> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut bytes = [0; 32];
        if hex.len() != 2 * bytes.len() {
            return Err(NoSha256);
        }
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().as_chunks().0) {
            let [high, low] = *pair;
            let (high, low) = digit(high).zip(digit(low)).ok_or(NoSha256)?;
            *byte = high << 4 | low;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Sha256 {
    type Error = NoSha256;

    fn try_from(hex: String) -> Result<Self, NoSha256> {
        hex.parse()
    }
}

impl From<Sha256> for String {
    fn from(digest: Sha256) -> Self {
        digest.to_string()
    }
}

/// What a file's bytes were when they passed through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// Of all its bytes.
    pub sha256: Sha256,
    /// How many they are.
    pub size: u64,
}

/// Where a stored file or folder is: one text for one object, however the location was written that led to it.
///
/// What lies in the artifacts destination is named after the proxy (`mlflow-artifacts:/0/…`), all else by its address
/// in the store (`s3://bucket/key`, `/absolute/path`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectLocation(String);

impl ObjectLocation {
    /// The location of an address; `destination` is the address of the artifacts destination. `None` if it is longer
    /// than [`MAX_OBJECT_LOCATION`].
    pub fn of_address(address: &str, destination: &str) -> Option<Self> {
        let destination = destination.trim_end_matches('/');
        let location = match address.strip_prefix(destination) {
            Some("") => DESTINATION.to_owned(),
            Some(rest) if rest.starts_with('/') => format!("{DESTINATION}{}", &rest[1..]),
            _ => address.to_owned(),
        };
        (location.len() <= MAX_OBJECT_LOCATION).then_some(Self(location))
    }

    /// One that was kept.
    pub fn from_kept(text: String) -> Self {
        Self(text)
    }

    /// The address in the store; `destination` is the address of the artifacts destination.
    pub fn address(&self, destination: &str) -> String {
        match self.0.strip_prefix(DESTINATION) {
            Some("") => destination.to_owned(),
            Some(rest) => format!("{}/{rest}", destination.trim_end_matches('/')),
            None => self.0.clone(),
        }
    }

    /// As it is kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it lies in the artifacts destination.
    pub fn in_destination(&self) -> bool {
        self.0.starts_with(DESTINATION)
    }

    /// The last name.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// What lies in this folder: from the first text (inclusive) to the second (exclusive).
    pub fn inside(&self) -> (String, String) {
        let folder = self.0.trim_end_matches('/');
        // The character after the slash.
        (format!("{folder}/"), format!("{folder}0"))
    }

    /// A file or folder in this folder; `path` is relative and may be empty. `None` if it is too long.
    pub fn join(&self, path: &str) -> Option<Self> {
        if path.is_empty() {
            return Some(self.clone());
        }
        let location = format!("{}/{path}", self.0.trim_end_matches('/'));
        (location.len() <= MAX_OBJECT_LOCATION).then_some(Self(location))
    }

    /// The file of this name in the same folder. `None` if it is too long.
    pub fn beside(&self, name: &str) -> Option<Self> {
        let (folder, _) = self.0.rsplit_once('/')?;
        let location = format!("{folder}/{name}");
        (location.len() <= MAX_OBJECT_LOCATION).then_some(Self(location))
    }

    /// The folders that it lies in, the nearest first.
    pub fn folders(&self) -> impl Iterator<Item = Self> + '_ {
        let top = self.0.find(":/").map_or(0, |colon| colon + 1);
        let slashes = self.0.bytes().enumerate().rev().filter(move |(at, byte)| *byte == b'/' && *at > top);
        slashes.map(|(at, _)| Self(self.0[..at].to_owned()))
    }
}

impl fmt::Display for ObjectLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_read_as_they_are_shown() {
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let digest: Sha256 = text.parse().unwrap();
        assert_eq!(digest.to_string(), text);
        for wrong in ["", "e3", &text[1..], &text.replace('e', "g"), &format!("{}é", &text[..62])] {
            assert_eq!(wrong.parse::<Sha256>(), Err(NoSha256), "{wrong}");
        }
    }

    #[test]
    fn the_destination_has_a_name_of_its_own() {
        for (address, destination, location) in [
            ("/data/art/0/r/a.txt", "/data/art", "mlflow-artifacts:/0/r/a.txt"),
            ("/data/artifacts", "/data/art", "/data/artifacts"),
            ("/data/art", "/data/art", "mlflow-artifacts:/"),
            ("s3://b/p/0", "s3://b/p", "mlflow-artifacts:/0"),
            ("s3://b/0", "s3://b/", "mlflow-artifacts:/0"),
            ("s3://bb/0", "s3://b", "s3://bb/0"),
        ] {
            let found = ObjectLocation::of_address(address, destination).unwrap();
            assert_eq!(found.as_str(), location);
            assert_eq!(found.address(destination), address);
        }
        assert_eq!(ObjectLocation::of_address(&"a".repeat(MAX_OBJECT_LOCATION + 1), "/d"), None);
    }

    #[test]
    fn folders_hold_what_is_in_them_and_nothing_else() {
        let folder = ObjectLocation::from_kept("s3://b/a".into());
        let (from, to) = folder.inside();
        let inside = |text: &str| from.as_str() <= text && text < to.as_str();
        assert!(inside("s3://b/a/x") && inside("s3://b/a/é/y"));
        assert!(!inside("s3://b/a") && !inside("s3://b/a-2/x") && !inside("s3://b/ab"));
        let above =
            |text: &str| ObjectLocation::from_kept(text.into()).folders().map(|f| f.to_string()).collect::<Vec<_>>();
        assert_eq!(above("s3://b/a/x"), ["s3://b/a", "s3://b", "s3:/"]);
        assert_eq!(above("mlflow-artifacts:/0/r"), ["mlflow-artifacts:/0"]);
        assert_eq!(above("/d/e"), ["/d"]);
    }
}
