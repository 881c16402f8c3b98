//! One version of a registered model, and versions side by side.

mod aliases;
mod code;
mod compare;
mod data;
mod facts;
mod page;
mod remove;
mod stage;

pub(crate) use code::python_string;
pub(crate) use compare::ComparePage;
pub(crate) use page::VersionPage;
