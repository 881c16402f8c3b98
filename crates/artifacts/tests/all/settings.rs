//! Settings of S3 as its users have them.

use artifacts::{ArtifactError, Artifacts, S3Options};
use futures::StreamExt;

use crate::common::{Place, open, path, patterned, s3_endpoint, whole};
use crate::faulty::Faulty;

const SETTINGS: &str =
    r#"{"CacheControl": "no-store", "StorageClass": "REDUCED_REDUNDANCY", "Metadata": {"Team": "blue"}}"#;

fn has(head: &str, header: &str) -> bool {
    head.lines().any(|line| line.eq_ignore_ascii_case(header))
}

#[tokio::test]
async fn every_upload_carries_the_extra_arguments() {
    let faulty = Faulty::new(&s3_endpoint()).await;
    let options = S3Options {
        endpoint_url: Some(faulty.url.clone()),
        public_endpoint: Some(faulty.url.clone()),
        upload_extra_args: Some(SETTINGS.into()),
        ..S3Options::default()
    };
    options.check().expect("good arguments");
    let place = Place::on_s3(options).await;
    place.put("small", b"x").await;
    let body = patterned(9 * 1024 * 1024).boxed();
    place.repository.put(&path("large"), artifacts::Upload { body, size: None }).await.expect("an upload");
    for name in ["small", "large"] {
        let key = format!("some/prefix/{name}");
        let head = crate::common::client().head_object().bucket(&place.bucket).key(key).send().await.expect("a head");
        assert_eq!(head.cache_control(), Some("no-store"), "{name}");
        assert_eq!(head.storage_class().map(AsRef::as_ref), Some("REDUCED_REDUNDANCY"), "{name}");
        assert_eq!(head.metadata().and_then(|m| m.get("team")).map(String::as_str), Some("blue"), "{name}");
    }
    let presigned = place.repository.presign_put(&path("a"), std::time::Duration::from_mins(1)).await.expect("a URL");
    let sent: Vec<_> = presigned.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let said = |header: &str| {
        sent.iter().any(|h| h == header) || presigned.url.to_lowercase().contains("x-amz-storage-class=")
    };
    assert!(said("x-amz-storage-class: REDUCED_REDUNDANCY"), "{presigned:?}");
    assert!(sent.iter().any(|h| h == "cache-control: no-store"), "{presigned:?}");
}

#[tokio::test]
async fn arguments_that_nobody_knows_are_refused() {
    let unknown = S3Options { upload_extra_args: Some(r#"{"Encryption": "yes"}"#.into()), ..S3Options::default() };
    let refused = unknown.check().expect_err("a mistake");
    assert!(refused.starts_with("MLFLOW_S3_UPLOAD_EXTRA_ARGS: unknown argument 'Encryption'"), "{refused}");
}

#[test]
fn settings_that_can_never_work_are_told() {
    let endpoint = |url: &str| S3Options { endpoint_url: Some(url.into()), ..S3Options::default() }.check();
    for url in ["notaurl", "minio:9000", "ftp://minio", "http://", "http://a b"] {
        let refused = endpoint(url).expect_err(url);
        assert_eq!(
            refused,
            format!("MLFLOW_S3_ENDPOINT_URL must be an address such as http://minio:9000, not '{url}'")
        );
    }
    endpoint("https://s3.example.org").expect("an address");
    let public = S3Options { public_endpoint: Some("notaurl".into()), ..S3Options::default() }.check();
    assert!(public.is_err_and(|refused| refused.starts_with("--public-s3-endpoint must be an address")));
    let bundle = S3Options { ca_bundle: Some("/nowhere/ca.pem".into()), ..S3Options::default() }.check();
    assert!(bundle.is_err_and(|refused| refused.starts_with("cannot read AWS_CA_BUNDLE, /nowhere/ca.pem: ")));
    assert!(
        Artifacts::supports("/data") && Artifacts::supports("s3://bucket/p") && !Artifacts::supports("gs://bucket/p")
    );
}

#[tokio::test]
async fn every_request_names_the_owner_of_the_bucket() {
    let faulty = Faulty::new(&s3_endpoint()).await;
    let options = S3Options {
        endpoint_url: Some(faulty.url.clone()),
        expected_bucket_owner: Some("123456789012".into()),
        ..S3Options::default()
    };
    let place = Place::on_s3(options).await;
    place.put("a/b", b"x").await;
    place.read("a/b").await;
    place.list("a").await;
    place.repository.delete(&path("a")).await.expect("a removal");
    let heads = faulty.heads();
    assert!(heads.len() > 5, "{heads:?}");
    for head in heads {
        assert!(has(&head, "x-amz-expected-bucket-owner: 123456789012"), "{head}");
    }
}

#[tokio::test]
async fn buckets_are_addressed_as_told() {
    let endpoint = Some("http://s3.example.test:9000".to_owned());
    for (endpoint_url, virtual_hosts, beginning) in [
        (endpoint.clone(), None, "http://s3.example.test:9000/bucket/p/a?"),
        (endpoint.clone(), Some(false), "http://s3.example.test:9000/bucket/p/a?"),
        (endpoint, Some(true), "http://bucket.s3.example.test:9000/p/a?"),
        (None, None, "https://bucket.s3.us-east-1.amazonaws.com/p/a?"),
        (None, Some(true), "https://bucket.s3.us-east-1.amazonaws.com/p/a?"),
        (None, Some(false), "https://s3.us-east-1.amazonaws.com/bucket/p/a?"),
    ] {
        let public_endpoint = endpoint_url.clone();
        let options = S3Options { endpoint_url, public_endpoint, virtual_hosts, ..S3Options::default() };
        let presigned = open(options, "s3://bucket/p").await.presign_get(&path("a"), None).await.expect("a URL");
        assert!(presigned.url.starts_with(beginning), "{}", presigned.url);
    }
}

#[tokio::test]
async fn a_bucket_is_made_by_the_first_upload_alone() {
    let faulty = Faulty::new(&s3_endpoint()).await;
    let options = S3Options { endpoint_url: Some(faulty.url.clone()), ..S3Options::default() };
    let place = Place::on_s3(options.clone()).await;
    assert_eq!(place.list("").await, []);
    place.repository.delete(&path("a")).await.expect("nothing to do");
    let made = |heads: Vec<String>| {
        heads
            .iter()
            .filter(|head| {
                head.starts_with(&format!("PUT /{} ", place.bucket))
                    || head.starts_with(&format!("PUT /{}/ ", place.bucket))
            })
            .count()
    };
    assert_eq!(made(faulty.heads()), 0, "looking makes no bucket");
    let (a, b, c) = (path("a"), path("b"), path("c"));
    let uploads = [&a, &b, &c].map(|at| place.repository.put(at, whole(b"x")));
    for upload in futures::future::join_all(uploads).await {
        upload.expect("whoever is first makes it");
    }
    assert!(made(faulty.heads()) >= 1);
    let stranger = Artifacts::new(options).await.open("s3://ferroflow-test-none/p").expect("a location");
    let refused = stranger.put(&path("a"), whole(b"x")).await;
    assert!(matches!(refused, Err(ArtifactError::NotFound)), "only the destination's bucket is made: {refused:?}");
}
