//! Deleted models and versions, and their way back.

use domain::registered_models::DeletedModel;
use domain::{Millis, Page};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use serde::{Deserialize, Serialize};

use super::links::{StageChip, deleted_model_href, model_href, version_href};
use super::list::{Pager, trail};
use super::query::Query;
use crate::error::{UiError, UiResult};
use crate::layout::ErrorPage;
use crate::ui::empty::Empty;
use crate::ui::head::ActionButton;
use crate::ui::icon::IconName;
use crate::ui::live::Live;
use crate::ui::load::load;
use crate::ui::time::Time;
use crate::ui::toast::messages;

/// Models, or versions of a model, on a page.
#[cfg(feature = "ssr")]
const PAGE_SIZE: i64 = 25;

#[server(prefix = "/_fn", endpoint = "deleted_models")]
async fn load_deleted_models(page_token: Option<String>) -> UiResult<Page<DeletedModel>> {
    Ok(crate::error::service().deleted_models(Some(PAGE_SIZE), page_token.as_deref()).await?)
}

/// Without an id the last one deleted under the name.
#[server(prefix = "/_fn", endpoint = "restore_model")]
pub(super) async fn restore_model(name: String, id: Option<String>) -> UiResult<()> {
    crate::error::service().restore_registered_model(&name, id.as_deref()).await?;
    Ok(())
}

/// Answers what to say of it.
#[server(prefix = "/_fn", endpoint = "restore_version")]
pub(super) async fn restore_version(name: String, version: i64) -> UiResult<String> {
    let version = crate::error::service().restore_model_version(&name, &version.to_string()).await?;
    let (number, stage) = (version.version, version.stage.name());
    Ok(if stage == "None" {
        format!("Version {number} of \"{name}\" restored")
    } else {
        format!("Version {number} of \"{name}\" restored in {stage}")
    })
}

/// Something that takes back a deletion, and then goes to what is back.
fn undo<Fut>(href: String, restore: impl Fn() -> Fut + Send + Sync + 'static) -> impl Fn() + Send + Sync + 'static
where
    Fut: Future<Output = UiResult<String>> + 'static,
{
    let (messages, navigate) = (messages(), use_navigate());
    move || {
        let (restoring, navigate, href) = (restore(), navigate.clone(), href.clone());
        leptos::task::spawn_local(async move {
            match restoring.await {
                Ok(text) => {
                    messages.done(text);
                    navigate(&href, NavigateOptions::default());
                }
                Err(error) => messages.failed(error.to_string()),
            }
        });
    }
}

/// Takes back the deletion of a model.
pub(super) fn undo_model(name: &str) -> impl Fn() + Send + Sync + 'static {
    let (href, name) = (model_href(name), name.to_owned());
    undo(href, move || {
        let name = name.clone();
        async move {
            restore_model(name.clone(), None).await?;
            Ok(format!("Model \"{name}\" restored"))
        }
    })
}

/// Takes back the deletion of a version.
pub(crate) fn undo_version(name: &str, version: i64) -> impl Fn() + Send + Sync + 'static {
    let (href, name) = (version_href(name, version), name.to_owned());
    undo(href, move || restore_version(name.clone(), version))
}

/// The models that were deleted, in place of the list of those in use.
#[component]
pub(super) fn DeletedModels(
    /// The page's query.
    query: Memo<Query>,
) -> impl IntoView {
    let restored = RwSignal::new(0);
    let models = load(
        move || (query.with(|q| trail(q).pop()), restored.get()),
        |(page_token, _)| load_deleted_models(page_token),
    );
    let messages = messages();
    let restore = Action::new(move |(name, id): &(String, String)| {
        let (name, id) = (name.clone(), id.clone());
        async move {
            match restore_model(name.clone(), Some(id)).await {
                Ok(()) => {
                    let href = model_href(&name);
                    messages.done_with_link(format!("Model \"{name}\" restored"), "Open", href);
                    restored.update(|count| *count += 1);
                }
                Err(error) => messages.failed(error.to_string()),
            }
        }
    });
    view! {
        <Transition fallback=|| view! { <div class="skeleton" aria-busy="true"></div> }>
            {move || Suspend::new(async move {
                match models.await {
                    Ok(page) => view! { <Models page query=query.get_untracked() restore/> }.into_any(),
                    Err(error) => view! { <ErrorPage error/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Models(page: Page<DeletedModel>, query: Query, restore: Action<(String, String), ()>) -> impl IntoView {
    if page.items.is_empty() {
        return view! {
            <Empty title="Nothing to restore">
                <p>"Models that are deleted are listed here until they are removed for good."</p>
                <a class="button" href=crate::ui::at("/models")>"All models"</a>
            </Empty>
        }
        .into_any();
    }
    let row = |model: DeletedModel| {
        let label = format!("Restore {}", model.name);
        let href = deleted_model_href(&model.name, &model.id);
        let which = StoredValue::new((model.name.clone(), model.id));
        let press = Callback::new(move |()| {
            restore.dispatch(which.get_value());
        });
        view! {
            <tr>
                <td class="name-cell"><a class="link" href=href title="See its history">{model.name}</a></td>
                <td class="whitespace-nowrap"><Time millis=model.deleted_timestamp/></td>
                <td class="whitespace-nowrap"><Time millis=model.creation_timestamp/></td>
                <td>{model.last_version}</td>
                <td class="actions">
                    <ActionButton icon=IconName::Restore label="Restore" name=label disabled=restore.pending() on_press=press/>
                </td>
            </tr>
        }
    };
    view! {
        <div class="table-scroll">
            <table class="grid" aria-label="Deleted models">
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col">"Deleted"</th>
                        <th scope="col">"Created"</th>
                        <th scope="col">"Versions registered"</th>
                        <th scope="col"><span class="sr-only">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody>{page.items.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
        <Pager query next=page.next_page_token/>
    }
    .into_any()
}

/// A deleted version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Version {
    number: i64,
    stage: domain::model_versions::Stage,
    deleted: Millis,
}

/// Some of a model's deleted versions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct DeletedVersions {
    versions: Vec<Version>,
    next: Option<String>,
}

/// A page of a model's deleted versions.
#[cfg(feature = "ssr")]
pub(super) async fn load_versions(
    service: &service::Service,
    name: &str,
    page_token: Option<&str>,
) -> UiResult<DeletedVersions> {
    let page = service.deleted_versions(name, Some(PAGE_SIZE), page_token).await?;
    let version = |deleted: domain::model_versions::DeletedVersion| Version {
        number: deleted.version.version,
        stage: deleted.version.stage,
        deleted: deleted.deleted_timestamp,
    };
    Ok(DeletedVersions { versions: page.items.into_iter().map(version).collect(), next: page.next_page_token })
}

/// A model's deleted versions behind a click; nothing if there are none.
#[component]
pub(super) fn DeletedVersionsList<T: Send + Sync + 'static>(
    /// The model's name.
    name: String,
    /// What is shown.
    #[prop(into)]
    deleted: Signal<DeletedVersions>,
    /// The page's data, loaded again after a restoration.
    live: Live<T>,
    /// The page's query: `deleted` is the page of this list.
    query: Query,
) -> impl IntoView {
    let path = model_href(&name);
    let is_open = query.get("deleted").is_some();
    let more = StoredValue::new((query, path));
    let messages = messages();
    let restore = Action::new(move |version: &i64| {
        let work = restore_version(name.clone(), *version);
        async move {
            match live.change(work).await {
                Ok(text) => messages.done(text),
                Err(error) => messages.failed(UiError::to_string(&error)),
            }
        }
    });
    let row = move |row: Version| {
        let version = row.number;
        let href = more.with_value(|(_, path)| format!("{path}/versions/{version}"));
        view! {
            <tr>
                <td><a class="link" href=href title="See its history">{format!("Version {version}")}</a></td>
                <td><StageChip stage=row.stage/></td>
                <td class="whitespace-nowrap"><Time millis=row.deleted/></td>
                <td class="actions">
                    <ActionButton icon=IconName::Restore label="Restore" name=format!("Restore version {version}") disabled=restore.pending()
                        on_press=Callback::new(move |()| { restore.dispatch(version); })/>
                </td>
            </tr>
        }
    };
    let rows = move || deleted.with(|d| d.versions.clone()).into_iter().map(row).collect_view();
    let next = move || {
        let token = deleted.with(|d| d.next.clone())?;
        let href = more.with_value(|(query, path)| query.clone().with("deleted", token).href(path));
        Some(view! { <a class="button" href=href>"More deleted versions"</a> })
    };
    view! {
        <Show when=move || is_open || deleted.with(|d| !d.versions.is_empty())>
            <details class="section" open=is_open>
                <summary class="link">"Deleted versions"</summary>
                <div class="table-scroll">
                    <table class="grid narrow" aria-label="Deleted versions">
                        <thead>
                            <tr>
                                <th scope="col">"Version"</th>
                                <th scope="col">"Stage"</th>
                                <th scope="col">"Deleted"</th>
                                <th scope="col"><span class="sr-only">"Actions"</span></th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                {next}
            </details>
        </Show>
    }
}
