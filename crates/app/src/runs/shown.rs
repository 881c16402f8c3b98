//! What the table shows at the moment, in the browser.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::columns::Column;
use super::data::{Batch, Keys, Row, load_runs};
use super::tree::{self, Line};
use super::url::RunsQuery;
use crate::error::{UiError, UiResult};
use crate::ui::toast::{Messages, messages};

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
    /// Counts searches, so that rows of different ones are told apart.
    pub(crate) generation: RwSignal<u32>,
    /// Ids of ticked runs.
    pub(crate) selected: RwSignal<BTreeSet<String>>,
    /// The run that was ticked last, from which ranges are counted.
    pub(crate) anchor: RwSignal<Option<String>>,
    /// The cell that the keyboard is at.
    pub(crate) active: RwSignal<Option<super::keys::Cell>>,
    /// Ids of runs whose children are folded away.
    pub(crate) closed: RwSignal<HashSet<String>>,
    /// Whether the next page is on its way.
    pub(crate) loading: RwSignal<bool>,
    /// Whether the next page failed to come; it is then loaded only when asked for.
    pub(crate) stalled: RwSignal<bool>,
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
            generation: RwSignal::new(0),
            selected: RwSignal::new(BTreeSet::new()),
            anchor: RwSignal::new(None),
            active: RwSignal::new(None),
            closed: RwSignal::new(HashSet::new()),
            loading: RwSignal::new(false),
            stalled: RwSignal::new(false),
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
        self.stalled.set(false);
        self.generation.update(|generation| *generation += 1);
        // Rows last: a row is drawn with the columns that it was made for.
        self.rows.set(Vec::new());
        self.columns.set(batch.columns);
        self.keys.set(batch.keys);
        self.total.set(batch.total);
        self.next.set(batch.next);
        self.selected.update(|selected| selected.retain(|id| batch.rows.iter().any(|row| row.id == *id)));
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
        if self.loading.get_untracked() || self.problem.with_untracked(Option::is_some) {
            return;
        }
        self.loading.set(true);
        self.stalled.set(false);
        let generation = self.generation.get_untracked();
        let mut query = self.query.get_untracked();
        query.page = Some(token);
        query.columns = Some(self.columns.get_untracked());
        let answer = load_runs(self.experiment_id.get_untracked(), query.text());
        spawn_local(async move {
            let answer = answer.await;
            // The page may be gone by now.
            if self.loading.try_set(false).is_some() || self.generation.get_untracked() != generation {
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
                    self.stalled.set(true);
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
