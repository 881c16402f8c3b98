//! SQLite's one writer, a thread: writes that arrive together share a transaction.
//!
//! Each runs within a savepoint of its own, so that one that fails harms nobody else, and is answered after the
//! commit. The commit is what costs; sharing it is what makes many small writes fast.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::executor::block_on;
use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use crate::Result;
use crate::conn::Conn;
use crate::error::StoreError;
use crate::sqlite::SqliteConn;

/// How many writes share a commit at most.
const MAX_GROUP: usize = 256;
/// How long a group is filled at most before it is committed.
const MAX_GROUP_TIME: Duration = Duration::from_millis(20);

/// Answers a write once its fate is known: `Ok` after the commit.
type Answer = Box<dyn FnOnce(Result<(), Arc<StoreError>>) + Send>;

/// A write that waits for its turn.
pub(crate) trait Job: Send {
    /// Runs inside the savepoint. `Err` means: roll the savepoint back (the caller has been answered).
    fn run(self: Box<Self>, conn: &mut Conn) -> BoxFuture<'_, Result<Answer, ()>>;
}

struct Write<F, T, E> {
    body: F,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for Write<F, T, E>
where
    F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    fn run(self: Box<Self>, conn: &mut Conn) -> BoxFuture<'_, Result<Answer, ()>> {
        let Self { body, reply } = *self;
        Box::pin(async move {
            match AssertUnwindSafe(body(conn)).catch_unwind().await {
                Ok(Ok(value)) => Ok(Box::new(move |fate: Result<(), Arc<StoreError>>| {
                    // A caller that has gone away needs no answer.
                    drop(reply.send(fate.map(|()| value).map_err(|e| E::from(shared(&e)))));
                }) as Answer),
                Ok(Err(error)) => {
                    drop(reply.send(Err(error)));
                    Err(())
                }
                Err(_panic) => {
                    // The panic hook has logged it; the caller sees its sender dropped.
                    Err(())
                }
            }
        })
    }
}

/// One failed commit, told to each of its writes.
fn shared(error: &StoreError) -> StoreError {
    let cause = error.to_string().into();
    if matches!(error, StoreError::Full(_)) { StoreError::Full(cause) } else { StoreError::Unavailable(cause) }
}

/// The way to the writer's thread.
#[derive(Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
}

impl Writer {
    /// Starts the thread that owns the writing connection. It ends when every [`Writer`] is gone.
    pub(crate) fn start(connection: rusqlite::Connection) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel(4 * MAX_GROUP);
        let runtime = tokio::runtime::Handle::current();
        std::thread::Builder::new().name("sqlite-writer".to_owned()).spawn(move || {
            // What a write waits for besides its statements is the runtime's.
            let _runtime = runtime.enter();
            block_on(serve(Conn::Sqlite(SqliteConn::of_writer(connection)), queue));
        })?;
        Ok(Self { jobs })
    }

    /// Runs a write in the next group.
    pub(crate) async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let gone = || E::from(StoreError::Unavailable("the write was given up".into()));
        self.jobs.send(Box::new(Write { body, reply })).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

async fn serve(mut conn: Conn, mut queue: mpsc::Receiver<Box<dyn Job>>) {
    while let Some(first) = queue.recv().await {
        // Whatever happens to one group, the next must find a writer.
        let done = AssertUnwindSafe(async {
            if let Err(error) = group(&mut conn, first, &mut queue).await {
                tracing::error!(%error, "a group of writes failed");
            }
        });
        if done.catch_unwind().await.is_err() {
            // What the group had begun, if it had.
            drop(conn.control("ROLLBACK").await);
        }
    }
}

/// Runs one group: the first job and all that are waiting.
async fn group(conn: &mut Conn, first: Box<dyn Job>, queue: &mut mpsc::Receiver<Box<dyn Job>>) -> Result<()> {
    // A job that was not begun is dropped, which its caller sees as an unavailable database.
    conn.control("BEGIN IMMEDIATE").await?;
    let started = Instant::now();
    let mut answers = Vec::new();
    let mut next = Some(first);
    let mut fate = Ok(());
    while let Some(job) = next.take() {
        match in_savepoint(conn, job).await {
            Ok(answer) => answers.extend(answer),
            Err(error) => {
                fate = Err(error);
                break;
            }
        }
        if answers.len() < MAX_GROUP && started.elapsed() < MAX_GROUP_TIME {
            next = queue.try_recv().ok();
        }
    }
    if fate.is_ok() {
        fate = conn.control("COMMIT").await;
    }
    if fate.is_err() {
        drop(conn.control("ROLLBACK").await);
    }
    let fate = fate.map_err(Arc::new);
    for answer in answers {
        answer(fate.clone());
    }
    fate.map_err(|error| shared(&error))
}

/// Runs a job; nothing of it stays if it fails, and then there is no answer left to give.
async fn in_savepoint(conn: &mut Conn, job: Box<dyn Job>) -> Result<Option<Answer>> {
    conn.control("SAVEPOINT job").await?;
    let answer = job.run(conn).await;
    if answer.is_err() {
        conn.control("ROLLBACK TO job").await?;
    }
    conn.control("RELEASE job").await?;
    Ok(answer.ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Store, args};

    struct Panics;

    impl Job for Panics {
        fn run(self: Box<Self>, _: &mut Conn) -> BoxFuture<'_, Result<Answer, ()>> {
            panic!("outside of what a write may do")
        }
    }

    #[tokio::test]
    async fn a_panic_leaves_a_writer() {
        let folder = tempfile::tempdir().unwrap();
        let uri = format!("sqlite:///{}", folder.path().join("test.db").display());
        let options = Options { uri, max_connections: 1, sqlite_full_sync: false };
        Store::open(&options).await.unwrap();
        let writer = Writer::start(rusqlite::Connection::open(folder.path().join("test.db")).unwrap()).unwrap();
        writer.jobs.send(Box::new(Panics)).await.unwrap();
        let written = writer.write(|tx| Box::pin(async move { tx.execute("DELETE FROM keys", args![]).await }));
        assert_eq!(written.await.unwrap(), 0);
    }
}
