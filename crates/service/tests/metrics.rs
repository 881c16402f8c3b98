//! Metrics: their latest values and histories, as a client of the service sees them.

use domain::metrics::Metric;
use domain::{Error, ErrorCode};
use rstest::rstest;
use service::{HistoryBulk, HistoryInterval, HistoryPage, LogBatch, LogMetric, NewLoggedModel, NewRun};
use testing::{Backend, TestService};

async fn run(t: &TestService) -> String {
    t.service.create_run(NewRun::default()).await.unwrap().info.run_id
}

fn point(key: &str, value: f64, timestamp: i64, step: i64) -> Metric {
    Metric { key: key.into(), value, timestamp, step }
}

fn log(metric: Metric) -> LogMetric {
    LogMetric { metric, model_id: None, dataset_name: None, dataset_digest: None }
}

fn batch(metrics: impl IntoIterator<Item = Metric>) -> LogBatch {
    LogBatch { metrics: metrics.into_iter().map(log).collect(), ..LogBatch::default() }
}

async fn history(t: &TestService, run_id: &str, key: &str) -> Vec<Metric> {
    let page = HistoryPage { run_id: run_id.into(), metric_key: key.into(), ..HistoryPage::default() };
    t.history(page).await.unwrap().items
}

/// The bits, so that NaN equals itself.
fn bits(metrics: &[Metric]) -> Vec<(String, u64, i64, i64)> {
    metrics.iter().map(|m| (m.key.clone(), m.value.to_bits(), m.timestamp, m.step)).collect()
}

#[rstest]
#[tokio::test]
async fn every_number_comes_back_as_it_was(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    let mut values = vec![
        0.1 + 0.2,
        1.0 / 3.0,
        5e-324,
        f64::MIN_POSITIVE,
        2.225_073_858_507_201e-308,
        f64::MAX,
        f64::MIN,
        9_007_199_254_740_993.0,
        123_456_789.123_456_79,
        1e22,
        1e23,
        -0.000_1,
        0.0,
    ];
    // Numbers of every magnitude and, every other one, of those that metrics mostly have.
    let mut state = 0x9e37_79b9_7f4a_7c17_u64;
    while values.len() < 20_000 {
        state = state.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
        let bits = state ^ (state >> 29);
        let usual = (bits & 0x800f_ffff_ffff_ffff) | ((1013 + bits % 14) << 52);
        let value = f64::from_bits(if values.len() % 2 == 0 { usual } else { bits });
        if value.is_finite() {
            values.push(value);
        }
    }
    for (i, chunk) in values.chunks(1000).enumerate() {
        let points = chunk.iter().enumerate().map(|(j, v)| point("m", *v, i64::try_from(1000 * i + j).unwrap(), 0));
        t.service.log_batch(&id, batch(points)).await.unwrap();
    }
    let read = history(&t, &id, "m").await;
    assert_eq!(read.len(), values.len());
    for (read, value) in read.iter().zip(&values) {
        assert_eq!(read.value.to_bits(), value.to_bits(), "{value:e} came back as {:e}", read.value);
    }

    let latest = values.iter().take(500).enumerate().map(|(i, v)| point(&format!("k{i:03}"), *v, 7, -3));
    let latest: Vec<Metric> = latest.collect();
    t.service.log_batch(&id, batch(latest.clone())).await.unwrap();
    let run = t.service.run(&id).await.unwrap();
    assert_eq!(bits(&run.data.metrics[..500]), bits(&latest));
}

#[rstest]
#[tokio::test]
async fn what_is_no_number_or_not_finite_is_kept_as_mlflow_does(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    for (step, value) in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0].into_iter().enumerate() {
        t.service.log_metric(&id, log(point("m", value, 1, i64::try_from(step).unwrap()))).await.unwrap();
    }
    let kept = history(&t, &id, "m").await;
    let expected = [f64::NAN, f64::MAX, f64::MIN, 0.0];
    let expected: Vec<Metric> = (0..).zip(expected).map(|(step, value)| point("m", value, 1, step)).collect();
    assert_eq!(bits(&kept), bits(&expected));
}

#[rstest]
#[tokio::test]
async fn the_latest_is_the_greatest_step_time_and_value(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
    #[values(false, true)] batched: bool,
) {
    let t = TestService::new(backend).await;
    let cases = [
        ("time does not beat a step", vec![(1.0, 5, 2), (9.0, 9, 1)], 1.0),
        ("a later time wins", vec![(1.0, 9, 1), (9.0, 5, 1)], 1.0),
        ("a greater value wins", vec![(2.0, 5, 1), (1.5, 5, 1)], 2.0),
        ("NaN counts as zero and beats -3", vec![(-3.0, 5, 1), (f64::NAN, 5, 1)], f64::NAN),
        ("NaN does not beat 2", vec![(2.0, 5, 1), (f64::NAN, 5, 1)], 2.0),
        ("-1 does not beat NaN", vec![(f64::NAN, 5, 1), (-1.0, 5, 1)], f64::NAN),
        ("0.5 beats NaN", vec![(f64::NAN, 5, 1), (0.5, 5, 1)], 0.5),
        ("zero does not beat NaN", vec![(f64::NAN, 5, 1), (0.0, 5, 1)], f64::NAN),
        ("negative steps are steps", vec![(1.0, 5, -2), (2.0, 5, -1), (3.0, 9, -3)], 2.0),
    ];
    for (name, points, expected) in cases {
        let id = run(&t).await;
        let metrics: Vec<Metric> = points.iter().map(|(v, ts, step)| point("m", *v, *ts, *step)).collect();
        if batched {
            t.service.log_batch(&id, batch(metrics)).await.unwrap();
        } else {
            for metric in metrics {
                t.service.log_metric(&id, log(metric)).await.unwrap();
            }
        }
        let latest = t.service.run(&id).await.unwrap().data.metrics;
        assert_eq!(latest.len(), 1, "{name}");
        assert_eq!(latest[0].value.to_bits(), expected.to_bits(), "{name}");
        assert_eq!(history(&t, &id, "m").await.len(), points.len(), "{name}");
    }
}

#[rstest]
#[tokio::test]
async fn exact_repeats_are_dropped(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    let points = [point("m", 1.0, 5, 1), point("m", f64::NAN, 5, 1), point("m", 0.0, 5, 1)];
    let twice = points.iter().chain(&points).cloned();
    t.service.log_batch(&id, batch(twice)).await.unwrap();
    for metric in points.clone() {
        t.service.log_metric(&id, log(metric)).await.unwrap();
    }
    let kept = history(&t, &id, "m").await;
    let [one, nan, zero] = points;
    assert_eq!(bits(&kept), bits(&[zero, nan, one]), "by value, where NaN counts as zero");
}

#[rstest]
#[tokio::test]
async fn metrics_are_checked(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    for (metric, message) in [
        (point("a,b", 1.0, 1, 0), "Invalid value \"a,b\" for parameter 'name' supplied: Names may only contain"),
        (point(&"k".repeat(251), 1.0, 1, 0), "'Metric name' exceeds the maximum length of 250 characters"),
        (
            point("m", f64::NAN, -1, 0),
            "Invalid value -1 for parameter 'timestamp' supplied: metric 'm' (value=nan). Timestamp must be a \
             nonnegative long (64-bit integer) ",
        ),
    ] {
        let refused = t.service.log_metric(&id, log(metric)).await.unwrap_err();
        assert!(refused.message.starts_with(message), "{refused}");
    }
    let refused = t.service.log_batch(&id, batch([point("m", 1.0, 1, 0), point("m", 2.0, -1, 0)])).await.unwrap_err();
    assert!(refused.message.starts_with("Invalid value -1 for parameter 'metrics[1].timestamp' supplied:"));
    let refused = t.service.log_batch(&id, batch((0..1001).map(|i| point("m", 1.0, i, 0)))).await.unwrap_err();
    assert!(refused.message.starts_with("A batch logging request can contain at most 1000 metrics. Got 1001 metrics."));
    assert_eq!(history(&t, &id, "m").await.len(), 0);

    assert_eq!(
        t.service.log_metric("nope", log(point("m", 1.0, 1, 0))).await.unwrap_err(),
        Error::not_found("Run with id=nope not found")
    );
    t.service.delete_run(&id).await.unwrap();
    let refused = t.service.log_metric(&id, log(point("m", 1.0, 1, 0))).await.unwrap_err();
    assert!(refused.message.ends_with("must be in the 'active' state. Current state is deleted."));
    assert_eq!(history(&t, &id, "m").await.len(), 0);
}

#[rstest]
#[tokio::test]
async fn many_writers_agree_on_the_latest(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    let tasks: Vec<_> = (0..16_u32)
        .map(|i| {
            let (service, id) = (t.service.clone(), id.clone());
            tokio::spawn(async move {
                for j in 0..8_u32 {
                    let step = i64::from((i * 7 + j * 31) % 128);
                    let metric = point("m", f64::from(i * 8 + j), 5, step);
                    let other = point("n", f64::from(i), i64::from(j), 0);
                    if (i + j) % 2 == 0 {
                        service.log_metric(&id, log(metric)).await.unwrap();
                    } else {
                        service.log_batch(&id, batch([other, metric])).await.unwrap();
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    for key in ["m", "n"] {
        let all = history(&t, &id, key).await;
        let run = t.service.run(&id).await.unwrap();
        let latest = run.data.metrics.iter().find(|m| m.key == key).unwrap();
        let order = |m: &&Metric| (m.step, m.timestamp, m.value.to_bits());
        assert_eq!(all.iter().max_by_key(order), Some(latest));
    }
    assert_eq!(history(&t, &id, "m").await.len(), 128);
}

#[rstest]
#[tokio::test]
async fn a_history_is_read_in_pages(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    let points: Vec<Metric> = (0..25).map(|i| point("m", 1.0, i / 3, i % 3)).collect();
    t.service.log_batch(&id, batch(points.iter().rev().cloned())).await.unwrap();
    let mut page = HistoryPage { run_id: id.clone(), metric_key: "m".into(), max_results: Some(10), page_token: None };
    let mut read = Vec::new();
    let mut pages = 0;
    loop {
        let answer = t.history(page.clone()).await.unwrap();
        pages += 1;
        read.extend(answer.items);
        page.page_token = answer.next_page_token;
        if page.page_token.is_none() {
            break;
        }
    }
    assert_eq!((pages, &read), (3, &points));

    page.max_results = Some(25);
    assert_eq!(t.history(page.clone()).await.unwrap().next_page_token, None);
    page.max_results = Some(0);
    assert_eq!(
        t.history(page.clone()).await.unwrap_err(),
        Error::invalid("Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer.")
    );
    page.max_results = None;
    page.page_token = Some("x".into());
    assert_eq!(t.history(page).await.unwrap_err().code, ErrorCode::InvalidParameterValue);
    assert_eq!(history(&t, "nope", "m").await.len(), 0);
    assert_eq!(history(&t, &id, "nope").await.len(), 0);
}

#[rstest]
#[tokio::test]
async fn histories_of_several_runs_share_one_limit(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let (a, b) = (run(&t).await, run(&t).await);
    for id in [&a, &b] {
        t.service.log_batch(id, batch((0..3).map(|i| point("m", 1.0, i, 0)))).await.unwrap();
    }
    let ask = |run_ids: &[&String], max_results| HistoryBulk {
        run_ids: run_ids.iter().map(|r| (*r).clone()).collect(),
        metric_key: "m".into(),
        max_results,
    };
    let unknown = "nope".to_owned();
    let all = t.service.metric_history_bulk(ask(&[&b, &unknown, &a], None)).await.unwrap();
    let seen: Vec<(&str, i64)> = all.iter().map(|m| (m.run_id.as_str(), m.metric.timestamp)).collect();
    let expected: Vec<(&str, i64)> = [&a, &b].into_iter().flat_map(|r| (0..3).map(move |i| (r.as_str(), i))).collect();
    assert_eq!(seen, expected);
    assert_eq!(t.service.metric_history_bulk(ask(&[&b, &a], Some(4))).await.unwrap(), all[..4]);
    assert_eq!(
        t.service.metric_history_bulk(ask(&[], None)).await.unwrap_err(),
        Error::invalid("GetMetricHistoryBulk request must specify at least one run_id.")
    );
    assert_eq!(
        t.service.metric_history_bulk(ask(&[&a; 101], None)).await.unwrap_err(),
        Error::invalid("GetMetricHistoryBulk request cannot specify more than 100 run_ids. Received 101 run_ids.")
    );
}

#[rstest]
#[tokio::test]
async fn a_thinned_history_keeps_its_ends(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let (id, other) = (run(&t).await, run(&t).await);
    t.service.log_batch(&id, batch((0..20).map(|i| point("m", 1.0, 100 - i, i)))).await.unwrap();
    t.service.log_metric(&other, log(point("m", 1.0, 1, 3))).await.unwrap();
    let ask = |max, start, end| HistoryInterval {
        run_ids: vec![other.clone(), id.clone()],
        metric_key: "m".into(),
        start_step: start,
        end_step: end,
        max_results: Some(max),
    };
    for (interval, steps) in [
        (ask(5, None, None), vec![3, 0, 4, 8, 12, 19]),
        (ask(3, None, None), vec![3, 0, 7, 19]),
        (ask(2, None, None), vec![3, 0, 19]),
        (ask(1, None, None), vec![3, 19]),
        (ask(20, Some(4), Some(6)), vec![4, 5, 6]),
        (ask(2, Some(4), Some(6)), vec![4, 6]),
        (ask(5, Some(3), Some(3)), vec![3, 3]),
    ] {
        let points = t.service.metric_history_interval(interval.clone()).await.unwrap();
        assert_eq!(points.iter().map(|p| p.metric.step).collect::<Vec<_>>(), steps, "{interval:?}");
        assert_eq!(points.last().unwrap().run_id, id);
    }
    let out_of_range =
        "max_results must be between 1 and 2500. See the API docs for more information about request parameters.";
    for (interval, message) in [
        (ask(0, None, None), out_of_range),
        (ask(2501, None, None), out_of_range),
        (ask(5, Some(1), None), "If either start step or end step are specified, both must be specified."),
        (ask(5, Some(2), Some(1)), "end_step must be greater than start_step. Found start_step=2 and end_step=1."),
    ] {
        let refused = t.service.metric_history_interval(interval).await.unwrap_err();
        assert_eq!(refused, Error::invalid(message));
    }
}

#[rstest]
#[tokio::test]
async fn metrics_of_a_logged_model_are_kept_with_both(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    let new = NewLoggedModel { experiment_id: "0".into(), ..NewLoggedModel::default() };
    let model = t.service.create_logged_model(new).await.unwrap().model_id;
    let of_model = |value, model: &str| LogMetric {
        metric: point("m", value, 5, 1),
        model_id: Some(model.to_owned()),
        dataset_name: Some("mnist".into()),
        dataset_digest: Some("d1".into()),
    };
    t.service.log_metric(&id, of_model(1.0, &model)).await.unwrap();
    t.service.log_metric(&id, of_model(1.0, &model)).await.unwrap();
    let metrics = vec![of_model(2.0, &model), log(point("m", 3.0, 6, 1))];
    t.service.log_batch(&id, LogBatch { metrics, ..LogBatch::default() }).await.unwrap();

    let kept = t.service.logged_model(&model, false).await.unwrap().metrics;
    assert_eq!(kept.iter().map(|m| m.metric.value).collect::<Vec<_>>(), [1.0, 2.0]);
    assert!(kept.iter().all(|m| m.run_id == id && m.dataset_digest.as_deref() == Some("d1")));
    assert_eq!(history(&t, &id, "m").await.len(), 3);

    let unknown = Error::not_found("Logged model with ID 'm-nope' not found.");
    assert_eq!(t.service.log_metric(&id, of_model(9.0, "m-nope")).await.unwrap_err(), unknown);
    let metrics = vec![log(point("m", 8.0, 6, 1)), of_model(9.0, "m-nope")];
    let batch = LogBatch { metrics, ..LogBatch::default() };
    assert_eq!(t.service.log_batch(&id, batch).await.unwrap_err(), unknown);
    assert_eq!(history(&t, &id, "m").await.len(), 3, "nothing of a refused batch is kept");
}
