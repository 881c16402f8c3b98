//! Searching registered models.

use serde::{Deserialize, Serialize};

use super::experiments::is_tag;
use super::grammar::{self, Wording};
use super::order_by::{self, Clause};
use super::{OrderKey, TextTest};
use crate::registered_models::PROMPT_TAG;
use crate::{Error, Result};

/// One condition on a registered model; a filter is several, all of which must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// On the name.
    Name(TextTest),
    /// On a tag.
    Tag(String, TextTest),
}

/// What a filter asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Must all hold.
    pub comparisons: Vec<Comparison>,
    /// Whether prompts are looked for; else they are hidden.
    pub prompts: bool,
}

/// What registered models can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderBy {
    /// `name`
    Name,
    /// `timestamp`, `last_updated_timestamp`
    LastUpdated,
}

/// Reads a filter.
pub fn parse_filter(filter: Option<&str>) -> Result<Filter> {
    let mut comparisons = grammar::parse(filter, Wording::Plain)?.iter().map(comparison).collect::<Result<Vec<_>>>()?;
    let prompts = takes_prompts(&mut comparisons, |comparison| match comparison {
        Comparison::Tag(key, test) => Some((key, test)),
        Comparison::Name(_) => None,
    });
    Ok(Filter { comparisons, prompts })
}

/// Whether a filter looks for prompts, which its first condition on their tag decides. If it doesn't, its conditions
/// on that tag mean no more than that, and are dropped: they hold for models that don't have the tag.
pub(super) fn takes_prompts<C>(comparisons: &mut Vec<C>, tag: impl Fn(&C) -> Option<(&String, &TextTest)>) -> bool {
    let on_prompts = |c: &C| tag(c).filter(|(key, _)| *key == PROMPT_TAG).map(|(_, test)| test.clone());
    let prompts = match comparisons.iter().find_map(on_prompts) {
        Some(TextTest::Eq(value)) => value.eq_ignore_ascii_case("true"),
        Some(TextTest::Ne(value)) => value.eq_ignore_ascii_case("false"),
        _ => false,
    };
    if !prompts {
        comparisons.retain(|c| on_prompts(c).is_none());
    }
    prompts
}

fn comparison(written: &grammar::Comparison<'_>) -> Result<Comparison> {
    let key = written.left.key;
    if is_tag(written.left.entity)? {
        return Ok(Comparison::Tag(key.to_owned(), tag_test(written)?));
    }
    if key != "name" {
        return Err(Error::invalid(format!("Invalid attribute key '{key}' specified. Valid keys are '{{'name'}}'")));
    }
    Ok(Comparison::Name(text_test(written)?))
}

/// The test of a tag in the registry.
pub(super) fn tag_test(written: &grammar::Comparison<'_>) -> Result<TextTest> {
    let other = |raw: &str| format!("Expected a quoted string value for tag (e.g. 'my-value'). Got value {raw}");
    if written.has_list() {
        return Err(Error::invalid(other(written.raw_value)));
    }
    let comparator = || Error::invalid(format!("Invalid comparator for tag: {}", written.operator_text.to_uppercase()));
    if written.is_null_test() {
        return Err(comparator());
    }
    written.text_test(other)?.ok_or_else(comparator)
}

/// The test of a text of a model or version itself.
pub(super) fn text_test(written: &grammar::Comparison<'_>) -> Result<TextTest> {
    let comparator =
        || Error::invalid(format!("Invalid comparator for attribute: {}", written.operator_text.to_uppercase()));
    if written.is_null_test() {
        return Err(comparator());
    }
    let other = |raw: &str| {
        format!("Expected a quoted string value or a list of quoted string values for attributes. Got value {raw}")
    };
    written.text_test(other)?.ok_or_else(comparator)
}

/// Reads an order. The store breaks ties by name.
pub fn parse_order(clauses: &[String]) -> Result<Vec<OrderKey<OrderBy>>> {
    order_by::parse_all(clauses, true, |Clause { name, .. }| match (name.entity, name.key) {
        (None, "name") => Ok(OrderBy::Name),
        (None, "timestamp" | "last_updated_timestamp") => Ok(OrderBy::LastUpdated),
        _ => Err(Error::invalid(format!(
            "Invalid order by key '{}' specified. Valid keys are '{{'name', 'timestamp'}}'",
            name.raw
        ))),
    })
}
