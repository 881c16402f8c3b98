//! The web UI: pages, components and server functions.
