//! What stands in place of the table when there is nothing in it.

use leptos::prelude::*;

use super::data::ExperimentName;
use super::shown::Shown;
use super::url::RunsQuery;
use crate::ui::copy::CodeBlock;
use crate::ui::empty::Empty;

/// The server's address in the first render; the browser then puts in the one that it used.
const USUAL_ORIGIN: &str = "http://localhost:5000";

/// Says what to do next.
#[component]
pub(crate) fn NoRuns(shown: Shown, experiment: Signal<ExperimentName>) -> impl IntoView {
    let everything = move || {
        let query = shown.query.with(|query| RunsQuery { columns: query.columns.clone(), ..RunsQuery::default() });
        query.address(&shown.experiment_id.get())
    };
    view! {
        <Show
            when=move || shown.query.with(RunsQuery::is_filtered)
            fallback=move || view! {
                <Empty title="No runs yet">
                    <p>"Log one from Python:"</p>
                    <FirstRun experiment/>
                </Empty>
            }
        >
            <Empty title=if shown.query.with(|query| query.deleted && query.filter.is_empty()) { "No deleted runs" } else { "No run matches" }>
                <p><a class="link" data-noscroll="" href=everything>"Show all active runs"</a></p>
            </Empty>
        </Show>
    }
}

#[component]
fn FirstRun(experiment: Signal<ExperimentName>) -> impl IntoView {
    let origin = RwSignal::new(USUAL_ORIGIN.to_owned());
    Effect::new(move |_| {
        if let Ok(here) = window().location().origin() {
            origin.set(here);
        }
    });
    move || {
        let name = experiment.with(|experiment| format!("{:?}", experiment.name));
        let origin = origin.get();
        let code = format!(
            "import mlflow\n\nmlflow.set_tracking_uri(\"{origin}\")\nmlflow.set_experiment({name})\n\n\
             with mlflow.start_run():\n    mlflow.log_param(\"lr\", 0.01)\n    mlflow.log_metric(\"loss\", 0.25)"
        );
        view! { <CodeBlock code/> }
    }
}
