//! Histories for drawing: thinned by the database, without losing what one would notice.

use domain::metrics::Metric;
use rstest::rstest;
use service::{LogBatch, LogMetric, NewRun};
use testing::{Backend, TestService};

/// Logs a metric `m`, in batches as large as may be.
async fn logged(t: &TestService, points: impl IntoIterator<Item = (f64, i64, i64)>) -> String {
    let run = t.service.create_run(NewRun::default()).await.unwrap().info.run_id;
    let metric = |(value, timestamp, step)| LogMetric {
        metric: Metric { key: "m".into(), value, timestamp, step },
        model_id: None,
        dataset_name: None,
        dataset_digest: None,
    };
    let metrics: Vec<LogMetric> = points.into_iter().map(metric).collect();
    for chunk in metrics.chunks(1000) {
        t.service.log_batch(&run, LogBatch { metrics: chunk.to_vec(), ..LogBatch::default() }).await.unwrap();
    }
    run
}

fn values(points: &[Metric]) -> Vec<f64> {
    points.iter().map(|p| p.value).collect()
}

#[rstest]
#[tokio::test]
async fn spikes_and_ends_survive(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let spiky = |i: i64| match i {
        1321 => 1000.0,
        1322 => -1000.0,
        _ => 1.0 / f64::from(i32::try_from(i).unwrap() + 1),
    };
    let run = logged(&t, (0..3_000).map(|i| (spiky(i), 1000 + i, i))).await;
    let (points, total) = t.service.metric_outline(&run, "m", 50).await.unwrap();
    assert_eq!(total, 3_000);
    assert!(points.len() <= 150, "{} points", points.len());
    let at = |step: i64| points.iter().find(|p| p.step == step).map(|p| p.value);
    assert_eq!((at(1321), at(1322)), (Some(1000.0), Some(-1000.0)));
    assert_eq!((at(0), at(2_999)), (Some(1.0), Some(spiky(2_999))), "the first and the last point are there");
    assert!(points.is_sorted_by_key(|p| p.step));
}

#[rstest]
#[tokio::test]
async fn few_points_are_all_there(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let run = logged(&t, [(3.0, 1, 0), (f64::NAN, 2, 1), (2.0, 3, 2)]).await;
    let (points, total) = t.service.metric_outline(&run, "m", 400).await.unwrap();
    assert_eq!((points.len(), total), (3, 3));
    assert!(points[1].value.is_nan());
    for (run, key) in [(run.as_str(), "other"), ("none", "m")] {
        assert_eq!(t.service.metric_outline(run, key, 400).await.unwrap(), (Vec::new(), 0));
    }
}

#[rstest]
#[tokio::test]
async fn what_is_no_number_hides_no_extreme(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    // NaN is kept as a flagged 0, which would be the highest of these.
    let run = logged(&t, [(-3.0, 1, 0), (f64::NAN, 2, 1), (-1.0, 3, 2), (-2.0, 4, 3)]).await;
    let (points, _) = t.service.metric_outline(&run, "m", 1).await.unwrap();
    assert_eq!(values(&points), [-3.0, -1.0, -2.0]);
}

#[rstest]
#[tokio::test]
async fn a_history_without_time_is_split_by_step(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let run = logged(&t, (0..100).map(|i| (0.5, 7, i))).await;
    let (points, _) = t.service.metric_outline(&run, "m", 10).await.unwrap();
    let steps: Vec<i64> = points.iter().map(|p| p.step).collect();
    let expected: Vec<i64> = (0..10).flat_map(|bucket| [bucket * 10, bucket * 10 + 9]).collect();
    assert_eq!(steps, expected, "a flat line keeps the ends of each stretch");
}
