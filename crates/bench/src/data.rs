//! The data set, the same for every server and sent through its own API.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

use crate::Result;
use crate::http::{Call, Connection};
use crate::load::in_parallel;
use crate::server::{Peer, Server};

/// Connections that send the data set.
const SEEDERS: usize = 8;
/// Points of the one long history.
const HISTORY: usize = 10_000;
/// Runs that are written to at once.
pub(crate) const WRITERS: usize = 16;
/// When the first run starts; the others follow a second apart.
const START: i64 = 1_700_000_000_000;
/// Pages that all runs make.
const PAGES: usize = 10;

/// How much there is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// Runs of each experiment; the first one has a thousand.
    pub(crate) runs: &'static [usize],
    /// Metrics of each run, and points of each.
    pub(crate) metrics: usize,
    pub(crate) steps: usize,
    pub(crate) params: usize,
    pub(crate) tags: usize,
    pub(crate) models: usize,
    /// Versions of one model.
    pub(crate) versions: usize,
}

impl Scale {
    pub(crate) const SMALL: Self = Self {
        runs: &[1_000, 100, 100, 100, 100, 100, 100, 100, 100, 100],
        metrics: 20,
        steps: 2,
        params: 20,
        tags: 10,
        models: 300,
        versions: 500,
    };
    pub(crate) const FULL: Self =
        Self { runs: &[1_000; 10], metrics: 20, steps: 20, params: 20, tags: 10, models: 1_000, versions: 2_000 };

    /// Runs of a tenth of them all.
    pub(crate) fn page(&self) -> usize {
        self.runs.iter().sum::<usize>() / PAGES
    }
}

/// A server's data: what the measured requests name.
pub(crate) struct Data {
    pub(crate) peer: Peer,
    pub(crate) address: SocketAddr,
    pub(crate) scale: Scale,
    pub(crate) experiments: Vec<String>,
    /// Runs of the first experiment.
    pub(crate) runs: Vec<String>,
    /// Runs of the other experiments.
    pub(crate) spare: Vec<String>,
    /// The experiment that measured writes go to.
    pub(crate) scratch: String,
    /// Runs of its own for each writing connection.
    pub(crate) written: Vec<String>,
    /// The token of the last of the ten pages of all runs.
    pub(crate) last_page: String,
    clock: AtomicI64,
}

impl Data {
    /// Sends the data set to a server.
    pub(crate) async fn seed(server: &Server, scale: Scale) -> Result<Arc<Self>> {
        let mut connection = Connection::open(server.address).await?;
        let mut experiments = Vec::new();
        for number in 0..scale.runs.len() {
            experiments.push(create_experiment(&mut connection, &format!("experiment {number}")).await?);
        }
        let scratch = create_experiment(&mut connection, "scratch").await?;
        let mut runs = Vec::new();
        let mut first = 0;
        for (experiment, &count) in experiments.iter().zip(scale.runs) {
            let seeded = in_parallel(SEEDERS, {
                let experiment = experiment.clone();
                move |seeder| seed_runs(server.address, scale, experiment.clone(), first..first + count, seeder)
            });
            runs.push(seeded.await?.concat());
            first += count;
        }
        let mut written = Vec::new();
        for _ in 0..WRITERS {
            written.push(create_run(&mut connection, &create(&scratch, START, &[])).await?);
        }
        let mut data = Self {
            peer: server.peer,
            address: server.address,
            scale,
            experiments,
            spare: runs.split_off(1).concat(),
            runs: runs.concat(),
            scratch,
            written,
            last_page: String::new(),
            clock: AtomicI64::new(START),
        };
        for _ in 0..HISTORY / 1_000 {
            connection.call(&data.log_batch_of(&data.written[0], 1_000, |_| "history".to_owned())).await?;
        }
        if server.peer != Peer::FastTrackMl {
            seed_registry(&mut connection, scale).await?;
        }
        for _ in 1..PAGES {
            let page: Value = serde_json::from_slice(&connection.call(&data.page_of_all()).await?)?;
            page["next_page_token"].as_str().ok_or("there are fewer than ten pages")?.clone_into(&mut data.last_page);
        }
        Ok(Arc::new(data))
    }

    /// A time that is later than all before it; it serves as a step, too.
    pub(crate) fn tick(&self) -> i64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    /// A page of a tenth of all runs: the last one if its token is known.
    pub(crate) fn page_of_all(&self) -> Call {
        let mut search = json!({"experiment_ids": self.experiments, "max_results": self.scale.page()});
        if !self.last_page.is_empty() {
            search["page_token"] = self.last_page.as_str().into();
        }
        Call::post("runs/search", search.to_string())
    }

    /// The same, but always the first one.
    pub(crate) fn first_page_of_all(&self) -> Call {
        let search = json!({"experiment_ids": self.experiments, "max_results": self.scale.page()});
        Call::post("runs/search", search.to_string())
    }

    /// A batch of points, each later than all before it.
    pub(crate) fn log_batch_of(&self, run: &str, points: usize, key: impl Fn(usize) -> String) -> Call {
        let metrics: Vec<Value> = (0..points)
            .map(|i| {
                let now = self.tick();
                json!({"key": key(i), "value": fraction(now), "timestamp": now, "step": now - START})
            })
            .collect();
        Call::post("runs/log-batch", json!({"run_id": run, "metrics": metrics}).to_string())
    }
}

/// A request for a new run.
pub(crate) fn create(experiment: &str, start: i64, tags: &[Value]) -> Call {
    let run = json!({"experiment_id": experiment, "start_time": start, "user_id": "bench", "tags": tags});
    Call::post("runs/create", run.to_string())
}

/// A number from 0 to 1 with all its digits, the same each time.
pub(crate) fn fraction(seed: i64) -> f64 {
    let mixed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
    let mixed = u64::from_ne_bytes((mixed ^ (mixed >> 29)).wrapping_mul(0x2545_f491_4f6c_dd1d).to_ne_bytes());
    f64::from(u32::try_from(mixed >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

/// Sends every eighth of these runs, with what belongs to them; answers with their ids.
async fn seed_runs(
    server: SocketAddr,
    scale: Scale,
    experiment: String,
    numbers: std::ops::Range<usize>,
    seeder: usize,
) -> Result<Vec<String>> {
    let mut connection = Connection::open(server).await?;
    let mut ids = Vec::new();
    for number in numbers.skip(seeder).step_by(SEEDERS) {
        let number = i64::try_from(number)?;
        let start = START + number * 1_000;
        let tags: Vec<Value> =
            (0..scale.tags).map(|tag| json!({"key": format!("tag.{tag:02}"), "value": format!("{number}")})).collect();
        let id = create_run(&mut connection, &create(&experiment, start, &tags)).await?;
        let mut metrics = Vec::new();
        for metric in 0..scale.metrics {
            for step in 0..scale.steps {
                let (metric, step) = (i64::try_from(metric)?, i64::try_from(step)?);
                let value = fraction(number * 1_000 + metric * 50 + step);
                metrics.push(json!({"key": format!("metric.{metric:02}"), "value": value,
                    "timestamp": start + step, "step": step}));
            }
        }
        let params: Vec<Value> = (0..i64::try_from(scale.params)?)
            .map(|param| json!({"key": format!("param.{param:02}"), "value": format!("v{}", (number + param) % 10)}))
            .collect();
        let batch = json!({"run_id": id, "metrics": metrics, "params": params});
        connection.call(&Call::post("runs/log-batch", batch.to_string())).await?;
        ids.push(id);
    }
    Ok(ids)
}

async fn seed_registry(connection: &mut Connection, scale: Scale) -> Result<()> {
    for model in 0..scale.models {
        let body = json!({"name": format!("model {model:04}")});
        connection.call(&Call::post("registered-models/create", body.to_string())).await?;
    }
    for version in 0..scale.versions {
        let body = json!({"name": "model 0000", "source": format!("s3://models/{version}")});
        connection.call(&Call::post("model-versions/create", body.to_string())).await?;
    }
    Ok(())
}

async fn create_experiment(connection: &mut Connection, name: &str) -> Result<String> {
    let call = Call::post("experiments/create", json!({"name": name}).to_string());
    let answer: Value = serde_json::from_slice(&connection.call(&call).await?)?;
    Ok(answer["experiment_id"].as_str().ok_or("an experiment without an id")?.to_owned())
}

async fn create_run(connection: &mut Connection, call: &Call) -> Result<String> {
    let answer: Value = serde_json::from_slice(&connection.call(call).await?)?;
    Ok(answer["run"]["info"]["run_id"].as_str().ok_or("a run without an id")?.to_owned())
}
