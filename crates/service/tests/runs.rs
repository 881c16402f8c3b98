//! Runs, their params, tags, inputs and outputs, as a client of the service sees them.

use std::sync::Arc;

use domain::runs::{Dataset, DatasetInput, LOGGED_MODELS_TAG, ModelOutput, RUN_NAME_TAG, RunStatus};
use domain::{Error, ErrorCode, Lifecycle, Param, Tag};
use rstest::rstest;
use service::{
    Artifacts, Limits, LogBatch, LogInputs, NewExperiment, NewRun, RunUpdate, S3Options, Service, Store, SystemEntropy,
};
use testing::{Backend, TestService};

async fn run(t: &TestService) -> String {
    t.service.create_run(NewRun::default()).await.unwrap().info.run_id
}

fn params(pairs: &[(&str, &str)]) -> LogBatch {
    LogBatch { params: pairs.iter().map(|(k, v)| Param::new(*k, *v)).collect(), ..LogBatch::default() }
}

fn tags(pairs: &[(&str, &str)]) -> LogBatch {
    LogBatch { tags: pairs.iter().map(|(k, v)| Tag::new(*k, *v)).collect(), ..LogBatch::default() }
}

#[rstest]
#[tokio::test]
async fn a_run_is_what_was_asked_for(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let created = t
        .service
        .create_run(NewRun {
            experiment_id: "0".into(),
            user_id: "ada".into(),
            run_name: Some("first".into()),
            start_time: 5,
            tags: vec![Tag::new("z", "1"), Tag::new("any key: //", "2"), Tag::new("z", "3")],
        })
        .await
        .unwrap();
    assert_eq!(created.info.run_id.len(), 32);
    assert_eq!(created.info.artifact_uri, format!("mlflow-artifacts:/0/{}/artifacts", created.info.run_id));
    assert_eq!((created.info.status, created.info.start_time, created.info.end_time), (RunStatus::Running, 5, None));
    assert_eq!(created.data.tags, [Tag::new("any key: //", "2"), Tag::new(RUN_NAME_TAG, "first"), Tag::new("z", "3")]);
    assert_eq!(t.service.run(&created.info.run_id).await.unwrap(), created);
    assert_eq!(t.service.run("nope").await.unwrap_err(), Error::not_found("Run with id=nope not found"));
    assert_eq!(
        t.service.create_run(NewRun { experiment_id: "9".into(), ..NewRun::default() }).await.unwrap_err(),
        Error::not_found("No Experiment with id=9 exists")
    );
}

#[rstest]
#[tokio::test]
async fn a_run_always_has_a_name(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let new = |name: Option<&str>, tag: Option<&str>| NewRun {
        run_name: name.map(str::to_owned),
        tags: tag.map(|v| Tag::new(RUN_NAME_TAG, v)).into_iter().collect(),
        ..NewRun::default()
    };
    for (name, tag, expected) in
        [(Some("a"), None, "a"), (None, Some("b"), "b"), (Some(""), Some("b"), "b"), (Some("c"), Some("c"), "c")]
    {
        let run = t.service.create_run(new(name, tag)).await.unwrap();
        assert_eq!((run.info.run_name.as_str(), run.tag(RUN_NAME_TAG)), (expected, Some(expected)));
    }
    let random = t.service.create_run(new(None, Some(""))).await.unwrap();
    assert_eq!(random.info.run_name.split('-').count(), 3);
    assert_eq!(random.tag(RUN_NAME_TAG), Some(random.info.run_name.as_str()));
    assert_eq!(
        t.service.create_run(new(Some("a"), Some("b"))).await.unwrap_err().message,
        "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='a', \
         mlflow.runName='b')."
    );

    let id = random.info.run_id;
    let named = async || {
        let run = t.service.run(&id).await.unwrap();
        (run.info.run_name.clone(), run.tag(RUN_NAME_TAG).map(str::to_owned))
    };
    let both = |name: &str| (name.to_owned(), Some(name.to_owned()));
    t.service.update_run(&id, RunUpdate { run_name: Some("u".into()), ..RunUpdate::default() }).await.unwrap();
    assert_eq!(named().await, both("u"));
    t.service.set_run_tag(&id, RUN_NAME_TAG, "s").await.unwrap();
    assert_eq!(named().await, both("s"));
    t.service.log_batch(&id, tags(&[(RUN_NAME_TAG, "x"), (RUN_NAME_TAG, "l")])).await.unwrap();
    assert_eq!(named().await, both("l"));
    t.service.set_run_tag(&id, RUN_NAME_TAG, "").await.unwrap();
    t.service.update_run(&id, RunUpdate { run_name: Some(String::new()), ..RunUpdate::default() }).await.unwrap();
    assert_eq!(named().await, both("l"));
    t.service.delete_run_tag(&id, RUN_NAME_TAG).await.unwrap();
    assert_eq!(named().await, ("l".to_owned(), None));
}

#[rstest]
#[tokio::test]
async fn updates_change_only_what_they_name(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    let update = |status, end_time| RunUpdate { status, end_time, run_name: None };
    let info = t.service.update_run(&id, update(Some(RunStatus::Finished), Some(9))).await.unwrap();
    assert_eq!((info.status, info.end_time), (RunStatus::Finished, Some(9)));
    let info = t.service.update_run(&id, update(Some(RunStatus::Running), None)).await.unwrap();
    assert_eq!((info.status, info.end_time), (RunStatus::Running, Some(9)));
    let info = t.service.update_run(&id, update(None, Some(0))).await.unwrap();
    assert_eq!((info.status, info.end_time), (RunStatus::Running, None));
    assert_eq!(t.service.run(&id).await.unwrap().info, info);
}

#[rstest]
#[tokio::test]
async fn a_deleted_run_can_be_read_and_restored_but_not_written(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    t.service.delete_run(&id).await.unwrap();
    t.service.delete_run(&id).await.unwrap();
    assert_eq!(t.service.run(&id).await.unwrap().info.lifecycle_stage, Lifecycle::Deleted);
    let refused = Error::invalid(format!("The run {id} must be in the 'active' state. Current state is deleted."));
    assert_eq!(t.service.update_run(&id, RunUpdate::default()).await.unwrap_err(), refused);
    assert_eq!(t.service.set_run_tag(&id, "k", "v").await.unwrap_err(), refused);
    assert_eq!(t.service.delete_run_tag(&id, "k").await.unwrap_err(), refused);
    assert_eq!(t.service.log_param(&id, "k", "v").await.unwrap_err(), refused);
    assert_eq!(t.service.log_batch(&id, LogBatch::default()).await.unwrap_err(), refused);
    assert_eq!(t.service.log_inputs(&id, LogInputs::default()).await.unwrap_err(), refused);
    assert_eq!(t.service.log_outputs(&id, Vec::new()).await.unwrap_err(), refused);
    t.service.restore_run(&id).await.unwrap();
    t.service.restore_run(&id).await.unwrap();
    let run = t.service.run(&id).await.unwrap();
    assert_eq!((run.info.lifecycle_stage, run.data.params.len()), (Lifecycle::Active, 0));

    let unknown = Error::not_found("Run with id=nope not found");
    assert_eq!(t.service.delete_run("nope").await.unwrap_err(), unknown);
    assert_eq!(t.service.restore_run("nope").await.unwrap_err(), unknown);
    assert_eq!(t.service.update_run("nope", RunUpdate::default()).await.unwrap_err(), unknown);
    assert_eq!(t.service.log_param("nope", "k", "v").await.unwrap_err(), unknown);
    assert_eq!(t.service.log_batch("nope", LogBatch::default()).await.unwrap_err(), unknown);
    assert_eq!(t.service.log_outputs("nope", Vec::new()).await.unwrap_err(), unknown);
}

#[rstest]
#[tokio::test]
async fn tags_are_overwritten_cut_and_removed(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    t.service.delete_run_tag(&id, RUN_NAME_TAG).await.unwrap();
    t.service.set_run_tag(&id, "k", "v").await.unwrap();
    t.service.set_run_tag(&id, "k", &"ä".repeat(8_001)).await.unwrap();
    t.service.log_batch(&id, tags(&[("a", "1"), ("b", ""), ("a", "2")])).await.unwrap();
    assert_eq!(
        t.service.run(&id).await.unwrap().data.tags,
        [Tag::new("a", "2"), Tag::new("b", ""), Tag::new("k", "ä".repeat(8_000))]
    );
    t.service.delete_run_tag(&id, "a").await.unwrap();
    assert_eq!(
        t.service.delete_run_tag(&id, "a").await.unwrap_err(),
        Error::not_found(format!("No tag with name: a in run with id {id}"))
    );
    assert_eq!(t.service.delete_run_tag(&id, "never seen").await.unwrap_err().code, ErrorCode::ResourceDoesNotExist);
    assert!(t.service.set_run_tag(&id, "a//b", "").await.unwrap_err().message.ends_with("resolve to 'a/b'"));
}

#[rstest]
#[tokio::test]
async fn params_are_written_once(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    let long = "ö".repeat(6_000);
    t.service.log_param(&id, "long", &format!("{long}1")).await.unwrap();
    t.service.log_param(&id, "long", &format!("{long}2")).await.unwrap();
    t.service.log_param(&id, "lr", "0.1").await.unwrap();
    assert_eq!(
        t.service.log_param(&id, "lr", "0.2").await.unwrap_err(),
        Error::invalid(format!(
            "Changing param values is not allowed. Param with key='lr' was already logged with value='0.1' for run \
             ID='{id}'. Attempted logging new value '0.2'."
        ))
    );
    let mut batch = params(&[("new", "1"), ("lr", "it's"), ("long", "x")]);
    batch.tags = vec![Tag::new("t", "1")];
    let refused = t.service.log_batch(&id, batch).await.unwrap_err();
    assert_eq!(
        refused.message,
        format!(
            "Changing param values is not allowed. Params were already logged='[{{'key': 'lr', 'old_value': '0.1', \
             'new_value': \"it's\"}}, {{'key': 'long', 'old_value': '{long}', 'new_value': 'x'}}]' for run ID='{id}'."
        )
    );
    t.service.log_batch(&id, params(&[("lr", "0.1"), ("a", "")])).await.unwrap();
    let run = t.service.run(&id).await.unwrap();
    assert_eq!(run.data.params, [Param::new("a", ""), Param::new("long", long), Param::new("lr", "0.1")]);
    assert_eq!(run.tag("t"), None, "nothing of a refused batch is kept");
}

#[rstest]
#[tokio::test]
async fn batches_are_checked_before_anything_is_written(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    let many = |n: usize| (0..n).map(|i| Param::new(format!("k{i}"), "v")).collect::<Vec<_>>();
    for (batch, message) in [
        (
            params(&[("ok", ""), ("a/", "")]),
            "Invalid value \"a/\" for parameter 'params[1].key' supplied: Names may be",
        ),
        (tags(&[("#", "")]), "Invalid value \"#\" for parameter 'tags[0].key' supplied: Names may only contain"),
        (params(&[(&"k".repeat(251), "")]), "'Param key' exceeds the maximum length of 250 characters"),
        (
            LogBatch { params: many(101), ..LogBatch::default() },
            "A batch logging request can contain at most 100 params. Got 101 params. Please split up params across",
        ),
        (
            params(&[("a", "1"), ("b", "1"), ("a", "1")]),
            "Duplicate parameter keys have been submitted: ['a']. Please ensure the request contains only one param",
        ),
    ] {
        let refused = t.service.log_batch(&id, batch).await.unwrap_err();
        assert!(refused.message.starts_with(message), "{refused}");
    }
    assert_eq!(
        t.service.log_batch("-x", LogBatch::default()).await.unwrap_err(),
        Error::invalid("Invalid value \"-x\" for parameter 'run_id' supplied.")
    );
    assert_eq!(t.service.run(&id).await.unwrap().data.params.len(), 0);
    t.service.log_batch(&id, LogBatch { params: many(100), ..LogBatch::default() }).await.unwrap();
    assert_eq!(t.service.run(&id).await.unwrap().data.params.len(), 100);
}

#[rstest]
#[tokio::test]
async fn of_many_who_set_a_param_exactly_one_wins(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    let tasks: Vec<_> = (0..32)
        .map(|i| {
            let (service, id) = (t.service.clone(), id.clone());
            tokio::spawn(async move {
                let value = i.to_string();
                let result = if i % 2 == 0 {
                    service.log_param(&id, "p", &value).await
                } else {
                    service.log_batch(&id, params(&[("p", &value)])).await
                };
                (value, result)
            })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            (value, Ok(())) => winners.push(value),
            (_, Err(error)) => {
                assert_eq!(error.code, ErrorCode::InvalidParameterValue, "{error}");
                assert!(error.message.starts_with("Changing param values is not allowed."), "{error}");
            }
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(t.service.run(&id).await.unwrap().data.params, [Param::new("p", winners.remove(0))]);
}

#[rstest]
#[tokio::test]
async fn writers_of_the_same_keys_do_not_hinder_each_other(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    let tasks: Vec<_> = (0..16)
        .map(|i| {
            let (service, id) = (t.service.clone(), id.clone());
            tokio::spawn(async move {
                // The same new keys, each time in another order.
                let mut pairs: Vec<Tag> = (0..50).map(|k| Tag::new(format!("k{k}"), i.to_string())).collect();
                pairs.rotate_left(i * 3);
                let mut batch = LogBatch { tags: pairs.clone(), ..LogBatch::default() };
                batch.params = pairs.into_iter().map(|p| Param::new(p.key, "same")).collect();
                service.log_batch(&id, batch).await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let run = t.service.run(&id).await.unwrap();
    assert_eq!((run.data.params.len(), run.data.tags.len()), (50, 51));
}

#[tokio::test]
async fn over_long_values_are_refused_where_one_wants_it() {
    let t = TestService::new(Backend::Sqlite).await;
    let id = run(&t).await;
    let strict = t.service.clone().with_limits(Limits { cut_long_values: false, max_location: 20 });
    let (param, tag) = ("v".repeat(6_001), "v".repeat(8_001));
    for (result, what) in [
        (strict.log_param(&id, "p", &param).await, "'Param value' exceeds the maximum length of 6000 characters"),
        (strict.log_batch(&id, params(&[("p", &param)])).await, "'Param value' exceeds"),
        (strict.set_run_tag(&id, "t", &tag).await, "'value' exceeds the maximum length of 8000 characters"),
        (strict.log_batch(&id, tags(&[("a", "1"), ("t", &tag)])).await, "'tags[1].value' exceeds"),
    ] {
        assert!(result.as_ref().unwrap_err().message.starts_with(what), "{result:?}");
    }
    t.service.log_param(&id, "p", &param).await.unwrap();
    assert_eq!(t.service.run(&id).await.unwrap().data.params[0].value.len(), 6_000);
    let far = |name: &str| NewExperiment {
        name: name.into(),
        artifact_location: Some("s3://bucket/twenty-one".into()),
        tags: Vec::new(),
    };
    let refused = strict.create_experiment(far("strict")).await.unwrap_err().message;
    assert!(refused.contains("cannot be greater than 20 characters"), "{refused}");
    t.service.create_experiment(far("lax")).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn two_servers_share_a_database(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let other = Service::new(
        Store::open(&t.database.options).await.unwrap(),
        Artifacts::new(S3Options::default()).await,
        t.service.artifact_config().clone(),
        t.clock.clone(),
        Arc::new(SystemEntropy),
    );
    other.prepare().await.unwrap();
    let id = run(&t).await;
    // Both meet the same keys for the first time, in the same moment.
    let batch = |value: &str| {
        let tags = (0..40).map(|k| Tag::new(format!("k{k}"), value)).collect();
        LogBatch { tags, ..LogBatch::default() }
    };
    let (a, b) = tokio::join!(t.service.log_batch(&id, batch("a")), other.log_batch(&id, batch("b")));
    a.and(b).unwrap();
    other.log_param(&id, "seen by the other", "1").await.unwrap();
    let run = t.service.run(&id).await.unwrap();
    assert_eq!(run, other.run(&id).await.unwrap());
    assert_eq!((run.data.tags.len(), &run.data.params[..]), (41, &[Param::new("seen by the other", "1")][..]));
}

#[rstest]
#[tokio::test]
async fn inputs_and_outputs_are_attached_once(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let dataset = |name: &str, source: &str| Dataset {
        name: name.into(),
        digest: "d1".into(),
        source_type: "local".into(),
        source: source.into(),
        schema: (source == "first").then(|| "{\"ä\": \"\\u0001\"}".to_owned()),
        profile: None,
    };
    let input = |name: &str, source: &str, context: &str| DatasetInput {
        tags: vec![Tag::new("mlflow.data.context", context), Tag::new("a", "1")],
        dataset: dataset(name, source),
    };
    let (first, second) = (run(&t).await, run(&t).await);
    let inputs =
        |datasets, models: &[&str]| LogInputs { datasets, models: models.iter().map(|m| (*m).into()).collect() };
    let both = vec![input("mnist", "first", "training"), input("mnist", "again", "eval"), input("other", "x", "eval")];
    t.service.log_inputs(&first, inputs(both, &["m-2", "m-1", "m-2"])).await.unwrap();
    t.service.log_inputs(&first, inputs(vec![input("mnist", "later", "test")], &["m-1"])).await.unwrap();
    t.service.log_inputs(&second, inputs(vec![input("mnist", "later", "test")], &[])).await.unwrap();

    let whole = |name, source, context: &str| DatasetInput {
        tags: vec![Tag::new("a", "1"), Tag::new("mlflow.data.context", context)],
        dataset: dataset(name, source),
    };
    let read = t.service.run(&first).await.unwrap().inputs;
    assert_eq!(read.dataset_inputs, [whole("mnist", "first", "training"), whole("other", "x", "eval")]);
    assert_eq!(read.model_inputs, ["m-1", "m-2"]);
    assert_eq!(t.service.run(&second).await.unwrap().inputs.dataset_inputs, [whole("mnist", "first", "test")]);

    let output = |id: &str, step| ModelOutput { model_id: id.into(), step };
    t.service.log_outputs(&first, vec![output("m-9", 3), output("m-8", 5)]).await.unwrap();
    t.service.log_outputs(&first, vec![output("m-9", 3), output("m-9", 4)]).await.unwrap();
    let outputs = t.service.run(&first).await.unwrap().outputs.model_outputs;
    assert_eq!(outputs, [output("m-9", 3), output("m-8", 5)]);

    let mut long = input("mnist", "first", "x");
    long.dataset.digest = "d".repeat(37);
    assert_eq!(
        t.service.log_inputs(&first, inputs(vec![long], &[])).await.unwrap_err(),
        Error::invalid("'digest' exceeds the maximum length of 36 characters")
    );
}

#[rstest]
#[tokio::test]
async fn old_clients_models_are_kept_in_a_tag(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let id = run(&t).await;
    assert_eq!(
        t.service.log_model(&id, "{\"flavors\": {}, \"run_id\": \"r\"}").await.unwrap_err(),
        Error::invalid("Model json is missing mandatory fields: {'artifact_path', 'utc_time_created'}")
    );
    assert_eq!(
        t.service.log_model(&id, "{").await.unwrap_err(),
        Error::invalid("Malformed model info. \n { \n is not a valid JSON.")
    );
    let tasks: Vec<_> = (0..4)
        .map(|i| {
            let (service, id) = (t.service.clone(), id.clone());
            let model = format!(
                "{{\"artifact_path\": \"m{i}\", \"run_id\": \"r\", \"utc_time_created\": \"t\", \"model_uuid\": \"u\", \
                 \"signature\": {{}}, \"flavors\": {{\"sklearn\": {{\"config\": 1, \"code\": null}}}}}}"
            );
            tokio::spawn(async move { service.log_model(&id, &model).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let run = t.service.run(&id).await.unwrap();
    let mut history: Vec<serde_json::Value> = serde_json::from_str(run.tag(LOGGED_MODELS_TAG).unwrap()).unwrap();
    history.sort_by_key(|m| m["artifact_path"].to_string());
    let expected = |i| {
        serde_json::json!({
            "artifact_path": format!("m{i}"), "run_id": "r", "utc_time_created": "t", "model_uuid": "u",
            "flavors": {"sklearn": {"code": null}},
        })
    };
    assert_eq!(history, (0..4).map(expected).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_full_database_says_so_and_goes_on_when_there_is_room() {
    let t = TestService::new(Backend::Sqlite).await;
    let id = run(&t).await;
    let set = async |limit: &'static str| {
        let set =
            t.database.store.write(move |tx| Box::pin(async move { tx.fetch_all::<(i64,)>(limit, vec![]).await }));
        set.await.map(drop).unwrap();
    };
    // As many as there are: SQLite takes no less.
    set("PRAGMA max_page_count = 1").await;
    let long = "x".repeat(6_000);
    let mut full = None;
    for number in 0..100 {
        if let Err(error) = t.service.log_param(&id, &format!("p{number}"), &long).await {
            full = Some(error.code);
            break;
        }
    }
    assert_eq!(full, Some(ErrorCode::InsufficientStorage));
    set("PRAGMA max_page_count = 100000").await;
    t.service.log_param(&id, "after", "1").await.unwrap();
}

#[rstest]
#[tokio::test]
async fn very_many_tags_and_very_long_keys_are_no_fault(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::new(backend).await;
    // Each key twice: to compare each with each would take minutes.
    let tags = (0..60_000).map(|n| Tag::new(format!("k{}", n % 30_000), n.to_string())).collect();
    let run = t.service.create_run(NewRun { tags, ..NewRun::default() }).await.unwrap();
    assert_eq!((run.tag("k0"), run.tag("k29999")), (Some("30000"), Some("59999")));
    // Postgres cannot look up what does not fit its indexes, not even compressed.
    let mut chance = 1_u64;
    let key: String = std::iter::repeat_with(|| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + u8::try_from((chance >> 33) % 26).unwrap())
    })
    .take(20_000)
    .collect();
    let created = t.service.create_run(NewRun { tags: vec![Tag::new(key, "")], ..NewRun::default() }).await;
    if let Err(error) = created {
        assert_eq!(error.code, ErrorCode::InvalidParameterValue);
    }
}
