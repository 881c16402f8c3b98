//! The servers that are measured: started, waited for, weighed and stopped.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::Result;
use crate::database::Database;
use crate::http::{Call, Connection};
use crate::memory;

/// How long a server may take to answer for the first time. MLflow's imports alone take many seconds.
const START_TIMEOUT: Duration = Duration::from_mins(3);
/// How long a server may take to stop before it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Whose server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Ferroflow,
    Mlflow,
    /// FastTrackML: runs, metrics and params only.
    FastTrackMl,
}

impl Peer {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ferroflow => "Ferroflow",
            Self::Mlflow => "MLflow",
            Self::FastTrackMl => "FastTrackML",
        }
    }
}

/// A program to measure.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) peer: Peer,
    pub(crate) path: PathBuf,
}

/// A running server; stopped when dropped, with all its processes.
pub(crate) struct Server {
    pub(crate) peer: Peer,
    pub(crate) address: SocketAddr,
    /// From exec to the first answer.
    pub(crate) started_in: Duration,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts a server on a database that has no tables yet, and waits for its first answer. `artifacts` is a folder or
    /// an `s3:` URI; logs go into `folder`.
    pub(crate) async fn start(program: &Program, database: &Database, artifacts: &str, folder: &Path) -> Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let log = folder.join(format!("{}-{port}.log", program.peer.name()));
        let mut command = Command::new(&program.path);
        match program.peer {
            Peer::Ferroflow | Peer::Mlflow => command
                .args(["server", "--host", "127.0.0.1", "--port", &port.to_string()])
                .args(["--backend-store-uri", &database.uri_with_driver()])
                .args(["--artifacts-destination", artifacts])
                .env("MLFLOW_DISABLE_TELEMETRY", "true"),
            Peer::FastTrackMl => command
                .args(["server", "--log-level", "error", "--listen-address", &address.to_string()])
                .args(["--database-uri", &database.uri_with_two_slashes()])
                .args(["--default-artifact-root", artifacts]),
        };
        let output = File::create(&log)?;
        command.current_dir(folder).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).process_group(0);
        let began = Instant::now();
        let child = command.spawn().map_err(|cause| format!("can't start {}: {cause}", program.path.display()))?;
        let mut server = Self { peer: program.peer, address, started_in: Duration::ZERO, child, log };
        while !server.answers().await {
            if server.child.try_wait()?.is_some() || began.elapsed() > START_TIMEOUT {
                let log = std::fs::read_to_string(&server.log).unwrap_or_default();
                return Err(format!("{} did not start:\n{log}", program.peer.name()).into());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        server.started_in = began.elapsed();
        Ok(server)
    }

    async fn answers(&self) -> bool {
        match Connection::open(self.address).await {
            Ok(mut connection) => connection.call(&Call::health()).await.is_ok(),
            Err(_) => false,
        }
    }

    /// Memory of all its processes, in MiB.
    pub(crate) fn memory(&self) -> f64 {
        memory::of_tree(self.child.id())
    }

    /// Its memory once it no longer changes: MLflow's processes go on loading after the first answer.
    pub(crate) async fn idle_memory(&self) -> f64 {
        let mut before = self.memory();
        for _ in 0..60 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = self.memory();
            if (now - before).abs() < before * 0.005 {
                return now;
            }
            before = now;
        }
        before
    }

    /// Watches its memory until [`memory::Watch::peak`] is asked for.
    pub(crate) fn watch_memory(&self) -> memory::Watch {
        memory::Watch::start(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let signal = |signal| group.map(|group| kill_process_group(group, signal));
        signal(Signal::TERM);
        let began = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && began.elapsed() < STOP_TIMEOUT {
            std::thread::sleep(Duration::from_millis(20));
        }
        // Whatever of its group has stayed behind.
        signal(Signal::KILL);
        drop(self.child.wait());
    }
}
