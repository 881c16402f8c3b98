//! Searching runs, as a client of the service sees it.

use domain::metrics::Metric;
use domain::runs::{DATASET_CONTEXT_TAG, Dataset, DatasetInput, DatasetSummary, ModelOutput, RunStatus};
use domain::search::MAX_PATTERN_CHARS;
use domain::{ErrorCode, Page, Param, Tag, ViewType};
use futures::TryStreamExt;
use rstest::rstest;
use service::{
    LogBatch, LogInputs, LogMetric, NewExperiment, NewLoggedModel, NewModelVersion, NewRun, RunModel, RunUpdate,
    SearchRuns,
};
use testing::{Backend, TestService};

fn search(filter: &str) -> SearchRuns {
    SearchRuns {
        experiment_ids: vec!["0".into()],
        filter: Some(filter.into()),
        max_results: 1000,
        ..SearchRuns::default()
    }
}

fn ordered(keys: &[&str]) -> SearchRuns {
    SearchRuns { order_by: keys.iter().map(|&key| key.into()).collect(), ..search("") }
}

async fn names(t: &TestService, search: SearchRuns) -> String {
    let what = format!("{search:?}");
    let count = t.service.count_runs(&search).await.expect(&what);
    let runs = t.service.search_runs(search).await.expect(&what).items;
    assert_eq!(count, runs.len() as u64, "{what}");
    runs.into_iter().map(|run| run.info.run_name).collect::<Vec<_>>().join(" ")
}

async fn message(t: &TestService, search: SearchRuns) -> String {
    let error = t.service.search_runs(search).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidParameterValue);
    error.message
}

async fn run(t: &TestService, name: &str, start_time: i64, tags: &[(&str, &str)]) -> String {
    let tags = tags.iter().map(|&(key, value)| Tag::new(key, value)).collect();
    let new =
        NewRun { run_name: Some(name.into()), user_id: format!("u{name}"), start_time, tags, ..NewRun::default() };
    t.service.create_run(new).await.unwrap().info.run_id
}

async fn log(t: &TestService, run_id: &str, metrics: &[(&str, f64)], params: &[(&str, &str)]) {
    let metrics = metrics.iter().map(|&(key, value)| LogMetric {
        metric: Metric { key: key.into(), value, timestamp: 1, step: 0 },
        model_id: None,
        dataset_name: None,
        dataset_digest: None,
    });
    let params = params.iter().map(|&(key, value)| Param::new(key, value));
    let batch = LogBatch { metrics: metrics.collect(), params: params.collect(), tags: vec![] };
    t.service.log_batch(run_id, batch).await.unwrap();
}

/// Three runs: `a` is the oldest, `c` the newest.
async fn three(t: &TestService) -> [String; 3] {
    let a = run(t, "a", 10, &[("colour", "Blue"), ("only a", "C:\\x_y")]).await;
    let b = run(t, "b", 20, &[("colour", "GRÜN"), ("long", &format!("{}1", "x".repeat(300)))]).await;
    let c = run(t, "c", 30, &[("long", &format!("{}2", "x".repeat(300)))]).await;
    log(t, &a, &[("m", 1.0), ("n", f64::INFINITY)], &[("p", "10"), ("q/r", "1")]).await;
    log(t, &b, &[("m", f64::NAN), ("n", 2.0)], &[("p", "9")]).await;
    log(t, &c, &[("m", -2.5)], &[("p", "it's")]).await;
    let update = RunUpdate { status: Some(RunStatus::Finished), end_time: Some(99), run_name: None };
    t.service.update_run(&a, update).await.unwrap();
    [a, b, c]
}

#[rstest]
#[tokio::test]
async fn filters(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let [a, _, c] = three(&t).await;
    let in_list = format!("run_id IN ('{a}', '{c}')");
    let not_in_list = format!("run_id NOT IN ('{a}')");
    let by_id = format!("attributes.run_id = '{a}'");
    let long = format!("tags.long = '{}1'", "x".repeat(300));
    let not_long = format!("tags.long != '{}1'", "x".repeat(300));
    for (filter, found) in [
        ("", "c b a"),
        ("metrics.m > 0", "a"),
        ("metrics.m != 1", "c b"),
        ("metrics.m <= 1 AND metrics.m >= -2.5", "c a"),
        ("metrics.n = 1e400", ""),
        ("metrics.n > 1e308", "a"),
        ("metrics.unknown != 1", ""),
        ("params.p = '10'", "a"),
        ("params.p != '10'", "c b"),
        ("params.p = \"it's\"", "c"),
        ("params.`q/r` LIKE '_'", "a"),
        ("params.`q/r` IS NULL", "c b"),
        ("params.unknown IS NULL", "c b a"),
        ("params.unknown IS NOT NULL", ""),
        ("params.unknown != 'x'", ""),
        ("tags.colour IS NOT NULL", "b a"),
        ("tags.colour LIKE 'blue'", ""),
        ("tags.colour ILIKE 'bLu%'", "a"),
        ("tags.colour LIKE '%Ü_'", "b"),
        ("tags.`only a` LIKE 'C:\\x%'", "a"),
        ("tags.`only a` LIKE 'C:\\x\\_y'", ""),
        ("tags.`only a` ILIKE 'c:\\X%'", "a"),
        (&long, "b"),
        (&not_long, "c"),
        ("status = 'FINISHED'", "a"),
        ("status != 'FINISHED'", "c b"),
        ("status LIKE 'RUN%'", "c b"),
        ("status = 'finished'", ""),
        ("user_id = 'ub'", "b"),
        ("artifact_uri LIKE '%/artifacts'", "c b a"),
        ("start_time > 10 AND start_time < 29.5", "b"),
        ("end_time != 0", "a"),
        ("end_time > 99", ""),
        ("run_name = 'a'", "a"),
        ("`Run name` ILIKE 'B'", "b"),
        (&in_list, "c a"),
        (&not_in_list, "c b"),
        (&by_id, "a"),
        ("metrics.m > 0 AND params.p = '10' AND tags.colour = 'Blue' AND start_time = 10", "a"),
    ] {
        assert_eq!(names(&t, search(filter)).await, found, "{filter}");
    }
    // Letters beyond ASCII are alike too where the database knows them.
    if backend == Backend::Sqlite {
        assert_eq!(names(&t, search("tags.colour ILIKE 'grün'")).await, "b");
    }
    // The name is searched in its tag, and shown even after that is gone.
    t.service.delete_run_tag(&a, "mlflow.runName").await.unwrap();
    assert_eq!(names(&t, search("run_name = 'a'")).await, "");
    assert_eq!(names(&t, ordered(&["run_name"])).await, "a b c");
}

#[rstest]
#[tokio::test]
async fn orders(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    three(&t).await;
    for (keys, found) in [
        (&["metrics.m"][..], "c a b"),
        (&["metrics.m DESC"], "a c b"),
        (&["metrics.n DESC"], "a b c"),
        (&["metrics.n"], "b a c"),
        (&["metrics.unknown"], "c b a"),
        (&["params.p"], "a b c"),
        (&["params.p desc"], "c b a"),
        (&["params.`q/r` DESC"], "a c b"),
        (&["tags.colour"], "a b c"),
        (&["tags.colour DESC"], "b a c"),
        (&["status", "start_time"], "a b c"),
        (&["status DESC"], "c b a"),
        (&["end_time DESC"], "a c b"),
        (&["end_time"], "a c b"),
        (&["created"], "a b c"),
        (&["attributes.start_time desc"], "c b a"),
        (&["user_id"], "a b c"),
    ] {
        assert_eq!(names(&t, ordered(keys)).await, found, "{keys:?}");
    }
    let twice = message(&t, ordered(&["start_time", "Created DESC"])).await;
    assert!(twice.starts_with("`order_by` contains duplicate fields: "), "{twice}");
}

#[rstest]
#[tokio::test]
async fn pages_neither_repeat_nor_miss_a_run(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    for n in 0..7 {
        run(&t, &n.to_string(), n / 2, &[]).await;
    }
    let page =
        |order: &[&str], token: Option<String>| SearchRuns { max_results: 3, page_token: token, ..ordered(order) };
    for order in [&[][..], &["start_time DESC"], &["start_time"], &["run_name DESC"]] {
        let expected = names(&t, ordered(order)).await;
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let Page { items, next_page_token } = t.service.search_runs(page(order, token)).await.unwrap();
            found.extend(items.into_iter().map(|run| run.info.run_name));
            token = next_page_token;
            if token.is_none() {
                break;
            }
            assert!(found.len() < 7, "{found:?}");
        }
        assert_eq!(found.join(" "), expected, "{order:?}");
    }
    // A run that starts between two pages shifts nothing.
    let first = t.service.search_runs(page(&[], None)).await.unwrap();
    run(&t, "new", 100, &[]).await;
    let second = t.service.search_runs(page(&[], first.next_page_token)).await.unwrap();
    assert!(second.items.iter().all(|run| first.items.iter().all(|earlier| earlier.info != run.info)));
    // MLflow's own tokens are understood.
    let mlflow = t.service.search_runs(page(&[], Some("eyJvZmZzZXQiOiA2fQ==".into()))).await.unwrap();
    assert_eq!((mlflow.items.len(), mlflow.next_page_token), (2, None));
    for token in ["e", "eyJvZmZzZXQiOiAwfQ==", "YWJj"] {
        let message = message(&t, page(&[], Some(token.into()))).await;
        assert!(message.starts_with("Invalid page token, "), "{message}");
    }
    // An exact fit has no further page.
    let all = t.service.search_runs(SearchRuns { max_results: 8, ..search("") }).await.unwrap();
    assert_eq!((all.items.len(), all.next_page_token), (8, None));
}

#[rstest]
#[tokio::test]
async fn experiments_stages_and_sizes(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let [a, ..] = three(&t).await;
    t.service.delete_run(&a).await.unwrap();
    let view = |view_type| SearchRuns { view_type, ..search("") };
    assert_eq!(names(&t, view(ViewType::ActiveOnly)).await, "c b");
    assert_eq!(names(&t, view(ViewType::DeletedOnly)).await, "a");
    assert_eq!(names(&t, view(ViewType::All)).await, "c b a");

    let other = NewExperiment { name: "other".into(), ..NewExperiment::default() };
    let other = t.service.create_experiment(other).await.unwrap().to_string();
    let new = NewRun { experiment_id: other.clone(), run_name: Some("d".into()), start_time: 25, ..NewRun::default() };
    t.service.create_run(new).await.unwrap();
    let of = |ids: &[&str]| SearchRuns { experiment_ids: ids.iter().map(|&id| id.into()).collect(), ..search("") };
    assert_eq!(names(&t, of(&["0", &other, " 0"])).await, "c d b");
    assert_eq!(names(&t, of(&["12345", &other])).await, "d");
    assert_eq!(names(&t, of(&[])).await, "");
    assert!(message(&t, of(&["x"])).await.starts_with("Invalid experiment ID 'x'."));

    let size = |max_results| SearchRuns { max_results, ..search("") };
    assert_eq!(
        message(&t, size(0)).await,
        "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer"
    );
    assert!(message(&t, size(50_001)).await.starts_with("Invalid value 50001 for parameter 'max_results' supplied: "));
}

#[rstest]
#[tokio::test]
async fn the_largest_filters_and_orders_are_understood(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    three(&t).await;
    let all = ["metrics.m < 7", "params.p != 'x'", "tags.none IS NULL", "start_time > 0", "tags.colour LIKE 'B%'"];
    let filter = all.iter().cycle().take(200).copied().collect::<Vec<_>>().join(" AND ");
    assert_eq!(names(&t, search(&filter)).await, "a");
    let list: Vec<_> = (0..9_000).map(|n| format!("'{n}'")).collect();
    let filter = format!("run_id NOT IN ({})", list.join(","));
    assert_eq!(names(&t, search(&filter)).await, "c b a");
    let filter = format!("run_id IN ({})", vec!["''"; 21_000].join(","));
    let experiment_ids = (0..10_000).map(|id| id.to_string()).collect();
    assert_eq!(names(&t, SearchRuns { experiment_ids, ..search(&filter) }).await, "");
    let filter = format!("tags.colour ILIKE '{}'", "%".repeat(MAX_PATTERN_CHARS));
    assert_eq!(names(&t, search(&filter)).await, "b a");
    // Letters of four bytes that come in both cases.
    for operator in ["LIKE", "ILIKE"] {
        let pattern = "\u{10400}".repeat(MAX_PATTERN_CHARS);
        assert_eq!(names(&t, search(&format!("tags.colour {operator} '{pattern}'"))).await, "");
        let refused = message(&t, search(&format!("tags.colour {operator} '{pattern}%'"))).await;
        assert_eq!(refused, "A pattern of LIKE or ILIKE can have at most 5000 characters.");
    }
    let keys: Vec<String> = (0..31).map(|n| format!("tags.k{n} DESC")).chain(["metrics.m".into()]).collect();
    for n in 0..31 {
        run(&t, "x", 1, &[(&format!("k{n}"), "v")]).await;
    }
    let found = t.service.search_runs(SearchRuns { order_by: keys, ..search("") }).await.unwrap();
    assert_eq!(found.items.len(), 34);
}

fn dataset(name: &str, context: Option<&str>) -> DatasetInput {
    let text = |suffix: &str| format!("{name}-{suffix}");
    DatasetInput {
        tags: context.map(|value| Tag::new(DATASET_CONTEXT_TAG, value)).into_iter().collect(),
        dataset: Dataset {
            name: name.into(),
            digest: text("digest"),
            source_type: "local".into(),
            source: text("source"),
            schema: None,
            profile: None,
        },
    }
}

#[rstest]
#[tokio::test]
async fn datasets_are_searched_and_listed(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let [a, b, _] = three(&t).await;
    let inputs = |datasets| LogInputs { datasets, models: vec![] };
    let both = vec![dataset("ds1", Some("training")), dataset("ds2", None)];
    t.service.log_inputs(&a, inputs(both)).await.unwrap();
    t.service.log_inputs(&b, inputs(vec![dataset("ds1", Some("eval"))])).await.unwrap();
    for (filter, found) in [
        ("dataset.name = 'ds1'", "b a"),
        ("dataset.name != 'ds1'", "a"),
        ("datasets.digest LIKE 'ds2%'", "a"),
        ("dataset.name = 'ds2' AND dataset.context = 'training'", "a"),
        ("dataset.context IN ('eval', 'test')", "b"),
        ("dataset.name NOT IN ('ds1', 'ds2')", ""),
    ] {
        assert_eq!(names(&t, search(filter)).await, found, "{filter}");
    }
    let summary = |name: &str, context: Option<&str>| DatasetSummary {
        experiment_id: domain::experiments::ExperimentId(0),
        name: name.into(),
        digest: format!("{name}-digest"),
        context: context.map(Into::into),
    };
    let found = t.service.search_datasets(&["0".into(), "7".into()]).await.unwrap();
    assert_eq!(found, [summary("ds1", Some("eval")), summary("ds1", Some("training")), summary("ds2", None)]);
    for (ids, start) in [
        (vec![], "SearchDatasets request must specify at least one experiment_id."),
        (vec!["0".to_owned(); 21], "SearchDatasets request cannot specify more than 20 experiment_ids. Received 21"),
    ] {
        assert!(t.service.search_datasets(&ids).await.unwrap_err().message.starts_with(start));
    }
}

#[rstest]
#[tokio::test]
async fn models_of_runs(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let [a, b, c] = three(&t).await;
    let logged = |name: &str, run: Option<&str>| NewLoggedModel {
        experiment_id: "0".into(),
        name: Some(name.into()),
        source_run_id: run.map(Into::into),
        ..NewLoggedModel::default()
    };
    let made = t.service.create_logged_model(logged("made", Some(&a))).await.unwrap();
    let noted = t.service.create_logged_model(logged("noted", None)).await.unwrap();
    t.service.log_outputs(&a, vec![ModelOutput { model_id: noted.model_id.clone(), step: 0 }]).await.unwrap();
    for path in ["model", "deep/model", "model"] {
        let json = format!(
            r#"{{"artifact_path": "{path}", "flavors": {{}}, "utc_time_created": "now", "run_id": "{b}", "model_uuid": "u"}}"#
        );
        t.service.log_model(&b, &json).await.unwrap();
    }
    let register = async |name: &str, source: &str, run_id: &str, model_id: Option<&str>| {
        let new = NewModelVersion {
            name: name.into(),
            source: source.into(),
            run_id: Some(run_id.into()),
            model_id: model_id.map(Into::into),
            ..NewModelVersion::default()
        };
        t.service.register_model(new).await.unwrap()
    };
    register("R", &format!("models:/{}", made.model_id), &a, Some(&made.model_id)).await;
    register("R", &format!("runs:/{b}/deep/model"), &b, None).await;
    register("S", &format!("runs:/{b}/model"), &b, None).await;
    register("S", "s3://elsewhere/thing", &b, None).await;

    let model = |run: &str, name: &str, id: Option<&str>, versions: &[(&str, i64)]| RunModel {
        run_id: run.into(),
        name: name.into(),
        model_id: id.map(Into::into),
        versions: versions.iter().map(|&(name, version)| (name.to_owned(), version)).collect(),
    };
    assert_eq!(
        t.service.run_models(&[b.clone(), c, a.clone(), "unknown".into()]).await.unwrap(),
        [
            model(&b, "model", None, &[("S", 1)]),
            model(&b, "deep/model", None, &[("R", 2)]),
            model(&b, "S", None, &[("S", 2)]),
            model(&a, "made", Some(&made.model_id), &[("R", 1)]),
            model(&a, "noted", Some(&noted.model_id), &[]),
        ]
    );
}

#[rstest]
#[tokio::test]
async fn a_search_is_exported_whole(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let [a, _, _] = three(&t).await;
    // More than are read at a time.
    for number in 0..1_100 {
        run(&t, "z", 1_000 + number, &[("mlflow.source.name", "=train.py")]).await;
    }
    let export = async |search: SearchRuns, within: Option<i64>| {
        let file = t.service.runs_csv(search, within).await.unwrap().into_stream();
        let pieces: Vec<_> = file.try_collect().await.unwrap();
        String::from_utf8(pieces.concat()).unwrap()
    };
    let some = export(search("params.p = '10'"), None).await;
    let expected = format!(
        "Start Time,Duration (ms),Run ID,Name,Status,User,Source,p,q/r,m,n,colour,only a\n\
         1970-01-01T00:00:00.01Z,89,{a},a,FINISHED,ua,,10,1,1,{},Blue,C:\\x_y\n",
        f64::MAX
    );
    assert_eq!(some, expected);
    let all = export(search(""), None).await;
    assert_eq!(all.lines().count(), 1_104);
    assert!(all.lines().nth(1).unwrap().ends_with(",z,RUNNING,uz,'=train.py,,,,,,,"), "{all}");
    let recent = export(search("params.p = '10'"), Some(1)).await;
    assert_eq!(recent, "Start Time,Duration (ms),Run ID,Name,Status,User,Source\n");
    let refused = t.service.runs_csv(search("nonsense"), None).await.err().map(|error| error.code);
    assert_eq!(refused, Some(ErrorCode::InvalidParameterValue));
}

#[rstest]
#[tokio::test]
async fn whole_and_broken_numbers_may_follow_each_other(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::new(backend).await;
    three(&t).await;
    for _ in 0..2 {
        for (filter, found) in [
            ("start_time > 15", "c b"),
            ("start_time > 9.5", "c b a"),
            ("start_time > 19", "c b"),
            ("start_time <= 10.5", "a"),
            ("end_time >= 98.5", "a"),
            ("end_time >= 98", "a"),
        ] {
            assert_eq!(names(&t, search(filter)).await, found, "{filter}");
        }
    }
}
