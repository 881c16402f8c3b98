//! The whole result of a search as a CSV file.

#[cfg(feature = "ssr")]
use std::collections::BTreeSet;

#[cfg(feature = "ssr")]
use domain::runs::Run;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

#[cfg(feature = "ssr")]
use super::rows;
use super::url::RunsQuery;
use crate::ui::icon::{Icon, IconName};
use crate::ui::toast::messages;

/// Most runs in one file.
#[cfg(feature = "ssr")]
const MAX_RUNS: usize = 50_000;
/// Runs asked for at a time.
#[cfg(feature = "ssr")]
const STRIDE: i64 = 1_000;

/// Every run that a query finds: facts, then all params, metrics and tags that any of them has.
#[cfg(feature = "ssr")]
pub(crate) async fn csv(service: &service::Service, experiment_id: &str, query: &RunsQuery) -> domain::Result<String> {
    let first_page = RunsQuery { page: None, ..query.clone() };
    let mut search = rows::search(service, experiment_id, &first_page);
    search.max_results = STRIDE;
    let mut runs = Vec::new();
    loop {
        let page = service.search_runs(search.clone()).await?;
        runs.extend(page.items);
        if runs.len() >= MAX_RUNS {
            return Err(domain::Error::invalid(format!(
                "More than {MAX_RUNS} runs: narrow the search, then export again."
            )));
        }
        match page.next_page_token {
            Some(token) => search.page_token = Some(token),
            None => return write(&runs).ok_or_else(domain::Error::internal),
        }
    }
}

#[cfg(feature = "ssr")]
fn write(runs: &[Run]) -> Option<String> {
    let params: BTreeSet<&str> = runs.iter().flat_map(|run| &run.data.params).map(|p| p.key.as_str()).collect();
    let metrics: BTreeSet<&str> = runs.iter().flat_map(|run| &run.data.metrics).map(|m| m.key.as_str()).collect();
    let tags = runs.iter().flat_map(|run| &run.data.tags).map(|t| t.key.as_str());
    let tags: BTreeSet<&str> = tags.filter(|key| !crate::ui::tags::is_internal(key)).collect();
    let mut out = csv::Writer::from_writer(Vec::new());
    let facts = ["Start Time", "Duration (ms)", "Run ID", "Name", "Status", "User", "Source"];
    let keys = params.iter().chain(&metrics).chain(&tags).copied();
    out.write_record(facts.into_iter().chain(keys).map(plain)).ok()?;
    for run in runs {
        let info = &run.info;
        let facts = [
            format!("{}Z", crate::format::timestamp(info.start_time).replace(' ', "T")),
            info.end_time.map(|end| (end - info.start_time).to_string()).unwrap_or_default(),
            info.run_id.clone(),
            info.run_name.clone(),
            info.status.name().to_owned(),
            rows::user(run).to_owned(),
            run.tag("mlflow.source.name").unwrap_or_default().to_owned(),
        ];
        let (data, text) = (&run.data, String::as_str);
        let params = params.iter().map(|key| data.params.iter().find(|p| p.key == **key).map(|p| p.value.clone()));
        let metrics =
            metrics.iter().map(|key| data.metrics.iter().find(|m| m.key == **key).map(|m| m.value.to_string()));
        let tags = tags.iter().map(|key| run.tag(key).map(str::to_owned));
        let fields: Vec<String> =
            facts.into_iter().chain(params.chain(metrics).chain(tags).map(Option::unwrap_or_default)).collect();
        out.write_record(fields.iter().map(text).map(plain)).ok()?;
    }
    String::from_utf8(out.into_inner().ok()?).ok()
}

/// A spreadsheet takes a text that begins like this for a formula, which a run's author must not slip in; numbers may
/// be negative.
#[cfg(feature = "ssr")]
fn plain(field: &str) -> std::borrow::Cow<'_, [u8]> {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']) && field.parse::<f64>().is_err();
    if formula { format!("'{field}").into_bytes().into() } else { field.as_bytes().into() }
}

/// A button that fetches the file and hands it to the browser.
#[component]
pub(crate) fn ExportButton(
    /// Whose runs.
    experiment_id: Signal<String>,
    /// Which of them.
    query: Memo<RunsQuery>,
) -> impl IntoView {
    let messages = messages();
    let export = Action::new(move |(): &()| {
        let id = experiment_id.get_untracked();
        let text = super::data::load_csv(id.clone(), query.with_untracked(RunsQuery::text));
        async move {
            match text.await {
                Ok(text) if save(&text, &format!("runs-{id}.csv")).is_some() => {}
                Ok(_) => messages.failed("The browser refused to save the file."),
                Err(error) => messages.failed(error.to_string()),
            }
        }
    });
    let label = "Download all matching runs as CSV";
    view! {
        <button type="button" class="button" title=label aria-label=label disabled=export.pending()
            on:click=move |_| { export.dispatch(()); }>
            <Icon name=IconName::Download/>
            {move || if export.pending().get() { "Preparing…" } else { "CSV" }}
        </button>
    }
}

/// Offers a text as a file.
fn save(text: &str, name: &str) -> Option<()> {
    let parts = js_sys::Array::of1(&text.into());
    let blob = web_sys::Blob::new_with_str_sequence(&parts).ok()?;
    let url = web_sys::Url::create_object_url_with_blob(&blob).ok()?;
    let link: web_sys::HtmlElement = document().create_element("a").ok()?.dyn_into().ok()?;
    link.set_attribute("href", &url).ok()?;
    link.set_attribute("download", name).ok()?;
    link.set_attribute("rel", "external").ok()?;
    link.click();
    // Some browsers read the bytes only after the click has returned.
    set_timeout(move || drop(web_sys::Url::revoke_object_url(&url)), std::time::Duration::from_secs(30));
    Some(())
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_defused() {
        assert_eq!(&*plain("=1+1"), b"'=1+1");
        assert_eq!(&*plain("-0.5"), b"-0.5");
        assert_eq!(&*plain("a=b"), b"a=b");
    }
}
