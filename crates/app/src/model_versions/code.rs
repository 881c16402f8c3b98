//! Code that loads a version.

use domain::model_versions::Stage;
use leptos::prelude::*;

use super::data::VersionData;
use crate::ui::copy::CodeBlock;

/// A text as a string in Python.
pub(crate) fn python_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn load_line(uri: &str) -> String {
    format!("mlflow.pyfunc.load_model({})", python_string(uri))
}

/// The ways to load a version: by number, by each of its aliases, and by its stage where that means this version.
fn ways(data: &VersionData) -> Vec<(String, String)> {
    let (name, version, stage) = (&data.version.name, data.version.version, data.version.stage);
    let mut ways = vec![(
        "This version".to_owned(),
        format!("import mlflow\n\nmodel = {}", load_line(&format!("models:/{name}/{version}"))),
    )];
    for alias in data.own_aliases() {
        let line = format!("model = {}", load_line(&format!("models:/{name}@{alias}")));
        ways.push((format!("Whatever @{alias} points at"), line));
    }
    // A stage means its highest version.
    if stage != Stage::None && (!stage.is_active() || data.others_in(stage).iter().all(|other| *other < version)) {
        let line = format!("model = {}", load_line(&format!("models:/{name}/{}", stage.name())));
        ways.push((format!("The latest version in {}", stage.name()), line));
    }
    ways
}

/// Code that loads the version, to copy.
#[component]
pub(super) fn UseThisVersion(data: Signal<VersionData>) -> impl IntoView {
    view! {
        <section class="section" aria-label="Use this version">
            <h2 class="section-title">"Use this version"</h2>
            {move || data.with(ways).into_iter().map(|(title, code)| view! {
                <div class="stack w-full">
                    <p class="muted">{title}":"</p>
                    <CodeBlock code/>
                </div>
            }).collect_view()}
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_of_names_don_t_end_the_string() {
        assert_eq!(load_line("models:/a \"b\"/1"), r#"mlflow.pyfunc.load_model("models:/a \"b\"/1")"#);
    }
}
