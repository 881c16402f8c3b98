//! A connection of HTTP/1.1 that acknowledges what it receives at once.
//!
//! MLflow's server leaves Nagle's delay on: together with a receiver that delays its acknowledgements it would stand
//! still for 40 ms in every answer of two packets. That would measure the load generator, not the server.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::Result;

type Outgoing = UnsyncBoxBody<Bytes, Infallible>;

/// A request whose body is small.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    method: Method,
    path: String,
    body: Bytes,
}

impl Call {
    /// Asks for a path below MLflow's API, such as `runs/get?run_id=…`.
    pub(crate) fn get(path: &str) -> Self {
        Self { method: Method::GET, path: format!("/api/2.0/mlflow/{path}"), body: Bytes::new() }
    }

    /// Sends JSON to a path below MLflow's API.
    pub(crate) fn post(path: &str, body: String) -> Self {
        Self { method: Method::POST, path: format!("/api/2.0/mlflow/{path}"), body: body.into() }
    }

    /// What every peer answers when it is up.
    pub(crate) fn health() -> Self {
        Self { method: Method::GET, path: "/health".into(), body: Bytes::new() }
    }

    fn request(&self) -> Result<Request<Outgoing>> {
        let request = Request::builder()
            .method(self.method.clone())
            .uri(&self.path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(self.body.clone()).boxed_unsync())?;
        Ok(request)
    }
}

/// A connection to a server, for one request after the other.
pub(crate) struct Connection {
    server: SocketAddr,
    sender: SendRequest<Outgoing>,
    host: HeaderValue,
}

impl Connection {
    pub(crate) async fn open(server: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(QuickAck(stream))).await?;
        // It ends with the sender; what goes wrong is told to the request that is under way.
        tokio::spawn(connection);
        Ok(Self { server, sender, host: HeaderValue::from_str(&server.to_string())? })
    }

    /// Sends a call and reads the whole answer, which must be 200.
    pub(crate) async fn call(&mut self, call: &Call) -> Result<Bytes> {
        let body = self.send(call.request()?).await?;
        Ok(body.collect().await?.to_bytes())
    }

    /// Sends a call and throws the answer away, which must be 200; answers with its size.
    pub(crate) async fn spend(&mut self, call: &Call) -> Result<u64> {
        drain(self.send(call.request()?).await?).await
    }

    /// Sends `size` bytes with PUT; `path` may have a query.
    pub(crate) async fn upload(&mut self, path: &str, size: u64, headers: &[(String, String)]) -> Result<()> {
        let chunk = chunk();
        let whole = size / chunk.len() as u64;
        let rest = chunk.slice(..usize::try_from(size % chunk.len() as u64)?);
        let chunks = (0..whole).map(move |_| chunk.clone()).chain((!rest.is_empty()).then_some(rest));
        let body = StreamBody::new(futures::stream::iter(chunks.map(|bytes| Ok(Frame::data(bytes)))));
        let request = Request::put(path).header(header::CONTENT_LENGTH, size);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let request = request.body(body.boxed_unsync())?;
        self.send(request).await?.collect().await?;
        Ok(())
    }

    /// Reads a file to its end and throws it away; answers with its size.
    pub(crate) async fn download(&mut self, path: &str) -> Result<u64> {
        let request = Request::get(path).body(Full::default().boxed_unsync())?;
        drain(self.send(request).await?).await
    }

    async fn send(&mut self, mut request: Request<Outgoing>) -> Result<Incoming> {
        request.headers_mut().insert(header::HOST, self.host.clone());
        let asked = format!("{} {}", request.method(), request.uri());
        if self.sender.ready().await.is_err() {
            // MLflow's server hangs up on who says nothing for five seconds.
            *self = Self::open(self.server).await?;
        }
        let (head, body) = self.sender.send_request(request).await?.into_parts();
        if head.status == StatusCode::OK {
            return Ok(body);
        }
        let text = body.collect().await?.to_bytes();
        Err(format!("{asked}: {} {}", head.status, String::from_utf8_lossy(&text)).into())
    }
}

/// Reads to the end and keeps nothing; answers with the size.
async fn drain(mut body: Incoming) -> Result<u64> {
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        size += frame?.data_ref().map_or(0, |data| data.len() as u64);
    }
    Ok(size)
}

/// A mebibyte that does not compress well.
fn chunk() -> Bytes {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(1 << 20);
    while bytes.len() < 1 << 20 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.into()
}

/// Acknowledges every packet as it comes. The kernel takes the option as a hint for now, so it is set at every read.
struct QuickAck(TcpStream);

impl AsyncRead for QuickAck {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.0.set_quickack(true)?;
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for QuickAck {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
