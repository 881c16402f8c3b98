//! The one router: the HTTP API, the web UI, its files and server functions, and what stands before all of them.

use api::Security;
use app::{App, shell};
use axum::Router;
use axum::body::Body;
use axum::extract::{OriginalUri, Request, State};
use axum::middleware::map_request;
use axum::routing::{any, get};
use leptos::config::LeptosOptions;
use leptos::prelude::provide_context;
use leptos_axum::{LeptosRoutes, generate_route_list, handle_server_fns_with_context};
use service::Service;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

use crate::site::{Site, icon, package};

/// Where server functions are.
const FUNCTIONS: &str = "/_fn/";
/// Answers smaller than this are not worth compressing, in bytes.
const COMPRESS_ABOVE: u16 = 1024;

/// Puts the router together, with what else there is `beside` API and UI.
pub(crate) fn router(service: &Service, site: Site, security: &Security, prefix: &str, beside: Router) -> Router {
    app::set_prefix(prefix);
    let options = LeptosOptions::builder().output_name("ferroflow").build();
    let context = {
        let service = service.clone();
        let addresses = site.addresses(prefix);
        move || {
            provide_context(service.clone());
            provide_context(addresses.clone());
        }
    };
    let functions = any({
        let context = context.clone();
        move |State(_): State<LeptosOptions>, request: Request<Body>| {
            handle_server_fns_with_context(context.clone(), request)
        }
    });
    let pages = Router::new()
        .leptos_routes_with_context(&options, generate_route_list(App), context, {
            let options = options.clone();
            move || shell(options.clone())
        })
        .layer(map_request(with_prefix))
        .route(&format!("{FUNCTIONS}{{*name}}"), functions)
        .with_state(options)
        .layer(CompressionLayer::new().compress_when(SizeAbove::new(COMPRESS_ABOVE).and(NotYetEncoded)));
    let files =
        Router::new().route("/pkg/{version}/{*file}", get(package)).route("/favicon.svg", get(icon)).with_state(site);
    api::router(service, security, prefix, pages.merge(files).merge(beside))
}

/// Pages know the address as the browser has it, with the prefix that routing took off: the browser's code must find the
/// same. Server functions are known by their path without it.
async fn with_prefix(OriginalUri(uri): OriginalUri, mut request: Request<Body>) -> Request<Body> {
    if !request.uri().path().starts_with(FUNCTIONS) {
        *request.uri_mut() = uri;
    }
    request
}

/// Leaves alone what is compressed already.
#[derive(Clone, Copy)]
struct NotYetEncoded;

impl Predicate for NotYetEncoded {
    fn should_compress<B: axum::body::HttpBody>(&self, response: &http::Response<B>) -> bool {
        !response.headers().contains_key(http::header::CONTENT_ENCODING)
    }
}
