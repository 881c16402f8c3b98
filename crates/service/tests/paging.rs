//! Page after page: every row once and in order, whatever the order, also when rows come in between.

use std::collections::HashSet;

use domain::experiments::ExperimentId;
use domain::metrics::Metric;
use domain::runs::RunStatus;
use domain::{Page, Param, Result, Tag};
use rstest::rstest;
use service::{
    LogBatch, LogMetric, LoggedModelOrder, NewExperiment, NewLoggedModel, NewModelVersion, NewRegisteredModel, NewRun,
    RunUpdate, SearchExperiments, SearchLoggedModels, SearchModelVersions, SearchRegisteredModels, SearchRuns,
};
use store::search::runs::{self as rows, RunSearch};
use store::search::{Value, Window};
use testing::{Backend, TestService};

/// Rows that there are at first.
const ROWS: i64 = 9;
/// Rows of a page.
const SIZE: i64 = 2;

fn order(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|&key| key.to_owned()).collect()
}

fn metric(key: &str, value: f64, timestamp: i64) -> LogMetric {
    let metric = Metric { key: key.into(), value, timestamp, step: 0 };
    LogMetric { metric, model_id: None, dataset_name: None, dataset_digest: None }
}

/// A run, of which few are alike in all and many in something.
async fn run(t: &TestService, number: i64) -> String {
    let tags = if number % 3 == 0 { vec![] } else { vec![Tag::new("colour", format!("{}\"é", number % 2))] };
    let name = Some(format!("run {}", number % 4));
    let new = NewRun { run_name: name, start_time: number / 2, tags, ..NewRun::default() };
    let id = t.service.create_run(new).await.unwrap().info.run_id;
    let loss = match number % 5 {
        0 => None,
        1 => Some(f64::NAN),
        2 => Some(f64::INFINITY),
        3 => Some(0.1 + 0.2),
        _ => Some(-0.5),
    };
    let batch = LogBatch {
        metrics: loss.map(|loss| metric("loss", loss, 1)).into_iter().collect(),
        params: vec![Param::new("layers", (number % 3).to_string())],
        tags: vec![],
    };
    t.service.log_batch(&id, batch).await.unwrap();
    if number % 2 == 0 {
        let end = RunUpdate { status: Some(RunStatus::Finished), end_time: Some(100 + number % 4), run_name: None };
        t.service.update_run(&id, end).await.unwrap();
    }
    id
}

/// Reads all pages; `between` is done after each.
async fn pages<T>(
    mut page: impl AsyncFnMut(Option<String>) -> Result<Page<T>>,
    mut between: impl AsyncFnMut(),
) -> Vec<T> {
    let (mut all, mut token) = (Vec::new(), None);
    loop {
        let found = page(token).await.unwrap();
        all.extend(found.items);
        token = found.next_page_token;
        if token.is_none() {
            return all;
        }
        between().await;
    }
}

const RUN_ORDERS: [&[&str]; 12] = [
    &[],
    &["start_time ASC"],
    &["metrics.loss DESC"],
    &["metrics.loss ASC", "params.layers DESC"],
    &["metrics.unknown DESC"],
    &["params.layers ASC", "metrics.loss DESC"],
    &["tags.colour DESC"],
    &["tags.colour ASC", "attributes.end_time DESC"],
    &["attributes.end_time ASC"],
    &["attributes.status DESC", "attributes.run_name ASC"],
    &["attributes.run_id DESC"],
    &["attributes.user_id ASC", "attributes.artifact_uri DESC"],
];

#[rstest]
#[tokio::test]
async fn pages_of_runs(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    for number in 0..ROWS {
        run(&t, number).await;
    }
    let mut next = ROWS;
    for keys in RUN_ORDERS {
        let search = async |token, max_results| {
            let experiment_ids = vec!["0".into()];
            let order_by = order(keys);
            let search =
                SearchRuns { experiment_ids, order_by, max_results, page_token: token, ..SearchRuns::default() };
            let found = t.service.search_runs(search).await?;
            let items = found.items.into_iter().map(|run| run.info.run_id).collect();
            Ok(Page::<String> { items, next_page_token: found.next_page_token })
        };
        let whole = search(None, 1_000).await.unwrap().items;
        let in_pages = pages(async |token| search(token, SIZE).await, async || {}).await;
        assert_eq!(in_pages, whole, "{keys:?}");
        // Each new run is somewhere; those that were there are found all the same, each once.
        let grown = pages(
            async |token| search(token, SIZE).await,
            async || {
                if next < 4 * ROWS {
                    run(&t, next).await;
                    next += 1;
                }
            },
        );
        let grown = grown.await;
        assert_eq!(grown.iter().collect::<HashSet<_>>().len(), grown.len(), "{keys:?}");
        let old: Vec<_> = grown.into_iter().filter(|id| whole.contains(id)).collect();
        assert_eq!(old, whole, "{keys:?}");
    }
}

#[rstest]
#[tokio::test]
async fn pages_of_logged_models(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let make = async |number: i64| {
        t.clock.advance(number % 2);
        let name = Some(format!("model {}", number % 3));
        let new = NewLoggedModel { experiment_id: "0".into(), name, ..NewLoggedModel::default() };
        let id = t.service.create_logged_model(new).await.unwrap().model_id;
        let run = t.service.create_run(NewRun::default()).await.unwrap().info.run_id;
        let points: &[f64] = match number % 4 {
            0 => &[],
            1 => &[f64::NAN],
            2 => &[0.5, 0.1],
            _ => &[0.1],
        };
        for (time, value) in (0..).zip(points) {
            let dataset_name = (number % 2 == 0).then(|| "d".to_owned());
            let metric = LogMetric { model_id: Some(id.clone()), dataset_name, ..metric("loss", *value, time) };
            t.service.log_metric(&run, metric).await.unwrap();
        }
        id
    };
    for number in 0..ROWS {
        make(number).await;
    }
    let by = |field_name: &str, ascending, dataset: Option<&str>| LoggedModelOrder {
        field_name: field_name.into(),
        ascending,
        dataset_name: dataset.map(Into::into),
        dataset_digest: None,
    };
    for order_by in [
        vec![],
        vec![by("name", true, None)],
        vec![by("metrics.loss", false, None)],
        vec![by("metrics.loss", true, Some("d")), by("status_message", true, None)],
        vec![by("experiment_id", true, None), by("last_updated_timestamp", false, None)],
    ] {
        let search = async |token, max_results| {
            let (experiment_ids, order_by) = (vec!["0".into()], order_by.clone());
            let max_results = Some(max_results);
            let search = SearchLoggedModels {
                experiment_ids,
                order_by,
                max_results,
                page_token: token,
                ..SearchLoggedModels::default()
            };
            let found = t.service.search_logged_models(search).await?;
            let items = found.items.into_iter().map(|model| model.model_id).collect();
            Ok(Page::<String> { items, next_page_token: found.next_page_token })
        };
        let whole = search(None, 1_000).await.unwrap().items;
        let mut made = 0;
        let in_pages = pages(
            async |token| search(token, SIZE).await,
            async || {
                made += i64::from(made < 3);
                if made < 3 {
                    make(made).await;
                }
            },
        );
        let old: Vec<_> = in_pages.await.into_iter().filter(|id| whole.contains(id)).collect();
        assert_eq!(old, whole, "{order_by:?}");
    }
}

#[rstest]
#[tokio::test]
async fn pages_of_experiments_and_of_the_registry(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let make = async |number: i64| {
        t.clock.advance(number % 2);
        let name = format!("{} {number}", number % 3);
        let experiment = NewExperiment { name: name.clone(), artifact_location: None, tags: vec![] };
        t.service.create_experiment(experiment).await.unwrap();
        let model = NewRegisteredModel { name, description: None, tags: vec![] };
        t.service.create_registered_model(model).await.unwrap();
        let version = NewModelVersion {
            name: format!("0 {}", number % 2 * 3),
            source: "s3://b/m".into(),
            ..NewModelVersion::default()
        };
        t.service.create_model_version(version).await.unwrap();
    };
    for number in [0, 3, 1, 2, 4, 5, 6, 7, 8] {
        make(number).await;
    }
    let mut next = ROWS;
    let mut grow = async || {
        if next < 2 * ROWS {
            make(next).await;
            next += 1;
        }
    };
    for keys in [&[][..], &["name DESC"], &["last_update_time ASC", "name ASC"], &["experiment_id ASC"]] {
        let search = async |token, max_results| {
            let search = SearchExperiments {
                max_results,
                page_token: token,
                order_by: order(keys),
                ..SearchExperiments::default()
            };
            t.service.search_experiments(search).await
        };
        let whole = search(None, 1_000).await.unwrap().items;
        let all = pages(async |token| search(token, SIZE).await, &mut grow).await;
        let old: Vec<_> = all.into_iter().filter(|item| whole.contains(item)).collect();
        assert_eq!(old, whole, "{keys:?}");
    }
    for keys in [&[][..], &["name DESC"], &["timestamp DESC"]] {
        let search = async |token, max_results| {
            let max_results = Some(max_results);
            let search = SearchRegisteredModels { max_results, page_token: token, order_by: order(keys), filter: None };
            let found = t.service.search_registered_models(search).await?;
            let items = found.items.into_iter().map(|model| model.name).collect();
            Ok(Page::<String> { items, next_page_token: found.next_page_token })
        };
        let whole = search(None, 1_000).await.unwrap().items;
        assert_eq!(pages(async |token| search(token, SIZE).await, async || {}).await, whole, "{keys:?}");
    }
    for keys in [&[][..], &["name DESC"], &["version_number ASC"], &["creation_timestamp ASC", "name ASC"]] {
        let search = async |token, max_results| {
            let max_results = Some(max_results);
            let search = SearchModelVersions { max_results, page_token: token, order_by: order(keys), filter: None };
            t.service.search_model_versions(search).await
        };
        let whole = search(None, 1_000).await.unwrap().items;
        let all = pages(async |token| search(token, SIZE).await, &mut grow).await;
        let old: Vec<_> = all.into_iter().filter(|item| whole.contains(item)).collect();
        assert_eq!(old, whole, "{keys:?}");
    }
}

#[rstest]
#[tokio::test]
async fn a_place_is_where_the_row_stood_when_it_was_found(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::new(backend).await;
    let id = run(&t, 3).await;
    run(&t, 4).await;
    let keys = ["metrics.loss DESC", "params.layers", "tags.colour", "params.unknown"];
    let wanted = RunSearch {
        experiments: vec![ExperimentId(0)],
        order: domain::search::runs::parse_order(&order(&keys)).unwrap(),
        ..RunSearch::default()
    };
    let store = &t.database.store;
    let mut conn = store.read().await.unwrap();
    let window = Window { limit: 1, ..Window::default() };
    let found = rows::page(&mut conn, store.keys(), &wanted, &window).await.unwrap();
    t.service.log_metric(&id, metric("loss", 7.0, 2)).await.unwrap();
    let place = rows::place(&wanted.order, &found[0]);
    let values = [
        Value::Integer(0),
        Value::Number(0.1 + 0.2),
        Value::Text("0".into()),
        Value::Null,
        Value::Integer(1),
        Value::Text(id),
    ];
    assert_eq!(place, values);
}
