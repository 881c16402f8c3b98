//! Logged models, as a client of the service sees them.

use domain::logged_models::{LoggedModel, LoggedModelStatus};
use domain::metrics::Metric;
use domain::{Error, ErrorCode, Lifecycle, Param, Tag};
use rstest::rstest;
use service::{LogBatch, LogMetric, LoggedModelDataset, LoggedModelOrder, NewLoggedModel, NewRun, SearchLoggedModels};
use testing::{Backend, TestService};

fn named(name: &str) -> NewLoggedModel {
    NewLoggedModel { experiment_id: "0".into(), name: Some(name.into()), ..NewLoggedModel::default() }
}

fn missing(model_id: &str) -> Error {
    Error::not_found(format!("Logged model with ID '{model_id}' not found."))
}

#[rstest]
#[tokio::test]
async fn a_logged_model_lives(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let new = NewLoggedModel {
        model_type: Some("agent".into()),
        source_run_id: Some("unchecked".into()),
        params: vec![Param::new("b", "1"), Param::new("a", ""), Param::new("b", "2")],
        tags: vec![Tag::new("any//key", "x")],
        ..named("my model")
    };
    let created = t.service.create_logged_model(new).await.unwrap();
    assert_eq!(
        created,
        LoggedModel {
            model_id: created.model_id.clone(),
            experiment_id: domain::experiments::ExperimentId(0),
            name: "my model".into(),
            artifact_uri: format!("mlflow-artifacts:/0/models/{}/artifacts", created.model_id),
            status: LoggedModelStatus::Pending,
            status_message: None,
            model_type: "agent".into(),
            source_run_id: "unchecked".into(),
            creation_timestamp: 1_700_000_000_000,
            last_updated_timestamp: 1_700_000_000_000,
            lifecycle_stage: Lifecycle::Active,
            tags: vec![Tag::new("any//key", "x")],
            params: vec![Param::new("a", ""), Param::new("b", "2")],
            metrics: vec![],
        }
    );
    let id = created.model_id.as_str();
    assert!(id.strip_prefix("m-").is_some_and(|hex| hex.len() == 32));
    assert_eq!(t.service.logged_model(id, false).await.unwrap(), created);

    t.clock.advance(5);
    let ready = t.service.finalize_logged_model(id, LoggedModelStatus::Ready).await.unwrap();
    assert_eq!((ready.status, ready.last_updated_timestamp), (LoggedModelStatus::Ready, 1_700_000_000_005));

    let tags = vec![Tag::new("k", "1"), Tag::new("any//key", "y"), Tag::new("k", "2")];
    t.service.set_logged_model_tags(id, tags).await.unwrap();
    t.service.delete_logged_model_tag(id, "any//key").await.unwrap();
    assert_eq!(
        t.service.delete_logged_model_tag(id, "any//key").await.unwrap_err(),
        Error::not_found(format!("No tag with key 'any//key' found for model with ID '{id}'."))
    );
    t.service.log_logged_model_params(id, vec![Param::new("c", "3")]).await.unwrap();
    for again in [vec![Param::new("d", "4"), Param::new("c", "3")], vec![Param::new("e", "1"), Param::new("e", "2")]] {
        let refused = t.service.log_logged_model_params(id, again).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidParameterValue);
    }
    let model = t.service.logged_model(id, false).await.unwrap();
    assert_eq!(model.tags, [Tag::new("k", "2")]);
    assert_eq!(model.params, [Param::new("a", ""), Param::new("b", "2"), Param::new("c", "3")]);

    t.service.delete_logged_model(id).await.unwrap();
    t.service.delete_logged_model(id).await.unwrap();
    assert_eq!(t.service.logged_model(id, false).await.unwrap_err(), missing(id));
    assert_eq!(t.service.logged_model(id, true).await.unwrap().lifecycle_stage, Lifecycle::Deleted);
    t.service.set_logged_model_tags(id, vec![Tag::new("late", "")]).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn what_is_refused(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    for bad in ["a/b", "a:b", "a.b", "a%", "a\"", "a'"] {
        let error = t.service.create_logged_model(named(bad)).await.unwrap_err();
        assert!(error.message.starts_with("Invalid model name ("), "{}", error.message);
    }
    let random = t.service.create_logged_model(named("")).await.unwrap();
    assert!(!random.name.is_empty() && random.name.len() <= 20, "{}", random.name);
    let at = |experiment_id: &str| NewLoggedModel { experiment_id: experiment_id.into(), ..named("x") };
    let unknown = t.service.create_logged_model(at("9")).await.unwrap_err();
    assert_eq!(unknown, Error::not_found("No Experiment with id=9 exists"));
    t.service.delete_experiment("0").await.unwrap();
    let deleted = t.service.create_logged_model(at("0")).await.unwrap_err();
    assert!(deleted.message.starts_with("The experiment 0 must be in the 'active' state."));

    let status = LoggedModelStatus::Ready;
    assert_eq!(t.service.finalize_logged_model("m-x", status).await.unwrap_err(), missing("m-x"));
    assert_eq!(t.service.delete_logged_model("m-x").await.unwrap_err(), missing("m-x"));
    assert_eq!(t.service.set_logged_model_tags("m-x", vec![]).await.unwrap_err(), missing("m-x"));
    assert_eq!(t.service.delete_logged_model_tag("m-x", "k").await.unwrap_err(), missing("m-x"));
    assert_eq!(t.service.log_logged_model_params("m-x", vec![]).await.unwrap_err(), missing("m-x"));
}

fn search(filter: &str) -> SearchLoggedModels {
    SearchLoggedModels {
        experiment_ids: vec!["0".into()],
        filter: Some(filter.into()),
        ..SearchLoggedModels::default()
    }
}

fn by(field_name: &str, ascending: bool) -> LoggedModelOrder {
    LoggedModelOrder { field_name: field_name.into(), ascending, dataset_name: None, dataset_digest: None }
}

async fn names(t: &TestService, search: SearchLoggedModels) -> String {
    let found = t.service.search_logged_models(search).await.unwrap().items;
    found.into_iter().map(|model| model.name).collect::<Vec<_>>().join(" ")
}

/// A value, and the name and digest of the dataset it was measured on.
type Measured<'a> = (f64, Option<(&'a str, Option<&'a str>)>);

/// Logs values of the metric `m` to a model, in this order of time.
async fn log(t: &TestService, model: &LoggedModel, values: &[Measured<'_>]) {
    let run_id = t.service.create_run(NewRun::default()).await.unwrap().info.run_id;
    let metrics = (0..).zip(values).map(|(timestamp, &(value, dataset))| LogMetric {
        metric: Metric { key: "m".into(), value, timestamp, step: 0 },
        model_id: Some(model.model_id.clone()),
        dataset_name: dataset.map(|(name, _)| name.into()),
        dataset_digest: dataset.and_then(|(_, digest)| digest).map(Into::into),
    });
    let batch = LogBatch { metrics: metrics.collect(), ..LogBatch::default() };
    t.service.log_batch(&run_id, batch).await.unwrap();
}

/// `a` is the oldest, `d` the newest, and `gone` is deleted.
async fn models(t: &TestService) -> Vec<LoggedModel> {
    let mut models = Vec::new();
    for (name, model_type, param) in
        [("a", "", "1"), ("b", "agent", "2"), ("c", "", ""), ("d", "", ""), ("gone", "", "1")]
    {
        t.clock.advance(10);
        let params = if param.is_empty() { vec![] } else { vec![Param::new("p/q", param)] };
        let tags = vec![Tag::new("t", name.to_uppercase())];
        let new = NewLoggedModel { model_type: Some(model_type.into()), params, tags, ..named(name) };
        models.push(t.service.create_logged_model(new).await.unwrap());
    }
    let gone = models.pop().expect("there are five");
    t.service.delete_logged_model(&gone.model_id).await.unwrap();
    t.service.finalize_logged_model(&models[1].model_id, LoggedModelStatus::Ready).await.unwrap();
    log(t, &models[0], &[(5.0, Some(("train", Some("1")))), (1.0, None)]).await;
    log(t, &models[1], &[(2.0, Some(("train", None)))]).await;
    log(t, &models[2], &[(9.0, None), (f64::NAN, None)]).await;
    models
}

#[rstest]
#[tokio::test]
async fn metrics_are_listed_whole(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let models = models(&t).await;
    let a = t.service.logged_model(&models[0].model_id, false).await.unwrap();
    let facts: Vec<_> = a.metrics.iter().map(|m| (m.metric.value, m.dataset_name.as_deref())).collect();
    assert_eq!(facts, [(5.0, Some("train")), (1.0, None)]);
    let c = t.service.logged_model(&models[2].model_id, false).await.unwrap();
    assert!(c.metrics[1].metric.value.is_nan());
}

#[rstest]
#[tokio::test]
async fn logged_models_are_searched(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let models = models(&t).await;
    for (filter, found) in [
        ("", "d c b a"),
        ("name = 'a'", "a"),
        ("name IN ('a', 'gone')", "a"),
        ("attributes.name ILIKE 'A'", "a"),
        ("params.`p/q` = 2", "b"),
        ("params.`p/q` != '2'", "a"),
        ("params.`p/q` NOT IN ('1')", "b"),
        ("tags.t LIKE '_' AND tags.t != A", "d c b"),
        ("model_type = 'agent'", "b"),
        ("model_type != 'agent'", "d c a"),
        ("status = '2'", "b"),
        ("status = 'READY'", ""),
        ("lifecycle_stage = 'deleted'", ""),
        ("lifecycle_stage LIKE 'act%'", "d c b a"),
        ("experiment_id != '0'", ""),
        ("metrics.m > 4", "c a"),
        ("metrics.m = 1 AND metrics.m = 5", "a"),
        ("metrics.m = 0", ""),
        ("metrics.m != 9", "c b a"),
        (&format!("creation_time > {}", models[1].creation_timestamp), "d c"),
        (&format!("last_updated_timestamp > {}", models[3].creation_timestamp), "b"),
    ] {
        assert_eq!(names(&t, search(filter)).await, found, "{filter}");
    }
    let on = |filter: &str, name: &str, digest: Option<&str>| SearchLoggedModels {
        datasets: vec![LoggedModelDataset { name: name.into(), digest: digest.map(Into::into) }],
        ..search(filter)
    };
    for (filter, name, digest, found) in [
        ("", "train", Some("1"), "a"),
        ("", "train", None, "b"),
        ("", "test", None, ""),
        ("metrics.m > 0", "train", Some("1"), "a"),
        ("metrics.m < 5", "train", Some("1"), ""),
    ] {
        assert_eq!(names(&t, on(filter, name, digest)).await, found, "{filter} {name} {digest:?}");
    }
    let many = |filter: &str| SearchLoggedModels {
        datasets: (0..1_000).map(|n| LoggedModelDataset { name: format!("\"é{n}"), digest: None }).collect(),
        ..search(filter)
    };
    let often = vec!["metrics.m > 0"; 200].join(" AND ");
    assert_eq!(names(&t, many(&often)).await, "");
    let mut with_train = many(&often);
    with_train.datasets[999] = LoggedModelDataset { name: "train".into(), digest: Some("1".into()) };
    assert_eq!(names(&t, with_train).await, "a");
    let unnamed = t.service.search_logged_models(on("", "", None)).await.unwrap_err();
    assert_eq!(unnamed.message, "`dataset_name` in the `datasets` clause must be specified.");
    assert_eq!(names(&t, SearchLoggedModels { experiment_ids: vec![], ..search("") }).await, "");
}

#[rstest]
#[tokio::test]
async fn logged_models_are_ordered(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    models(&t).await;
    let on_train = |digest: Option<&str>| LoggedModelOrder {
        dataset_name: Some("train".into()),
        dataset_digest: digest.map(Into::into),
        ..by("metrics.m", false)
    };
    for (order, found) in [
        (vec![by("name", true)], "a b c d"),
        (vec![by("creation_timestamp", true)], "a b c d"),
        (vec![by("metrics.m", true)], "a b c d"),
        (vec![by("metrics.m", false)], "b a c d"),
        (vec![on_train(None)], "a b d c"),
        (vec![on_train(Some("1"))], "a d c b"),
        (vec![by("model_type", true), by("name", false)], "d c a b"),
        (vec![by("status", false), by("creation_time", true)], "b a c d"),
        (vec![by("status_message", true)], "d c b a"),
    ] {
        let search = SearchLoggedModels { order_by: order.clone(), ..search("") };
        assert_eq!(names(&t, search).await, found, "{order:?}");
    }
    let refused = async |field: &str| {
        let search = SearchLoggedModels { order_by: vec![by(field, true)], ..search("") };
        t.service.search_logged_models(search).await.unwrap_err().message
    };
    assert_eq!(refused("params.a").await, "Invalid order by field name: params.a. Only metrics are supported.");
    assert_eq!(refused("bogus").await, "Invalid order by field name: bogus");
}

#[rstest]
#[tokio::test]
async fn pages_belong_to_their_search(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    models(&t).await;
    for order in [vec![], vec![by("name", false)]] {
        let page = |page_token| SearchLoggedModels {
            max_results: Some(3),
            order_by: order.clone(),
            page_token,
            ..search("tags.t LIKE '%'")
        };
        let first = t.service.search_logged_models(page(None)).await.unwrap();
        let token = first.next_page_token.expect("there are four");
        t.clock.advance(10);
        // Newer and yet last by name, so that neither order sees it after the first page.
        let new = NewLoggedModel { tags: vec![Tag::new("t", "")], ..named("z") };
        let late = t.service.create_logged_model(new).await.unwrap();
        if order.is_empty() {
            assert_eq!(names(&t, page(Some(token.clone()))).await, "a");
        }
        t.service.delete_logged_model(&late.model_id).await.unwrap();
        assert_eq!(names(&t, page(Some(token.clone()))).await, "a");

        let refused = async |search: SearchLoggedModels| {
            let error = t.service.search_logged_models(search).await.unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidParameterValue);
            error.message
        };
        let other = SearchLoggedModels { experiment_ids: vec!["1".into()], ..page(Some(token.clone())) };
        assert!(refused(other).await.starts_with("Experiment IDs in the page token do not match the requested"));
        let other = SearchLoggedModels { filter: None, ..page(Some(token.clone())) };
        assert!(refused(other).await.starts_with("Filter string in the page token does not match the requested"));
        let other = SearchLoggedModels { order_by: vec![by("name", true)], ..page(Some(token.clone())) };
        assert!(refused(other).await.starts_with("Order by in the page token does not match the requested"));
        for garbage in ["x", "e30="] {
            assert!(refused(page(Some(garbage.into()))).await.starts_with("Invalid page token"));
        }
    }
    let all = SearchLoggedModels { max_results: Some(0), ..search("") };
    assert_eq!(names(&t, all).await, "d c b a");
}
