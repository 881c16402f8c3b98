//! Addresses and small marks of models, versions, stages and aliases.

use domain::experiments::ExperimentId;
use domain::model_versions::Stage;
use leptos::prelude::*;

use crate::ui::head::Breadcrumb;
use crate::ui::url_encode;

/// The page of a registered model.
pub(crate) fn model_href(name: &str) -> String {
    crate::ui::at(&format!("/models/{}", url_encode(name)))
}

/// The page of a deleted model: there may be several of a name, and one in use.
pub(crate) fn deleted_model_href(name: &str, id: &str) -> String {
    format!("{}?deleted_id={}", model_href(name), url_encode(id))
}

/// The page of a version.
pub(crate) fn version_href(name: &str, version: i64) -> String {
    crate::ui::at(&format!("/models/{}/versions/{version}", url_encode(name)))
}

/// The page that compares versions.
pub(crate) fn compare_href(name: &str, versions: &[i64]) -> String {
    let versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
    crate::ui::at(&format!("/models/{}/compare?versions={}", url_encode(name), versions.join(",")))
}

/// The page of a run, with one of its artifacts open.
pub(crate) fn run_href(experiment_id: ExperimentId, run_id: &str, artifact: Option<&str>) -> String {
    let page = crate::ui::at(&format!("/experiments/{experiment_id}/runs/{}", url_encode(run_id)));
    match artifact {
        Some(path) => format!("{page}?artifact={}#artifacts", url_encode(path)),
        None => page,
    }
}

/// A stage in its colour.
#[component]
pub(crate) fn StageChip(stage: Stage) -> impl IntoView {
    let class = match stage {
        Stage::None => "chip",
        Stage::Staging => "chip chip-staging",
        Stage::Production => "chip chip-production",
        Stage::Archived => "chip chip-archived",
    };
    view! { <span class=class>{stage.name()}</span> }
}

/// An alias as a mark.
#[component]
pub(crate) fn AliasChip(
    /// Without its `@`.
    alias: String,
) -> impl IntoView {
    view! { <span class="chip chip-alias">"@"{alias}</span> }
}

/// The way from the list of models to here; `model` is the last step, if there is one.
#[component]
pub(crate) fn RegistryBreadcrumb(#[prop(optional, into)] model: Option<String>) -> impl IntoView {
    let model = model.map(|name| {
        let href = model_href(&name);
        (name, href)
    });
    let list = ("Registered models".to_owned(), crate::ui::at("/models"));
    let steps: Vec<_> = std::iter::once(list).chain(model).collect();
    view! { <Breadcrumb steps/> }
}
