//! What every repository does, on a folder and on S3.

use std::io;
use std::time::{Duration, Instant};

use crate::common::{Kind, Place, bytes, path, pattern, patterned, s3_endpoint, whole};
use artifacts::{ArtifactError, Artifacts, ByteRange, FileInfo, S3Options, Upload};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use rstest::rstest;

const MIB: usize = 1024 * 1024;

fn file(path: &str, size: u64) -> FileInfo {
    FileInfo { path: path.into(), is_dir: false, size: Some(size) }
}

fn folder(path: &str) -> FileInfo {
    FileInfo { path: path.into(), is_dir: true, size: None }
}

#[rstest]
#[tokio::test]
async fn files_are_written_listed_read_and_removed(#[values(Kind::Folder, Kind::S3)] kind: Kind) {
    let place = Place::new(kind).await;
    assert_eq!(place.list("").await, [], "nothing is there yet, not even the bucket");

    place.put("model/MLmodel", b"flavors").await;
    place.put("model/code/a b+c%.py", b"x").await;
    place.put("notes.txt", b"").await;
    place.put("model-old", b"old").await;
    assert_eq!(place.list("").await, [folder("model"), file("model-old", 3), file("notes.txt", 0)]);
    assert_eq!(place.list("model").await, [file("model/MLmodel", 7), folder("model/code")]);
    assert_eq!(place.list("model/code").await, [file("model/code/a b+c%.py", 1)]);
    assert_eq!(place.list("notes.txt").await, [], "a file has no files");
    assert_eq!(place.list("nowhere").await, []);
    assert_eq!(place.read("model/code/a b+c%.py").await, b"x");
    assert_eq!(place.read("notes.txt").await, b"");

    place.put("notes.txt", b"rewritten").await;
    assert_eq!(place.read("notes.txt").await, b"rewritten");

    place.repository.delete(&path("notes.txt")).await.unwrap();
    place.repository.delete(&path("notes.txt")).await.unwrap();
    place.repository.delete(&path("model")).await.unwrap();
    assert_eq!(place.list("").await, [file("model-old", 3)], "the tree is gone, its namesake is not");
}

#[rstest]
#[tokio::test]
async fn what_is_not_a_file_is_told_apart(#[values(Kind::Folder, Kind::S3)] kind: Kind) {
    let place = Place::new(kind).await;
    place.put("a/b.txt", b"x").await;
    for (name, expected) in [
        ("a", "the path is a directory"),
        ("", "the path is a directory"),
        ("no", "no such artifact"),
        ("a/b.txt/c", "no such artifact"),
    ] {
        let get = place.repository.get(&path(name), None).await.unwrap_err();
        let stat = place.repository.stat(&path(name)).await.unwrap_err();
        assert_eq!((get.to_string().as_str(), stat.to_string().as_str()), (expected, expected), "{name}");
    }
}

#[rstest]
#[tokio::test]
async fn ranges_and_tags(#[values(Kind::Folder, Kind::S3)] kind: Kind) {
    let place = Place::new(kind).await;
    place.put("digits", b"0123456789").await;
    let at = path("digits");
    let stat = place.repository.stat(&at).await.unwrap();
    assert_eq!(stat.size, 10);
    assert!(stat.last_modified.is_some_and(|time| time > 1_700_000_000_000));
    for (range, sent, content) in [
        (ByteRange::From(7), (7, 9), "789"),
        (ByteRange::Between(2, 4), (2, 4), "234"),
        (ByteRange::Between(8, 99), (8, 9), "89"),
        (ByteRange::Last(3), (7, 9), "789"),
        (ByteRange::Last(99), (0, 9), "0123456789"),
    ] {
        let download = place.repository.get(&at, Some(range)).await.unwrap();
        assert_eq!((download.size, download.range, &download.etag), (10, Some(sent), &stat.etag), "{range:?}");
        assert_eq!(bytes(download).await, content.as_bytes(), "{range:?}");
    }
    let beyond = place.repository.get(&at, Some(ByteRange::From(10))).await;
    assert!(matches!(beyond, Err(ArtifactError::Range(10))), "{beyond:?}");

    place.put("digits", b"9876543210").await;
    let rewritten = place.repository.stat(&at).await.unwrap();
    assert!(stat.etag.is_some() && stat.etag != rewritten.etag, "another content has another tag");
}

#[rstest]
#[tokio::test]
async fn large_files_pass_in_chunks(
    #[values(Kind::Folder, Kind::S3)] kind: Kind,
    #[values(true, false)] size_known: bool,
) {
    const LENGTH: usize = 64 * MIB + 12_345;
    let place = Place::new(kind).await;
    let at = path("deep/down/weights.bin");
    let size = size_known.then_some(LENGTH as u64);
    place.repository.put(&at, Upload { body: patterned(LENGTH).boxed(), size }).await.unwrap();

    let download = place.repository.get(&at, None).await.unwrap();
    assert_eq!(download.size, LENGTH as u64);
    let read = download.body.try_fold(0, |offset, chunk| async move {
        assert!(chunk.len() <= MIB, "a chunk of {} bytes", chunk.len());
        assert_eq!(chunk, pattern(offset, chunk.len()), "at {offset}");
        Ok(offset + chunk.len())
    });
    assert_eq!(read.await.unwrap(), LENGTH);

    // Across the border of two parts.
    let (first, last) = (8 * MIB - 10, 8 * MIB + 10);
    let range = ByteRange::Between(first as u64, last as u64);
    let part = place.repository.get(&at, Some(range)).await.unwrap();
    assert_eq!(bytes(part).await, pattern(first, 21));
}

#[rstest]
#[tokio::test]
async fn broken_uploads_leave_nothing(
    #[values(Kind::Folder, Kind::S3)] kind: Kind,
    #[values(1_000, 20 * MIB)] sent: usize,
    #[values(true, false)] with_error: bool,
) {
    let place = Place::new(kind).await;
    place.put("kept.bin", b"as it was").await;
    let before = place.everything(kind, "").await;
    for name in ["new/folder/broken.bin", "kept.bin"] {
        let fault = stream::iter(with_error.then(|| Err(io::Error::from(io::ErrorKind::ConnectionReset))));
        // Without an error the body just ends before the length that was announced.
        let size = (!with_error).then_some(sent as u64 + 1);
        let upload = Upload { body: patterned(sent).chain(fault).boxed(), size };
        let broken = place.repository.put(&path(name), upload).await;
        assert!(matches!(broken, Err(ArtifactError::Interrupted(_))), "{broken:?}");
        assert_eq!(place.everything(kind, name).await, before, "{name}");
    }
    assert_eq!(place.list("").await, [file("kept.bin", 9)]);
    assert_eq!(place.read("kept.bin").await, b"as it was");
}

#[rstest]
#[tokio::test]
async fn an_upload_whose_request_is_dropped_leaves_nothing(#[values(Kind::Folder, Kind::S3)] kind: Kind) {
    let place = Place::new(kind).await;
    place.put("kept.bin", b"as it was").await;
    let before = place.everything(kind, "").await;
    let (sender, receiver) = tokio::sync::mpsc::channel::<io::Result<Bytes>>(1);
    let body = stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|chunk| (chunk, receiver)) });
    let (repository, at) = (place.repository.clone(), path("dropped.bin"));
    let request = tokio::spawn(async move { repository.put(&at, Upload { body: body.boxed(), size: None }).await });
    for _ in 0..20 {
        sender.send(Ok(pattern(0, MIB))).await.unwrap();
    }
    request.abort();
    sender.send(Err(io::ErrorKind::ConnectionReset.into())).await.unwrap();
    sender.closed().await;
    let patience = Instant::now();
    while place.everything(kind, "dropped.bin").await != before {
        assert!(patience.elapsed() < Duration::from_secs(20), "the upload is cleaned up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[rstest]
#[tokio::test]
async fn folders_of_thousands_are_listed_and_removed(#[values(Kind::Folder, Kind::S3)] kind: Kind) {
    const FILES: usize = 1_100;
    let place = &Place::new(kind).await;
    place.put("many/0000", b"").await;
    let names: Vec<_> = (0..FILES).map(|i| format!("many/{i:04}")).collect();
    stream::iter(&names).for_each_concurrent(16, |name| place.put(name, b"")).await;
    let listed: Vec<_> = place.list("many").await.into_iter().map(|file| file.path).collect();
    assert_eq!(listed, names);
    place.repository.delete(&path("many")).await.unwrap();
    assert_eq!(place.list("").await, []);
}

#[rstest]
#[tokio::test]
async fn a_dead_store_is_known_soon() {
    let options = S3Options { endpoint_url: Some("http://127.0.0.1:9".into()), ..S3Options::default() };
    let repository = Artifacts::new(options).await.open("s3://bucket/prefix").unwrap();
    let start = Instant::now();
    assert!(matches!(repository.list(&path("")).await, Err(ArtifactError::Unavailable(_))));
    assert!(matches!(repository.put(&path("a"), whole(b"x")).await, Err(ArtifactError::Unavailable(_))));
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

/// The size is the sender's word. No room is set aside for it, and what can't be kept is refused at once.
#[rstest]
#[tokio::test]
async fn a_boast_takes_no_room(#[values(Kind::Folder, Kind::S3)] kind: Kind) {
    let place = Place::new(kind).await;
    for size in [u64::MAX - 2, 10_000_000_000_000_000_000, 5 << 40] {
        let boast = Upload { body: stream::iter([Ok(pattern(0, 1_000))]).boxed(), size: Some(size) };
        place.repository.put(&path("boast"), boast).await.unwrap_err();
    }
    assert_eq!(place.list("").await, []);
}

#[rstest]
#[tokio::test]
async fn an_impossible_bucket_is_the_users_mistake() {
    let options = S3Options { endpoint_url: Some(s3_endpoint()), ..S3Options::default() };
    for bucket in ["a b", "A_B", "x"] {
        let repository = Artifacts::new(options.clone()).await.open(&format!("s3://{bucket}/prefix")).unwrap();
        let refused = repository.put(&path("a"), whole(b"x")).await.unwrap_err();
        assert!(matches!(refused, ArtifactError::Name(_) | ArtifactError::NotFound), "{bucket}: {refused:?}");
    }
}

#[rstest]
#[tokio::test]
async fn a_file_is_no_folder_and_a_folder_no_file(#[values(Kind::Folder, Kind::S3)] kind: Kind) {
    let place = Place::new(kind).await;
    place.put("model/MLmodel", b"x").await;
    place.put("model/data/weights", b"y").await;
    for name in ["model", "model/data"] {
        let over = place.repository.put(&path(name), whole(b"z")).await;
        assert!(matches!(over, Err(ArtifactError::IsDirectory)), "{name}: {over:?}");
    }
    for name in ["model/MLmodel/a", "model/MLmodel/a/b/c"] {
        let below = place.repository.put(&path(name), whole(b"z")).await;
        assert!(matches!(below, Err(ArtifactError::NotADirectory)), "{name}: {below:?}");
    }
    place.repository.delete(&path("model/MLmodel/a")).await.unwrap();
    assert_eq!(place.read("model/MLmodel").await, b"x");
    assert_eq!(place.list("model").await, [file("model/MLmodel", 1), folder("model/data")]);
}

#[tokio::test]
async fn what_another_program_hid_below_an_object_is_removed_with_it() {
    let place = Place::new(Kind::S3).await;
    place.put("model/MLmodel", b"x").await;
    let key = "some/prefix/model";
    crate::common::client().put_object().bucket(&place.bucket).key(key).send().await.expect("an object over a folder");
    place.repository.delete(&path("model")).await.unwrap();
    assert_eq!(place.everything(Kind::S3, "model").await, Vec::<String>::new());
}
