//! Errors on their way from a server function to the page.

use domain::{Error, ErrorCode};
#[cfg(feature = "ssr")]
use leptos::prelude::{expect_context, use_context};
use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// What a server function answers when it can't do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UiError(pub Error);

/// Shorthand for results of server functions.
pub type UiResult<T> = Result<T, UiError>;

impl UiError {
    /// Whether the thing asked for is not there.
    pub fn is_not_found(&self) -> bool {
        self.0.code == ErrorCode::ResourceDoesNotExist
    }
}

impl From<Error> for UiError {
    /// What a server function refuses has the status that the HTTP API would give it, rather than Leptos' 500. An error
    /// that is only a part of its answer is wrapped by hand instead, since the answer itself is a success.
    fn from(error: Error) -> Self {
        let error = Self(error);
        set_status(&error);
        error
    }
}

impl std::fmt::Display for UiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for UiError {}

impl FromServerFnError for UiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Self(match error {
            ServerFnErrorErr::Request(_) => {
                Error::unavailable("The server can't be reached. Check that it runs, then try again.")
            }
            // On the server: arguments that can't be read.
            other => return Error::new(ErrorCode::BadRequest, other.to_string()).into(),
        })
    }
}

/// The operations, as `server` provides them to every server function.
#[cfg(feature = "ssr")]
pub(crate) fn service() -> service::Service {
    expect_context()
}

/// Stands in the context of what loads a part of a page: the page has its own status, whatever becomes of the part.
#[cfg(feature = "ssr")]
#[derive(Clone, Copy)]
pub(crate) struct PartOfPage;

/// Sets the page's HTTP status on the server: 404 for what is not there, 503 while a backend is down.
pub(crate) fn set_status(error: &UiError) {
    #[cfg(feature = "ssr")]
    if use_context::<PartOfPage>().is_none()
        && let Some(response) = use_context::<leptos_axum::ResponseOptions>()
        && let Ok(status) = axum::http::StatusCode::from_u16(error.0.code.http_status())
    {
        response.set_status(status);
    }
    #[cfg(not(feature = "ssr"))]
    let _ = error;
}
