//! Reads that grow with the data: nobody has to wait for them but their like.

use std::time::Duration;

use rstest::rstest;
use service::SearchRuns;
use testing::{Backend, TestService};

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
