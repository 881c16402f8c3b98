//! What runs read and made: datasets and models.

use std::collections::HashSet;

use domain::names::check_length;
use domain::runs::{DatasetInput, LOGGED_MODELS_TAG, ModelOutput};
use domain::{Error, Result, Tag};
use serde_json::{Map, Value};
use store::{datasets, run_models, runs, tags};

use super::{LogInputs, active, active_run, check_run_id};
use crate::errors::Fault;
use crate::tags::last_wins;
use crate::{Service, boxed};

/// Longest name of a dataset.
const MAX_NAME: usize = 500;
/// Longest digest of a dataset.
const MAX_DIGEST: usize = 36;
/// Longest source of a dataset.
const MAX_SOURCE: usize = 65_535;
/// Longest schema of a dataset.
const MAX_SCHEMA: usize = 1_048_575;
/// Longest profile of a dataset.
const MAX_PROFILE: usize = 16_777_215;
/// Longest key of a tag of a dataset's use.
const MAX_TAG_KEY: usize = 255;
/// Longest value of a tag of a dataset's use.
const MAX_TAG_VALUE: usize = 500;

/// What a model description must have.
const MODEL_FIELDS: [&str; 4] = ["artifact_path", "flavors", "run_id", "utc_time_created"];

impl Service {
    /// Attaches datasets and models that the run read.
    #[boxed]
    pub async fn log_inputs(&self, run_id: &str, inputs: LogInputs) -> Result<()> {
        check_run_id(run_id)?;
        let mut seen = HashSet::new();
        let mut new: Vec<DatasetInput> = Vec::with_capacity(inputs.datasets.len());
        for input in inputs.datasets {
            check_input(&input)?;
            if seen.insert((input.dataset.name.clone(), input.dataset.digest.clone())) {
                new.push(DatasetInput { tags: last_wins(input.tags), dataset: input.dataset });
            }
        }
        let run_id = run_id.to_owned();
        self.inner
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let run = active_run(tx, &run_id).await?;
                    datasets::attach(tx, run.run_no, run.experiment_id, &new).await?;
                    if !inputs.models.is_empty() {
                        run_models::attach_inputs(tx, run.run_no, inputs.models).await?;
                    }
                    Ok::<_, Fault>(())
                })
            })
            .await?;
        Ok(())
    }

    /// Attaches logged models that the run made; repeating one is fine.
    #[boxed]
    pub async fn log_outputs(&self, run_id: &str, outputs: Vec<ModelOutput>) -> Result<()> {
        let run_id = run_id.to_owned();
        self.inner
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let run = active_run(tx, &run_id).await?;
                    run_models::attach_outputs(tx, run.run_no, outputs).await.map_err(Fault::from)
                })
            })
            .await?;
        Ok(())
    }

    /// Appends a 2.x client's model description (JSON) to the run's tag [`domain::runs::LOGGED_MODELS_TAG`].
    #[boxed]
    pub async fn log_model(&self, run_id: &str, model_json: &str) -> Result<()> {
        let entry = Self::history_entry(model_json)?;
        let key_no = self.key_number(LOGGED_MODELS_TAG).await?;
        let run_id = run_id.to_owned();
        self.inner
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let run = active(&run_id, runs::lock(tx, &run_id).await?)?;
                    let mut history: Vec<Value> = match tags::find(tx, run.run_no, key_no).await? {
                        Some(text) => serde_json::from_str(&text).map_err(|_| {
                            Error::invalid(format!("The tag '{LOGGED_MODELS_TAG}' of run {run_id} is not a JSON list."))
                        })?,
                        None => Vec::new(),
                    };
                    history.push(entry);
                    tags::set(tx, run.run_no, vec![(key_no, Value::Array(history).to_string())])
                        .await
                        .map_err(Fault::from)
                })
            })
            .await?;
        Ok(())
    }

    /// What the tag keeps of a model description; `model_uuid` is null if there is none.
    fn history_entry(model_json: &str) -> Result<Value> {
        let Ok(Value::Object(mut model)) = serde_json::from_str(model_json) else {
            return Err(Error::invalid(format!("Malformed model info. \n {model_json} \n is not a valid JSON.")));
        };
        let missing: Vec<String> =
            MODEL_FIELDS.iter().filter(|f| !model.contains_key(**f)).map(|f| format!("'{f}'")).collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            return Err(Error::invalid(format!("Model json is missing mandatory fields: {{{missing}}}")));
        }
        let mut entry = Map::new();
        for field in ["run_id", "artifact_path", "utc_time_created"] {
            entry.insert(field.to_owned(), model[field].take());
        }
        entry.insert("model_uuid".to_owned(), model.remove("model_uuid").unwrap_or_default());
        let mut flavors = model["flavors"].take();
        for flavor in flavors.as_object_mut().into_iter().flat_map(Map::values_mut) {
            if let Some(flavor) = flavor.as_object_mut() {
                flavor.remove("config");
            }
        }
        entry.insert("flavors".to_owned(), flavors);
        Ok(Value::Object(entry))
    }
}

fn check_input(input: &DatasetInput) -> Result<()> {
    let dataset = &input.dataset;
    check_length("name", &dataset.name, MAX_NAME)?;
    check_length("digest", &dataset.digest, MAX_DIGEST)?;
    check_length("source", &dataset.source, MAX_SOURCE)?;
    check_length("schema", dataset.schema.as_deref().unwrap_or_default(), MAX_SCHEMA)?;
    check_length("profile", dataset.profile.as_deref().unwrap_or_default(), MAX_PROFILE)?;
    input.tags.iter().try_for_each(|Tag { key, value }| {
        check_length("key", key, MAX_TAG_KEY)?;
        check_length("value", value, MAX_TAG_VALUE)
    })
}
