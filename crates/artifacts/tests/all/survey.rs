//! All files of a location, and where they really are.

use artifacts::{Artifacts, S3Options};
use futures::TryStreamExt;
use rstest::rstest;

use crate::common::{Kind, Place, path, s3_endpoint};

/// Whoever opens what is at an address.
async fn artifacts() -> Artifacts {
    Artifacts::new(S3Options { endpoint_url: Some(s3_endpoint()), ..S3Options::default() }).await
}

async fn names(place: &Place, folder: &str) -> Vec<String> {
    let pages: Vec<_> = place.repository.survey(&path(folder)).try_collect().await.expect("a survey");
    let mut files = pages.concat();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.into_iter().map(|file| format!("{} {}", file.path, file.size.expect("a size"))).collect()
}

#[rstest]
#[tokio::test]
async fn every_file_is_found(#[values(Kind::Folder, Kind::S3)] kind: Kind) {
    let place = Place::new(kind).await;
    assert_eq!(names(&place, "").await, [""; 0], "nothing is there yet");
    for (name, content) in [("a", "1"), ("b/c", "22"), ("b/d/e", "333"), ("b-c", "4444"), ("b/100%", "")] {
        place.put(name, content.as_bytes()).await;
    }
    assert_eq!(names(&place, "").await, ["a 1", "b-c 4", "b/100% 0", "b/c 2", "b/d/e 3"]);
    assert_eq!(names(&place, "b").await, ["b/100% 0", "b/c 2", "b/d/e 3"]);
    assert_eq!(names(&place, "b/d").await, ["b/d/e 3"]);
    for nothing in ["a", "none", "b/none"] {
        assert_eq!(names(&place, nothing).await, [""; 0], "{nothing}");
    }
}

#[rstest]
#[tokio::test]
async fn an_address_leads_back_to_its_file(#[values(Kind::Folder, Kind::S3)] kind: Kind) {
    let place = Place::new(kind).await;
    for name in ["top", "b/100%", "b/größe q?;=&.bin"] {
        place.put(name, name.as_bytes()).await;
        let address = place.repository.address(&path(name)).await.unwrap().expect("text");
        let (folder, last) = artifacts().await.at(&address).unwrap();
        assert_eq!(folder.stat(&last).await.unwrap().size, name.len() as u64, "{address}");
    }
    let root = place.repository.address(&path("")).await.unwrap().expect("text");
    let file = place.repository.address(&path("b/c")).await.unwrap().expect("text");
    assert_eq!(file, format!("{root}/b/c"), "files that are not there have one, too");
    for nonsense in ["", "relative/path", "gs://bucket/key", "s3://bucket"] {
        assert!(artifacts().await.at(nonsense).is_err(), "{nonsense}");
    }
}

#[tokio::test]
async fn links_are_seen_through_but_lead_nowhere_else() {
    let place = Place::new(Kind::Folder).await;
    place.put("real/x", b"x").await;
    let root = place.folder.path().join("root");
    std::os::unix::fs::symlink("real", root.join("link")).unwrap();
    std::os::unix::fs::symlink("/etc", root.join("outside")).unwrap();
    let address = async |name: &str| place.repository.address(&path(name)).await;
    assert_eq!(address("link/x").await.unwrap(), address("real/x").await.unwrap());
    assert_ne!(address("link").await.unwrap(), address("real").await.unwrap(), "what goes is the link");
    assert!(address("outside/passwd").await.is_err());
    assert_eq!(names(&place, "").await, ["real/x 1"], "each file once");
}

#[tokio::test]
async fn empty_folders_can_go() {
    let place = Place::new(Kind::Folder).await;
    place.put("a/b/c", b"x").await;
    let address = place.repository.address(&path("a/b/c")).await.unwrap().expect("text");
    artifacts().await.remove_empty_folder(&address).await;
    assert_eq!(place.read("a/b/c").await, b"x");
    place.repository.delete(&path("a/b/c")).await.unwrap();
    artifacts().await.remove_empty_folder(&address).await;
    assert_eq!(place.list("a").await, []);
}
