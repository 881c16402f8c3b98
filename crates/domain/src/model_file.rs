//! What an `MLmodel` file says, as the UI shows it. The server knows no flavour: names pass through.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The file in a model's folder that describes it.
pub const MODEL_FILE: &str = "MLmodel";

/// One input, output or inference param of a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The column's or tensor's name; `None` for an unnamed one.
    pub name: Option<String>,
    /// Readable type, such as `double`, `Tensor (dtype: float64, shape: [-1,64])` or `Array(string)`.
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

impl Signature {
    /// Reads the JSON that an `MLmodel` file holds for each side. What is not a list of fields counts as absent.
    pub fn from_json(inputs: Option<&str>, outputs: Option<&str>, params: Option<&str>) -> Self {
        let read = |json: Option<&str>, field: fn(&Map<String, Value>) -> Field| {
            let fields = json.and_then(|json| serde_json::from_str::<Vec<Map<String, Value>>>(json).ok());
            fields.unwrap_or_default().iter().map(field).collect()
        };
        Self { inputs: read(inputs, column), outputs: read(outputs, column), params: read(params, param) }
    }
}

/// A column or tensor. Files of clients before 2.9 do not say `required`, and mean it.
fn column(spec: &Map<String, Value>) -> Field {
    Field { name: text(spec, "name"), kind: kind(spec), required: is_required(spec) }
}

/// A param of inference, which always has a default.
fn param(spec: &Map<String, Value>) -> Field {
    let mut kind = kind(spec);
    if let Some(shape) = spec.get("shape").filter(|shape| !shape.is_null()) {
        _ = write!(kind, " (shape: {shape})");
    }
    if let Some(default) = spec.get("default") {
        _ = write!(kind, " (default: {default})");
    }
    Field { name: text(spec, "name"), kind, required: false }
}

/// The type of a field, readable. A type that is not known yet shows as it is written.
fn kind(spec: &Map<String, Value>) -> String {
    let inner = |name: &str| spec.get(name).and_then(Value::as_object);
    let name = text(spec, "type").or_else(|| text(spec, "dtype")).unwrap_or_else(|| "any".to_owned());
    match name.as_str() {
        "tensor" => {
            let tensor = inner("tensor-spec");
            let dtype = tensor.and_then(|t| text(t, "dtype")).unwrap_or_else(|| "any".to_owned());
            let shape = tensor.and_then(|t| t.get("shape")).map_or_else(|| "[]".to_owned(), Value::to_string);
            format!("Tensor (dtype: {dtype}, shape: {shape})")
        }
        "array" => format!("Array({})", inner("items").map_or_else(|| "any".to_owned(), kind)),
        "map" => format!("Map(string → {})", inner("values").map_or_else(|| "any".to_owned(), kind)),
        "object" => {
            let properties = inner("properties").into_iter().flatten().map(|(name, spec)| {
                let spec = spec.as_object();
                let optional = if spec.is_none_or(is_required) { "" } else { " (optional)" };
                format!("{name}: {}{optional}", spec.map_or_else(|| "any".to_owned(), kind))
            });
            format!("{{{}}}", properties.collect::<Vec<_>>().join(", "))
        }
        _ => name,
    }
}

fn is_required(spec: &Map<String, Value>) -> bool {
    spec.get("required").and_then(Value::as_bool).unwrap_or(true)
}

fn text(spec: &Map<String, Value>, name: &str) -> Option<String> {
    spec.get(name).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> Vec<(Option<String>, String, bool)> {
        let signature = Signature::from_json(Some(json), None, None);
        signature.inputs.into_iter().map(|f| (f.name, f.kind, f.required)).collect()
    }

    fn named(name: &str, kind: &str, required: bool) -> (Option<String>, String, bool) {
        (Some(name.into()), kind.into(), required)
    }

    #[test]
    fn columns_are_readable() {
        let json = r#"[
            {"type": "double", "name": "x", "required": true},
            {"type": "string", "name": "y", "required": false},
            {"type": "long", "name": "old"},
            {"type": "array", "items": {"type": "array", "items": {"type": "string"}}, "name": "words", "required": true},
            {"type": "map", "values": {"type": "long"}, "name": "counts", "required": true},
            {"type": "object", "name": "o", "required": true,
             "properties": {"a": {"type": "string", "required": true}, "b": {"type": "long", "required": false}}},
            {"type": "datetime"}
        ]"#;
        assert_eq!(
            fields(json),
            [
                named("x", "double", true),
                named("y", "string", false),
                named("old", "long", true),
                named("words", "Array(Array(string))", true),
                named("counts", "Map(string → long)", true),
                named("o", "{a: string, b: long (optional)}", true),
                (None, "datetime".into(), true),
            ]
        );
    }

    #[test]
    fn tensors_are_readable() {
        let json = r#"[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 64]}}]"#;
        assert_eq!(fields(json), [(None, "Tensor (dtype: float64, shape: [-1,64])".into(), true)]);
    }

    #[test]
    fn params_show_their_defaults() {
        let json = r#"[{"name": "t", "dtype": "double", "default": 0.5, "shape": null, "type": "double"},
                       {"name": "stop", "default": ["a"], "shape": [-1], "type": "string"}]"#;
        let params = Signature::from_json(None, None, Some(json)).params;
        let shown: Vec<_> = params.iter().map(|p| p.kind.as_str()).collect();
        assert_eq!(shown, ["double (default: 0.5)", r#"string (shape: [-1]) (default: ["a"])"#]);
    }

    #[test]
    fn nonsense_is_no_signature() {
        assert_eq!(Signature::from_json(Some("{"), Some("5"), Some("[1]")), Signature::default());
    }
}
