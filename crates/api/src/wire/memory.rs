//! What the registry remembers, on the wire: our own shapes, spelled as MLflow spells its.

use domain::comparison::{Comparison, FieldType, FileFacts, Line, Number, Side};
use domain::guards::{Guards, RequiredTag};
use domain::history::{Change, HistoryEntry, StageSpan};
use domain::model_versions::{DeletedVersion, Stage};
use domain::registered_models::DeletedModel;
use serde::Serialize;

use super::registry::ModelVersionShape;
use super::{List, Text, Wire};

#[derive(Serialize)]
pub(crate) struct GuardsShape<'a> {
    signature: bool,
    description: bool,
    tags: List<'a, RequiredTag>,
}

impl Wire for Guards {
    type Shape<'a> = GuardsShape<'a>;

    fn shape(&self) -> GuardsShape<'_> {
        GuardsShape { signature: self.signature, description: self.description, tags: List(&self.tags) }
    }
}

#[derive(Serialize)]
pub(crate) struct RequiredTagShape<'a> {
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

impl Wire for RequiredTag {
    type Shape<'a> = RequiredTagShape<'a>;

    fn shape(&self) -> RequiredTagShape<'_> {
        RequiredTagShape { key: &self.key, value: self.value.as_deref() }
    }
}

#[derive(Serialize)]
pub(crate) struct EntryShape<'a> {
    timestamp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<Text<i64>>,
    event: &'static str,
    #[serde(flatten)]
    details: Details<'a>,
}

/// What was done, more closely: the event says which fields there are.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Details<'a> {
    None {},
    Names { from: &'a str, to: &'a str },
    Texts(Texts<'a>),
    AliasSet(AliasSet<'a>),
    AliasLeft { alias: &'a str, new_version: Text<i64> },
    Alias { alias: &'a str },
    StageMoved(StageMoved),
    Displaced { from: &'static str, to: &'static str, by_version: Text<i64> },
    Aliases(Aliases<'a>),
    Guards { before: GuardsShape<'a>, after: GuardsShape<'a> },
}

/// A version's way from one stage to another.
#[derive(Serialize)]
pub(crate) struct StageMoved {
    from: &'static str,
    to: &'static str,
    archived_versions: Vec<Text<i64>>,
    /// Of all that were archived, where not all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_count: Option<usize>,
}

/// A text before and after a change; what was or is not there is left out.
#[derive(Serialize)]
pub(crate) struct Texts<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct AliasSet<'a> {
    alias: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_version: Option<Text<i64>>,
}

#[derive(Serialize)]
pub(crate) struct Aliases<'a> {
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    aliases: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    lost_stage: Option<&'static str>,
}

fn details(change: &Change) -> Details<'_> {
    let texts = |key, before, after| Details::Texts(Texts { key, before, after });
    match change {
        Change::Created => Details::None {},
        Change::Renamed { from, to } => Details::Names { from, to },
        Change::Described { before, after } => texts(None, before.as_deref(), after.as_deref()),
        Change::TagSet { key, before, after } => texts(Some(key), before.as_deref(), Some(after)),
        Change::TagDeleted { key, before } => texts(Some(key), Some(before), None),
        Change::AliasSet { alias, left } => Details::AliasSet(AliasSet { alias, previous_version: left.map(Text) }),
        Change::AliasLeft { alias, to } => Details::AliasLeft { alias, new_version: Text(*to) },
        Change::AliasDeleted { alias } => Details::Alias { alias },
        Change::StageMoved { from, to, archived, archived_more } => Details::StageMoved(StageMoved {
            from: from.name(),
            to: to.name(),
            archived_versions: archived.iter().copied().map(Text).collect(),
            archived_count: (*archived_more > 0).then_some(archived.len() + archived_more),
        }),
        Change::Displaced { from, by } => {
            Details::Displaced { from: from.name(), to: Stage::Archived.name(), by_version: Text(*by) }
        }
        Change::Deleted { aliases } => Details::Aliases(Aliases { aliases, lost_stage: None }),
        Change::Restored { aliases, lost } => Details::Aliases(Aliases { aliases, lost_stage: lost.map(Stage::name) }),
        Change::GuardsChanged { before, after } => Details::Guards { before: before.shape(), after: after.shape() },
    }
}

impl Wire for HistoryEntry {
    type Shape<'a> = EntryShape<'a>;

    fn shape(&self) -> EntryShape<'_> {
        EntryShape {
            timestamp: self.time,
            user: self.actor.as_deref(),
            version: self.version.map(Text),
            event: self.change.kind(),
            details: details(&self.change),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct SpanShape {
    version: Text<i64>,
    since: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
}

impl Wire for StageSpan {
    type Shape<'a> = SpanShape;

    fn shape(&self) -> SpanShape {
        SpanShape { version: Text(self.version), since: self.since, until: self.until }
    }
}

#[derive(Serialize)]
pub(crate) struct DeletedModelShape<'a> {
    id: &'a str,
    name: &'a str,
    creation_timestamp: i64,
    deleted_timestamp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    last_version: Text<i64>,
}

impl Wire for DeletedModel {
    type Shape<'a> = DeletedModelShape<'a>;

    fn shape(&self) -> DeletedModelShape<'_> {
        DeletedModelShape {
            id: &self.id,
            name: &self.name,
            creation_timestamp: self.creation_timestamp,
            deleted_timestamp: self.deleted_timestamp,
            description: self.description.as_deref(),
            last_version: Text(self.last_version),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct DeletedVersionShape<'a> {
    #[serde(flatten)]
    version: ModelVersionShape<'a>,
    deleted_timestamp: i64,
}

impl Wire for DeletedVersion {
    type Shape<'a> = DeletedVersionShape<'a>;

    fn shape(&self) -> DeletedVersionShape<'_> {
        DeletedVersionShape { version: self.version.shape(), deleted_timestamp: self.deleted_timestamp }
    }
}

#[derive(Serialize)]
pub(crate) struct ComparisonShape<'a> {
    model_versions: List<'a, Side>,
    params: &'a [Line<String>],
    metrics: &'a [Line<Number>],
    schema_inputs: &'a [Line<FieldType>],
    schema_outputs: &'a [Line<FieldType>],
    tags: &'a [Line<String>],
    run_tags: &'a [Line<String>],
    logged_model_tags: &'a [Line<String>],
    artifacts: &'a [Line<FileFacts>],
    artifacts_truncated: bool,
}

impl Wire for Comparison {
    type Shape<'a> = ComparisonShape<'a>;

    fn shape(&self) -> ComparisonShape<'_> {
        ComparisonShape {
            model_versions: List(&self.sides),
            params: &self.params,
            metrics: &self.metrics,
            schema_inputs: &self.inputs,
            schema_outputs: &self.outputs,
            tags: &self.tags,
            run_tags: &self.run_tags,
            logged_model_tags: &self.logged_model_tags,
            artifacts: &self.artifacts,
            artifacts_truncated: self.artifacts_truncated,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct SideShape<'a> {
    #[serde(flatten)]
    version: ModelVersionShape<'a>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    problems: &'a [String],
}

impl Wire for Side {
    type Shape<'a> = SideShape<'a>;

    fn shape(&self) -> SideShape<'_> {
        SideShape { version: self.version.shape(), problems: &self.problems }
    }
}
