//! The space that things take, and the digests of files: our own endpoints.

use axum::extract::State;
use domain::removal::{self, Kind, Progress};
use serde::Serialize;
use service::Service;

use crate::request::Params;
use crate::response::{Answer, json};

/// A removal, as far as it is, or a preview of one.
#[derive(Serialize)]
struct WireRemoval {
    /// Whether this server removes things over HTTP at all.
    allowed: bool,
    running: bool,
    removed: Vec<WireCount>,
    rows: u64,
    files: u64,
    bytes: u64,
    kept: u64,
    failed: u64,
    /// Whether a preview stopped before its end.
    more: bool,
    problems: Vec<removal::Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct WireCount {
    kind: Kind,
    count: u64,
}

fn shown(service: &Service, progress: Progress) -> Answer {
    let Progress { running, removal, problems, error } = progress;
    let removed = Kind::ALL.into_iter().zip(removal.counts).map(|(kind, count)| WireCount { kind, count });
    json(&WireRemoval {
        allowed: service.may_remove(),
        running,
        removed: removed.collect(),
        rows: removal.space.rows,
        files: removal.space.files,
        bytes: removal.space.bytes,
        kept: removal.kept,
        failed: removal.failed,
        more: removal.more,
        problems,
        error,
    })
}

/// Tells what removing for good would free; with `dry_run: false` begins to.
pub(crate) async fn gc(State(service): State<Service>, mut params: Params) -> Answer {
    let older_than = params.string("older_than")?;
    let dry_run = params.bool("dry_run")?.unwrap_or(true);
    let age = older_than.as_deref().map(removal::parse_age).transpose()?;
    let progress = if dry_run { service.preview_removal(age).await? } else { service.start_removal(age)? };
    shown(&service, progress)
}

/// How far the removal is that was begun last.
pub(crate) async fn gc_progress(State(service): State<Service>) -> Answer {
    let progress = service.removal_progress();
    shown(&service, progress)
}

#[derive(Serialize)]
struct WireDigest<'a> {
    path: &'a str,
    file_size: u64,
    /// Absent if the file did not pass through the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

#[derive(Serialize)]
struct WireDigests<'a> {
    files: Vec<WireDigest<'a>>,
}

/// Lists the files of a folder of a run, a logged model or a version with their digests.
pub(crate) async fn digests(State(service): State<Service>, mut params: Params) -> Answer {
    let path = params.text("path")?;
    let owner = params.artifact_owner()?;
    let listing = service.artifacts_of(&owner, &path).await?;
    let file = match listing.files.iter().find(|file| !file.is_dir) {
        Some(file) => Some(service.file_of(&owner, &file.path).await?),
        None => None,
    };
    let files: Vec<_> = listing.files.iter().filter(|file| !file.is_dir).collect();
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let names: Vec<String> = files.iter().map(|file| last(&file.path)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = match file {
        Some(file) => file.digests_beside(&names).await?,
        None => std::collections::HashMap::new(),
    };
    let files = files.iter().zip(&names).map(|(file, name)| WireDigest {
        path: &file.path,
        file_size: file.size.unwrap_or_default(),
        // What somebody else has written in its place since has another size, most times.
        sha256: found
            .get(*name)
            .filter(|digest| file.size == Some(digest.size))
            .map(|digest| digest.sha256.to_string()),
    });
    json(&WireDigests { files: files.collect() })
}
