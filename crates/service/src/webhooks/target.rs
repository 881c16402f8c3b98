//! Where a webhook's URL really leads. The host's addresses are looked up once; if one of them is not public, nothing is
//! sent at all, and what is sent goes to one of those that were checked: a name server that changes its mind changes
//! nothing.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use domain::names::python_repr;
use domain::webhooks::{check_url, is_public};
use domain::{Error, Result};
use url::{Host, Url};

use super::config::WebhookConfig;

/// How long looking up a name may take.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// A URL and the addresses that its host has.
pub(super) struct Target {
    pub(super) url: Url,
    pub(super) addresses: Vec<SocketAddr>,
}

/// Why nothing can be sent to a URL.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It leads where it must not, or nowhere: trying again is no use.
    Forbidden(Error),
    /// Its host has no address at the moment.
    Unknown(Error),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Forbidden(error) | Refusal::Unknown(error) => error,
        }
    }
}

/// Reads a URL whose scheme and host are as they should be.
pub(super) fn parse(text: &str, config: &WebhookConfig) -> Result<Url> {
    check_url(text, &config.allowed_schemes)?;
    Url::parse(text).map_err(|cause| Error::invalid(format!("Invalid webhook URL {}: {cause}", python_repr(text))))
}

/// Looks up and checks where a URL leads.
pub(super) async fn find(text: &str, config: &WebhookConfig) -> Result<Target, Refusal> {
    let url = parse(text, config).map_err(Refusal::Forbidden)?;
    let unknown = |host: &str, cause: &str| {
        let host = python_repr(host);
        Refusal::Unknown(Error::invalid(format!("Cannot resolve Webhook URL hostname {host}: {cause}")))
    };
    // The parser reads every spelling of an address, such as 127.1 or 0x7f000001, as that address.
    let (host, found): (String, Vec<IpAddr>) = match url.host() {
        Some(Host::Ipv4(address)) => (address.to_string(), vec![address.into()]),
        Some(Host::Ipv6(address)) => (address.to_string(), vec![address.into()]),
        Some(Host::Domain(name)) => {
            let lookup = tokio::time::timeout(LOOKUP_TIMEOUT, config.resolver.resolve(name)).await;
            let found = lookup.map_err(|_| unknown(name, "no answer within 5 seconds"))?;
            (name.to_owned(), found.map_err(|cause| unknown(name, &cause.to_string()))?)
        }
        None => (String::new(), Vec::new()),
    };
    if found.is_empty() {
        return Err(unknown(&host, "it has no address"));
    }
    if !config.allow_private_ips
        && let Some(address) = found.iter().find(|address| !is_public(**address))
    {
        return Err(Refusal::Forbidden(Error::invalid(format!(
            "Webhook URL must not resolve to a non-public IP address. {} resolves to {address}.",
            python_repr(&host)
        ))));
    }
    let port = url.port_or_known_default().unwrap_or(443);
    let addresses = found.into_iter().map(|address| SocketAddr::new(address, port)).collect();
    Ok(Target { url, addresses })
}
