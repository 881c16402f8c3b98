//! A receiver of webhooks: a real HTTP server on a port of its own, which answers as it is told and remembers what came.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn id(&self) -> &str {
        &self.headers["x-mlflow-delivery-id"]
    }

    /// `entity.action` and the data.
    pub(crate) fn told(&self) -> (String, Value) {
        let body: Value = serde_json::from_str(&self.body).expect("JSON");
        let text = |key: &str| body[key].as_str().expect("a text").to_owned();
        (format!("{}.{}", text("entity"), text("action")), body["data"].clone())
    }
}

/// What to answer.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A status, further header lines and a body.
    Status(u16, &'static str, String),
    /// Nothing, and the connection stays open.
    Silence,
    /// 200, and a body that has no end.
    Endless,
}

pub(crate) fn status(code: u16) -> Reply {
    Reply::Status(code, "", "hello".into())
}

#[derive(Default)]
struct Inner {
    seen: Mutex<Vec<Seen>>,
    replies: Mutex<VecDeque<Reply>>,
    came: Notify,
}

/// Answers 200 unless told otherwise.
#[derive(Clone)]
pub(crate) struct Receiver {
    inner: Arc<Inner>,
    pub(crate) port: u16,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let inner = Arc::new(Inner::default());
        let receiver = Self { inner: inner.clone(), port };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, inner.clone()));
            }
        });
        receiver
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What to answer next, one after the other.
    pub(crate) fn reply(&self, replies: impl IntoIterator<Item = Reply>) {
        self.inner.replies.lock().expect("no panic").extend(replies);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.inner.seen.lock().expect("no panic").clone()
    }

    /// Waits until so many requests have come.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Seen> {
        let waiting = async {
            loop {
                let came = self.inner.came.notified();
                let seen = self.seen();
                if seen.len() >= count {
                    return seen;
                }
                came.await;
            }
        };
        let seen = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        seen.unwrap_or_else(|_| panic!("{count} requests wanted, {:?}", self.seen()))
    }
}

async fn serve(mut stream: TcpStream, inner: Arc<Inner>) -> Option<()> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
        (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let pairs = lines.filter_map(|line| line.split_once(": "));
    let headers: HashMap<_, _> = pairs.map(|(k, v)| (k.to_ascii_lowercase(), v.to_owned())).collect();
    let length: usize = headers.get("content-length").map_or(0, |n| n.parse().expect("a length"));
    while bytes.len() < end + 4 + length {
        (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
    }
    let body = String::from_utf8(bytes[end + 4..].to_vec()).ok()?;
    let reply = inner.replies.lock().expect("no panic").pop_front().unwrap_or_else(|| status(200));
    inner.seen.lock().expect("no panic").push(Seen { path, headers, body });
    inner.came.notify_waiters();
    match reply {
        Reply::Status(code, headers, body) => {
            let answer = format!("HTTP/1.1 {code} X\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.ok()?;
        }
        Reply::Silence => std::future::pending::<()>().await,
        Reply::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata").await.ok()?;
            std::future::pending::<()>().await;
        }
    }
    Some(())
}
