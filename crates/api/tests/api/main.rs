//! The HTTP API as a client meets it: the real router, in process, on a service of its own.

mod artifacts;
mod client;
mod cves;
mod endpoints;
mod memory;
mod registry;
mod requests;
mod security;
mod tracking;
mod webhooks;
