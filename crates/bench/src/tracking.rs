//! The tracking and registry API, request by request, on one kind of database.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::cases::{CASES, Case, log_metric, search_100};
use crate::data::{Data, WRITERS};
use crate::database::{Database, Kind, Raw};
use crate::http::Connection;
use crate::load::{Sample, measure, median};
use crate::report::{Goal, Row};
use crate::server::{Peer, Program, Server};
use crate::{Options, Result};

/// A start that takes longer, in seconds, is measured once.
const SLOW_START: f64 = 3.0;
/// How long writers and readers meet, in seconds for each of `--seconds`.
const MIXED: f64 = 3.0;
/// Connections that read meanwhile.
const READERS: usize = 4;

/// Everything on this kind of database; `databases` collects what has to be removed afterwards.
pub(crate) async fn compare(
    options: &Options,
    kind: Kind,
    programs: &[Program],
    folder: &Path,
    databases: &mut Vec<Database>,
) -> Result<Vec<Row>> {
    let mut create = async |name: String| -> Result<Database> {
        let database = Database::create(kind, &name.to_lowercase(), folder, options.postgres.as_deref()).await?;
        databases.push(database.clone());
        Ok(database)
    };
    let mut raw = Raw::prepare(create("raw".into()).await?).await?;
    let mut starts = row("exec to first answer", "s", true, Goal::AtMost(0.1));
    let mut idle = row("idle memory", "MiB", true, Goal::AtMost(30.0));
    let mut servers = Vec::new();
    for program in programs {
        let mut times = Vec::new();
        loop {
            let database = create(format!("{}_{}", program.peer.name(), times.len())).await?;
            let artifacts = folder.join(format!("artifacts-{}", program.peer.name()));
            let server = Server::start(program, &database, &artifacts.display().to_string(), folder).await?;
            times.push(server.started_in.as_secs_f64());
            if times.len() >= options.rounds || times[0] > SLOW_START {
                idle.peers.push((program.peer, server.idle_memory().await));
                eprintln!("{kind:?}, {}: sending the data set", program.peer.name());
                let data = Data::seed(&server, options.scale()).await?;
                servers.push((server, data));
                break;
            }
        }
        starts.peers.push((program.peer, median(&times)));
    }
    let mut rows = vec![starts, idle];
    for case in CASES.iter().filter(|case| options.wants(case.what)) {
        eprintln!("{kind:?}: {}", case.what);
        rows.push(one(options, case, &servers, &mut raw).await?);
    }
    if options.wants("mixed") {
        rows.extend(mixed(options, &servers).await?);
    }
    let mut after = row("memory after all of it", "MiB", true, Goal::AtMost(100.0));
    after.peers = servers.iter().map(|(server, _)| (server.peer, server.memory())).collect();
    rows.push(after);
    Ok(rows)
}

fn row(what: &str, unit: &'static str, less_is_better: bool, goal: Goal) -> Row {
    Row { what: what.into(), unit, less_is_better, goal, peers: Vec::new(), raw: None }
}

/// One row: in each round each server, one after the other, so that what else the machine does meets them alike.
async fn one(options: &Options, case: &Case, servers: &[(Server, Arc<Data>)], raw: &mut Raw) -> Result<Row> {
    let asked: Vec<&Arc<Data>> = servers
        .iter()
        .map(|(_, data)| data)
        .filter(|data| !(case.registry && data.peer == Peer::FastTrackMl))
        .collect();
    for data in &asked {
        check(case, data).await?;
    }
    let mut rates = vec![Vec::new(); asked.len()];
    let mut raw_rates = Vec::new();
    for _ in 0..options.rounds {
        for (data, rates) in asked.iter().zip(&mut rates) {
            let sample = measure(data, case.connections, options.seconds, case.call).await?;
            rates.push(sample.per_second * case.units);
        }
        if let Some((connections, rows)) = case.raw {
            raw_rates.push(raw.insert(connections, rows, options.seconds).await?);
        }
    }
    let what = match case.connections {
        1 => case.what.to_owned(),
        n => format!("{}, {n} connections", case.what),
    };
    Ok(Row {
        peers: asked.iter().zip(&rates).map(|(data, rates)| (data.peer, median(rates))).collect(),
        raw: (!raw_rates.is_empty()).then(|| median(&raw_rates)),
        ..row(&what, case.unit, false, case.goal)
    })
}

/// Asks once and looks at the answer: servers that gave less would only seem faster.
async fn check(case: &Case, data: &Data) -> Result<()> {
    let answer = Connection::open(data.address).await?.call(&(case.call)(data, 0)).await?;
    let Some((list, length)) = case.answers else { return Ok(()) };
    let answer: Value = serde_json::from_slice(&answer)?;
    let (got, expected) = (answer[list].as_array().map_or(0, Vec::len), length(&data.scale));
    if got == expected {
        return Ok(());
    }
    Err(format!("{}, {}: {got} {list} instead of {expected}", case.what, data.peer.name()).into())
}

/// Writers and readers at once: what one in a hundred waits for.
async fn mixed(options: &Options, servers: &[(Server, Arc<Data>)]) -> Result<[Row; 2]> {
    let mut writes = row("16 writers and 4 readers: write p99", "ms", true, Goal::FastTrackMl(10.0, [2.6, 2.6]));
    let mut reads = row("16 writers and 4 readers: read p99", "ms", true, Goal::FastTrackMl(10.0, [3.6, 3.6]));
    let seconds = MIXED * options.seconds;
    for (_, data) in servers {
        eprintln!("writers and readers at once: {}", data.peer.name());
        let mut p99 = [Vec::new(), Vec::new()];
        for _ in 0..options.rounds {
            let writing = measure(data, WRITERS, seconds, log_metric);
            let reading = measure(data, READERS, seconds, search_100);
            let (writing, reading) = futures::try_join!(writing, reading)?;
            for (times, Sample { p99, .. }) in p99.iter_mut().zip([writing, reading]) {
                times.push(p99.as_secs_f64() * 1_000.0);
            }
        }
        writes.peers.push((data.peer, median(&p99[0])));
        reads.peers.push((data.peer, median(&p99[1])));
    }
    Ok([writes, reads])
}
