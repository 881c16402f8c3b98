//! Searching logged models.

use serde::{Deserialize, Serialize};

use super::grammar::{self, Value, Wording};
use super::{MAX_ORDER_KEYS, NumberTest, OrderKey, TextTest};
use crate::names::python_repr;
use crate::{Error, Result};

/// A logged model's own texts, or what is compared as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TextAttribute {
    /// `name`
    Name,
    /// `model_id`
    ModelId,
    /// `experiment_id`
    ExperimentId,
    /// `model_type`, empty while there is none.
    ModelType,
    /// `source_run_id`, empty while there is none.
    SourceRunId,
    /// `artifact_location`
    ArtifactLocation,
    /// `status`: the number, as MLflow compares it.
    Status,
    /// `lifecycle_stage`: always `active`, since deleted models are never found.
    LifecycleStage,
    /// `status_message`
    StatusMessage,
}

/// A logged model's own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NumberAttribute {
    /// `creation_timestamp`, `creation_time`, `creation_timestamp_ms`
    Created,
    /// `last_updated_timestamp`, `last_updated_timestamp_ms`
    LastUpdated,
}

/// One condition on a logged model; a filter is several, all of which must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Comparison {
    /// On any value that a metric ever had, within the datasets of the search, if it has any. NaN passes `!=` only.
    Metric(String, NumberTest),
    /// On a param.
    Param(String, TextTest),
    /// On a tag.
    Tag(String, TextTest),
    /// On a text of the model itself.
    Text(TextAttribute, TextTest),
    /// On a number of the model itself.
    Number(NumberAttribute, NumberTest),
}

/// What logged models can be ordered by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderBy {
    /// A text of the model itself.
    Text(TextAttribute),
    /// A number of the model itself.
    Number(NumberAttribute),
    /// A metric's most recent value, on a dataset if one is named: numbers, then NaN, then models without it.
    Metric {
        /// The metric.
        key: String,
        /// The dataset's name.
        dataset_name: Option<String>,
        /// The dataset's digest.
        dataset_digest: Option<String>,
    },
}

/// `attribute` of a key, in the words of a filter or an order.
fn attribute(key: &str) -> Option<OrderBy> {
    Some(match key {
        "name" => OrderBy::Text(TextAttribute::Name),
        "model_id" => OrderBy::Text(TextAttribute::ModelId),
        "experiment_id" => OrderBy::Text(TextAttribute::ExperimentId),
        "model_type" => OrderBy::Text(TextAttribute::ModelType),
        "source_run_id" => OrderBy::Text(TextAttribute::SourceRunId),
        "artifact_location" => OrderBy::Text(TextAttribute::ArtifactLocation),
        "status" => OrderBy::Text(TextAttribute::Status),
        "lifecycle_stage" => OrderBy::Text(TextAttribute::LifecycleStage),
        "status_message" => OrderBy::Text(TextAttribute::StatusMessage),
        "creation_timestamp" | "creation_time" | "creation_timestamp_ms" => OrderBy::Number(NumberAttribute::Created),
        "last_updated_timestamp" | "last_updated_timestamp_ms" => OrderBy::Number(NumberAttribute::LastUpdated),
        _ => return None,
    })
}

/// Reads a filter.
pub fn parse_filter(filter: Option<&str>) -> Result<Vec<Comparison>> {
    grammar::parse(filter, Wording::Described)?.iter().map(comparison).collect()
}

fn comparison(written: &grammar::Comparison<'_>) -> Result<Comparison> {
    let key = written.left.key;
    if written.is_null_test() {
        return Err(Error::invalid(format!(
            "Invalid comparison: {}{}. Expected a comparison with 3 tokens.",
            written.left.raw, written.operator_text
        )));
    }
    match written.left.entity {
        Some("metrics") => Ok(Comparison::Metric(key.to_owned(), number_test(written, "metrics")?)),
        Some("params") => Ok(Comparison::Param(key.to_owned(), text_test(written, "params")?)),
        Some("tags") => Ok(Comparison::Tag(key.to_owned(), text_test(written, "tags")?)),
        None | Some("attributes") => match attribute(key) {
            Some(OrderBy::Text(text)) => Ok(Comparison::Text(text, text_test(written, "attributes")?)),
            Some(OrderBy::Number(number)) => Ok(Comparison::Number(number, number_test(written, "attributes")?)),
            _ => Err(Error::invalid(format!(
                "Invalid attribute key '{key}' specified. Valid keys are '{{'name', 'model_id', 'experiment_id', \
                 'model_type', 'source_run_id', 'artifact_location', 'status', 'lifecycle_stage', 'status_message', \
                 'creation_timestamp', 'last_updated_timestamp'}}'"
            ))),
        },
        Some(other) => Err(Error::invalid(format!(
            "Invalid entity type: '{other}'. Expected one of ['attributes', 'metrics', 'params', 'tags']."
        ))),
    }
}

fn operator(written: &grammar::Comparison<'_>, entity: &str, valid: &str) -> Error {
    Error::invalid(format!(
        "Invalid comparison operator for {entity}.{}: '{}'. Expected one of {valid}.",
        match (entity, attribute(written.left.key)) {
            ("attributes", Some(OrderBy::Number(NumberAttribute::Created))) => "creation_timestamp_ms",
            ("attributes", Some(OrderBy::Number(NumberAttribute::LastUpdated))) => "last_updated_timestamp_ms",
            _ => written.left.key,
        },
        written.operator_text.to_uppercase()
    ))
}

fn number_test(written: &grammar::Comparison<'_>, entity: &str) -> Result<NumberTest> {
    let comparator =
        written.comparator().ok_or_else(|| operator(written, entity, "('<', '<=', '>', '>=', '=', '!=')"))?;
    let value = written.number().ok_or_else(|| {
        Error::invalid(format!("could not convert string to float: {}", python_repr(written.raw_value)))
    })?;
    Ok(NumberTest { comparator, value })
}

/// Words and numbers without quotes are taken as they stand.
fn text_test(written: &grammar::Comparison<'_>, entity: &str) -> Result<TextTest> {
    let mut written = written.clone();
    if matches!(written.value, Value::Bare | Value::Number(_)) {
        written.value = Value::Text(written.raw_value);
    }
    written
        .text_test(|raw| format!("Invalid comparison: {raw}. Expected a comparison with 3 tokens."))?
        .ok_or_else(|| operator(&written, entity, "('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN')"))
}

/// Reads one key of an order.
pub fn parse_order_field(
    field_name: &str,
    dataset_name: Option<&str>,
    dataset_digest: Option<&str>,
) -> Result<OrderBy> {
    let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    match field_name.split_once('.') {
        None => {
            attribute(field_name).ok_or_else(|| Error::invalid(format!("Invalid order by field name: {field_name}")))
        }
        Some(("metrics", key)) => Ok(OrderBy::Metric {
            key: key.to_owned(),
            dataset_name: given(dataset_name),
            dataset_digest: given(dataset_digest),
        }),
        Some(_) => {
            Err(Error::invalid(format!("Invalid order by field name: {field_name}. Only metrics are supported.")))
        }
    }
}

/// Refuses an order of too many keys.
pub fn check_order(keys: &[OrderKey<OrderBy>]) -> Result<()> {
    if keys.len() > MAX_ORDER_KEYS {
        return Err(Error::invalid(format!(
            "Invalid order_by. It has {} clauses; at most {MAX_ORDER_KEYS} are allowed.",
            keys.len()
        )));
    }
    Ok(())
}
