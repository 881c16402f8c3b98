//! The list of registered models.

use domain::registered_models::ModelAlias;
use domain::{ErrorCode, Millis, Page, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use serde::{Deserialize, Serialize};

use super::create::CreateDialog;
use super::deleted::DeletedModels;
use super::links::{RegistryBreadcrumb, model_href, version_href};
use super::query::{Query, use_query};
use crate::error::UiResult;
use crate::layout::ErrorPage;
use crate::ui::copy::CodeBlock;
use crate::ui::empty::{Empty, ErrorNote};
use crate::ui::icon::{Icon, IconName};
use crate::ui::load::load;
use crate::ui::search::{SearchField, SearchHelp};
use crate::ui::sort::{SortLink, aria_sort};
use crate::ui::tags::TagChips;
use crate::ui::time::Time;

const PATH: &str = "/models";
/// Models on a page.
#[cfg(feature = "ssr")]
const PAGE_SIZE: i64 = 25;
/// Examples of the search language.
const EXAMPLES: &[&str] = &["tags.my_key = \"my_value\"", "name ILIKE \"%my_model%\" AND tags.my_key = \"my_value\""];
/// What to do when there is no model yet.
const SNIPPET: &str = "import mlflow

with mlflow.start_run():
    mlflow.sklearn.log_model(model, name=\"model\", registered_model_name=\"my_model\")";

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    name: String,
    latest: Option<i64>,
    staging: Option<i64>,
    production: Option<i64>,
    aliases: Vec<ModelAlias>,
    modified: Millis,
    tags: Vec<Tag>,
}

#[cfg(feature = "ssr")]
impl From<domain::registered_models::RegisteredModel> for Row {
    fn from(model: domain::registered_models::RegisteredModel) -> Self {
        use domain::model_versions::Stage;
        let of_stage = |stage| model.latest_versions.iter().find(|v| v.stage == stage).map(|v| v.version);
        Self {
            latest: model.latest_versions.iter().map(|v| v.version).max(),
            staging: of_stage(Stage::Staging),
            production: of_stage(Stage::Production),
            name: model.name,
            aliases: model.aliases,
            modified: model.last_updated_timestamp,
            tags: model.tags.into_iter().filter(|t| !domain::is_internal_tag(&t.key)).collect(),
        }
    }
}

/// The filter for what people type: an expression as it is, plain text as a part of the name.
#[cfg(any(feature = "ssr", test))]
pub(super) fn name_filter(search: &str) -> Option<String> {
    let text = search.trim();
    if text.is_empty() {
        return None;
    }
    let words = text.to_ascii_lowercase();
    let is_expression = text.contains(['=', '<', '>'])
        || [" like ", " ilike ", " in ", " is "].iter().any(|word| words.contains(word))
            && text.contains(['\'', '"', '(']);
    if is_expression {
        return Some(text.to_owned());
    }
    Some(crate::query::name_contains(text))
}

#[server(prefix = "/_fn", endpoint = "models_page")]
async fn load_models(search: String, order_by: String, page_token: Option<String>) -> UiResult<Page<Row>> {
    let search = service::SearchRegisteredModels {
        filter: name_filter(&search),
        max_results: Some(PAGE_SIZE),
        order_by: vec![order_by],
        page_token,
    };
    Ok(crate::error::service().search_registered_models(search).await?.map(Row::from))
}

/// By what the list is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Name { descending: bool },
    Modified { descending: bool },
}

impl Sort {
    fn of(query: &Query) -> Self {
        let order = query.get("order");
        match query.get("sort") {
            // The newest first unless asked otherwise.
            Some("modified") => Self::Modified { descending: order != Some("asc") },
            _ => Self::Name { descending: order == Some("desc") },
        }
    }

    fn order_by(self) -> String {
        let (key, descending) = match self {
            Self::Name { descending } => ("name", descending),
            Self::Modified { descending } => ("last_updated_timestamp", descending),
        };
        format!("{key} {}", if descending { "DESC" } else { "ASC" })
    }

    /// The same list in this order, from its first page.
    fn href(self, query: &Query) -> String {
        let (sort, order) = match self {
            Self::Name { descending } => ("", if descending { "desc" } else { "" }),
            Self::Modified { descending } => ("modified", if descending { "" } else { "asc" }),
        };
        query.clone().with("pages", "").with("sort", sort).with("order", order).href(&crate::ui::at(PATH))
    }
}

/// Tokens of the pages from the second to the one that is shown: the way back is in the address too.
pub(super) fn trail(query: &Query) -> Vec<String> {
    query.get("pages").map(|pages| pages.split(',').map(str::to_owned).collect()).unwrap_or_default()
}

/// All registered models.
#[component]
pub(crate) fn ModelsPage() -> impl IntoView {
    let query = use_query();
    let is_deleted = Memo::new(move |_| query.with(|q| q.get("view") == Some("deleted")));
    view! {
        {move || {
            if is_deleted.get() {
                view! {
                    <Title text="Deleted models"/>
                    <RegistryBreadcrumb/>
                    <div class="page-head"><h1>"Deleted models"</h1></div>
                    <DeletedModels query/>
                }
                .into_any()
            } else {
                view! { <ModelsInUse query/> }.into_any()
            }
        }}
    }
}

#[component]
fn ModelsInUse(query: Memo<Query>) -> impl IntoView {
    let creating = RwSignal::new(false);
    let models = load(
        move || {
            query.with(|q| (q.get("search").unwrap_or_default().to_owned(), Sort::of(q).order_by(), trail(q).pop()))
        },
        |(search, order_by, page_token)| load_models(search, order_by, page_token),
    );
    // What a refused filter leaves on the page.
    let last = StoredValue::new(Page::<Row>::default());
    view! {
        <Title text="Models"/>
        <div class="page-head">
            <h1>"Registered models"</h1>
            <div class="page-actions">
                <a class="button" href=crate::ui::at("/models?view=deleted")><Icon name=IconName::Delete/>"Deleted"</a>
                <a class="button" href=crate::ui::at("/webhooks")><Icon name=IconName::Webhook/>"Webhooks"</a>
                <button type="button" class="button primary" on:click=move |_| creating.set(true)><Icon name=IconName::Plus/>"Create model"</button>
            </div>
        </div>
        <SearchForm query/>
        <Transition fallback=|| view! { <div class="skeleton" aria-busy="true"></div> }>
            {move || Suspend::new(async move {
                match models.await {
                    Ok(page) => {
                        last.set_value(page.clone());
                        view! { <Models page query=query.get_untracked() creating/> }.into_any()
                    }
                    Err(error) if error.0.code == ErrorCode::InvalidParameterValue => {
                        crate::error::set_status(&error);
                        let page = last.get_value();
                        let rows = (!page.items.is_empty()).then(|| view! {
                            <Models page query=query.get_untracked() creating/>
                        });
                        view! { <ErrorNote error/> {rows} }.into_any()
                    }
                    Err(error) => view! { <ErrorPage error/> }.into_any(),
                }
            })}
        </Transition>
        <CreateDialog open=creating/>
    }
}

/// The search box: a form, so that it works without JavaScript too.
#[component]
fn SearchForm(query: Memo<Query>) -> impl IntoView {
    let value = move |key: &'static str| query.with(|q| q.get(key).unwrap_or_default().to_owned());
    let text = RwSignal::new(untrack(move || value("search")));
    // The address changes by Back and by links as well.
    Effect::new(move |_| text.set(value("search")));
    let navigate = use_navigate();
    let apply = Callback::new(move |()| {
        let search = text.with_untracked(|text| text.trim().to_owned());
        if untrack(move || value("search")) != search {
            let href = query.get_untracked().with("search", search).with("pages", "").href(&crate::ui::at(PATH));
            navigate(&href, NavigateOptions { scroll: false, ..NavigateOptions::default() });
        }
    });
    view! {
        <form class="row list-form" method="get" action=crate::ui::at(PATH) role="search" on:submit=move |e| { e.prevent_default(); apply.run(()); }>
            <SearchField name="search" label="Search models" text placeholder="Filter registered models by name or tags" on_clear=apply/>
            <input type="hidden" name="sort" value=move || value("sort") disabled=move || value("sort").is_empty()/>
            <input type="hidden" name="order" value=move || value("order") disabled=move || value("order").is_empty()/>
            <SearchHelp intro="A part of the name, or comparisons joined by AND, for example:" examples=EXAMPLES/>
            <Show when=move || query.with(|q| q.get("search").is_some())>
                <a class="link" href=move || query.get().with("search", "").with("pages", "").href(&crate::ui::at(PATH))>"Reset filters"</a>
            </Show>
        </form>
    }
}

#[component]
fn Models(page: Page<Row>, query: Query, creating: RwSignal<bool>) -> impl IntoView {
    if page.items.is_empty() {
        return if query.get("search").is_some() {
            let reset = query.with("search", "").with("pages", "").href(&crate::ui::at(PATH));
            view! {
                <Empty title="No model matches">
                    <p>"Try using a different keyword or adjusting your filters."</p>
                    <a class="button" href=reset>"Reset filters"</a>
                </Empty>
            }
            .into_any()
        } else {
            view! {
                <Empty title="No models registered yet">
                    <p>"Log a model and register it in one step:"</p>
                    <CodeBlock code=SNIPPET/>
                    <p>"Or open a run and press Register model, or start with an empty one:"</p>
                    <button type="button" class="button primary" on:click=move |_| creating.set(true)><Icon name=IconName::Plus/>"Create model"</button>
                </Empty>
            }
            .into_any()
        };
    }
    let sort = Sort::of(&query);
    let (by_name, by_modified) = match sort {
        Sort::Name { descending } => (Some(descending), None),
        Sort::Modified { descending } => (None, Some(descending)),
    };
    let name_href = Sort::Name { descending: by_name == Some(false) }.href(&query);
    let modified_href = Sort::Modified { descending: by_modified != Some(true) }.href(&query);
    let head = |label: &'static str, href: String, descending: Option<bool>| {
        let ascending = descending.map(|descending| !descending);
        view! {
            <th scope="col" aria-sort=aria_sort(ascending)>
                <SortLink label href=Signal::stored(href) ascending=Signal::stored(ascending)/>
            </th>
        }
    };
    view! {
        <div class="table-scroll">
            <table class="grid" aria-label="Registered models">
                <thead>
                    <tr>
                        {head("Name", name_href, by_name)}
                        <th scope="col">"Latest version"</th>
                        <th scope="col">"Staging"</th>
                        <th scope="col">"Production"</th>
                        <th scope="col">"Aliases"</th>
                        {head("Last modified", modified_href, by_modified)}
                        <th scope="col">"Tags"</th>
                    </tr>
                </thead>
                <tbody>
                    {page.items.into_iter().map(|row| view! { <ModelRow row/> }).collect_view()}
                </tbody>
            </table>
        </div>
        <Pager query next=page.next_page_token/>
    }
    .into_any()
}

#[component]
fn ModelRow(row: Row) -> impl IntoView {
    let version = |version: Option<i64>| match version {
        Some(number) => {
            view! { <a class="link" href=version_href(&row.name, number)>{format!("Version {number}")}</a> }.into_any()
        }
        None => view! { <span class="muted">"—"</span> }.into_any(),
    };
    let aliases = row
        .aliases
        .iter()
        .map(|alias| {
            view! {
                <a class="chip chip-alias" href=version_href(&row.name, alias.version)>
                    "@"{alias.alias.clone()}" → v"{alias.version}
                </a>
            }
        })
        .collect_view();
    view! {
        <tr>
            <td class="name-cell"><a class="link" href=model_href(&row.name)>{row.name.clone()}</a></td>
            <td class="nowrap">{version(row.latest)}</td>
            <td class="nowrap">{version(row.staging)}</td>
            <td class="nowrap">{version(row.production)}</td>
            <td><span class="row">{aliases}</span></td>
            <td class="whitespace-nowrap"><Time millis=row.modified/></td>
            <td><TagChips tags=row.tags/></td>
        </tr>
    }
}

#[component]
pub(super) fn Pager(query: Query, next: Option<String>) -> impl IntoView {
    let mut trail = trail(&query);
    if trail.is_empty() && next.is_none() {
        return ().into_any();
    }
    let following = next.map(|token| {
        let pages = trail.iter().cloned().chain([token]).collect::<Vec<_>>().join(",");
        query.clone().with("pages", pages).href(&crate::ui::at(PATH))
    });
    let number = trail.len() + 1;
    let previous = trail.pop().map(|_| query.with("pages", trail.join(",")).href(&crate::ui::at(PATH)));
    view! { <super::versions::PageLinks previous following label=format!("Page {number}")/> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_a_part_of_the_name() {
        for (typed, filter) in [
            ("nn", "name ILIKE '%nn%'"),
            (" two words ", "name ILIKE '%two words%'"),
            ("it's", "name ILIKE \"%it's%\""),
            ("it's \"x\"", "name ILIKE \"%it's _x_%\""),
            ("made in 2024", "name ILIKE '%made in 2024%'"),
        ] {
            assert_eq!(name_filter(typed).as_deref(), Some(filter));
        }
        assert_eq!(name_filter("  "), None);
    }

    #[test]
    fn expressions_stay_as_they_are() {
        for typed in ["name = 'x'", "tags.a != 'b'", "name ilike '%nn%'", "name IN ('a')"] {
            assert_eq!(name_filter(typed).as_deref(), Some(typed));
        }
    }

    #[test]
    fn the_order_is_in_the_address() {
        let query = Query::parse("search=a&pages=x,y");
        let href = Sort::Modified { descending: true }.href(&query);
        assert_eq!(href, "/models?search=a&sort=modified");
        assert_eq!(Sort::of(&Query::parse("sort=modified")).order_by(), "last_updated_timestamp DESC");
        assert_eq!(Sort::of(&Query::default()).order_by(), "name ASC");
        assert_eq!(trail(&query), ["x", "y"]);
    }
}
