//! One run: facts, metrics with their charts, params, tags, datasets, and its artifacts with the models in them.

use std::collections::BTreeMap;

use domain::experiments::{ExperimentId, NOTE_TAG};
use domain::metrics::Metric;
#[cfg(feature = "ssr")]
use domain::runs::{DATASET_CONTEXT_TAG, PARENT_RUN_TAG};
use domain::runs::{RunInfo, RunStatus, SOURCE_NAME_TAG, USER_TAG};
use domain::{Lifecycle, Param, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_params_map, use_query_map};
use serde::{Deserialize, Serialize};

use super::cells::run_address;
use super::chart::MetricChart;
use super::data::{delete_runs, restore_runs};
use super::rename::RenameRun;
use super::status::StatusChip;
use crate::artifacts::{ArtifactBrowser, Owner};
use crate::error::UiResult;
use crate::format;
use crate::layout::ErrorPage;
use crate::registered_models::{model_href, version_href};
use crate::ui::copy::CopyButton;
use crate::ui::dialog::ConfirmDialog;
use crate::ui::empty::ErrorNote;
use crate::ui::head::{ActionButton, Breadcrumb};
use crate::ui::icon::{Icon, IconName};
use crate::ui::keyed::{KeyRow, KeyTable, ParamTable};
use crate::ui::live::Live;
use crate::ui::load::load;
use crate::ui::markdown::{Description, Markdown};
use crate::ui::tags::{TagChange, TagEditor, change_tag};
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

/// One run.
#[component]
pub(crate) fn RunPage() -> impl IntoView {
    let params = use_params_map();
    let run_id = Memo::new(move |_| params.with(|p| p.get("run_id").unwrap_or_default()));
    let page = load(move || run_id.get(), load_run_page);
    let owner = Memo::new(move |_| Owner::Run(run_id.get()));
    // What was asked to be loaded again below: the models, the history of a metric.
    let (registered, refreshed) = (Trigger::new(), RwSignal::new(0_u32));
    view! {
        <Transition fallback=|| view! { <div class="skeleton" aria-label="Loading"></div> }>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(data) => view! { <RunView data registered on_refresh=Callback::new(move |()| refreshed.update(|n| *n += 1))/> }.into_any(),
                    Err(error) => view! { <ErrorPage error/> }.into_any(),
                }
            })}
        </Transition>
        <MetricChart run_id version=refreshed/>
        <ArtifactBrowser owner on_registered=Callback::new(move |()| registered.notify())/>
    }
}

#[component]
fn RunView(data: RunPageData, registered: Trigger, on_refresh: Callback<()>) -> impl IntoView {
    let info = data.info.clone();
    let run_id = StoredValue::new(info.run_id.clone());
    let steps: Vec<(String, String)> = [
        ("Experiments".to_owned(), crate::ui::at("/experiments")),
        (data.experiment_name.clone(), crate::ui::at(&format!("/experiments/{}", info.experiment_id))),
    ]
    .into_iter()
    .chain(data.parent.clone().map(|(id, name)| (name, run_address(&info.experiment_id.to_string(), &id))))
    .collect();
    let live = Live::new(data, move || load_run_page(run_id.get_value()));
    let data = live.data;
    Effect::new(move |seen: Option<()>| {
        registered.track();
        if seen.is_some() {
            live.reload();
        }
    });
    let refresh = Callback::new(move |()| {
        live.reload();
        on_refresh.run(());
    });
    let save_note = Action::new(move |text: &String| {
        live.change(set_run_tag(run_id.get_value(), NOTE_TAG.to_owned(), text.clone()))
    });
    let change = change_tag(move |change| {
        live.change(async move {
            match change {
                TagChange::Set(tag) => set_run_tag(run_id.get_value(), tag.key, tag.value).await,
                TagChange::Remove(key) => delete_run_tag(run_id.get_value(), key).await,
            }
        })
    });
    let (name, status) = (part(data, |d| d.info.run_name.clone()), part(data, |d| d.info.status));
    let is_deleted = part(data, |d| d.info.lifecycle_stage == Lifecycle::Deleted);
    let locked = Signal::derive(move || is_deleted.get().then_some("Restore the run to change its tags."));
    let (metrics, params) = (part(data, |d| d.metrics.clone()), part(data, |d| d.params.clone()));
    view! {
        {move || view! { <Title text=name.get()/> }}
        <Breadcrumb steps/>
        <div class="page-head">
            <h1>{name}</h1>
            {move || view! { <StatusChip status=status.get()/> }}
            <RunActions live refresh/>
        </div>
        <div class="sided">
            <div class="min-w-0">
                <Description value=part(data, |d| d.description.clone()) save=save_note placeholder="No description yet." locked=is_deleted/>
                <div class="grid gap-x-8 md:grid-cols-2">
                    {move || view! { <Metrics metrics=metrics.get() is_running=status.get() == RunStatus::Running/> }}
                    {move || view! { <ParamTable params=params.get() none="None logged."/> }}
                </div>
            </div>
            <aside class="min-w-0">
                {move || view! { <Facts data=data.get()/> }}
                <TagEditor tags=part(data, |d| d.tags.clone()) change locked/>
            </aside>
        </div>
    }
}

/// A part of what the page shows, which tells only of its own changes.
fn part<T: PartialEq + Send + Sync + 'static>(data: RwSignal<RunPageData>, of: fn(&RunPageData) -> T) -> Memo<T> {
    Memo::new(move |_| data.with(of))
}

/// What can be done with the run; where it is deleted, only its way back.
#[component]
fn RunActions(live: Live<RunPageData>, refresh: Callback<()>) -> impl IntoView {
    let (renaming, deleting) = (RwSignal::new(false), RwSignal::new(false));
    let run = Memo::new(move |_| live.data.with(|d| (d.info.run_id.clone(), d.info.run_name.clone())));
    let is_deleted = Memo::new(move |_| live.data.with(|d| d.info.lifecycle_stage == Lifecycle::Deleted));
    let messages = messages();
    let navigate = StoredValue::new(use_navigate());
    let delete = Action::new(move |(): &()| {
        let experiment = live.data.with_untracked(|d| d.info.experiment_id);
        let answer = delete_runs(vec![run.get_untracked().0]);
        async move {
            answer.await?;
            deleting.set(false);
            messages.done("Run deleted. It can be restored from the experiment's deleted runs.");
            navigate.with_value(|go| {
                go(&crate::ui::at(&format!("/experiments/{experiment}")), NavigateOptions::default());
            });
            UiResult::Ok(())
        }
    });
    let restore = Action::new(move |(): &()| {
        let answer = live.change(restore_runs(vec![run.get_untracked().0]));
        async move {
            match answer.await {
                Ok(()) => messages.done("Run restored"),
                Err(error) => messages.failed(error.to_string()),
            }
        }
    });
    view! {
        <Show when=move || !is_deleted.get()>
            <div class="page-actions">
                <button type="button" class="icon-button" title="Refresh" aria-label="Refresh the run" on:click=move |_| refresh.run(())>
                    <Icon name=IconName::Refresh/>
                </button>
                <ActionButton icon=IconName::Edit label="Rename" on_press=Callback::new(move |()| renaming.set(true))/>
                <ActionButton icon=IconName::Delete label="Delete" on_press=Callback::new(move |()| { delete.clear(); deleting.set(true); })/>
            </div>
        </Show>
        <Show when=move || is_deleted.get()>
            <div class="warn-note row w-full" role="status">
                <span class="grow">"This run is deleted. It can be read and restored, but not changed."</span>
                <ActionButton icon=IconName::Restore label="Restore" disabled=restore.pending() on_press=Callback::new(move |()| { restore.dispatch(()); })/>
            </div>
        </Show>
        <RenameRun open=renaming run on_done=Callback::new(move |()| live.reload())/>
        <ConfirmDialog open=deleting title="Delete run" action="Delete" pending=delete.pending()
            on_confirm=Callback::new(move |()| { delete.dispatch(()); })>
            <p>"The run "<strong>{move || run.get().1}</strong>" with its metrics, params and tags moves to the deleted runs of its experiment. Its artifacts stay until it is removed for good."</p>
            {move || delete.value().get().and_then(Result::err).map(|error| view! { <ErrorNote error/> })}
        </ConfirmDialog>
    }
}

#[component]
fn Metrics(metrics: Vec<Metric>, is_running: bool) -> impl IntoView {
    let query = use_query_map();
    let rows = metrics.into_iter().map(|metric| {
        let href = format!("?metric={}#chart", crate::ui::url_encode(&metric.key));
        let key = metric.key.clone();
        let current = move || query.with(|q| q.get("metric")).is_some_and(|m| m == key).then_some("true");
        let head =
            view! { <a class="link" href=href title="Show its chart" aria-current=current>{metric.key.clone()}</a> };
        let cells = view! {
            <td class="number" title=metric.value.to_string()>{format::metric(metric.value)}</td>
            <td class="number muted">{metric.step}</td>
        };
        KeyRow { key: metric.key, head: head.into_any(), cells: cells.into_any() }
    });
    let heads = view! { <th scope="col" class="number">"Latest"</th><th scope="col" class="number step">"Step"</th> };
    let none = if is_running { "None logged so far." } else { "None logged." };
    view! { <KeyTable title="Metrics" key_title="Metric" heads=heads.into_any() rows=rows.collect() none/> }
}

#[component]
fn Facts(data: RunPageData) -> impl IntoView {
    let info = data.info.clone();
    let source = data.tag(SOURCE_NAME_TAG).map(str::to_owned);
    let commit = data.tag("mlflow.source.git.commit").map(str::to_owned);
    let user =
        if info.user_id.is_empty() { data.tag(USER_TAG).unwrap_or_default().to_owned() } else { info.user_id.clone() };
    let duration = info.end_time.map(|end| format::duration(end - info.start_time));
    let experiment = info.experiment_id;
    view! {
        <section class="section" aria-label="About this run">
            <h2 class="section-title">"About this run"</h2>
            <dl class="facts">
                <dt>"Run ID"</dt>
                <dd class="copied"><span class="mono">{info.run_id.clone()}</span><CopyButton text=info.run_id.clone() what="run ID"/></dd>
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
    let folder = run_address(&experiment.to_string(), &run_id);
    let folder = format!("{folder}?artifact={}#artifacts", crate::ui::url_encode(&model.name));
    view! {
        <span class="row">
            <a class="link row gap-1" href=folder><Icon name=IconName::File/>{model.name}</a>
            <VersionLinks versions=model.versions/>
        </span>
    }
}

/// Versions of a model that are named; the others are counted.
const NAMED: usize = 4;

/// Links to registered versions, the newest first: each model once, with its versions as chips.
#[component]
pub(crate) fn VersionLinks(
    /// (registered model, version).
    versions: Vec<(String, i64)>,
) -> impl IntoView {
    let mut models = BTreeMap::<String, Vec<i64>>::new();
    for (name, version) in versions {
        models.entry(name).or_default().push(version);
    }
    let links = models.into_iter().map(|(name, mut versions)| {
        versions.sort_unstable_by(|a, b| b.cmp(a));
        let more = versions.len().saturating_sub(NAMED);
        let chips = versions.into_iter().take(NAMED).map(|version| {
            let label = format!("{name} version {version}");
            view! { <a class="chip chip-alias" href=version_href(&name, version) aria-label=label>"v"{version}</a> }
        });
        let chips = chips.collect_view();
        let href = model_href(&name);
        view! {
            <span class="row gap-1">
                <a class="link row gap-1" href=href.clone()><Icon name=IconName::Model/>{name}</a>
                {chips}
                {(more > 0).then(|| view! { <a class="chip" href=href title="All versions of the model">{format!("+{more}")}</a> })}
            </span>
        }
    });
    links.collect_view()
}
