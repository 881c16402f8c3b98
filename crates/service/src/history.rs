//! The registry's memory: every change of a registered model or version is noted in the transaction that makes it.
//!
//! Whoever sends a request says who they are, or does not: [`acting_as`] runs the work for them, and [`Author`] carries
//! their name into the transaction. The time of a change is asked for there, under the model's lock ([`Edit`]), so that
//! the times of a model's changes are in the order in which they were made.

use std::sync::Arc;

use domain::history::{Change, HistoryEntry, MAX_ACTOR, StageSpan};
use domain::model_versions::{Stage, parse_version};
use domain::{Error, Millis, Page, Result, names};
use store::registered_models::{self, RegisteredRow};
use store::{Conn, StoreError, history as rows, restore};

use crate::errors::Fault;
use crate::{Clock, Service, boxed, model_versions, paging};

/// Entries on a page that does not say how many.
const DEFAULT_RESULTS: i64 = 100;
/// Most entries on a page.
const MAX_RESULTS: i64 = 1_000;
/// Most versions that are listed for one stage at one time.
const MAX_AT_ONCE: i64 = 1_000;

tokio::task_local! {
    static ACTOR: Option<String>;
}

/// Runs work on behalf of somebody, whose name is noted beside every change that it makes. `None` is for work of nobody
/// who said their name. A name is cut to 250 characters; what is not printable in it is left out.
pub async fn acting_as<F: Future>(name: Option<&str>, work: F) -> F::Output {
    let mut name: String = name.unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
    names::truncate(&mut name, MAX_ACTOR);
    ACTOR.scope(Some(name).filter(|name| !name.trim().is_empty()), work).await
}

/// Who makes a change, on the way into its transaction.
#[derive(Clone)]
pub(crate) struct Author {
    actor: Option<String>,
    clock: Arc<dyn Clock>,
}

impl Author {
    /// The time, for a model that is about to be made: see [`Author::made`].
    pub(crate) fn now(&self) -> Millis {
        self.clock.now()
    }

    /// The change of a model that has just been made.
    pub(crate) fn made(&self, model: &RegisteredRow) -> Edit {
        Edit { registered_no: model.registered_no, actor: self.actor.clone(), time: model.creation_time }
    }

    /// Begins a change of a model, whose row the transaction has locked.
    pub(crate) async fn edit(&self, tx: &mut Conn, registered_no: i64) -> Result<Edit, StoreError> {
        // Another server's clock may be ahead of ours, and ours may have been put back.
        let last = rows::last_time(tx, registered_no).await?.unwrap_or(Millis::MIN);
        Ok(Edit { registered_no, actor: self.actor.clone(), time: self.clock.now().max(last) })
    }
}

/// A change of a model or its versions under way.
#[derive(Debug)]
pub(crate) struct Edit {
    registered_no: i64,
    actor: Option<String>,
    /// When it is made: not before anything else that was done to the model.
    pub(crate) time: Millis,
}

impl Edit {
    /// Notes what was done to the model or to one of its versions, unless it is nothing.
    pub(crate) async fn note(
        &self,
        tx: &mut Conn,
        version: Option<i64>,
        change: impl Into<Option<Change>>,
    ) -> Result<(), StoreError> {
        let Some(change) = change.into() else { return Ok(()) };
        let entry = HistoryEntry { time: self.time, actor: self.actor.clone(), version, change };
        rows::add(tx, self.registered_no, &entry).await
    }

    /// Notes that a version moved to another stage, out of which others were archived.
    pub(crate) async fn note_stage(
        &self,
        tx: &mut Conn,
        version: i64,
        (from, to): (Stage, Stage),
        archived: Vec<i64>,
    ) -> Result<(), StoreError> {
        let registered_no = self.registered_no;
        if !archived.is_empty() {
            rows::end_others(tx, registered_no, to, version, self.time).await?;
            let (when, echo) = ((self.time, self.actor.as_deref()), Change::Displaced { from: to, by: version });
            rows::add_to_each(tx, registered_no, &archived, when, &echo).await?;
        }
        if from != to {
            rows::note_stage(tx, registered_no, version, to, self.time).await?;
        }
        self.note(tx, Some(version), Change::stage_moved(from, to, archived)).await
    }
}

/// Asks for a page of a history.
#[derive(Clone, Debug, Default)]
pub struct HistoryOf {
    /// The model's name: of the one in use or, if there is none, of the last deleted.
    pub name: String,
    /// The id of a certain deleted model of that name.
    pub id: Option<String>,
    /// Only what was done to this version (a decimal string).
    pub version: Option<String>,
    /// Page size from 1 to 1,000; `None` is 100.
    pub max_results: Option<i64>,
    /// From the page before; empty means the first.
    pub page_token: Option<String>,
}

/// What is known of a model that may be deleted.
struct Remembered {
    registered_no: i64,
    last_version: i64,
}

impl Service {
    /// Who asks.
    pub(crate) fn author(&self) -> Author {
        Author { actor: ACTOR.try_with(Clone::clone).ok().flatten(), clock: self.inner.clock.clone() }
    }

    /// What was done to a model and its versions, or to one version, the latest first.
    #[boxed]
    pub async fn registry_history(&self, of: HistoryOf) -> Result<Page<HistoryEntry>> {
        names::check_model_name(&of.name, "name")?;
        let version = of.version.as_deref().map(parse_version).transpose()?;
        let size = page_size(of.max_results)?;
        let before = paging::place::<1>(of.page_token.as_deref())?.map_or(i64::MAX, |[event_no]| event_no);
        let id = of.id.as_deref().map(parse_id).transpose()?;
        Ok(self.read_history(&of.name, id, version, before, size).await?)
    }

    async fn read_history(
        &self,
        name: &str,
        id: Option<i64>,
        version: Option<i64>,
        before: i64,
        size: i64,
    ) -> Result<Page<HistoryEntry>, Fault> {
        let mut conn = self.inner.store.read().await?;
        let model = remembered(&mut conn, name, id).await?;
        if let Some(version) = version.filter(|version| !(1..=model.last_version).contains(version)) {
            return Err(model_versions::not_found(name, version).into());
        }
        let found = rows::page(&mut conn, model.registered_no, version, before, size + 1).await?;
        Ok(paging::page_by_place(found, size, |numbered| [numbered.event_no]).map(|numbered| numbered.entry))
    }

    /// The versions that were in Staging or Production (any letter case) at a time, the highest first; at most 1,000.
    #[boxed]
    pub async fn stage_at(&self, name: &str, id: Option<&str>, stage: &str, time: Millis) -> Result<Vec<StageSpan>> {
        names::check_model_name(name, "name")?;
        let id = id.map(parse_id).transpose()?;
        let stage = Stage::parse(stage)?;
        if !stage.is_active() {
            return Err(Error::invalid(format!(
                "Only who was in Staging or Production is remembered, not who was in {}.",
                stage.name()
            )));
        }
        Ok(self.read_stage_at(name, id, stage, time).await?)
    }

    async fn read_stage_at(
        &self,
        name: &str,
        id: Option<i64>,
        stage: Stage,
        time: Millis,
    ) -> Result<Vec<StageSpan>, Fault> {
        let mut conn = self.inner.store.read().await?;
        let model = remembered(&mut conn, name, id).await?;
        Ok(rows::stage_at(&mut conn, model.registered_no, stage, time, MAX_AT_ONCE).await?)
    }
}

/// The size of a page of the registry's memory.
pub(crate) fn page_size(max_results: Option<i64>) -> Result<i64> {
    let size = max_results.unwrap_or(DEFAULT_RESULTS);
    crate::search::check_size(size, MAX_RESULTS)?;
    Ok(size)
}

/// Reads the id of a deleted model.
pub(crate) fn parse_id(id: &str) -> Result<i64> {
    id.parse().map_err(|_| Error::invalid(format!("Parameter 'id' must be one of a deleted model, got '{id}'.")))
}

/// The model in use or, failing that, the last deleted of a name; with an id that one.
async fn remembered(conn: &mut Conn, name: &str, id: Option<i64>) -> Result<Remembered, Fault> {
    let in_use = registered_models::find(conn, name).await?;
    if let Some(row) = in_use.filter(|row| id.is_none_or(|id| id == row.registered_no)) {
        return Ok(Remembered { registered_no: row.registered_no, last_version: row.last_version });
    }
    let row = restore::model(conn, name, id).await?.ok_or_else(|| crate::registered_models::not_found(name))?;
    Ok(Remembered { registered_no: row.registered_no, last_version: row.last_version })
}
