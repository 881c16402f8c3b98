//! Page tokens: base64 of `{"offset": N}`, as MLflow writes and reads them, and for searches also where the last row of
//! the page before stands in their order.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use domain::names::python_repr;
use domain::{Error, Page, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::search::Place;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The token of the page that starts after `offset` items.
pub(crate) fn encode(offset: i64) -> String {
    BASE64.encode(format!("{{\"offset\": {offset}}}"))
}

/// How many items stand before a page; none or an empty token is the first page.
pub(crate) fn decode(token: Option<&str>) -> Result<i64> {
    let Some(token) = token.filter(|t| !t.is_empty()) else { return Ok(0) };
    // Python's decoder skips what is not of the alphabet.
    let letters: Vec<u8> =
        token.bytes().filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')).collect();
    let bytes = BASE64.decode(letters).map_err(|_| Error::invalid("Invalid page token, could not base64-decode"))?;
    let Ok(value) = serde_json::from_slice::<Value>(&bytes) else {
        return Err(Error::invalid(format!("Invalid page token, decoded value={}", bytes_repr(&bytes))));
    };
    let offset = match value.get("offset") {
        None | Some(Value::Null | Value::Bool(false)) => None,
        Some(Value::String(text)) if text.is_empty() => None,
        Some(Value::Number(number)) if number.as_f64() == Some(0.0) => None,
        Some(offset) => Some(offset),
    };
    let Some(offset) = offset else {
        return Err(Error::invalid(format!("Invalid page token, parsed value={}", repr(&value))));
    };
    let number = match offset {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let text = || offset.as_str().map_or_else(|| repr(offset), str::to_owned);
    number.filter(|n| *n > 0).ok_or_else(|| Error::invalid(format!("Invalid page token, not stringable {}", text())))
}

/// The place of the row before a page, from a token that [`decode`] takes. What is none counts as not known.
pub(crate) fn decode_last(token: Option<&str>) -> Option<Place> {
    let bytes = BASE64.decode(token?).ok()?;
    serde_json::from_slice::<Token>(&bytes).ok().map(|token| token.last)
}

/// The token of the page that starts after `offset` items, of which the last stands there in the search's order.
pub(crate) fn encode_last(offset: i64, last: Place) -> String {
    BASE64.encode(serde_json::to_vec(&Token { offset, last }).unwrap_or_default())
}

#[derive(Serialize, Deserialize)]
struct Token {
    offset: i64,
    last: Place,
}

/// The page of `size` items that starts after `offset`, of items of which one more than `size` was asked for.
pub(crate) fn page<T>(mut items: Vec<T>, offset: i64, size: i64) -> Page<T> {
    let fits = usize::try_from(size).unwrap_or(usize::MAX);
    let next_page_token = (items.len() > fits).then(|| encode(offset.saturating_add(size)));
    items.truncate(fits);
    Page { items, next_page_token }
}

/// Where a page that follows others begins: the place of the last item before it, in a list that is read by place. Such
/// pages neither repeat nor miss an item when others are added.
pub(crate) fn place<const N: usize>(token: Option<&str>) -> Result<Option<[i64; N]>> {
    let Some(token) = token.filter(|t| !t.is_empty()) else { return Ok(None) };
    let place = BASE64.decode(token).ok().and_then(|bytes| serde_json::from_slice::<Vec<i64>>(&bytes).ok());
    let place = place.and_then(|place| place.try_into().ok());
    place.map(Some).ok_or_else(|| Error::invalid("Invalid page token: it is none of this list's."))
}

/// The page of `size` items, of which one more than `size` was asked for; `place` is an item's place for [`place`].
pub(crate) fn page_by_place<T, const N: usize>(mut items: Vec<T>, size: i64, place: fn(&T) -> [i64; N]) -> Page<T> {
    let fits = usize::try_from(size).unwrap_or(usize::MAX);
    let more = items.len() > fits;
    items.truncate(fits);
    let last = items.last().filter(|_| more);
    let next_page_token = last.map(|last| BASE64.encode(serde_json::json!(place(last).as_slice()).to_string()));
    Page { items, next_page_token }
}

/// Bytes as Python prints them.
fn bytes_repr(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut out = format!("b{quote}");
    for byte in bytes {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b'\'' if quote == '\'' => out.push_str("\\'"),
            b' '..=b'~' => out.push(char::from(*byte)),
            other => {
                // Writing to a string can't fail.
                let _ = write!(out, "\\x{other:02x}");
            }
        }
    }
    out.push(quote);
    out
}

/// A JSON value as Python prints it.
fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => python_repr(text),
        Value::Array(items) => format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields: Vec<_> = fields.iter().map(|(k, v)| format!("{}: {}", python_repr(k), repr(v))).collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(json: &str) -> String {
        BASE64.encode(json)
    }

    #[test]
    fn tokens_are_mlflows() {
        assert_eq!(encode(1000), "eyJvZmZzZXQiOiAxMDAwfQ==");
        assert_eq!(decode(Some("eyJvZmZzZXQiOiAxMDAwfQ==")), Ok(1000));
        assert_eq!(decode(Some(&token("{\"offset\": \"5\"}"))), Ok(5));
        assert_eq!(decode(Some("")), Ok(0));
        assert_eq!(decode(None), Ok(0));
    }

    #[test]
    fn broken_tokens_are_refused_in_mlflows_words() {
        for (token, message) in [
            ("abc".to_owned(), "Invalid page token, could not base64-decode"),
            (token("it's"), "Invalid page token, decoded value=b\"it's\""),
            (token("{\"offset\": 0}"), "Invalid page token, parsed value={'offset': 0}"),
            (token("{}"), "Invalid page token, parsed value={}"),
            (token("[1]"), "Invalid page token, parsed value=[1]"),
            (token("{\"offset\": \"x\"}"), "Invalid page token, not stringable x"),
            (token("{\"offset\": -3}"), "Invalid page token, not stringable -3"),
        ] {
            assert_eq!(decode(Some(&token)).unwrap_err(), Error::invalid(message));
        }
    }

    #[test]
    fn a_page_by_place_leads_to_the_next() {
        let page = page_by_place(vec![(9, 1), (8, 2), (7, 3)], 2, |&(a, b)| [a, b]);
        assert_eq!(page.items, [(9, 1), (8, 2)]);
        assert_eq!(place(page.next_page_token.as_deref()), Ok(Some([8, 2])));
        assert_eq!(page_by_place(vec![1, 2], 2, |&n| [n]).next_page_token, None);
        assert_eq!(place::<1>(Some("")), Ok(None));
        for token in ["x", &encode(3), &token("[1, 2]"), &token("[\"a\"]")] {
            place::<1>(Some(token)).expect_err(token);
        }
    }

    #[test]
    fn a_page_has_a_token_only_if_more_follow() {
        assert_eq!(page(vec![1, 2, 3], 4, 2), Page { items: vec![1, 2], next_page_token: Some(encode(6)) });
        assert_eq!(page(vec![1, 2], 4, 2), Page { items: vec![1, 2], next_page_token: None });
    }
}
