//! Reading requests as MLflow does: bodies and query strings become [`Params`], from which a handler takes its fields
//! one by one, in the order in which MLflow checks them. The first that is missing or of the wrong type ends it.
//!
//! See `docs/api.md`, request bodies.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::names::json_ascii;
use domain::{Error, ErrorCode, KeyValue};
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::LengthLimitError;
use serde_json::{Map, Value};
use service::ArtifactOwner;

use crate::error::ApiError;

/// Largest body of a JSON request, in bytes.
pub const MAX_JSON_BODY: usize = 64 * 1024 * 1024;

/// How long the body of a request may take to arrive that is read as a whole.
const BODY_TIMEOUT: Duration = Duration::from_mins(5);

type Result<T, E = ApiError> = std::result::Result<T, E>;

/// The fields of a request, or of an object within one, that have not been read yet.
///
/// - A field may be spelled `snake_case` or `lowerCamelCase` in a body, but not both; a required one must be snake.
/// - `null` is the same as absent. Unknown fields are ignored.
/// - In a query string the first of repeated values is the scalar, all of them are the list.
#[derive(Debug, Default)]
pub(crate) struct Params {
    fields: Map<String, Value>,
    /// Where this object is in the request, such as `metrics[3].`; empty at the top.
    place: String,
    from_query: bool,
}

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        if matches!(*request.method(), Method::GET | Method::HEAD)
            && let Some(query) = request.uri().query().filter(|q| !q.is_empty())
        {
            return Ok(Self::from_query(query));
        }
        Self::from_body(&body(request).await?)
    }
}

/// Reads a whole JSON body, after checking that it says it is one.
pub(crate) async fn body(request: Request) -> Result<Bytes> {
    check_content_type(request.method(), request.headers())?;
    read_at_most(request.into_body(), MAX_JSON_BODY).await
}

fn check_content_type(method: &Method, headers: &HeaderMap) -> Result<()> {
    if !matches!(*method, Method::POST | Method::PUT) {
        return Ok(());
    }
    let Some(given) = headers.get(header::CONTENT_TYPE) else {
        return Err(ApiError::invalid("Bad Request. Content-Type header is missing."));
    };
    if given.to_str().is_ok_and(|t| t.split(';').next() == Some("application/json")) {
        return Ok(());
    }
    Err(ApiError::invalid("Bad Request. Content-Type must be one of ['application/json']."))
}

/// Reads a body. One that does not end has broken off: a sender whose machine died cannot say so.
pub(crate) async fn read_at_most(body: Body, limit: usize) -> Result<Bytes> {
    let read = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, limit)).await;
    let read = read.map_err(|_| ApiError::from(Error::new(ErrorCode::BadRequest, "The request body broke off.")))?;
    read.map_err(|error| {
        let too_long = std::error::Error::source(&error).is_some_and(<dyn std::error::Error>::is::<LengthLimitError>);
        if too_long {
            let message = format!("The request body is larger than {limit} bytes.");
            ApiError::with_status(StatusCode::PAYLOAD_TOO_LARGE, Error::new(ErrorCode::BadRequest, message))
        } else {
            Error::new(ErrorCode::BadRequest, "The request body broke off.").into()
        }
    })
}

/// Refuses paths and queries that carry a NUL character, which no database text can hold. Bodies: [`Params::from_body`].
pub(crate) async fn refuse_nul(request: Request, next: Next) -> Response {
    let uri = request.uri();
    if uri.path().contains("%00") || uri.query().is_some_and(|q| q.contains("%00")) {
        return nul().into_response();
    }
    next.run(request).await
}

fn nul() -> ApiError {
    ApiError::invalid("Bad Request. Text must not contain the character U+0000.")
}

/// Whether JSON text may contain a NUL character. Says yes too often (`\\u0000`), never too seldom.
pub(crate) fn may_have_nul(json: &[u8]) -> bool {
    json.contains(&b'\\') && json.windows(6).any(|w| w == br"\u0000")
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => fields.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        _ => false,
    }
}

impl Params {
    fn from_query(query: &str) -> Self {
        let mut fields = Map::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let value = Value::String(value.into_owned());
            match fields.get_mut(name.as_ref()) {
                None => _ = fields.insert(name.into_owned(), value),
                Some(Value::Array(all)) => all.push(value),
                Some(first) => *first = Value::Array(vec![first.take(), value]),
            }
        }
        Self { fields, place: String::new(), from_query: true }
    }

    /// Reads a JSON body. What is not JSON counts as an empty object; an object inside a JSON string is fine.
    pub(crate) fn from_body(bytes: &[u8]) -> Result<Self> {
        let mut value = serde_json::from_slice(bytes).unwrap_or(Value::Null);
        if let Value::String(inner) = &value {
            value = serde_json::from_str(inner).unwrap_or(Value::Bool(false));
        }
        let fields = match value {
            Value::Object(_) if may_have_nul(bytes) && has_nul(&value) => return Err(nul()),
            Value::Object(fields) => fields,
            Value::Null => Map::new(),
            _ => return Err(ApiError::invalid("Bad Request. The body must be a JSON object.")),
        };
        Ok(Self { fields, place: String::new(), from_query: false })
    }

    fn take(&mut self, name: &str) -> Result<Option<Value>> {
        #[cfg(test)]
        reading::note(&self.place, name, false);
        let mut value = self.fields.remove(name);
        if !self.from_query && name.contains('_') {
            let camel = camel_case(name);
            let other = self.fields.remove(&camel);
            if value.is_some() && other.is_some() {
                let message = format!("Request specifies both '{name}' and '{camel}'; provide only one of them.");
                return Err(ApiError::invalid(message));
            }
            value = value.or(other);
        }
        Ok(value.filter(|v| !v.is_null()))
    }

    fn scalar(&mut self, name: &str) -> Result<Option<Value>> {
        Ok(match self.take(name)? {
            Some(Value::Array(mut all)) if self.from_query => Some(all.swap_remove(0)),
            value => value,
        })
    }

    /// Ends with the missing-parameter error unless the field is there and not `""`.
    fn require(&self, name: &str) -> Result<()> {
        #[cfg(test)]
        reading::note(&self.place, name, true);
        match self.fields.get(name) {
            None | Some(Value::Null) => Err(self.missing(name)),
            Some(Value::String(text)) if text.is_empty() => Err(self.missing(name)),
            Some(_) => Ok(()),
        }
    }

    fn missing(&self, name: &str) -> ApiError {
        refused(&format!("Missing value for required parameter '{}{name}'.", self.place))
    }

    fn wrong(&self, name: &str, value: &Value) -> ApiError {
        wrong_value(&format!("{}{name}", self.place), value)
    }

    /// A text, if given.
    pub(crate) fn string(&mut self, name: &str) -> Result<Option<String>> {
        match self.scalar(name)? {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, &other)),
        }
    }

    /// A text; `""` if not given.
    pub(crate) fn text(&mut self, name: &str) -> Result<String> {
        Ok(self.string(name)?.unwrap_or_default())
    }

    /// A text that must be given and not empty.
    pub(crate) fn required_string(&mut self, name: &str) -> Result<String> {
        self.require(name)?;
        self.text(name)
    }

    /// A whole number, if given: a number, or its decimal text.
    pub(crate) fn int64(&mut self, name: &str) -> Result<Option<i64>> {
        let Some(value) = self.scalar(name)? else { return Ok(None) };
        integer(&value).map(Some).ok_or_else(|| self.wrong(name, &value))
    }

    /// A whole number, if given, that must not be greater than `limit`.
    pub(crate) fn int64_at_most(&mut self, name: &str, limit: i64) -> Result<Option<i64>> {
        let Some(value) = self.scalar(name)? else { return Ok(None) };
        integer(&value).filter(|n| *n <= limit).map(Some).ok_or_else(|| self.wrong(name, &value))
    }

    /// A whole number that must be given.
    pub(crate) fn required_int64(&mut self, name: &str) -> Result<i64> {
        self.require(name)?;
        self.int64(name)?.ok_or_else(|| self.missing(name))
    }

    /// A number that must be given; `"NaN"` and the infinities by name.
    pub(crate) fn required_double(&mut self, name: &str) -> Result<f64> {
        self.require(name)?;
        let value = self.scalar(name)?.unwrap_or_default();
        double(&value).ok_or_else(|| self.wrong(name, &value))
    }

    /// A truth value, if given.
    pub(crate) fn bool(&mut self, name: &str) -> Result<Option<bool>> {
        match self.scalar(name)? {
            None => Ok(None),
            Some(Value::Bool(given)) => Ok(Some(given)),
            Some(Value::String(text)) if self.from_query => {
                if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
                    return Ok(Some(text.eq_ignore_ascii_case("true")));
                }
                Err(ApiError::invalid(format!("Invalid boolean value: {text}, must be 'true' or 'false'.")))
            }
            Some(other) => Err(self.wrong(name, &other)),
        }
    }

    /// One of an enumeration's values, by name or number; an unknown name counts as absent.
    pub(crate) fn choice<T>(
        &mut self,
        name: &str,
        by_name: impl FnOnce(&str) -> Option<T>,
        by_number: impl FnOnce(i64) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(value) = self.scalar(name)? else { return Ok(None) };
        if let Value::String(text) = &value
            && integer(&value).is_none()
        {
            return Ok(by_name(text));
        }
        integer(&value).and_then(by_number).map(Some).ok_or_else(|| self.wrong(name, &value))
    }

    /// As [`Params::choice`], but a name that is given must be known.
    pub(crate) fn known_choice<T>(
        &mut self,
        name: &str,
        by_name: impl FnOnce(&str) -> Option<T>,
        by_number: impl FnOnce(i64) -> Option<T>,
    ) -> Result<Option<T>> {
        let given = self.fields.get(name).cloned().unwrap_or_default();
        if given.is_null() {
            return Ok(None);
        }
        self.choice(name, by_name, by_number)?.map(Some).ok_or_else(|| self.wrong(name, &given))
    }

    /// As [`Params::choice`], but a value must be given, and known.
    pub(crate) fn required_choice<T>(
        &mut self,
        name: &str,
        by_name: impl FnOnce(&str) -> Option<T>,
        by_number: impl FnOnce(i64) -> Option<T>,
    ) -> Result<T> {
        self.require(name)?;
        self.known_choice(name, by_name, by_number)?.ok_or_else(|| self.missing(name))
    }

    fn list(&mut self, name: &str) -> Result<Vec<Value>> {
        match self.take(name)? {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => Ok(items),
            Some(value @ Value::String(_)) if self.from_query => Ok(vec![value]),
            Some(other) => Err(self.wrong(name, &other)),
        }
    }

    /// Texts; none if not given.
    pub(crate) fn strings(&mut self, name: &str) -> Result<Vec<String>> {
        let items = self.list(name)?;
        if items.iter().all(Value::is_string) {
            return Ok(items.into_iter().filter_map(into_text).collect());
        }
        Err(self.wrong(name, &Value::Array(items)))
    }

    /// Texts that must be given, if only as an empty list.
    pub(crate) fn required_strings(&mut self, name: &str) -> Result<Vec<String>> {
        self.require(name)?;
        self.strings(name)
    }

    /// Objects; none if not given.
    pub(crate) fn objects(&mut self, name: &str) -> Result<Vec<Self>> {
        let items = self.list(name)?.into_iter().enumerate();
        items.map(|(i, item)| self.nested(&format!("{name}[{i}]"), item)).collect()
    }

    /// Objects that must be given, if only as an empty list.
    pub(crate) fn required_objects(&mut self, name: &str) -> Result<Vec<Self>> {
        self.require(name)?;
        self.objects(name)
    }

    /// An object; an empty one if not given.
    pub(crate) fn object(&mut self, name: &str) -> Result<Self> {
        let value = self.take(name)?.unwrap_or_else(|| Value::Object(Map::new()));
        self.nested(name, value)
    }

    /// An object, if given.
    pub(crate) fn optional_object(&mut self, name: &str) -> Result<Option<Self>> {
        self.take(name)?.map(|value| self.nested(name, value)).transpose()
    }

    fn nested(&self, name: &str, value: Value) -> Result<Self> {
        match value {
            Value::Object(fields) => Ok(Self { fields, place: format!("{}{name}.", self.place), from_query: false }),
            other => Err(self.wrong(name, &other)),
        }
    }

    /// A list of `{"key", "value"}`, each `""` if not given.
    pub(crate) fn pairs(&mut self, name: &str) -> Result<Vec<KeyValue>> {
        let read = |mut pair: Self| Ok(KeyValue { key: pair.text("key")?, value: pair.text("value")? });
        self.objects(name)?.into_iter().map(read).collect()
    }

    /// A list of `{"key", "value"}` of which every key must be given.
    pub(crate) fn keyed_pairs(&mut self, name: &str) -> Result<Vec<KeyValue>> {
        let read = |mut pair: Self| Ok(KeyValue { key: pair.required_string("key")?, value: pair.text("value")? });
        self.objects(name)?.into_iter().map(read).collect()
    }

    /// Whose artifacts are asked for: `run_id`, `model_id`, or `name` with `version`.
    pub(crate) fn artifact_owner(&mut self) -> Result<ArtifactOwner> {
        let (run_id, model_id) = (self.text("run_id")?, self.text("model_id")?);
        let (name, version) = (self.text("name")?, self.text("version")?);
        match [run_id.is_empty(), model_id.is_empty(), name.is_empty()] {
            [false, true, true] => Ok(ArtifactOwner::Run(run_id)),
            [true, false, true] => Ok(ArtifactOwner::LoggedModel(model_id)),
            [true, true, false] => Ok(ArtifactOwner::Version { name, version }),
            _ => Err(ApiError::invalid("Exactly one of run_id, model_id and name must be provided.")),
        }
    }

    /// The run's id, under its name or its old name `run_uuid`.
    pub(crate) fn run_id(&mut self) -> Result<String> {
        let id = self.run_id_only()?;
        if id.is_empty() { self.text("run_uuid") } else { Ok(id) }
    }

    /// The run's id where MLflow reads `run_id` alone: `run_uuid` makes up for its absence, but not for its value.
    pub(crate) fn run_id_only(&mut self) -> Result<String> {
        let absent = self.fields.get("run_id").is_none_or(Value::is_null);
        let old = self.fields.get("run_uuid").and_then(Value::as_str).is_some_and(|id| !id.is_empty());
        if !(absent && old) {
            self.require("run_id")?;
        }
        self.text("run_id")
    }
}

/// A refusal of the transport's: MLflow ends these with a hint at its documentation.
pub(crate) fn refused(message: &str) -> ApiError {
    ApiError::invalid(format!("{message} See the API docs for more information about request parameters."))
}

fn wrong_value(path: &str, value: &Value) -> ApiError {
    let mut json = String::new();
    write_json(value, &mut json);
    let kind = match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    };
    refused(&format!("Invalid value {json} for parameter '{path}' supplied:  Hint: Value was of type '{kind}'."))
}

/// Compact JSON with sorted keys, in ASCII, as MLflow prints values.
fn write_json(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                out.push(if i == 0 { '[' } else { ',' });
                write_json(item, out);
            }
            out.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(key, _)| *key);
            for (i, (key, item)) in fields.iter().enumerate() {
                out.push(if i == 0 { '{' } else { ',' });
                out.push_str(&json_ascii(key));
                out.push(':');
                write_json(item, out);
            }
            out.push_str(if fields.is_empty() { "{}" } else { "}" });
        }
        Value::String(text) => out.push_str(&json_ascii(text)),
        plain => out.push_str(&plain.to_string()),
    }
}

fn into_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn integer(value: &Value) -> Option<i64> {
    /// 2⁶³, the first double beyond the range.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked, and there is no fraction")]
    let whole = |f: f64| (f.fract() == 0.0 && (-LIMIT..LIMIT).contains(&f)).then_some(f as i64);
    match value {
        Value::String(text) => text.parse().ok().or_else(|| whole(text.parse().ok()?)),
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        _ => None,
    }
}

fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
        // Lower-case `nan` is the one spelling that MLflow refuses.
        Value::String(text) if text != "nan" => text.trim().parse().ok(),
        _ => None,
    }
}

/// `run_id` → `runId`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut chars = word.chars();
        camel.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        camel.push_str(chars.as_str());
    }
    camel
}

/// Which fields a handler reads, for the test of their description.
#[cfg(test)]
pub(crate) mod reading {
    use std::cell::RefCell;
    use std::collections::BTreeSet;
    use std::mem::take;

    thread_local! {
        static READ: RefCell<(BTreeSet<String>, BTreeSet<String>)> = RefCell::default();
    }

    /// Notes a field by its place in the request, with no numbers of lists.
    pub(super) fn note(place: &str, name: &str, required: bool) {
        let place: String = place.split('[').map(|part| part.split_once(']').map_or(part, |(_, rest)| rest)).collect();
        READ.with_borrow_mut(|(all, needed)| {
            let set = if required { needed } else { all };
            set.insert(format!("{place}{name}"));
        });
    }

    /// All fields that were looked for since the last call on this thread, and those that must be given.
    pub(crate) fn end() -> (BTreeSet<String>, BTreeSet<String>) {
        READ.with_borrow_mut(take)
    }
}
