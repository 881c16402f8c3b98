//! The removal itself.

use std::collections::{HashMap, HashSet};

use domain::removal::{Item, Kind, Outcome, Removal, Space};
use domain::{Millis, Result};
use futures::{StreamExt, stream};
use store::StoreError;
use store::gc::{self as rows, Claim, Due, DueExperiment, DueVersion, Guarding};

use super::guard::Guard;
use super::{AT_ONCE, Named, PAGE};
use crate::{Service, errors};

/// Everything that was ever deleted still has its rows.
const NOTHING_IS_GONE: Millis = Millis::MIN;

pub(super) struct Sweep<'a> {
    service: &'a Service,
    until: Millis,
    guard: Guard,
    removal: Removal,
    each: &'a mut (dyn FnMut(&Outcome) + Send),
    /// What this sweep need not try again.
    failed: HashSet<(Kind, i64)>,
}

/// Why a transaction that claims was rolled back.
enum NotClaimed {
    Store(StoreError),
    Unseen(Vec<Guarding>),
}

impl From<StoreError> for NotClaimed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<'a> Sweep<'a> {
    pub(super) fn new(service: &'a Service, until: Millis, each: &'a mut (dyn FnMut(&Outcome) + Send)) -> Self {
        let (guard, removal, failed) = (Guard::default(), Removal::default(), HashSet::new());
        Self { service, until, guard, removal, each, failed }
    }

    pub(super) async fn run(mut self, named: Option<Named>) -> Result<Removal> {
        let everything = named.is_none();
        if everything {
            self.versions().await?;
            self.registered_models().await?;
        }
        self.guard = Guard::load(self.service, NOTHING_IS_GONE).await?;
        // What another process left half-done.
        self.drain().await?;
        match named {
            Some(named) => {
                for item in named.unknown {
                    self.tell(&Outcome::Unknown { item });
                }
                for experiment in named.experiments {
                    self.experiment(experiment).await?;
                }
                self.drain().await?;
                for page in named.runs.chunks(100) {
                    self.runs(page.to_vec()).await?;
                }
                for page in named.logged_models.chunks(100) {
                    self.logged_models(page.to_vec()).await?;
                }
            }
            None => self.everything().await?,
        }
        Ok(self.removal)
    }

    async fn everything(&mut self) -> Result<()> {
        let mut after = (Millis::MIN, 0);
        loop {
            let mut conn = self.service.inner.store.read().await.map_err(errors::from_store)?;
            let page = rows::experiments(&mut conn, self.until, after, PAGE).await.map_err(errors::from_store)?;
            drop(conn);
            let Some(last) = page.last() else { break };
            after = (last.deleted_at.unwrap_or_default(), last.experiment_id);
            for experiment in page {
                self.experiment(experiment).await?;
                self.drain().await?;
            }
        }
        let mut after = (Millis::MIN, 0);
        loop {
            let mut conn = self.service.inner.store.read().await.map_err(errors::from_store)?;
            let page = rows::runs(&mut conn, self.until, after, PAGE).await.map_err(errors::from_store)?;
            drop(conn);
            let Some(last) = page.last() else { break };
            after = (last.deleted_at.unwrap_or_default(), last.no);
            self.runs(page).await?;
        }
        let mut after = (Millis::MIN, 0);
        loop {
            let mut conn = self.service.inner.store.read().await.map_err(errors::from_store)?;
            let page = rows::logged_models(&mut conn, self.until, after, PAGE).await.map_err(errors::from_store)?;
            drop(conn);
            let Some(last) = page.last() else { return Ok(()) };
            after = (last.deleted_at.unwrap_or_default(), last.no);
            self.logged_models(page).await?;
        }
    }

    fn tell(&mut self, outcome: &Outcome) {
        self.removal.add(outcome);
        (self.each)(outcome);
    }

    fn kept(&mut self, kind: Kind, id: String, why: String) {
        self.tell(&Outcome::Kept { item: Item { kind, id }, why });
    }

    /// Claims runs, and removes those that it got.
    async fn runs(&mut self, mut runs: Vec<Due>) -> Result<()> {
        runs.retain(|run| !self.failed.contains(&(Kind::Run, run.no)));
        loop {
            let mut free = Vec::new();
            for run in runs {
                match self.guard.of_run(self.service, &run).await? {
                    Some(why) => self.kept(Kind::Run, run.id, why),
                    None => free.extend(self.reachable(Kind::Run, run).await),
                }
            }
            let numbers: Vec<i64> = free.iter().map(|run| run.no).collect();
            let (until, since, seen) = (self.until, self.guard.since, self.guard.seen.clone());
            let claimed = self.service.inner.store.write(move |tx| {
                Box::pin(async move { settled(rows::claim_runs(tx, numbers, until, since, &seen).await?) })
            });
            match self.claimed(claimed.await).await? {
                // Who is not in it was restored meanwhile.
                Some(claimed) => {
                    free.retain(|run| claimed.contains(&run.no));
                    return self.remove_runs(free).await;
                }
                None => runs = free,
            }
        }
    }

    /// As [`Sweep::runs`], of logged models.
    async fn logged_models(&mut self, mut models: Vec<Due>) -> Result<()> {
        models.retain(|model| !self.failed.contains(&(Kind::LoggedModel, model.no)));
        loop {
            let mut free = Vec::new();
            for model in models {
                match self.guard.of_logged_model(self.service, &model).await? {
                    Some(why) => self.kept(Kind::LoggedModel, model.id, why),
                    None => free.extend(self.reachable(Kind::LoggedModel, model).await),
                }
            }
            let numbers: Vec<i64> = free.iter().map(|model| model.no).collect();
            let (until, since, seen) = (self.until, self.guard.since, self.guard.seen.clone());
            let claimed = self.service.inner.store.write(move |tx| {
                Box::pin(async move { settled(rows::claim_logged_models(tx, numbers, until, since, &seen).await?) })
            });
            match self.claimed(claimed.await).await? {
                Some(claimed) => {
                    free.retain(|model| claimed.contains(&model.no));
                    return self.remove_logged_models(free).await;
                }
                None => models = free,
            }
        }
    }

    /// Passes what has files within reach. What was claimed could neither go nor come back otherwise.
    async fn reachable(&mut self, kind: Kind, due: Due) -> Option<Due> {
        match self.service.removable(&due.artifact_uri).await {
            Ok(_) => Some(due),
            Err(why) => {
                self.failed.insert((kind, due.no));
                self.tell(&Outcome::Failed { item: Item { kind, id: due.id }, why });
                None
            }
        }
    }

    /// Claims an experiment with all that is in it, for [`Sweep::drain`].
    async fn experiment(&mut self, experiment: DueExperiment) -> Result<()> {
        let id = experiment.experiment_id;
        if let Err(why) = self.service.removable(&experiment.artifact_location).await {
            self.failed.insert((Kind::Experiment, id));
            self.tell(&Outcome::Failed { item: Item { kind: Kind::Experiment, id: id.to_string() }, why });
            return Ok(());
        }
        loop {
            if let Some(why) = self.guard.of_experiment(self.service, &experiment).await? {
                self.kept(Kind::Experiment, id.to_string(), why);
                return Ok(());
            }
            let (until, since, seen) = (self.until, self.guard.since, self.guard.seen.clone());
            let claimed = self.service.inner.store.write(move |tx| {
                Box::pin(async move { settled(rows::claim_experiment(tx, id, until, since, &seen).await?) })
            });
            match self.claimed(claimed.await).await? {
                Some(claimed) if claimed.is_empty() => {
                    self.kept(Kind::Experiment, id.to_string(), "it was restored, or has runs in use".into());
                    return Ok(());
                }
                Some(_) => return Ok(()),
                None => {}
            }
        }
    }

    /// What was claimed; `None` if versions have come that must be looked at first.
    async fn claimed(&mut self, claimed: Result<HashSet<i64>, NotClaimed>) -> Result<Option<HashSet<i64>>> {
        match claimed {
            Ok(claimed) => Ok(Some(claimed)),
            Err(NotClaimed::Store(error)) => Err(errors::from_store(error)),
            Err(NotClaimed::Unseen(versions)) => {
                self.guard.add(self.service, versions).await?;
                Ok(None)
            }
        }
    }

    /// Removes everything that is claimed.
    async fn drain(&mut self) -> Result<()> {
        let mut after = 0;
        loop {
            let mut conn = self.service.inner.store.read().await.map_err(errors::from_store)?;
            let mut page = rows::removing_runs(&mut conn, after, PAGE).await.map_err(errors::from_store)?;
            drop(conn);
            let Some(last) = page.last() else { break };
            after = last.no;
            page.retain(|run| !self.failed.contains(&(Kind::Run, run.no)));
            self.remove_runs(page).await?;
        }
        let mut after = 0;
        loop {
            let mut conn = self.service.inner.store.read().await.map_err(errors::from_store)?;
            let mut page = rows::removing_logged_models(&mut conn, after, PAGE).await.map_err(errors::from_store)?;
            drop(conn);
            let Some(last) = page.last() else { break };
            after = last.no;
            page.retain(|model| !self.failed.contains(&(Kind::LoggedModel, model.no)));
            self.remove_logged_models(page).await?;
        }
        let mut after = -1;
        loop {
            let mut conn = self.service.inner.store.read().await.map_err(errors::from_store)?;
            let page = rows::removing_experiments(&mut conn, after, PAGE).await.map_err(errors::from_store)?;
            drop(conn);
            let Some(last) = page.last() else { return Ok(()) };
            after = last.experiment_id;
            for experiment in page {
                if !self.failed.contains(&(Kind::Experiment, experiment.experiment_id)) {
                    self.remove_experiment(experiment).await?;
                }
            }
        }
    }

    /// Removes claimed runs: first their files, then their rows.
    async fn remove_runs(&mut self, runs: Vec<Due>) -> Result<()> {
        let freed = self.remove_files(Kind::Run, runs).await;
        if freed.is_empty() {
            return Ok(());
        }
        let numbers: Vec<i64> = freed.iter().map(|(run, _)| run.no).collect();
        let store = &self.service.inner.store;
        let mut conn = store.read().await.map_err(errors::from_store)?;
        let counts = rows::count_run_rows(&mut conn, numbers.clone()).await.map_err(errors::from_store)?;
        drop(conn);
        loop {
            let runs = numbers.clone();
            let some = store.write(move |tx| Box::pin(async move { rows::delete_metric_points(tx, runs).await }));
            if some.await.map_err(errors::from_store)? == 0 {
                break;
            }
        }
        let done = store.write(move |tx| Box::pin(async move { rows::delete_runs(tx, numbers).await }));
        done.await.map_err(errors::from_store)?;
        self.removed(Kind::Run, freed, counts);
        Ok(())
    }

    /// As [`Sweep::remove_runs`], of logged models.
    async fn remove_logged_models(&mut self, models: Vec<Due>) -> Result<()> {
        let freed = self.remove_files(Kind::LoggedModel, models).await;
        if freed.is_empty() {
            return Ok(());
        }
        let numbers: Vec<i64> = freed.iter().map(|(model, _)| model.no).collect();
        let store = &self.service.inner.store;
        let mut conn = store.read().await.map_err(errors::from_store)?;
        let counts = rows::count_logged_model_rows(&mut conn, numbers.clone()).await.map_err(errors::from_store)?;
        drop(conn);
        let done = store.write(move |tx| Box::pin(async move { rows::delete_logged_models(tx, numbers).await }));
        done.await.map_err(errors::from_store)?;
        self.removed(Kind::LoggedModel, freed, counts);
        Ok(())
    }

    /// Removes the files of these, a few at a time; answers with those whose files are gone.
    async fn remove_files(&mut self, kind: Kind, dues: Vec<Due>) -> Vec<(Due, Space)> {
        let service = self.service;
        let remove = |due: Due| async move {
            let removed = service.remove_files(&due.artifact_uri, &due.id).await;
            (due, removed)
        };
        let mut removing = stream::iter(dues).map(remove).buffer_unordered(AT_ONCE);
        let mut freed = Vec::new();
        while let Some((due, removed)) = removing.next().await {
            match removed {
                Ok(space) => freed.push((due, space)),
                Err(why) => {
                    self.failed.insert((kind, due.no));
                    let outcome = Outcome::Failed { item: Item { kind, id: due.id }, why };
                    self.removal.add(&outcome);
                    (self.each)(&outcome);
                }
            }
        }
        freed
    }

    fn removed(&mut self, kind: Kind, freed: Vec<(Due, Space)>, rows: Vec<(i64, u64)>) {
        let rows: HashMap<i64, u64> = rows.into_iter().collect();
        for (due, space) in freed {
            let space = Space { rows: rows.get(&due.no).copied().unwrap_or_default(), ..space };
            self.tell(&Outcome::Removed { item: Item { kind, id: due.id }, space });
        }
    }

    /// Removes a claimed experiment, once nothing is left in it: first what else lies in its folder, then its rows.
    async fn remove_experiment(&mut self, experiment: DueExperiment) -> Result<()> {
        let id = experiment.experiment_id;
        let item = Item { kind: Kind::Experiment, id: id.to_string() };
        match self.empty_experiment(&experiment).await? {
            Ok(space) => self.tell(&Outcome::Removed { item, space }),
            Err(why) => {
                self.failed.insert((Kind::Experiment, id));
                self.tell(&Outcome::Failed { item, why });
            }
        }
        Ok(())
    }

    async fn empty_experiment(&mut self, experiment: &DueExperiment) -> Result<Result<Space, String>> {
        let id = experiment.experiment_id;
        let store = &self.service.inner.store;
        let mut conn = store.read().await.map_err(errors::from_store)?;
        let empty = rows::is_experiment_empty(&mut conn, id).await.map_err(errors::from_store)?;
        drop(conn);
        if !empty {
            return Ok(Err("something in it could not be removed".into()));
        }
        let mut space = Space { rows: 1, ..Space::default() };
        if let Some(folder) = self.service.own_folder(&experiment.artifact_location, id).await {
            // Another may have settled in it meanwhile.
            self.guard.look_for_roots(self.service).await?;
            if !self.guard.is_own_folder(&folder, id) {
                return self.forget_experiment(id, space).await;
            }
            match self.service.remove_at(&folder, "").await {
                Ok(files) => space += files,
                Err(why) => return Ok(Err(why)),
            }
        }
        self.forget_experiment(id, space).await
    }

    /// Removes an experiment's rows, after its files.
    async fn forget_experiment(&mut self, id: i64, space: Space) -> Result<Result<Space, String>> {
        let store = &self.service.inner.store;
        let done = store.write(move |tx| Box::pin(async move { rows::delete_experiment(tx, id).await }));
        done.await.map_err(errors::from_store)?;
        Ok(Ok(space))
    }

    async fn versions(&mut self) -> Result<()> {
        let mut after = (Millis::MIN, 0, 0);
        loop {
            let mut conn = self.service.inner.store.read().await.map_err(errors::from_store)?;
            let page = rows::versions(&mut conn, self.until, after, PAGE).await.map_err(errors::from_store)?;
            drop(conn);
            let Some(last) = page.last() else { return Ok(()) };
            after = (last.deleted_at, last.registered_no, last.version);
            let until = self.until;
            let work = page.clone();
            let gone = self.service.inner.store.write::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    let mut gone = Vec::new();
                    for row in work {
                        gone.push(rows::delete_version(tx, row.registered_no, row.version, until).await?);
                    }
                    Ok(gone)
                })
            });
            self.registry_rows(page, gone.await.map_err(errors::from_store)?);
        }
    }

    async fn registered_models(&mut self) -> Result<()> {
        let mut after = (Millis::MIN, 0);
        loop {
            let mut conn = self.service.inner.store.read().await.map_err(errors::from_store)?;
            let page = rows::models(&mut conn, self.until, after, PAGE).await.map_err(errors::from_store)?;
            drop(conn);
            let Some(last) = page.last() else { return Ok(()) };
            after = (last.deleted_at, last.registered_no);
            for row in page {
                let (no, until) = (row.registered_no, self.until);
                // A transaction each: a model may have many versions.
                let gone = self
                    .service
                    .inner
                    .store
                    .write(move |tx| Box::pin(async move { rows::delete_model(tx, no, until).await }));
                let gone = gone.await.map_err(errors::from_store)?;
                self.registry_rows(vec![row], vec![gone]);
            }
        }
    }

    /// What is not gone was restored meanwhile.
    fn registry_rows(&mut self, rows: Vec<DueVersion>, gone: Vec<bool>) {
        for row in rows.into_iter().zip(gone).filter_map(|(row, gone)| gone.then_some(row)) {
            self.tell(&Outcome::Removed { item: registry_item(&row), space: Space { rows: 1, ..Space::default() } });
        }
    }
}

fn settled(claim: Claim) -> Result<HashSet<i64>, NotClaimed> {
    match claim {
        Claim::Claimed(claimed) => Ok(claimed),
        Claim::Unseen(versions) => Err(NotClaimed::Unseen(versions)),
    }
}

/// A version, or with number 0 a model.
pub(super) fn registry_item(row: &DueVersion) -> Item {
    match row.version {
        0 => Item { kind: Kind::RegisteredModel, id: row.name.clone() },
        version => Item { kind: Kind::ModelVersion, id: format!("{}/{version}", row.name) },
    }
}
