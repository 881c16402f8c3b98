//! Facts of a version: where it comes from, what is in it, what its run measured.

use domain::Millis;
use domain::model_file::ModelFile;
use domain::runs::Run;
use leptos::prelude::*;

use super::aliases::Aliases;
use super::data::{Described, VersionData};
use super::stage::StageMenu;
use crate::format;
use crate::registered_models::run_href;
use crate::ui::copy::CopyButton;
use crate::ui::keyed::{KeyRow, KeyTable, ParamTable};
use crate::ui::live::Live;
use crate::ui::time::Time;

/// The table of facts at the head of the page.
#[component]
pub(super) fn Facts(live: Live<VersionData>, described: RwSignal<Option<Described>>) -> impl IntoView {
    let data = live.data;
    let time = move |of: fn(&VersionData) -> Millis| move || view! { <Time millis=data.with(of)/> };
    let first = data.get_untracked();
    let version = first.version;
    let model_id = version.model_id.clone().map(|id| {
        view! {
            <dt>"Logged model"</dt>
            <dd class="row gap-1"><span class="mono">{id.clone()}</span><CopyButton text=id what="logged model ID"/></dd>
        }
    });
    let about = move |file: ModelFile| {
        let flavors = file.flavors.into_iter().map(|name| view! { <span class="chip">{name}</span> }).collect_view();
        let size = file.model_size_bytes.map(|size| view! { <dt>"Size"</dt><dd>{format::bytes(size)}</dd> });
        let client = file.mlflow_version.map(|v| view! { <dt>"Logged with"</dt><dd>"MLflow "{v}</dd> });
        view! {
            <dt>"Flavors"</dt>
            <dd><span class="row">{flavors}</span></dd>
            {size}
            {client}
        }
    };
    let about_file = move || described.get().and_then(|described| described.file).map(about);
    view! {
        <dl class="facts card lg:grid-cols-[max-content_1fr_max-content_1fr]">
            <dt>"Stage"</dt>
            <dd><StageMenu live described/></dd>
            <dt>"Aliases"</dt>
            <dd><Aliases live/></dd>
            <dt>"Registered at"</dt>
            <dd>{time(|d| d.version.creation_timestamp)}</dd>
            <dt>"Last modified"</dt>
            <dd>{time(|d| d.version.last_updated_timestamp)}</dd>
            <dt>"Source run"</dt>
            <dd><SourceRun run=first.run run_id=version.run_id run_link=version.run_link artifact=first.artifact/></dd>
            <dt>"Source"</dt>
            <dd class="row gap-1"><span class="mono">{version.source.clone()}</span><CopyButton text=version.source what="source"/></dd>
            {model_id}
            {about_file}
        </dl>
    }
}

#[component]
fn SourceRun(run: Option<Run>, run_id: String, run_link: String, artifact: Option<String>) -> impl IntoView {
    if let Some(run) = run {
        let href = run_href(run.info.experiment_id, &run.info.run_id, artifact.as_deref());
        return view! { <a class="link" href=href>{run.info.run_name}</a> }.into_any();
    }
    // Such links come from clients: only those to web pages are made links.
    if run_link.starts_with("https://") || run_link.starts_with("http://") {
        let href = run_link.clone();
        return view! { <a class="link" rel="external noreferrer" href=href>{run_link}</a> }.into_any();
    }
    if run_id.is_empty() {
        return view! { <span class="muted">"—"</span> }.into_any();
    }
    view! { <span class="mono">{run_id}</span><span class="muted">" (not on this server)"</span> }.into_any()
}

/// Metrics and params of the run that made the version.
#[component]
pub(super) fn RunNumbers(run: Option<Run>) -> impl IntoView {
    run.map(|run| {
        let metrics = run.data.metrics.into_iter().map(|metric| {
            let value = metric.value;
            let cells = view! { <td class="number" title=value.to_string()>{format::metric(value)}</td> };
            KeyRow { head: metric.key.clone().into_any(), key: metric.key, cells: cells.into_any() }
        });
        let value = view! { <th scope="col" class="number">"Value"</th> };
        view! {
            <KeyTable title="Metrics" key_title="Metric" heads=value.into_any() rows=metrics.collect() none="The run logged none."/>
            <ParamTable params=run.data.params none="The run logged none."/>
        }
    })
}
