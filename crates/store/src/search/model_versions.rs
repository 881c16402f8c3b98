//! Searching versions of registered models.

use domain::registered_models::PROMPT_TAG;
use domain::search::model_versions::{Comparison, Filter, OrderBy, TextAttribute};
use domain::search::{OrderKey, TextTest};
use sea_query::{Expr, ExprTrait, Query, SelectStatement};

use super::{Column, FEW, Kind, Place, Scope, Steps, Value, Window, values, with_key};
use crate::model_versions::VersionRow;
use crate::{Conn, Dialect, Result, registered_models};

/// The versions of a page. Ties of the order are broken by name, and then by version, highest first; an empty order is
/// by last update, latest first.
pub async fn page(
    conn: &mut Conn,
    filter: &Filter,
    order: &[OrderKey<OrderBy>],
    window: &Window,
) -> Result<Vec<VersionRow>> {
    match statement(conn, filter, order, window).await? {
        Some(statement) => conn.fetch_all_built(&statement).await,
        None => Ok(Vec::new()),
    }
}

/// The statement that finds a page; `None` if nothing can be found.
pub(crate) async fn statement(
    conn: &mut Conn,
    filter: &Filter,
    order: &[OrderKey<OrderBy>],
    window: &Window,
) -> Result<Option<SelectStatement>> {
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
    for (scope, comparison) in Scope::each(conn.dialect(), &filter.comparisons) {
        match condition(scope, conn, comparison).await? {
            Some(condition) => statement.and_where(condition),
            None => return Ok(None),
        };
    }
    let order = whole(filter, order);
    if conn.dialect() == Dialect::Sqlite
        && !filter.prompts
        && let Some(first) = order.first().filter(|key| key.by != OrderBy::Name)
    {
        // Holds for all, but leads SQLite to the index in this order, which it takes for no better than the others. Prompts
        // have a better one.
        statement.and_where(Expr::col(column(first.by)).gte(i64::MIN));
    }
    let mut steps = Steps::default();
    for key in order {
        let kind = if key.by == OrderBy::Name { Kind::Text } else { Kind::Integer };
        steps.by(Expr::col(column(key.by)), kind, key.ascending);
    }
    steps.apply(window, &mut statement);
    Ok(Some(statement))
}

/// An order that tells any two versions apart. Of a single model's it leaves the name out, which its indexes do not have.
fn whole(filter: &Filter, order: &[OrderKey<OrderBy>]) -> Vec<OrderKey<OrderBy>> {
    let mut whole = order.to_vec();
    if order.is_empty() {
        whole.push(OrderKey { by: OrderBy::LastUpdated, ascending: false });
    }
    for (by, ascending) in [(OrderBy::Name, true), (OrderBy::Version, false)] {
        if order.iter().all(|key| key.by != by) {
            whole.push(OrderKey { by, ascending });
        }
    }
    let one_model = filter.comparisons.iter().any(|comparison| name_of(comparison).is_some());
    whole.retain(|key| !(one_model && key.by == OrderBy::Name));
    whole
}

/// The one model whose versions hold a condition.
fn name_of(comparison: &Comparison) -> Option<&str> {
    match comparison {
        Comparison::Text(TextAttribute::Name, TextTest::Eq(name)) => Some(name),
        _ => None,
    }
}

/// Where a version that a filter found stands in an order.
pub fn place(filter: &Filter, order: &[OrderKey<OrderBy>], row: &VersionRow) -> Place {
    let value = |by| match by {
        OrderBy::Name => Value::Text(row.name.clone()),
        OrderBy::Version => Value::Integer(row.version),
        OrderBy::Created => Value::Integer(row.creation_time),
        OrderBy::LastUpdated => Value::Integer(row.last_update_time),
    };
    whole(filter, order).into_iter().map(|key| value(key.by)).collect()
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

/// A comparison as SQL; `None` if it holds for no version.
async fn condition(scope: Scope, conn: &mut Conn, comparison: &Comparison) -> Result<Option<Expr>> {
    let dialect = scope.dialect;
    if let Some(name) = name_of(comparison) {
        let model = registered_models::find(conn, name).await?;
        return Ok(model.map(|model| Expr::col(version("registered_no")).eq(model.registered_no)));
    }
    Ok(Some(match comparison {
        Comparison::Text(TextAttribute::Name, test) => values::text(dialect, ("m", "name"), test),
        Comparison::Text(TextAttribute::RunId, test) => values::text(dialect, version("run_id"), test),
        Comparison::Text(TextAttribute::Source, test) => values::indexed_text(dialect, version("source"), test),
        Comparison::Version(test) => values::number(version("version"), *test),
        Comparison::Tag(key, test) => {
            if let TextTest::Eq(value) = test
                && let Some(versions) = few(conn, key, value).await?
            {
                return Ok(versions.into_iter().map(is_version).reduce(Expr::or));
            }
            let has_tag = scope.exists(tagged(key).and_where(values::indexed_text(dialect, TAG, test)).take());
            // Says nothing new, but is what an index can use.
            let is_prompt = key == PROMPT_TAG && matches!(test, TextTest::Eq(_));
            if is_prompt { has_tag.and(Expr::col(version("is_prompt"))) } else { has_tag }
        }
    }))
}

/// The value of a tag in [`tagged`].
const TAG: Column = ("x", "value");

/// The version's tag with this key.
fn tagged(key: &str) -> SelectStatement {
    let owner = [("registered_no", version("registered_no")), ("version", version("version"))];
    with_key("model_version_tags", &owner, key)
}

fn is_version((registered_no, number): (i64, i64)) -> Expr {
    Expr::col(version("registered_no")).eq(registered_no).and(Expr::col(version("version")).eq(number))
}

/// On SQLite, the versions that have this very tag, if they are few; see [`FEW`].
async fn few(conn: &mut Conn, key: &str, value: &str) -> Result<Option<Vec<(i64, i64)>>> {
    if conn.dialect() == Dialect::Postgres {
        return Ok(None);
    }
    let statement = Query::select()
        .columns([("x", "registered_no"), ("x", "version")])
        .from_as("model_version_tags", "x")
        .and_where(Expr::col(("x", "key")).eq(key))
        .and_where(values::indexed_text(Dialect::Sqlite, TAG, &TextTest::Eq(value.to_owned())))
        .limit(FEW + 1)
        .take();
    let rows: Vec<(i64, i64)> = conn.fetch_all_built(&statement).await?;
    Ok((rows.len() as u64 <= FEW).then_some(rows))
}
