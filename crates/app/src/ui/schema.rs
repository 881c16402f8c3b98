//! A model's signature.

use domain::model_file::{Field, Signature};
use leptos::prelude::*;

use super::copy::CodeBlock;

/// How to log a model so that it has a signature.
const SNIPPET: &str = "from mlflow.models import infer_signature

signature = infer_signature(x_train, model.predict(x_train))
mlflow.sklearn.log_model(model, name=\"model\", signature=signature)";

/// Inputs, outputs and inference params of a model, always open.
#[component]
pub(crate) fn Schema(
    /// The signature; `None` if the model was logged without one.
    signature: Option<Signature>,
) -> impl IntoView {
    let known = signature.filter(|s| !(s.inputs.is_empty() && s.outputs.is_empty() && s.params.is_empty()));
    match known {
        None => view! {
            <p class="muted">"This model was logged without a signature. Log it with one to see its inputs and outputs here:"</p>
            <CodeBlock code=SNIPPET/>
        }
        .into_any(),
        Some(signature) => view! {
            <div class="table-scroll w-fit">
                <table class="grid narrow" aria-label="Schema">
                    <thead><tr><th scope="col">"Name"</th><th scope="col">"Type"</th></tr></thead>
                    <FieldGroup title="Inputs" fields=signature.inputs/>
                    <FieldGroup title="Outputs" fields=signature.outputs/>
                    {(!signature.params.is_empty()).then(|| view! { <FieldGroup title="Parameters" fields=signature.params/> })}
                </table>
            </div>
        }
        .into_any(),
    }
}

/// One side of a signature as a body of the table.
#[component]
fn FieldGroup(title: &'static str, fields: Vec<Field>) -> impl IntoView {
    let rows = fields
        .iter()
        .map(|field| {
            let required = field.required.then(|| view! { <span class="muted">" (required)"</span> });
            view! {
                <tr>
                    <td class="mono">{field.name.clone().unwrap_or_else(|| "-".to_owned())}</td>
                    <td class="mono">{field.kind.clone()}{required}</td>
                </tr>
            }
        })
        .collect_view();
    let none = fields.is_empty().then(|| view! { <tr><td colspan="2" class="muted">"None"</td></tr> });
    view! {
        <tbody>
            <tr><th colspan="2" scope="rowgroup" class="static">{title}" ("{fields.len()}")"</th></tr>
            {rows}
            {none}
        </tbody>
    }
}
