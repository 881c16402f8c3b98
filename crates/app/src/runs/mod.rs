//! The runs of an experiment, one run, and runs side by side.

mod cells;
mod chart;
mod columns;
mod compare;
mod data;
mod empty;
mod export;
mod grid;
mod header;
mod keys;
mod page;
mod picker;
mod rename;
#[cfg(feature = "ssr")]
mod rows;
mod selection;
mod shown;
mod sidebar;
mod status;
mod table;
mod toolbar;
mod tree;
mod url;

pub(crate) use compare::ComparePage;
pub(crate) use data::ExperimentName;
#[cfg(feature = "ssr")]
pub(crate) use page::logged_here;
pub(crate) use page::{LoggedHere, RunPage, VersionLinks};
pub(crate) use table::RunsPage;
