//! Searching logged models.

use domain::experiments::ExperimentId;
use domain::logged_models::LoggedModelStatus;
use domain::search::logged_models::{Comparison, NumberAttribute, OrderBy, TextAttribute};
use domain::search::{NumberTest, OrderKey, TextTest};
use sea_query::{Expr, ExprTrait, NullOrdering, Order, Query, SelectStatement, SubQueryStatement};

use super::{Column, Scope, direction, text_value, values};
use crate::logged_models::LoggedModelRow;
use crate::{Conn, Dialect, Result};

/// What is searched for.
#[derive(Clone, Debug, Default)]
pub struct LoggedModelSearch {
    /// In these experiments.
    pub experiments: Vec<ExperimentId>,
    /// Must all hold.
    pub filter: Vec<Comparison>,
    /// Names and digests (empty for none) that metrics must have been measured on: the filter's or, if it has none,
    /// any one.
    pub datasets: Vec<(String, String)>,
    /// Most significant first. Ties are broken by creation, latest first, and then by id.
    pub order: Vec<OrderKey<OrderBy>>,
}

/// Where a page starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// After that many models.
    Offset(u64),
    /// After this one; only in the default order, where it is found by index.
    After {
        /// When it was created.
        creation_time: i64,
        /// Its id.
        model_id: String,
    },
}

/// The models of a page; deleted ones are never found.
pub async fn page(
    conn: &mut Conn,
    search: &LoggedModelSearch,
    start: &Start,
    limit: u64,
) -> Result<Vec<LoggedModelRow>> {
    match statement(conn.dialect(), search, start, limit) {
        Some(statement) => conn.fetch_all_built(&statement).await,
        None => Ok(Vec::new()),
    }
}

/// The statement that finds a page; `None` if nothing can be found.
pub(crate) fn statement(
    dialect: Dialect,
    search: &LoggedModelSearch,
    start: &Start,
    limit: u64,
) -> Option<SelectStatement> {
    let columns = [
        "model_no",
        "model_id",
        "experiment_id",
        "name",
        "artifact_uri",
        "status",
        "status_message",
        "model_type",
        "source_run_id",
        "creation_time",
        "last_update_time",
        "deleted_at",
    ];
    let mut statement = Query::select();
    statement
        .columns(columns.map(model))
        .from_as("logged_models", "l")
        .and_where(Expr::col(model("deleted_at")).is_null());
    let mut experiments = search.experiments.clone();
    for (scope, comparison) in Scope::each(dialect, &search.filter) {
        match comparison {
            // Experiments are compared as texts; it is simpler to do that here.
            Comparison::Text(TextAttribute::ExperimentId, test) => {
                experiments.retain(|id| test.matches(&id.to_string()));
            }
            Comparison::Text(TextAttribute::LifecycleStage, test) => {
                if !test.matches("active") {
                    return None;
                }
            }
            other => {
                statement.and_where(condition(scope, other, &search.datasets));
            }
        }
    }
    if experiments.is_empty() {
        return None;
    }
    statement.and_where(Expr::col(model("experiment_id")).is_in(experiments.iter().map(|id| id.0)));
    let has_metric = search.filter.iter().any(|comparison| matches!(comparison, Comparison::Metric(..)));
    if !search.datasets.is_empty() && !has_metric {
        statement.and_where(Expr::exists(metrics().and_where(on_datasets(&search.datasets)).take()));
    }
    order(&mut statement, &search.order);
    match start {
        Start::Offset(offset) => {
            if *offset > 0 {
                statement.offset(*offset);
            }
        }
        Start::After { creation_time, model_id } => {
            // The first half is what an index can use.
            statement.and_where(Expr::col(model("creation_time")).lte(*creation_time)).and_where(
                Expr::col(model("creation_time"))
                    .lt(*creation_time)
                    .or(Expr::col(model("model_id")).gt(model_id.as_str())),
            );
        }
    }
    statement.limit(limit);
    Some(statement)
}

fn model(column: &'static str) -> Column {
    ("l", column)
}

fn condition(scope: Scope, comparison: &Comparison, datasets: &[(String, String)]) -> Expr {
    let owner = [("model_no", model("model_no"))];
    match comparison {
        Comparison::Metric(key, test) => metric(scope, key, *test, datasets),
        Comparison::Param(key, test) => text_value(scope, "logged_model_params", &owner, key, test),
        Comparison::Tag(key, test) => text_value(scope, "logged_model_tags", &owner, key, test),
        Comparison::Number(attribute, test) => values::number(number_column(*attribute), *test),
        Comparison::Text(TextAttribute::Status, test) => {
            let statuses = LoggedModelStatus::ALL.map(LoggedModelStatus::number);
            let passing = statuses.into_iter().filter(|number| test.matches(&number.to_string()));
            Expr::col(model("status")).is_in(passing)
        }
        Comparison::Text(attribute, test) => text(scope.dialect, *attribute, test),
    }
}

fn text(dialect: Dialect, attribute: TextAttribute, test: &TextTest) -> Expr {
    values::text(dialect, text_column(attribute), test)
}

fn text_column(attribute: TextAttribute) -> Column {
    model(match attribute {
        TextAttribute::Name => "name",
        TextAttribute::ModelId => "model_id",
        TextAttribute::ExperimentId => "experiment_id",
        TextAttribute::ModelType => "model_type",
        TextAttribute::SourceRunId => "source_run_id",
        TextAttribute::ArtifactLocation => "artifact_uri",
        TextAttribute::Status => "status",
        // All that are found are in the same.
        TextAttribute::LifecycleStage => "deleted_at",
        TextAttribute::StatusMessage => "status_message",
    })
}

fn number_column(attribute: NumberAttribute) -> Column {
    model(match attribute {
        NumberAttribute::Created => "creation_time",
        NumberAttribute::LastUpdated => "last_update_time",
    })
}

/// The model's metrics, called `x`.
fn metrics() -> SelectStatement {
    Query::select()
        .expr(Expr::cust("1"))
        .from_as("logged_model_metrics", "x")
        .and_where(Expr::col(("x", "model_no")).equals(model("model_no")))
        .take()
}

fn metric(scope: Scope, key: &str, test: NumberTest, datasets: &[(String, String)]) -> Expr {
    let mut rows = metrics();
    rows.and_where(Expr::col(("x", "key")).eq(key)).and_where(values::metric("x", test));
    if !datasets.is_empty() {
        rows.and_where(on_datasets(datasets));
    }
    scope.exists(rows)
}

fn on_datasets(datasets: &[(String, String)]) -> Expr {
    let columns = Expr::tuple([Expr::col(("x", "dataset_name")), Expr::col(("x", "dataset_digest"))]);
    columns.in_tuples(datasets.iter().map(|(name, digest)| (name.as_str(), digest.as_str())))
}

fn order(statement: &mut SelectStatement, order: &[OrderKey<OrderBy>]) {
    for key in order {
        let direction = direction(key.ascending);
        match &key.by {
            OrderBy::Number(attribute) => {
                statement.order_by(number_column(*attribute), direction);
            }
            OrderBy::Text(TextAttribute::StatusMessage) => {
                statement.order_by_with_nulls(model("status_message"), direction, NullOrdering::Last);
            }
            OrderBy::Text(attribute) => {
                statement.order_by(text_column(*attribute), direction);
            }
            OrderBy::Metric { key, dataset_name, dataset_digest } => {
                let latest = |column| {
                    let on = (dataset_name.as_deref(), dataset_digest.as_deref());
                    let rows = SubQueryStatement::SelectStatement(latest_metric(key, on, column));
                    Expr::SubQuery(None, Box::new(rows))
                };
                // Numbers, whose flag is false, then NaN, then none.
                statement
                    .order_by_expr_with_nulls(latest("is_nan"), Order::Asc, NullOrdering::Last)
                    .order_by_expr_with_nulls(latest("value"), direction, NullOrdering::Last);
            }
        }
    }
    let named = |by| order.iter().any(|key| key.by == by);
    if !named(OrderBy::Number(NumberAttribute::Created)) {
        statement.order_by(model("creation_time"), Order::Desc);
    }
    if !named(OrderBy::Text(TextAttribute::ModelId)) {
        statement.order_by(model("model_id"), Order::Asc);
    }
}

/// A column of the model's most recent entry of a metric, on a dataset if one is named.
fn latest_metric(key: &str, (name, digest): (Option<&str>, Option<&str>), column: &'static str) -> SelectStatement {
    let mut rows = Query::select();
    rows.column(("x", column))
        .from_as("logged_model_metrics", "x")
        .and_where(Expr::col(("x", "model_no")).equals(model("model_no")))
        .and_where(Expr::col(("x", "key")).eq(key))
        .and_where_option(name.map(|name| Expr::col(("x", "dataset_name")).eq(name)))
        .and_where_option(digest.map(|digest| Expr::col(("x", "dataset_digest")).eq(digest)));
    for (column, order) in [("timestamp", Order::Desc), ("step", Order::Desc), ("run_id", Order::Asc)] {
        rows.order_by(("x", column), order);
    }
    // Entries that are alike but for their value have an order too, and in both columns the same.
    rows.order_by(("x", "value"), Order::Desc).order_by(("x", "is_nan"), Order::Asc).limit(1).take()
}
