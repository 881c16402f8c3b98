//! The WASM entry of the web UI.
