//! The WASM entry: hydrates the UI that the server has rendered.
// The type of the whole UI is deep.
#![recursion_limit = "512"]

use wasm_bindgen::prelude::wasm_bindgen;

/// Takes over the page. Called once by the document's own script.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    app::adopt_prefix();
    leptos::mount::hydrate_lazy(app::App);
}
