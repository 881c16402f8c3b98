//! What was done to a model or a version, and which version was in Production on a day.

use domain::guards::Guards;
use domain::history::{Change, HistoryEntry, StageSpan};
use domain::model_versions::Stage;
use leptos::prelude::*;
use leptos_router::components::Form;
use serde::{Deserialize, Serialize};

use super::links::{AliasChip, StageChip, version_href};
use super::query::Query;
use crate::error::UiResult;
#[cfg(feature = "ssr")]
use crate::format;
use crate::ui::empty::ErrorNote;
use crate::ui::time::Time;

/// Entries on a page.
#[cfg(feature = "ssr")]
const PAGE_SIZE: i64 = 20;
/// Versions that one entry names; the others are counted.
const NAMED: usize = 5;

/// A page of a history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct History {
    entries: Vec<HistoryEntry>,
    /// The page of what was done before.
    next: Option<String>,
    /// The answer for the day that was asked about.
    on: Option<OnDay>,
}

/// Who was in Production at the end of a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct OnDay {
    /// As asked, such as `2026-11-24`.
    day: String,
    /// `None` if that is no day.
    versions: Option<Vec<StageSpan>>,
}

/// What a page shows of a history: of the whole model, or of one version.
#[cfg(feature = "ssr")]
pub(crate) async fn load(
    service: &service::Service,
    name: &str,
    version: Option<i64>,
    page_token: Option<String>,
    day: Option<String>,
) -> domain::Result<History> {
    load_of(service, name, None, version, page_token, day).await
}

/// The same, of a certain deleted model of the name if there is an `id`.
#[cfg(feature = "ssr")]
pub(super) async fn load_of(
    service: &service::Service,
    name: &str,
    id: Option<String>,
    version: Option<i64>,
    page_token: Option<String>,
    day: Option<String>,
) -> domain::Result<History> {
    let of = service::HistoryOf {
        name: name.to_owned(),
        version: version.map(|version| version.to_string()),
        max_results: Some(PAGE_SIZE),
        page_token,
        id: id.clone(),
    };
    let page = service.registry_history(of).await?;
    let on = match day {
        Some(day) => {
            let versions = match format::end_of_day(&day) {
                Some(time) => Some(service.stage_at(name, id.as_deref(), Stage::Production.name(), time).await?),
                None => None,
            };
            Some(OnDay { day, versions })
        }
        None => None,
    };
    Ok(History { entries: page.items, next: page.next_page_token, on })
}

/// The history at the foot of a page. Its state is in the query: `history` for the page, `on` for the day.
#[component]
pub(crate) fn HistorySection(
    /// The model's name.
    name: String,
    /// What is shown.
    #[prop(into)]
    history: Signal<UiResult<History>>,
    /// The page's query.
    query: Query,
    /// The page's path.
    path: String,
    /// Whether it is of the model and all its versions.
    of_model: bool,
    /// Without the question who was in Production on a day.
    #[prop(optional)]
    without_day: bool,
) -> impl IntoView {
    let key = StoredValue::new(name);
    let older = StoredValue::new((query.clone(), path.clone()));
    let newest = query.get("history").map(|_| query.clone().with("history", "").href(&format!("{path}#history")));
    let newest = StoredValue::new(newest);
    let day = (of_model && !without_day).then(|| view! { <DayForm query path/> });
    let body = move || match history.get() {
        Err(error) => view! { <ErrorNote error/> }.into_any(),
        Ok(History { entries, next, on }) => {
            let next = next.map(|token| {
                older.with_value(|(query, path)| query.clone().with("history", token).href(path) + "#history")
            });
            let answer = on.map(|on| view! { <Answer name=key.get_value() on/> });
            let rows =
                entries.into_iter().map(|entry| view! { <Row name=key.get_value() entry of_model/> }).collect_view();
            let link = |href: Option<String>, text: &'static str| {
                href.map(|href| view! { <a class="button" href=href>{text}</a> })
            };
            view! {
                {answer}
                <div class="table-scroll">
                    <table class="grid" aria-labelledby="history-title">
                        <thead>
                            <tr><th scope="col">"When"</th><th scope="col">"Who"</th><th scope="col">"What"</th></tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                <nav class="row" aria-label="Pages of the history">
                    {link(newest.get_value(), "Newest")}
                    {link(next, "Older")}
                </nav>
            }
            .into_any()
        }
    };
    view! {
        <section class="section" id="history" aria-labelledby="history-title">
            <h2 id="history-title" class="section-title">"History"</h2>
            {day}
            {body}
        </section>
    }
}

/// Asks which version was in Production on a day; a form, so that it works without JavaScript too.
#[component]
fn DayForm(query: Query, path: String) -> impl IntoView {
    let day = query.get("on").unwrap_or_default().to_owned();
    let kept = ["stage", "page", "history", "deleted"].into_iter().filter_map(|key| {
        let value = query.get(key)?.to_owned();
        Some(view! { <input type="hidden" name=key value=value/> })
    });
    let forget = (!day.is_empty()).then(|| {
        let href = query.clone().with("on", "").href(&path);
        view! { <a class="link" href=href>"Clear"</a> }
    });
    let kept = kept.collect_view();
    view! {
        <Form method="get" action=path noscroll=true attr:class="row">
            <label for="history-on">"In Production on"</label>
            <input id="history-on" class="input" type="date" name="on" value=day/>
            {kept}
            <button type="submit" class="button">"Show"</button>
            {forget}
        </Form>
    }
}

#[component]
fn Answer(name: String, on: OnDay) -> impl IntoView {
    let OnDay { day, versions } = on;
    let Some(versions) = versions else {
        let text = format!("\"{day}\" is no day. Write it as year-month-day, such as 2026-11-24.");
        return view! { <p class="error-note" role="alert">{text}</p> }.into_any();
    };
    if versions.is_empty() {
        let text = format!("No version was in Production at the end of {day} (UTC).");
        return view! { <p role="status">{text}</p> }.into_any();
    }
    let item = |span: StageSpan| {
        let until = span.until.map(|until| view! { " until "<Time millis=until/> });
        view! {
            <li>
                <a class="link underline" href=version_href(&name, span.version)>{format!("Version {}", span.version)}</a>
                ", in Production since "<Time millis=span.since/>{until}
            </li>
        }
    };
    view! {
        <div role="status">
            <p>{format!("At the end of {day} (UTC):")}</p>
            <ul>{versions.into_iter().map(item).collect_view()}</ul>
        </div>
    }
    .into_any()
}

#[component]
fn Row(name: String, entry: HistoryEntry, of_model: bool) -> impl IntoView {
    let HistoryEntry { time, actor, version, change } = entry;
    let who = match actor {
        Some(actor) => view! { <span>{actor}</span> }.into_any(),
        None => view! { <span class="muted" title="The client did not say who sent it">"—"</span> }.into_any(),
    };
    let subject = of_model.then(|| match version {
        Some(version) => {
            let href = version_href(&name, version);
            view! { <a class="link underline" href=href>{format!("Version {version}")}</a>" " }.into_any()
        }
        None => "Model ".into_any(),
    });
    let is_version = version.is_some();
    view! {
        <tr>
            <td class="whitespace-nowrap"><Time millis=time/></td>
            <td>{who}</td>
            <td class="first-letter:uppercase">{subject}{what(change, is_version)}</td>
        </tr>
    }
}

/// `Version 1, Version 2 and 3 more`, of versions and so many more that are not listed.
fn versions(versions: &[i64], more: usize) -> String {
    let named: Vec<String> = versions.iter().take(NAMED).map(|version| format!("Version {version}")).collect();
    match versions.len().saturating_sub(NAMED) + more {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// `@a, @b`.
fn aliases(aliases: &[String]) -> String {
    aliases.iter().map(|alias| format!("@{alias}")).collect::<Vec<_>>().join(", ")
}

/// What was done, as the rest of a sentence.
fn what(change: Change, is_version: bool) -> AnyView {
    let plain = |text: String| view! { <span>{text}</span> }.into_any();
    match change {
        Change::Created => plain(if is_version { "registered" } else { "created" }.to_owned()),
        Change::Renamed { from, to } => plain(format!("renamed from \"{from}\" to \"{to}\"")),
        Change::Described { before, after } => {
            view! { <span>"description changed"</span><BeforeAfter before after/> }.into_any()
        }
        Change::TagSet { key, before, after } => {
            let text = if before.is_some() { "tag changed: " } else { "tag added: " };
            view! { <span>{text}<strong>{key}</strong></span><BeforeAfter before after=Some(after)/> }.into_any()
        }
        Change::TagDeleted { key, before } => {
            view! { <span>"tag removed: "<strong>{key}</strong></span><BeforeAfter before=Some(before) after=None/> }
                .into_any()
        }
        Change::AliasSet { alias, left } => {
            let from = left.map(|left| format!(", which left Version {left}"));
            view! { <span>"got the alias "<AliasChip alias/>{from}</span> }.into_any()
        }
        Change::AliasLeft { alias, to } => {
            view! { <span>"lost the alias "<AliasChip alias/>{format!(" to Version {to}")}</span> }.into_any()
        }
        Change::AliasDeleted { alias } => view! { <span>"alias removed: "<AliasChip alias/></span> }.into_any(),
        Change::StageMoved { from, to, archived, archived_more } => {
            let archived = (!archived.is_empty()).then(|| format!(", archiving {}", versions(&archived, archived_more)));
            view! { <span>"moved from "<StageChip stage=from/>" to "<StageChip stage=to/>{archived}</span> }.into_any()
        }
        Change::Displaced { from, by } => view! {
            <span>"moved from "<StageChip stage=from/>" to "<StageChip stage=Stage::Archived/>{format!(", displaced by Version {by}")}</span>
        }
        .into_any(),
        Change::Deleted { aliases: went } if went.is_empty() => plain("deleted".to_owned()),
        Change::Deleted { aliases: went } => plain(format!("deleted with {}", aliases(&went))),
        Change::Restored { aliases: back, lost } => {
            let back = (!back.is_empty()).then(|| format!(" with {}", aliases(&back)));
            let lost = lost.map(|stage| {
                format!(" as Archived, because another version had taken its place in {}", stage.name())
            });
            view! { <span>"restored"{back}{lost}</span> }.into_any()
        }
        Change::GuardsChanged { before, after } => {
            let text = |guards: &Guards| (!guards.is_empty()).then(|| super::guards::summary(guards));
            view! {
                <span>"requirements for Production changed"</span>
                <BeforeAfter before=text(&before) after=text(&after)/>
            }
            .into_any()
        }
    }
}

/// A text before and after a change, behind a click.
#[component]
fn BeforeAfter(before: Option<String>, after: Option<String>) -> impl IntoView {
    let text = |text: Option<String>| match text {
        Some(text) => view! { <dd class="mono whitespace-pre-wrap">{text}</dd> }.into_any(),
        None => view! { <dd class="muted">"nothing"</dd> }.into_any(),
    };
    view! {
        <details class="small">
            <summary class="link">"Before and after"</summary>
            <dl class="facts"><dt>"Before"</dt>{text(before)}<dt>"After"</dt>{text(after)}</dl>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_versions_are_counted() {
        assert_eq!(versions(&[1, 2], 0), "Version 1, Version 2");
        let many: Vec<i64> = (1..=13).collect();
        assert!(versions(&many, 4).ends_with("Version 5 and 12 more"));
    }
}
