//! Searching logged models.

use domain::experiments::ExperimentId;
use domain::logged_models::LoggedModelStatus;
use domain::search::logged_models::{Comparison, NumberAttribute, OrderBy, TextAttribute};
use domain::search::{NumberTest, OrderKey, TextTest};
use sea_query::{Expr, ExprTrait, Func, Order, Query, SelectStatement, SubQueryStatement};

use super::window::{MISSING, NOT_A_NUMBER, NUMBER};
use super::{Column, Kind, Place, Placed, Scope, Steps, Value, Window, text_value, values};
use crate::logged_models::LoggedModelRow;
use crate::{Conn, Dialect, Result, bulk};

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

/// The models of a page; deleted ones are never found.
pub async fn page(conn: &mut Conn, search: &LoggedModelSearch, window: &Window) -> Result<Vec<Placed<LoggedModelRow>>> {
    match statement(conn.dialect(), search, window) {
        Some(statement) => conn.fetch_all_built(&statement).await,
        None => Ok(Vec::new()),
    }
}

/// The statement that finds a page; `None` if nothing can be found.
pub(crate) fn statement(dialect: Dialect, search: &LoggedModelSearch, window: &Window) -> Option<SelectStatement> {
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
        statement.and_where(Expr::exists(metrics().and_where(on_datasets(dialect, &search.datasets)).take()));
    }
    steps(&search.order).apply(window, &mut statement);
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
        rows.and_where(on_datasets(scope.dialect, datasets));
    }
    scope.exists(rows)
}

/// Whether an entry was measured on one of the datasets: one value, however many they are, since a filter may ask for
/// it many times, and both databases bound the number of a statement's values.
fn on_datasets(dialect: Dialect, datasets: &[(String, String)]) -> Expr {
    let wanted = match dialect {
        Dialect::Postgres => "SELECT e ->> 0, e ->> 1 FROM json_array_elements(CAST($1 AS json)) AS e",
        Dialect::Sqlite => "SELECT value ->> 0, value ->> 1 FROM json_each(?)",
    };
    let sql = format!(r#"("x"."dataset_name", "x"."dataset_digest") IN ({wanted})"#);
    Expr::cust_with_values(sql, [bulk::to_json(datasets)])
}

fn steps(order: &[OrderKey<OrderBy>]) -> Steps {
    let mut steps = Steps::default();
    for key in whole(order) {
        match &key.by {
            OrderBy::Number(attribute) => {
                steps.by(Expr::col(number_column(*attribute)), Kind::Integer, key.ascending);
            }
            OrderBy::Text(attribute) => {
                let column = Expr::col(text_column(*attribute));
                match kind_of(*attribute) {
                    (kind, true) => steps.by_nullable(column, kind, key.ascending),
                    (kind, false) => steps.by(column, kind, key.ascending),
                }
            }
            OrderBy::Metric { key: name, dataset_name, dataset_digest } => {
                steps.show();
                let latest = |column| {
                    let on = (dataset_name.as_deref(), dataset_digest.as_deref());
                    let rows = SubQueryStatement::SelectStatement(latest_metric(name, on, column));
                    Expr::SubQuery(None, Box::new(rows))
                };
                // Numbers, then NaN, then none.
                let rank = Expr::case(latest("is_nan"), NOT_A_NUMBER)
                    .case(latest("is_nan").is_null(), MISSING)
                    .finally(NUMBER);
                steps.by(rank, Kind::Integer, true);
                steps.by(Func::coalesce([latest("value"), Expr::val(0.0)]), Kind::Number, key.ascending);
            }
        }
    }
    steps
}

/// An order that tells any two models apart.
fn whole(order: &[OrderKey<OrderBy>]) -> Vec<OrderKey<OrderBy>> {
    let mut whole = order.to_vec();
    let ties = [(OrderBy::Number(NumberAttribute::Created), false), (OrderBy::Text(TextAttribute::ModelId), true)];
    for (by, ascending) in ties {
        if order.iter().all(|key| key.by != by) {
            whole.push(OrderKey { by, ascending });
        }
    }
    whole
}

/// What a column of texts really holds, and whether it may be null.
fn kind_of(attribute: TextAttribute) -> (Kind, bool) {
    match attribute {
        TextAttribute::ExperimentId | TextAttribute::Status => (Kind::Integer, false),
        TextAttribute::LifecycleStage => (Kind::Integer, true),
        TextAttribute::StatusMessage => (Kind::Text, true),
        _ => (Kind::Text, false),
    }
}

/// Where a model stands in an order.
pub fn place(order: &[OrderKey<OrderBy>], Placed { row, place }: &Placed<LoggedModelRow>) -> Place {
    if let Some(place) = place {
        return place.clone();
    }
    let of_row = |key: OrderKey<OrderBy>| {
        Some(match key.by {
            OrderBy::Number(NumberAttribute::Created) => Value::Integer(row.creation_time),
            OrderBy::Number(NumberAttribute::LastUpdated) => Value::Integer(row.last_update_time),
            OrderBy::Text(TextAttribute::Name) => Value::Text(row.name.clone()),
            OrderBy::Text(TextAttribute::ModelId) => Value::Text(row.model_id.clone()),
            OrderBy::Text(TextAttribute::ExperimentId) => Value::Integer(row.experiment_id),
            OrderBy::Text(TextAttribute::ModelType) => Value::Text(row.model_type.clone()),
            OrderBy::Text(TextAttribute::SourceRunId) => Value::Text(row.source_run_id.clone()),
            OrderBy::Text(TextAttribute::ArtifactLocation) => Value::Text(row.artifact_uri.clone()),
            OrderBy::Text(TextAttribute::Status) => Value::Integer(row.status),
            OrderBy::Text(TextAttribute::LifecycleStage) => row.deleted_at.map_or(Value::Null, Value::Integer),
            OrderBy::Text(TextAttribute::StatusMessage) => Value::text(row.status_message.as_deref()),
            // A search by one shows the place.
            OrderBy::Metric { .. } => return None,
        })
    };
    whole(order).into_iter().filter_map(of_row).collect()
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
