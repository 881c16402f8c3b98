//! Experiments.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::names::{self, MAX_EXPERIMENT_TAG_VALUE};
use crate::{Error, Lifecycle, Millis, Result, Tag};

/// An experiment's number; a decimal string on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExperimentId(pub i64);

impl ExperimentId {
    /// The experiment `Default`, which exists from the start.
    pub const DEFAULT: Self = Self(0);

    /// Reads the wire form; surrounding spaces are fine, as in MLflow.
    pub fn parse(text: &str) -> Result<Self> {
        text.trim().parse().map(Self).map_err(|_| {
            Error::invalid(format!("Invalid experiment ID '{text}'. Experiment ID must be a valid integer."))
        })
    }
}

impl fmt::Display for ExperimentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A named group of runs and logged models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// Its number.
    pub experiment_id: ExperimentId,
    /// Unique among all experiments, deleted ones included.
    pub name: String,
    /// Where new runs' artifacts go: a URI or an absolute path.
    pub artifact_location: String,
    /// In use or deleted.
    pub lifecycle_stage: Lifecycle,
    /// When it was created.
    pub creation_time: Millis,
    /// When it was last renamed, deleted or restored.
    pub last_update_time: Millis,
    /// Its tags, by key.
    pub tags: Vec<Tag>,
}

impl Experiment {
    /// The tag's value.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|t| t.key == key).map(|t| t.value.as_str())
    }
}

/// The tags in which the client asks for traces to be archived: for how long they are kept, and that it is done now.
const ARCHIVAL_RETENTION: &str = "mlflow.trace.archivalRetention";
const ARCHIVE_NOW: &str = "mlflow.trace.archiveNow";

/// Checks an experiment's tag; those that ask for traces to be archived must say it in JSON.
pub fn check_tag(tag: &Tag) -> Result<()> {
    names::check_tag(&tag.key, &tag.value, MAX_EXPERIMENT_TAG_VALUE)?;
    let is_retention = tag.key == ARCHIVAL_RETENTION;
    if !is_retention && tag.key != ARCHIVE_NOW {
        return Ok(());
    }
    let Ok(Value::Object(config)) = serde_json::from_str(&tag.value) else {
        return Err(Error::invalid("Trace archival config must be encoded as a JSON object."));
    };
    if is_retention && config.get("type").and_then(Value::as_str) != Some("duration") {
        return Err(Error::invalid("Trace archival config must use type 'duration'."));
    }
    match config.get(if is_retention { "value" } else { "older_than" }) {
        None | Some(Value::Null) if !is_retention => Ok(()),
        duration => check_duration(duration.and_then(Value::as_str).unwrap_or_default().trim()),
    }
}

/// A whole number of minutes, hours or days, such as `30d`.
fn check_duration(text: &str) -> Result<()> {
    const MAX_DURATION: usize = 32;
    if text.chars().count() > MAX_DURATION {
        return Err(Error::invalid(format!("Trace archival duration must be at most {MAX_DURATION} characters.")));
    }
    let count = text.strip_suffix(['m', 'h', 'd']).unwrap_or_default();
    if count.starts_with('0') || count.is_empty() || !count.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Error::invalid(
            "Trace archival retention must be in the form `<int><unit>`, where unit is one of 'm', 'h', or 'd'.",
        ));
    }
    Ok(())
}

/// The tag that holds an experiment's, run's or model's description as Markdown.
pub const NOTE_TAG: &str = "mlflow.note.content";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_archive_traces_are_durations_in_json() {
        let check = |key: &str, value: &str| check_tag(&Tag::new(key, value)).map_err(|error| error.message);
        for (key, value) in [
            (ARCHIVAL_RETENTION, r#"{"type": "duration", "value": " 30d "}"#),
            (ARCHIVE_NOW, "{}"),
            (ARCHIVE_NOW, r#"{"older_than": "12h"}"#),
            (ARCHIVE_NOW, r#"{"older_than": null}"#),
            ("other", "30d"),
        ] {
            check(key, value).unwrap();
        }
        for (key, value, start) in [
            (ARCHIVAL_RETENTION, "30d", "Trace archival config must be encoded as a JSON object."),
            (ARCHIVE_NOW, "[]", "Trace archival config must be encoded as a JSON object."),
            (ARCHIVAL_RETENTION, r#"{"value": "30d"}"#, "Trace archival config must use type 'duration'."),
            (ARCHIVAL_RETENTION, r#"{"type": "duration"}"#, "Trace archival retention must be in the form"),
            (
                ARCHIVAL_RETENTION,
                r#"{"type": "duration", "value": "0d"}"#,
                "Trace archival retention must be in the form",
            ),
            (ARCHIVE_NOW, r#"{"older_than": "1w"}"#, "Trace archival retention must be in the form"),
            (ARCHIVE_NOW, r#"{"older_than": "111111111111111111111111111111111d"}"#, "Trace archival duration must be"),
        ] {
            assert!(check(key, value).unwrap_err().starts_with(start), "{value}");
        }
    }
}
