//! One HTTP request to a webhook's URL: a connection of its own, to an address that was checked, TLS against the URL's
//! own name, no proxy, no redirects, and no more of the answer than is of use.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::Millis;
use http::{HeaderValue, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use ring::hmac;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Position, Url};

use super::config::Webhooks;
use super::target::Target;

/// Most that is read of an answer's head, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// Most that is kept of an answer's body, in bytes.
const MAX_BODY: usize = 64 * 1024;
/// How long one of a host's addresses may take to answer before the next one is tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What is sent.
pub(super) struct Message<'a> {
    /// A UUID, the same for each attempt.
    pub(super) delivery_id: &'a str,
    /// JSON.
    pub(super) body: &'a str,
    /// What signs it.
    pub(super) secret: Option<&'a str>,
    /// When it is sent.
    pub(super) now: Millis,
}

/// What the receiver answered.
pub(super) struct Answer {
    pub(super) status: u16,
    /// Its beginning.
    pub(super) body: String,
    /// When to come again, in seconds from now.
    pub(super) retry_after: Option<i64>,
}

impl Answer {
    /// Whether the receiver took it.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// `v1,<base64 of HMAC-SHA256 over "<delivery id>.<timestamp>.<body>">`.
fn signature(secret: &str, delivery_id: &str, timestamp: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{delivery_id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
}

/// What carries the bytes.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Sends a message. `Err` says, for people, why there is no answer.
pub(super) async fn post(webhooks: &Webhooks, target: &Target, message: &Message<'_>) -> Result<Answer, String> {
    let timeout = webhooks.config.timeout;
    let deadline = tokio::time::Instant::now() + timeout;
    let (_sender, response) = tokio::time::timeout_at(deadline, exchange(webhooks, target, message))
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} seconds", timeout.as_secs())))?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| pause(value, message.now));
    let mut kept = Vec::new();
    let mut body = response.into_body();
    let read = async {
        while let Some(Ok(frame)) = body.frame().await {
            if let Ok(data) = frame.into_data() {
                kept.extend_from_slice(&data[..data.len().min(MAX_BODY - kept.len())]);
                if kept.len() == MAX_BODY {
                    break;
                }
            }
        }
    };
    // The status has said what there is to say: a body that breaks off, or does not end, takes nothing back.
    drop(tokio::time::timeout_at(deadline, read).await);
    Ok(Answer { status, body: String::from_utf8_lossy(&kept).into_owned(), retry_after })
}

/// The seconds that `Retry-After` asks for, as a number or as a date.
fn pause(value: &HeaderValue, now: Millis) -> Option<i64> {
    let text = value.to_str().ok()?.trim();
    let until = || Some((jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_millisecond() - now).max(0) / 1_000);
    text.parse().ok().or_else(until)
}

/// What keeps the connection, and the answer's head.
type Exchanged = (http1::SendRequest<Full<Bytes>>, http::Response<Incoming>);

async fn exchange(webhooks: &Webhooks, target: &Target, message: &Message<'_>) -> Result<Exchanged, String> {
    let request = request(&target.url, message)?;
    let tcp = connect(target).await?;
    let stream: Box<dyn Stream> = if target.url.scheme() == "https" {
        let name = target.url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(name).map_err(|_| "the host's name is not fit for TLS".to_owned())?;
        let config = tls(webhooks).await?;
        let tls = TlsConnector::from(config).connect(name, tcp).await;
        Box::new(tls.map_err(|cause| format!("TLS failed: {cause}"))?)
    } else {
        Box::new(tcp)
    };
    let handshake = http1::Builder::new().max_buf_size(MAX_HEAD).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|cause| format!("the connection failed: {cause}"))?;
    // It ends with the exchange, however that ends.
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(|cause| format!("no answer: {cause}"))?;
    Ok((sender, response))
}

fn request(url: &Url, message: &Message<'_>) -> Result<Request<Full<Bytes>>, String> {
    let host = &url[Position::BeforeHost..Position::AfterPort];
    let timestamp = message.now.div_euclid(1_000);
    let mut request = Request::post(&url[Position::BeforePath..Position::AfterQuery])
        .header(header::HOST, host)
        .header(header::USER_AGENT, concat!("ferroflow/", env!("CARGO_PKG_VERSION")))
        .header(header::ACCEPT, "*/*")
        .header(header::CONNECTION, "close")
        .header(header::CONTENT_TYPE, "application/json")
        .header("X-MLflow-Delivery-Id", message.delivery_id)
        .header("X-MLflow-Timestamp", timestamp);
    if let Some(secret) = message.secret.filter(|secret| !secret.is_empty()) {
        let signature = signature(secret, message.delivery_id, timestamp, message.body);
        request = request.header("X-MLflow-Signature", signature);
    }
    if !url.username().is_empty() || url.password().is_some() {
        let mut pair: Vec<u8> = percent_decode_str(url.username()).collect();
        pair.push(b':');
        pair.extend(percent_decode_str(url.password().unwrap_or_default()));
        request = request.header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)));
    }
    let body = Full::new(Bytes::copy_from_slice(message.body.as_bytes()));
    request.body(body).map_err(|cause| format!("the URL makes no request: {cause}"))
}

/// Connects to the first of the checked addresses that answers.
async fn connect(target: &Target) -> Result<TcpStream, String> {
    let mut failure = String::new();
    for address in &target.addresses {
        match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(cause)) => failure = format!("cannot connect to {address}: {cause}"),
            Err(_) => failure = format!("cannot connect to {address}: no answer"),
        }
    }
    Err(failure)
}

/// Whom TLS trusts: the system's certificates, or those that `SSL_CERT_FILE` names.
async fn tls(webhooks: &Webhooks) -> Result<Arc<ClientConfig>, String> {
    let load = || async {
        let read = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs);
        let found = read.await.map_err(|_| "the system's certificates can't be read".to_owned())?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err("the system trusts no certificates".to_owned());
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|cause| cause.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    };
    webhooks.tls.get_or_try_init(load).await.cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_mlflows() {
        // hmac.new(b"s3cret", b"id.1700000000.{}", sha256)
        assert_eq!(signature("s3cret", "id", 1_700_000_000, "{}"), "v1,E1jT1gXbthS5zn30uBh7ToafsgF7EE2I1cmPPlN15rY=");
    }

    #[test]
    fn a_receiver_says_when_to_come_again() {
        let now = 1_700_000_000_000;
        for (value, seconds) in [
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("Tue, 14 Nov 2023 22:18:20 GMT", Some(300)),
            ("Tue, 14 Nov 2023 22:00:00 GMT", Some(0)),
            ("soon", None),
        ] {
            assert_eq!(pause(&HeaderValue::from_static(value), now), seconds, "{value}");
        }
    }

    #[test]
    fn a_url_becomes_a_request() {
        let url = Url::parse("https://u%40x:p%3A@example.com:8443/a b?q=1#frag").unwrap();
        let message = Message { delivery_id: "d", body: "{}", secret: None, now: 1_700_000_000_999 };
        let request = request(&url, &message).unwrap();
        assert_eq!(request.uri(), "/a%20b?q=1");
        assert_eq!(request.headers()["host"], "example.com:8443");
        assert_eq!(request.headers()["authorization"], format!("Basic {}", STANDARD.encode("u@x:p:")));
        assert_eq!(request.headers()["x-mlflow-timestamp"], "1700000000");
        assert!(!request.headers().contains_key("x-mlflow-signature"));
    }
}
