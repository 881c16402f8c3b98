//! `ferroflow verify` and `ferroflow gc`: looking after what a server keeps, beside it or without it.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::format::bytes;
use domain::removal::{Kind, Outcome, Removal, Space, parse_age};
use service::{
    ArtifactConfig, Artifacts, Finding, Gc, S3Options, Service, Store, StoreOptions, SystemClock, SystemEntropy,
    Verified, Verify,
};
use tracing_subscriber::EnvFilter;

use crate::cli::{GcArgs, StoreArgs, VerifyArgs};
use crate::config::{absolute_location, destination};

/// How often a terminal is told how far it is, and how often a log.
const PROGRESS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));
/// What the exit code says: there are findings, or something could not be removed.
const FINDINGS: u8 = 1;
/// What the exit code says: it could not be done.
const FAILED: u8 = 2;

/// Runs `ferroflow verify`.
pub(crate) fn verify(args: &VerifyArgs) -> ExitCode {
    finish(run(&args.store, async |service| {
        let verify = Verify { experiment: args.experiment.clone(), model: args.model.clone(), record: args.record };
        let mut report = Report::new(args);
        service.verify(&verify, |verified| report.add(&verified)).await.map_err(|e| e.message)?;
        Ok(report.end())
    }))
}

/// Runs `ferroflow gc`.
pub(crate) fn gc(args: &GcArgs) -> ExitCode {
    let list = |ids: &Option<String>| -> Vec<String> {
        let ids = ids.as_deref().unwrap_or_default().split(',').map(str::trim);
        ids.filter(|id| !id.is_empty()).map(str::to_owned).collect()
    };
    finish(run(&args.store, async |service| {
        let gc = Gc {
            older_than: args.older_than.as_deref().map(parse_age).transpose().map_err(|e| e.message)?,
            run_ids: list(&args.run_ids),
            experiment_ids: list(&args.experiment_ids),
            logged_model_ids: list(&args.logged_model_ids),
            dry_run: args.dry_run,
            at_most: None,
        };
        let mut line = StatusLine::new();
        let mut seen = Removal::default();
        let told = |outcome: &Outcome| {
            seen.add(outcome);
            line.clear();
            if args.json {
                say(&json(outcome));
            } else {
                say(&sentence(outcome, args.dry_run));
            }
            line.show(|| format!("{} things, {}", seen.total(), space(seen.space)));
        };
        let removal = service.gc(&gc, told).await.map_err(|e| e.message)?;
        if !args.json {
            say(&summary(&removal, args.dry_run));
        }
        Ok(removal.failed == 0)
    }))
}

fn finish(done: Result<bool, String>) -> ExitCode {
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FINDINGS),
        Err(sentence) => {
            eprintln!("ferroflow: {sentence}");
            ExitCode::from(FAILED)
        }
    }
}

/// Opens the stores and does the work.
fn run(args: &StoreArgs, work: impl AsyncFnOnce(Service) -> Result<bool, String>) -> Result<bool, String> {
    let filter = EnvFilter::try_from_env("FERROFLOW_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .log_internal_errors(false)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|e| format!("can't start threads: {e}"))?.block_on(async {
        let options = StoreOptions {
            uri: args.backend_store_uri.clone(),
            max_connections: 4,
            sqlite_full_sync: args.sqlite_full_sync,
        };
        // Who mistypes a path should not be told that all is well.
        if !options.exists() {
            return Err(format!("there is no database at {}", service::redact(&options.uri)));
        }
        let store = Store::open(&options).await.map_err(|e| e.to_string())?;
        let default_root =
            args.default_artifact_root.as_deref().map_or(Ok("mlflow-artifacts:/".into()), absolute_location);
        let config = ArtifactConfig {
            default_root: default_root?,
            destination: destination(&args.artifacts_destination)?,
            serve: true,
            allowed_schemes: Vec::new(),
        };
        let s3 = S3Options::from_env()?;
        s3.check()?;
        let artifacts = Artifacts::new(s3).await;
        let service = Service::new(store.clone(), artifacts, config, Arc::new(SystemClock), Arc::new(SystemEntropy));
        let checked = if args.artifacts_moved { Ok(()) } else { service.check_destination().await };
        let done = match checked {
            Ok(()) => work(service).await,
            Err(error) => Err(error.message),
        };
        store.close().await;
        done
    })
}

/// Prints a line. Whoever closed the pipe wants no more.
fn say(line: &str) {
    if writeln!(std::io::stdout(), "{line}").is_err() {
        std::process::exit(FINDINGS.into());
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("texts and numbers have a JSON form")
}

/// How far it is, on standard error: one line of a terminal, or a line now and then.
struct StatusLine {
    terminal: bool,
    shown: Option<Instant>,
}

impl StatusLine {
    fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), shown: None }
    }

    fn show(&mut self, text: impl FnOnce() -> String) {
        let pause = if self.terminal { PROGRESS.0 } else { PROGRESS.1 };
        let shown = *self.shown.get_or_insert_with(Instant::now);
        if shown.elapsed() < pause {
            return;
        }
        self.shown = Some(Instant::now());
        if self.terminal {
            eprint!("\r\x1b[K{} …", text());
        } else {
            eprintln!("{} …", text());
        }
    }

    fn clear(&self) {
        if self.terminal && self.shown.is_some() {
            eprint!("\r\x1b[K");
        }
    }
}

/// What `verify` found so far.
struct Report<'a> {
    args: &'a VerifyArgs,
    line: StatusLine,
    files: u64,
    bytes: u64,
    recorded: u64,
    unrecorded: u64,
    findings: u64,
}

impl<'a> Report<'a> {
    fn new(args: &'a VerifyArgs) -> Self {
        Self { args, line: StatusLine::new(), files: 0, bytes: 0, recorded: 0, unrecorded: 0, findings: 0 }
    }

    fn add(&mut self, verified: &Verified) {
        self.files += 1;
        self.bytes += verified.read;
        self.recorded += u64::from(verified.recorded);
        let is_unrecorded = matches!(verified.finding, Some(Finding::NotRecorded));
        self.unrecorded += u64::from(is_unrecorded);
        let counts = verified.finding.is_some() && (!is_unrecorded || self.args.require_digests);
        self.findings += u64::from(counts);
        if self.args.json {
            if verified.finding.is_some() || verified.recorded {
                self.line.clear();
                say(&json(verified));
            }
        } else if let Some(finding) = verified.finding.as_ref().filter(|_| counts) {
            self.line.clear();
            say(&format!("{}: {}", verified.location, found(finding)));
        }
        let (files, read, findings) = (self.files, bytes(self.bytes), self.findings);
        self.line.show(|| format!("{files} files, {read} read, {findings} findings"));
    }

    /// Whether all is well.
    fn end(self) -> bool {
        self.line.clear();
        let Self { files, bytes: read, recorded, unrecorded, findings, .. } = self;
        if self.args.json {
            #[derive(serde::Serialize)]
            struct Summary {
                files: u64,
                bytes_read: u64,
                recorded: u64,
                not_recorded: u64,
                findings: u64,
            }
            say(&json(&Summary { files, bytes_read: read, recorded, not_recorded: unrecorded, findings }));
        } else {
            let taken = if self.args.record { format!(", {recorded} digests taken") } else { String::new() };
            say(&format!(
                "{files} files, {} read, {unrecorded} without a digest{taken}, {findings} findings",
                bytes(read)
            ));
        }
        findings == 0
    }
}

fn found(finding: &Finding) -> String {
    match finding {
        Finding::Missing => "missing".into(),
        Finding::Size { recorded, found } => format!("has {found} bytes, had {recorded}"),
        Finding::Rotten { recorded, found } => format!("rotten: its SHA-256 is {found}, was {recorded}"),
        Finding::Unreadable { why } => format!("cannot be read: {why}"),
        Finding::NotRecorded => "not recorded: nothing is known of what it should be".into(),
    }
}

fn space(space: Space) -> String {
    format!("{} files with {}, {} rows", space.files, bytes(space.bytes), space.rows)
}

fn sentence(outcome: &Outcome, dry_run: bool) -> String {
    match outcome {
        Outcome::Removed { item, space: freed } if dry_run => {
            format!("{item} would be permanently deleted: {}.", space(*freed))
        }
        Outcome::Removed { item, .. } => format!("{item} has been permanently deleted."),
        Outcome::Kept { item, why } => format!("{item} stays: {why}."),
        Outcome::Failed { item, why } => format!("{item} could not be deleted: {why}."),
        Outcome::Unknown { item } => format!("{item} is not there (any more)."),
    }
}

fn summary(removal: &Removal, dry_run: bool) -> String {
    let counts = Kind::ALL.iter().zip(removal.counts).filter(|(_, count)| *count > 0);
    let counts: Vec<String> = counts.map(|(kind, count)| format!("{}: {count}", kind.plural())).collect();
    let counts = if counts.is_empty() { "Nothing".to_owned() } else { counts.join(", ") };
    let verb = if dry_run { "would be removed" } else { "removed" };
    format!("{counts} {verb}; {} freed, {} kept, {} failed.", space(removal.space), removal.kept, removal.failed)
}
