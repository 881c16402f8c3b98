//! Webhooks: the list, and the dialogs that set one up, try it out and delete it.

mod data;
mod form;
mod list;
mod manage;

pub(crate) use list::WebhooksPage;
