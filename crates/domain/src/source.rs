//! What a version's source names, and what may be registered as one: rules on text, without a look at any store.
//!
//! A source is `models:/…` (a logged model or another version), `runs:/<run>/<path>`, a path on the server, or a
//! location in some storage. MLflow's sentences for what is refused are here (`docs/api.md`, model versions).

use percent_encoding::percent_decode_str;

use crate::uri::{Uri, check_is_here};
use crate::{Error, Result};

/// How often a source may be percent-encoded upon itself before it is refused.
const MAX_DECODINGS: usize = 10;

/// The sources that a prompt's version may have.
pub const PROMPT_SOURCES: [&str; 2] = ["dummy-source", "prompt-template"];

/// What a source names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A path on the server, relative or absolute: from a plain path or a `file:` URI.
    Local(String),
    /// A file or folder of a run.
    Run {
        /// The run; empty if there is no telling.
        run_id: String,
        /// Below the run's artifact location.
        path: String,
    },
    /// The files of a logged model.
    LoggedModel(String),
    /// The files of a version.
    Version {
        /// The registered model's name.
        name: String,
        /// Which of its versions.
        pick: VersionPick,
    },
    /// The artifact proxy of a tracking server.
    Proxy,
    /// Any other storage.
    Remote,
}

/// Which version a `models:/` URI means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionPick {
    /// The one of this number, in decimal.
    Number(String),
    /// The highest of a stage, as written.
    Stage(String),
    /// The highest.
    Latest,
    /// The one that an alias points at.
    Alias(String),
}

/// A request parameter that has to name the owner of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// `run_id`.
    Run,
    /// `model_id`.
    LoggedModel,
}

impl Owner {
    const fn param(self) -> &'static str {
        match self {
            Self::Run => "run_id",
            Self::LoggedModel => "model_id",
        }
    }

    /// The source is not the owner's, or there is no such owner.
    pub fn does_not_contain(self, source: &str) -> Error {
        refused(
            source,
            &format!("The {} request parameter must identify the resource that contains the source.", self.param()),
        )
    }

    /// The source is a path on the server, and not the owner's.
    pub fn has_no_local(self, source: &str) -> Error {
        let param = self.param();
        refused(
            source,
            &format!(
                "To use a local path as a model version source, the {param} request parameter has to be specified and \
                 the local path has to be contained within the artifact directory of the run specified by the {param}."
            ),
        )
    }
}

/// A source that cannot be, and why.
pub fn refused(source: &str, why: &str) -> Error {
    Error::invalid(format!("Invalid model version source: '{source}'. {why}"))
}

impl Source {
    /// Reads a source. What has no form at all is refused; what it names may not exist.
    pub fn parse(text: &str) -> Result<Self> {
        let uri = Uri::parse(text);
        let authority = uri.authority.unwrap_or_default();
        match uri.scheme.to_ascii_lowercase().as_str() {
            "" => Ok(Self::Local(text.to_owned())),
            "file" => {
                check_is_here(text)?;
                Ok(Self::Local(percent_decode_str(uri.path).decode_utf8_lossy().into_owned()))
            }
            "models" => parse_models(text, &uri),
            "runs" => {
                let path = uri.path.strip_prefix('/').unwrap_or_default();
                let (run_id, path) = path.split_once('/').unwrap_or((path, ""));
                // One with an authority is no run of ours.
                let run_id = if authority.is_empty() { run_id } else { "" };
                Ok(Self::Run { run_id: run_id.to_owned(), path: path.to_owned() })
            }
            "mlflow-artifacts" => Ok(Self::Proxy),
            "http" | "https" if is_proxy_route(uri.path) => Ok(Self::Proxy),
            _ => Ok(Self::Remote),
        }
    }
}

fn parse_models(text: &str, uri: &Uri<'_>) -> Result<Source> {
    if !uri.authority.unwrap_or_default().is_empty() {
        return Err(refused(text, "Registered model sources must use the active model registry."));
    }
    let malformed = || Owner::LoggedModel.does_not_contain(text);
    // A model's name may have a `#`.
    let path = text[uri.scheme.len() + 1..].split('?').next().unwrap_or_default();
    if !path.starts_with('/') {
        return Err(malformed());
    }
    let path = path.trim_start_matches('/');
    let (first, second) = path.split_once('/').map_or((path, None), |(first, second)| (first, Some(second)));
    if first.trim().is_empty() {
        return Err(malformed());
    }
    match second {
        Some(suffix) if suffix.trim().is_empty() || suffix.contains('/') => Err(malformed()),
        Some(suffix) => {
            let pick = if suffix.bytes().all(|b| b.is_ascii_digit()) {
                VersionPick::Number(suffix.to_owned())
            } else if suffix.eq_ignore_ascii_case("latest") {
                VersionPick::Latest
            } else {
                VersionPick::Stage(suffix.to_owned())
            };
            Ok(Source::Version { name: first.to_owned(), pick })
        }
        None => match first.rsplit_once('@') {
            Some((_, alias)) if alias.trim().is_empty() => Err(malformed()),
            Some((name, alias)) => {
                Ok(Source::Version { name: name.to_owned(), pick: VersionPick::Alias(alias.to_owned()) })
            }
            None => Ok(Source::LoggedModel(first.to_owned())),
        },
    }
}

fn is_proxy_route(path: &str) -> bool {
    let segments: Vec<String> = segments(path).collect();
    segments.windows(4).any(|four| four == ["api", "2.0", "mlflow-artifacts", "artifacts"])
}

/// Refuses a source with a scheme whose path is empty or relative, or becomes so when it is decoded.
pub fn check_absolute(source: &str) -> Result<()> {
    let decoded = decode(source);
    let path = Uri::parse(&decoded).path.trim_end_matches('/');
    let relative = !path.starts_with('/')
        || decode(&decoded) != decoded
        || decoded.contains(char::is_control)
        || decoded.split('/').any(|segment| segment == "..")
        || path.split('/').any(|segment| segment == ".");
    if relative {
        return Err(refused(
            source,
            "If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an \
             absolute path must be provided without relative path references present. Please provide an absolute path.",
        ));
    }
    Ok(())
}

/// The decoded segments of `location` below `root`, both of them URIs; `None` if it is not `root` or inside.
/// A root without a path contains nothing.
pub fn below(location: &str, root: &str) -> Option<Vec<String>> {
    let (location, root) = (Uri::parse(location), Uri::parse(root));
    let authority = |uri: Uri<'_>| uri.authority.unwrap_or_default().to_ascii_lowercase();
    if !location.has_scheme(root.scheme) || authority(location) != authority(root) {
        return None;
    }
    let mut rest = segments(location.path);
    let mut depth = 0;
    for expected in segments(root.path) {
        if rest.next()? != expected {
            return None;
        }
        depth += 1;
    }
    (depth > 0).then(|| rest.collect())
}

/// The segments of a path, each decoded until stable.
pub fn segments(path: &str) -> impl Iterator<Item = String> + '_ {
    path.split('/').filter(|segment| !segment.is_empty()).map(decode)
}

/// Decodes `%xx` until nothing changes, or up to a limit that no honest text reaches.
fn decode(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..MAX_DECODINGS {
        let decoded = percent_decode_str(&text).decode_utf8_lossy();
        if decoded == text {
            break;
        }
        text = decoded.into_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_uris_name_a_logged_model_or_a_version() {
        let version = |name: &str, pick| Ok(Source::Version { name: name.into(), pick });
        assert_eq!(Source::parse("models:/m-1"), Ok(Source::LoggedModel("m-1".into())));
        assert_eq!(Source::parse("models:/a b/12"), version("a b", VersionPick::Number("12".into())));
        assert_eq!(Source::parse("models:/a#b/1"), version("a#b", VersionPick::Number("1".into())));
        assert_eq!(Source::parse("models:/m/LATEST"), version("m", VersionPick::Latest));
        assert_eq!(Source::parse("models:/m/staging"), version("m", VersionPick::Stage("staging".into())));
        assert_eq!(Source::parse("models:/a@b@c"), version("a@b", VersionPick::Alias("c".into())));
        for malformed in ["models:/", "models:m", "models:/m/", "models:/m/1/x", "models:/m@"] {
            assert_eq!(Source::parse(malformed), Err(Owner::LoggedModel.does_not_contain(malformed)));
        }
        assert_eq!(
            Source::parse("models://elsewhere/m/1").unwrap_err().message,
            "Invalid model version source: 'models://elsewhere/m/1'. Registered model sources must use the active \
             model registry."
        );
    }

    #[test]
    fn what_is_on_the_server_is_local() {
        for (text, path) in [
            ("/a/b", "/a/b"),
            ("dummy-source", "dummy-source"),
            ("file:///a%20b", "/a b"),
            ("file:a", "a"),
            ("FILE://localhost:80/a", "/a"),
        ] {
            assert_eq!(Source::parse(text), Ok(Source::Local(path.into())));
        }
        assert!(
            Source::parse("file://host/a").unwrap_err().message.starts_with("file://host/a is not a valid remote uri.")
        );
    }

    #[test]
    fn other_schemes_are_runs_proxies_or_storage() {
        assert_eq!(Source::parse("runs:/r/a/b"), Ok(Source::Run { run_id: "r".into(), path: "a/b".into() }));
        assert_eq!(Source::parse("runs:/r"), Ok(Source::Run { run_id: "r".into(), path: String::new() }));
        assert_eq!(Source::parse("runs://x/r/a"), Ok(Source::Run { run_id: String::new(), path: "a".into() }));
        assert_eq!(Source::parse("mlflow-artifacts:/0/r"), Ok(Source::Proxy));
        assert_eq!(Source::parse("http://h/x/api/2.0/mlflow%2Dartifacts/artifacts/0"), Ok(Source::Proxy));
        assert_eq!(Source::parse("http://h/x"), Ok(Source::Remote));
        assert_eq!(Source::parse("s3://b/k"), Ok(Source::Remote));
    }

    #[test]
    fn remote_paths_are_absolute_however_they_are_written() {
        for fine in [
            "s3://b/x",
            "s3://b//x//",
            "s3://b/a..b",
            "s3://b/x?y=..",
            "runs:/r/m",
            "s3://b/100%/x",
            "s3://b/x?y=./z",
            "s3://b/x?y=../z",
        ] {
            check_absolute(fine).unwrap();
        }
        for bad in [
            "s3://b/../x",
            "s3://b/%2e%2e/x",
            "s3://b/%252e%252e/x",
            "s3://b/./x",
            "s3://b/x%00",
            "s3://b",
            "foo:bar",
            "mlflow-artifacts:/..%2f..",
            "s3://b/x?y=/../z",
            &format!("s3://b/%{}2e/x", "25".repeat(40)),
        ] {
            assert!(check_absolute(bad).unwrap_err().message.ends_with("Please provide an absolute path."), "{bad}");
        }
    }

    #[test]
    fn containment_is_by_whole_decoded_segments() {
        let root = "mlflow-artifacts:/0/r/artifacts";
        assert_eq!(below(root, root), Some(vec![]));
        assert_eq!(below("MLFLOW-ARTIFACTS:/0//r/artifacts/a%20b/c/", root), Some(vec!["a b".into(), "c".into()]));
        assert_eq!(below("mlflow-artifacts:/0/r/artifacts-2", root), None);
        assert_eq!(below("mlflow-artifacts:/0/r", root), None);
        assert_eq!(below("mlflow-artifacts://h/0/r/artifacts", root), None);
        assert_eq!(below("s3://B/p/x", "s3://b/p?region=a"), Some(vec!["x".into()]));
        assert_eq!(below("s3://b/p", "s3://b"), None);
    }
}
