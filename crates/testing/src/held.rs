//! Changes that wait for one another, on Postgres: SQLite has one writer, where a change waits before its transaction.

use std::time::Duration;

use store::{Store, StoreError};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::TestStore;

/// The lock of a registered model, held as by a change that is under way.
#[derive(Debug)]
pub struct HeldModel {
    go_on: oneshot::Sender<()>,
    holder: JoinHandle<()>,
}

impl HeldModel {
    /// Lets it go; answers when it is free.
    pub async fn let_go(self) {
        self.go_on.send(()).expect("it is held until now");
        self.holder.await.expect("the holder commits");
    }
}

impl TestStore {
    /// Takes the lock of a registered model.
    pub async fn hold_model(&self, name: &'static str) -> HeldModel {
        let ((locked, is_locked), (go_on, may_go_on)) = (oneshot::channel(), oneshot::channel::<()>());
        let store = self.store.clone();
        let holder = tokio::spawn(async move {
            let hold = store.write::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    store::registered_models::lock(tx, name).await?;
                    locked.send(()).expect("somebody waits for it");
                    drop(may_go_on.await);
                    Ok(())
                })
            });
            hold.await.expect("the lock is taken");
        });
        is_locked.await.expect("the lock is taken");
        HeldModel { go_on, holder }
    }

    /// Asks, past the test's own connections, until so many transactions wait for a row that another one has locked.
    pub async fn until_waiting(&self, count: i64) {
        const WAITING: &str = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let aside = Store::open(&self.options).await.expect("the test's database opens");
        let mut conn = aside.read().await.expect("a connection");
        let waiting = async { while conn.fetch_one::<(i64,)>(WAITING, vec![]).await.expect("a count").0 < count {} };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("they wait for the lock");
    }
}
