//! Registered models: the list, one of them with its versions, and what its pages share with others.

mod choice;
mod create;
mod deleted;
mod gone;
mod guards;
mod history;
mod links;
mod list;
mod manage;
mod name;
mod page;
mod query;
mod versions;

pub(crate) use choice::{ModelChoice, Pick};
pub(crate) use deleted::undo_version;
#[cfg(feature = "ssr")]
pub(crate) use gone::load as load_gone;
pub(crate) use gone::{Gone, GonePage, Remains};
#[cfg(feature = "ssr")]
pub(crate) use history::load as load_history;
pub(crate) use history::{History, HistorySection};
pub(crate) use links::{AliasChip, RegistryBreadcrumb, StageChip, model_href, run_href, version_href};
pub(crate) use list::ModelsPage;
pub(crate) use name::{NameField, NewName};
pub(crate) use page::ModelPage;
pub(crate) use query::{Query, use_query};
