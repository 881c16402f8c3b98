//! Reads that grow with the data: their answers are those of short ones, and nobody has to wait for them but their like.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::logged_models::LoggedModelStatus;
use domain::metrics::Metric;
use rstest::rstest;
use service::{HistoryInterval, HistoryPage, LogBatch, LogMetric, NewLoggedModel, NewRun, SearchRuns};
use testing::{Backend, TestService};

async fn run(t: &TestService) -> String {
    t.service.create_run(NewRun::default()).await.unwrap().info.run_id
}

/// A metric `m` of so many points, which are logged from the last to the first.
async fn log(t: &TestService, run_id: &str, points: impl DoubleEndedIterator<Item = (f64, i64, i64)>) -> Vec<Metric> {
    let metric = |(value, timestamp, step)| Metric { key: "m".into(), value, timestamp, step };
    let points: Vec<Metric> = points.map(metric).collect();
    for chunk in points.rchunks(1_000) {
        let log = |metric: &Metric| LogMetric {
            metric: metric.clone(),
            model_id: None,
            dataset_name: None,
            dataset_digest: None,
        };
        let batch = LogBatch { metrics: chunk.iter().map(log).collect(), ..LogBatch::default() };
        t.service.log_batch(run_id, batch).await.unwrap();
    }
    points
}

/// Compares the bits, so that NaN equals itself, and tells where the first difference is rather than all points.
fn assert_same(found: &[Metric], expected: &[Metric]) {
    let bits = |m: &Metric| (m.value.to_bits(), m.timestamp, m.step);
    let differs = found.iter().zip(expected).position(|(a, b)| bits(a) != bits(b));
    assert_eq!((differs, found.len()), (None, expected.len()));
}

#[rstest]
#[tokio::test]
async fn a_long_history_is_read_on_from_any_point(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    // Of each three at one time and step the first is less than zero, the second zero and the third no number.
    let values = [-0.25, 0.0, f64::NAN];
    let points = (0..41_001_usize)
        .map(|i| (values[i % 3], 5 + i64::try_from(i).unwrap() / 6, i64::try_from(i).unwrap() / 3 % 2));
    let mut points = log(&t, &id, points).await;
    let page =
        |max_results, page_token| HistoryPage { run_id: id.clone(), metric_key: "m".into(), max_results, page_token };
    let whole = t.history(page(None, None)).await.unwrap();
    assert_same(&whole.items, &points);
    assert_eq!(whole.next_page_token, None);

    // A page that ends at each kind of value, and one that is longer than what is read at once.
    for (i, size) in [20_001, 20_002, 20_003, 40_999].into_iter().enumerate() {
        let first = t.history(page(Some(i64::try_from(size).unwrap()), None)).await.unwrap();
        assert_same(&first.items, &points[..size]);
        // What comes in before the next page shifts nothing.
        let early = log(&t, &id, [(7.0, 1, i64::try_from(i).unwrap())].into_iter()).await;
        let rest = t.history(page(None, first.next_page_token)).await.unwrap();
        assert_same(&rest.items, &points[size..]);
        points.splice(i..i, early);
    }
    let mlflows = STANDARD.encode("{\"offset\": 20500}");
    let rest = t.history(page(Some(3), Some(mlflows))).await.unwrap();
    assert_same(&rest.items, &points[20_500..20_503]);
}

#[rstest]
#[tokio::test]
async fn a_thinned_history_is_by_step_whatever_its_times(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::new(backend).await;
    // The second begins anew after each hundredth point.
    let (grows, restarts) = (run(&t).await, run(&t).await);
    log(&t, &grows, (0..1_000).map(|i| (1.0, i, i / 2))).await;
    log(&t, &restarts, (0..1_000).map(|i| (1.0, i, i % 100))).await;
    let run_ids = [&restarts, &grows, &restarts].map(Clone::clone).to_vec();
    let interval =
        HistoryInterval { run_ids, metric_key: "m".into(), max_results: Some(5), ..HistoryInterval::default() };
    let points = t.service.metric_history_interval(interval).await.unwrap();
    let found: Vec<_> = points.iter().map(|p| (p.run_id.as_str(), p.metric.step, p.metric.timestamp)).collect();
    let of = |id, points: [(i64, i64); 5]| points.map(|(step, timestamp)| (id, step, timestamp));
    let restarted = of(restarts.as_str(), [(0, 0), (20, 20), (40, 40), (60, 60), (99, 999)]);
    let grown = of(grows.as_str(), [(0, 0), (100, 200), (200, 400), (300, 600), (499, 999)]);
    assert_eq!(found, [restarted, grown, restarted].concat());
}

#[rstest]
#[tokio::test]
async fn long_reads_wait_for_one_another_and_keep_no_lookup_waiting(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::new(backend).await;
    let mut long = Vec::new();
    for _ in 0..t.database.options.max_connections / 2 {
        long.push(t.database.store.scan().await.unwrap());
    }
    let everything = SearchRuns { experiment_ids: vec!["0".into()], max_results: 1_000, ..SearchRuns::default() };
    let searches: Vec<_> = (0..20)
        .map(|_| {
            let (service, search) = (t.service.clone(), everything.clone());
            tokio::spawn(async move { service.search_runs(search).await })
        })
        .collect();
    let lookup = t.service.experiment("0");
    tokio::time::timeout(Duration::from_secs(1), lookup).await.expect("a connection is free").unwrap();
    assert!(searches.iter().all(|search| !search.is_finished()));
    drop(long);
    for search in searches {
        search.await.unwrap().expect("its turn comes");
    }
}

#[rstest]
#[tokio::test]
async fn a_finalized_model_comes_back_with_all_that_belongs_to_it(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::new(backend).await;
    let new = NewLoggedModel { experiment_id: "0".into(), ..NewLoggedModel::default() };
    let model = t.service.create_logged_model(new).await.unwrap().model_id;
    let metric = Metric { key: "m".into(), value: 1.0, timestamp: 1, step: 1 };
    let metrics = vec![LogMetric { metric, model_id: Some(model.clone()), dataset_name: None, dataset_digest: None }];
    t.service.log_batch(&run(&t).await, LogBatch { metrics, ..LogBatch::default() }).await.unwrap();
    let finalized = t.service.finalize_logged_model(&model, LoggedModelStatus::Ready).await.unwrap();
    assert_eq!((finalized.status, finalized.metrics.len()), (LoggedModelStatus::Ready, 1));
    assert_eq!(t.service.logged_model(&model, false).await.unwrap(), finalized);
}
