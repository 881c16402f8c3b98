//! What a model's folder says of itself, for the UI: its `MLmodel` file, parsed.

use std::collections::BTreeMap;

use domain::model_file::{MODEL_FILE, ModelFile, Signature};
use domain::{Error, ErrorCode, Result};
use futures::TryStreamExt;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::{ArtifactFile, Service, boxed};

/// The largest `MLmodel` file that is read, in bytes. Real ones have a few thousand.
const MAX_MODEL_FILE: u64 = 1024 * 1024;

impl Service {
    /// The `MLmodel` of a folder of a run (or of a model logged from it); `None` if there is none.
    #[boxed]
    pub async fn run_model_file(&self, run_id: &str, path: &str) -> Result<Option<ModelFile>> {
        let path = format!("{}/{MODEL_FILE}", path.trim_end_matches('/'));
        read(&self.run_file(run_id, path.trim_start_matches('/')).await?).await
    }

    /// The `MLmodel` of a logged model; `None` if there is none.
    #[boxed]
    pub async fn logged_model_file(&self, model_id: &str) -> Result<Option<ModelFile>> {
        read(&self.logged_model_artifact(model_id, MODEL_FILE).await?).await
    }

    /// The `MLmodel` of a version; `None` if there is none.
    #[boxed]
    pub async fn version_model_file(&self, name: &str, version: &str) -> Result<Option<ModelFile>> {
        read(&self.version_file(name, version, MODEL_FILE).await?).await
    }
}

async fn read(file: &ArtifactFile) -> Result<Option<ModelFile>> {
    let download = match file.open(None).await {
        Ok(download) if download.size <= MAX_MODEL_FILE => download,
        Ok(_) => return Err(unreadable("it is too large")),
        Err(error) if error.code == ErrorCode::ResourceDoesNotExist => return Ok(None),
        Err(error) => return Err(error),
    };
    let text = download.body.try_fold(Vec::new(), |mut text, chunk| async move {
        text.extend_from_slice(&chunk);
        Ok(text)
    });
    let text = text.await.map_err(|cause| {
        tracing::warn!(%cause, "reading an artifact broke off");
        Error::unavailable("The artifact store is not available at the moment. Please try again.")
    })?;
    parse(&text).map(Some)
}

fn parse(yaml: &[u8]) -> Result<ModelFile> {
    let written: Written = serde_saphyr::from_slice(yaml).map_err(|cause| {
        tracing::debug!(%cause, "an MLmodel file cannot be read");
        unreadable("it is not of the expected form")
    })?;
    let signature = written.signature.map(|signature| {
        Signature::from_json(signature.inputs.as_deref(), signature.outputs.as_deref(), signature.params.as_deref())
    });
    Ok(ModelFile {
        flavors: written.flavors.unwrap_or_default().into_keys().collect(),
        signature,
        model_id: written.model_id,
        run_id: written.run_id,
        utc_time_created: written.utc_time_created,
        mlflow_version: written.mlflow_version,
        model_size_bytes: written.model_size_bytes,
    })
}

fn unreadable(why: &str) -> Error {
    Error::invalid(format!("The model's {MODEL_FILE} file cannot be shown: {why}."))
}

/// The file as it is written. What else stands in it is the flavours' business.
#[derive(Deserialize)]
#[expect(clippy::zero_sized_map_values, reason = "a map in the file, of which the keys are wanted")]
struct Written {
    flavors: Option<BTreeMap<String, IgnoredAny>>,
    signature: Option<WrittenSignature>,
    model_id: Option<String>,
    run_id: Option<String>,
    utc_time_created: Option<String>,
    mlflow_version: Option<String>,
    model_size_bytes: Option<u64>,
}

/// Each side is JSON in a YAML string.
#[derive(Deserialize)]
struct WrittenSignature {
    inputs: Option<String>,
    outputs: Option<String>,
    params: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN_BY_3: &str = r#"artifact_path: mlflow-artifacts:/1/models/m-1/artifacts
env_vars: null
flavors:
  python_function:
    env:
      conda: conda.yaml
    loader_module: mlflow.sklearn
    python_version: 3.10.12
  sklearn:
    pickled_model: model.pkl
is_signature_from_type_hint: false
mlflow_version: 3.17.2
model_id: m-0123456789abcdef0123456789abcdef
model_size_bytes: 1234
prompts: null
run_id: 0123456789abcdef0123456789abcdef
signature:
  inputs: '[{"type": "double", "name": "x", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
  params: null
utc_time_created: '2026-01-01 12:00:00.000000'
"#;

    #[test]
    fn files_of_3_are_read() {
        let file = parse(WRITTEN_BY_3.as_bytes()).expect("a readable file");
        assert_eq!(file.flavors, ["python_function", "sklearn"]);
        assert_eq!(file.mlflow_version.as_deref(), Some("3.17.2"));
        assert_eq!(file.model_size_bytes, Some(1234));
        assert_eq!(file.run_id.as_deref(), Some("0123456789abcdef0123456789abcdef"));
        assert_eq!(file.utc_time_created.as_deref(), Some("2026-01-01 12:00:00.000000"));
        let signature = file.signature.expect("a signature");
        assert_eq!(signature.inputs[0].kind, "double");
        assert_eq!(signature.outputs[0].kind, "Tensor (dtype: int64, shape: [-1])");
        assert_eq!(signature.params, []);
    }

    #[test]
    fn spare_and_odd_files_are_read() {
        let file = parse(b"flavors:\n  custom: {}\nmlflow_version: 2.8\nrun_id: 12345678901234567890123456789012\n");
        let file = file.expect("a readable file");
        assert_eq!((file.flavors.len(), file.signature), (1, None));
        assert_eq!(file.mlflow_version.as_deref(), Some("2.8"));
        assert_eq!(file.run_id.as_deref(), Some("12345678901234567890123456789012"));
        let digits = parse(b"run_id: 0123456789e123456789012345678901\n").expect("a readable file");
        assert_eq!(digits.run_id.as_deref(), Some("0123456789e123456789012345678901"));
    }

    #[test]
    fn nonsense_is_a_mistake_not_a_fault() {
        for nonsense in ["\u{0}", "[1, 2]", "flavors: [", "flavors: 5"] {
            let refused = parse(nonsense.as_bytes()).expect_err("unreadable");
            assert_eq!(refused.code, ErrorCode::InvalidParameterValue, "{nonsense:?}");
        }
    }
}
