//! What the list of experiments asks the server for.

use domain::Millis;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::UiResult;
use crate::query;

/// Experiments on a page.
#[cfg(feature = "ssr")]
const PAGE: i64 = 50;

/// What the list is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sort {
    /// The name.
    Name,
    /// When it was created.
    Created,
    /// When it was last changed.
    #[default]
    Modified,
}

impl Sort {
    /// Every choice, in the order of the columns.
    pub(crate) const ALL: [Self; 3] = [Self::Name, Self::Created, Self::Modified];

    /// The value in addresses.
    const fn id(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Created => "created",
            Self::Modified => "modified",
        }
    }

    /// The heading.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Created => "Created",
            Self::Modified => "Last modified",
        }
    }

    /// How the search language names it.
    #[cfg(feature = "ssr")]
    const fn order_key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Created => "creation_time",
            Self::Modified => "last_update_time",
        }
    }

    const fn ascends_first(self) -> bool {
        matches!(self, Self::Name)
    }
}

/// What the list shows, as its address says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ListQuery {
    /// A part of the name.
    pub(crate) search: String,
    /// Deleted experiments rather than active ones.
    pub(crate) deleted: bool,
    /// What it is sorted by.
    pub(crate) sort: Sort,
    /// Small values first.
    pub(crate) ascending: bool,
    /// Token of a later page.
    pub(crate) page: Option<String>,
}

impl ListQuery {
    /// Reads a query string; what makes no sense is left out.
    pub(crate) fn parse(text: &str) -> Self {
        let mut out = Self::default();
        let mut ascending = None;
        for (key, value) in query::parse(text) {
            match key.as_str() {
                "search" => value.trim().clone_into(&mut out.search),
                "state" => out.deleted = value == "deleted",
                "sort" => out.sort = Sort::ALL.into_iter().find(|sort| sort.id() == value).unwrap_or_default(),
                "dir" => ascending = Some(value == "asc"),
                "page" => out.page = Some(value).filter(|token| !token.is_empty()),
                _ => {}
            }
        }
        out.ascending = ascending.unwrap_or_else(|| out.sort.ascends_first());
        out
    }

    /// Its pairs in an address; what is as usual is left out.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut out = Vec::new();
        if !self.search.is_empty() {
            out.push(("search", self.search.clone()));
        }
        if self.deleted {
            out.push(("state", "deleted".to_owned()));
        }
        if self.sort != Sort::default() {
            out.push(("sort", self.sort.id().to_owned()));
        }
        if self.ascending != self.sort.ascends_first() {
            out.push(("dir", if self.ascending { "asc" } else { "desc" }.to_owned()));
        }
        out.extend(self.page.iter().map(|page| ("page", page.clone())));
        out
    }

    /// The address of the list.
    pub(crate) fn address(&self) -> String {
        query::address(&crate::ui::at("/experiments"), &self.pairs())
    }

    /// The first page of the same with a change.
    pub(crate) fn changed(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut out = Self { page: None, ..self.clone() };
        change(&mut out);
        out
    }

    /// Sorted by a column, or the other way round if it is already.
    pub(crate) fn sorted_by(&self, sort: Sort) -> Self {
        self.changed(|query| {
            query.ascending = if query.sort == sort { !query.ascending } else { sort.ascends_first() };
            query.sort = sort;
        })
    }
}

/// An experiment as a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Its number.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// When it was created.
    pub(crate) created: Millis,
    /// When it was last changed.
    pub(crate) modified: Millis,
    /// The description's first line.
    pub(crate) description: String,
    /// Tags that people set.
    pub(crate) tags: Vec<domain::Tag>,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListData {
    /// The experiments.
    pub(crate) rows: Vec<Row>,
    /// Token of the next page.
    pub(crate) next: Option<String>,
}

/// A page of the list; `query` is the list's address from its `?` on.
#[server(prefix = "/_fn", endpoint = "experiments")]
pub(crate) async fn load_experiments(query: String) -> UiResult<ListData> {
    use domain::ViewType;
    use domain::experiments::NOTE_TAG;
    let query = ListQuery::parse(&query);
    let direction = if query.ascending { "ASC" } else { "DESC" };
    let page = crate::error::service()
        .search_experiments(service::SearchExperiments {
            max_results: PAGE,
            page_token: query.page.clone(),
            filter: (!query.search.is_empty()).then(|| query::name_contains(&query.search)),
            order_by: vec![format!("{} {direction}", query.sort.order_key())],
            view_type: if query.deleted { ViewType::DeletedOnly } else { ViewType::ActiveOnly },
        })
        .await?;
    let row = |experiment: domain::experiments::Experiment| Row {
        id: experiment.experiment_id.to_string(),
        created: experiment.creation_time,
        modified: experiment.last_update_time,
        description: first_line(experiment.tag(NOTE_TAG).unwrap_or_default()),
        tags: experiment.tags.into_iter().filter(|tag| !domain::is_internal_tag(&tag.key)).collect(),
        name: experiment.name,
    };
    Ok(ListData { rows: page.items.into_iter().map(row).collect(), next: page.next_page_token })
}

/// The first line that says something, without the marks of a heading.
#[cfg(feature = "ssr")]
fn first_line(markdown: &str) -> String {
    const LONGEST: usize = 120;
    let line = markdown.lines().map(|line| line.trim_start_matches(['#', ' '])).find(|line| !line.is_empty());
    line.unwrap_or_default().chars().take(LONGEST).collect()
}

/// Creates an experiment, and answers with its number.
#[server(prefix = "/_fn", endpoint = "create_experiment")]
pub(crate) async fn create_experiment(name: String, artifact_location: String) -> UiResult<String> {
    let new = service::NewExperiment {
        name,
        artifact_location: Some(artifact_location).filter(|location| !location.is_empty()),
        tags: Vec::new(),
    };
    Ok(crate::error::service().create_experiment(new).await?.to_string())
}

/// Whether an experiment, in use or deleted, has this name.
#[server(prefix = "/_fn", endpoint = "experiment_name_taken")]
pub(crate) async fn is_name_taken(name: String) -> UiResult<bool> {
    match crate::error::service().experiment_by_name(&name).await {
        Ok(_) => Ok(true),
        Err(error) if error.code == domain::ErrorCode::ResourceDoesNotExist => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// How many active runs an experiment has.
#[server(prefix = "/_fn", endpoint = "count_experiment_runs")]
pub(crate) async fn count_runs(id: String) -> UiResult<u64> {
    let search = service::SearchRuns { experiment_ids: vec![id], max_results: 1, ..Default::default() };
    Ok(crate::error::service().count_runs(&search).await?)
}

/// Gives an experiment another name.
#[server(prefix = "/_fn", endpoint = "rename_experiment")]
pub(crate) async fn rename_experiment(id: String, name: String) -> UiResult<()> {
    Ok(crate::error::service().rename_experiment(&id, &name).await?)
}

/// Deletes an experiment with its runs.
#[server(prefix = "/_fn", endpoint = "delete_experiment")]
pub(crate) async fn delete_experiment(id: String) -> UiResult<()> {
    Ok(crate::error::service().delete_experiment(&id).await?)
}

/// Restores an experiment with its runs.
#[server(prefix = "/_fn", endpoint = "restore_experiment")]
pub(crate) async fn restore_experiment(id: String) -> UiResult<()> {
    Ok(crate::error::service().restore_experiment(&id).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_survives_the_address() {
        let query = ListQuery {
            search: "50% & more".into(),
            deleted: true,
            sort: Sort::Name,
            ascending: false,
            page: Some("token".into()),
        };
        assert_eq!(ListQuery::parse(query.address().split_once('?').unwrap().1), query);
        assert_eq!(ListQuery::default().address(), "/experiments");
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn a_heading_is_a_line() {
        assert_eq!(first_line("\n\n# MNIST digits\n\ntext"), "MNIST digits");
        assert_eq!(first_line(""), "");
    }
}
