//! What only a folder can get wrong: symbolic links, other kinds of files, its own staging place.

use std::os::unix::fs::symlink;

use crate::common::{Kind, Place, path, whole};
use artifacts::ArtifactError;

#[tokio::test]
async fn links_never_lead_out() {
    let place = Place::new(Kind::Folder).await;
    place.put("in/file", b"inside").await;
    let root = place.folder.path().join("root");
    let secret = place.folder.path().join("secret");
    std::fs::create_dir(&secret).unwrap();
    std::fs::write(secret.join("key"), "outside").unwrap();
    symlink(&secret, root.join("out")).unwrap();
    symlink(secret.join("key"), root.join("key")).unwrap();
    symlink(root.join("in"), root.join("link")).unwrap();
    symlink("link/../../secret", root.join("sly")).unwrap();

    let repository = &place.repository;
    for name in ["out/key", "key", "out", "sly/key"] {
        let outside = repository.get(&path(name), None).await;
        assert!(matches!(outside, Err(ArtifactError::Outside)), "{name}: {outside:?}");
    }
    for name in ["out/new", "out/new/deep", "sly/key"] {
        let outside = repository.put(&path(name), whole(b"x")).await;
        assert!(matches!(outside, Err(ArtifactError::Outside)), "{name}: {outside:?}");
        assert!(matches!(repository.delete(&path(name)).await, Err(ArtifactError::Outside)), "{name}");
    }
    assert!(matches!(repository.list(&path("out")).await, Err(ArtifactError::Outside)));
    assert_eq!(place.read("link/file").await, b"inside", "links within the location are followed");
    let names: Vec<_> = place.list("").await.into_iter().map(|file| file.path).collect();
    assert_eq!(names, ["in", "link"], "links that lead out are not shown");

    repository.delete(&path("out")).await.unwrap();
    repository.put(&path("key"), whole(b"replaced")).await.unwrap();
    assert_eq!(std::fs::read(secret.join("key")).unwrap(), b"outside", "neither went through the link");
    assert_eq!(place.read("key").await, b"replaced");
}

#[tokio::test]
async fn links_that_lead_in_a_circle_lead_nowhere() {
    let place = Place::new(Kind::Folder).await;
    place.put("a", b"x").await;
    let root = place.folder.path().join("root");
    symlink("loop", root.join("loop")).unwrap();
    let names: Vec<_> = place.list("").await.into_iter().map(|file| file.path).collect();
    assert_eq!(names, ["a"], "the files beside it are shown");
    let missing = place.repository.get(&path("loop"), None).await;
    assert!(matches!(missing, Err(ArtifactError::NotFound)), "{missing:?}");
    place.repository.delete(&path("loop")).await.unwrap();
    assert!(!root.join("loop").is_symlink());
}

#[tokio::test]
async fn names_have_a_longest() {
    let place = Place::new(Kind::Folder).await;
    let long = place.repository.put(&path(&"x".repeat(300)), whole(b"x")).await;
    assert!(matches!(long, Err(ArtifactError::Name(_))), "{long:?}");
}

#[tokio::test]
async fn the_staging_place_is_nobodys() {
    let place = Place::new(Kind::Folder).await;
    place.put("a", b"x").await;
    let staging = place.folder.path().join("root/.ferroflow-uploads");
    std::fs::create_dir(&staging).unwrap();
    std::fs::write(staging.join("half"), "half").unwrap();
    assert_eq!(place.list("").await.len(), 1);
    assert_eq!(place.list(".ferroflow-uploads").await, []);
    let inside = path(".ferroflow-uploads/half");
    assert!(matches!(place.repository.get(&inside, None).await, Err(ArtifactError::NotFound)));
    assert!(matches!(place.repository.put(&inside, whole(b"x")).await, Err(ArtifactError::Outside)));
    assert!(matches!(place.repository.delete(&path(".ferroflow-uploads")).await, Err(ArtifactError::Outside)));
}

#[tokio::test]
async fn only_files_are_read() {
    let place = Place::new(Kind::Folder).await;
    place.put("a", b"x").await;
    let _listener = std::os::unix::net::UnixListener::bind(place.folder.path().join("root/socket")).unwrap();
    assert!(matches!(place.repository.get(&path("socket"), None).await, Err(ArtifactError::NotFound)));
}
