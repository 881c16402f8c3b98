//! SQLite's one writer: writes that arrive together share a transaction.
//!
//! Each runs within a savepoint of its own, so that one that fails harms nobody else, and is answered after the
//! commit. The commit is what costs; sharing it is what makes many small writes fast.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use crate::Result;
use crate::conn::Conn;
use crate::error::StoreError;

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
    StoreError::Unavailable(sqlx::Error::Protocol(error.to_string()))
}

/// The way to the writer task.
#[derive(Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
}

impl Writer {
    /// Starts the task that owns the writing connection. It ends when every [`Writer`] is gone.
    pub(crate) fn start(pool: sqlx::SqlitePool) -> Self {
        let (jobs, queue) = mpsc::channel(4 * MAX_GROUP);
        tokio::spawn(serve(pool, queue));
        Self { jobs }
    }

    /// Runs a write in the next group.
    pub(crate) async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let gone = || E::from(StoreError::Unavailable(sqlx::Error::WorkerCrashed));
        self.jobs.send(Box::new(Write { body, reply })).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

async fn serve(pool: sqlx::SqlitePool, mut queue: mpsc::Receiver<Box<dyn Job>>) {
    // Kept from group to group, and given up only after one that failed.
    let mut kept = None;
    while let Some(first) = queue.recv().await {
        match group(kept.take(), &pool, first, &mut queue).await {
            Ok(conn) => kept = Some(conn),
            // The group's jobs have been dropped, which their callers see as an unavailable database.
            Err(error) => tracing::error!(%error, "a group of writes failed"),
        }
    }
}

/// Runs one group: the first job and all that are waiting. Answers with the connection.
///
/// Words of control that follow each other go to the database together: the way there costs more than they do.
async fn group(
    kept: Option<Conn>,
    pool: &sqlx::SqlitePool,
    first: Box<dyn Job>,
    queue: &mut mpsc::Receiver<Box<dyn Job>>,
) -> Result<Conn> {
    let mut conn = match kept {
        Some(conn) => conn,
        None => Conn::Sqlite(pool.acquire().await?),
    };
    conn.control("BEGIN IMMEDIATE; SAVEPOINT job").await?;
    let started = Instant::now();
    let mut answers = Vec::new();
    let mut job = first;
    let fate = loop {
        let answer = job.run(&mut conn).await;
        let next =
            if answers.len() < MAX_GROUP && started.elapsed() < MAX_GROUP_TIME { queue.try_recv().ok() } else { None };
        let words = match (&answer, &next) {
            (Ok(_), Some(_)) => "RELEASE job; SAVEPOINT job",
            (Ok(_), None) => "RELEASE job; COMMIT",
            // The savepoint stays, for the next job.
            (Err(()), Some(_)) => "ROLLBACK TO job",
            (Err(()), None) => "ROLLBACK TO job; RELEASE job; COMMIT",
        };
        let done = conn.control(words).await;
        answers.extend(answer.ok());
        match (done, next) {
            (Ok(()), Some(next)) => job = next,
            (Ok(()), None) => break Ok(()),
            (Err(error), _) => {
                drop(conn.control("ROLLBACK").await);
                break Err(Arc::new(error));
            }
        }
    };
    for answer in answers {
        answer(fate.clone());
    }
    match fate {
        Ok(()) => Ok(conn),
        // Its callers know; the next group starts with a connection that has been looked after.
        Err(error) => Err(shared(&error)),
    }
}
