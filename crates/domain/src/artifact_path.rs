//! Paths of artifacts within their owner's location.

use percent_encoding::percent_decode_str;

use crate::{Error, Result};

/// How often a path may be percent-encoded upon itself before it is refused.
const MAX_DECODINGS: usize = 10;

/// A relative path that cannot leave its location: no `..`, not absolute, no `#`, no control characters.
/// Empty for the location itself.
///
/// A backslash is an ordinary character, as on every POSIX host. What is percent-encoded is decoded until nothing is
/// left to decode, so that no floor below can find a `..` by decoding once more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ArtifactPath(String);

impl ArtifactPath {
    /// Decodes until stable, then validates; a refusal is MLflow's `Invalid path`.
    /// Empty and `.` segments are dropped.
    pub fn parse(raw: &str) -> Result<Self> {
        let invalid = || Error::invalid("Invalid path");
        let path = decode(raw).ok_or_else(invalid)?;
        if path.chars().any(|c| c == '#' || c.is_control()) || leads_out(&path) {
            return Err(invalid());
        }
        let mut clean = String::with_capacity(path.len());
        for segment in path.split('/') {
            match segment {
                "" | "." => {}
                name => {
                    if !clean.is_empty() {
                        clean.push('/');
                    }
                    clean.push_str(name);
                }
            }
        }
        // Dropping a `./` must not uncover what was refused above, such as the drive of `./C:/x`.
        if leads_out(&clean) {
            return Err(invalid());
        }
        Ok(Self(clean))
    }

    /// The path of a file that a store lists, taken literally: a name that other tools wrote may hold what clients may
    /// not send, such as `#` or `%41`. What leads out, or would name another file, is refused.
    pub fn stored(path: &str) -> Result<Self> {
        let odd = |segment: &str| matches!(segment, "" | "." | "..");
        if path.chars().any(char::is_control) || leads_out(path) || path.split('/').any(odd) {
            return Err(Error::invalid("Invalid path"));
        }
        Ok(Self(path.to_owned()))
    }

    /// The path, `/`-separated, without leading or trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the location itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The last segment; empty for the location itself.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The first segment and what follows it.
    pub fn split_first(&self) -> (&str, Self) {
        match self.0.split_once('/') {
            Some((first, rest)) => (first, Self(rest.to_owned())),
            None => (&self.0, Self::default()),
        }
    }

    /// The path of something in this folder.
    #[must_use]
    pub fn join(&self, inner: &Self) -> Self {
        match (self.is_root(), inner.is_root()) {
            (true, _) => inner.clone(),
            (_, true) => self.clone(),
            _ => Self(format!("{}/{}", self.0, inner.0)),
        }
    }
}

/// Percent-decodes until nothing changes. `None` if that takes too long or does not give UTF-8.
fn decode(raw: &str) -> Option<String> {
    let mut path = raw.to_owned();
    for _ in 0..MAX_DECODINGS {
        let decoded = percent_decode_str(&path).decode_utf8().ok()?;
        if decoded == path {
            return Some(path);
        }
        path = decoded.into_owned();
    }
    None
}

/// Whether a path, or that of a `file:` URI, is absolute on POSIX or Windows (`C:\`, `C:/`, `\\server\share`) or climbs.
fn leads_out(path: &str) -> bool {
    let path = match path.get(..5) {
        Some(scheme) if scheme.eq_ignore_ascii_case("file:") => &path[5..],
        _ => path,
    };
    let bytes = path.as_bytes();
    let separator = |i: usize| matches!(bytes.get(i), Some(b'/' | b'\\'));
    let drive = bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(1) == Some(&b':') && separator(2);
    bytes.first() == Some(&b'/') || drive || (separator(0) && separator(1)) || path.split('/').any(|s| s == "..")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_paths_pass() {
        for (raw, clean) in [
            ("", ""),
            (".", ""),
            ("model/MLmodel", "model/MLmodel"),
            ("a//b/./c/", "a/b/c"),
            ("two%20words+plus.txt", "two words+plus.txt"),
            ("per%25.txt", "per%.txt"),
            ("100%", "100%"),
            (r"back\slash", r"back\slash"),
            (r"..\..\etc", r"..\..\etc"),
            ("...", "..."),
            ("a..b/..c", "a..b/..c"),
            ("C:relative", "C:relative"),
            ("10:30.log", "10:30.log"),
            ("größe/图.png", "größe/图.png"),
            ("q?;=&.bin", "q?;=&.bin"),
        ] {
            assert_eq!(ArtifactPath::parse(raw).map(|p| p.0), Ok(clean.to_owned()), "{raw}");
        }
    }

    // The ways out that MLflow had to close one by one (CVE-2023-1177, -2780, -6753, -6831, -6909, -6976, CVE-2024-1483,
    // -1558, -1560, -1594, -2928, -3848, -8859 and their relatives).
    #[test]
    fn ways_out_are_refused() {
        for raw in [
            "..",
            "../x",
            "a/../../x",
            "a/..",
            "%2e%2e/x",
            "%252e%252e%252fx",
            "%25252e%25252e/x",
            ".%2e/x",
            "/etc/passwd",
            "//etc/passwd",
            "%2Fetc",
            "a#/../../x",
            "a%23b",
            "#",
            "file:///etc/passwd",
            "FILE:/etc/passwd",
            "file://host/share",
            "file:../x",
            "file%3A///etc",
            "C:/Windows",
            r"c:\Windows",
            r"\\server\share",
            r"file:C:\x",
            "./C:/x",
            "a\0b",
            "a%00b",
            "line%0abreak",
            "tab\t",
            "\u{85}",
            "%ff%fe",
        ] {
            let refused = ArtifactPath::parse(raw);
            assert_eq!(refused, Err(Error::invalid("Invalid path")), "{raw:?}");
        }
    }

    #[test]
    fn endless_encoding_is_refused() {
        assert!(ArtifactPath::parse(&format!("%{}2e", "25".repeat(40))).is_err());
    }

    #[test]
    fn paths_come_apart_and_together() {
        let path = ArtifactPath::parse("model/code/a.py").expect("a valid path");
        let (first, rest) = path.split_first();
        assert_eq!((first, rest.as_str(), path.file_name()), ("model", "code/a.py", "a.py"));
        let folder = ArtifactPath::parse(first).expect("a valid path");
        assert_eq!(folder.join(&rest), path);
        assert_eq!(folder.join(&ArtifactPath::default()), folder);
        assert_eq!(ArtifactPath::default().join(&folder), folder);
    }

    #[test]
    fn what_a_store_lists_is_taken_literally() {
        for name in ["a/b", "100%25", "a#b", "%2e%2e", r"a\..\b", "größe", "C:x"] {
            assert_eq!(ArtifactPath::stored(name).map(|p| p.0), Ok(name.to_owned()));
        }
        for name in ["", "a//b", "a/", "/a", "..", "a/../b", "./a", "C:/x", r"\\host", "file:/etc", "a\nb", "a\0"] {
            assert!(ArtifactPath::stored(name).is_err(), "{name:?}");
        }
    }

    /// Percent-encodes some characters of a path, the outcome again, and so on.
    fn encoded(path: &str, rounds: &[Vec<bool>]) -> String {
        rounds.iter().fold(path.to_owned(), |path, which| {
            let mut which = which.iter().copied().cycle();
            let bytes = path.bytes().map(|byte| match which.next() {
                Some(true) => format!("%{byte:02x}"),
                _ if !byte.is_ascii() => format!("%{byte:02X}"),
                _ => char::from(byte).to_string(),
            });
            bytes.collect()
        })
    }

    /// What a path must never be, however it was written.
    fn is_safe(path: &str) -> bool {
        let bytes = path.as_bytes();
        let drive = bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && b"/\\".contains(&bytes[2]);
        let absolute = path.starts_with('/') || path.starts_with(r"\\") || drive;
        !absolute
            && !path.contains(|c: char| c == '#' || c == '\0' || c.is_control())
            && path.split('/').all(|segment| segment != ".." && segment != ".")
            && std::path::Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)))
    }

    proptest! {
        #[test]
        fn what_passes_stays_inside_and_is_stable(raw in "[./a%2eEfF5CB:#\\\\]{0,24}") {
            if let Ok(path) = ArtifactPath::parse(&raw) {
                prop_assert!(is_safe(&path.0), "{:?}", path.0);
                prop_assert_eq!(ArtifactPath::parse(&path.0), Ok(path));
            }
        }

        #[test]
        fn any_text_is_refused_or_safe(raw in any::<String>()) {
            if let Ok(path) = ArtifactPath::parse(&raw) {
                prop_assert!(is_safe(&path.0), "{:?}", path.0);
                prop_assert_eq!(ArtifactPath::parse(&path.0), Ok(path));
            }
        }

        #[test]
        fn no_encoding_hides_a_way_out(
            hostile in prop_oneof![
                "(|a/|a/b/|\\./)(\\.\\./|#/\\.\\./|\\x00|\\n|\\x7f|\u{9b})(etc/passwd|x|\\.\\./x)",
                "(/|[cC]:/|[cC]:\\\\|\\\\\\\\|file:/)(etc/passwd|x)",
            ],
            rounds in prop::collection::vec(prop::collection::vec(any::<bool>(), 1..8), 0..5),
        ) {
            let raw = encoded(&hostile, &rounds);
            prop_assert_eq!(ArtifactPath::parse(&raw), Err(Error::invalid("Invalid path")), "{:?}", raw);
        }

        #[test]
        fn ordinary_names_survive_encoding(
            name in "[a-zA-Z0-9äß図 _+?;=&,!()-]{1,20}(/[a-z0-9?;: ]{1,9}){0,3}",
            which in prop::collection::vec(any::<bool>(), 1..8),
        ) {
            prop_assert_eq!(ArtifactPath::parse(&encoded(&name, &[which])).map(|p| p.0), Ok(name));
        }
    }
}
