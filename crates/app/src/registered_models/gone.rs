//! In place of a deleted model or version: when it was deleted, the way back, and its history.

use domain::Millis;
use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Deserialize, Serialize};

use super::deleted::{restore_model, restore_version};
use super::history::{History, HistorySection};
use super::links::{RegistryBreadcrumb, model_href};
use super::query::Query;
use crate::error::UiError;
#[cfg(feature = "ssr")]
use crate::error::UiResult;
use crate::ui::head::ActionButton;
use crate::ui::icon::IconName;
use crate::ui::time::Time;
use crate::ui::toast::messages;

/// A deleted model, a deleted version, or a version of a deleted model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Gone {
    name: String,
    /// Which of the deleted models of the name; the last deleted if not said.
    id: Option<String>,
    version: Option<i64>,
    /// When it was deleted; `None` for a version that went with its model.
    deleted: Option<Millis>,
    history: History,
}

/// What an address leads to: something in use, or what is remembered of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Remains<T> {
    /// In use.
    InUse(Box<T>),
    /// Deleted.
    Deleted(Gone),
}

/// What is remembered of what is not there; `None` if it never was, or is there after all.
#[cfg(feature = "ssr")]
pub(crate) async fn load(
    service: &service::Service,
    name: &str,
    id: Option<String>,
    version: Option<&str>,
    page_token: Option<String>,
) -> UiResult<Option<Gone>> {
    use domain::ErrorCode;
    use domain::history::Change;

    let last = service::HistoryOf {
        name: name.to_owned(),
        id: id.clone(),
        version: version.map(str::to_owned),
        max_results: Some(1),
        page_token: None,
    };
    let last = match service.registry_history(last).await {
        Ok(page) => page.items.into_iter().next(),
        Err(error) if error.code == ErrorCode::ResourceDoesNotExist => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let deleted = last.filter(|entry| matches!(entry.change, Change::Deleted { .. })).map(|entry| entry.time);
    if deleted.is_none() && (version.is_none() || service.registered_model(name).await.is_ok()) {
        return Ok(None);
    }
    let number = version.and_then(|version| version.parse().ok());
    let history = super::history::load_of(service, name, id.clone(), number, page_token, None).await?;
    Ok(Some(Gone { name: name.to_owned(), id, version: number, deleted, history }))
}

/// The page of what was deleted.
#[component]
pub(crate) fn GonePage(
    /// What was deleted.
    gone: Gone,
    /// The page's query: `history` is the page of the history.
    query: Query,
    /// The page's path.
    path: String,
    /// Called when it is there again.
    on_restored: Callback<()>,
) -> impl IntoView {
    crate::error::set_status(&UiError(domain::Error::not_found("It was deleted.")));
    let Gone { name, id, version, deleted, history } = gone;
    let title = match version {
        Some(version) => format!("Version {version}"),
        None => name.clone(),
    };
    let note = match (deleted, version) {
        (Some(time), Some(_)) => view! { "This version was deleted "<Time millis=time/>"." }.into_any(),
        (Some(time), None) => view! { "This model was deleted "<Time millis=time/>"." }.into_any(),
        (None, _) => view! {
            "This version went with its model. "<a class="link underline" href=model_href(&name)>"See the deleted model"</a>
        }
        .into_any(),
    };
    let messages = messages();
    let key = StoredValue::new((name.clone(), id));
    let restoring = Action::new(move |(): &()| {
        let (name, id) = key.get_value();
        async move {
            let restored = match version {
                Some(version) => restore_version(name, version).await,
                None => restore_model(name.clone(), id).await.map(|()| format!("Model \"{name}\" restored")),
            };
            match restored {
                Ok(text) => {
                    messages.done(text);
                    on_restored.run(());
                }
                Err(error) => messages.failed(error.to_string()),
            }
        }
    });
    let press = Callback::new(move |()| {
        restoring.dispatch(());
    });
    let restore = deleted.map(|_| view! { <ActionButton icon=IconName::Restore label="Restore" disabled=restoring.pending() on_press=press/> });
    let steps = version.map(|_| name.clone());
    let crumbs = match steps {
        Some(model) => view! { <RegistryBreadcrumb model/> }.into_any(),
        None => view! { <RegistryBreadcrumb/> }.into_any(),
    };
    view! {
        <Title text=format!("{title} (deleted)")/>
        {crumbs}
        <div class="page-head"><h1>{title}</h1></div>
        <div class="warn-note row" role="alert">
            <span class="grow">{note}</span>
            {restore}
        </div>
        <HistorySection name history=Signal::stored(Ok(history)) query path of_model=version.is_none() without_day=true/>
    }
}
