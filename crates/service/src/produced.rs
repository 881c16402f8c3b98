//! Bytes that are made while they are sent, no faster than they are taken.

use std::io;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::sync::mpsc::{self, Sender};

/// Where a producer's bytes go.
pub(crate) struct Out(Sender<io::Result<Bytes>>);

impl Out {
    /// Waits until they are taken. Fails if the receiver has gone.
    pub(crate) async fn send(&self, bytes: Bytes) -> io::Result<()> {
        self.0.send(Ok(bytes)).await.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// What `write` sends, as a stream. If it fails, the stream breaks off. `what` names it in the log.
pub(crate) fn produced<F, W>(what: &'static str, write: F) -> BoxStream<'static, io::Result<Bytes>>
where
    F: FnOnce(Out) -> W,
    W: Future<Output = io::Result<()>> + Send + 'static,
{
    let (sender, mut receiver) = mpsc::channel(1);
    let writing = write(Out(sender.clone()));
    tokio::spawn(async move {
        if let Err(cause) = writing.await {
            tracing::warn!(%cause, "{what} broke off");
            // Who hung up wants to know nothing.
            drop(sender.send(Err(cause)).await);
        }
    });
    stream::poll_fn(move |context| receiver.poll_recv(context)).boxed()
}
