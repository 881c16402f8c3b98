//! The pages as routes whose code a browser fetches when it first needs it.
//!
//! `cargo leptos build --split` makes a WASM file of each area below, and one of what a set of areas shares. Areas
//! rather than pages: every further split adds a file, and a request, for each combination that shares code.

use leptos::prelude::*;
use leptos_router::LazyRoute;

use crate::{experiments, model_versions, registered_models, runs, storage, webhooks};

/// `area! { load, Pages, preload { Route => page, … } }`: routes for the components `page`, whose code is loaded together.
macro_rules! area {
    ($load:ident, $pages:ident, $preload:ident { $($route:ident => $page:path),+ $(,)? }) => {
        #[derive(Clone, Copy)]
        enum $pages {
            $($route),+
        }

        #[lazy]
        fn $load(page: $pages) -> AnyView {
            crate::ui::ready::tell();
            match page {
                $($pages::$route => $page().into_any()),+
            }
        }

        $(
            pub(crate) struct $route;

            impl LazyRoute for $route {
                fn data() -> Self {
                    Self
                }

                async fn view(_route: Self) -> AnyView {
                    $load($pages::$route).await
                }

                // The server has all of the code already.
                #[cfg(target_arch = "wasm32")]
                async fn preload() {
                    $preload().await;
                }
            }
        )+
    };
}

area! { lists, Lists, __preload_lists {
    Experiments => experiments::ExperimentsPage,
    Models => registered_models::ModelsPage,
}}

area! { runs_table, RunsTable, __preload_runs_table {
    Runs => runs::RunsPage,
}}

area! { run, RunPages, __preload_run {
    Run => runs::RunPage,
}}

area! { registry, Registry, __preload_registry {
    Model => registered_models::ModelPage,
    Version => model_versions::VersionPage,
}}

area! { comparison, Comparison, __preload_comparison {
    CompareRuns => runs::ComparePage,
    CompareVersions => model_versions::ComparePage,
}}

area! { settings, Settings, __preload_settings {
    Storage => storage::StoragePage,
    Webhooks => webhooks::WebhooksPage,
}}
