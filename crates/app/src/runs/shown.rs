//! What the table shows at the moment, in the browser.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::columns::Column;
use super::data::{Batch, Keys, Row, load_runs};
use super::tree::{self, Line};
use super::url::RunsQuery;
use crate::error::{UiError, UiResult};
use crate::ui::toast::{Messages, messages};

/// What tells rows of the same run apart: a row is drawn anew when its stand is another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stands {
    /// Counts sets of rows and columns.
    generation: u32,
    /// How often a run changed since, by its id.
    changes: HashMap<String, u32>,
}

impl Stands {
    /// The stand of a run's row.
    pub(crate) fn of(&self, id: &str) -> (u32, u32) {
        (self.generation, self.changes.get(id).copied().unwrap_or_default())
    }

    fn renew(&mut self) {
        self.generation += 1;
        self.changes.clear();
    }
}

/// What is on its way beside a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loading {
    /// Nothing.
    Nothing,
    /// The next page.
    More,
    /// The rows that are shown.
    Again,
    /// Nothing, for the next page failed to come; it is loaded only when asked for.
    Stalled,
}

/// The loaded runs, and what one did to them.
#[derive(Clone, Copy)]
pub(crate) struct Shown {
    /// Whose runs.
    pub(crate) experiment_id: Signal<String>,
    /// The address.
    pub(crate) query: Memo<RunsQuery>,
    /// Columns, the name aside.
    pub(crate) columns: RwSignal<Vec<Column>>,
    /// What could be shown.
    pub(crate) keys: RwSignal<Keys>,
    /// All pages so far.
    pub(crate) rows: RwSignal<Vec<Arc<Row>>>,
    /// How many runs there are on all pages.
    pub(crate) total: RwSignal<u64>,
    /// Token of the next page.
    pub(crate) next: RwSignal<Option<String>>,
    /// Why the last search failed; the rows are those of the last good one.
    pub(crate) problem: RwSignal<Option<UiError>>,
    /// Counts searches: each starts at the top.
    pub(crate) searches: RwSignal<u32>,
    /// What tells rows of the same run apart.
    pub(crate) stands: RwSignal<Stands>,
    /// Ids of ticked runs.
    pub(crate) selected: RwSignal<BTreeSet<String>>,
    /// The run that was ticked last, from which ranges are counted.
    pub(crate) anchor: RwSignal<Option<String>>,
    /// The cell that the keyboard is at.
    pub(crate) active: RwSignal<Option<super::keys::Cell>>,
    /// Ids of runs whose children are folded away.
    pub(crate) closed: RwSignal<HashSet<String>>,
    /// What is on its way.
    pub(crate) loading: RwSignal<Loading>,
    messages: Messages,
}

impl Shown {
    /// Shows the first answer.
    pub(crate) fn new(experiment_id: Signal<String>, query: Memo<RunsQuery>, first: UiResult<Batch>) -> Self {
        let (batch, problem) = match first {
            Ok(batch) => (batch, None),
            Err(error) => (Batch::default(), Some(error)),
        };
        Self {
            experiment_id,
            query,
            columns: RwSignal::new(batch.columns),
            keys: RwSignal::new(batch.keys),
            rows: RwSignal::new(batch.rows.into_iter().map(Arc::new).collect()),
            total: RwSignal::new(batch.total),
            next: RwSignal::new(batch.next),
            problem: RwSignal::new(problem),
            searches: RwSignal::new(0),
            stands: RwSignal::new(Stands::default()),
            selected: RwSignal::new(BTreeSet::new()),
            anchor: RwSignal::new(None),
            active: RwSignal::new(None),
            closed: RwSignal::new(HashSet::new()),
            loading: RwSignal::new(Loading::Nothing),
            messages: messages(),
        }
    }

    /// Shows another search's answer; keeps what there is if it failed.
    pub(crate) fn replace(self, answer: UiResult<Batch>) {
        let batch = match answer {
            Ok(batch) => batch,
            Err(error) => return self.problem.set(Some(error)),
        };
        self.problem.set(None);
        if self.loading.get_untracked() == Loading::Stalled {
            self.loading.set(Loading::Nothing);
        }
        self.searches.update(|searches| *searches += 1);
        self.renew(batch);
    }

    /// Shows other rows and columns in place of those that there are.
    fn renew(self, batch: Batch) {
        self.stands.update(Stands::renew);
        // Rows last: a row is drawn with the columns that it was made for.
        self.rows.set(Vec::new());
        self.columns.set(batch.columns);
        self.keys.set(batch.keys);
        self.total.set(batch.total);
        self.next.set(batch.next);
        self.keep_ticks(&batch.rows);
        self.rows.set(batch.rows.into_iter().map(Arc::new).collect());
    }

    fn generation(self) -> u32 {
        self.stands.with_untracked(|stands| stands.generation)
    }

    /// What is no longer there isn't ticked either.
    fn keep_ticks(self, rows: &[Row]) {
        let there: HashSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        self.selected.update(|selected| selected.retain(|id| there.contains(id.as_str())));
    }

    /// Loads again what is shown, as many rows as there are; what is ticked, marked and in sight stays so.
    pub(crate) fn refresh(self) {
        if self.loading.get_untracked() == Loading::Again {
            return;
        }
        self.loading.set(Loading::Again);
        let generation = self.generation();
        let wanted = self.rows.with_untracked(Vec::len);
        let (id, mut query) = (self.experiment_id.get_untracked(), self.query.get_untracked());
        spawn_local(async move {
            let mut answer = load_runs(id.clone(), query.text()).await;
            while let Ok(batch) = &mut answer
                && batch.rows.len() < wanted
                && let Some(token) = batch.next.take()
            {
                query.page = Some(token);
                query.columns = Some(batch.columns.clone());
                match load_runs(id.clone(), query.text()).await {
                    Ok(more) => {
                        batch.rows.extend(more.rows);
                        batch.keys.merge(more.keys);
                        (batch.total, batch.next) = (more.total, more.next);
                    }
                    Err(error) => answer = Err(error),
                }
            }
            // The page may be gone by now, or show another search.
            if self.loading.try_set(Loading::Nothing).is_some() || self.generation() != generation {
                return;
            }
            match answer {
                Ok(batch) => self.update(batch),
                Err(error) => self.messages.failed(error.to_string()),
            }
        });
    }

    /// Shows what became of the rows: those that are as they were stay in the document.
    fn update(self, batch: Batch) {
        self.problem.set(None);
        if self.columns.with_untracked(|columns| *columns != batch.columns) {
            return self.renew(batch);
        }
        let before: HashMap<String, Arc<Row>> =
            self.rows.with_untracked(|rows| rows.iter().map(|row| (row.id.clone(), row.clone())).collect());
        self.stands.update(|stands| {
            let changed = batch.rows.iter().filter(|row| before.get(&row.id).is_some_and(|old| **old != **row));
            for row in changed {
                *stands.changes.entry(row.id.clone()).or_default() += 1;
            }
        });
        self.keys.set(batch.keys);
        self.total.set(batch.total);
        self.next.set(batch.next);
        self.keep_ticks(&batch.rows);
        self.rows.set(batch.rows.into_iter().map(Arc::new).collect());
    }

    /// Forgets what belongs to another experiment.
    pub(crate) fn forget(self) {
        self.selected.update(BTreeSet::clear);
        self.closed.update(HashSet::clear);
        self.problem.set(None);
    }

    /// Loads the next page, if there is one and it isn't on its way.
    pub(crate) fn load_more(self) {
        let Some(token) = self.next.get_untracked() else { return };
        let busy = matches!(self.loading.get_untracked(), Loading::More | Loading::Again);
        if busy || self.problem.with_untracked(Option::is_some) {
            return;
        }
        self.loading.set(Loading::More);
        let generation = self.generation();
        let mut query = self.query.get_untracked();
        query.page = Some(token);
        query.columns = Some(self.columns.get_untracked());
        let answer = load_runs(self.experiment_id.get_untracked(), query.text());
        spawn_local(async move {
            let answer = answer.await;
            // The page may be gone by now.
            if self.loading.try_set(Loading::Nothing).is_some() || self.generation() != generation {
                return;
            }
            match answer {
                Ok(batch) => {
                    self.keys.update(|keys| keys.merge(batch.keys));
                    self.total.set(batch.total);
                    self.next.set(batch.next);
                    self.rows.update(|rows| rows.extend(batch.rows.into_iter().map(Arc::new)));
                }
                Err(error) => {
                    self.loading.set(Loading::Stalled);
                    self.messages.failed(error.to_string());
                }
            }
        });
    }

    /// The lines of the table: nested while it is sorted by time, in the order of the search otherwise.
    pub(crate) fn lines(self) -> Memo<Vec<Line>> {
        Memo::new(move |_| {
            let by_time = self.query.with(|query| query.sort == Column::Created);
            self.rows.with(|rows| {
                if !by_time || rows.iter().all(|row| row.parent.is_none()) {
                    return tree::flat(rows.len());
                }
                let runs: Vec<_> = rows.iter().map(|row| (row.id.as_str(), row.parent.as_deref())).collect();
                self.closed.with(|closed| tree::nested(&runs, closed))
            })
        })
    }

    /// Ids of runs that have children among the loaded.
    pub(crate) fn parents(self) -> HashSet<String> {
        self.rows.with(|rows| {
            let ids: HashSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
            rows.iter().filter_map(|row| row.parent.clone()).filter(|parent| ids.contains(parent.as_str())).collect()
        })
    }
}
