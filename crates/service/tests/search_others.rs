//! Searching experiments, registered models and versions, as a client of the service sees it.

use domain::registered_models::PROMPT_TAG;
use domain::{ErrorCode, Tag, ViewType};
use rstest::rstest;
use service::{
    NewExperiment, NewModelVersion, NewRegisteredModel, SearchExperiments, SearchModelVersions, SearchRegisteredModels,
};
use testing::{Backend, TestService};

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.into()).collect()
}

fn tags(pairs: &[(&str, &str)]) -> Vec<Tag> {
    pairs.iter().map(|&(key, value)| Tag::new(key, value)).collect()
}

fn experiments(filter: &str, order: &[&str]) -> SearchExperiments {
    SearchExperiments {
        max_results: 100,
        filter: Some(filter.into()),
        order_by: strings(order),
        ..SearchExperiments::default()
    }
}

async fn experiment_names(t: &TestService, search: SearchExperiments) -> String {
    let found = t.service.search_experiments(search).await.unwrap().items;
    found.into_iter().map(|e| e.name).collect::<Vec<_>>().join(" ")
}

#[rstest]
#[tokio::test]
async fn experiments_are_searched(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    for (name, pairs) in
        [("Alpha", &[("team", "red")][..]), ("beta", &[("team", "Blue"), ("a b", "1")]), ("gamma", &[])]
    {
        t.clock.advance(1);
        let new = NewExperiment { name: name.into(), tags: tags(pairs), ..NewExperiment::default() };
        t.service.create_experiment(new).await.unwrap();
    }
    let created = t.service.experiment_by_name("beta").await.unwrap();
    let time = created.creation_time;
    t.clock.advance(1);
    t.service.rename_experiment(&created.experiment_id.to_string(), "beta!").await.unwrap();
    for (filter, order, found) in [
        ("", &[][..], "gamma beta! Alpha Default"),
        ("name = 'Alpha'", &[], "Alpha"),
        ("attribute.name ILIKE 'a%'", &[], "Alpha"),
        ("name LIKE 'a%'", &[], ""),
        ("name != 'Alpha'", &["name DESC"], "gamma beta! Default"),
        ("tags.team = 'red'", &[], "Alpha"),
        ("tags.team != 'red'", &[], "beta!"),
        ("tags.`a b` LIKE '_'", &[], "beta!"),
        ("tags.team IS NULL", &[], "gamma Default"),
        ("tag.team is not null", &["name"], "Alpha beta!"),
        ("experiment_id IN ('0', '77')", &[], "Default"),
        ("experiment_id != '0'", &["experiment_id"], "Alpha beta! gamma"),
        (&format!("creation_time >= {time}"), &["creation_time"], "beta! gamma"),
        (&format!("last_update_time > {time}"), &["last_update_time DESC"], "beta! gamma"),
        ("", &["name", "name DESC"], "Alpha Default beta! gamma"),
    ] {
        assert_eq!(experiment_names(&t, experiments(filter, order)).await, found, "{filter} {order:?}");
    }
    t.service.delete_experiment(&created.experiment_id.to_string()).await.unwrap();
    let view = |view_type| SearchExperiments { view_type, ..experiments("", &[]) };
    assert_eq!(experiment_names(&t, view(ViewType::ActiveOnly)).await, "gamma Alpha Default");
    assert_eq!(experiment_names(&t, view(ViewType::DeletedOnly)).await, "beta!");
    assert_eq!(experiment_names(&t, view(ViewType::All)).await, "gamma beta! Alpha Default");

    let page = |page_token| SearchExperiments { max_results: 2, page_token, ..experiments("", &[]) };
    let first = t.service.search_experiments(page(None)).await.unwrap();
    let second = t.service.search_experiments(page(first.next_page_token)).await.unwrap();
    assert_eq!((second.items.len(), second.next_page_token), (1, None));
    for size in [0, 50_001] {
        let search = SearchExperiments { max_results: size, ..SearchExperiments::default() };
        let error = t.service.search_experiments(search).await.unwrap_err();
        assert!(error.message.starts_with(&format!("Invalid value {size} for parameter 'max_results' supplied. ")));
    }
}

fn models(filter: &str, order: &[&str]) -> SearchRegisteredModels {
    SearchRegisteredModels {
        filter: Some(filter.into()),
        order_by: strings(order),
        ..SearchRegisteredModels::default()
    }
}

async fn model_names(t: &TestService, search: SearchRegisteredModels) -> String {
    let found = t.service.search_registered_models(search).await.unwrap().items;
    found.into_iter().map(|model| model.name).collect::<Vec<_>>().join(" ")
}

async fn model(t: &TestService, name: &str, pairs: &[(&str, &str)]) {
    t.clock.advance(1);
    let new = NewRegisteredModel { name: name.into(), description: None, tags: tags(pairs) };
    t.service.create_registered_model(new).await.unwrap();
}

async fn version(t: &TestService, name: &str, source: &str, run_id: &str, pairs: &[(&str, &str)]) {
    t.clock.advance(1);
    let new = NewModelVersion {
        name: name.into(),
        source: source.into(),
        run_id: Some(run_id.into()),
        tags: tags(pairs),
        ..NewModelVersion::default()
    };
    t.service.create_model_version(new).await.unwrap();
}

const PROMPT: (&str, &str) = (PROMPT_TAG, "true");

/// Two models with three versions, a prompt with two, and a model one of whose two versions is a prompt.
async fn registry(t: &TestService) {
    model(t, "b", &[("stage", "x"), ("team", "red")]).await;
    model(t, "A", &[("team", "Blue")]).await;
    model(t, "prompt", &[PROMPT, ("team", "red")]).await;
    model(t, "mixed", &[]).await;
    version(t, "b", "s3://x/1", "r1", &[("k", "1")]).await;
    version(t, "b", "s3://x/2", "r2", &[]).await;
    version(t, "A", "s3://y/1", "r1", &[("k", "2")]).await;
    for name in ["prompt", "mixed"] {
        version(t, name, "dummy-source", "", &[PROMPT]).await;
        version(t, name, "s3://z/2", "", &[]).await;
    }
    t.service.transition_stage("b", "1", "Production", false).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn registered_models_are_searched(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    registry(&t).await;
    for (filter, order, found) in [
        ("", &[][..], "A b mixed"),
        ("", &["name DESC"], "mixed b A"),
        ("", &["timestamp DESC"], "b mixed A"),
        ("", &["last_updated_timestamp"], "A b mixed"),
        ("name ilike '%B%'", &[], "b"),
        ("name LIKE '%B%'", &[], ""),
        ("name in ('A', 'prompt')", &[], "A"),
        ("name NOT IN ('A')", &[], "b mixed"),
        ("tags.team = 'red'", &[], "b"),
        ("tags.team != 'red'", &[], "A"),
        ("tags.team = 'red' AND tags.team LIKE 'r%' AND tag.stage = 'x'", &[], "b"),
        ("tags.team = 'red' AND tags.team = 'Blue'", &[], ""),
        (&format!("tags.`{PROMPT_TAG}` = 'true'"), &[], "prompt"),
        (&format!("tags.`{PROMPT_TAG}` != 'false' AND tags.team = 'Blue'"), &[], ""),
        (&format!("tags.`{PROMPT_TAG}` = 'false'"), &[], "A b mixed"),
        (&format!("tags.`{PROMPT_TAG}` != 'true' AND name = 'A'"), &[], "A"),
    ] {
        assert_eq!(model_names(&t, models(filter, order)).await, found, "{filter} {order:?}");
    }
    let found = t.service.search_registered_models(models("name = 'b'", &[])).await.unwrap().items.remove(0);
    assert_eq!(found, t.service.registered_model("b").await.unwrap());
    assert_eq!(found.latest_versions.len(), 2);

    let size = |max_results, page_token| SearchRegisteredModels { max_results, page_token, ..models("", &[]) };
    let first = t.service.search_registered_models(size(Some(2), None)).await.unwrap();
    assert_eq!(model_names(&t, size(Some(2), first.next_page_token)).await, "mixed");
    assert_eq!(model_names(&t, size(Some(0), None)).await, "");
    for bad in [-1, 1001] {
        let error = t.service.search_registered_models(size(Some(bad), None)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidParameterValue);
    }
}

fn versions(filter: &str, order: &[&str]) -> SearchModelVersions {
    SearchModelVersions { filter: Some(filter.into()), order_by: strings(order), ..SearchModelVersions::default() }
}

async fn version_names(t: &TestService, search: SearchModelVersions) -> String {
    let found = t.service.search_model_versions(search).await.unwrap().items;
    found.into_iter().map(|v| format!("{}{}", v.name, v.version)).collect::<Vec<_>>().join(" ")
}

#[rstest]
#[tokio::test]
async fn versions_are_searched(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    registry(&t).await;
    for (filter, order, found) in [
        ("", &[][..], "b1 A1 b2"),
        ("", &["creation_timestamp"], "b1 b2 A1"),
        ("", &["version_number DESC"], "b2 A1 b1"),
        ("", &["name"], "A1 b2 b1"),
        ("name = 'b'", &["version_number"], "b1 b2"),
        ("name ILIKE 'a'", &[], "A1"),
        ("name = 'mixed'", &[], ""),
        ("run_id = 'r1'", &["name"], "A1 b1"),
        ("run_id IN ('r2', 'r3')", &[], "b2"),
        ("run_id NOT IN ('r2') AND name != 'A'", &[], "b1"),
        ("source_path LIKE 's3://x/%'", &["version_number"], "b1 b2"),
        ("version_number > 1", &[], "b2"),
        ("attribute.version_number = '1'", &["name"], "A1 b1"),
        ("tags.k = '2'", &[], "A1"),
        ("tags.k != '2'", &[], "b1"),
        (&format!("tags.`{PROMPT_TAG}` = 'true'"), &["name"], "mixed1 prompt1"),
        (&format!("tags.`{PROMPT_TAG}` = 'false' AND name LIKE 'A%'"), &[], "A1"),
    ] {
        assert_eq!(version_names(&t, versions(filter, order)).await, found, "{filter} {order:?}");
    }
    t.service.set_alias("b", "champion", "2").await.unwrap();
    let found = t.service.search_model_versions(versions("version_number = 2", &[])).await.unwrap().items.remove(0);
    assert_eq!((found.aliases.len(), found.tags.len()), (0, 0));

    let size = |max_results, page_token| SearchModelVersions { max_results, page_token, ..versions("", &[]) };
    let first = t.service.search_model_versions(size(Some(2), None)).await.unwrap();
    assert_eq!(version_names(&t, size(Some(2), first.next_page_token)).await, "b2");
    let error = t.service.search_model_versions(size(Some(0), None)).await.unwrap_err();
    assert_eq!(error.message, "Invalid value for max_results. It must be a positive integer, but got 0");
    t.service.search_model_versions(size(Some(200_001), None)).await.unwrap_err();

    t.service.delete_model_version("b", "2").await.unwrap();
    t.service.delete_registered_model("A").await.unwrap();
    // Without its prompt the model shows.
    t.service.delete_model_version("mixed", "1").await.unwrap();
    assert_eq!(version_names(&t, versions("", &["name"])).await, "b1 mixed2");
}
