//! The columns of the runs table.

use serde::{Deserialize, Serialize};

/// A column, known in addresses by its id: `duration`, `metrics.loss`, `params.lr`, `tags.team`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) enum Column {
    /// The run's name; always the first.
    Name,
    /// How far it is, and when it started.
    Created,
    /// How long it took.
    Duration,
    /// Models that it logged, and the versions registered from them.
    Models,
    /// What it read.
    Dataset,
    /// Who started it.
    User,
    /// The program.
    Source,
    /// The program's commit.
    Version,
    /// The latest value of a metric.
    Metric(String),
    /// A param.
    Param(String),
    /// A tag.
    Tag(String),
}

/// What a column is listed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Group {
    /// The run's own facts.
    Attributes,
    /// Metrics.
    Metrics,
    /// Params.
    Parameters,
    /// Tags.
    Tags,
}

impl Group {
    /// The heading.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Attributes => "Attributes",
            Self::Metrics => "Metrics",
            Self::Parameters => "Parameters",
            Self::Tags => "Tags",
        }
    }
}

impl Column {
    /// Attributes that can be shown or not.
    pub(crate) const ATTRIBUTES: [Self; 7] =
        [Self::Created, Self::Duration, Self::Models, Self::Dataset, Self::User, Self::Source, Self::Version];
    /// Attributes that the search language can sort by.
    pub(crate) const SORTABLE: [Self; 5] = [Self::Created, Self::Name, Self::User, Self::Source, Self::Version];

    /// The column of an id.
    pub(crate) fn parse(id: &str) -> Option<Self> {
        if let Some((group, key)) = id.split_once('.') {
            let key = key.to_owned();
            return match group {
                _ if key.is_empty() => None,
                "metrics" => Some(Self::Metric(key)),
                "params" => Some(Self::Param(key)),
                "tags" => Some(Self::Tag(key)),
                _ => None,
            };
        }
        std::iter::once(Self::Name).chain(Self::ATTRIBUTES).find(|column| column.id() == id)
    }

    /// The id.
    pub(crate) fn id(&self) -> String {
        match self {
            Self::Name => "name".into(),
            Self::Created => "created".into(),
            Self::Duration => "duration".into(),
            Self::Models => "models".into(),
            Self::Dataset => "dataset".into(),
            Self::User => "user".into(),
            Self::Source => "source".into(),
            Self::Version => "version".into(),
            Self::Metric(key) => format!("metrics.{key}"),
            Self::Param(key) => format!("params.{key}"),
            Self::Tag(key) => format!("tags.{key}"),
        }
    }

    /// The heading.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Name => "Run name".into(),
            Self::Created => "Created".into(),
            Self::Duration => "Duration".into(),
            Self::Models => "Models".into(),
            Self::Dataset => "Dataset".into(),
            Self::User => "User".into(),
            Self::Source => "Source".into(),
            Self::Version => "Version".into(),
            Self::Metric(key) | Self::Param(key) | Self::Tag(key) => key.clone(),
        }
    }

    /// What it is listed under.
    pub(crate) const fn group(&self) -> Group {
        match self {
            Self::Metric(_) => Group::Metrics,
            Self::Param(_) => Group::Parameters,
            Self::Tag(_) => Group::Tags,
            _ => Group::Attributes,
        }
    }

    /// How the search language names it, if it can sort by it.
    pub(crate) fn order_key(&self) -> Option<String> {
        match self {
            Self::Name => Some("attributes.run_name".into()),
            Self::Created => Some("attributes.start_time".into()),
            Self::User => Some("tags.`mlflow.user`".into()),
            Self::Source => Some("tags.`mlflow.source.name`".into()),
            Self::Version => Some("tags.`mlflow.source.git.commit`".into()),
            Self::Metric(key) => Some(format!("metrics.{}", quoted(key))),
            Self::Param(key) => Some(format!("params.{}", quoted(key))),
            Self::Tag(key) => Some(format!("tags.{}", quoted(key))),
            Self::Duration | Self::Models | Self::Dataset => None,
        }
    }

    /// Whether small values come first when one sorts by it for the first time: text does, times and metrics don't.
    pub(crate) const fn ascends_first(&self) -> bool {
        !matches!(self, Self::Created | Self::Metric(_))
    }

    /// Its width in pixels.
    pub(crate) fn width(&self) -> usize {
        match self {
            Self::Name => 184,
            Self::Dataset => 140,
            Self::Duration | Self::User | Self::Version => 92,
            Self::Created => 150,
            Self::Models => 190,
            Self::Source => 104,
            // The key, the mark of the sort column, and the padding; a value has up to eight characters.
            Self::Metric(key) | Self::Param(key) | Self::Tag(key) => (key.chars().count() * 7 + 34).clamp(96, 200),
        }
    }
}

impl From<Column> for String {
    fn from(column: Column) -> Self {
        column.id()
    }
}

impl TryFrom<String> for Column {
    type Error = String;

    fn try_from(id: String) -> Result<Self, Self::Error> {
        Self::parse(&id).ok_or_else(|| format!("no such column: {id}"))
    }
}

/// A key as the search language reads it.
pub(crate) fn quoted(key: &str) -> String {
    if !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.')) {
        key.to_owned()
    } else if key.contains('`') {
        format!("\"{key}\"")
    } else {
        format!("`{key}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_name_columns() {
        for id in ["name", "created", "version", "metrics.val.loss", "params.a b", "tags.mlflow.user"] {
            assert_eq!(Column::parse(id).map(|c| c.id()).as_deref(), Some(id));
        }
        for id in ["", "nope", "metrics.", "attributes.x"] {
            assert_eq!(Column::parse(id), None);
        }
    }

    #[test]
    fn odd_keys_are_quoted() {
        assert_eq!(Column::Metric("val_loss.2".into()).order_key().unwrap(), "metrics.val_loss.2");
        assert_eq!(Column::Param("a-b".into()).order_key().unwrap(), "params.`a-b`");
        assert_eq!(Column::Tag("a`b".into()).order_key().unwrap(), "tags.\"a`b\"");
    }
}
