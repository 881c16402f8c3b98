//! A page's data, kept fresh in place: what people have open, typed or focused stays as it is when a change is made.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use leptos::prelude::*;

use crate::error::UiResult;

type Loading<T> = Pin<Box<dyn Future<Output = UiResult<T>> + Send>>;
type Load<T> = Arc<dyn Fn() -> Loading<T> + Send + Sync>;

/// Data on a page, and the way to load it again.
pub(crate) struct Live<T: Send + Sync + 'static> {
    /// What is shown.
    pub(crate) data: RwSignal<T>,
    load: StoredValue<Load<T>>,
}

impl<T: Send + Sync + 'static> Clone for Live<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Live<T> {}

impl<T: Send + Sync + 'static> Live<T> {
    /// Starts from what was loaded with the page.
    pub(crate) fn new<Fut>(first: T, load: impl Fn() -> Fut + Send + Sync + 'static) -> Self
    where
        Fut: Future<Output = UiResult<T>> + Send + 'static,
    {
        let load: Load<T> = Arc::new(move || Box::pin(load()));
        Self { data: RwSignal::new(first), load: StoredValue::new(load) }
    }

    /// Loads again what is shown; it stays as it is if that fails.
    pub(crate) fn reload(self) {
        leptos::task::spawn_local(async move {
            // There is nothing to fail before the loading.
            drop(self.change(async { Ok(()) }).await);
        });
    }

    /// Makes a change, then loads what it changed. The change stands even if the loading fails.
    pub(crate) async fn change<U>(self, work: impl Future<Output = UiResult<U>>) -> UiResult<U> {
        let done = work.await?;
        if let Some(load) = self.load.try_get_value()
            && let Ok(fresh) = load().await
        {
            // The page may be gone by now.
            self.data.try_set(fresh);
        }
        Ok(done)
    }
}
