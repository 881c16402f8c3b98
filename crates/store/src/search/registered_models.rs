//! Searching registered models.

use domain::search::OrderKey;
use domain::search::registered_models::{Comparison, Filter, OrderBy};
use sea_query::{Expr, ExprTrait, Query, SelectStatement};

use super::{Column, Kind, Place, Scope, Steps, Value, Window, text_value, values};
use crate::registered_models::RegisteredRow;
use crate::{Conn, Dialect, Result};

/// The models of a page. Ties of the order are broken by name.
pub async fn page(
    conn: &mut Conn,
    filter: &Filter,
    order: &[OrderKey<OrderBy>],
    window: &Window,
) -> Result<Vec<RegisteredRow>> {
    let statement = statement(conn.dialect(), filter, order, window);
    conn.fetch_all_built(&statement).await
}

pub(crate) fn statement(
    dialect: Dialect,
    filter: &Filter,
    order: &[OrderKey<OrderBy>],
    window: &Window,
) -> SelectStatement {
    let columns =
        ["registered_no", "name", "description", "creation_time", "last_update_time", "last_version", "is_prompt"];
    let mut statement = Query::select();
    statement
        .columns(columns.map(model))
        .from_as("registered_models", "m")
        .and_where(Expr::col(model("deleted_at")).is_null());
    if !filter.prompts {
        statement.and_where(Expr::col(model("is_prompt")).not());
    }
    for (scope, comparison) in Scope::each(dialect, &filter.comparisons) {
        statement.and_where(match comparison {
            Comparison::Name(test) => values::text(dialect, model("name"), test),
            Comparison::Tag(key, test) => {
                let owner = [("registered_no", model("registered_no"))];
                text_value(scope, "registered_model_tags", &owner, key, test)
            }
        });
    }
    let mut steps = Steps::default();
    for key in whole(order) {
        let (column, kind) = match key.by {
            OrderBy::Name => ("name", Kind::Text),
            OrderBy::LastUpdated => ("last_update_time", Kind::Integer),
        };
        steps.by(Expr::col(model(column)), kind, key.ascending);
    }
    steps.apply(window, &mut statement);
    statement
}

/// An order that tells any two models apart.
fn whole(order: &[OrderKey<OrderBy>]) -> impl Iterator<Item = OrderKey<OrderBy>> {
    let unnamed = order.iter().all(|key| key.by != OrderBy::Name);
    order.iter().copied().chain(unnamed.then_some(OrderKey { by: OrderBy::Name, ascending: true }))
}

/// Where a model stands in an order.
pub fn place(order: &[OrderKey<OrderBy>], row: &RegisteredRow) -> Place {
    let value = |by| match by {
        OrderBy::Name => Value::Text(row.name.clone()),
        OrderBy::LastUpdated => Value::Integer(row.last_update_time),
    };
    whole(order).map(|key| value(key.by)).collect()
}

fn model(column: &'static str) -> Column {
    ("m", column)
}
