//! Searching experiments.

use domain::ViewType;
use domain::search::OrderKey;
use domain::search::experiments::{Comparison, IdTest, NumberAttribute, OrderBy};
use sea_query::{Expr, ExprTrait, Query, SelectStatement};

use super::{Column, Kind, Place, Scope, Steps, Value, Window, in_view, value, values};
use crate::experiments::ExperimentRow;
use crate::{Conn, Dialect, Result};

/// The experiments of a page. Ties of the order are broken by number, highest first.
pub async fn page(
    conn: &mut Conn,
    filter: &[Comparison],
    view: ViewType,
    order: &[OrderKey<OrderBy>],
    window: &Window,
) -> Result<Vec<ExperimentRow>> {
    let statement = statement(conn.dialect(), filter, view, order, window);
    conn.fetch_all_built(&statement).await
}

pub(crate) fn statement(
    dialect: Dialect,
    filter: &[Comparison],
    view: ViewType,
    order: &[OrderKey<OrderBy>],
    window: &Window,
) -> SelectStatement {
    let columns = ["experiment_id", "name", "artifact_location", "creation_time", "last_update_time", "deleted_at"];
    let mut statement = Query::select();
    statement
        .columns(columns.map(experiment))
        .from("experiments")
        .and_where_option(in_view(Expr::col(experiment("deleted_at")), view));
    for (scope, comparison) in Scope::each(dialect, filter) {
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

/// An order that tells any two experiments apart.
fn whole(order: &[OrderKey<OrderBy>]) -> impl Iterator<Item = OrderKey<OrderBy>> {
    let by_id = order.iter().all(|key| key.by != OrderBy::Id).then_some(OrderKey { by: OrderBy::Id, ascending: false });
    order.iter().copied().chain(by_id)
}

/// Where an experiment stands in an order.
pub fn place(order: &[OrderKey<OrderBy>], row: &ExperimentRow) -> Place {
    let value = |by| match by {
        OrderBy::Name => Value::Text(row.name.clone()),
        OrderBy::Id => Value::Integer(row.experiment_id),
        OrderBy::Number(NumberAttribute::CreationTime) => Value::Integer(row.creation_time),
        OrderBy::Number(NumberAttribute::LastUpdateTime) => Value::Integer(row.last_update_time),
    };
    whole(order).map(|key| value(key.by)).collect()
}

fn experiment(column: &'static str) -> Column {
    ("experiments", column)
}

fn column(by: OrderBy) -> Column {
    experiment(match by {
        OrderBy::Name => "name",
        OrderBy::Id => "experiment_id",
        OrderBy::Number(NumberAttribute::CreationTime) => "creation_time",
        OrderBy::Number(NumberAttribute::LastUpdateTime) => "last_update_time",
    })
}

fn condition(scope: Scope, comparison: &Comparison) -> Expr {
    match comparison {
        Comparison::Name(test) => values::text(scope.dialect, column(OrderBy::Name), test),
        Comparison::Id(IdTest::In(ids)) => Expr::col(column(OrderBy::Id)).is_in(ids.iter().map(|id| id.0)),
        Comparison::Id(IdTest::NotIn(ids)) => Expr::col(column(OrderBy::Id)).is_not_in(ids.iter().map(|id| id.0)),
        Comparison::Number(attribute, test) => values::number(column(OrderBy::Number(*attribute)), *test),
        Comparison::Tag(key, test) => {
            value(scope, "experiment_tags", &[("experiment_id", column(OrderBy::Id))], key, test)
        }
    }
}
