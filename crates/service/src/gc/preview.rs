//! What a removal would remove, without removing it.

use std::collections::{HashMap, HashSet};

use domain::removal::{Item, Kind, Outcome, Removal, Space};
use domain::{Millis, Result};
use futures::{StreamExt, stream};
use store::gc::{self as rows, Due, DueExperiment};

use super::guard::Guard;
use super::sweep::registry_item;
use super::{AT_ONCE, Named, PAGE};
use crate::{Service, errors};

pub(super) struct Preview<'a> {
    service: &'a Service,
    until: Millis,
    /// How many things may still be looked at.
    left: u64,
    guard: Guard,
    removal: Removal,
    each: &'a mut (dyn FnMut(&Outcome) + Send),
    /// Experiments that would go, whose runs and logged models have been counted.
    experiments: HashSet<i64>,
}

impl<'a> Preview<'a> {
    pub(super) fn new(
        service: &'a Service,
        until: Millis,
        at_most: Option<u64>,
        each: &'a mut (dyn FnMut(&Outcome) + Send),
    ) -> Self {
        let (guard, removal, experiments) = (Guard::default(), Removal::default(), HashSet::new());
        Self { service, until, left: at_most.unwrap_or(u64::MAX), guard, removal, each, experiments }
    }

    pub(super) async fn run(mut self, named: Option<Named>) -> Result<Removal> {
        // Versions that go themselves hold on to nothing; where things are named, none goes.
        let gone = if named.is_none() { self.until } else { Millis::MIN };
        self.guard = Guard::load(self.service, gone).await?;
        if let Some(named) = named {
            for item in named.unknown {
                self.tell(&Outcome::Unknown { item });
            }
            for experiment in named.experiments {
                self.experiment(experiment).await?;
            }
            self.runs(named.runs).await?;
            self.logged_models(named.logged_models).await?;
        } else {
            self.registry().await?;
            self.everything().await?;
        }
        Ok(self.removal)
    }

    fn tell(&mut self, outcome: &Outcome) {
        self.removal.add(outcome);
        (self.each)(outcome);
    }

    /// Takes so many of these that may still be looked at.
    fn within<T>(&mut self, mut page: Vec<T>) -> Vec<T> {
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        if page.len() > left {
            page.truncate(left);
            self.removal.more = true;
        }
        self.left -= page.len() as u64;
        page
    }

    async fn registry(&mut self) -> Result<()> {
        let mut after = (Millis::MIN, 0, 0);
        while !self.removal.more {
            let mut conn = self.service.inner.store.read().await.map_err(errors::from_store)?;
            let page = rows::versions(&mut conn, self.until, after, PAGE).await.map_err(errors::from_store)?;
            drop(conn);
            let Some(last) = page.last() else { break };
            after = (last.deleted_at, last.registered_no, last.version);
            for row in self.within(page) {
                self.tell(&Outcome::Removed {
                    item: registry_item(&row),
                    space: Space { rows: 1, ..Space::default() },
                });
            }
        }
        let mut after = (Millis::MIN, 0);
        while !self.removal.more {
            let mut conn = self.service.inner.store.read().await.map_err(errors::from_store)?;
            let page = rows::models(&mut conn, self.until, after, PAGE).await.map_err(errors::from_store)?;
            drop(conn);
            let Some(last) = page.last() else { break };
            after = (last.deleted_at, last.registered_no);
            for row in self.within(page) {
                self.tell(&Outcome::Removed {
                    item: registry_item(&row),
                    space: Space { rows: 1, ..Space::default() },
                });
            }
        }
        Ok(())
    }

    async fn everything(&mut self) -> Result<()> {
        let mut after = (Millis::MIN, 0);
        while !self.removal.more {
            let mut conn = self.service.inner.store.read().await.map_err(errors::from_store)?;
            let page = rows::experiments(&mut conn, self.until, after, PAGE).await.map_err(errors::from_store)?;
            drop(conn);
            let Some(last) = page.last() else { break };
            after = (last.deleted_at.unwrap_or_default(), last.experiment_id);
            for experiment in self.within(page) {
                self.experiment(experiment).await?;
            }
        }
        let mut after = (Millis::MIN, 0);
        while !self.removal.more {
            let mut conn = self.service.inner.store.read().await.map_err(errors::from_store)?;
            let page = rows::runs(&mut conn, self.until, after, PAGE).await.map_err(errors::from_store)?;
            drop(conn);
            let Some(last) = page.last() else { break };
            after = (last.deleted_at.unwrap_or_default(), last.no);
            let others = page.into_iter().filter(|run| !self.experiments.contains(&run.experiment_id)).collect();
            self.runs(others).await?;
        }
        let mut after = (Millis::MIN, 0);
        while !self.removal.more {
            let mut conn = self.service.inner.store.read().await.map_err(errors::from_store)?;
            let page = rows::logged_models(&mut conn, self.until, after, PAGE).await.map_err(errors::from_store)?;
            drop(conn);
            let Some(last) = page.last() else { break };
            after = (last.deleted_at.unwrap_or_default(), last.no);
            let others = page.into_iter().filter(|model| !self.experiments.contains(&model.experiment_id)).collect();
            self.logged_models(others).await?;
        }
        Ok(())
    }

    /// An experiment with its runs and logged models.
    async fn experiment(&mut self, experiment: DueExperiment) -> Result<()> {
        let id = experiment.experiment_id;
        let item = Item { kind: Kind::Experiment, id: id.to_string() };
        let mut why = self.guard.of_experiment(self.service, &experiment).await?;
        let mut after: Option<(i64, String)> = None;
        let (mut runs, mut models) = (Vec::new(), Vec::new());
        while why.is_none() && runs.len() as u64 <= self.left {
            let mut conn = self.service.inner.store.read().await.map_err(errors::from_store)?;
            let last = after.as_ref().map(|(time, id)| (*time, id.as_str()));
            let page = rows::runs_of_experiment(&mut conn, id, last, PAGE).await.map_err(errors::from_store)?;
            drop(conn);
            let Some((time, last)) = page.last() else { break };
            after = Some((*time, last.id.clone()));
            if page.iter().any(|(_, run)| run.deleted_at.is_none()) {
                why = Some("it has runs in use".into());
            }
            runs.extend(page.into_iter().map(|(_, run)| run));
        }
        let mut after: Option<(i64, String)> = None;
        while why.is_none() && models.len() as u64 <= self.left {
            let mut conn = self.service.inner.store.read().await.map_err(errors::from_store)?;
            let last = after.as_ref().map(|(time, id)| (*time, id.as_str()));
            let page = rows::logged_models_of_experiment(&mut conn, id, last, PAGE).await;
            let page = page.map_err(errors::from_store)?;
            drop(conn);
            let Some((time, last)) = page.last() else { break };
            after = Some((*time, last.id.clone()));
            models.extend(page.into_iter().map(|(_, model)| model));
        }
        if let Some(why) = why {
            self.tell(&Outcome::Kept { item, why });
            return Ok(());
        }
        self.experiments.insert(id);
        let before = self.removal.space;
        self.runs(runs).await?;
        self.logged_models(models).await?;
        let mut space = Space { rows: 1, ..Space::default() };
        if let Some(folder) = self.service.own_folder(&experiment.artifact_location, id).await
            && self.guard.is_own_folder(&folder, id)
            && !self.removal.more
            && let Ok(all) = self.service.measure_at(&folder).await
        {
            // What lies in the experiment's folder beside its runs and logged models.
            space.files = (before.files + all.files).saturating_sub(self.removal.space.files);
            space.bytes = (before.bytes + all.bytes).saturating_sub(self.removal.space.bytes);
        }
        self.tell(&Outcome::Removed { item, space });
        Ok(())
    }

    async fn runs(&mut self, runs: Vec<Due>) -> Result<()> {
        for page in runs.chunks(100) {
            let mut free = Vec::new();
            for run in self.within(page.to_vec()) {
                match self.guard.of_run(self.service, &run).await? {
                    Some(why) => self.tell(&Outcome::Kept { item: Item { kind: Kind::Run, id: run.id }, why }),
                    None => free.push(run),
                }
            }
            let mut conn = self.service.inner.store.read().await.map_err(errors::from_store)?;
            let counts = rows::count_run_rows(&mut conn, free.iter().map(|run| run.no).collect()).await;
            drop(conn);
            self.measured(Kind::Run, free, counts.map_err(errors::from_store)?).await;
        }
        Ok(())
    }

    async fn logged_models(&mut self, models: Vec<Due>) -> Result<()> {
        for page in models.chunks(100) {
            let mut free = Vec::new();
            for model in self.within(page.to_vec()) {
                match self.guard.of_logged_model(self.service, &model).await? {
                    Some(why) => {
                        self.tell(&Outcome::Kept { item: Item { kind: Kind::LoggedModel, id: model.id }, why });
                    }
                    None => free.push(model),
                }
            }
            let mut conn = self.service.inner.store.read().await.map_err(errors::from_store)?;
            let counts = rows::count_logged_model_rows(&mut conn, free.iter().map(|model| model.no).collect()).await;
            drop(conn);
            self.measured(Kind::LoggedModel, free, counts.map_err(errors::from_store)?).await;
        }
        Ok(())
    }

    async fn measured(&mut self, kind: Kind, dues: Vec<Due>, rows: Vec<(i64, u64)>) {
        let rows: HashMap<i64, u64> = rows.into_iter().collect();
        let service = self.service;
        let measure = |due: Due| async move {
            let measured = service.measure_files(&due.artifact_uri).await;
            (due, measured)
        };
        let mut measuring = stream::iter(dues).map(measure).buffer_unordered(AT_ONCE);
        while let Some((due, measured)) = measuring.next().await {
            let item = Item { kind, id: due.id };
            let outcome = match measured {
                Ok(space) => {
                    let rows = rows.get(&due.no).copied().unwrap_or_default();
                    Outcome::Removed { item, space: Space { rows, ..space } }
                }
                Err(why) => Outcome::Failed { item, why },
            };
            self.removal.add(&outcome);
            (self.each)(&outcome);
        }
    }
}
