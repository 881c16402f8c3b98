//! Errors as MLflow's clients read them: a status and a JSON object.

use axum::response::{IntoResponse, Response};
use domain::{Error, ErrorCode};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// Why a request was not answered with success.
///
/// Becomes `{"error_code", "message", "sqlstate"?, "error_class"?}` with the status of the code.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    error: Error,
}

impl ApiError {
    /// An error whose status is another than its code's: HTTP is finer than MLflow's codes now and then.
    pub(crate) fn with_status(status: StatusCode, error: Error) -> Self {
        Self { status, error }
    }

    /// The status that it is answered with.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// `INVALID_PARAMETER_VALUE`.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Error::invalid(message).into()
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let status = StatusCode::from_u16(error.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, error }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if self.status.is_server_error() {
            tracing::warn!(status = self.status.as_u16(), message = self.error.message, "a request failed");
        }
        let class = class(self.error.code);
        let body = Body {
            error_code: self.error.code.name(),
            message: &self.error.message,
            sqlstate: class.map(|c| c.0),
            error_class: class.map(|c| c.1),
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let json = HeaderValue::from_static("application/json");
        (self.status, [(header::CONTENT_TYPE, json)], body).into_response()
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error_code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sqlstate: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_class: Option<&'static str>,
}

/// MLflow's further classification of a code: SQLSTATE and error class.
const fn class(code: ErrorCode) -> Option<(&'static str, &'static str)> {
    match code {
        ErrorCode::InvalidParameterValue | ErrorCode::BadRequest => Some(("KAM00", "INVALID_PARAMETER_VALUE")),
        ErrorCode::ResourceAlreadyExists => Some(("KAM00", "RESOURCE_ALREADY_EXISTS")),
        ErrorCode::ResourceDoesNotExist | ErrorCode::EndpointNotFound => Some(("KAM00", "RESOURCE_NOT_FOUND")),
        ErrorCode::PermissionDenied => Some(("KAM00", "PERMISSION_DENIED")),
        ErrorCode::InternalError | ErrorCode::TemporarilyUnavailable => Some(("XXM00", "CLIENT_INTERNAL_ERROR")),
        ErrorCode::NotImplemented | ErrorCode::InsufficientStorage => None,
    }
}
