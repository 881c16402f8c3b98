//! The list of experiments, and what one can do with one.

mod data;
mod dialogs;
mod list;

pub(crate) use data::restore_experiment;
pub(crate) use dialogs::{CreateExperiment, DeleteExperiment, RenameExperiment, Target};
pub(crate) use list::ExperimentsPage;
