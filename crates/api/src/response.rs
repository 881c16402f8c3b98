//! Successful answers: always 200, always a JSON object.

use axum::response::{IntoResponse, Response};
use domain::{Error, Page};
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
