//! Measures Ferroflow, `mlflow server` and, if it is there, FastTrackML with the same data and the same requests, and what
//! the database and the disk give without a server. Prints medians and their ratios; `docs/performance.md` reads them.

mod cases;
mod data;
mod database;
mod files;
mod http;
mod load;
mod memory;
mod report;
mod server;
mod tracking;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use crate::data::Scale;
use crate::database::Kind;
use crate::server::{Peer, Program};

type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// Ferroflow's speed and memory beside its peers'.
#[derive(Debug, Parser)]
#[command(name = "ferroflow-bench", max_term_width = 100)]
struct Options {
    /// Ferroflow's release binary.
    #[arg(long, env = "FERROFLOW_BIN")]
    ferroflow: PathBuf,
    /// The `mlflow` command of a Python environment; left out if not given.
    #[arg(long)]
    mlflow: Option<PathBuf>,
    /// FastTrackML's command `fml`; left out if not given.
    #[arg(long)]
    fasttrackml: Option<PathBuf>,
    /// A Postgres server on which databases can be made, such as `postgresql://postgres@localhost:5432`.
    #[arg(long, env = "FERROFLOW_TEST_POSTGRES")]
    postgres: Option<String>,
    /// The databases to measure on.
    #[arg(long, value_delimiter = ',', default_values = ["sqlite", "postgres"])]
    databases: Vec<Kind>,
    /// How much data: small takes minutes, full more than an hour, most of it MLflow's.
    #[arg(long, default_value = "small")]
    scale: ScaleName,
    /// How often each thing is measured; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How long each measurement takes.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Only the rows whose name contains this; `artifacts` and `mixed` are names, too.
    #[arg(long)]
    only: Option<String>,
    /// Size of the artifacts' file.
    #[arg(long, default_value_t = 1_024)]
    mebibytes: u64,
    /// Nothing but one file of 4 GiB there and back, on a folder and on S3, and the memory that it takes.
    #[arg(long)]
    big: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ScaleName {
    Small,
    Full,
}

impl Options {
    fn scale(&self) -> Scale {
        match self.scale {
            ScaleName::Small => Scale::SMALL,
            ScaleName::Full => Scale::FULL,
        }
    }

    fn wants(&self, what: &str) -> bool {
        self.only.as_deref().is_none_or(|only| what.contains(only))
    }

    fn programs(&self) -> Vec<Program> {
        let all = [
            (Peer::Ferroflow, Some(&self.ferroflow)),
            (Peer::Mlflow, self.mlflow.as_ref()),
            (Peer::FastTrackMl, self.fasttrackml.as_ref()),
        ];
        all.into_iter().filter_map(|(peer, path)| Some(Program { peer, path: path?.clone() })).collect()
    }
}

/// One thread: the servers need the other processors, and waking threads would cost more than it gives.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    // Returning stops every server and removes every file.
    let done = tokio::select! {
        done = run(&options) => done,
        () = interrupted() => Err("interrupted".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            eprintln!("ferroflow-bench: {cause}");
            ExitCode::FAILURE
        }
    }
}

async fn interrupted() {
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => std::future::pending().await,
    }
}

async fn run(options: &Options) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("ferroflow-bench.").tempdir()?;
    let programs = options.programs();
    if options.big {
        return files::big(4_096, &programs[0], folder.path()).await;
    }
    let peers: Vec<Peer> = programs.iter().map(|program| program.peer).collect();
    for &kind in &options.databases {
        if options.only.as_deref() == Some("artifacts") {
            break;
        }
        let rows = on_database(options, kind, &programs, folder.path()).await?;
        let number = usize::from(kind == Kind::Postgres);
        report::print(if number == 0 { "on SQLite" } else { "on Postgres" }, &rows, &peers, number);
    }
    if options.wants("artifacts") {
        let rows = files::compare(options, options.mebibytes, &programs, folder.path()).await?;
        let peers: Vec<Peer> = peers.into_iter().filter(|peer| *peer != Peer::FastTrackMl).collect();
        report::print("artifacts", &rows, &peers, 0);
    }
    Ok(())
}

/// Measures on one kind of database, and removes what it has made there.
async fn on_database(options: &Options, kind: Kind, programs: &[Program], folder: &Path) -> Result<Vec<report::Row>> {
    let mut databases = Vec::new();
    let rows = tracking::compare(options, kind, programs, folder, &mut databases).await;
    for database in databases {
        database.remove().await?;
    }
    rows
}
