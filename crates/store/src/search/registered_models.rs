//! Searching registered models.

use domain::search::OrderKey;
use domain::search::registered_models::{Comparison, Filter, OrderBy};
use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use super::{Column, Scope, Window, direction, text_value, values};
use crate::registered_models::RegisteredRow;
use crate::{Conn, Dialect, Result};

/// The models of a page. Ties of the order are broken by name.
pub async fn page(
    conn: &mut Conn,
    filter: &Filter,
    order: &[OrderKey<OrderBy>],
    window: Window,
) -> Result<Vec<RegisteredRow>> {
    let statement = statement(conn.dialect(), filter, order, window);
    conn.fetch_all_built(&statement).await
}

pub(crate) fn statement(
    dialect: Dialect,
    filter: &Filter,
    order: &[OrderKey<OrderBy>],
    window: Window,
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
    for key in order {
        let column = match key.by {
            OrderBy::Name => "name",
            OrderBy::LastUpdated => "last_update_time",
        };
        statement.order_by(model(column), direction(key.ascending));
    }
    if order.iter().all(|key| key.by != OrderBy::Name) {
        statement.order_by(model("name"), Order::Asc);
    }
    window.apply(&mut statement);
    statement
}

fn model(column: &'static str) -> Column {
    ("m", column)
}
