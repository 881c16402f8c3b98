//! Events on their way into the outbox, in the transaction of the change that they tell of: what is acknowledged is told,
//! what is rolled back never is.

use std::sync::Arc;

use domain::Tag;
use domain::model_versions::ModelVersion;
use domain::registered_models::RegisteredModel;
use domain::webhooks::{Action, Entity, Event};
use store::{Conn, StoreError, outbox, registered_models};
use tokio::sync::Notify;

use super::payload::Data;
use crate::registered_models::says_prompt;
use crate::{Clock, Entropy, Service};

/// A change in the registry that webhooks can be told of.
pub(crate) enum News<'a> {
    /// A registered model or a prompt was created.
    ModelCreated(&'a RegisteredModel),
    /// A version was created.
    VersionCreated(&'a ModelVersion),
    /// A tag of a model was set. MLflow tells of prompts' only.
    TagSet { name: &'a str, tag: &'a Tag },
    /// A tag of a model was removed, if it was there. MLflow tells of prompts' only.
    TagDeleted { name: &'a str, key: &'a str },
    /// A tag of a version was set.
    VersionTagSet { name: &'a str, version: i64, tag: &'a Tag },
    /// A tag of a version was removed, if it was there.
    VersionTagDeleted { name: &'a str, version: i64, key: &'a str },
    /// An alias was pointed at a version.
    AliasSet { name: &'a str, alias: &'a str, version: i64 },
    /// An alias was removed, if it was there.
    AliasDeleted { name: &'a str, alias: &'a str },
}

impl News<'_> {
    /// The event if a model changed, and if a prompt did.
    fn events(&self) -> (Option<Event>, Option<Event>) {
        use Entity::{
            ModelVersion, ModelVersionAlias, ModelVersionTag, Prompt, PromptAlias, PromptTag, PromptVersion,
            PromptVersionTag, RegisteredModel,
        };
        let (model, prompt, action) = match self {
            Self::ModelCreated(_) => (Some(RegisteredModel), Prompt, Action::Created),
            Self::VersionCreated(_) => (Some(ModelVersion), PromptVersion, Action::Created),
            Self::TagSet { .. } => (None, PromptTag, Action::Set),
            Self::TagDeleted { .. } => (None, PromptTag, Action::Deleted),
            Self::VersionTagSet { .. } => (Some(ModelVersionTag), PromptVersionTag, Action::Set),
            Self::VersionTagDeleted { .. } => (Some(ModelVersionTag), PromptVersionTag, Action::Deleted),
            Self::AliasSet { .. } => (Some(ModelVersionAlias), PromptAlias, Action::Created),
            Self::AliasDeleted { .. } => (Some(ModelVersionAlias), PromptAlias, Action::Deleted),
        };
        (model.and_then(|entity| Event::pair(entity, action)), Event::pair(prompt, action))
    }

    /// Whether a prompt changed: new things say so themselves, of the others the model does.
    async fn is_prompt(&self, tx: &mut Conn) -> Result<bool, StoreError> {
        let name = match self {
            Self::ModelCreated(model) => return Ok(says_prompt(&model.tags)),
            Self::VersionCreated(version) => return Ok(says_prompt(&version.tags)),
            Self::TagSet { name, .. }
            | Self::TagDeleted { name, .. }
            | Self::VersionTagSet { name, .. }
            | Self::VersionTagDeleted { name, .. }
            | Self::AliasSet { name, .. }
            | Self::AliasDeleted { name, .. } => name,
        };
        Ok(registered_models::find(tx, name).await?.is_some_and(|model| model.is_prompt))
    }

    fn data(&self, is_prompt: bool) -> Data<'_> {
        match self {
            Self::ModelCreated(model) => Data::model(model, is_prompt),
            Self::VersionCreated(version) => Data::version(version, is_prompt),
            Self::TagSet { name, tag } => {
                Data::Tag { name, version: None, key: &tag.key, value: Some(tag.value.as_str()) }
            }
            Self::TagDeleted { name, key } => Data::Tag { name, version: None, key, value: None },
            Self::VersionTagSet { name, version, tag } => {
                Data::Tag { name, version: Some(version.to_string()), key: &tag.key, value: Some(tag.value.as_str()) }
            }
            Self::VersionTagDeleted { name, version, key } => {
                Data::Tag { name, version: Some(version.to_string()), key, value: None }
            }
            Self::AliasSet { name, alias, version } => Data::Alias { name, alias, version: Some(version.to_string()) },
            Self::AliasDeleted { name, alias } => Data::Alias { name, alias, version: None },
        }
    }
}

/// Where a transaction leaves its events.
#[derive(Clone)]
pub(crate) struct Outbox {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    wake: Arc<Notify>,
}

impl Service {
    /// Where a transaction leaves its events.
    pub(crate) fn outbox(&self) -> Outbox {
        let inner = &self.inner;
        Outbox { clock: inner.clock.clone(), entropy: inner.entropy.clone(), wake: inner.webhooks.wake.clone() }
    }
}

impl Outbox {
    /// Leaves the event of a change for every webhook that waits for it: one query where none does.
    pub(crate) async fn put(&self, tx: &mut Conn, change: News<'_>) -> Result<(), StoreError> {
        let (of_model, of_prompt) = change.events();
        let name = |event: Option<Event>| event.map(|event| event.to_string()).unwrap_or_default();
        let mut listeners = outbox::listeners(tx, [&name(of_model), &name(of_prompt)]).await?;
        if listeners.is_empty() {
            return Ok(());
        }
        let is_prompt = change.is_prompt(tx).await?;
        let Some(event) = (if is_prompt { of_prompt } else { of_model }) else { return Ok(()) };
        let wanted = event.to_string();
        listeners.retain(|listener| listener.event == wanted);
        let now = self.clock.now();
        let body = change.data(is_prompt).body(event, now);
        for listener in listeners {
            outbox::add(tx, listener.webhook_no, &uuid(self.entropy.next()), &body, now).await?;
        }
        // The transaction has yet to end: whoever is woken looks a moment later.
        self.wake.notify_one();
        Ok(())
    }
}

/// A random UUID (version 4).
pub(super) fn uuid(chance: u128) -> String {
    let bits = chance & !(0xf << 76 | 0b11 << 62) | 0x4 << 76 | 0b10 << 62;
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_say_that_they_are_random() {
        assert_eq!(uuid(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
