//! Who may hold how many connections at a time, so that a lookup by key always finds one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use crate::{Result, StoreError};

/// How long a scan waits for others to end.
const SCAN_PATIENCE: Duration = Duration::from_secs(30);

/// Turns of those who may hold a connection for long. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Turns {
    /// Writers that wait for a row that another one has locked hold theirs: a quarter is left to others.
    writers: Arc<Semaphore>,
    /// Half of all: who reads many rows takes long, and as much memory as its rows.
    scans: Arc<Semaphore>,
    /// Both together leave an eighth, at least one, to lookups.
    either: Arc<Semaphore>,
}

/// A turn, to be kept for as long as the connection.
#[derive(Debug)]
pub(crate) struct Turn {
    _own: OwnedSemaphorePermit,
    _either: OwnedSemaphorePermit,
}

impl Turns {
    pub(crate) fn new(connections: u32) -> Self {
        let all = connections as usize;
        let most = |wanted: usize| Arc::new(Semaphore::new(wanted.max(1)));
        Self { writers: most(all - all / 4), scans: most(all / 2), either: most(all - (all / 8).max(1)) }
    }

    /// A writer's turn, in the order of asking.
    pub(crate) async fn write(&self) -> Result<Turn> {
        self.of(&self.writers).await
    }

    /// A scan's turn, in the order of asking. Who waits for longer than `patience` asks `is_there` now and then, and is
    /// told at once that the database has gone, rather than when its turn would come.
    pub(crate) async fn scan<F>(&self, patience: Duration, is_there: impl Fn() -> F) -> Result<Turn>
    where
        F: Future<Output = Result<()>>,
    {
        let end = Instant::now() + SCAN_PATIENCE;
        let mut turn = std::pin::pin!(self.of(&self.scans));
        loop {
            if let Ok(turn) = timeout(patience, &mut turn).await {
                return turn;
            }
            if Instant::now() >= end {
                return Err(StoreError::Unavailable("other long reads take too long".into()));
            }
            is_there().await?;
        }
    }

    async fn of(&self, kind: &Arc<Semaphore>) -> Result<Turn> {
        let closed = |_| StoreError::Unavailable("the store is closed".into());
        // First its own, so that who waits for it keeps nobody of another kind from going on.
        let own = kind.clone().acquire_owned().await.map_err(closed)?;
        let either = self.either.clone().acquire_owned().await.map_err(closed)?;
        Ok(Turn { _own: own, _either: either })
    }

    /// Gives no turns any more.
    pub(crate) fn close(&self) {
        for semaphore in [&self.writers, &self.scans, &self.either] {
            semaphore.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn scans_wait_for_one_another_and_leave_connections_to_others() {
        let turns = Turns::new(16);
        let there = || async { Ok(()) };
        let patience = Duration::from_secs(3);
        let mut scans = Vec::new();
        for _ in 0..8 {
            scans.push(turns.scan(patience, there).await.unwrap());
        }
        let mut writers = Vec::new();
        for _ in 0..6 {
            writers.push(turns.write().await.unwrap());
        }
        timeout(Duration::from_millis(1), turns.write()).await.expect_err("two of sixteen are left to lookups");

        let waiting = tokio::spawn({
            let turns = turns.clone();
            async move { turns.scan(patience, there).await }
        });
        tokio::time::advance(Duration::from_secs(20)).await;
        scans.pop();
        waiting.await.unwrap().expect("its turn comes");
    }

    #[tokio::test(start_paused = true)]
    async fn a_scan_does_not_wait_for_ever_nor_for_a_database_that_has_gone() {
        let turns = Turns::new(2);
        let asked = AtomicU32::new(0);
        let patience = Duration::from_secs(3);
        let start = Instant::now();
        let _held = turns.scan(patience, || async { Ok(()) }).await.unwrap();
        let is_there = || async {
            asked.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        turns.scan(patience, is_there).await.unwrap_err();
        assert!(asked.load(Ordering::SeqCst) > 5);
        assert!((SCAN_PATIENCE..SCAN_PATIENCE + patience * 2).contains(&start.elapsed()));

        let start = Instant::now();
        let gone = || async { Err(StoreError::Unavailable("gone".into())) };
        turns.scan(patience, gone).await.unwrap_err();
        assert_eq!(start.elapsed(), patience);
    }
}
