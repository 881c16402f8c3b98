//! Who sends a request, as they say themselves.
//!
//! The server has no logins. What it notes is the user name of HTTP basic authentication, which MLflow's client sends when
//! `MLFLOW_TRACKING_USERNAME` is set: a claim, unless a proxy in front checks the password. Other headers are not believed,
//! since any client can send those, too, without meaning to sign its work.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};

/// Runs a request on behalf of its sender.
pub(crate) async fn act(request: Request, next: Next) -> Response {
    let name = user_name(request.headers());
    service::acting_as(name.as_deref(), next.run(request)).await
}

fn user_name(headers: &HeaderMap) -> Option<String> {
    let (scheme, credentials) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let credentials = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (name, _) = credentials.split_once(':')?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(authorization: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, http::HeaderValue::from_static(authorization));
        user_name(&headers)
    }

    #[test]
    fn only_basic_authentication_names_a_user() {
        assert_eq!(named("Basic YWRhOnNlY3JldDo=").as_deref(), Some("ada"));
        assert_eq!(named("basic w6RkYTo=").as_deref(), Some("äda"));
        for other in ["Bearer YWRhOnNlY3JldA==", "Basic", "Basic ???", "Basic YWRh", "Basic /w=="] {
            assert_eq!(named(other), None, "{other}");
        }
    }
}
