//! The elements of an order, such as `metrics.loss DESC`.

use super::grammar::Identifier;
use super::lexer::{self, Kind};
use super::{MAX_ORDER_KEYS, OrderKey};
use crate::names::python_repr;
use crate::{Error, Result};

/// One element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clause<'a> {
    pub(super) name: Identifier<'a>,
    ascending: bool,
}

/// Reads one element.
fn parse(text: &str) -> Result<Clause<'_>> {
    let unreadable = || Error::invalid(format!("Invalid order_by clause '{text}'. Could not be parsed."));
    let tokens = lexer::tokens(text);
    let (name, direction) = match tokens.as_slice() {
        [name] => (name, None),
        [name, direction] => (name, Some(direction)),
        _ => return Err(unreadable()),
    };
    if !matches!(name.kind, Kind::Name | Kind::Double) {
        return Err(unreadable());
    }
    let ascending = match direction {
        None => true,
        Some(word) if word.is_word("asc") => true,
        Some(word) if word.is_word("desc") => false,
        Some(word) if word.kind == Kind::Name => {
            return Err(Error::invalid(format!("Invalid ordering key in order_by clause '{text}'.")));
        }
        Some(_) => return Err(unreadable()),
    };
    Ok(Clause { name: Identifier::new(name.text), ascending })
}

/// Reads every element; `key` judges what is ordered by. Where `once`, the same key twice is refused.
pub(super) fn parse_all<T: PartialEq>(
    clauses: &[String],
    once: bool,
    key: impl Fn(Clause<'_>) -> Result<T>,
) -> Result<Vec<OrderKey<T>>> {
    if clauses.len() > MAX_ORDER_KEYS {
        return Err(Error::invalid(format!(
            "Invalid order_by. It has {} clauses; at most {MAX_ORDER_KEYS} are allowed.",
            clauses.len()
        )));
    }
    let mut keys: Vec<OrderKey<T>> = Vec::with_capacity(clauses.len());
    for text in clauses {
        let clause = parse(text)?;
        let by = key(clause)?;
        if once && keys.iter().any(|earlier| earlier.by == by) {
            let list: Vec<_> = clauses.iter().map(|text| python_repr(text)).collect();
            return Err(Error::invalid(format!("`order_by` contains duplicate fields: [{}]", list.join(", "))));
        }
        keys.push(OrderKey { by, ascending: clause.ascending });
    }
    Ok(keys)
}
