//! The words in which endpoints are described, and how they become `OpenAPI`.

use http::Method;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Content, Ref, RefOr, Required, Response, ResponseBuilder, ResponsesBuilder, Schema};

/// The type of a field, a body or an answer.
pub(super) type Kind = RefOr<Schema>;

/// A field of a request, which may be left out, or of an answer, which is always there; unless it says otherwise.
#[derive(Clone)]
pub(super) struct Field {
    name: &'static str,
    kind: Kind,
    required: Option<bool>,
}

pub(super) fn field(name: &'static str, kind: impl Into<Kind>) -> Field {
    Field { name, kind: kind.into(), required: None }
}

/// Must be given.
pub(super) fn required(field: Field) -> Field {
    Field { required: Some(true), ..field }
}

/// May be missing.
pub(super) fn optional(field: Field) -> Field {
    Field { required: Some(false), ..field }
}

pub(super) fn text(name: &'static str) -> Field {
    field(name, string())
}

pub(super) fn texts(name: &'static str) -> Field {
    list(name, string())
}

pub(super) fn int(name: &'static str) -> Field {
    field(name, integer())
}

pub(super) fn flag(name: &'static str) -> Field {
    field(name, simple(Type::Boolean))
}

pub(super) fn choice<V: AsRef<str>>(name: &'static str, values: &[V]) -> Field {
    field(name, ObjectBuilder::new().schema_type(Type::String).enum_values(Some(values.iter().map(AsRef::as_ref))))
}

/// Something that has a schema of its own.
pub(super) fn one(name: &'static str, schema: &str) -> Field {
    field(name, of(schema))
}

pub(super) fn list(name: &'static str, item: impl Into<Kind>) -> Field {
    field(name, ArrayBuilder::new().items(item.into()))
}

/// Several things that have a schema of their own.
pub(super) fn all(name: &'static str, schema: &str) -> Field {
    list(name, of(schema))
}

/// Tags or params in a request.
pub(super) fn pairs(name: &'static str) -> Field {
    list(name, asked(&[text("key"), text("value")]))
}

/// As [`pairs`], where every key must be given.
pub(super) fn keyed_pairs(name: &'static str) -> Field {
    list(name, asked(&[required(text("key")), text("value")]))
}

pub(super) fn string() -> Kind {
    simple(Type::String)
}

pub(super) fn integer() -> Kind {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(i64::MIN))
        .maximum(Some(i64::MAX))
        .into()
}

/// A double; NaN and the infinities by name.
pub(super) fn double() -> Kind {
    let names = ["NaN", "Infinity", "-Infinity"];
    let name = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names));
    AnyOfBuilder::new().item(simple(Type::Number)).item(name).into()
}

/// What is of a kind, or null.
pub(super) fn or_null(kind: impl Into<Kind>) -> Kind {
    AnyOfBuilder::new().item(kind).item(simple(Type::Null)).into()
}

/// Names with texts.
pub(super) fn headers() -> Kind {
    ObjectBuilder::new().additional_properties(Some(AdditionalProperties::RefOr(string()))).into()
}

/// Any JSON object.
pub(super) fn any_object() -> Kind {
    ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(true))).into()
}

pub(super) fn of(schema: &str) -> Kind {
    Ref::from_schema_name(schema).into()
}

fn simple(kind: Type) -> Kind {
    ObjectBuilder::new().schema_type(SchemaType::new(kind)).into()
}

/// An object in a request: what it has more is ignored.
pub(super) fn asked(fields: &[Field]) -> Kind {
    object(fields, false).into()
}

/// An object in an answer: it has nothing more.
pub(super) fn told(fields: &[Field]) -> Kind {
    object(fields, true).additional_properties(Some(AdditionalProperties::FreeForm(false))).into()
}

fn object(fields: &[Field], required: bool) -> ObjectBuilder {
    fields.iter().fold(ObjectBuilder::new(), |object, field| {
        let object = object.property(field.name, field.kind.clone());
        if field.required.unwrap_or(required) { object.required(field.name) } else { object }
    })
}

enum Body {
    Nothing,
    Json(Vec<Field>),
    Bytes,
}

enum Answer {
    Json(Box<Kind>),
    Media(&'static str),
    Empty,
}

/// One endpoint of the table.
pub(super) struct Described {
    pub(super) method: Method,
    /// As in the table.
    pub(super) path: &'static str,
    summary: &'static str,
    query: Vec<Field>,
    body: Body,
    answer: Answer,
    errors: Vec<u16>,
}

fn described(method: Method, path: &'static str, summary: &'static str) -> Described {
    let errors = vec![400, 404, 500, 503];
    Described {
        method,
        path,
        summary,
        query: vec![],
        body: Body::Nothing,
        answer: Answer::Json(Box::new(told(&[]))),
        errors,
    }
}

pub(super) fn get(path: &'static str, summary: &'static str) -> Described {
    described(Method::GET, path, summary)
}

pub(super) fn post(path: &'static str, summary: &'static str) -> Described {
    described(Method::POST, path, summary)
}

pub(super) fn put(path: &'static str, summary: &'static str) -> Described {
    described(Method::PUT, path, summary)
}

pub(super) fn patch(path: &'static str, summary: &'static str) -> Described {
    described(Method::PATCH, path, summary)
}

pub(super) fn delete(path: &'static str, summary: &'static str) -> Described {
    described(Method::DELETE, path, summary)
}

impl Described {
    /// What it is asked with: in the query of a GET, in the JSON body of the others.
    pub(super) fn takes<const N: usize>(self, fields: [Field; N]) -> Self {
        if self.method == Method::GET {
            return self.query(fields);
        }
        Self { body: Body::Json(fields.into()), ..self }.fails(413)
    }

    pub(super) fn query<const N: usize>(self, fields: [Field; N]) -> Self {
        Self { query: fields.into(), ..self }
    }

    pub(super) fn takes_bytes(self) -> Self {
        Self { body: Body::Bytes, ..self }.fails(507)
    }

    /// An object of these fields; without this it is an empty one.
    #[expect(clippy::needless_pass_by_value, reason = "the descriptions read better without references")]
    pub(super) fn answers<const N: usize>(self, fields: [Field; N]) -> Self {
        Self { answer: Answer::Json(Box::new(told(&fields))), ..self }
    }

    pub(super) fn answers_with(self, kind: Kind) -> Self {
        Self { answer: Answer::Json(Box::new(kind)), ..self }
    }

    /// A page of a list.
    pub(super) fn pages(self, name: &'static str, schema: &str) -> Self {
        self.answers([optional(all(name, schema)), optional(text("next_page_token"))])
    }

    pub(super) fn answers_bytes(self) -> Self {
        Self { answer: Answer::Media("*/*"), ..self }.fails(416).fails(501)
    }

    pub(super) fn answers_media(self, media: &'static str) -> Self {
        Self { answer: Answer::Media(media), ..self }
    }

    pub(super) fn answers_text(self, media: &'static str) -> Self {
        Self { answer: Answer::Media(media), errors: vec![], ..self }
    }

    pub(super) fn answers_nothing(self) -> Self {
        Self { answer: Answer::Empty, ..self }
    }

    /// Says that it may be answered with this status, too.
    pub(super) fn fails(mut self, status: u16) -> Self {
        self.errors.push(status);
        self
    }

    pub(super) fn http_method(&self) -> HttpMethod {
        match self.method {
            Method::POST => HttpMethod::Post,
            Method::PUT => HttpMethod::Put,
            Method::PATCH => HttpMethod::Patch,
            Method::DELETE => HttpMethod::Delete,
            _ => HttpMethod::Get,
        }
    }

    /// As `OpenAPI` has it, in a group of endpoints.
    pub(super) fn operation(&self, group: &str) -> Operation {
        let responses = self.errors.iter().fold(ResponsesBuilder::new(), |responses, status| {
            responses.response(status.to_string(), RefOr::Ref(Ref::from_response_name(error_name(*status))))
        });
        let id: Vec<&str> =
            self.path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let responses = match self.answer {
            Answer::Media("*/*") => responses.response("206", self.success()),
            _ => responses,
        };
        OperationBuilder::new()
            .tag(group)
            .summary(Some(self.summary))
            .operation_id(Some(format!("{}_{}", self.method.as_str().to_ascii_lowercase(), id.join("_"))))
            .parameters(Some(self.parameters()))
            .request_body(self.request_body())
            .responses(responses.response("200", self.success()).build())
            .build()
    }

    fn parameters(&self) -> impl Iterator<Item = Parameter> {
        let in_path = self.path.split('/').filter_map(|segment| {
            let name = segment.strip_prefix('{')?.strip_suffix('}')?;
            let kind = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1));
            Some(parameter(ParameterIn::Path, name.trim_start_matches('*'), true, kind.into()))
        });
        let in_query = self.query.iter();
        let in_query =
            in_query.map(|f| parameter(ParameterIn::Query, f.name, f.required.unwrap_or(false), f.kind.clone()));
        in_path.chain(in_query)
    }

    fn request_body(&self) -> Option<RequestBody> {
        let body = RequestBodyBuilder::new().required(Some(Required::True));
        match &self.body {
            Body::Nothing => None,
            Body::Json(fields) => Some(body.content("application/json", Content::new(Some(asked(fields)))).build()),
            Body::Bytes => Some(body.content("application/octet-stream", Content::new(None::<Kind>)).build()),
        }
    }

    fn success(&self) -> Response {
        let response = ResponseBuilder::new().description("Done.");
        match &self.answer {
            Answer::Empty => response.build(),
            Answer::Json(kind) => response.content("application/json", Content::new(Some(Kind::clone(kind)))).build(),
            Answer::Media(media) => response.content(*media, Content::new(None::<Kind>)).build(),
        }
    }
}

fn parameter(place: ParameterIn, name: &str, required: bool, kind: Kind) -> Parameter {
    let required = if required { Required::True } else { Required::False };
    ParameterBuilder::new().name(name).parameter_in(place).required(required).schema(Some(kind)).build()
}

fn error_name(status: u16) -> String {
    format!("Error{status}")
}

/// The answers that are no success, by name.
pub(super) fn errors() -> impl Iterator<Item = (String, Response)> {
    let known = [
        (403, "This is not allowed."),
        (400, "The request can never succeed as it stands. A taken name is one such request."),
        (404, "What the request names is not there."),
        (413, "The body is too large."),
        (416, "The range is not in the file."),
        (500, "A fault of the server; the log has its cause."),
        (501, "The artifact store cannot do this."),
        (503, "A backend is down, or the endpoint switched off; the same request may succeed later."),
        (507, "The artifact store is full."),
    ];
    known.into_iter().map(|(status, why)| {
        let body = Content::new(Some(of(if status == 503 || status == 400 { "AnyError" } else { "Error" })));
        let mut response = ResponseBuilder::new().description(why).content("application/json", body);
        if status == 503 {
            // What is switched off says so in a plain sentence, as in MLflow.
            response = response.content("text/plain", Content::new(Some(string())));
        }
        (error_name(status), response.build())
    })
}
