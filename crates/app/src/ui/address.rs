//! Addresses on this server: all of them stand under the prefix that it was told to serve under (`--static-prefix`).

use std::sync::OnceLock;

use leptos_router::{PartialPathMatch, PathSegment, PossibleRouteMatch};

/// Such as `/mlflow`; never set where there is none. One process serves one prefix, and a page is of one server.
static PREFIX: OnceLock<String> = OnceLock::new();

/// Puts every address under `prefix` (empty, or such as `/mlflow`). The first call counts.
pub fn set_prefix(prefix: &str) {
    drop(PREFIX.set(prefix.to_owned()));
}

/// The prefix, empty if there is none.
pub(crate) fn prefix() -> &'static str {
    PREFIX.get().map_or("", String::as_str)
}

/// In the browser: takes the prefix from the page that the server sent. Call it before hydration.
#[cfg(feature = "hydrate")]
pub fn adopt_prefix() {
    let root = leptos::prelude::document().document_element();
    set_prefix(&root.and_then(|root| root.get_attribute("data-prefix")).unwrap_or_default());
    // Set before only if this is called twice, and then to the same.
    let _ = leptos::server_fn::client::try_set_server_url(prefix());
}

/// The address of a path of the server, such as `/models/a?b=c`.
pub(crate) fn at(path: &str) -> String {
    [prefix(), path].concat()
}

/// The route of everything: the prefix. The server's own router has it taken off already, so that no path is made of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prefix;

impl PossibleRouteMatch for Prefix {
    fn optional(&self) -> bool {
        false
    }

    fn test<'a>(&self, path: &'a str) -> Option<PartialPathMatch<'a>> {
        let rest = path.strip_prefix(prefix())?;
        let whole = rest.is_empty() || rest.starts_with('/');
        whole.then(|| PartialPathMatch::new(rest, Vec::new(), prefix()))
    }

    fn generate_path(&self, _path: &mut Vec<PathSegment>) {}
}
