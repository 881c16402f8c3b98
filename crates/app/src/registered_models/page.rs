//! One registered model with its versions.

use domain::guards::Guards;
use domain::registered_models::ModelAlias;
use domain::{Millis, Tag};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use serde::{Deserialize, Serialize};

use super::deleted::{DeletedVersions, DeletedVersionsList};
use super::gone::{Gone, GonePage, Remains};
use super::guards::{GuardsDialog, summary as guards_summary};
use super::history::{History, HistorySection};
use super::links::{RegistryBreadcrumb, model_href, version_href};
use super::manage::{DeleteModel, RenameModel};
use super::query::{Query, use_query};
use super::versions::{Versions, VersionsTable, page_number};
use crate::error::{UiError, UiResult};
use crate::layout::ErrorPage;
use crate::ui::head::ActionButton;
use crate::ui::icon::IconName;
use crate::ui::live::Live;
use crate::ui::load::load;
use crate::ui::markdown::{Description, Markdown};
use crate::ui::tags::{TagChange, TagEditor, change_tag};
use crate::ui::time::Time;
use crate::ui::toast::messages;

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ModelData {
    pub(super) name: String,
    created: Millis,
    modified: Millis,
    description: Markdown,
    tags: Vec<Tag>,
    pub(super) aliases: Vec<ModelAlias>,
    pub(super) versions: Versions,
    pub(super) guards: Guards,
    deleted: DeletedVersions,
    history: UiResult<History>,
}

/// What the page's query asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Asked {
    only_active: bool,
    page: i64,
    /// Of the deleted versions.
    deleted: Option<String>,
    /// Of the history.
    history: Option<String>,
    /// A day, to say who was in Production.
    on: Option<String>,
    /// A certain deleted model of the name.
    deleted_id: Option<String>,
}

impl Asked {
    fn of(query: &Query) -> Self {
        let text = |key| query.get(key).map(str::to_owned);
        Self {
            only_active: query.get("stage") == Some("active"),
            page: page_number(query),
            deleted: text("deleted"),
            history: text("history"),
            on: text("on"),
            deleted_id: text("deleted_id"),
        }
    }
}

/// The description's first line that says something, without the marks of a heading.
#[cfg(feature = "ssr")]
fn summary(description: &str) -> String {
    let line = description.lines().map(|l| l.trim().trim_start_matches('#').trim()).find(|l| !l.is_empty());
    line.unwrap_or_default().to_owned()
}

#[server(prefix = "/_fn", endpoint = "model_page", input = Json)]
async fn load_model(name: String, asked: Asked) -> UiResult<ModelData> {
    use std::collections::HashMap;

    use domain::registered_models::RegisteredModel;

    use super::versions::{PAGE_SIZE, VersionRow};

    let service = crate::error::service();
    let RegisteredModel { name, creation_timestamp, last_updated_timestamp, description, tags, aliases, .. } =
        service.registered_model(&name).await?;
    let offset = asked.page.saturating_sub(1).saturating_mul(PAGE_SIZE);
    let list = service.list_versions(&name, asked.only_active, offset, PAGE_SIZE).await?;
    let run_ids: Vec<String> = list.items.iter().map(|v| v.run_id.clone()).filter(|id| !id.is_empty()).collect();
    let runs = service.run_infos(&run_ids).await?;
    let runs: HashMap<_, _> = runs.into_iter().map(|run| (run.run_id.clone(), run)).collect();
    let rows = list.items.into_iter().map(|version| VersionRow {
        version: version.version,
        created: version.creation_timestamp,
        stage: version.stage,
        aliases: version.aliases,
        summary: summary(version.description.as_deref().unwrap_or_default()),
        run: runs.get(&version.run_id).cloned(),
        run_id: version.run_id,
    });
    Ok(ModelData {
        guards: service.guards(&name).await?,
        deleted: super::deleted::load_versions(&service, &name, asked.deleted.as_deref()).await?,
        history: super::history::load(&service, &name, None, asked.history, asked.on)
            .await
            .map_err(crate::error::UiError),
        name,
        created: creation_timestamp,
        modified: last_updated_timestamp,
        description: Markdown::render(description.as_deref().unwrap_or_default()),
        tags,
        aliases,
        versions: Versions { rows: rows.collect(), total: list.total, active: list.active },
    })
}

/// What is remembered of a model that is not there.
#[server(prefix = "/_fn", endpoint = "gone_model", input = Json)]
async fn load_gone_model(name: String, asked: Asked) -> UiResult<Option<Gone>> {
    super::gone::load(&crate::error::service(), &name, asked.deleted_id, None, asked.history).await
}

/// The model of a name, unless a certain deleted one is asked for.
async fn load_either(name: String, asked: Asked) -> UiResult<Remains<ModelData>> {
    let is_deleted = asked.deleted_id.is_some();
    let found = if is_deleted { None } else { Some(load_model(name.clone(), asked.clone()).await) };
    match found {
        Some(Ok(model)) => Ok(Remains::InUse(Box::new(model))),
        Some(Err(error)) if !error.is_not_found() => Err(error),
        _ => match load_gone_model(name.clone(), asked.clone()).await? {
            Some(gone) => Ok(Remains::Deleted(gone)),
            None if is_deleted => Ok(Remains::InUse(Box::new(load_model(name, asked).await?))),
            None => Err(found.and_then(Result::err).unwrap_or_else(|| UiError(domain::Error::internal()))),
        },
    }
}

#[server(prefix = "/_fn", endpoint = "describe_model")]
async fn describe_model(name: String, description: String) -> UiResult<()> {
    crate::error::service().update_registered_model(&name, Some(&description)).await?;
    Ok(())
}

#[server(prefix = "/_fn", endpoint = "set_model_tag")]
async fn set_model_tag(name: String, key: String, value: String) -> UiResult<()> {
    Ok(crate::error::service().set_registered_model_tag(&name, &key, &value).await?)
}

#[server(prefix = "/_fn", endpoint = "delete_model_tag")]
async fn delete_model_tag(name: String, key: String) -> UiResult<()> {
    Ok(crate::error::service().delete_registered_model_tag(&name, &key).await?)
}

/// One registered model with its versions.
#[component]
pub(crate) fn ModelPage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query();
    let asked = Memo::new(move |_| {
        let name = params.with(|p| p.get("name").unwrap_or_default());
        (name, query.with(Asked::of))
    });
    let restored = RwSignal::new(0_u32);
    let model = load(move || (asked.get(), restored.get()), |((name, asked), _)| load_either(name, asked));
    view! {
        <Transition fallback=|| view! { <div class="skeleton" aria-busy="true"></div> }>
            {move || Suspend::new(async move {
                match model.await {
                    Ok(Remains::InUse(data)) => view! { <Body data=*data query=query.get_untracked()/> }.into_any(),
                    Ok(Remains::Deleted(gone)) => {
                        let path = model_href(&asked.get_untracked().0);
                        view! { <GonePage gone query=query.get_untracked() path on_restored=Callback::new(move |()| restored.update(|n| *n += 1))/> }.into_any()
                    }
                    Err(error) => view! { <ErrorPage error/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Body(data: ModelData, query: Query) -> impl IntoView {
    let name = data.name.clone();
    let asked = Asked::of(&query);
    let live = Live::new(data, {
        let name = name.clone();
        move || load_model(name.clone(), asked.clone())
    });
    let data = live.data;
    let key = StoredValue::new(name.clone());
    let messages = messages();
    let describe = Action::new(move |text: &String| {
        let work = describe_model(key.get_value(), text.clone());
        async move {
            live.change(work).await?;
            messages.done("Description saved");
            UiResult::Ok(())
        }
    });
    let change = change_tag(move |change| {
        let name = key.get_value();
        live.change(async move {
            match change {
                TagChange::Set(tag) => set_model_tag(name, tag.key, tag.value).await,
                TagChange::Remove(key) => delete_model_tag(name, key).await,
            }
        })
    });
    let (renaming, deleting, guarding) = (RwSignal::new(false), RwSignal::new(false), RwSignal::new(false));
    let guards = move || match data.with(|d| guards_summary(&d.guards)) {
        none if none.is_empty() => view! { <span class="muted">"Nothing"</span> }.into_any(),
        some => some.into_any(),
    };
    let aliases = move || {
        let aliases = data.with(|d| d.aliases.clone());
        let chips = aliases
            .into_iter()
            .map(|alias| {
                let href = version_href(&key.get_value(), alias.version);
                view! { <a class="chip chip-alias" href=href>"@"{alias.alias}" → v"{alias.version}</a> }
            })
            .collect_view();
        view! { <span class="row">{chips}</span> }
    };
    view! {
        <Title text=name.clone()/>
        <RegistryBreadcrumb/>
        <div class="page-head">
            <h1>{name.clone()}</h1>
            <div class="page-actions">
                <ActionButton icon=IconName::Guard label="Requirements" on_press=Callback::new(move |()| guarding.set(true))/>
                <ActionButton icon=IconName::Edit label="Rename" on_press=Callback::new(move |()| renaming.set(true))/>
                <ActionButton icon=IconName::Delete label="Delete" on_press=Callback::new(move |()| deleting.set(true))/>
            </div>
        </div>
        <div class="sided">
            <div class="min-w-0">
                <Description value=Signal::derive(move || data.with(|d| d.description.clone())) save=describe
                    placeholder="No description yet. Say what the model is for and what its versions have in common."/>
            </div>
            <aside class="min-w-0">
                <section class="section" aria-label="About this model">
                    <h2 class="section-title">"About this model"</h2>
                    <dl class="facts">
                        <dt>"Created"</dt>
                        <dd>{move || view! { <Time millis=data.with(|d| d.created)/> }}</dd>
                        <dt>"Last modified"</dt>
                        <dd>{move || view! { <Time millis=data.with(|d| d.modified)/> }}</dd>
                        <Show when=move || data.with(|d| !d.aliases.is_empty())>
                            <dt>"Aliases"</dt>
                            <dd>{aliases}</dd>
                        </Show>
                        <dt>"Required for Production"</dt>
                        <dd>{guards}</dd>
                    </dl>
                </section>
                <TagEditor tags=Signal::derive(move || data.with(|d| d.tags.clone())) change/>
            </aside>
        </div>
        <VersionsTable name=name.clone() versions=Signal::derive(move || data.with(|d| d.versions.clone())) query=query.clone()/>
        <DeletedVersionsList name=name.clone() deleted=Signal::derive(move || data.with(|d| d.deleted.clone())) live query=query.clone()/>
        <HistorySection name=name.clone() history=Signal::derive(move || data.with(|d| d.history.clone())) query
            path=model_href(&name) of_model=true/>
        <GuardsDialog open=guarding live/>
        <RenameModel open=renaming name=name.clone()/>
        <DeleteModel open=deleting model=data/>
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::summary;

    #[test]
    fn the_first_line_that_says_something() {
        assert_eq!(summary("\n# Hidden sizes\n\n[128, 64]"), "Hidden sizes");
        assert_eq!(summary(""), "");
    }
}
