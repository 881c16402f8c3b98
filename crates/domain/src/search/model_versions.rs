//! Searching versions of registered models.

use serde::{Deserialize, Serialize};

use super::experiments::{integer, is_tag};
use super::grammar::{self, Value, Wording};
use super::order_by::{self, Clause};
use super::registered_models::{tag_test, takes_prompts, text_test};
use super::{Number, NumberTest, OrderKey, TextTest};
use crate::names::python_repr;
use crate::{Error, Result};

/// A version's own texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TextAttribute {
    /// `name`, the registered model's.
    Name,
    /// `run_id`
    RunId,
    /// `source_path`
    Source,
}

/// One condition on a version; a filter is several, all of which must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Comparison {
    /// On a text of the version itself.
    Text(TextAttribute, TextTest),
    /// On its number.
    Version(NumberTest),
    /// On a tag.
    Tag(String, TextTest),
}

/// What a filter asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Filter {
    /// Must all hold.
    pub comparisons: Vec<Comparison>,
    /// Whether prompts are looked for; else every model is hidden that has a version which is one.
    pub prompts: bool,
}

/// What versions can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderBy {
    /// `name`
    Name,
    /// `version_number`
    Version,
    /// `creation_timestamp`
    Created,
    /// `last_updated_timestamp`
    LastUpdated,
}

/// Reads a filter.
pub fn parse_filter(filter: Option<&str>) -> Result<Filter> {
    let mut comparisons = grammar::parse(filter, Wording::Plain)?.iter().map(comparison).collect::<Result<Vec<_>>>()?;
    let prompts = takes_prompts(&mut comparisons, |comparison| match comparison {
        Comparison::Tag(key, test) => Some((key, test)),
        _ => None,
    });
    Ok(Filter { comparisons, prompts })
}

fn comparison(written: &grammar::Comparison<'_>) -> Result<Comparison> {
    let key = written.left.key;
    if is_tag(written.left.entity)? {
        return Ok(Comparison::Tag(key.to_owned(), tag_test(written)?));
    }
    let attribute = match key {
        "name" => TextAttribute::Name,
        "run_id" => TextAttribute::RunId,
        "source_path" => TextAttribute::Source,
        "version_number" => return Ok(Comparison::Version(version_test(written)?)),
        _ => {
            return Err(Error::invalid(format!(
                "Invalid attribute key '{key}' specified. Valid keys are '{{'name', 'version_number', 'run_id', \
                 'source_path'}}'"
            )));
        }
    };
    if attribute == TextAttribute::Source {
        refuse_list(written)?;
    }
    if written.number().is_some() {
        return Err(Error::invalid(
            "Only the '{'version_number', 'creation_timestamp', 'last_updated_timestamp'}' attributes support \
             comparison with numeric values.",
        ));
    }
    Ok(Comparison::Text(attribute, text_test(written)?))
}

fn refuse_list(written: &grammar::Comparison<'_>) -> Result<()> {
    if written.has_list() {
        return Err(Error::invalid(
            "Only ['name', 'run_id'] attributes support comparison with a list of quoted string values.",
        ));
    }
    Ok(())
}

/// Version numbers may be quoted.
fn version_test(written: &grammar::Comparison<'_>) -> Result<NumberTest> {
    let key = written.left.key;
    refuse_list(written)?;
    let comparator =
        || Error::invalid(format!("Invalid comparator for attribute {key}: {}", written.operator_text.to_uppercase()));
    if written.is_null_test() {
        return Err(comparator());
    }
    let value = if let Value::Number(value) = written.value {
        integer(key, written.raw_value, written.raw_value, value)?;
        value
    } else {
        let text = written.text(|raw| {
            format!("Expected a quoted string value or a list of quoted string values for attributes. Got value {raw}")
        })?;
        let invalid = || Error::invalid(format!("Invalid value for numeric attribute '{key}': {}", python_repr(text)));
        Number::Int(text.trim().parse().map_err(|_| invalid())?)
    };
    Ok(NumberTest { comparator: written.comparator().ok_or_else(comparator)?, value })
}

/// Reads an order. The store breaks ties by name, and then by version, highest first; an empty order is by last
/// update, latest first.
pub fn parse_order(clauses: &[String]) -> Result<Vec<OrderKey<OrderBy>>> {
    order_by::parse_all(clauses, true, |Clause { name, .. }| {
        let is_tag = is_tag(name.entity)?;
        match name.key {
            "name" if !is_tag => Ok(OrderBy::Name),
            "version_number" if !is_tag => Ok(OrderBy::Version),
            "creation_timestamp" if !is_tag => Ok(OrderBy::Created),
            "last_updated_timestamp" if !is_tag => Ok(OrderBy::LastUpdated),
            key if is_tag => Err(Error::invalid(format!(
                "Invalid order by key '{key}' specified. Valid keys are {{'name', 'version_number', \
                 'creation_timestamp', 'last_updated_timestamp'}}"
            ))),
            key => Err(Error::invalid(format!(
                "Invalid attribute key '{key}' specified. Valid keys are '{{'name', 'version_number', \
                 'creation_timestamp', 'last_updated_timestamp'}}'"
            ))),
        }
    })
}
