//! A removal that the server does by itself, for whoever asks over HTTP.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::removal::{DEFAULT_AGE, Progress, Removal};
use domain::{Error, ErrorCode, Millis, Result};

use tokio::sync::Semaphore;

use super::Gc;
use crate::{Service, boxed};

/// Things that a dry run over HTTP looks at.
const MOST_PREVIEWED: u64 = 1_000;

/// How far the server's own removal is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Job(Arc<Mutex<Progress>>);

impl Job {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        // Plain numbers: no panic leaves them half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service {
    /// Lets callers of the HTTP API and the web UI remove for good what was deleted.
    #[must_use]
    pub fn with_removal(mut self) -> Self {
        Arc::make_mut(&mut self.inner).may_remove = true;
        self
    }

    /// Whether callers of the HTTP API and the web UI may remove for good what was deleted.
    pub fn may_remove(&self) -> bool {
        self.inner.may_remove
    }

    /// What removing would free, as far as a caller can wait for it; and what stays, the first of it.
    #[boxed]
    pub async fn preview_removal(&self, older_than: Option<Millis>) -> Result<Progress> {
        // What holds on to files is in memory meanwhile.
        static ONE_AT_A_TIME: Semaphore = Semaphore::const_new(1);
        let _turn = ONE_AT_A_TIME.acquire().await.map_err(|_| Error::internal())?;
        let gc = Gc { older_than, dry_run: true, at_most: Some(MOST_PREVIEWED), ..Gc::default() };
        let mut progress = Progress::default();
        let removal = self.gc(&gc, |outcome| progress.add(outcome.clone())).await?;
        Ok(Progress { removal, ..progress })
    }

    /// Begins to remove what was deleted, unless that goes on already. 403 unless the server was told to allow it.
    pub fn start_removal(&self, older_than: Option<Millis>) -> Result<Progress> {
        if !self.inner.may_remove {
            return Err(Error::new(
                ErrorCode::PermissionDenied,
                "Removing for good over HTTP is off. Start the server with `--allow-gc`, or run `ferroflow gc`.",
            ));
        }
        let mut progress = self.inner.gc_job.progress();
        if progress.running {
            return Ok(progress.clone());
        }
        *progress = Progress { running: true, ..Progress::default() };
        let started = progress.clone();
        drop(progress);
        let service = self.clone();
        let gc = Gc { older_than: Some(older_than.unwrap_or(DEFAULT_AGE)), ..Gc::default() };
        tokio::spawn(async move {
            let job = service.inner.gc_job.clone();
            let ended = End(job.clone());
            let done = service.gc(&gc, |outcome| job.progress().add(outcome.clone())).await;
            match done {
                Ok(Removal { counts, space, .. }) => {
                    tracing::info!(?counts, ?space, "removed for good what was deleted");
                }
                Err(error) => job.progress().error = Some(error.message),
            }
            drop(ended);
        });
        Ok(started)
    }

    /// How far the removal is that this server does or did last.
    pub fn removal_progress(&self) -> Progress {
        self.inner.gc_job.progress().clone()
    }
}

/// Says that the job is over, however it ends.
struct End(Job);

impl Drop for End {
    fn drop(&mut self) {
        self.0.progress().running = false;
    }
}
