//! Versions of registered models side by side.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model_versions::ModelVersion;
use crate::runs::RunInfo;

/// The most versions that are compared at once.
pub const MAX_VERSIONS: usize = 20;
/// The most files of a version that are looked at.
pub const MAX_FILES: usize = 1_000;

/// Versions side by side: what each of them has, line by line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The versions, in the order in which they were asked for; every line has a value for each.
    pub sides: Vec<Side>,
    /// Params of the runs and logged models.
    pub params: Vec<Line<String>>,
    /// The latest metrics of the runs and logged models; those measured on a named dataset as `key (dataset)`.
    pub metrics: Vec<Line<Number>>,
    /// What the models take.
    pub inputs: Vec<Line<FieldType>>,
    /// What the models give.
    pub outputs: Vec<Line<FieldType>>,
    /// The versions' own tags.
    pub tags: Vec<Line<String>>,
    /// Tags of the runs that made them.
    pub run_tags: Vec<Line<String>>,
    /// Tags of the logged models that they were made from.
    pub logged_model_tags: Vec<Line<String>>,
    /// The versions' files, by path.
    pub artifacts: Vec<Line<FileFacts>>,
    /// Whether a version has more files than [`MAX_FILES`]: `artifacts` ends with the last file that is known of every
    /// version.
    pub artifacts_truncated: bool,
}

/// Who is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// The version.
    pub version: ModelVersion,
    /// The run that made it, if it is on this server.
    pub run: Option<RunInfo>,
    /// Why its files, or the schema that stands in them, could not be read; they count as unknown, not as different.
    pub problems: Vec<String>,
}

/// A key with each version's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line<T> {
    /// The key.
    pub key: String,
    /// A value for each version; `None` where it has none.
    pub values: Vec<Option<T>>,
    /// Whether the values, or that there is one, differ.
    pub differs: bool,
}

/// A number, which may be NaN: two of those are the same.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Number(#[serde(with = "crate::float")] pub f64);

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0.total_cmp(&other.0).is_eq() || self.0.is_nan() && other.0.is_nan()
    }
}

/// The type of an input or output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldType {
    /// Readable, such as `double`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it must be given.
    pub required: bool,
}

/// What is known of a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FileFacts {
    /// Bytes, if the store says how many.
    pub size: Option<u64>,
    /// SHA-256 in hex, where it was kept.
    pub sha256: Option<String>,
}

impl PartialEq for FileFacts {
    /// Equal digests are equal files; where one is not known the sizes have to do.
    fn eq(&self, other: &Self) -> bool {
        match (&self.sha256, &other.sha256) {
            (Some(a), Some(b)) => a == b,
            _ => self.size == other.size,
        }
    }
}

impl<T: Clone + PartialEq> Line<T> {
    /// Lines of every key that a column has, by key. A column that is `None` is not known, and differs from nobody.
    pub fn of(columns: Vec<Option<Vec<(String, T)>>>) -> Vec<Self> {
        let columns: Vec<Option<BTreeMap<String, T>>> =
            columns.into_iter().map(|column| column.map(|pairs| pairs.into_iter().collect())).collect();
        let keys: BTreeSet<&String> = columns.iter().flatten().flat_map(BTreeMap::keys).collect();
        let line = |key: &String| {
            let mut known = columns.iter().flatten().map(|column| column.get(key));
            let first = known.next();
            let differs = known.any(|value| Some(value) != first);
            let values = columns.iter().map(|column| column.as_ref()?.get(key).cloned()).collect();
            Self { key: key.clone(), values, differs }
        };
        keys.into_iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column<T>(pairs: Vec<(&str, T)>) -> Vec<(String, T)> {
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    #[test]
    fn a_value_that_one_lacks_is_a_difference_and_an_unknown_one_is_none() {
        let lines = Line::of(vec![Some(column(vec![("b", 1), ("a", 1)])), None, Some(column(vec![("a", 1)]))]);
        let facts: Vec<_> = lines.iter().map(|line| (line.key.as_str(), &line.values[..], line.differs)).collect();
        assert_eq!(facts, [("a", &[Some(1), None, Some(1)][..], false), ("b", &[Some(1), None, None], true)]);
    }

    #[test]
    fn the_same_nan_and_the_same_bytes_are_the_same() {
        assert_eq!(Number(f64::NAN), Number(f64::NAN));
        assert_ne!(Number(0.1), Number(0.1 + f64::EPSILON));
        let file = |size, sha256: Option<&str>| FileFacts { size: Some(size), sha256: sha256.map(Into::into) };
        assert_eq!(file(1, Some("a")), file(1, None));
        assert_ne!(file(1, Some("a")), file(1, Some("b")));
        assert_ne!(file(1, None), file(2, None));
    }
}
