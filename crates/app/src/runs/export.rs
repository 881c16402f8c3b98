//! The whole result of a search as a CSV file.

use leptos::prelude::*;

use super::url::RunsQuery;
use crate::query;
use crate::ui::icon::{Icon, IconName};

/// Where the file is: of every run that a query finds, not only of those on its page.
fn address(experiment_id: &str, query: &RunsQuery) -> String {
    let mut pairs = vec![("experiment_id", experiment_id.to_owned())];
    if !query.filter.is_empty() {
        pairs.push(("filter", query.filter.clone()));
    }
    pairs.push(("run_view_type", if query.deleted { "DELETED_ONLY" } else { "ACTIVE_ONLY" }.to_owned()));
    pairs.extend(query.order_by().map(|order| ("order_by", order)));
    pairs.extend(query.within.map(|within| ("started_within", within.millis().to_string())));
    query::address(&crate::ui::at("/ajax-api/ferroflow/v1/runs/csv"), &pairs)
}

/// A link to the file; the browser shows how far it is.
#[component]
pub(crate) fn ExportLink(
    /// Whose runs.
    experiment_id: Signal<String>,
    /// Which of them.
    query: Memo<RunsQuery>,
) -> impl IntoView {
    let href = move || query.with(|query| address(&experiment_id.get(), query));
    let label = "Download all matching runs as CSV";
    view! {
        <a class="button" rel="external" download="" href=href title=label aria-label=label><Icon name=IconName::Download/>"CSV"</a>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_what_the_table_has() {
        let path = "/ajax-api/ferroflow/v1/runs/csv?experiment_id=1";
        let usual = address("1", &RunsQuery { page: Some("token".into()), ..RunsQuery::default() });
        assert_eq!(usual, format!("{path}&run_view_type=ACTIVE_ONLY&order_by=attributes.start_time%20DESC"));
        let query = RunsQuery::parse("filter=metrics.loss+%3C+1&created=1h&state=deleted&dir=asc");
        let rest = "&filter=metrics.loss%20%3C%201&run_view_type=DELETED_ONLY&order_by=attributes.start_time%20ASC&started_within=3600000";
        assert_eq!(address("1", &query), format!("{path}{rest}"));
    }
}
