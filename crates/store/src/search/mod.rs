//! Searches: the domain's trees of filters and orders as SQL.
//!
//! One statement finds the rows of a page; what belongs to them comes by the `load` of their module. A filter holds
//! if all its comparisons do, each of which is a condition on the row itself or an `EXISTS` over an index.

pub mod datasets;
pub mod experiments;
pub mod logged_models;
pub mod model_versions;
pub mod registered_models;
pub mod run_models;
pub mod runs;

mod placed;
#[cfg(test)]
mod plans;
mod values;
mod window;

use domain::ViewType;
use domain::search::{TextTest, ValueTest};
use sea_query::{Expr, ExprTrait, Query, SelectStatement};

use crate::Dialect;

pub use placed::Placed;
use window::{Kind, Steps};
pub use window::{Place, Value, Window};

/// A column of a table or of its alias.
type Column = (&'static str, &'static str);

/// What a row's time of deletion has to be like.
fn in_view(deleted_at: Expr, view: ViewType) -> Option<Expr> {
    match view {
        ViewType::ActiveOnly => Some(deleted_at.is_null()),
        ViewType::DeletedOnly => Some(deleted_at.is_not_null()),
        ViewType::All => None,
    }
}

/// How many conditions on other tables Postgres may turn into joins.
///
/// It does so with every `EXISTS` that it can, and looks for the best order of the joins: a gain for a handful, while
/// a hundred take seconds to plan.
const JOINED: usize = 8;

/// How many rows a condition may single out for a search on SQLite to start from them rather than from its order.
///
/// SQLite keeps no count of values. Without knowing that a value is rare, such as a parent run's id, it would look at
/// every run of an experiment; without knowing that it is common it would gather all of its runs, though a page needs
/// but the first. Postgres does know.
const FEW: u64 = 100;

/// A comparison's place in a filter, for a database.
#[derive(Clone, Copy)]
struct Scope {
    dialect: Dialect,
    place: usize,
}

impl Scope {
    /// Every item of a filter with its scope.
    fn each<T>(dialect: Dialect, filter: &[T]) -> impl Iterator<Item = (Self, &T)> {
        filter.iter().enumerate().map(move |(place, item)| (Self { dialect, place }, item))
    }

    /// Whether there are such rows.
    fn exists(self, mut rows: SelectStatement) -> Expr {
        if self.dialect == Dialect::Postgres && self.place >= JOINED {
            // Keeps it a sub-query.
            rows.offset(0);
        }
        Expr::exists(rows)
    }

    /// Whether there are no such rows.
    fn not_exists(self, rows: SelectStatement) -> Expr {
        self.exists(rows).not()
    }
}

/// The rows of a table of keys and values, called `x`, that have a key and belong to the row of the search: of each
/// pair of `owner`'s columns, the first is the table's and the second the search's.
fn with_key(table: &'static str, owner: &[(&'static str, Column)], key: &str) -> SelectStatement {
    let mut rows = Query::select();
    rows.expr(Expr::cust("1")).from_as(table, "x");
    for (column, of) in owner {
        rows.and_where(Expr::col(("x", *column)).equals(*of));
    }
    rows.and_where(Expr::col(("x", "key")).eq(key)).take()
}

/// Whether a tag or param is as it has to be; see [`with_key`].
fn value(scope: Scope, table: &'static str, owner: &[(&'static str, Column)], key: &str, test: &ValueTest) -> Expr {
    let mut rows = with_key(table, owner, key);
    match test {
        ValueTest::Missing => scope.not_exists(rows),
        ValueTest::Present => scope.exists(rows),
        ValueTest::Text(test) => scope.exists(rows.and_where(values::text(scope.dialect, ("x", "value"), test)).take()),
    }
}

/// [`value`] of a text's test.
fn text_value(scope: Scope, table: &'static str, owner: &[(&'static str, Column)], key: &str, test: &TextTest) -> Expr {
    value(scope, table, owner, key, &ValueTest::Text(test.clone()))
}
