//! Removing for good what was deleted: rows of the database and files of the artifact store.
//!
//! Deleting only hides; this frees the space. What a version still names stays, be the version in use or one that can
//! be brought back. Everything goes in small steps, so that the server goes on serving, and every step can be repeated,
//! so that a process that dies in the middle is no harm: the next one goes on (`store::gc` tells the order).

mod files;
mod guard;
mod job;
mod preview;
mod sweep;

use domain::experiments::ExperimentId;
use domain::removal::{DEFAULT_AGE, Item, Kind, Outcome, Removal};
use domain::{Error, Millis, Result};
use store::gc as rows;

use crate::{Service, errors};

pub(crate) use job::Job;

/// Things that are claimed together, and looked at together.
const PAGE: i64 = 100;
/// Places whose files are removed at once.
const AT_ONCE: usize = 4;

/// What to remove.
#[derive(Clone, Debug, Default)]
pub struct Gc {
    /// How long ago it must have been deleted, in milliseconds. If not set: thirty days, and any time for what is named.
    pub older_than: Option<Millis>,
    /// These runs. Whoever names anything means nothing else.
    pub run_ids: Vec<String>,
    /// These experiments, with their runs and logged models.
    pub experiment_ids: Vec<String>,
    /// These logged models.
    pub logged_model_ids: Vec<String>,
    /// Remove nothing, but tell what would be removed.
    pub dry_run: bool,
    /// Of a dry run: stop after so many things.
    pub at_most: Option<u64>,
}

impl Gc {
    fn names(&self) -> bool {
        !(self.run_ids.is_empty() && self.experiment_ids.is_empty() && self.logged_model_ids.is_empty())
    }
}

/// Things that were named, found to be deleted, and long enough ago.
#[derive(Debug, Default)]
struct Named {
    runs: Vec<rows::Due>,
    experiments: Vec<rows::DueExperiment>,
    logged_models: Vec<rows::Due>,
    unknown: Vec<Item>,
}

impl Service {
    /// Removes for good what was deleted long enough ago, and tells of each thing. What cannot be removed is told of,
    /// too, and is no error. Refuses names of what is in use, or was deleted only now, before anything is removed.
    pub async fn gc(&self, gc: &Gc, mut each: impl FnMut(&Outcome) + Send) -> Result<Removal> {
        let age = gc.older_than.unwrap_or(if gc.names() { 0 } else { DEFAULT_AGE });
        let until = self.now().saturating_sub(age);
        let named = if gc.names() { Some(self.named(gc, until).await?) } else { None };
        if gc.dry_run {
            preview::Preview::new(self, until, gc.at_most, &mut each).run(named).await
        } else {
            sweep::Sweep::new(self, until, &mut each).run(named).await
        }
    }

    /// Finds what is named. The sentences are MLflow's.
    async fn named(&self, gc: &Gc, until: Millis) -> Result<Named> {
        let mut named = Named::default();
        let mut conn = self.inner.store.read().await.map_err(errors::from_store)?;
        let recent = |what: String| Error::invalid(format!("{what} not older than the required age."));
        for ids in gc.run_ids.chunks(500) {
            named.runs.extend(rows::runs_by_ids(&mut conn, ids.to_vec()).await.map_err(errors::from_store)?);
        }
        for ids in gc.logged_model_ids.chunks(500) {
            let found = rows::logged_models_by_ids(&mut conn, ids.to_vec()).await;
            named.logged_models.extend(found.map_err(errors::from_store)?);
        }
        let ids: Vec<i64> =
            gc.experiment_ids.iter().map(|id| ExperimentId::parse(id).map(|id| id.0)).collect::<Result<_>>()?;
        named.experiments = rows::experiments_by_ids(&mut conn, ids).await.map_err(errors::from_store)?;
        drop(conn);
        for run in &named.runs {
            let deleted_at = run.deleted_at.ok_or_else(|| {
                Error::invalid(format!(
                    "Run {} is not in `deleted` lifecycle stage. Only runs in `deleted` lifecycle stage can be deleted.",
                    run.id
                ))
            })?;
            if deleted_at > until {
                return Err(recent(format!("Run {} is", run.id)));
            }
        }
        for model in &named.logged_models {
            let deleted_at = model.deleted_at.ok_or_else(|| {
                Error::invalid(format!(
                    "Logged model {} is not in `deleted` lifecycle stage. \
                     Only logged models in `deleted` lifecycle stage can be deleted.",
                    model.id
                ))
            })?;
            if deleted_at > until {
                return Err(recent(format!("Logged model {} is", model.id)));
            }
        }
        let in_use = |active: bool| {
            let of = named.experiments.iter().filter(move |e| match e.deleted_at {
                None => active,
                Some(time) => !active && time > until,
            });
            of.map(|e| format!("'{}'", e.experiment_id)).collect::<Vec<_>>().join(", ")
        };
        let (active, young) = (in_use(true), in_use(false));
        if !active.is_empty() {
            return Err(Error::invalid(format!(
                "Experiments [{active}] are not in the deleted lifecycle stage. \
                 Only experiments in the deleted lifecycle stage can be hard-deleted."
            )));
        }
        if !young.is_empty() {
            return Err(recent(format!("Experiments [{young}] are")));
        }
        let missing = |kind: Kind, ids: &[String], found: &dyn Fn(&str) -> bool| {
            let missing = ids.iter().filter(|id| !found(id));
            missing.map(|id| Item { kind, id: id.clone() }).collect::<Vec<_>>()
        };
        let unknown = [
            missing(Kind::Run, &gc.run_ids, &|id| named.runs.iter().any(|r| r.id == id)),
            missing(Kind::LoggedModel, &gc.logged_model_ids, &|id| named.logged_models.iter().any(|m| m.id == id)),
            missing(Kind::Experiment, &gc.experiment_ids, &|id| {
                named.experiments.iter().any(|e| e.experiment_id.to_string() == id)
            }),
        ];
        named.unknown = unknown.concat();
        Ok(named)
    }
}
