//! Searching runs.

use domain::ViewType;
use domain::experiments::ExperimentId;
use domain::runs::{DATASET_CONTEXT_TAG, RUN_NAME_TAG, RunStatus};
use domain::search::runs::{Comparison, DatasetField, NumberAttribute, OrderBy, TextAttribute};
use domain::search::{OrderKey, TextTest, ValueTest};
use sea_query::{Alias, CaseStatement, DynIden, Expr, ExprTrait, Func, IntoIden, JoinType, Query, SelectStatement};

use super::window::{MISSING, NOT_A_NUMBER, NUMBER};
use super::{Column, FEW, Kind, Place, Placed, Scope, Steps, Value, Window, in_view, values};
use crate::keys::Keys;
use crate::runs::RunRow;
use crate::{Conn, Dialect, Result};

/// How an order by status ranks what is none.
const UNKNOWN_STATUS: i64 = -1;

/// What is searched for.
#[derive(Clone, Debug, Default)]
pub struct RunSearch {
    /// In these experiments.
    pub experiments: Vec<ExperimentId>,
    /// In these lifecycle stages.
    pub view: ViewType,
    /// Must all hold.
    pub filter: Vec<Comparison>,
    /// Most significant first. Ties are broken by start time, latest first, and then by id.
    pub order: Vec<OrderKey<OrderBy>>,
}

/// The runs of a page. The connection must be a reader's (see [`Keys::find`]).
pub async fn page(reader: &mut Conn, keys: &Keys, search: &RunSearch, window: &Window) -> Result<Vec<Placed<RunRow>>> {
    match statement(reader, keys, search, window).await? {
        Some(statement) => reader.fetch_all_built(&statement).await,
        None => Ok(Vec::new()),
    }
}

/// How many runs are found in all. The connection must be a reader's.
pub async fn count(reader: &mut Conn, keys: &Keys, search: &RunSearch) -> Result<u64> {
    let Some(mut statement) = found(reader, keys, search).await? else { return Ok(0) };
    statement.expr(Expr::cust("count(*)"));
    let rows: Vec<(i64,)> = reader.fetch_all_built(&statement).await?;
    Ok(rows.first().map_or(0, |(count,)| count.unsigned_abs()))
}

/// The statement that finds a page; `None` if nothing can be found.
pub(crate) async fn statement(
    reader: &mut Conn,
    keys: &Keys,
    search: &RunSearch,
    window: &Window,
) -> Result<Option<SelectStatement>> {
    let Some(mut statement) = found(reader, keys, search).await? else { return Ok(None) };
    statement.columns(
        [
            "run_no",
            "run_id",
            "experiment_id",
            "name",
            "user_id",
            "status",
            "start_time",
            "end_time",
            "artifact_uri",
            "deleted_at",
        ]
        .map(run),
    );
    steps(&mut statement, reader, keys, &search.order).await?.apply(window, &mut statement);
    Ok(Some(statement))
}

fn run(column: &'static str) -> Column {
    ("runs", column)
}

/// `FROM` and `WHERE`.
async fn found(reader: &mut Conn, keys: &Keys, search: &RunSearch) -> Result<Option<SelectStatement>> {
    let mut statement = Query::select();
    statement.from("runs");
    statement.and_where_option(in_view(Expr::col(run("deleted_at")), search.view));
    let mut few = false;
    for (scope, comparison) in Scope::each(reader.dialect(), &search.filter) {
        match condition(scope, reader, keys, comparison).await? {
            Condition::Always => {}
            Condition::Never => return Ok(None),
            Condition::If(condition) => {
                statement.and_where(condition);
            }
            Condition::Few(runs) => {
                few = true;
                statement.and_where(Expr::col(run("run_no")).is_in(runs));
            }
        }
    }
    let experiments = search.experiments.iter().map(|id| id.0);
    let experiment_id = Expr::col(run("experiment_id"));
    // A sum is in no index: then the runs that were singled out are looked up, rather than all of the experiments'.
    let experiment_id = if few { experiment_id.add(0_i64) } else { experiment_id };
    statement.and_where(experiment_id.is_in(experiments));
    Ok(Some(statement))
}

enum Condition {
    Always,
    Never,
    If(Expr),
    /// It is one of these runs.
    Few(Vec<i64>),
}

async fn condition(scope: Scope, reader: &mut Conn, keys: &Keys, comparison: &Comparison) -> Result<Condition> {
    Ok(match comparison {
        Comparison::Metric(key, test) => match keys.find(reader, key).await? {
            Some(key_no) => {
                let rows = with_key("latest_metrics", key_no).and_where(values::metric("x", *test)).take();
                Condition::If(scope.exists(rows))
            }
            None => Condition::Never,
        },
        Comparison::Param(key, test) => value(scope, reader, keys, "params", key, test).await?,
        Comparison::Tag(key, test) => value(scope, reader, keys, "run_tags", key, test).await?,
        Comparison::Text(TextAttribute::RunName, test) => {
            let test = ValueTest::Text(test.clone());
            value(scope, reader, keys, "run_tags", RUN_NAME_TAG, &test).await?
        }
        Comparison::Text(TextAttribute::Status, test) => {
            let statuses = RunStatus::ALL.into_iter().filter(|status| test.matches(status.name()));
            Condition::If(Expr::col(run("status")).is_in(statuses.map(RunStatus::number)))
        }
        Comparison::Text(attribute, test) => {
            Condition::If(values::text(scope.dialect, run(text_column(*attribute)), test))
        }
        Comparison::Number(attribute, test) => Condition::If(values::number(run(number_column(*attribute)), *test)),
        Comparison::Dataset(field, test) => Condition::If(dataset(scope, *field, test)),
    })
}

/// The column of a text that is kept as it is searched for.
fn text_column(attribute: TextAttribute) -> &'static str {
    match attribute {
        TextAttribute::RunId => "run_id",
        TextAttribute::RunName => "name",
        TextAttribute::Status => "status",
        TextAttribute::UserId => "user_id",
        TextAttribute::ArtifactUri => "artifact_uri",
    }
}

fn number_column(attribute: NumberAttribute) -> &'static str {
    match attribute {
        NumberAttribute::StartTime => "start_time",
        NumberAttribute::EndTime => "end_time",
    }
}

/// The run's row with this key, called `x`.
fn with_key(table: &'static str, key_no: i64) -> SelectStatement {
    Query::select()
        .expr(Expr::cust("1"))
        .from_as(table, "x")
        .and_where(Expr::col(("x", "run_no")).equals(run("run_no")))
        .and_where(Expr::col(("x", "key_no")).eq(key_no))
        .take()
}

/// The condition on a param or tag.
async fn value(
    scope: Scope,
    reader: &mut Conn,
    keys: &Keys,
    table: &'static str,
    key: &str,
    test: &ValueTest,
) -> Result<Condition> {
    let Some(key_no) = keys.find(reader, key).await? else {
        return Ok(if *test == ValueTest::Missing { Condition::Always } else { Condition::Never });
    };
    Ok(match test {
        ValueTest::Missing => Condition::If(scope.not_exists(with_key(table, key_no))),
        ValueTest::Present => Condition::If(scope.exists(with_key(table, key_no))),
        ValueTest::Text(test) => {
            if let TextTest::Eq(value) = test
                && let Some(runs) = few(reader, table, key_no, value).await?
            {
                return Ok(if runs.is_empty() { Condition::Never } else { Condition::Few(runs) });
            }
            let on_value = values::indexed_text(scope.dialect, ("x", "value"), test);
            Condition::If(scope.exists(with_key(table, key_no).and_where(on_value).take()))
        }
    })
}

/// On SQLite, the runs that have this very value, if they are few; see [`FEW`].
async fn few(reader: &mut Conn, table: &'static str, key_no: i64, value: &str) -> Result<Option<Vec<i64>>> {
    if reader.dialect() == Dialect::Postgres {
        return Ok(None);
    }
    let statement = Query::select()
        .column(("x", "run_no"))
        .from_as(table, "x")
        .and_where(Expr::col(("x", "key_no")).eq(key_no))
        .and_where(values::indexed_text(Dialect::Sqlite, ("x", "value"), &TextTest::Eq(value.to_owned())))
        .limit(FEW + 1)
        .take();
    let rows: Vec<(i64,)> = reader.fetch_all_built(&statement).await?;
    Ok((rows.len() as u64 <= FEW).then(|| rows.into_iter().map(|(run_no,)| run_no).collect()))
}

fn dataset(scope: Scope, field: DatasetField, test: &TextTest) -> Expr {
    let mut uses = Query::select();
    uses.expr(Expr::cust("1"));
    match field {
        DatasetField::Context => {
            uses.from_as("run_dataset_tags", "x")
                .and_where(Expr::col(("x", "key")).eq(DATASET_CONTEXT_TAG))
                .and_where(values::text(scope.dialect, ("x", "value"), test));
        }
        DatasetField::Name | DatasetField::Digest => {
            let column = if field == DatasetField::Name { "name" } else { "digest" };
            uses.from_as("run_datasets", "x")
                .inner_join("datasets", Expr::col(("datasets", "dataset_no")).equals(("x", "dataset_no")))
                .and_where(values::text(scope.dialect, ("datasets", column), test));
        }
    }
    uses.and_where(Expr::col(("x", "run_no")).equals(run("run_no")));
    scope.exists(uses)
}

/// What an order compares, with the joins that it takes. Each finds one row at most, so that none adds or drops a run.
async fn steps(
    statement: &mut SelectStatement,
    reader: &mut Conn,
    keys: &Keys,
    order: &[OrderKey<OrderBy>],
) -> Result<Steps> {
    let mut steps = Steps::default();
    for (place, key) in whole(order).iter().enumerate() {
        match &key.by {
            OrderBy::Metric(name) => {
                let Some(key_no) = keys.find(reader, name).await? else { continue };
                steps.show();
                let alias = join(statement, "latest_metrics", place, key_no);
                let value = Expr::col((alias.clone(), "value"));
                let rank = Expr::case(Expr::col((alias, "is_nan")), NOT_A_NUMBER)
                    .case(value.clone().is_null(), MISSING)
                    .finally(NUMBER);
                steps.by(rank, Kind::Integer, true);
                steps.by(Func::coalesce([value, Expr::val(0.0)]), Kind::Number, key.ascending);
            }
            OrderBy::Param(name) | OrderBy::Tag(name) => {
                let Some(key_no) = keys.find(reader, name).await? else { continue };
                let table = if matches!(key.by, OrderBy::Param(_)) { "params" } else { "run_tags" };
                steps.show();
                let value = Expr::col((join(statement, table, place, key_no), "value"));
                steps.by_nullable(value, Kind::Text, key.ascending);
            }
            OrderBy::Text(TextAttribute::Status) => steps.by(status_rank(), Kind::Integer, key.ascending),
            OrderBy::Text(attribute) => {
                steps.by(Expr::col(run(text_column(*attribute))), Kind::Text, key.ascending);
            }
            OrderBy::Number(attribute) => {
                let column = Expr::col(run(number_column(*attribute)));
                match attribute {
                    NumberAttribute::StartTime => steps.by(column, Kind::Integer, key.ascending),
                    NumberAttribute::EndTime => steps.by_nullable(column, Kind::Integer, key.ascending),
                }
            }
        }
    }
    Ok(steps)
}

/// An order that tells any two runs apart.
fn whole(order: &[OrderKey<OrderBy>]) -> Vec<OrderKey<OrderBy>> {
    let mut whole = order.to_vec();
    let by_start = OrderBy::Number(NumberAttribute::StartTime);
    if order.iter().all(|key| key.by != by_start) {
        whole.push(OrderKey { by: by_start, ascending: false });
    }
    whole.push(OrderKey { by: OrderBy::Text(TextAttribute::RunId), ascending: true });
    whole
}

/// Where a run stands in an order.
pub fn place(order: &[OrderKey<OrderBy>], Placed { row, place }: &Placed<RunRow>) -> Place {
    if let Some(place) = place {
        return place.clone();
    }
    let of_row = |key: OrderKey<OrderBy>| match key.by {
        // What no run has orders nothing.
        OrderBy::Metric(_) | OrderBy::Param(_) | OrderBy::Tag(_) => None,
        OrderBy::Text(attribute) => Some(match attribute {
            TextAttribute::RunId => Value::Text(row.run_id.clone()),
            TextAttribute::RunName => Value::Text(row.name.clone()),
            TextAttribute::UserId => Value::Text(row.user_id.clone()),
            TextAttribute::ArtifactUri => Value::Text(row.artifact_uri.clone()),
            TextAttribute::Status => {
                let mut ranks = (0_i64..).zip(statuses());
                let rank = ranks.find(|(_, status)| status.number() == row.status);
                Value::Integer(rank.map_or(UNKNOWN_STATUS, |(rank, _)| rank))
            }
        }),
        OrderBy::Number(NumberAttribute::StartTime) => Some(Value::Integer(row.start_time)),
        OrderBy::Number(NumberAttribute::EndTime) => Some(row.end_time.map_or(Value::Null, Value::Integer)),
    };
    whole(order).into_iter().filter_map(of_row).collect()
}

/// Joins the run's row with this key, if it has one; answers with what it is called.
fn join(statement: &mut SelectStatement, table: &'static str, place: usize, key_no: i64) -> DynIden {
    let alias = Alias::new(format!("o{place}")).into_iden();
    let of_run = Expr::col((alias.clone(), "run_no")).equals(run("run_no"));
    let on = of_run.and(Expr::col((alias.clone(), "key_no")).eq(key_no));
    statement.join_as(JoinType::LeftJoin, table, alias.clone(), on);
    alias
}

/// Statuses in their order, which is by name.
fn statuses() -> impl Iterator<Item = RunStatus> {
    let mut statuses = RunStatus::ALL;
    statuses.sort_unstable_by_key(|status| status.name());
    statuses.into_iter()
}

fn status_rank() -> Expr {
    let ranks = CaseStatement::new();
    let ranks = (0_i64..)
        .zip(statuses())
        .fold(ranks, |ranks, (rank, status)| ranks.case(Expr::col(run("status")).eq(status.number()), rank));
    ranks.finally(UNKNOWN_STATUS).into()
}
