//! Which hosts the server answers to, which pages of other sites may use it, and the headers that every answer carries.
//!
//! Against DNS rebinding the Host header must be one that the server expects; against forged requests a change must come
//! from no page at all (a client), from a page of this server, of this machine, or of a site that was allowed.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use url::Url;

/// What to check, and what to send. The default is MLflow's.
#[derive(Clone, Debug)]
pub struct Security {
    /// Whether anything is checked and sent at all.
    pub enabled: bool,
    /// Host headers to answer to, ports included; `*` stands for any text. `None`: this machine, and addresses of private
    /// networks, at any port.
    pub allowed_hosts: Option<Vec<String>>,
    /// Origins of other sites that may change things and read answers, such as `https://ui.example`; `*` stands for any
    /// text. A lone `*` allows every site, but without credentials.
    pub allowed_origins: Vec<String>,
    /// The value of `X-Frame-Options`: `SAMEORIGIN` or `DENY`; `NONE` sends no such header.
    pub frame_options: String,
}

impl Default for Security {
    fn default() -> Self {
        Self { enabled: true, allowed_hosts: None, allowed_origins: Vec::new(), frame_options: "SAMEORIGIN".into() }
    }
}

impl Security {
    /// Puts the checks before everything that the router has.
    pub fn protect(self, router: Router) -> Router {
        if !self.enabled {
            return router;
        }
        router.layer(from_fn_with_state(Arc::new(self), guard))
    }

    fn allows_host(&self, host: Option<&str>) -> bool {
        let Some(host) = host.filter(|h| !h.is_empty()) else { return false };
        match &self.allowed_hosts {
            Some(patterns) => patterns.iter().any(|p| matches(&p.to_ascii_lowercase(), &host.to_ascii_lowercase())),
            None => is_near(host),
        }
    }

    fn allows_every_origin(&self) -> bool {
        self.allowed_origins.iter().any(|o| o == "*")
    }

    fn allows_origin(&self, origin: &str) -> bool {
        self.allowed_origins.iter().any(|pattern| matches(pattern, origin))
    }

    /// Whether a page of this origin may change things here.
    fn may_change(&self, origin: &str, host: Option<&str>) -> bool {
        self.allows_origin(origin)
            || Url::parse(origin).is_ok_and(|url| is_this_machine(&url) || host.is_some_and(|h| is_same(&url, h)))
    }

    /// Whether a page of this origin may read answers: MLflow lets pages of this machine only without TLS.
    fn may_read(&self, origin: &str) -> bool {
        self.allows_origin(origin)
            || Url::parse(origin).is_ok_and(|url| url.scheme() == "http" && is_this_machine(&url))
    }

    fn add_headers(&self, headers: &mut HeaderMap, origin: Option<&HeaderValue>) {
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if self.frame_options != "NONE"
            && let Ok(options) = HeaderValue::from_str(&self.frame_options)
        {
            headers.entry(header::X_FRAME_OPTIONS).or_insert(options);
        }
        let Some(origin) = origin.filter(|o| o.to_str().is_ok_and(|o| self.may_read(o))) else { return };
        if self.allows_every_origin() {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        } else {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
    }

    /// Answers a browser that asks whether a page may send a request.
    fn preflight(&self, origin: &str, asked: &HeaderMap) -> Response {
        if !self.may_read(origin) {
            return (StatusCode::BAD_REQUEST, "Disallowed CORS origin").into_response();
        }
        let mut response = "OK".into_response();
        let headers = response.headers_mut();
        let methods = HeaderValue::from_static("GET, POST, PUT, DELETE, OPTIONS, PATCH");
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        if let Some(wanted) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
        response
    }
}

async fn guard(State(security): State<Arc<Security>>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = match refuse_or_answer(&security, &request, origin.as_ref()) {
        Some(response) => response,
        None => next.run(request).await,
    };
    security.add_headers(response.headers_mut(), origin.as_ref());
    response
}

/// The answer to a request that goes no further.
fn refuse_or_answer(security: &Security, request: &Request, origin: Option<&HeaderValue>) -> Option<Response> {
    let path = request.uri().path();
    // HTTP/2 has the host in the URI.
    let header = request.headers().get(header::HOST).and_then(|h| h.to_str().ok());
    let host = header.or_else(|| request.uri().authority().map(Authority::as_str));
    if !matches!(path, "/health" | "/version") && !security.allows_host(host) {
        tracing::warn!(host, "refused a request for another host");
        let message = "Invalid Host header - possible DNS rebinding attack detected";
        return Some((StatusCode::FORBIDDEN, message).into_response());
    }
    let from = origin.map(|o| o.to_str().unwrap_or_default());
    match *request.method() {
        Method::OPTIONS => {
            let preflight = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
            let is_api = path.starts_with("/api/") || path.starts_with("/ajax-api/");
            match from {
                Some(origin) if preflight => Some(security.preflight(origin, request.headers())),
                _ => is_api.then(|| StatusCode::NO_CONTENT.into_response()),
            }
        }
        Method::POST | Method::PUT | Method::PATCH | Method::DELETE
            if from.is_some_and(|origin| !security.may_change(origin, host)) =>
        {
            tracing::warn!(origin = from, "refused a request from a page of another site");
            Some((StatusCode::FORBIDDEN, "Cross-origin request blocked").into_response())
        }
        _ => None,
    }
}

/// Whether text fits a pattern in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.ends_with(end)
}

/// Whether a Host header names this machine or an address of a private network, at any port.
fn is_near(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let address = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
    match address.parse() {
        Ok(IpAddr::V4(v4)) => v4.is_loopback() || v4.is_unspecified() || v4.is_private(),
        Ok(IpAddr::V6(v6)) => v6.is_loopback() || v6.is_unique_local(),
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    }
}

/// Whether an origin is this machine, at any port.
fn is_this_machine(origin: &Url) -> bool {
    matches!(origin.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// Whether an origin is the very host and port that the request was sent to.
fn is_same(origin: &Url, host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let usual = if origin.scheme() == "https" { 443 } else { 80 };
    origin.host_str().is_some_and(|name| name.eq_ignore_ascii_case(authority.host()))
        && origin.port_or_known_default() == Some(authority.port_u16().unwrap_or(usual))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        for (pattern, text, fits) in [
            ("a.example", "a.example", true),
            ("a.example", "a.example:80", false),
            ("*", "anything", true),
            ("*.example", "a.b.example", true),
            ("*.example", "example", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c", false),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn near_hosts_are_addresses_not_names_that_look_like_them() {
        for host in [
            "localhost",
            "LOCALHOST:5000",
            "127.0.0.1:1",
            "0.0.0.0",
            "[::1]:5000",
            "192.168.1.7",
            "10.0.0.1:80",
            "172.31.0.1",
            "[fd00::1]:5000",
        ] {
            assert!(is_near(host), "{host}");
        }
        for host in [
            "evil.example",
            "192.168.1.7.evil.example",
            "10.evil.example",
            "172.32.0.1",
            "8.8.8.8",
            "localhost.evil",
            "[2001:db8::1]",
            "a b",
        ] {
            assert!(!is_near(host), "{host}");
        }
    }
}
