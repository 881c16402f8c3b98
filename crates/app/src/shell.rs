//! The HTML document around the app, made on the server.

use std::collections::HashMap;

use leptos::WasmSplitManifest;
use leptos::config::LeptosOptions;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::App;
use crate::ui::address::{at, prefix};

/// Addresses of the site's built files; they carry a hash of the content, so that browsers may keep them for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteFiles {
    /// The JavaScript module that loads the WASM.
    pub js: String,
    /// The WASM.
    pub wasm: String,
    /// The style sheet.
    pub css: String,
    /// The folder of all of them.
    pub folder: String,
    /// The files, without `.wasm`, that each lazily loaded function needs.
    pub chunks: HashMap<String, Vec<String>>,
}

/// The module that loads lazily loaded code: cargo-leptos gives it this name.
const SPLIT_LOADER: &str = "__wasm_split.______________________.js";

/// Sets the theme and folds the list of experiments as they were left, before the first paint, and takes addresses of
/// MLflow's own UI (`/#/experiments/1`), which its client prints, to ours.
const EARLY: &str = "(()=>{const h=location.hash;const r=document.documentElement,p=r.dataset.prefix;\
if(h.startsWith('#/')){location.replace(p+h.slice(1));return}\
let t=null;try{t=localStorage.getItem('ferroflow-theme');\
if(localStorage.getItem('ferroflow-experiments-folded'))r.dataset.experiments='folded'}catch{}\
r.dataset.theme=t||(matchMedia('(prefers-color-scheme: dark)').matches?'dark':'light')})()";

/// Keeps a press on a button that only reacts once the page is hydrated, and makes it then; the last one counts.
const PRESSES: &str = "(()=>{const r=document.documentElement;let b=null;\
const press=e=>{b=e.target.closest?.('button[type=button]')??b};\
addEventListener('click',press,true);\
const o=new MutationObserver(()=>{o.disconnect();removeEventListener('click',press,true);\
if(b?.isConnected)b.click()});o.observe(r,{attributeFilter:['data-hydrated']})})()";

/// The document of every page.
pub fn shell(_options: LeptosOptions) -> impl IntoView {
    let files = expect_context::<SiteFiles>();
    let nonce = use_nonce().map(|n| n.to_string()).unwrap_or_default();
    set_policy(&nonce);
    // What the page's own area needs is fetched beside the rest, not after it.
    provide_context(WasmSplitManifest(ArcStoredValue::new((files.folder, files.chunks, SPLIT_LOADER.to_owned()))));
    let start =
        format!("import('{}').then(m=>m.default({{module_or_path:'{}'}}).then(()=>m.hydrate()))", files.js, files.wasm);
    view! {
        <!DOCTYPE html>
        <html lang="en" data-prefix=prefix()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <script nonce=nonce.clone() inner_html=EARLY></script>
                <script nonce=nonce.clone() inner_html=PRESSES></script>
                <link rel="icon" type="image/svg+xml" href=at("/favicon.svg")/>
                <link rel="stylesheet" href=files.css/>
                <link rel="modulepreload" href=files.js/>
                <link rel="preload" href=files.wasm r#as="fetch" r#type="application/wasm" crossorigin=""/>
                <MetaTags/>
            </head>
            <body>
                <App/>
                <script type="module" nonce=nonce inner_html=start></script>
            </body>
        </html>
    }
}

/// Only our own scripts run, and only those that this answer carries.
fn set_policy(nonce: &str) {
    let Some(response) = use_context::<leptos_axum::ResponseOptions>() else { return };
    let policy = format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'self'"
    );
    if let Ok(value) = axum::http::HeaderValue::from_str(&policy) {
        response.insert_header(axum::http::header::CONTENT_SECURITY_POLICY, value);
    }
}
