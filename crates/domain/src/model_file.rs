//! What an `MLmodel` file says, as the UI shows it. The server knows no flavour: names pass through.

use serde::{Deserialize, Serialize};

/// The file in a model's folder that describes it.
pub const MODEL_FILE: &str = "MLmodel";

/// One input, output or inference param of a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The column's or tensor's name; `None` for an unnamed one.
    pub name: Option<String>,
    /// Readable type, such as `double`, `Tensor (dtype: float64, shape: [-1, 64])` or `Array(string)`.
    pub kind: String,
    /// Whether it must be given.
    pub required: bool,
}

/// A model's signature. An absent side is an empty list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// What it takes.
    pub inputs: Vec<Field>,
    /// What it gives.
    pub outputs: Vec<Field>,
    /// Params of inference.
    pub params: Vec<Field>,
}

/// The parts of an `MLmodel` file that people look for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelFile {
    /// Names of the flavours, such as `python_function` and `sklearn`.
    pub flavors: Vec<String>,
    /// The signature, if the model has one.
    pub signature: Option<Signature>,
    /// The id of the logged model, in files of 3.x clients.
    pub model_id: Option<String>,
    /// The run that wrote it.
    pub run_id: Option<String>,
    /// When it was written, as written.
    pub utc_time_created: Option<String>,
    /// The client's version.
    pub mlflow_version: Option<String>,
    /// Bytes of the model, as the client counted them.
    pub model_size_bytes: Option<u64>,
}
