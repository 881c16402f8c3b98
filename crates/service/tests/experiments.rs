//! Experiments, as a client of the service sees them.

use domain::experiments::ExperimentId;
use domain::{Error, ErrorCode, Lifecycle, Tag};
use rstest::rstest;
use service::{ArtifactConfig, NewExperiment, NewRun};
use testing::{Backend, TestService};

fn named(name: &str) -> NewExperiment {
    NewExperiment { name: name.into(), ..NewExperiment::default() }
}

fn at(name: &str, location: &str) -> NewExperiment {
    NewExperiment { artifact_location: Some(location.into()), ..named(name) }
}

#[rstest]
#[tokio::test]
async fn default_exists_from_the_start_and_is_made_once(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::new(backend).await;
    t.service.rename_experiment("0", "renamed").await.unwrap();
    let (a, b) = tokio::join!(t.service.prepare(), t.service.prepare());
    a.and(b).unwrap();
    let default = t.service.experiment("0").await.unwrap();
    assert_eq!((default.experiment_id, default.name.as_str()), (ExperimentId::DEFAULT, "renamed"));
    assert_eq!(default.artifact_location, "mlflow-artifacts:/0");
}

#[rstest]
#[tokio::test]
async fn experiments_are_created_with_their_location_and_tags(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::new(backend).await;
    let tags = vec![Tag::new("b", "1"), Tag::new("a", "2"), Tag::new("b", "3")];
    let id = t.service.create_experiment(NewExperiment { tags, ..named("mnist") }).await.unwrap();
    let experiment = t.service.experiment(&id.to_string()).await.unwrap();
    assert_eq!(experiment.artifact_location, format!("mlflow-artifacts:/{id}"));
    assert_eq!(experiment.tags, [Tag::new("a", "2"), Tag::new("b", "3")]);
    assert_eq!((experiment.creation_time, experiment.last_update_time), (1_700_000_000_000, 1_700_000_000_000));
    assert_eq!(t.service.experiment_by_name("mnist").await.unwrap(), experiment);

    assert_eq!(
        t.service.create_experiment(named("mnist")).await.unwrap_err(),
        Error::already_exists("Experiment(name=mnist) already exists.")
    );
    t.service.create_experiment(named("MNIST")).await.unwrap();
    for bad in ["", &"x".repeat(501)] {
        assert_eq!(t.service.create_experiment(named(bad)).await.unwrap_err().code, ErrorCode::InvalidParameterValue);
    }
    let tags = vec![Tag::new("k", "x".repeat(20_001))];
    assert_eq!(
        t.service.create_experiment(NewExperiment { tags, ..named("long") }).await.unwrap_err().message,
        "'value' exceeds the maximum length of 20000 characters"
    );
}

#[rstest]
#[tokio::test]
async fn chosen_locations_are_kept_and_lead_nowhere_else(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let t = TestService::with_config(backend, |destination| ArtifactConfig {
        default_root: "s3://bucket/root?region=eu".into(),
        destination,
        serve: false,
        allowed_schemes: vec!["sftp".into()],
    })
    .await;
    assert_eq!(t.service.experiment("0").await.unwrap().artifact_location, "s3://bucket/root/0?region=eu");

    let here = std::env::current_dir().unwrap();
    for (i, (given, kept)) in [
        ("s3://b/p?x=y", "s3://b/p?x=y".to_owned()),
        ("sftp://host/p", "sftp://host/p".to_owned()),
        ("./a//b/", format!("{}/a/b", here.display())),
        ("file:a", format!("file://{}/a", here.display())),
        ("/abs", "/abs".to_owned()),
    ]
    .into_iter()
    .enumerate()
    {
        let id = t.service.create_experiment(at(&format!("e{i}"), given)).await.unwrap().to_string();
        assert_eq!(t.service.experiment(&id).await.unwrap().artifact_location, kept);
    }
    let id = t.service.experiment_by_name("e0").await.unwrap().experiment_id.to_string();
    let run = t.service.create_run(NewRun { experiment_id: id, ..NewRun::default() }).await.unwrap();
    assert_eq!(run.info.artifact_uri, format!("s3://b/p/{}/artifacts?x=y", run.info.run_id));

    let refused = t.service.create_experiment(at("evil", "http://169.254.169.254/latest")).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidParameterValue);
    assert!(refused.message.starts_with("'artifact_location' cannot use the 'http' scheme"), "{refused}");
}

#[rstest]
#[tokio::test]
async fn unknown_experiments_are_not_found(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let unknown = Error::not_found("No Experiment with id=77 exists");
    assert_eq!(t.service.experiment("77").await.unwrap_err(), unknown);
    assert_eq!(t.service.rename_experiment("77", "x").await.unwrap_err(), unknown);
    assert_eq!(t.service.delete_experiment("77").await.unwrap_err(), unknown);
    assert_eq!(t.service.restore_experiment("0").await.unwrap_err().code, ErrorCode::ResourceDoesNotExist);
    assert_eq!(t.service.set_experiment_tag("77", "k", "v").await.unwrap_err(), unknown);
    assert_eq!(
        t.service.experiment_by_name("nope").await.unwrap_err(),
        Error::not_found("Could not find experiment with name 'nope'")
    );
    assert_eq!(
        t.service.experiment("abc").await.unwrap_err(),
        Error::invalid("Invalid experiment ID 'abc'. Experiment ID must be a valid integer.")
    );
}

#[rstest]
#[tokio::test]
async fn deleting_and_restoring_takes_the_runs_along(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let id = t.service.create_experiment(named("e")).await.unwrap().to_string();
    let new = NewRun { experiment_id: id.clone(), ..NewRun::default() };
    let kept = t.service.create_run(new.clone()).await.unwrap().info.run_id;
    let dropped = t.service.create_run(new.clone()).await.unwrap().info.run_id;
    t.service.delete_run(&dropped).await.unwrap();

    t.clock.advance(5);
    t.service.delete_experiment(&id).await.unwrap();
    let deleted = t.service.experiment(&id).await.unwrap();
    assert_eq!((deleted.lifecycle_stage, deleted.last_update_time), (Lifecycle::Deleted, 1_700_000_000_005));
    assert_eq!(t.service.run(&kept).await.unwrap().info.lifecycle_stage, Lifecycle::Deleted);

    let inactive = format!("The experiment {id} must be in the 'active' state. Current state is deleted.");
    assert_eq!(t.service.create_run(new).await.unwrap_err(), Error::invalid(inactive.clone()));
    assert_eq!(t.service.set_experiment_tag(&id, "k", "v").await.unwrap_err(), Error::invalid(inactive));
    assert_eq!(
        t.service.rename_experiment(&id, "f").await.unwrap_err(),
        Error::invalid("Cannot rename a non-active experiment.")
    );
    assert_eq!(t.service.delete_experiment(&id).await.unwrap_err().code, ErrorCode::ResourceDoesNotExist);
    assert_eq!(
        t.service.create_experiment(named("e")).await.unwrap_err().code,
        ErrorCode::ResourceAlreadyExists,
        "a deleted experiment keeps its name"
    );

    t.service.restore_experiment(&id).await.unwrap();
    assert_eq!(t.service.experiment(&id).await.unwrap().lifecycle_stage, Lifecycle::Active);
    for run in [&kept, &dropped] {
        assert_eq!(t.service.run(run).await.unwrap().info.lifecycle_stage, Lifecycle::Active);
    }
}

#[rstest]
#[tokio::test]
async fn experiments_are_renamed_and_tagged(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let id = t.service.create_experiment(named("e")).await.unwrap().to_string();
    t.clock.advance(7);
    t.service.set_experiment_tag(&id, "k", "v").await.unwrap();
    t.service.set_experiment_tag(&id, "k", "w").await.unwrap();
    let tagged = t.service.experiment(&id).await.unwrap();
    assert_eq!((tagged.tags, tagged.last_update_time), (vec![Tag::new("k", "w")], 1_700_000_000_000));
    t.service.delete_experiment_tag(&id, "k").await.unwrap();
    assert_eq!(
        t.service.delete_experiment_tag(&id, "k").await.unwrap_err(),
        Error::not_found(format!("No tag with name: k in experiment with id {id}"))
    );

    assert_eq!(
        t.service.rename_experiment(&id, "Default").await.unwrap_err(),
        Error::already_exists("Experiment(name=Default) already exists.")
    );
    t.service.rename_experiment(&id, "f").await.unwrap();
    let renamed = t.service.experiment(&id).await.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.last_update_time), ("f", 1_700_000_000_007));
}

#[rstest]
#[tokio::test]
async fn an_experiment_has_at_most_fifty_custom_views(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let t = TestService::new(backend).await;
    let tags = (0..50).map(|i| Tag::new(format!("mlflow.customView.view{i}"), "{}")).collect();
    let id = t.service.create_experiment(NewExperiment { tags, ..named("e") }).await.unwrap().to_string();
    t.service.set_experiment_tag(&id, "mlflow.customView.view7", "changed").await.unwrap();
    let refused = t.service.set_experiment_tag(&id, "mlflow.customView.view50", "{}").await.unwrap_err();
    assert!(refused.message.starts_with(&format!("Unable to create another custom view for experiment {id};")));
}
