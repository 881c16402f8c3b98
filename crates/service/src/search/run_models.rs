//! The models that runs logged: a cell of the runs table.

use std::collections::{BTreeSet, HashMap};

use domain::Result;
use serde::Deserialize;
use store::search::run_models::{self as rows, MadeModel, RegisteredVersion};

use crate::errors::Fault;
use crate::{RunModel, Service, boxed};

/// Most runs whose models are looked up at once; more are looked up by and by.
const CHUNK: usize = 1_000;

/// What a 2.x client writes about a model.
#[derive(Debug, Deserialize)]
struct Described {
    artifact_path: Option<String>,
}

impl Service {
    /// The models that these runs logged with their registered versions, in the order of the runs.
    #[boxed]
    pub async fn run_models(&self, run_ids: &[String]) -> Result<Vec<RunModel>> {
        let mut models = Vec::new();
        for chunk in run_ids.chunks(CHUNK) {
            models.extend(self.cells_of(chunk).await?);
        }
        Ok(models)
    }

    async fn cells_of(&self, run_ids: &[String]) -> Result<Vec<RunModel>, Fault> {
        let store = &self.inner.store;
        let mut conn = store.scan().await?;
        let made = rows::made(&mut conn, run_ids).await?;
        let histories = rows::histories(&mut conn, store.keys(), run_ids).await?;
        let model_ids: Vec<String> = made.iter().map(|model| model.model_id.clone()).collect();
        let mut versions = rows::versions_of_runs(&mut conn, run_ids).await?;
        versions.extend(rows::versions_of_models(&mut conn, &model_ids).await?);
        drop(conn);
        let mut cells = cells(run_ids, made, histories);
        for version in versions.into_iter().collect::<BTreeSet<_>>() {
            attach(&mut cells, version);
        }
        Ok(run_ids.iter().filter_map(|run_id| cells.remove(run_id)).flatten().collect())
    }
}

/// The models of each run, without versions: logged models, and those that 2.x clients describe.
fn cells(run_ids: &[String], made: Vec<MadeModel>, histories: Vec<(String, String)>) -> HashMap<String, Vec<RunModel>> {
    let mut cells: HashMap<String, Vec<RunModel>> = run_ids.iter().map(|id| (id.clone(), Vec::new())).collect();
    let mut add = |run_id: String, name: String, model_id: Option<String>| {
        let Some(models) = cells.get_mut(&run_id) else { return };
        // 2.x clients describe a model each time that they log it, and 3.x clients may describe logged models.
        if model_id.is_some() || models.iter().all(|model| model.name != name) {
            models.push(RunModel { run_id, name, model_id, versions: Vec::new() });
        }
    };
    for model in made {
        add(model.run_id, model.name, Some(model.model_id));
    }
    for (run_id, history) in histories {
        // The tag is the client's; what cannot be read lists no models.
        for model in serde_json::from_str::<Vec<Described>>(&history).unwrap_or_default() {
            if let Some(path) = model.artifact_path {
                add(run_id.clone(), path, None);
            }
        }
    }
    cells
}

/// Puts a version beside the model that it was registered from: the logged model that it names or, by its source, the
/// model of its run with that path. A version of a run's that fits none of its models stands for itself.
fn attach(cells: &mut HashMap<String, Vec<RunModel>>, version: RegisteredVersion) {
    let RegisteredVersion { name, version, run_id, model_id, source } = version;
    let source = source.trim_end_matches('/');
    let logged = model_id.as_deref().or_else(|| source.strip_prefix("models:/"));
    let mut known = false;
    for model in cells.values_mut().flatten().filter(|model| model.model_id.is_some()) {
        if model.model_id.as_deref() == logged {
            model.versions.push((name.clone(), version));
            known = true;
        }
    }
    if known {
        return;
    }
    let Some(models) = cells.get_mut(&run_id) else { return };
    let fits = |model: &&mut RunModel| source.strip_suffix(&*model.name).is_some_and(|rest| rest.ends_with('/'));
    match models.iter_mut().filter(fits).max_by_key(|model| model.name.len()) {
        Some(model) => model.versions.push((name, version)),
        None => models.push(RunModel { run_id, name: name.clone(), model_id: None, versions: vec![(name, version)] }),
    }
}
