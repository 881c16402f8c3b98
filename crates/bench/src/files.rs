//! Artifacts through the proxy, beside `cp` and beside S3 asked directly; and the memory that it takes.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use artifacts::{Artifacts, Repository, S3Options};
use domain::artifact_path::ArtifactPath;
use url::Url;

use crate::database::{Database, Kind};
use crate::http::Connection;
use crate::load::median;
use crate::report::{Goal, Row};
use crate::server::{Peer, Program, Server};
use crate::{Options, Result};

const MIB: u64 = 1 << 20;
/// Where the proxy keeps the file.
const PROXIED: &str = "/api/2.0/mlflow-artifacts/artifacts/bench/file.bin";
/// How long the URLs of the direct way are valid.
const VALID: Duration = Duration::from_hours(1);

/// Which store is behind the proxy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behind {
    Folder,
    S3,
}

/// Rates in MiB/s and a peak in MiB above the idle server.
#[derive(Default)]
struct Measured {
    put: Vec<f64>,
    get: Vec<f64>,
    above_idle: Vec<f64>,
}

/// Files of `mebibytes`, by each server on a folder and on S3.
pub(crate) async fn compare(
    options: &Options,
    mebibytes: u64,
    programs: &[Program],
    folder: &Path,
) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for behind in [Behind::Folder, Behind::S3] {
        let store = if behind == Behind::Folder { "folder" } else { "S3" };
        let mut servers = Vec::new();
        for program in programs.iter().filter(|program| program.peer != Peer::FastTrackMl) {
            eprintln!("artifacts on {store}: {}", program.peer.name());
            servers.push((start(program, behind, folder).await?, Measured::default()));
        }
        let mut raw = Measured::default();
        for _ in 0..options.rounds {
            for (server, measured) in &mut servers {
                transfer(server, mebibytes, measured).await?;
            }
            match behind {
                Behind::Folder => copy(folder, mebibytes, &mut raw)?,
                Behind::S3 => direct(mebibytes, &mut raw).await?,
            }
        }
        let row = |what: &str, numbers: fn(&Measured) -> &Vec<f64>, raw: Option<&Measured>| Row {
            what: format!("{what}, {store}, {mebibytes} MiB"),
            unit: "MiB/s",
            less_is_better: false,
            goal: Goal::OfRaw(0.8),
            peers: servers.iter().map(|(server, measured)| (server.peer, median(numbers(measured)))).collect(),
            raw: raw.map(|raw| median(numbers(raw))),
        };
        rows.push(row("artifact PUT", |m| &m.put, Some(&raw)));
        rows.push(row("artifact GET", |m| &m.get, Some(&raw)));
        rows.push(Row {
            unit: "MiB",
            less_is_better: true,
            goal: Goal::AtMost(40.0),
            ..row("peak above idle", |m| &m.above_idle, None)
        });
    }
    Ok(rows)
}

async fn start(program: &Program, behind: Behind, folder: &Path) -> Result<Server> {
    let (name, artifacts) = match behind {
        Behind::Folder => ("files", folder.join(format!("files-{}", program.peer.name())).display().to_string()),
        Behind::S3 => ("s3", format!("s3://bench-{}/{}", std::process::id(), program.peer.name())),
    };
    let database = Database::create(Kind::Sqlite, &format!("{name}-{}", program.peer.name()), folder, None).await?;
    Server::start(program, &database, &artifacts, folder).await
}

/// Sends a file and fetches it again.
async fn transfer(server: &Server, mebibytes: u64, measured: &mut Measured) -> Result<()> {
    let idle = server.idle_memory().await;
    let watch = server.watch_memory();
    let put = timed(upload(server.address, PROXIED, mebibytes, &[])).await;
    let get = timed(download(server.address, PROXIED, mebibytes)).await;
    measured.above_idle.push(watch.peak() - idle);
    let size = mib(mebibytes);
    measured.put.push(size / put?);
    measured.get.push(size / get?);
    Ok(())
}

/// The same size by `cp`, of a file that is in memory already.
fn copy(folder: &Path, mebibytes: u64, raw: &mut Measured) -> Result<()> {
    let (from, to) = (folder.join("from.bin"), folder.join("to.bin"));
    if !from.exists() {
        std::fs::write(&from, vec![7; usize::try_from(mebibytes * MIB)?])?;
    }
    let began = Instant::now();
    let done = Command::new("cp").arg(&from).arg(&to).status()?;
    let rate = mib(mebibytes) / began.elapsed().as_secs_f64();
    if !done.success() {
        return Err("cp failed".into());
    }
    raw.put.push(rate);
    raw.get.push(rate);
    Ok(())
}

/// The same size to S3 and back, past every server.
async fn direct(mebibytes: u64, raw: &mut Measured) -> Result<()> {
    let mut options = S3Options::from_env()?;
    options.public_endpoint = options.endpoint_url.clone();
    let bucket: Repository =
        Artifacts::new(options).await.open(&format!("s3://bench-{}/direct", std::process::id()))?;
    let path = ArtifactPath::stored("file.bin")?;
    let size = mib(mebibytes);
    let put = bucket.presign_put(&path, VALID).await?;
    let (server, target) = split(&put.url)?;
    raw.put.push(size / timed(upload(server, &target, mebibytes, &put.headers)).await?);
    let (server, target) = split(&bucket.presign_get(&path, Some(VALID)).await?.url)?;
    raw.get.push(size / timed(download(server, &target, mebibytes)).await?);
    Ok(())
}

/// A URL's server, and what is asked of it.
fn split(url: &str) -> Result<(SocketAddr, String)> {
    let url = Url::parse(url)?;
    let server = *url.socket_addrs(|| None)?.first().ok_or("S3 has no address")?;
    Ok((server, url[url::Position::BeforePath..].to_owned()))
}

/// One file of `mebibytes` there and back on each store, and what it takes of Ferroflow's memory.
pub(crate) async fn big(mebibytes: u64, program: &Program, folder: &Path) -> Result<()> {
    for (behind, store) in [(Behind::Folder, "folder"), (Behind::S3, "S3")] {
        let server = start(program, behind, folder).await?;
        let mut measured = Measured::default();
        transfer(&server, mebibytes, &mut measured).await?;
        let [put, get, above] = [&measured.put, &measured.get, &measured.above_idle].map(|numbers| numbers[0]);
        println!("{mebibytes} MiB on {store}: PUT {put:.0} MiB/s, GET {get:.0} MiB/s, peak {above:.1} MiB above idle");
    }
    Ok(())
}

async fn upload(server: SocketAddr, path: &str, mebibytes: u64, headers: &[(String, String)]) -> Result<()> {
    Connection::open(server).await?.upload(path, mebibytes * MIB, headers).await
}

async fn download(server: SocketAddr, path: &str, mebibytes: u64) -> Result<()> {
    let got = Connection::open(server).await?.download(path).await?;
    if got == mebibytes * MIB { Ok(()) } else { Err(format!("{path} has {got} bytes").into()) }
}

/// How many seconds it takes.
async fn timed(work: impl Future<Output = Result<()>>) -> Result<f64> {
    let began = Instant::now();
    work.await?;
    Ok(began.elapsed().as_secs_f64())
}

fn mib(mebibytes: u64) -> f64 {
    u32::try_from(mebibytes).map_or(f64::NAN, f64::from)
}
