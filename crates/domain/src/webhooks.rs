//! Webhooks: addresses that are told of changes in the registry, with MLflow's rules for their names, events and URLs.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::names::{check_length, python_repr};
use crate::{Error, Millis, Result};

/// Longest name.
pub const MAX_NAME: usize = 63;
/// Longest URL.
pub const MAX_URL: usize = 2_000;
/// Longest description.
pub const MAX_DESCRIPTION: usize = 5_000;
/// Longest secret.
pub const MAX_SECRET: usize = 1_000;
/// Most webhooks on a page.
pub const MAX_PAGE: i64 = 1_000;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Entity {
    /// A registered model.
    RegisteredModel,
    /// A version of one.
    ModelVersion,
    /// A tag of a version.
    ModelVersionTag,
    /// An alias of a version.
    ModelVersionAlias,
    /// A prompt.
    Prompt,
    /// A version of one.
    PromptVersion,
    /// A tag of a prompt.
    PromptTag,
    /// A tag of a prompt's version.
    PromptVersionTag,
    /// An alias of a prompt's version.
    PromptAlias,
    /// A budget of MLflow's gateway, of which there is none here: such events are taken, and never come.
    BudgetPolicy,
}

impl Entity {
    /// Every entity, in the order of their numbers on the wire, from 1.
    pub const ALL: [Self; 10] = [
        Self::RegisteredModel,
        Self::ModelVersion,
        Self::ModelVersionTag,
        Self::ModelVersionAlias,
        Self::Prompt,
        Self::PromptVersion,
        Self::PromptTag,
        Self::PromptVersionTag,
        Self::PromptAlias,
        Self::BudgetPolicy,
    ];

    /// Such as `model_version`, as in deliveries. The API writes it in capitals.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RegisteredModel => "registered_model",
            Self::ModelVersion => "model_version",
            Self::ModelVersionTag => "model_version_tag",
            Self::ModelVersionAlias => "model_version_alias",
            Self::Prompt => "prompt",
            Self::PromptVersion => "prompt_version",
            Self::PromptTag => "prompt_tag",
            Self::PromptVersionTag => "prompt_version_tag",
            Self::PromptAlias => "prompt_alias",
            Self::BudgetPolicy => "budget_policy",
        }
    }

    /// What can happen to it, by name.
    pub const fn actions(self) -> &'static [Action] {
        match self {
            Self::RegisteredModel | Self::ModelVersion | Self::Prompt | Self::PromptVersion => &[Action::Created],
            Self::ModelVersionTag | Self::PromptTag | Self::PromptVersionTag => &[Action::Deleted, Action::Set],
            Self::ModelVersionAlias | Self::PromptAlias => &[Action::Created, Action::Deleted],
            Self::BudgetPolicy => &[Action::Exceeded],
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Action {
    /// It was made.
    Created,
    /// It was changed; MLflow knows the word and sends no such event.
    Updated,
    /// It was removed.
    Deleted,
    /// It was given a value.
    Set,
    /// A limit was passed.
    Exceeded,
}

impl Action {
    /// Every action, in the order of their numbers on the wire, from 1.
    pub const ALL: [Self; 5] = [Self::Created, Self::Updated, Self::Deleted, Self::Set, Self::Exceeded];

    /// Such as `created`, as in deliveries. The API writes it in capitals.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Set => "set",
            Self::Exceeded => "exceeded",
        }
    }
}

/// Something that can happen, and that a webhook can wait for. Ordered as MLflow lists events: by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Event {
    entity: Entity,
    action: Action,
}

impl Event {
    /// An event; `None` if that can't happen to the entity. For pairs that are known to be good, see [`Event::new`].
    pub fn pair(entity: Entity, action: Action) -> Option<Self> {
        entity.actions().contains(&action).then_some(Self { entity, action })
    }

    /// An event that a client asks for.
    pub fn new(entity: Entity, action: Action) -> Result<Self> {
        Self::pair(entity, action).ok_or_else(|| {
            let valid: Vec<String> = entity.actions().iter().map(|a| format!("'{}'", a.name())).collect();
            Error::invalid(format!(
                "Invalid action '{}' for entity '{}'. Valid actions are: [{}]",
                action.name(),
                entity.name(),
                valid.join(", ")
            ))
        })
    }

    /// Every event, by name.
    pub fn all() -> Vec<Self> {
        let mut all: Vec<Self> = Entity::ALL
            .into_iter()
            .flat_map(|entity| entity.actions().iter().map(move |&action| Self { entity, action }))
            .collect();
        all.sort_unstable();
        all
    }

    /// What it is about.
    pub const fn entity(self) -> Entity {
        self.entity
    }

    /// What happened.
    pub const fn action(self) -> Action {
        self.action
    }

    /// Reads `model_version.created`.
    pub fn parse(text: &str) -> Option<Self> {
        let (entity, action) = text.split_once('.')?;
        let entity = Entity::ALL.into_iter().find(|e| e.name() == entity)?;
        let action = Action::ALL.into_iter().find(|a| a.name() == action)?;
        Self::pair(entity, action)
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |e: &Self| (e.entity.name(), e.action.name());
        key(self).cmp(&key(other))
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.entity.name(), self.action.name())
    }
}

/// Whether a webhook is told of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// It is.
    #[default]
    Active,
    /// Not now; what waits to be delivered goes on waiting.
    Disabled,
}

impl Status {
    /// Both, in the order of their numbers on the wire, from 1.
    pub const ALL: [Self; 2] = [Self::Active, Self::Disabled];

    /// `ACTIVE` or `DISABLED`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Disabled => "DISABLED",
        }
    }
}

/// How the last attempt at a delivery ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastDelivery {
    /// When.
    pub time: Millis,
    /// The receiver's HTTP status; `None` if it did not answer.
    pub status: Option<u16>,
    /// Why it failed; `None` if it did not.
    pub error: Option<String>,
}

/// An address that is told of events. Its secret is nobody's to see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// A UUID.
    pub webhook_id: String,
    /// Need not be unique.
    pub name: String,
    /// Plain text.
    pub description: Option<String>,
    /// Where events are sent.
    pub url: String,
    /// What it is told of, by name.
    pub events: Vec<Event>,
    /// Whether it is told.
    pub status: Status,
    /// Whether deliveries are signed.
    pub has_secret: bool,
    /// When it was created.
    pub creation_timestamp: Millis,
    /// When it was last changed.
    pub last_updated_timestamp: Millis,
    /// `None` until something was delivered.
    pub last_delivery: Option<LastDelivery>,
}

/// The outcome of sending an example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestResult {
    /// Whether the receiver took it: a status from 200 to 299.
    pub success: bool,
    /// The receiver's HTTP status; `None` if it did not answer.
    pub response_status: Option<u16>,
    /// The beginning of what it answered.
    pub response_body: Option<String>,
    /// Why nothing was sent or answered.
    pub error_message: Option<String>,
}

/// Checks a name: 1 to 63 letters, digits, `.`, `_` and `-`, the first and last a letter or digit.
pub fn check_name(name: &str) -> Result<()> {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let ends =
        name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.ends_with(|c: char| c.is_ascii_alphanumeric());
    if ends && name.len() <= MAX_NAME && name.chars().all(inner) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "Webhook name {} is invalid. It must start and end with a letter or digit, be less than 63 characters long, and \
         contain only letters, digits, dots (.), underscores (_), and hyphens (-).",
        python_repr(name)
    )))
}

/// Checks the parts of a URL that need no look at the network: its scheme, and that it names a host.
pub fn check_url(url: &str, allowed_schemes: &[String]) -> Result<()> {
    if url.trim().is_empty() {
        return Err(Error::invalid(format!("Webhook URL cannot be empty or just whitespace: {}", python_repr(url))));
    }
    check_length("url", url, MAX_URL)?;
    let is_scheme = |s: &str| {
        s.starts_with(|c: char| c.is_ascii_alphabetic())
            && s.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    };
    let (scheme, rest) = url.trim_start().split_once(':').filter(|(s, _)| is_scheme(s)).unwrap_or(("", url));
    if !allowed_schemes.iter().any(|allowed| allowed.eq_ignore_ascii_case(scheme)) {
        return Err(Error::invalid(format!(
            "Invalid webhook URL scheme: {}. Allowed schemes are: {}.",
            python_repr(&scheme.to_ascii_lowercase()),
            allowed_schemes.join(", ")
        )));
    }
    let authority = rest.strip_prefix("//").and_then(|r| r.split(['/', '?', '#']).next()).unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if host.is_empty() || host.starts_with(':') {
        return Err(Error::invalid(format!("Webhook URL must include a hostname: {}", python_repr(url))));
    }
    Ok(())
}

/// Checks a description.
pub fn check_description(description: &str) -> Result<()> {
    check_length("description", description, MAX_DESCRIPTION)
}

/// Checks a secret.
pub fn check_secret(secret: &str) -> Result<()> {
    check_length("secret", secret, MAX_SECRET)
}

/// Checks what a webhook waits for, and puts it in order. Of equal events one is enough.
pub fn check_events(mut events: Vec<Event>) -> Result<Vec<Event>> {
    if events.is_empty() {
        return Err(Error::invalid("Webhook events must be a non-empty list of WebhookEvent objects: []."));
    }
    for event in &events {
        Event::new(event.entity, event.action)?;
    }
    events.sort_unstable();
    events.dedup();
    Ok(events)
}

/// Whether an address is one that everybody on the internet means the same machine by: not this machine, not a
/// neighbour, not a group, and no such address in the clothes of IPv6 (mapped, 6to4, NAT64).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// Whether an address begins as another does, for `bits` bits.
fn within_v4(address: Ipv4Addr, network: [u8; 4], bits: u32) -> bool {
    (address.to_bits() ^ Ipv4Addr::from(network).to_bits()) >> (32 - bits) == 0
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    // IANA's special-purpose addresses, and multicast.
    const SPECIAL: [([u8; 4], u32); 15] = [
        ([0, 0, 0, 0], 8),
        ([10, 0, 0, 0], 8),
        ([100, 64, 0, 0], 10),
        ([127, 0, 0, 0], 8),
        ([169, 254, 0, 0], 16),
        ([172, 16, 0, 0], 12),
        ([192, 0, 0, 0], 24),
        ([192, 0, 2, 0], 24),
        ([192, 88, 99, 0], 24),
        ([192, 168, 0, 0], 16),
        ([198, 18, 0, 0], 15),
        ([198, 51, 100, 0], 24),
        ([203, 0, 113, 0], 24),
        ([224, 0, 0, 0], 4),
        ([240, 0, 0, 0], 4),
    ];
    !SPECIAL.iter().any(|&(network, bits)| within_v4(address, network, bits))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded =
        |at: usize| is_public_v4(Ipv4Addr::from_bits(u32::from(segments[at]) << 16 | u32::from(segments[at + 1])));
    match segments {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => embedded(6),
        [0x2002, ..] => embedded(1),
        // IETF protocol assignments (Teredo, ORCHID, benchmarks) and documentation.
        [0x2001, 0..=0x01ff | 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => false,
        // What is left of the global unicast addresses.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_mlflows() {
        for name in ["a", "A.b_c-9", &"a".repeat(63)] {
            check_name(name).unwrap();
        }
        for name in ["", "-a", "a-", "a b", "é", "a\n", &"a".repeat(64)] {
            check_name(name).unwrap_err();
        }
        assert!(check_name("it's").unwrap_err().message.starts_with("Webhook name \"it's\" is invalid. It must"));
    }

    #[test]
    fn urls_are_refused_in_mlflows_words() {
        let https = ["https".to_owned()];
        for url in ["https://a/b", "HTTPS://a", "https://u:p@a:1/?q", "https://[::1]/"] {
            check_url(url, &https).unwrap();
        }
        for (url, message) in [
            (" ", "Webhook URL cannot be empty or just whitespace: ' '"),
            ("x", "Invalid webhook URL scheme: ''. Allowed schemes are: https."),
            ("FTP://a/b", "Invalid webhook URL scheme: 'ftp'. Allowed schemes are: https."),
            ("https://", "Webhook URL must include a hostname: 'https://'"),
            ("https:///x", "Webhook URL must include a hostname: 'https:///x'"),
            ("https://u@/x", "Webhook URL must include a hostname: 'https://u@/x'"),
            ("https:x", "Webhook URL must include a hostname: 'https:x'"),
        ] {
            assert_eq!(check_url(url, &https).unwrap_err().message, message);
        }
        let both = ["http".to_owned(), "https".to_owned()];
        check_url("http://a", &both).unwrap();
        assert!(check_url("ftp://a", &both).unwrap_err().message.ends_with("Allowed schemes are: http, https."));
    }

    #[test]
    fn events_come_in_order_and_once() {
        let event = |text| Event::parse(text).unwrap();
        let given = vec![event("prompt.created"), event("model_version_tag.set"), event("prompt.created")];
        assert_eq!(check_events(given).unwrap(), [event("model_version_tag.set"), event("prompt.created")]);
        assert_eq!(
            Event::new(Entity::ModelVersionTag, Action::Created).unwrap_err().message,
            "Invalid action 'created' for entity 'model_version_tag'. Valid actions are: ['deleted', 'set']"
        );
        assert_eq!(Event::all().len(), 15);
        assert!(Event::all().iter().all(|e| Event::parse(&e.to_string()) == Some(*e)));
    }

    #[test]
    fn only_public_addresses_are_public() {
        for public in [
            "8.8.8.8",
            "1.1.1.1",
            "100.63.0.1",
            "172.32.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "2002:808:808::",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for other in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.19.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "2002:a00:1::",
            "2002:7f00:1::",
            "64:ff9b::a00:1",
            "64:ff9b:1::808:808",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "fec0::1",
            "4000::1",
        ] {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
    }
}
