//! The one error that every floor speaks.
//!
//! It stands here rather than in `service`, because the web UI receives it over server functions and
//! runs as WASM, where `service` does not exist.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Shorthand for results of operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as a class that clients act on. The names are MLflow's (`docs/api.md`, errors).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// A request that can never succeed as it stands. HTTP 400.
    InvalidParameterValue,
    /// A malformed request. HTTP 400.
    BadRequest,
    /// The name is taken. HTTP 400, as in MLflow.
    ResourceAlreadyExists,
    /// The thing asked for is not there. HTTP 404.
    ResourceDoesNotExist,
    /// No such endpoint. HTTP 404.
    EndpointNotFound,
    /// Not allowed. HTTP 403.
    PermissionDenied,
    /// The server was configured without this. HTTP 501.
    NotImplemented,
    /// A backend is down or busy; the same request may succeed later. HTTP 503.
    TemporarilyUnavailable,
    /// The artifact store has no room. HTTP 507.
    InsufficientStorage,
    /// A fault of ours; its cause is in the log, never in the message. HTTP 500.
    InternalError,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 10] = [
        Self::InvalidParameterValue,
        Self::BadRequest,
        Self::ResourceAlreadyExists,
        Self::ResourceDoesNotExist,
        Self::EndpointNotFound,
        Self::PermissionDenied,
        Self::NotImplemented,
        Self::TemporarilyUnavailable,
        Self::InsufficientStorage,
        Self::InternalError,
    ];

    /// The name on the wire, such as `RESOURCE_DOES_NOT_EXIST`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidParameterValue => "INVALID_PARAMETER_VALUE",
            Self::BadRequest => "BAD_REQUEST",
            Self::ResourceAlreadyExists => "RESOURCE_ALREADY_EXISTS",
            Self::ResourceDoesNotExist => "RESOURCE_DOES_NOT_EXIST",
            Self::EndpointNotFound => "ENDPOINT_NOT_FOUND",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::NotImplemented => "NOT_IMPLEMENTED",
            Self::TemporarilyUnavailable => "TEMPORARILY_UNAVAILABLE",
            Self::InsufficientStorage => "INSUFFICIENT_STORAGE",
            Self::InternalError => "INTERNAL_ERROR",
        }
    }

    /// The HTTP status that carries this code.
    pub const fn http_status(self) -> u16 {
        match self {
            Self::InvalidParameterValue | Self::BadRequest | Self::ResourceAlreadyExists => 400,
            Self::PermissionDenied => 403,
            Self::ResourceDoesNotExist | Self::EndpointNotFound => 404,
            Self::InternalError => 500,
            Self::NotImplemented => 501,
            Self::TemporarilyUnavailable => 503,
            Self::InsufficientStorage => 507,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A failed operation: a code for programs and a sentence for people.
///
/// The message never carries text of a database or of a storage client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Error {
    /// The class of the failure.
    pub code: ErrorCode,
    /// MLflow's sentence for it.
    pub message: String,
}

impl Error {
    /// An error of any code.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// `INVALID_PARAMETER_VALUE`.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidParameterValue, message)
    }

    /// `RESOURCE_DOES_NOT_EXIST`.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ResourceDoesNotExist, message)
    }

    /// `RESOURCE_ALREADY_EXISTS`.
    pub fn already_exists(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ResourceAlreadyExists, message)
    }

    /// `TEMPORARILY_UNAVAILABLE`.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::TemporarilyUnavailable, message)
    }

    /// `INTERNAL_ERROR`, with a sentence that says nothing of the inside. Log the cause before.
    pub fn internal() -> Self {
        Self::new(ErrorCode::InternalError, "An internal error occurred. The server's log has the details.")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Error {}
