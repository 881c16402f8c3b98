//! Successful answers: always 200, always a JSON object.

use std::io::{self, Write as _};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use domain::{Error, Page};
use futures::Stream;
use http::{HeaderValue, header};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::error::ApiError;
use crate::wire::{List, Wire};

/// What a handler gives back.
pub(crate) type Answer = Result<Response, ApiError>;

/// `{}`.
#[expect(clippy::unnecessary_wraps, reason = "a handler ends with it as with the others")]
pub(crate) fn done() -> Answer {
    Ok(as_json("{}"))
}

/// Any JSON, written straight from the borrowed shape.
pub(crate) fn json<T: Serialize>(body: &T) -> Answer {
    let bytes = serde_json::to_vec(body).map_err(|cause| {
        tracing::error!(%cause, "an answer could not be written as JSON");
        Error::internal()
    })?;
    Ok(as_json(bytes))
}

/// `{name: value}`.
pub(crate) fn value<T: Serialize>(name: &'static str, value: &T) -> Answer {
    json(&Named { name, value: Some(value), next_page_token: None })
}

/// `{name: entity}`.
pub(crate) fn one<T: Wire>(name: &'static str, entity: &T) -> Answer {
    value(name, &entity.shape())
}

/// `{name: [entities]}`, or `{}` if there are none.
pub(crate) fn list<T: Wire>(name: &'static str, entities: &[T]) -> Answer {
    let items = List(entities);
    json(&Named { name, value: (!entities.is_empty()).then_some(&items), next_page_token: None })
}

/// As [`list`], with the `next_page_token` if there is a next page.
pub(crate) fn page<T: Wire>(name: &'static str, page: &Page<T>) -> Answer {
    let items = List(&page.items);
    let value = (!page.items.is_empty()).then_some(&items);
    json(&Named { name, value, next_page_token: page.next_page_token.as_deref() })
}

/// A part of what [`page`] would write, of a list that is sent piece by piece.
pub(crate) fn list_part<T: Wire>(
    name: &'static str,
    items: &Page<T>,
    is_first: bool,
    is_last: bool,
) -> serde_json::Result<Vec<u8>> {
    let mut part = Vec::new();
    if is_first {
        write!(part, "{{\"{name}\":[").map_err(serde_json::Error::io)?;
    } else if !items.items.is_empty() {
        part.push(b',');
    }
    let list = part.len();
    serde_json::to_writer(&mut part, &List(&items.items))?;
    // Without its brackets: they stand around all parts.
    part.pop();
    part.remove(list);
    if is_last {
        part.push(b']');
        if let Some(token) = &items.next_page_token {
            part.extend(b",\"next_page_token\":");
            serde_json::to_writer(&mut part, token)?;
        }
        part.push(b'}');
    }
    Ok(part)
}

/// JSON that is made while it is sent.
pub(crate) fn streamed(parts: impl Stream<Item = io::Result<Vec<u8>>> + Send + 'static) -> Response {
    as_json(Body::from_stream(parts))
}

fn as_json(body: impl IntoResponse) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}

struct Named<'a, T> {
    name: &'static str,
    value: Option<&'a T>,
    next_page_token: Option<&'a str>,
}

impl<T: Serialize> Serialize for Named<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        if let Some(value) = self.value {
            object.serialize_entry(self.name, value)?;
        }
        if let Some(token) = self.next_page_token {
            object.serialize_entry("next_page_token", token)?;
        }
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use domain::Tag;

    use super::*;

    #[test]
    fn parts_make_the_whole() {
        let tags = |keys: &[&str], token: Option<&str>| Page {
            items: keys.iter().map(|key| Tag { key: (*key).to_owned(), value: String::new() }).collect(),
            next_page_token: token.map(str::to_owned),
        };
        let whole = |parts: &[Page<Tag>]| {
            let last = parts.len() - 1;
            let parts = parts.iter().enumerate().map(|(i, part)| list_part("tags", part, i == 0, i == last).unwrap());
            String::from_utf8(parts.flatten().collect()).unwrap()
        };
        let [a, b] = [r#"{"key":"a","value":""}"#, r#"{"key":"b","value":""}"#];
        assert_eq!(whole(&[tags(&["a", "b"], None)]), format!(r#"{{"tags":[{a},{b}]}}"#));
        assert_eq!(whole(&[tags(&["a"], None), tags(&[], None)]), format!(r#"{{"tags":[{a}]}}"#));
        let paged = [tags(&["a"], None), tags(&["b"], Some("t\""))];
        assert_eq!(whole(&paged), format!(r#"{{"tags":[{a},{b}],"next_page_token":"t\""}}"#));
    }
}
