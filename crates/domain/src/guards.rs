//! What a registered model asks of a version before it enters Production.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::model_versions::ModelVersion;
use crate::names::check_tag;
use crate::{Error, Result};

/// Most tags that a model asks for.
pub const MAX_REQUIRED_TAGS: usize = 50;

/// Longest value that a model asks for: each change of what it asks is remembered whole.
pub const MAX_REQUIRED_VALUE: usize = 250;

/// A tag that a version must have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequiredTag {
    /// The tag's key.
    pub key: String,
    /// The value that it must have; `None` for any.
    pub value: Option<String>,
}

/// What a registered model asks of a version before it enters Production.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guards {
    /// Whether its `MLmodel` file must have a signature.
    pub signature: bool,
    /// Whether it must have a description.
    pub description: bool,
    /// The tags that it must have.
    pub tags: Vec<RequiredTag>,
}

impl Guards {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses keys and values that no tag can have, keys that come twice, and more than [`MAX_REQUIRED_TAGS`].
    pub fn check(&self) -> Result<()> {
        if self.tags.len() > MAX_REQUIRED_TAGS {
            return Err(Error::invalid(format!("A model can require at most {MAX_REQUIRED_TAGS} tags.")));
        }
        let mut keys = BTreeSet::new();
        for tag in &self.tags {
            if tag.key.is_empty() {
                return Err(Error::invalid("A required tag must have a key."));
            }
            check_tag(&tag.key, tag.value.as_deref().unwrap_or_default(), MAX_REQUIRED_VALUE)?;
            if !keys.insert(&tag.key) {
                return Err(Error::invalid(format!("The tag '{}' is required twice.", tag.key)));
            }
        }
        Ok(())
    }

    /// What a version lacks, as parts of a sentence. `signature` says whether its files have one, or else why not.
    pub fn missing(&self, version: &ModelVersion, signature: &Result<(), String>) -> Vec<String> {
        let mut missing = Vec::new();
        if let (true, Err(why)) = (self.signature, signature) {
            missing.push(format!("a signature ({why})"));
        }
        if self.description && version.description.as_deref().unwrap_or_default().trim().is_empty() {
            missing.push("a description".to_owned());
        }
        for required in &self.tags {
            let has = version.tags.iter().find(|tag| tag.key == required.key).map(|tag| tag.value.as_str());
            if has.is_none() || required.value.is_some() && has != required.value.as_deref() {
                let mut text = format!("the tag '{}'", required.key);
                if let Some(value) = &required.value {
                    // Writing to a string can't fail.
                    _ = write!(text, " with the value '{value}'");
                }
                if let Some(value) = has {
                    _ = write!(text, " (it is '{value}')");
                }
                missing.push(text);
            }
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tag;
    use crate::model_versions::Stage;

    fn required(key: &str, value: Option<&str>) -> RequiredTag {
        RequiredTag { key: key.into(), value: value.map(Into::into) }
    }

    #[test]
    fn what_is_missing_is_named() {
        let version = ModelVersion {
            name: "m".into(),
            version: 1,
            creation_timestamp: 0,
            last_updated_timestamp: 0,
            stage: Stage::None,
            source: String::new(),
            storage_location: String::new(),
            run_id: String::new(),
            run_link: String::new(),
            model_id: None,
            description: Some(" ".into()),
            tags: vec![Tag::new("a", "1"), Tag::new("b", "2")],
            aliases: Vec::new(),
        };
        assert_eq!(Guards::default().missing(&version, &Err("none".into())), Vec::<String>::new());
        let tags = vec![required("a", None), required("b", Some("3")), required("c", None), required("d", Some("4"))];
        let guards = Guards { signature: true, description: true, tags };
        guards.check().expect("good guards");
        assert_eq!(
            guards.missing(&version, &Err("its MLmodel file has none".into())),
            [
                "a signature (its MLmodel file has none)",
                "a description",
                "the tag 'b' with the value '3' (it is '2')",
                "the tag 'c'",
                "the tag 'd' with the value '4'",
            ]
        );
        assert_eq!(guards.missing(&version, &Ok(()))[0], "a description");
    }

    #[test]
    fn keys_come_once_and_are_good() {
        let of = |tags| Guards { tags, ..Guards::default() };
        of(vec![required("a", None), required("a", Some("1"))]).check().expect_err("twice");
        of(vec![required("", None)]).check().expect_err("no key");
        of(vec![required("a//b", None)]).check().expect_err("no path");
        of(vec![required("a", Some(&"x".repeat(MAX_REQUIRED_VALUE)))]).check().expect("not too long");
        of(vec![required("a", Some(&"x".repeat(MAX_REQUIRED_VALUE + 1)))]).check().expect_err("too long");
        of((0..=MAX_REQUIRED_TAGS).map(|i| required(&i.to_string(), None)).collect()).check().expect_err("too many");
    }
}
