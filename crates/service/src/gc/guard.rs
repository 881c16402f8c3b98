//! What must stay: files that a version names, and places of experiments within other things.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use domain::digest::ObjectLocation;
use domain::{Millis, Result};
use store::digests::roots;
use store::gc::{self as rows, Due, DueExperiment, Guarding};

use crate::version_files::VersionFiles;
use crate::{Service, errors};

/// How far the clocks of two servers of one database may differ.
const CLOCK_SKEW: Millis = 10 * 60 * 1000;
/// In place of an experiment's id, where several keep their files.
const SHARED: i64 = -1;
/// Rows that are read together.
const PAGE: i64 = 1_000;

/// What holds on to files. Memory: a few hundred bytes for each version.
#[derive(Debug, Default)]
pub(super) struct Guard {
    locations: BTreeMap<ObjectLocation, String>,
    runs: HashMap<String, String>,
    logged_models: HashMap<String, String>,
    experiments: HashMap<i64, String>,
    /// Where experiments keep their files.
    roots: BTreeMap<ObjectLocation, i64>,
    /// Which versions are in it.
    pub(super) seen: Arc<HashSet<(i64, i64)>>,
    /// Versions that were not there then are not in it.
    pub(super) since: Millis,
}

impl Guard {
    /// Everything that holds on to files, but for versions that were deleted at `gone` or before.
    pub(super) async fn load(service: &Service, gone: Millis) -> Result<Self> {
        let mut guard = Self { since: service.now() - CLOCK_SKEW, ..Self::default() };
        let mut after = (0, 0);
        loop {
            let mut conn = service.inner.store.read().await.map_err(errors::from_store)?;
            let page = rows::guarding(&mut conn, gone, after, PAGE).await.map_err(errors::from_store)?;
            drop(conn);
            let Some(last) = page.last() else { break };
            after = (last.registered_no, last.version);
            guard.add(service, page).await?;
        }
        guard.look_for_roots(service).await?;
        Ok(guard)
    }

    /// Looks where experiments keep their files at this moment.
    pub(super) async fn look_for_roots(&mut self, service: &Service) -> Result<()> {
        let mut found = BTreeMap::new();
        let mut after = -1;
        loop {
            let mut conn = service.inner.store.read().await.map_err(errors::from_store)?;
            let page = roots(&mut conn, after, PAGE).await.map_err(errors::from_store)?;
            drop(conn);
            let Some((last, _)) = page.last() else { break };
            after = *last;
            for (id, uri) in page {
                if let VersionFiles::At(location) = service.files_named_by(&uri).await? {
                    found.entry(location).and_modify(|owner| *owner = SHARED).or_insert(id);
                }
            }
        }
        self.roots = found;
        Ok(())
    }

    /// Adds versions.
    pub(super) async fn add(&mut self, service: &Service, versions: Vec<Guarding>) -> Result<()> {
        let (mut runs, mut models) = (HashMap::new(), HashMap::new());
        for version in versions {
            Arc::make_mut(&mut self.seen).insert((version.registered_no, version.version));
            let restorable = if version.deleted_at.is_some() { ", which is deleted but can be restored" } else { "" };
            let holder = format!("version {} of {}{restorable}", version.version, version.name);
            models.extend(version.model_id.map(|id| (id, holder.clone())));
            for text in [&version.storage_location, &version.source] {
                match service.files_named_by(text).await? {
                    VersionFiles::OfRun { run_id, .. } => _ = runs.insert(run_id, holder.clone()),
                    VersionFiles::OfLoggedModel(id) => _ = models.insert(id, holder.clone()),
                    VersionFiles::At(location) => _ = self.locations.insert(location, holder.clone()),
                    VersionFiles::Elsewhere => {}
                }
            }
        }
        let mut conn = service.inner.store.read().await.map_err(errors::from_store)?;
        let found = rows::runs_by_ids(&mut conn, runs.keys().cloned().collect()).await.map_err(errors::from_store)?;
        self.experiments.extend(found.iter().filter_map(|r| Some((r.experiment_id, runs.get(&r.id)?.clone()))));
        let found = rows::logged_models_by_ids(&mut conn, models.keys().cloned().collect()).await;
        let found = found.map_err(errors::from_store)?;
        self.experiments.extend(found.iter().filter_map(|m| Some((m.experiment_id, models.get(&m.id)?.clone()))));
        self.runs.extend(runs);
        self.logged_models.extend(models);
        Ok(())
    }

    /// Why a run must stay.
    pub(super) async fn of_run(&self, service: &Service, run: &Due) -> Result<Option<String>> {
        match self.runs.get(&run.id) {
            Some(holder) => Ok(Some(used(holder))),
            None => self.of_place(service, &run.artifact_uri).await,
        }
    }

    /// Why a logged model must stay.
    pub(super) async fn of_logged_model(&self, service: &Service, model: &Due) -> Result<Option<String>> {
        match self.logged_models.get(&model.id) {
            Some(holder) => Ok(Some(used(holder))),
            None => self.of_place(service, &model.artifact_uri).await,
        }
    }

    /// Why an experiment must stay.
    pub(super) async fn of_experiment(&self, service: &Service, experiment: &DueExperiment) -> Result<Option<String>> {
        if let Some(holder) = self.experiments.get(&experiment.experiment_id) {
            return Ok(Some(used(holder)));
        }
        match service.files_named_by(&experiment.artifact_location).await? {
            VersionFiles::At(location) => {
                if let Some(holder) = self.version_around(&location) {
                    return Ok(Some(used(holder)));
                }
                // Its runs and logged models lie in folders of their ids; so another's root there lies in one of them.
                let (from, to) = bounds(&location);
                let start = from.as_str().len();
                let is_in_a_run = |root: &ObjectLocation| {
                    let first = root.as_str()[start..].split('/').next().unwrap_or_default();
                    first == "models" || (first.len() == 32 && first.bytes().all(|byte| byte.is_ascii_hexdigit()))
                };
                let within = self.roots.range(from..to).find(|(root, _)| is_in_a_run(root));
                Ok(within.map(|(_, id)| rooted(*id)))
            }
            _ => Ok(None),
        }
    }

    async fn of_place(&self, service: &Service, uri: &str) -> Result<Option<String>> {
        let VersionFiles::At(location) = service.files_named_by(uri).await? else { return Ok(None) };
        if let Some(id) = inside(&self.roots, &location) {
            return Ok(Some(rooted(*id)));
        }
        Ok(self.version_around(&location).map(|holder| used(holder)))
    }

    /// The version whose files lie here, in here, or around here.
    fn version_around(&self, location: &ObjectLocation) -> Option<&String> {
        let above = || location.folders().find_map(|folder| self.locations.get(&folder));
        inside(&self.locations, location).or_else(above)
    }

    /// Whether a folder is one experiment's alone.
    pub(super) fn is_own_folder(&self, location: &ObjectLocation, experiment_id: i64) -> bool {
        let (from, to) = bounds(location);
        let mut others = self.roots.range(from..to);
        self.roots.get(location).is_none_or(|id| *id == experiment_id)
            && others.all(|(_, id)| *id == experiment_id)
            && location.folders().all(|above| !self.roots.contains_key(&above))
            && self.version_around(location).is_none()
    }
}

fn rooted(id: i64) -> String {
    if id == SHARED {
        return "several experiments keep their files in there".into();
    }
    format!("experiment {id} keeps its files in there")
}

fn used(holder: &str) -> String {
    format!("its files belong to {holder}")
}

/// What is there of a place itself or of what lies in it.
fn inside<'m, T>(map: &'m BTreeMap<ObjectLocation, T>, location: &ObjectLocation) -> Option<&'m T> {
    let (from, to) = bounds(location);
    map.get(location).or_else(|| map.range(from..to).next().map(|(_, holder)| holder))
}

fn bounds(location: &ObjectLocation) -> (ObjectLocation, ObjectLocation) {
    let (from, to) = location.inside();
    (ObjectLocation::from_kept(from), ObjectLocation::from_kept(to))
}
