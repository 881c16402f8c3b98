//! Searching runs.

use serde::{Deserialize, Serialize};

use super::grammar::{self, Operator, Wording};
use super::order_by::{self, Clause};
use super::{NumberTest, OrderKey, TextTest, ValueTest};
use crate::{Error, Result};

/// A run's own texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TextAttribute {
    /// `run_id`
    RunId,
    /// `run_name`: filters look at the tag `mlflow.runName`, as in MLflow; orders at the run's name itself.
    RunName,
    /// `status`: the name, such as `FINISHED`.
    Status,
    /// `user_id`
    UserId,
    /// `artifact_uri`
    ArtifactUri,
}

/// A run's own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NumberAttribute {
    /// `start_time`, `created`
    StartTime,
    /// `end_time`, which never passes a test while the run has none.
    EndTime,
}

/// What is tested of a dataset that a run read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DatasetField {
    /// Its name.
    Name,
    /// Its digest.
    Digest,
    /// The input tag [`DATASET_CONTEXT_TAG`](crate::runs::DATASET_CONTEXT_TAG).
    Context,
}

/// One condition on a run; a filter is several, all of which must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Comparison {
    /// On a metric's latest value. NaN passes `!=` only.
    Metric(String, NumberTest),
    /// On a param.
    Param(String, ValueTest),
    /// On a tag.
    Tag(String, ValueTest),
    /// On a text of the run itself.
    Text(TextAttribute, TextTest),
    /// On a number of the run itself.
    Number(NumberAttribute, NumberTest),
    /// On any one of the datasets that it read.
    Dataset(DatasetField, TextTest),
}

/// What runs can be ordered by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderBy {
    /// A metric's latest value: numbers, then NaN, then runs without it.
    Metric(String),
    /// A param.
    Param(String),
    /// A tag.
    Tag(String),
    /// A text of the run itself.
    Text(TextAttribute),
    /// A number of the run itself.
    Number(NumberAttribute),
}

const SEARCHABLE: &str = "{'run_id', 'run_name', 'status', 'user_id', 'artifact_uri', 'start_time', 'end_time', \
                          'created', 'Created', 'run name', 'Run name', 'Run Name'}";
const ORDERABLE: &str = "{'run_id', 'run_name', 'status', 'user_id', 'artifact_uri', 'start_time', 'end_time', \
                         'created', 'Created'}";
const NUMBER_OPERATORS: &str = "{'=', '!=', '<', '<=', '>', '>='}";
const VALUE_OPERATORS: &str = "{'=', '!=', 'LIKE', 'ILIKE', 'IS NULL', 'IS NOT NULL'}";
const TEXT_OPERATORS: &str = "{'=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'}";

/// The five kinds of things that have keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entity {
    Metric,
    Param,
    Tag,
    Attribute,
    Dataset,
}

impl Entity {
    fn parse(name: Option<&str>) -> Result<Self> {
        Ok(match name {
            Some("metric" | "metrics") => Self::Metric,
            Some("parameter" | "parameters" | "param" | "params") => Self::Param,
            Some("tag" | "tags") => Self::Tag,
            None | Some("attribute" | "attributes" | "attr" | "run") => Self::Attribute,
            Some("dataset" | "datasets") => Self::Dataset,
            Some(other) => {
                return Err(Error::invalid(format!(
                    "Invalid entity type '{other}'. Valid values are ['metric', 'parameter', 'tag', 'attribute', \
                     'dataset']"
                )));
            }
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Metric => "metric",
            Self::Param => "parameter",
            Self::Tag => "tag",
            Self::Attribute => "attribute",
            Self::Dataset => "dataset",
        }
    }
}

enum Attribute {
    Text(TextAttribute),
    Number(NumberAttribute),
}

impl Attribute {
    fn parse(key: &str, valid: &str) -> Result<Self> {
        Ok(match key {
            "run_id" => Self::Text(TextAttribute::RunId),
            "run_name" | "run name" | "Run name" | "Run Name" if valid == SEARCHABLE || key == "run_name" => {
                Self::Text(TextAttribute::RunName)
            }
            "status" => Self::Text(TextAttribute::Status),
            "user_id" => Self::Text(TextAttribute::UserId),
            "artifact_uri" => Self::Text(TextAttribute::ArtifactUri),
            "start_time" | "created" | "Created" => Self::Number(NumberAttribute::StartTime),
            "end_time" => Self::Number(NumberAttribute::EndTime),
            _ => {
                return Err(Error::invalid(format!(
                    "Invalid attribute key '{key}' specified. Valid keys are '{valid}'"
                )));
            }
        })
    }
}

/// Reads a filter.
pub fn parse_filter(filter: Option<&str>) -> Result<Vec<Comparison>> {
    grammar::parse(filter, Wording::Quoted)?.iter().map(comparison).collect()
}

fn comparison(written: &grammar::Comparison<'_>) -> Result<Comparison> {
    let key = written.left.key;
    let entity = Entity::parse(written.left.entity)?;
    // Before the operator is looked at, as in MLflow.
    let attribute = (entity == Entity::Attribute).then(|| Attribute::parse(key, SEARCHABLE)).transpose()?;
    if written.is_null_test() && !matches!(entity, Entity::Param | Entity::Tag) {
        return Err(Error::invalid(format!(
            "IS NULL / IS NOT NULL is only supported for tags and params, not for '{}' '{key}'",
            entity.name()
        )));
    }
    match (entity, attribute) {
        (Entity::Metric, _) => {
            let test = number_test(written, |raw| format!("Expected numeric value type for metric. Found {raw}"))?;
            Ok(Comparison::Metric(key.to_owned(), test))
        }
        (Entity::Param, _) => Ok(Comparison::Param(key.to_owned(), value_test(written, entity)?)),
        (Entity::Tag, _) => Ok(Comparison::Tag(key.to_owned(), value_test(written, entity)?)),
        (_, Some(Attribute::Number(number))) => {
            let test = number_test(written, |raw| {
                format!("Expected numeric value type for numeric attribute: {key}. Found {raw}")
            })?;
            Ok(Comparison::Number(number, test))
        }
        (_, Some(Attribute::Text(attribute))) => {
            if written.has_list() && attribute != TextAttribute::RunId {
                return Err(Error::invalid(
                    "Only ['run_id'] attributes support comparison with a list of quoted string values.",
                ));
            }
            let test =
                text_test(written, |raw| format!("Expected a quoted string value for attributes. Got value {raw}"))?;
            Ok(Comparison::Text(attribute, test))
        }
        (_, None) => {
            let field = match key {
                "name" => DatasetField::Name,
                "digest" => DatasetField::Digest,
                "context" => DatasetField::Context,
                _ => {
                    return Err(Error::invalid(format!(
                        "Invalid dataset key '{key}' specified. Valid keys are '{{'name', 'digest', 'context'}}'"
                    )));
                }
            };
            let test = text_test(written, |raw| {
                format!("Expected a quoted string value for dataset attributes. Got value {raw}")
            })?;
            Ok(Comparison::Dataset(field, test))
        }
    }
}

fn number_test(written: &grammar::Comparison<'_>, other: impl Fn(&str) -> String) -> Result<NumberTest> {
    let value = written.number().ok_or_else(|| Error::invalid(other(written.raw_value)))?;
    let comparator = written.comparator().ok_or_else(|| operator(written, NUMBER_OPERATORS))?;
    Ok(NumberTest { comparator, value })
}

fn text_test(written: &grammar::Comparison<'_>, other: impl Fn(&str) -> String) -> Result<TextTest> {
    written.text_test(other)?.ok_or_else(|| operator(written, TEXT_OPERATORS))
}

fn value_test(written: &grammar::Comparison<'_>, entity: Entity) -> Result<ValueTest> {
    let kind = entity.name();
    let other = |raw: &str| format!("Expected a quoted string value for {kind} (e.g. 'my-value'). Got value {raw}");
    Ok(match written.operator {
        Operator::IsNull => ValueTest::Missing,
        Operator::IsNotNull => ValueTest::Present,
        _ if written.has_list() => return Err(Error::invalid(other(written.raw_value))),
        _ => ValueTest::Text(written.text_test(other)?.ok_or_else(|| operator(written, VALUE_OPERATORS))?),
    })
}

fn operator(written: &grammar::Comparison<'_>, valid: &str) -> Error {
    Error::invalid(format!("Invalid comparator '{}' not one of '{valid}'", written.operator_text.to_uppercase()))
}

/// Reads an order. What the keys leave open is for the store to settle: by start time, latest first, and run id.
pub fn parse_order(clauses: &[String]) -> Result<Vec<OrderKey<OrderBy>>> {
    order_by::parse_all(clauses, true, |Clause { name, .. }| {
        let key = name.key;
        Ok(match Entity::parse(name.entity)? {
            Entity::Metric => OrderBy::Metric(key.to_owned()),
            Entity::Param => OrderBy::Param(key.to_owned()),
            Entity::Tag => OrderBy::Tag(key.to_owned()),
            Entity::Dataset => return Err(Error::invalid("Invalid identifier type 'dataset'")),
            Entity::Attribute => match Attribute::parse(key, ORDERABLE)? {
                Attribute::Text(text) => OrderBy::Text(text),
                Attribute::Number(number) => OrderBy::Number(number),
            },
        })
    })
}
