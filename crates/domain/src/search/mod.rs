//! MLflow's search language: filters and orders, as typed trees.
//!
//! There is one grammar ([`grammar`]); each entity has its own keys, operators and wording of errors, and a tree of its
//! own, which the store turns into SQL. The web UI reads what people type with the same functions.
//!
//! ```text
//! filter     := [AND] comparison { [AND] comparison } [AND]
//! comparison := identifier operator value
//!             | identifier IS [NOT] NULL
//!             | identifier [NOT] IN ( 'text' {, 'text'} [,] )
//! identifier := [ entity "." ] key
//! key        := bare | `any text` | "any text" | 'any text'
//! value      := number | 'text' | "text"
//! ```

mod grammar;
mod lexer;
mod order_by;

pub mod experiments;
pub mod logged_models;
pub mod model_versions;
pub mod registered_models;
pub mod runs;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

/// Longest filter, in bytes.
pub const MAX_FILTER_BYTES: usize = 64 * 1024;
/// Most comparisons in a filter. The language does not nest, so that this bounds its depth as well.
pub const MAX_COMPARISONS: usize = 200;
/// Longest pattern of `LIKE` and `ILIKE`, in characters. SQLite takes patterns of 50,000 bytes, and ten of them may be
/// needed to say that a letter's case does not matter.
pub const MAX_PATTERN_CHARS: usize = 5_000;
/// Most keys of an order.
pub const MAX_ORDER_KEYS: usize = 32;

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparator {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// A number as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Number {
    /// Without a point, and within 64 bits.
    Int(i64),
    /// Any other; infinite when it was written larger than doubles are.
    Float(f64),
}

impl Number {
    /// The nearest double.
    #[expect(clippy::cast_precision_loss, reason = "metric values are doubles")]
    pub const fn as_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

/// What a number has to be like.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberTest {
    /// How it is compared.
    pub comparator: Comparator,
    /// What with.
    pub value: Number,
}

/// What a text has to be like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TextTest {
    /// This very text.
    Eq(String),
    /// Any other text.
    Ne(String),
    /// The whole text matches the pattern: `%` is any run of characters, `_` any one; nothing escapes them.
    Like(String),
    /// As [`TextTest::Like`], in any letter case.
    ILike(String),
    /// One of these, of which there is at least one.
    In(Vec<String>),
    /// None of these, of which there is at least one.
    NotIn(Vec<String>),
}

impl TextTest {
    /// Whether a text passes.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Eq(value) => text == value,
            Self::Ne(value) => text != value,
            Self::Like(pattern) => like(text, pattern),
            Self::ILike(pattern) => like(&text.to_lowercase(), &pattern.to_lowercase()),
            Self::In(values) => values.iter().any(|value| value == text),
            Self::NotIn(values) => values.iter().all(|value| value != text),
        }
    }
}

/// What a tag or param has to be like. One that is not there passes [`ValueTest::Missing`] only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ValueTest {
    /// It is there, and its value passes.
    Text(TextTest),
    /// It is not there: `IS NULL`.
    Missing,
    /// It is there: `IS NOT NULL`.
    Present,
}

/// One key of an order; missing values are last in either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderKey<T> {
    /// What is ordered by.
    pub by: T,
    /// Whether small values are first.
    pub ascending: bool,
}

/// Matches the whole text, in time that is at worst the product of both lengths.
fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut t, mut p) = (0, 0);
    // Where the last `%` was, and how far the text had come then.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('%') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '_' || c == text[t] => {
                t += 1;
                p += 1;
            }
            _ => {
                let Some((at, taken)) = star else { return false };
                star = Some((at, taken + 1));
                t = taken + 1;
                p = at + 1;
            }
        }
    }
    pattern[p..].iter().all(|&c| c == '%')
}
