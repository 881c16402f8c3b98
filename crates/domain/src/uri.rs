//! Artifact locations as URIs: their parts, paths appended to them, and which of them the server may be sent to.

use percent_encoding::percent_decode_str;

use crate::{Error, Result};

/// Longest artifact location of an experiment.
pub const MAX_LOCATION: usize = 2_048;

/// Schemes whose authority names the host that one would connect to.
const HOST_ADDRESSED: [&str; 10] =
    ["http", "https", "ftp", "sftp", "hdfs", "viewfs", "r2", "b2", "abfss", "mlflow-artifacts"];

/// Schemes whose last path segment may carry `;params`; so does a plain path.
const WITH_PARAMS: [&str; 6] = ["", "ftp", "http", "https", "sftp", "tel"];

/// A URI or a plain path, cut into its parts. Nothing is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'a> {
    /// What stands before the first colon, as written; empty for a plain path.
    pub scheme: &'a str,
    /// What stands after `//`.
    pub authority: Option<&'a str>,
    /// The path, with its `;params`.
    pub path: &'a str,
    /// What stands after `?`.
    pub query: Option<&'a str>,
    /// What stands after `#`.
    pub fragment: Option<&'a str>,
}

impl<'a> Uri<'a> {
    /// Cuts a text; every text is a URI or a path.
    pub fn parse(text: &'a str) -> Self {
        let (scheme, rest) = split_scheme(text).unwrap_or(("", text));
        let (rest, fragment) = split_off(rest, '#');
        let (rest, query) = split_off(rest, '?');
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find('/').unwrap_or(rest.len());
                (Some(&rest[..end]), &rest[end..])
            }
            None => (None, rest),
        };
        Self { scheme, authority, path, query, fragment }
    }

    /// Whether it is of this scheme, in any letter case.
    pub fn has_scheme(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    fn has_params(&self) -> bool {
        WITH_PARAMS.iter().any(|s| self.has_scheme(s))
            && self.path.rsplit('/').next().is_some_and(|last| last.split_once(';').is_some_and(|(_, p)| !p.is_empty()))
    }

    /// The host in lower case and the port of the authority; `None` where there is no telling which host a client
    /// would take it for.
    fn host_and_port(&self) -> Option<(String, Option<u16>)> {
        let authority = self.authority.unwrap_or_default();
        if authority.contains(|c: char| c == '\\' || c.is_whitespace() || c.is_control()) {
            return None;
        }
        let after_user = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = match after_user.strip_prefix('[') {
            Some(v6) => {
                let (host, rest) = v6.split_once(']')?;
                (host, rest.strip_prefix(':').unwrap_or(rest))
            }
            None => after_user.split_once(':').unwrap_or((after_user, "")),
        };
        let port = if port.is_empty() { None } else { Some(port.parse().ok()?) };
        Some((host.to_ascii_lowercase(), port))
    }

    /// Which hosts a client of this URI may connect to; `None` if the URI names no host.
    fn targets(&self) -> Option<Vec<Target>> {
        let scheme = self.scheme.to_ascii_lowercase();
        if !HOST_ADDRESSED.contains(&scheme.as_str()) {
            return None;
        }
        if scheme == "mlflow-artifacts" && self.authority.unwrap_or_default().is_empty() {
            return None;
        }
        let Some((host, port)) = self.host_and_port() else { return Some(Vec::new()) };
        let (family, default_ports): (_, &[u16]) = match scheme.as_str() {
            "http" => ("http", &[80]),
            "https" => ("http", &[443]),
            "mlflow-artifacts" => ("http", &[80, 443]),
            "ftp" => ("ftp", &[21]),
            "sftp" => ("sftp", &[22]),
            "hdfs" | "viewfs" => ("hdfs", &[]),
            "r2" => ("r2", &[443]),
            "b2" => ("b2", &[443]),
            _ => ("abfss", &[443]),
        };
        let ports = match port {
            Some(port) => vec![Some(port)],
            None if default_ports.is_empty() => vec![None],
            None => default_ports.iter().copied().map(Some).collect(),
        };
        Some(ports.into_iter().map(|port| (family, host.clone(), port)).collect())
    }
}

/// Family of schemes, host, port.
type Target = (&'static str, String, Option<u16>);

fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let mut chars = scheme.chars();
    let starts = chars.next().is_some_and(|c| c.is_ascii_alphabetic());
    let goes_on = chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    (starts && goes_on).then_some((scheme, rest))
}

fn split_off(text: &str, mark: char) -> (&str, Option<&str>) {
    text.split_once(mark).map_or((text, None), |(before, after)| (before, Some(after)))
}

/// Appends segments to the path of a URI, before its query; to a plain path, at its end.
///
/// ```
/// let base = "s3://bucket/experiments/7?region=eu";
/// assert_eq!(domain::uri::append_path(base, &["r1", "artifacts"]), "s3://bucket/experiments/7/r1/artifacts?region=eu");
/// ```
pub fn append_path(base: &str, segments: &[&str]) -> String {
    let uri = Uri::parse(base);
    let path_end = if uri.scheme.is_empty() {
        base.len()
    } else {
        let query = uri.query.map_or(0, |q| q.len() + 1);
        let fragment = uri.fragment.map_or(0, |f| f.len() + 1);
        base.len() - query - fragment
    };
    let (before, after) = base.split_at(path_end);
    let mut out = before.to_owned();
    for segment in segments {
        let needs_slash = match uri.authority {
            // `s3://bucket` needs one, `mlflow-artifacts:` does not.
            Some(_) => !out.ends_with('/') || (uri.path.is_empty() && out.ends_with("//")),
            None => !out.ends_with('/') && !out.is_empty() && !out.ends_with(':'),
        };
        if needs_slash {
            out.push('/');
        }
        out.push_str(segment.trim_start_matches('/'));
    }
    out.push_str(after);
    out
}

/// The relative path of a location that is local and not absolute: `./mlruns`, `data`, `file:data`.
pub fn relative_local_path(location: &str) -> Option<&str> {
    let uri = Uri::parse(location);
    match uri.scheme {
        "" => (!location.starts_with('/')).then_some(location),
        scheme => (scheme.eq_ignore_ascii_case("file") && uri.authority.is_none() && !uri.path.starts_with('/'))
            .then_some(uri.path),
    }
}

/// Checks a location that a client chooses for an experiment; `roots` and `allowed` as in [`check_host`].
pub fn check_location(field: &str, location: &str, roots: &[&str], allowed: &[String]) -> Result<()> {
    let uri = Uri::parse(location);
    if uri.fragment.is_some_and(|f| !f.is_empty()) || uri.has_params() {
        return Err(Error::invalid(format!("'{field}' URL can't include fragments or params.")));
    }
    check_query(uri.query.unwrap_or_default())?;
    check_host(field, location, roots, allowed)?;
    if location.starts_with("runs:") {
        return Err(Error::invalid(format!("Artifact location cannot be a runs:/ URI. Given: '{location}'")));
    }
    check_is_here(location)
}

/// Refuses `file:` URIs that name another host: their files are not on this one.
pub fn check_is_here(text: &str) -> Result<()> {
    let uri = Uri::parse(text);
    let host = uri.authority.unwrap_or_default().rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let here = host.is_empty() || host == "." || host.starts_with("localhost") || host.starts_with("127.0.0.1");
    if here || !uri.has_scheme("file") {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{text} is not a valid remote uri. For remote access on windows, please consider using a different scheme such \
         as SMB (e.g. smb://<hostname>/<path>)."
    )))
}

/// Refuses a location longer than `limit` characters; unless the server is told otherwise, [`MAX_LOCATION`].
pub fn check_location_length(location: &str, limit: usize) -> Result<()> {
    if location.chars().count() > limit {
        return Err(Error::invalid(format!(
            "Invalid artifact path length. The length of the artifact path cannot be greater than {limit} \
             characters. To configure this limit, please set the MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH environment variable."
        )));
    }
    Ok(())
}

/// Refuses a query string with `..` in it, however often it is percent-encoded.
pub fn check_query(query: &str) -> Result<()> {
    let mut text = query.to_owned();
    loop {
        let decoded = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if decoded == text {
            break;
        }
        text = decoded;
    }
    if text.contains("..") { Err(Error::invalid("Invalid query string")) } else { Ok(()) }
}

/// Refuses a URI that would make the server connect to a host of the client's choice.
///
/// Fine are URIs that name no host, those on the host of one of the `roots` (the default artifact root and the artifacts
/// destination), and those of an `allowed` scheme. `field` is the request's name for the URI.
pub fn check_host(field: &str, uri: &str, roots: &[&str], allowed: &[String]) -> Result<()> {
    let Some(scheme) = refused_scheme(uri, roots, allowed) else { return Ok(()) };
    Err(Error::invalid(format!(
        "'{field}' cannot use the '{scheme}' scheme: the '{scheme}' scheme addresses a host other than the tracking \
         server's configured artifact storage, so the server would connect to the host named in the URI. Set the \
         MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES environment variable on the server to allow it."
    )))
}

/// The scheme for which [`check_host`] refuses a URI.
pub fn refused_scheme(uri: &str, roots: &[&str], allowed: &[String]) -> Option<String> {
    // Clients of these schemes drop such characters, so that they see another URI than stands there.
    let visible: String = uri.trim_start_matches(|c: char| c <= ' ').replace(['\t', '\r', '\n'], "");
    let uri = Uri::parse(&visible);
    let targets = uri.targets()?;
    let scheme = uri.scheme.to_ascii_lowercase();
    if allowed.iter().any(|a| a.eq_ignore_ascii_case(&scheme)) {
        return None;
    }
    let trusted = roots.iter().filter_map(|root| Uri::parse(root).targets()).flatten().any(|t| targets.contains(&t));
    (!trusted).then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_cut_as_they_are_written() {
        assert_eq!(
            Uri::parse("S3://b:1/p/q?x=y#f"),
            Uri { scheme: "S3", authority: Some("b:1"), path: "/p/q", query: Some("x=y"), fragment: Some("f") }
        );
        assert_eq!(
            Uri::parse("/a b/c"),
            Uri { scheme: "", authority: None, path: "/a b/c", query: None, fragment: None }
        );
        assert_eq!(Uri::parse("1a:b").scheme, "");
    }

    #[test]
    fn paths_are_appended_before_the_query() {
        for (base, whole) in [
            ("mlflow-artifacts:/", "mlflow-artifacts:/0/x"),
            ("mlflow-artifacts:", "mlflow-artifacts:0/x"),
            ("mlflow-artifacts://host:5000", "mlflow-artifacts://host:5000/0/x"),
            ("s3://b", "s3://b/0/x"),
            ("s3://b/", "s3://b/0/x"),
            ("s3://b/p?x=y", "s3://b/p/0/x?x=y"),
            ("s3://b/p/?x=a/b", "s3://b/p/0/x?x=a/b"),
            ("file:///data", "file:///data/0/x"),
            ("/data/a?b", "/data/a?b/0/x"),
            ("/", "/0/x"),
        ] {
            assert_eq!(append_path(base, &["0", "x"]), whole, "{base}");
        }
    }

    #[test]
    fn relative_paths_are_told_from_absolute_ones() {
        for (location, path) in [
            ("./mlruns", Some("./mlruns")),
            ("data", Some("data")),
            ("file:data", Some("data")),
            ("/data", None),
            ("file:///data", None),
            ("s3://b/p", None),
            ("mlflow-artifacts:/", None),
        ] {
            assert_eq!(relative_local_path(location), path, "{location}");
        }
    }

    #[test]
    fn locations_that_mislead_are_refused() {
        let check =
            |location: &str| check_location("artifact_location", location, &["mlflow-artifacts:/", "/data"], &[]);
        for fine in
            ["s3://b/p?x=y", "mlflow-artifacts:/a", "file:///a", "/a/b", "gs://b", "s3://b/a;b", "foo://b", "rel"]
        {
            check(fine).unwrap();
        }
        for (location, message) in [
            ("s3://b/p#f", "'artifact_location' URL can't include fragments or params."),
            ("/a;b", "'artifact_location' URL can't include fragments or params."),
            ("s3://b/p?x=%252e%252e/y", "Invalid query string"),
            ("runs:/abc/model", "Artifact location cannot be a runs:/ URI. Given: 'runs:/abc/model'"),
        ] {
            assert_eq!(check(location).unwrap_err().message, message, "{location}");
        }
        assert!(
            check("file://elsewhere/a")
                .unwrap_err()
                .message
                .starts_with("file://elsewhere/a is not a valid remote uri.")
        );
        check_location_length("ää", 2).unwrap();
        assert!(check_location_length("ääa", 2).unwrap_err().message.contains("cannot be greater than 2 characters"));
    }

    #[test]
    fn only_the_servers_own_hosts_are_connected_to() {
        let roots = ["http://store.example:8080/root", "hdfs://name/a"];
        let refused = |uri: &str| refused_scheme(uri, &roots, &["sftp".to_owned()]);
        for fine in [
            "http://store.example:8080/x",
            "mlflow-artifacts://STORE.example:8080/x",
            "viewfs://name/b",
            "sftp://anywhere/x",
            "mlflow-artifacts:/x",
            "mlflow-artifacts:///x",
            "s3://anywhere",
        ] {
            assert_eq!(refused(fine), None, "{fine}");
        }
        for (uri, scheme) in [
            ("http://store.example/x", "http"),
            ("HTTPS://store.example:8080@evil.example/x", "https"),
            ("http://evil.example\\@store.example:8080/x", "http"),
            ("ht\ntp://evil.example/x", "http"),
            (" http://evil.example/x", "http"),
            ("ftp:///x", "ftp"),
            ("hdfs://name:8020/b", "hdfs"),
            ("abfss://c@account.example/x", "abfss"),
            ("mlflow-artifacts://evil.example/x", "mlflow-artifacts"),
        ] {
            assert_eq!(refused(uri).as_deref(), Some(scheme), "{uri}");
        }
    }
}
