//! Metadata in Postgres or SQLite: SQL and rows, nothing else.
//!
//! One static SQL text with `$n` placeholders runs on both databases ([`Conn`]); `sea-query` builds only what depends
//! on the request. Functions take the connection they run on, so that a caller decides what one transaction holds:
//! [`Store::write`] for transactions, [`Store::read`] for reading. "Not found" is `Ok(None)`.

pub mod aliases;
pub mod datasets;
pub mod digests;
pub mod experiments;
pub mod gc;
pub mod guards;
pub mod history;
pub mod keys;
pub mod logged_models;
pub mod metric_outline;
pub mod metrics;
pub mod model_versions;
pub mod outbox;
pub mod params;
pub mod registered_models;
pub mod registry_pages;
pub mod restore;
pub mod run_logged_models;
pub mod run_models;
pub mod runs;
pub mod search;
pub mod settings;
pub mod sources;
pub mod tags;
pub mod webhooks;

mod bulk;
mod claim;
mod conn;
mod error;
mod migrate;
mod pool;
mod sqlite;
mod turns;
mod writer;

pub use claim::Claim;
pub use conn::{Args, Conn, Dialect, Row};
pub use error::StoreError;
pub use pool::{OpenError, Options, Scan, Store, redact};
/// A value bound to a statement; see [`args!`].
pub use sea_query::Value;

/// Shorthand for results of this crate.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// The values of a statement's placeholders, in order: `args![run_no, "loss", None::<i64>]`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::Value::from($value)),*] };
}
