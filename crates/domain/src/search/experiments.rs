//! Searching experiments.

use serde::{Deserialize, Serialize};

use super::grammar::{self, Operator, Wording};
use super::order_by::{self, Clause};
use super::{Number, NumberTest, OrderKey, TextTest, ValueTest};
use crate::experiments::ExperimentId;
use crate::{Error, Result};

/// An experiment's own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NumberAttribute {
    /// `creation_time`
    CreationTime,
    /// `last_update_time`
    LastUpdateTime,
}

/// What an experiment's number has to be like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IdTest {
    /// One of these, of which there is at least one.
    In(Vec<ExperimentId>),
    /// None of these, of which there is at least one.
    NotIn(Vec<ExperimentId>),
}

/// One condition on an experiment; a filter is several, all of which must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Comparison {
    /// On the name.
    Name(TextTest),
    /// On the number.
    Id(IdTest),
    /// On a time.
    Number(NumberAttribute, NumberTest),
    /// On a tag.
    Tag(String, ValueTest),
}

/// What experiments can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderBy {
    /// `name`
    Name,
    /// `experiment_id`, as a number.
    Id,
    /// A time.
    Number(NumberAttribute),
}

/// Whether a name is of a tag (or else of an attribute).
pub(super) fn is_tag(entity: Option<&str>) -> Result<bool> {
    match entity {
        None | Some("attribute") => Ok(false),
        Some("tag" | "tags") => Ok(true),
        Some(other) => Err(Error::invalid(format!(
            "Invalid entity type '{other}'. Valid entity types are ('attribute', 'tag', 'tags')"
        ))),
    }
}

fn attribute(key: &str) -> Result<OrderBy> {
    Ok(match key {
        "name" => OrderBy::Name,
        "experiment_id" => OrderBy::Id,
        "creation_time" => OrderBy::Number(NumberAttribute::CreationTime),
        "last_update_time" => OrderBy::Number(NumberAttribute::LastUpdateTime),
        _ => {
            return Err(Error::invalid(format!(
                "Invalid attribute key '{key}' specified. Valid keys are '{{'name', 'experiment_id', 'creation_time', \
                 'last_update_time'}}'"
            )));
        }
    })
}

/// Reads a filter.
pub fn parse_filter(filter: Option<&str>) -> Result<Vec<Comparison>> {
    grammar::parse(filter, Wording::Plain)?.iter().map(comparison).collect()
}

fn comparison(written: &grammar::Comparison<'_>) -> Result<Comparison> {
    let key = written.left.key;
    if is_tag(written.left.entity)? {
        return Ok(Comparison::Tag(key.to_owned(), tag_test(written)?));
    }
    let attribute = attribute(key)?;
    if written.is_null_test() {
        return Err(Error::invalid(format!(
            "IS NULL / IS NOT NULL is only supported for tags, not for attribute '{key}'"
        )));
    }
    match attribute {
        OrderBy::Number(attribute) => Ok(Comparison::Number(attribute, number_test(written)?)),
        OrderBy::Id => Ok(Comparison::Id(id_test(written)?)),
        OrderBy::Name => {
            if written.has_list() {
                return Err(Error::invalid(
                    "Only ['experiment_id'] attributes support comparison with a list of quoted string values.",
                ));
            }
            let test = written.text_test(unquoted)?.filter(|_| is_upper(written)).ok_or_else(|| {
                Error::invalid(format!(
                    "Invalid comparator '{}' not one of '{{'=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'}}'",
                    written.operator_text
                ))
            })?;
            Ok(Comparison::Name(test))
        }
    }
}

fn unquoted(raw: &str) -> String {
    format!("Expected a quoted string value for attributes. Got value {raw}")
}

/// Whether operators that are words are in capitals, which MLflow asks for in this search alone.
fn is_upper(written: &grammar::Comparison<'_>) -> bool {
    !written.operator_text.contains(|c: char| c.is_ascii_lowercase())
}

fn number_test(written: &grammar::Comparison<'_>) -> Result<NumberTest> {
    let key = written.left.key;
    let value = written.number().ok_or_else(|| {
        Error::invalid(format!("Expected numeric value type for numeric attribute: {key}. Found {}", written.raw_value))
    })?;
    let comparator = written.comparator().ok_or_else(|| {
        Error::invalid(format!(
            "Invalid comparator '{}' not one of '{{'=', '!=', '<', '<=', '>', '>='}}'",
            written.operator_text
        ))
    })?;
    integer(key, written.raw_value, &format!("'{}'", written.raw_value), value)?;
    Ok(NumberTest { comparator, value })
}

/// Refuses numbers that were written with a point or an exponent; `shown` is how the error prints them.
pub(super) fn integer(key: &str, raw: &str, shown: &str, value: Number) -> Result<()> {
    if matches!(value, Number::Float(_)) && raw.contains(['.', 'e', 'E']) {
        return Err(Error::invalid(format!("Invalid value for numeric attribute '{key}': {shown}")));
    }
    Ok(())
}

fn id_test(written: &grammar::Comparison<'_>) -> Result<IdTest> {
    let comparator = || Error::invalid(format!("Invalid comparator for experiment_id: {}", written.operator_text));
    let ids = |texts: Vec<String>| texts.iter().map(|text| ExperimentId::parse(text)).collect::<Result<Vec<_>>>();
    match written.text_test(unquoted)?.filter(|_| is_upper(written)).ok_or_else(comparator)? {
        TextTest::Eq(text) => Ok(IdTest::In(ids(vec![text])?)),
        TextTest::Ne(text) => Ok(IdTest::NotIn(ids(vec![text])?)),
        TextTest::In(texts) => Ok(IdTest::In(ids(texts)?)),
        TextTest::NotIn(texts) => Ok(IdTest::NotIn(ids(texts)?)),
        TextTest::Like(_) | TextTest::ILike(_) => Err(comparator()),
    }
}

fn tag_test(written: &grammar::Comparison<'_>) -> Result<ValueTest> {
    let other = |raw: &str| format!("Expected a quoted string value for tag (e.g. 'my-value'). Got value {raw}");
    Ok(match written.operator {
        Operator::IsNull => ValueTest::Missing,
        Operator::IsNotNull => ValueTest::Present,
        _ if written.has_list() => return Err(Error::invalid(other(written.raw_value))),
        _ => ValueTest::Text(
            written
                .text_test(other)?
                .filter(|_| is_upper(written))
                .ok_or_else(|| Error::invalid(format!("Invalid comparator for tag: {}", written.operator_text)))?,
        ),
    })
}

/// Reads an order. The store breaks ties by number, highest first; an empty order is by creation, latest first, and
/// then by number, lowest first.
pub fn parse_order(clauses: &[String]) -> Result<Vec<OrderKey<OrderBy>>> {
    order_by::parse_all(clauses, false, |Clause { name, .. }| {
        if is_tag(name.entity)? {
            return Err(Error::invalid("Invalid order_by entity: tag"));
        }
        attribute(name.key)
    })
}

/// The order of a search that asks for none.
pub fn default_order() -> Vec<OrderKey<OrderBy>> {
    vec![
        OrderKey { by: OrderBy::Number(NumberAttribute::CreationTime), ascending: false },
        OrderKey { by: OrderBy::Id, ascending: true },
    ]
}
