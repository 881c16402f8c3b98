//! What a page loads: rendered on the server, sent along, and asked for again by the browser.

use std::future::Future;
#[cfg(feature = "ssr")]
use std::time::Duration;

use leptos::prelude::*;
use leptos::server::codee::{Decoder, Encoder};
use leptos_router::hooks::use_location;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// JSON that is read from bytes, as a server function's answer is: Leptos' own reads text, which would be a second copy
/// of the code for each type.
pub(crate) struct Json;

impl<T: Serialize> Encoder<T> for Json {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, Self::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for Json {
    type Error = serde_json::Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Self::Error> {
        serde_json::from_slice(text.as_bytes())
    }
}

/// What a page has loaded, or is loading.
pub(crate) type Loaded<T> = Resource<T, Json>;

/// Loads by `fetch`, and again whenever `source` changes.
pub(crate) fn load<T, S, F>(
    source: impl Fn() -> S + Send + Sync + 'static,
    fetch: impl Fn(S) -> F + Send + Sync + 'static,
) -> Loaded<T>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    S: PartialEq + Clone + Send + Sync + 'static,
    F: Future<Output = T> + Send + 'static,
{
    Resource::new_with_options(source, fetch, false)
}

/// How long a page that is being rendered waits for a part of it.
#[cfg(feature = "ssr")]
const PATIENCE: Duration = Duration::from_millis(80);
/// The same where nothing else will ask for it: the way without scripts (`wait=1` in the address).
#[cfg(feature = "ssr")]
const LONG_PATIENCE: Duration = Duration::from_secs(30);

/// Loads a part of a page that is kept where the page can't wait for it, such as in an artifact store: the server renders
/// what comes at once, and the browser asks for what did not (`None`). A failure is told in the part's place, and is none
/// of the page.
pub(crate) fn load_part<T, S, F>(
    source: impl Fn() -> S + Send + Sync + 'static,
    fetch: impl Fn(S) -> F + Send + Sync + 'static,
) -> Loaded<Option<T>>
where
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    S: PartialEq + Clone + Send + Sync + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let part = load(source, move |asked| at_once(fetch(asked)));
    Effect::new(move |_| {
        if matches!(part.get(), Some(None)) {
            part.refetch();
        }
    });
    part
}

#[cfg(feature = "ssr")]
fn at_once<T>(loading: impl Future<Output = T>) -> impl Future<Output = Option<T>> {
    let query = use_context::<axum::http::request::Parts>().and_then(|parts| parts.uri.query().map(str::to_owned));
    let waits = crate::query::parse(&query.unwrap_or_default()).iter().any(|(key, _)| key == "wait");
    let patience = if waits { LONG_PATIENCE } else { PATIENCE };
    let owner = Owner::new();
    let loading = owner.with(|| {
        provide_context(crate::error::PartOfPage);
        leptos::reactive::computed::ScopedFuture::new(loading)
    });
    async move { tokio::time::timeout(patience, loading).await.ok() }
}

#[cfg(not(feature = "ssr"))]
async fn at_once<T>(loading: impl Future<Output = T>) -> Option<T> {
    Some(loading.await)
}

/// In place of a part that is not there yet.
#[component]
pub(crate) fn Loading() -> impl IntoView {
    let search = use_location().search;
    let href = move || search.with(|search| format!("?{}&wait=1", search.trim_start_matches('?')));
    view! {
        <div class="skeleton w-full" role="status" aria-busy="true"><span class="sr-only">"Loading"</span></div>
        <noscript><a class="link" href=href>"Wait for it"</a></noscript>
    }
}
