//! Removing for good what was deleted: how old it must be, and what that frees.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Millis, Result};

/// How long ago something must have been deleted unless one says otherwise: thirty days.
pub const DEFAULT_AGE: Millis = 30 * 24 * 60 * 60 * 1000;

/// Reads an age such as `7d2h30m`, by MLflow's syntax: days, hours, minutes and seconds, in this order, each optional,
/// fractions allowed.
pub fn parse_age(text: &str) -> Result<Millis> {
    const UNITS: [(char, f64); 4] = [('d', 86_400_000.0), ('h', 3_600_000.0), ('m', 60_000.0), ('s', 1_000.0)];
    let refused = || {
        Error::invalid(format!(
            "Could not parse any time information from '{text}'. Examples of valid strings: '8h', '2d8h5m20s', '2m4s'"
        ))
    };
    let mut units = UNITS.iter();
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(refused)?;
        let number: f64 = rest[..digits].parse().map_err(|_| refused())?;
        let letter = rest[digits..].chars().next().unwrap_or_default();
        let (_, millis) = units.find(|(unit, _)| *unit == letter).ok_or_else(refused)?;
        total += number * millis;
        rest = &rest[digits + letter.len_utf8()..];
    }
    // A thousand years, so that arithmetic on times cannot overflow.
    if text.is_empty() || !(0.0..=31_556_952_000_000.0).contains(&total) {
        return Err(refused());
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    Ok(total as Millis)
}

/// What is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A version of a registered model or prompt.
    ModelVersion,
    /// A registered model or prompt.
    RegisteredModel,
    /// A run.
    Run,
    /// A logged model.
    LoggedModel,
    /// An experiment.
    Experiment,
}

impl Kind {
    /// Every kind, in the order in which they are removed.
    pub const ALL: [Self; 5] =
        [Self::ModelVersion, Self::RegisteredModel, Self::Run, Self::LoggedModel, Self::Experiment];

    /// As it is called in a sentence: `Logged model`.
    pub const fn title(self) -> &'static str {
        match self {
            Self::ModelVersion => "Model version",
            Self::RegisteredModel => "Registered model",
            Self::Run => "Run",
            Self::LoggedModel => "Logged model",
            Self::Experiment => "Experiment",
        }
    }

    /// As a column of numbers is headed: `Logged models`.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::ModelVersion => "Model versions",
            Self::RegisteredModel => "Registered models",
            Self::Run => "Runs",
            Self::LoggedModel => "Logged models",
            Self::Experiment => "Experiments",
        }
    }
}

/// How much space something takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// Rows of the database.
    pub rows: u64,
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl std::ops::AddAssign for Space {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.files += other.files;
        self.bytes += other.bytes;
    }
}

/// Something that is, or would be, removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// Its id; of a registered model the name, of a version `name/number`.
    pub id: String,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = match self.kind {
            Kind::ModelVersion | Kind::RegisteredModel => "",
            _ => "with ID ",
        };
        write!(f, "{} {by}{}", self.kind.title(), self.id)
    }
}

/// What happened, or would happen, to one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It is gone (or would be), and freed this much.
    Removed {
        /// What.
        item: Item,
        /// How much.
        space: Space,
    },
    /// It stays, for this reason.
    Kept {
        /// What.
        item: Item,
        /// A sentence.
        why: String,
    },
    /// It could not be removed; the next try will go on with it.
    Failed {
        /// What.
        item: Item,
        /// A sentence.
        why: String,
    },
    /// It was named, and is not there (any more).
    Unknown {
        /// What.
        item: Item,
    },
}

/// What was, or would be, removed altogether.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// How many of each kind, in the order of [`Kind::ALL`].
    pub counts: [u64; Kind::ALL.len()],
    /// How much they take.
    pub space: Space,
    /// How many stay, although they were deleted long enough ago.
    pub kept: u64,
    /// How many could not be removed.
    pub failed: u64,
    /// Whether it stopped at the limit that it was given: there is more.
    pub more: bool,
}

impl Removal {
    /// How many things are removed.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Adds one thing.
    pub fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Removed { item, space } => {
                if let Some(at) = Kind::ALL.iter().position(|kind| *kind == item.kind) {
                    self.counts[at] += 1;
                }
                self.space += *space;
            }
            Outcome::Kept { .. } => self.kept += 1,
            Outcome::Failed { .. } => self.failed += 1,
            Outcome::Unknown { .. } => {}
        }
    }
}

/// A removal that a server does by itself, as far as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Whether it goes on.
    pub running: bool,
    /// What is removed so far.
    pub removal: Removal,
    /// What stays or could not be removed; the first of them.
    pub problems: Vec<Outcome>,
    /// Why it ended early.
    pub error: Option<String>,
}

impl Progress {
    /// Most problems that are listed.
    pub const MAX_PROBLEMS: usize = 50;

    /// Adds one thing.
    pub fn add(&mut self, outcome: Outcome) {
        self.removal.add(&outcome);
        if !matches!(outcome, Outcome::Removed { .. }) && self.problems.len() < Self::MAX_PROBLEMS {
            self.problems.push(outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_mlflows() {
        for (text, millis) in [
            ("7d", 604_800_000),
            ("7d2h30m", 613_800_000),
            ("2d8h5m20s", 201_920_000),
            ("1.5h", 5_400_000),
            ("0s", 0),
            ("90m", 5_400_000),
        ] {
            assert_eq!(parse_age(text), Ok(millis), "{text}");
        }
        for text in ["", "7", "d", "7x", "1h2d", "1d1d", "-1d", "1.2.3d", "7 d", "9999999d", "1é"] {
            assert!(parse_age(text).unwrap_err().message.starts_with("Could not parse any time"), "{text}");
        }
    }
}
