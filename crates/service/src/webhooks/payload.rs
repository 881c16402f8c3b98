//! What a delivery says: MLflow's shapes, lower case, versions as texts.

use std::collections::BTreeMap;

use domain::model_versions::ModelVersion;
use domain::registered_models::{PROMPT_TAG, RegisteredModel};
use domain::webhooks::{Action, Entity, Event};
use domain::{Millis, Tag};
use jiff::Timestamp;
use serde::Serialize;

use crate::model_versions::PROMPT_TEXT_TAG;

/// The tag that tells kinds of prompts apart; inside information, like [`PROMPT_TAG`].
const PROMPT_TYPE_TAG: &str = "_mlflow_prompt_type";

type Tags<'a> = BTreeMap<&'a str, &'a str>;

/// What happened, in the detail that the event has.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Data<'a> {
    /// A registered model or a prompt.
    Owner { name: &'a str, tags: Tags<'a>, description: &'a str },
    Version {
        name: &'a str,
        version: String,
        source: &'a str,
        run_id: Option<&'a str>,
        tags: Tags<'a>,
        description: Option<&'a str>,
    },
    PromptVersion {
        name: &'a str,
        version: String,
        template: Option<&'a str>,
        tags: Tags<'a>,
        description: Option<&'a str>,
    },
    Tag {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<String>,
        key: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<&'a str>,
    },
    Alias {
        name: &'a str,
        alias: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<String>,
    },
    Budget {
        budget_policy_id: &'a str,
        budget_unit: &'a str,
        budget_amount: f64,
        current_spend: f64,
        duration_unit: &'a str,
        duration_value: i64,
        target_scope: &'a str,
        workspace: &'a str,
        target_value: Option<&'a str>,
        window_start: i64,
    },
}

fn tags<'a>(tags: &'a [Tag], hidden: &[&str]) -> Tags<'a> {
    let shown = tags.iter().filter(|tag| !hidden.contains(&tag.key.as_str()));
    shown.map(|tag| (tag.key.as_str(), tag.value.as_str())).collect()
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

impl<'a> Data<'a> {
    /// A new registered model, or a new prompt.
    pub(super) fn model(model: &'a RegisteredModel, is_prompt: bool) -> Self {
        let hidden: &[&str] = if is_prompt { &[PROMPT_TAG, PROMPT_TYPE_TAG] } else { &[] };
        Self::Owner {
            name: &model.name,
            tags: tags(&model.tags, hidden),
            description: model.description.as_deref().unwrap_or_default(),
        }
    }

    /// A new version, of a model or of a prompt.
    pub(super) fn version(version: &'a ModelVersion, is_prompt: bool) -> Self {
        let (name, number) = (version.name.as_str(), version.version.to_string());
        let description = version.description.as_deref().and_then(some);
        if is_prompt {
            let template = version.tags.iter().find(|tag| tag.key == PROMPT_TEXT_TAG);
            return Self::PromptVersion {
                name,
                version: number,
                template: template.map(|tag| tag.value.as_str()),
                tags: tags(&version.tags, &[PROMPT_TAG, PROMPT_TYPE_TAG, PROMPT_TEXT_TAG]),
                description,
            };
        }
        Self::Version {
            name,
            version: number,
            source: &version.source,
            run_id: some(&version.run_id),
            tags: tags(&version.tags, &[]),
            description,
        }
    }

    /// What an event may look like, for trying out a webhook.
    pub(super) fn example(event: Event) -> Data<'static> {
        let of_prompt = matches!(
            event.entity(),
            Entity::Prompt | Entity::PromptVersion | Entity::PromptTag | Entity::PromptVersionTag | Entity::PromptAlias
        );
        let name = if of_prompt { "example_prompt" } else { "example_model" };
        let version = || "1".to_owned();
        let tags = || Tags::from([("example_key", "example_value")]);
        let gone = event.action() == Action::Deleted;
        let tag = |version| Data::Tag { name, version, key: "example_key", value: (!gone).then_some("example_value") };
        match event.entity() {
            Entity::RegisteredModel => Data::Owner { name, tags: tags(), description: "An example registered model" },
            Entity::Prompt => Data::Owner { name, tags: tags(), description: "An example prompt" },
            Entity::ModelVersion => Data::Version {
                name,
                version: version(),
                source: "models:/123",
                run_id: Some("abcd1234abcd5678"),
                tags: tags(),
                description: Some("An example model version"),
            },
            Entity::PromptVersion => Data::PromptVersion {
                name,
                version: version(),
                template: Some("Hello {{name}}!"),
                tags: tags(),
                description: Some("An example prompt version"),
            },
            Entity::PromptTag => tag(None),
            Entity::ModelVersionTag | Entity::PromptVersionTag => tag(Some(version())),
            Entity::ModelVersionAlias | Entity::PromptAlias => {
                Data::Alias { name, alias: "example_alias", version: (!gone).then(version) }
            }
            Entity::BudgetPolicy => Data::Budget {
                budget_policy_id: "bp-abc123",
                budget_unit: "USD",
                budget_amount: 100.0,
                current_spend: 105.5,
                duration_unit: "MONTHS",
                duration_value: 1,
                target_scope: "ENDPOINT",
                workspace: "default",
                target_value: Some("ep-abc123"),
                window_start: 1_704_067_200_000,
            },
        }
    }

    /// The whole body of a delivery.
    pub(super) fn body(&self, event: Event, now: Millis) -> String {
        #[derive(Serialize)]
        struct Body<'a> {
            entity: &'static str,
            action: &'static str,
            timestamp: String,
            data: &'a Data<'a>,
        }
        // The clock's time is within the years that a timestamp can hold.
        let time = Timestamp::from_millisecond(now).unwrap_or_default();
        let body = Body {
            entity: event.entity().name(),
            action: event.action().name(),
            timestamp: time.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string(),
            data: self,
        };
        // Texts and numbers with texts as keys: that is always JSON.
        serde_json::to_string(&body).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_mlflows() {
        let body = |text: &str| {
            let event = Event::parse(text).unwrap();
            Data::example(event).body(event, 1_700_000_000_123)
        };
        assert_eq!(
            body("prompt_version.created"),
            r#"{"entity":"prompt_version","action":"created","timestamp":"2023-11-14T22:13:20.123000+00:00","data":{"name":"example_prompt","version":"1","template":"Hello {{name}}!","tags":{"example_key":"example_value"},"description":"An example prompt version"}}"#
        );
        assert!(body("prompt_tag.deleted").ends_with(r#""data":{"name":"example_prompt","key":"example_key"}}"#));
        assert!(
            body("model_version_alias.created")
                .ends_with(r#""data":{"name":"example_model","alias":"example_alias","version":"1"}}"#)
        );
    }
}
