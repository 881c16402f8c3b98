//! Searching versions of registered models.

use domain::search::OrderKey;
use domain::search::model_versions::{Comparison, Filter, OrderBy, TextAttribute};
use sea_query::{Expr, ExprTrait, Query, SelectStatement};

use super::{Column, Kind, Place, Scope, Steps, Value, Window, text_value, values};
use crate::model_versions::VersionRow;
use crate::{Conn, Dialect, Result};

/// The versions of a page. Ties of the order are broken by name, and then by version, highest first; an empty order is
/// by last update, latest first.
pub async fn page(
    conn: &mut Conn,
    filter: &Filter,
    order: &[OrderKey<OrderBy>],
    window: &Window,
) -> Result<Vec<VersionRow>> {
    let statement = statement(conn.dialect(), filter, order, window);
    conn.fetch_all_built(&statement).await
}

pub(crate) fn statement(
    dialect: Dialect,
    filter: &Filter,
    order: &[OrderKey<OrderBy>],
    window: &Window,
) -> SelectStatement {
    let columns = [
        "registered_no",
        "version",
        "creation_time",
        "last_update_time",
        "stage",
        "source",
        "storage_location",
        "run_id",
        "run_link",
        "model_id",
        "description",
        "is_prompt",
    ];
    let mut statement = Query::select();
    statement
        .columns(columns.map(version))
        .column(("m", "name"))
        .from_as("model_versions", "v")
        .inner_join(
            sea_query::TableRef::from("registered_models").alias("m"),
            Expr::col(("m", "registered_no")).equals(version("registered_no")),
        )
        .and_where(Expr::col(version("deleted_at")).is_null())
        .and_where(Expr::col(("m", "deleted_at")).is_null());
    if !filter.prompts {
        statement.and_where(Expr::not_exists(prompt_versions()));
    }
    for (scope, comparison) in Scope::each(dialect, &filter.comparisons) {
        statement.and_where(condition(scope, comparison));
    }
    let mut steps = Steps::default();
    for key in whole(order) {
        let kind = if key.by == OrderBy::Name { Kind::Text } else { Kind::Integer };
        steps.by(Expr::col(column(key.by)), kind, key.ascending);
    }
    steps.apply(window, &mut statement);
    statement
}

/// An order that tells any two versions apart.
fn whole(order: &[OrderKey<OrderBy>]) -> Vec<OrderKey<OrderBy>> {
    let mut whole = order.to_vec();
    if order.is_empty() {
        whole.push(OrderKey { by: OrderBy::LastUpdated, ascending: false });
    }
    for (by, ascending) in [(OrderBy::Name, true), (OrderBy::Version, false)] {
        if order.iter().all(|key| key.by != by) {
            whole.push(OrderKey { by, ascending });
        }
    }
    whole
}

/// Where a version stands in an order.
pub fn place(order: &[OrderKey<OrderBy>], row: &VersionRow) -> Place {
    let value = |by| match by {
        OrderBy::Name => Value::Text(row.name.clone()),
        OrderBy::Version => Value::Integer(row.version),
        OrderBy::Created => Value::Integer(row.creation_time),
        OrderBy::LastUpdated => Value::Integer(row.last_update_time),
    };
    whole(order).into_iter().map(|key| value(key.by)).collect()
}

fn version(column: &'static str) -> Column {
    ("v", column)
}

fn column(by: OrderBy) -> Column {
    match by {
        OrderBy::Name => ("m", "name"),
        OrderBy::Version => version("version"),
        OrderBy::Created => version("creation_time"),
        OrderBy::LastUpdated => version("last_update_time"),
    }
}

/// The versions of the same model that are prompts: they have an index of their own, which is all but empty for
/// models that are none.
fn prompt_versions() -> SelectStatement {
    Query::select()
        .expr(Expr::cust("1"))
        .from_as("model_versions", "p")
        .and_where(Expr::col(("p", "registered_no")).equals(version("registered_no")))
        .and_where(Expr::col(("p", "is_prompt")))
        .and_where(Expr::col(("p", "deleted_at")).is_null())
        .take()
}

fn condition(scope: Scope, comparison: &Comparison) -> Expr {
    let dialect = scope.dialect;
    match comparison {
        Comparison::Text(TextAttribute::Name, test) => values::text(dialect, ("m", "name"), test),
        Comparison::Text(TextAttribute::RunId, test) => values::text(dialect, version("run_id"), test),
        Comparison::Text(TextAttribute::Source, test) => values::text(dialect, version("source"), test),
        Comparison::Version(test) => values::number(version("version"), *test),
        Comparison::Tag(key, test) => {
            let owner = [("registered_no", version("registered_no")), ("version", version("version"))];
            text_value(scope, "model_version_tags", &owner, key, test)
        }
    }
}
