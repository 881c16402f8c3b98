//! The web UI: pages, components and server functions.
//!
//! Pages are rendered on the server, whole, and hydrated in the browser. A server function is a public HTTP endpoint
//! (`/_fn/…`) that asks `service` for the very operations that the HTTP API asks for. All state that one would want
//! to share is in the URL.
#![recursion_limit = "512"]
#![expect(unreachable_pub, reason = "the component macro makes a public function of every component")]
#![expect(clippy::needless_pass_by_value, reason = "a component owns its properties")]
#![cfg_attr(
    not(feature = "ssr"),
    expect(clippy::unused_async_trait_impl, reason = "in the browser a server function's body is not there")
)]

mod artifacts;
mod error;
mod experiments;
pub mod format;
mod layout;
mod model_versions;
mod query;
mod register;
mod registered_models;
mod routes;
mod runs;
#[cfg(feature = "ssr")]
mod shell;
mod storage;
mod ui;
mod webhooks;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Redirect, Route, Router, Routes};
use leptos_router::{Lazy, SsrMode, path};

pub use error::{UiError, UiResult};
#[cfg(feature = "ssr")]
pub use shell::{SiteFiles, shell};
#[cfg(feature = "hydrate")]
pub use ui::address::adopt_prefix;
pub use ui::address::set_prefix;

/// The whole UI.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    ui::toast::provide_toasts();
    ui::time::provide_minutes();
    view! {
        <Title formatter=|title: String| if title.is_empty() { "Ferroflow".to_owned() } else { format!("{title} · Ferroflow") }/>
        <Router>
            <Routes fallback=layout::NotFound>
                <ParentRoute path=ui::address::Prefix view=layout::Frame>
                    <Route path=path!("") ssr=SsrMode::Async view=|| view! { <Redirect path=ui::at("/experiments")/> }/>
                    <Route path=path!("experiments") view={Lazy::<routes::Experiments>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("experiments/:id") view={Lazy::<routes::Runs>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("experiments/:id/compare") view={Lazy::<routes::CompareRuns>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("experiments/:id/runs/:run_id") view={Lazy::<routes::Run>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("models") view={Lazy::<routes::Models>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("models/:name") view={Lazy::<routes::Model>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("models/:name/compare") view={Lazy::<routes::CompareVersions>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("models/:name/versions/:version") view={Lazy::<routes::Version>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("webhooks") view={Lazy::<routes::Webhooks>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("settings/storage") view={Lazy::<routes::Storage>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("*any") view=layout::NotFound/>
                </ParentRoute>
            </Routes>
        </Router>
        <ui::toast::Toasts/>
    }
}
