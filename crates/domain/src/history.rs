//! What was done to a registered model and its versions, entry by entry.

use serde::{Deserialize, Serialize};

use crate::Millis;
use crate::guards::Guards;
use crate::model_versions::Stage;
use crate::names::truncate;

/// Longest text that an entry keeps of a description or a tag's value; what is longer is cut, and ends with `…`.
pub const MAX_TEXT: usize = 10_000;
/// Most versions that an entry lists as archived; of more it keeps the number.
pub const MAX_ARCHIVED: usize = 100;
/// Longest name of whoever made a change; what is longer is cut.
pub const MAX_ACTOR: usize = 250;

/// What was done. This is also how the store keeps it, as JSON: names may be added, but not changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// The model or version came to be.
    Created,
    /// The model got another name.
    Renamed {
        /// The name before.
        from: String,
        /// The name since.
        to: String,
    },
    /// The description changed.
    Described {
        /// `None` if there was none.
        before: Option<String>,
        /// `None` if there is none now.
        after: Option<String>,
    },
    /// A tag was added, or its value changed.
    TagSet {
        /// The tag's key.
        key: String,
        /// Its value before; `None` if it is new.
        before: Option<String>,
        /// Its value since.
        after: String,
    },
    /// A tag was removed.
    TagDeleted {
        /// The tag's key.
        key: String,
        /// Its last value.
        before: String,
    },
    /// An alias was pointed at the version.
    AliasSet {
        /// The alias.
        alias: String,
        /// The version that it pointed at before.
        left: Option<i64>,
    },
    /// An alias left the version for another one.
    AliasLeft {
        /// The alias.
        alias: String,
        /// The version that it points at since.
        to: i64,
    },
    /// An alias that pointed at the version was removed.
    AliasDeleted {
        /// The alias.
        alias: String,
    },
    /// The version moved to another stage.
    StageMoved {
        /// The stage before.
        from: Stage,
        /// The stage since.
        to: Stage,
        /// The versions that were moved out of that stage to Archived; the first hundred.
        archived: Vec<i64>,
        /// How many more there were.
        #[serde(default, skip_serializing_if = "is_zero")]
        archived_more: usize,
    },
    /// The version was moved to Archived, because another one took its stage.
    Displaced {
        /// The stage before.
        from: Stage,
        /// The version that took it.
        by: i64,
    },
    /// The model or version was deleted.
    Deleted {
        /// The aliases that went with the version.
        #[serde(default)]
        aliases: Vec<String>,
    },
    /// The model or version came back.
    Restored {
        /// The aliases that came back with the version.
        aliases: Vec<String>,
        /// The stage that the version had and that another one had taken meanwhile: it came back as Archived.
        lost: Option<Stage>,
    },
    /// What the model asks of its versions changed.
    GuardsChanged {
        /// What it asked before.
        before: Guards,
        /// What it asks since.
        after: Guards,
    },
}

impl Change {
    /// The name of what was done, such as `stage_moved`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Renamed { .. } => "renamed",
            Self::Described { .. } => "described",
            Self::TagSet { .. } => "tag_set",
            Self::TagDeleted { .. } => "tag_deleted",
            Self::AliasSet { .. } => "alias_set",
            Self::AliasLeft { .. } => "alias_left",
            Self::AliasDeleted { .. } => "alias_deleted",
            Self::StageMoved { .. } => "stage_moved",
            Self::Displaced { .. } => "displaced",
            Self::Deleted { .. } => "deleted",
            Self::Restored { .. } => "restored",
            Self::GuardsChanged { .. } => "guards_changed",
        }
    }

    /// Whether the entry of another version tells of it, too: a model's history leaves it out.
    pub const fn is_echo(&self) -> bool {
        matches!(self, Self::AliasLeft { .. } | Self::Displaced { .. })
    }

    /// A change of the description; `None` if it says what it said before.
    pub fn described(before: Option<&str>, after: Option<&str>) -> Option<Self> {
        let text = |text: Option<&str>| text.filter(|t| !t.is_empty()).map(kept);
        let differ = before.unwrap_or_default() != after.unwrap_or_default();
        differ.then(|| Self::Described { before: text(before), after: text(after) })
    }

    /// The version moved, and others were archived; `None` if neither happened.
    pub fn stage_moved(from: Stage, to: Stage, mut archived: Vec<i64>) -> Option<Self> {
        let nothing = from == to && archived.is_empty();
        let archived_more = archived.len().saturating_sub(MAX_ARCHIVED);
        archived.truncate(MAX_ARCHIVED);
        (!nothing).then_some(Self::StageMoved { from, to, archived, archived_more })
    }

    /// A tag set; `None` if it has that value already.
    pub fn tag_set(key: &str, before: Option<&str>, after: &str) -> Option<Self> {
        let change = || Self::TagSet { key: key.to_owned(), before: before.map(kept), after: kept(after) };
        (before != Some(after)).then(change)
    }

    /// A tag removed; `None` if there was none.
    pub fn tag_deleted(key: &str, before: Option<&str>) -> Option<Self> {
        before.map(|before| Self::TagDeleted { key: key.to_owned(), before: kept(before) })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A text as an entry keeps it.
fn kept(text: &str) -> String {
    let mut cut = text.to_owned();
    truncate(&mut cut, MAX_TEXT);
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

/// One line of a history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// When it was done.
    pub time: Millis,
    /// Who did it, as the client said; nobody has checked it. `None` if the client did not say.
    pub actor: Option<String>,
    /// The version that it was done to; `None` for the model itself.
    pub version: Option<i64>,
    /// What was done.
    pub change: Change,
}

/// A version that was in a stage at some time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageSpan {
    /// The version's number.
    pub version: i64,
    /// Since when.
    pub since: Millis,
    /// Until when; `None` if it is there still.
    pub until: Option<Millis>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_nothing_is_no_change() {
        assert_eq!(Change::described(None, Some("")), None);
        assert_eq!(Change::described(Some("a"), Some("a")), None);
        assert_eq!(Change::tag_set("k", Some("v"), "v"), None);
        assert_eq!(Change::tag_deleted("k", None), None);
        let after = Some("a".to_owned());
        assert_eq!(Change::described(Some(""), Some("a")), Some(Change::Described { before: None, after }));
    }

    #[test]
    fn long_texts_are_cut_and_say_so() {
        assert_eq!(kept("ä"), "ä");
        let cut = kept(&"ä".repeat(MAX_TEXT + 1));
        assert_eq!((cut.chars().count(), cut.ends_with("ä…")), (MAX_TEXT + 1, true));
    }

    #[test]
    fn of_many_archived_versions_the_first_are_listed() {
        assert_eq!(Change::stage_moved(Stage::Staging, Stage::Staging, vec![]), None);
        let change = Change::stage_moved(Stage::None, Stage::Staging, (1..=103).collect());
        let archived = (1..=100).collect();
        let moved = Change::StageMoved { from: Stage::None, to: Stage::Staging, archived, archived_more: 3 };
        assert_eq!(change, Some(moved));
    }

    #[test]
    fn what_is_kept_names_its_kind() {
        let change = Change::stage_moved(Stage::None, Stage::Production, vec![1]);
        let json = serde_json::to_string(&change).expect("JSON");
        assert_eq!(json, r#"{"kind":"stage_moved","from":"None","to":"Production","archived":[1]}"#);
        // As the migration writes it.
        let deleted = serde_json::from_str::<Change>(r#"{"kind":"deleted"}"#).expect("a change");
        assert_eq!(deleted, Change::Deleted { aliases: Vec::new() });
    }
}
