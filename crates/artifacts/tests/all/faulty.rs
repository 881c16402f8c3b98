//! An S3 server with faults: a proxy in front of the tests' real one, which goes wrong as it is told.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The longest that a connection lives, so that no test leaves one behind.
const LIFETIME: Duration = Duration::from_secs(30);

/// What goes wrong with a request.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// The connection ends before anything is answered.
    HangUp,
    /// Nothing is ever answered.
    Silent,
    /// The store answers, but only after this.
    Slow(Duration),
    /// This status and S3's error code are answered, and the store learns of nothing.
    Error(u16, &'static str),
    /// This is answered with 200, and the store learns of nothing.
    Answer(String),
    /// The connection ends after so many bytes of the request's body.
    BreakRequest(usize),
    /// The connection ends after so many bytes of the answer, its head included.
    BreakAnswer(usize),
    /// Nothing comes any more after so many bytes of the answer, its head included.
    StallAnswer(usize),
}

struct Rule {
    part: &'static str,
    times: usize,
    fault: Fault,
}

#[derive(Default)]
struct State {
    rules: Mutex<Vec<Rule>>,
    heads: Mutex<Vec<String>>,
}

/// The proxy. It ends with the test's runtime.
pub(crate) struct Faulty {
    /// Where it is.
    pub(crate) url: String,
    state: Arc<State>,
}

impl Faulty {
    /// Puts one in front of a server, such as `http://127.0.0.1:9000`.
    pub(crate) async fn new(server: &str) -> Self {
        let server = server.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(State::default());
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, state) = (server.clone(), shared.clone());
                // What ends a connection early is the fault that was asked for.
                tokio::spawn(async move { tokio::time::timeout(LIFETIME, serve(client, &server, &state)).await });
            }
        });
        Self { url, state }
    }

    /// The next so many requests whose method, path and query contain `part` go wrong.
    pub(crate) fn next(&self, part: &'static str, times: usize, fault: Fault) {
        lock(&self.state.rules).push(Rule { part, times, fault });
    }

    /// From now on all requests whose method, path and query contain `part` go wrong.
    pub(crate) fn always(&self, part: &'static str, fault: Fault) {
        self.next(part, usize::MAX, fault);
    }

    /// From now on nothing goes wrong.
    pub(crate) fn heal(&self) {
        lock(&self.state.rules).clear();
    }

    /// The heads of the requests so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        lock(&self.state.heads).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn fault(&self, line: &str) -> Option<Fault> {
        let mut rules = lock(&self.rules);
        let rule = rules.iter_mut().find(|rule| rule.times > 0 && line.contains(rule.part))?;
        rule.times -= 1;
        Some(rule.fault.clone())
    }
}

/// One request; both sides are told that the connection ends with it.
async fn serve(mut client: TcpStream, server: &str, state: &State) -> std::io::Result<()> {
    let mut seen = Vec::new();
    let end = loop {
        if let Some(end) = seen.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
        if client.read_buf(&mut seen).await? == 0 {
            return Ok(());
        }
    };
    let mut body = seen.split_off(end + 4);
    let head = String::from_utf8_lossy(&seen[..end]).into_owned();
    lock(&state.heads).push(head.clone());
    let (line, headers) = head.split_once("\r\n").unwrap_or((&head, ""));
    let length =
        headers.lines().find_map(|h| h.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let length: usize = length.unwrap_or_default();
    let fault = state.fault(line);
    match &fault {
        Some(Fault::HangUp) => return Ok(()),
        Some(Fault::Silent) => {
            tokio::time::sleep(LIFETIME).await;
            return Ok(());
        }
        Some(Fault::Error(status, code)) => {
            let text = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>so told</Message></Error>");
            return answer(&mut client, length - body.len().min(length), *status, &text).await;
        }
        Some(Fault::Answer(text)) => return answer(&mut client, length - body.len().min(length), 200, text).await,
        Some(Fault::Slow(time)) => tokio::time::sleep(*time).await,
        Some(Fault::BreakRequest(_) | Fault::BreakAnswer(_) | Fault::StallAnswer(_)) | None => {}
    }
    let mut upstream = TcpStream::connect(server).await?;
    upstream.write_all(format!("{line}\r\nConnection: close\r\n{headers}\r\n\r\n").as_bytes()).await?;
    if let Some(Fault::BreakRequest(most)) = fault {
        while body.len() < most && client.read_buf(&mut body).await? > 0 {}
        return upstream.write_all(&body[..most.min(body.len())]).await;
    }
    upstream.write_all(&body).await?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_store, mut to_store) = upstream.split();
    let request = async {
        tokio::io::copy(&mut from_client, &mut to_store).await?;
        // A client that is done with its request still wants the answer.
        std::future::pending::<std::io::Result<()>>().await
    };
    let answer = async {
        match fault {
            Some(Fault::BreakAnswer(most)) => {
                tokio::io::copy(&mut (&mut from_store).take(most as u64), &mut to_client).await?;
            }
            Some(Fault::StallAnswer(most)) => {
                tokio::io::copy(&mut (&mut from_store).take(most as u64), &mut to_client).await?;
                tokio::time::sleep(LIFETIME).await;
            }
            _ => {
                tokio::io::copy(&mut from_store, &mut to_client).await?;
            }
        }
        Ok(())
    };
    tokio::select! {
        done = request => done,
        done = answer => done,
    }
}

/// Answers once the rest of the request's body has come.
async fn answer(client: &mut TcpStream, rest: usize, status: u16, body: &str) -> std::io::Result<()> {
    tokio::io::copy(&mut (&mut *client).take(rest as u64), &mut tokio::io::sink()).await?;
    let length = body.len();
    let head = format!("HTTP/1.1 {status} So Told\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    client.write_all(format!("{head}{body}").as_bytes()).await?;
    client.shutdown().await
}
