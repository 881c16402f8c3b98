//! Rows of the table out of runs, on the server.

use std::collections::{BTreeSet, HashMap, HashSet};

use domain::runs::{DATASET_CONTEXT_TAG, PARENT_RUN_TAG, Run, SOURCE_NAME_TAG};
use domain::{Result, ViewType, is_internal_tag};
use service::{RunModel, SearchRuns, Service};

use super::columns::Column;
use super::data::{Batch, Cell, Keys, ModelRef, PAGE_ROWS, Row};
use super::url::RunsQuery;

/// How many metrics, and how many params, are shown unless one chooses.
const DEFAULT_KEYS: usize = 4;
/// Metrics of the machine, of which there are many and which are seldom wanted in the table.
const SYSTEM_METRICS: &str = "system/";

/// What to search for.
fn search(service: &Service, experiment_id: &str, query: &RunsQuery) -> SearchRuns {
    let search = SearchRuns {
        experiment_ids: vec![experiment_id.to_owned()],
        filter: Some(query.filter.clone()).filter(|filter| !filter.is_empty()),
        view_type: if query.deleted { ViewType::DeletedOnly } else { ViewType::ActiveOnly },
        max_results: i64::try_from(PAGE_ROWS).unwrap_or(i64::MAX),
        order_by: query.order_by().into_iter().collect(),
        page_token: query.page.clone(),
    };
    match query.within {
        Some(within) => search.started_since(service.now() - within.millis()),
        None => search,
    }
}

/// A page of the table.
pub(crate) async fn load(service: &Service, experiment_id: &str, query: &RunsQuery) -> Result<Batch> {
    let search = search(service, experiment_id, query);
    let total = service.count_runs(&search).await?;
    let page = service.search_runs(search).await?;
    let runs = page.items;
    let ids: Vec<String> = runs.iter().map(|run| run.info.run_id.clone()).collect();
    let mut models: HashMap<String, Vec<ModelRef>> = HashMap::new();
    for model in service.run_models(&ids).await? {
        models.entry(model.run_id.clone()).or_default().extend(model_refs(model));
    }
    // A stable sort: registered ones first, otherwise as they were logged.
    for models in models.values_mut() {
        models.sort_by_key(|model| model.version.is_none());
    }
    let keys = keys(&runs);
    let columns = query.columns.clone().unwrap_or_else(|| default_columns(&runs, &keys));
    let rows = runs.iter().map(|run| row(run, models.get(&run.info.run_id), &columns)).collect();
    Ok(Batch { columns, keys, rows, total, next: page.next_page_token })
}

fn model_refs(model: RunModel) -> Vec<ModelRef> {
    if model.versions.is_empty() {
        return vec![ModelRef { name: model.name, version: None }];
    }
    model.versions.into_iter().map(|(name, version)| ModelRef { name, version: Some(version) }).collect()
}

fn keys(runs: &[Run]) -> Keys {
    let sorted = |keys: BTreeSet<&str>| keys.into_iter().map(str::to_owned).collect();
    Keys {
        metrics: sorted(runs.iter().flat_map(|run| &run.data.metrics).map(|m| m.key.as_str()).collect()),
        params: sorted(runs.iter().flat_map(|run| &run.data.params).map(|p| p.key.as_str()).collect()),
        tags: sorted(
            runs.iter()
                .flat_map(|run| &run.data.tags)
                .map(|t| t.key.as_str())
                .filter(|key| !is_internal_tag(key))
                .collect(),
        ),
    }
}

/// Keys, those that most runs have first: what only one of many has would push away what they share.
fn by_use(keys: &[String], uses: impl Fn(&str) -> usize) -> Vec<&str> {
    let mut keys: Vec<(usize, &str)> = keys.iter().map(|key| (uses(key), key.as_str())).collect();
    keys.sort_by_key(|(uses, _)| std::cmp::Reverse(*uses));
    keys.into_iter().map(|(_, key)| key).collect()
}

/// How far a run is and what came of it first, then the params that tell runs apart, and last where it comes from.
fn default_columns(runs: &[Run], keys: &Keys) -> Vec<Column> {
    let origin = [Column::Dataset, Column::User, Column::Source];
    let worth_showing = |column: &Column| runs.iter().any(|run| cell(run, None, column) != Cell::None);
    let param = |run: &'_ Run, key: &str| run.data.params.iter().position(|p| p.key == key);
    let differs = |key: &str| {
        let values: HashSet<Option<&str>> =
            runs.iter().map(|run| param(run, key).map(|i| run.data.params[i].value.as_str())).collect();
        values.len() > 1 || runs.len() == 1
    };
    let metrics =
        by_use(&keys.metrics, |key| runs.iter().filter(|r| r.data.metrics.iter().any(|m| m.key == key)).count());
    let params = by_use(&keys.params, |key| runs.iter().filter(|r| param(r, key).is_some()).count());
    let metrics = metrics.into_iter().filter(|key| !key.starts_with(SYSTEM_METRICS)).take(DEFAULT_KEYS);
    let params = params.into_iter().filter(|key| differs(key)).take(DEFAULT_KEYS);
    [Column::Created, Column::Duration, Column::Models]
        .into_iter()
        .chain(metrics.map(|key| Column::Metric(key.to_owned())))
        .chain(params.map(|key| Column::Param(key.to_owned())))
        .chain(origin.into_iter().filter(worth_showing))
        .collect()
}

fn row(run: &Run, models: Option<&Vec<ModelRef>>, columns: &[Column]) -> Row {
    Row {
        id: run.info.run_id.clone(),
        name: run.info.run_name.clone(),
        status: run.info.status,
        start: run.info.start_time,
        end: run.info.end_time,
        parent: run.tag(PARENT_RUN_TAG).map(str::to_owned),
        cells: columns.iter().map(|column| cell(run, models, column)).collect(),
    }
}

fn cell(run: &Run, models: Option<&Vec<ModelRef>>, column: &Column) -> Cell {
    let text = |text: &str| if text.is_empty() { Cell::None } else { Cell::Text(text.to_owned()) };
    let found = match column {
        // These are made of what every row has.
        Column::Name | Column::Created | Column::Duration => None,
        Column::Models => models.map(|models| Cell::Models(models.clone())),
        Column::Dataset => run.inputs.dataset_inputs.first().map(|input| Cell::Dataset {
            name: input.dataset.name.clone(),
            digest: input.dataset.digest.clone(),
            context: input.tags.iter().find(|t| t.key == DATASET_CONTEXT_TAG).map(|t| t.value.clone()),
            more: run.inputs.dataset_inputs.len() - 1,
        }),
        Column::User => Some(text(run.user())),
        Column::Source => run.tag(SOURCE_NAME_TAG).map(|source| {
            let name = source.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or(source);
            Cell::Long(name.to_owned(), source.to_owned())
        }),
        Column::Version => run
            .tag("mlflow.source.git.commit")
            .map(|commit| Cell::Long(commit.chars().take(6).collect(), commit.to_owned())),
        Column::Metric(key) => run.data.metrics.iter().find(|m| m.key == *key).map(|m| Cell::Number(m.value)),
        Column::Param(key) => run.data.params.iter().find(|p| p.key == *key).map(|p| text(&p.value)),
        Column::Tag(key) => run.tag(key).map(text),
    };
    found.unwrap_or(Cell::None)
}

#[cfg(test)]
mod tests {
    use domain::experiments::ExperimentId;
    use domain::metrics::Metric;
    use domain::runs::{RunData, RunInfo, RunInputs, RunOutputs, RunStatus};
    use domain::{Lifecycle, Param, Tag};

    use super::*;

    fn run(id: &str, params: &[(&str, &str)], metrics: &[&str]) -> Run {
        Run {
            info: RunInfo {
                run_id: id.into(),
                run_name: id.into(),
                experiment_id: ExperimentId(1),
                user_id: String::new(),
                status: RunStatus::Finished,
                start_time: 1,
                end_time: Some(2),
                artifact_uri: String::new(),
                lifecycle_stage: Lifecycle::Active,
            },
            data: RunData {
                metrics: metrics
                    .iter()
                    .map(|key| Metric { key: (*key).into(), value: 0.5, timestamp: 0, step: 0 })
                    .collect(),
                params: params.iter().map(|(key, value)| Param::new(*key, *value)).collect(),
                tags: vec![Tag::new("mlflow.source.name", "/home/me/train.py"), Tag::new("team", "a")],
            },
            inputs: RunInputs::default(),
            outputs: RunOutputs::default(),
        }
    }

    #[test]
    fn params_that_differ_are_shown() {
        let runs = [
            run("a", &[("lr", "1"), ("seed", "7")], &["loss", "system/cpu"]),
            run("b", &[("lr", "2"), ("seed", "7")], &[]),
        ];
        let keys = keys(&runs);
        assert_eq!(keys.tags, ["team"]);
        let columns: Vec<String> = default_columns(&runs, &keys).iter().map(Column::id).collect();
        assert_eq!(columns, ["created", "duration", "models", "metrics.loss", "params.lr", "source"]);
        let row = row(&runs[1], None, &[Column::Source, Column::Metric("loss".into()), Column::Param("lr".into())]);
        let source = Cell::Long("train.py".into(), "/home/me/train.py".into());
        assert_eq!(row.cells, [source, Cell::None, Cell::Text("2".into())]);
    }
}
