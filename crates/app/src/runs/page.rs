//! One run: facts, metrics with their charts, params, tags, datasets, and its artifacts with the models in them.

use domain::experiments::{ExperimentId, NOTE_TAG};
use domain::metrics::Metric;
#[cfg(feature = "ssr")]
use domain::runs::{DATASET_CONTEXT_TAG, PARENT_RUN_TAG};
use domain::runs::{RunInfo, RunStatus};
use domain::{Lifecycle, Param, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_params_map, use_query_map};
use serde::{Deserialize, Serialize};

use super::chart::MetricChart;
use crate::artifacts::{ArtifactBrowser, Owner};
use crate::error::{UiError, UiResult};
use crate::format;
use crate::layout::ErrorPage;
use crate::ui::copy::CopyButton;
use crate::ui::dialog::{ConfirmDialog, Dialog};
use crate::ui::empty::ErrorNote;
use crate::ui::icon::{Icon, IconName};
use crate::ui::load::load;
use crate::ui::markdown::{Description, Markdown};
use crate::ui::tags::{TagChange, TagEditor};
use crate::ui::time::Time;
use crate::ui::toast::messages;

/// A model that the run logged, and the versions registered from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LoggedHere {
    /// Its name, which is its folder's name among the run's artifacts.
    pub(crate) name: String,
    /// The logged model's id, for models of 3.x clients.
    pub(crate) model_id: Option<String>,
    /// (registered model, version).
    pub(crate) versions: Vec<(String, i64)>,
}

/// A dataset that the run read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct DatasetUse {
    name: String,
    digest: String,
    source_type: String,
    context: Option<String>,
}

/// All that the page shows above its artifacts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunPageData {
    experiment_name: String,
    info: RunInfo,
    description: Markdown,
    metrics: Vec<Metric>,
    params: Vec<Param>,
    tags: Vec<Tag>,
    datasets: Vec<DatasetUse>,
    models: Vec<LoggedHere>,
    parent: Option<(String, String)>,
}

impl RunPageData {
    fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|t| t.key == key).map(|t| t.value.as_str())
    }
}

/// The run with all that its page shows.
#[server(prefix = "/_fn", endpoint = "run_page")]
pub(crate) async fn load_run_page(run_id: String) -> UiResult<RunPageData> {
    let service = crate::error::service();
    let run = service.run(&run_id).await?;
    let experiment = service.experiment(&run.info.experiment_id.to_string()).await?;
    let models = logged_here(&service, &run_id).await?;
    let parent = match run.tag(PARENT_RUN_TAG) {
        // A parent that is gone is no reason not to show the child.
        Some(id) => service.run(id).await.ok().map(|parent| (parent.info.run_id, parent.info.run_name)),
        None => None,
    };
    let datasets = run.inputs.dataset_inputs.into_iter().map(|input| DatasetUse {
        context: input.tags.into_iter().find(|t| t.key == DATASET_CONTEXT_TAG).map(|t| t.value),
        name: input.dataset.name,
        digest: input.dataset.digest,
        source_type: input.dataset.source_type,
    });
    Ok(RunPageData {
        experiment_name: experiment.name,
        description: Markdown::render(
            run.data.tags.iter().find(|t| t.key == NOTE_TAG).map_or("", |t| t.value.as_str()),
        ),
        datasets: datasets.collect(),
        models,
        parent,
        info: run.info,
        metrics: run.data.metrics,
        params: run.data.params,
        tags: run.data.tags,
    })
}

/// The models that a run logged.
#[cfg(feature = "ssr")]
pub(crate) async fn logged_here(service: &service::Service, run_id: &str) -> UiResult<Vec<LoggedHere>> {
    let models = service.run_models(&[run_id.to_owned()]).await?;
    Ok(models.into_iter().map(|m| LoggedHere { name: m.name, model_id: m.model_id, versions: m.versions }).collect())
}

#[server(prefix = "/_fn", endpoint = "set_run_tag")]
async fn set_run_tag(run_id: String, key: String, value: String) -> UiResult<()> {
    Ok(crate::error::service().set_run_tag(&run_id, &key, &value).await?)
}

#[server(prefix = "/_fn", endpoint = "delete_run_tag")]
async fn delete_run_tag(run_id: String, key: String) -> UiResult<()> {
    Ok(crate::error::service().delete_run_tag(&run_id, &key).await?)
}

/// Gives a run another name.
#[server(prefix = "/_fn", endpoint = "rename_run")]
pub(crate) async fn rename_run(run_id: String, name: String) -> UiResult<()> {
    if name.trim().is_empty() {
        return Err(domain::Error::invalid("A run needs a name.").into());
    }
    let update = service::RunUpdate { run_name: Some(name.trim().to_owned()), ..Default::default() };
    crate::error::service().update_run(&run_id, update).await?;
    Ok(())
}

#[server(prefix = "/_fn", endpoint = "set_run_deleted")]
async fn set_run_deleted(run_id: String, deleted: bool) -> UiResult<()> {
    let service = crate::error::service();
    if deleted {
        service.delete_run(&run_id).await?;
    } else {
        service.restore_run(&run_id).await?;
    }
    Ok(())
}

/// One run.
#[component]
pub(crate) fn RunPage() -> impl IntoView {
    let params = use_params_map();
    let run_id = Memo::new(move |_| params.with(|p| p.get("run_id").unwrap_or_default()));
    let version = RwSignal::new(0_u32);
    let page = load(move || (run_id.get(), version.get()), |(id, _)| load_run_page(id));
    let owner = Memo::new(move |_| Owner::Run(run_id.get()));
    view! {
        <Transition fallback=|| view! { <div class="skeleton"></div> }>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(data) => view! { <RunView data version/> }.into_any(),
                    Err(error) => view! { <ErrorPage error/> }.into_any(),
                }
            })}
        </Transition>
        <MetricChart run_id/>
        <ArtifactBrowser owner on_registered=Callback::new(move |()| version.update(|v| *v += 1))/>
    }
}

#[component]
fn RunView(data: RunPageData, version: RwSignal<u32>) -> impl IntoView {
    let info = data.info.clone();
    let experiment_href = crate::ui::at(&format!("/experiments/{}", info.experiment_id));
    let title = info.run_name.clone();
    let run_id = StoredValue::new(info.run_id.clone());
    let reload = move || version.update(|v| *v += 1);

    let save_note = Action::new(move |text: &String| {
        let text = text.clone();
        async move {
            set_run_tag(run_id.get_value(), NOTE_TAG.to_owned(), text).await?;
            reload();
            Ok(())
        }
    });
    let change_tag = Action::new(move |change: &TagChange| {
        let change = change.clone();
        async move {
            match change {
                TagChange::Set(tag) => set_run_tag(run_id.get_value(), tag.key, tag.value).await?,
                TagChange::Remove(key) => delete_run_tag(run_id.get_value(), key).await?,
            }
            reload();
            Ok::<_, UiError>(())
        }
    });
    let description = data.description.clone();
    let tags = data.tags.clone();
    view! {
        <Title text=title.clone()/>
        <nav class="breadcrumb" aria-label="Breadcrumb">
            <a class="link" href=crate::ui::at("/experiments")>"Experiments"</a>
            <span aria-hidden="true">"›"</span>
            <a class="link" href=experiment_href>{data.experiment_name.clone()}</a>
            {data.parent.clone().map(|(id, name)| view! {
                <span aria-hidden="true">"›"</span>
                <a class="link" href=crate::ui::at(&format!("/experiments/{}/runs/{id}", info.experiment_id))>{name}</a>
            })}
        </nav>
        <div class="page-head">
            <h1>{title}</h1>
            <StatusChip status=info.status/>
            <RunActions info=info.clone() reload=Callback::new(move |()| reload())/>
        </div>
        {(info.lifecycle_stage == Lifecycle::Deleted)
            .then(|| view! { <p class="warn-note">"This run is deleted. It can be read and restored, but not changed."</p> })}
        <div class="grid gap-x-10 lg:grid-cols-[minmax(0,2fr)_minmax(18rem,1fr)]">
            <div class="min-w-0">
                <Description value=Signal::stored(description) save=save_note placeholder="No description yet."/>
                <div class="grid gap-x-8 md:grid-cols-2">
                    <Metrics metrics=data.metrics.clone() status=info.status/>
                    <Params params=data.params.clone()/>
                </div>
            </div>
            <aside class="min-w-0">
                <Facts data=data.clone()/>
                <TagEditor tags=Signal::stored(tags) change=change_tag/>
            </aside>
        </div>
    }
}

/// A run's status in words, with its icon.
#[component]
pub(crate) fn StatusChip(status: RunStatus) -> impl IntoView {
    let (icon, class, text) = status_look(status);
    view! { <span class=format!("chip {class}")><Icon name=icon/>{text}</span> }
}

/// Icon, class and word of a status.
pub(crate) const fn status_look(status: RunStatus) -> (IconName, &'static str, &'static str) {
    match status {
        RunStatus::Running => (IconName::Clock, "status-running", "Running"),
        RunStatus::Scheduled => (IconName::Clock, "status-scheduled", "Scheduled"),
        RunStatus::Finished => (IconName::Finished, "status-finished", "Finished"),
        RunStatus::Failed => (IconName::Failed, "status-failed", "Failed"),
        RunStatus::Killed => (IconName::Killed, "status-killed", "Killed"),
    }
}

#[component]
fn RunActions(info: RunInfo, reload: Callback<()>) -> impl IntoView {
    let renaming = RwSignal::new(false);
    let deleting = RwSignal::new(false);
    let name = RwSignal::new(info.run_name.clone());
    let run = StoredValue::new(info.clone());
    let messages = messages();
    let navigate = StoredValue::new(use_navigate());
    let deleted = info.lifecycle_stage == Lifecycle::Deleted;

    let rename = Action::new(move |text: &String| {
        let text = text.clone();
        async move {
            rename_run(run.with_value(|r| r.run_id.clone()), text).await?;
            renaming.set(false);
            messages.done("Renamed");
            reload.run(());
            Ok::<_, UiError>(())
        }
    });
    let set_deleted = Action::new(move |deleted: &bool| {
        let deleted = *deleted;
        async move {
            let (id, experiment) = run.with_value(|r| (r.run_id.clone(), r.experiment_id));
            match set_run_deleted(id, deleted).await {
                Ok(()) if deleted => {
                    deleting.set(false);
                    messages.done("Run deleted. It can be restored from the experiment's deleted runs.");
                    navigate.with_value(|go| {
                        go(&crate::ui::at(&format!("/experiments/{experiment}")), NavigateOptions::default());
                    });
                }
                Ok(()) => {
                    messages.done("Run restored");
                    reload.run(());
                }
                Err(error) => messages.failed(error.to_string()),
            }
        }
    });
    view! {
        <div class="row ml-auto">
            {if deleted {
                view! { <button type="button" class="button" on:click=move |_| { set_deleted.dispatch(false); }>"Restore"</button> }.into_any()
            } else {
                view! {
                    <button type="button" class="button" on:click=move |_| renaming.set(true)>"Rename"</button>
                    <button type="button" class="button" on:click=move |_| deleting.set(true)>"Delete"</button>
                }.into_any()
            }}
        </div>
        <Dialog open=renaming title="Rename run">
            <form on:submit=move |e| { e.prevent_default(); rename.dispatch(name.get()); }>
                <div class="field">
                    <label for="run-name">"New run name"</label>
                    <input id="run-name" class="input" autofocus required maxlength="250" prop:value=move || name.get()
                        on:focus:target=move |e| e.target().select()
                        on:input:target=move |e| name.set(e.target().value())/>
                </div>
                {move || rename.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
                <div class="dialog-actions">
                    <button type="button" class="button" on:click=move |_| renaming.set(false)>"Cancel"</button>
                    <button type="submit" class="button primary" disabled=rename.pending()>"Save"</button>
                </div>
            </form>
        </Dialog>
        <ConfirmDialog open=deleting title="Delete run" action="Delete" pending=set_deleted.pending()
            on_confirm=Callback::new(move |()| { set_deleted.dispatch(true); })>
            <p>"The run " <strong>{run.with_value(|r| r.run_name.clone())}</strong> " with its metrics, params and tags moves to the deleted runs of its experiment. Its artifacts stay until it is removed for good."</p>
        </ConfirmDialog>
    }
}

#[component]
fn Metrics(metrics: Vec<Metric>, status: RunStatus) -> impl IntoView {
    let query = use_query_map();
    let count = metrics.len();
    let filter = RwSignal::new(String::new());
    let rows = metrics
        .into_iter()
        .map(|metric| {
            let key = metric.key.clone();
            let current = {
                let key = key.clone();
                move || query.with(|q| q.get("metric")).is_some_and(|m| m == key).then_some("true")
            };
            let hidden = {
                let key = key.to_lowercase();
                move || filter.with(|f| !key.contains(&f.to_lowercase()))
            };
            view! {
                <tr hidden=hidden aria-selected=current>
                    <td class="mono"><a class="link" href=metric_href(&key) title="Show its chart">{key.clone()}</a></td>
                    <td class="number" title=metric.value.to_string()>{format::metric(metric.value)}</td>
                    <td class="number muted">{metric.step}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="section" aria-label="Metrics">
            <h2 class="section-title">"Metrics" <span class="count">{count}</span></h2>
            {(count > 8).then(|| view! { <KeyFilter filter what="metrics"/> })}
            {if count == 0 {
                let text = if status == RunStatus::Running { "None logged so far." } else { "None logged." };
                view! { <p class="muted">{text}</p> }.into_any()
            } else {
                view! {
                    <div class="table-scroll max-h-[26rem] w-full overflow-y-auto" tabindex="0">
                        <table class="grid">
                            <thead><tr><th scope="col">"Metric"</th><th scope="col" class="number">"Latest"</th><th scope="col" class="number">"Step"</th></tr></thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </div>
                }.into_any()
            }}
        </section>
    }
}

fn metric_href(key: &str) -> String {
    format!("?metric={}#chart", crate::ui::url_encode(key))
}

#[component]
fn KeyFilter(filter: RwSignal<String>, what: &'static str) -> impl IntoView {
    view! {
        <input class="input w-full" type="search" placeholder=format!("Search {what}") aria-label=format!("Search {what}")
            on:input:target=move |e| filter.set(e.target().value())/>
    }
}

#[component]
fn Params(params: Vec<Param>) -> impl IntoView {
    let count = params.len();
    let filter = RwSignal::new(String::new());
    let rows = params
        .into_iter()
        .map(|param| {
            let key = param.key.to_lowercase();
            view! {
                <tr hidden=move || filter.with(|f| !key.contains(&f.to_lowercase()))>
                    <td class="mono">{param.key}</td>
                    <td class="mono">{param.value}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="section" aria-label="Parameters">
            <h2 class="section-title">"Parameters" <span class="count">{count}</span></h2>
            {(count > 8).then(|| view! { <KeyFilter filter what="parameters"/> })}
            {if count == 0 {
                view! { <p class="muted">"None logged."</p> }.into_any()
            } else {
                view! {
                    <div class="table-scroll max-h-[26rem] w-full overflow-y-auto" tabindex="0">
                        <table class="grid">
                            <thead><tr><th scope="col">"Parameter"</th><th scope="col">"Value"</th></tr></thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </div>
                }.into_any()
            }}
        </section>
    }
}

#[component]
fn Facts(data: RunPageData) -> impl IntoView {
    let info = data.info.clone();
    let source = data.tag("mlflow.source.name").map(str::to_owned);
    let commit = data.tag("mlflow.source.git.commit").map(str::to_owned);
    let user = if info.user_id.is_empty() {
        data.tag("mlflow.user").unwrap_or_default().to_owned()
    } else {
        info.user_id.clone()
    };
    let duration = info.end_time.map(|end| format::duration(end - info.start_time));
    let experiment = info.experiment_id;
    view! {
        <section class="section" aria-label="About this run">
            <h2 class="section-title">"About this run"</h2>
            <dl class="facts">
                <dt>"Run ID"</dt>
                <dd class="mono">{info.run_id.clone()} <CopyButton text=info.run_id.clone() what="run ID"/></dd>
                <dt>"Started"</dt>
                <dd><Time millis=info.start_time/></dd>
                {duration.map(|d| view! { <dt>"Duration"</dt><dd>{d}</dd> })}
                {(!user.is_empty()).then(|| view! { <dt>"User"</dt><dd>{user}</dd> })}
                {source.map(|s| view! { <dt>"Source"</dt><dd class="mono">{s}</dd> })}
                {commit.map(|c| view! { <dt>"Git commit"</dt><dd class="mono">{c}</dd> })}
                {(!data.datasets.is_empty()).then(|| view! {
                    <dt>"Datasets"</dt>
                    <dd class="stack">{data.datasets.into_iter().map(|d| view! {
                        <span class="row">
                            <Icon name=IconName::Dataset/>
                            <span>{d.name}" "<span class="muted mono">"("{d.digest}")"</span></span>
                            {d.context.map(|c| view! { <span class="chip">{c}</span> })}
                            <span class="muted">{d.source_type}</span>
                        </span>
                    }).collect_view()}</dd>
                })}
                {(!data.models.is_empty()).then(|| view! {
                    <dt>"Models"</dt>
                    <dd class="stack">{data.models.into_iter().map(|m| view! { <ModelLinks model=m experiment run_id=info.run_id.clone()/> }).collect_view()}</dd>
                })}
            </dl>
        </section>
    }
}

/// A model of this run: its folder, and the versions registered from it.
#[component]
fn ModelLinks(model: LoggedHere, experiment: ExperimentId, run_id: String) -> impl IntoView {
    let folder = crate::ui::at(&format!(
        "/experiments/{experiment}/runs/{run_id}?artifact={}#artifacts",
        crate::ui::url_encode(&model.name)
    ));
    view! {
        <span class="row">
            <a class="link row" href=folder><Icon name=IconName::File/>{model.name}</a>
            {model.versions.into_iter().map(|(name, version)| view! { <VersionLink name version/> }).collect_view()}
        </span>
    }
}

/// A link to a registered version: `name v3`.
#[component]
pub(crate) fn VersionLink(name: String, version: i64) -> impl IntoView {
    let href = crate::ui::at(&format!("/models/{}/versions/{version}", crate::ui::url_encode(&name)));
    view! { <a class="link row" href=href><Icon name=IconName::Model/>{name}" "<span class="chip">"v"{version}</span></a> }
}
