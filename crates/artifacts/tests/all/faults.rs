//! What the store does when S3 is slow, refuses, or fails half-way.

use std::time::{Duration, Instant};

use artifacts::{ArtifactError, ByteRange, Patience, Repository, S3Options, Upload};
use futures::{StreamExt, TryStreamExt};
use rstest::rstest;

use crate::common::{Kind, Place, bytes, path, patterned, s3_endpoint, whole};
use crate::faulty::{Fault, Faulty};

const MIB: usize = 1024 * 1024;
/// The longest that any operation may take with the patience of these tests.
const BOUND: Duration = Duration::from_secs(6);

async fn proxied() -> (Faulty, Place) {
    let faulty = Faulty::new(&s3_endpoint()).await;
    let options = S3Options {
        endpoint_url: Some(faulty.url.clone()),
        patience: Patience {
            connect: Duration::from_millis(500),
            answer: Duration::from_millis(500),
            request: Duration::from_millis(2_500),
            upload: Duration::from_secs(2),
        },
        ..S3Options::default()
    };
    let place = Place::on_s3(options).await;
    place.put("kept/a.txt", b"as it was").await;
    (faulty, place)
}

fn large(length: usize) -> Upload {
    Upload { body: patterned(length).boxed(), size: None }
}

/// Does one thing; `Err` if S3 made it fail.
async fn attempt(repository: &Repository, what: &str) -> Result<(), ArtifactError> {
    match what {
        "upload" => repository.put(&path("new.txt"), whole(b"new")).await,
        "large upload" => repository.put(&path("new.bin"), large(20 * MIB)).await,
        "download" => repository.get(&path("kept/a.txt"), None).await.map(drop),
        "facts" => repository.stat(&path("kept/a.txt")).await.map(drop),
        "list" => repository.list(&path("kept")).await.map(drop),
        "survey" => repository.survey(&path("")).try_collect::<Vec<_>>().await.map(drop),
        "delete" => repository.delete(&path("new.txt")).await,
        other => panic!("{other}"),
    }
}

#[rstest]
#[tokio::test]
async fn a_store_that_is_gone_is_told_in_time_and_found_again(
    #[values("upload", "large upload", "download", "facts", "list", "survey", "delete")] what: &str,
    #[values(Fault::HangUp, Fault::Silent, Fault::Error(503, "SlowDown"), Fault::Error(500, "InternalError"))]
    fault: Fault,
) {
    let (faulty, place) = proxied().await;
    faulty.always("", fault);
    let start = Instant::now();
    let failed = attempt(&place.repository, what).await;
    assert!(matches!(failed, Err(ArtifactError::Unavailable(_))), "{failed:?}");
    assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());

    faulty.heal();
    attempt(&place.repository, what).await.expect("it goes on by itself");
    assert_eq!(place.read("kept/a.txt").await, b"as it was");
}

#[rstest]
#[tokio::test]
async fn a_passing_fault_is_not_noticed(
    #[values("upload", "large upload", "download", "facts", "list", "survey", "delete")] what: &str,
    #[values(Fault::HangUp, Fault::Error(503, "SlowDown"), Fault::Slow(Duration::from_millis(200)))] fault: Fault,
) {
    let (faulty, place) = proxied().await;
    faulty.next("", 1, fault);
    attempt(&place.repository, what).await.expect("another try");
}

#[tokio::test]
async fn parts_that_fail_are_sent_again() {
    const LENGTH: usize = 30 * MIB;
    let (faulty, place) = proxied().await;
    faulty.next("partNumber=1", 2, Fault::Error(503, "SlowDown"));
    faulty.next("partNumber=2", 1, Fault::BreakRequest(MIB));
    faulty.next("partNumber=3", 1, Fault::HangUp);
    faulty.next("partNumber=4", 1, Fault::BreakAnswer(20));
    place.repository.put(&path("new.bin"), large(LENGTH)).await.expect("an upload");
    let download = place.repository.get(&path("new.bin"), None).await.expect("a download");
    let read = download.body.try_fold(0, |offset, chunk| async move {
        assert_eq!(chunk, crate::common::pattern(offset, chunk.len()), "at {offset}");
        Ok(offset + chunk.len())
    });
    assert_eq!(read.await.expect("the whole file"), LENGTH);
}

#[rstest]
#[case::a_part("partNumber=3", Fault::Error(503, "SlowDown"))]
#[case::a_part_breaks("partNumber=2", Fault::BreakRequest(MIB))]
#[case::no_answer("partNumber=1", Fault::Silent)]
#[case::the_end("POST /", Fault::Error(500, "InternalError"))]
#[tokio::test]
async fn an_upload_that_fails_half_way_leaves_nothing(#[case] part: &'static str, #[case] fault: Fault) {
    let (faulty, place) = proxied().await;
    let before = place.everything(Kind::S3, "kept/a.txt").await;
    for name in ["new.bin", "kept/a.txt"] {
        // The beginning of an upload is a POST as well.
        faulty.next("?uploads", 1, Fault::Slow(Duration::ZERO));
        faulty.always(part, fault.clone());
        let start = Instant::now();
        let failed = place.repository.put(&path(name), large(25 * MIB)).await;
        assert!(matches!(failed, Err(ArtifactError::Unavailable(_))), "{failed:?}");
        assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
        faulty.heal();
        let aborted =
            faulty.heads().iter().filter(|head| head.starts_with("DELETE /") && head.contains("uploadId=")).count();
        assert!(aborted > 0, "parts had been sent, and were given up");
        assert_eq!(place.everything(Kind::S3, name).await, before, "{name}");
    }
    assert_eq!(place.read("kept/a.txt").await, b"as it was");
}

#[rstest]
#[tokio::test]
async fn a_store_that_refuses_the_credentials_is_not_asked_again(
    #[values("upload", "large upload", "download", "facts", "list", "survey", "delete")] what: &str,
    #[values("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch")] code: &'static str,
) {
    let (faulty, place) = proxied().await;
    faulty.always("", Fault::Error(403, code));
    let failed = attempt(&place.repository, what).await;
    assert!(matches!(failed, Err(ArtifactError::Forbidden(_))), "{failed:?}");
}

#[tokio::test]
async fn an_upload_whose_last_answer_was_lost_is_stored() {
    let (faulty, place) = proxied().await;
    // The beginning of an upload is a POST as well.
    faulty.next("?uploads", 1, Fault::Slow(Duration::ZERO));
    faulty.next("POST /", 1, Fault::BreakAnswer(20));
    place.repository.put(&path("new.bin"), large(20 * MIB)).await.expect("another try finds it in place");
    assert_eq!(place.repository.stat(&path("new.bin")).await.expect("the file").size, 20 * MIB as u64);
}

#[tokio::test]
async fn an_upload_that_the_store_forgot_is_to_be_sent_again() {
    let (faulty, place) = proxied().await;
    place.repository.put(&path("new.bin"), large(21 * MIB)).await.expect("another file of that name");
    faulty.next("?uploads", 1, Fault::Slow(Duration::ZERO));
    faulty.always("POST /", Fault::Error(404, "NoSuchUpload"));
    let failed = place.repository.put(&path("new.bin"), large(20 * MIB)).await;
    assert!(matches!(failed, Err(ArtifactError::Unavailable(_))), "no mistake of the sender's: {failed:?}");
}

#[tokio::test]
async fn a_full_store_is_told_from_a_broken_one() {
    let (faulty, place) = proxied().await;
    for fault in [Fault::Error(507, "XMinioStorageFull"), Fault::Error(400, "EntityTooLarge"), Fault::Error(507, "")] {
        faulty.always("PUT /", fault.clone());
        for what in ["upload", "large upload"] {
            let failed = attempt(&place.repository, what).await;
            assert!(matches!(failed, Err(ArtifactError::Full(_))), "{fault:?}: {failed:?}");
        }
        faulty.heal();
    }
}

#[rstest]
#[case::breaks(Fault::BreakAnswer(2 * MIB))]
#[case::stalls(Fault::StallAnswer(2 * MIB))]
#[tokio::test]
async fn a_download_that_ends_early_is_no_success(#[case] fault: Fault) {
    let (faulty, place) = proxied().await;
    place.repository.put(&path("large.bin"), large(6 * MIB)).await.expect("an upload");
    faulty.next("GET /", 1, fault);
    faulty.always("GET /", Fault::HangUp);
    let start = Instant::now();
    let download = place.repository.get(&path("large.bin"), None).await.expect("the beginning");
    assert_eq!(download.size, 6 * MIB as u64);
    let read = download.body.try_fold(0, |read, chunk| async move { Ok(read + chunk.len()) }).await;
    read.expect_err("the end is missing");
    assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
    faulty.heal();
    let again = place.repository.get(&path("large.bin"), None).await.expect("a download");
    assert_eq!(bytes(again).await.len(), 6 * MIB);
}

#[rstest]
#[case::breaks(Fault::BreakAnswer(2 * MIB))]
#[case::stalls(Fault::StallAnswer(2 * MIB))]
#[tokio::test]
async fn a_download_that_breaks_goes_on_where_it_was(#[case] fault: Fault) {
    let (faulty, place) = proxied().await;
    place.repository.put(&path("large.bin"), large(9 * MIB)).await.expect("an upload");
    for (range, length) in [(None, 9 * MIB), (Some(ByteRange::Between(100, 8 * MIB as u64)), 8 * MIB - 99)] {
        faulty.next("GET /", 2, fault.clone());
        let download = place.repository.get(&path("large.bin"), range).await.expect("the beginning");
        let start = if range.is_some() { 100 } else { 0 };
        let read = download.body.try_fold(start, |offset, chunk| async move {
            assert_eq!(chunk, crate::common::pattern(offset, chunk.len()), "at {offset}");
            Ok(offset + chunk.len())
        });
        assert_eq!(read.await.expect("the whole of it"), start + length);
    }
}

#[tokio::test]
async fn a_download_never_goes_on_with_another_file() {
    let (faulty, place) = proxied().await;
    place.repository.put(&path("large.bin"), large(6 * MIB)).await.expect("an upload");
    faulty.next("GET /", 1, Fault::BreakAnswer(2 * MIB));
    let download = place.repository.get(&path("large.bin"), None).await.expect("the beginning");
    place.repository.put(&path("large.bin"), large(7 * MIB)).await.expect("another one");
    let read = download.body.try_fold(0, |read, chunk| async move { Ok(read + chunk.len()) }).await;
    read.expect_err("the rest is another file's");
}

#[tokio::test]
async fn a_listing_that_ends_early_is_no_listing() {
    let (faulty, place) = proxied().await;
    faulty.always("list-type=2", Fault::BreakAnswer(400));
    for what in ["list", "survey"] {
        let failed = attempt(&place.repository, what).await;
        assert!(matches!(failed, Err(ArtifactError::Unavailable(_))), "{what}: {failed:?}");
    }
}

#[tokio::test]
async fn a_removal_that_fails_half_way_can_be_repeated() {
    let (faulty, place) = proxied().await;
    place.put("kept/b.txt", b"b").await;
    faulty.always("POST /", Fault::Error(503, "SlowDown"));
    let failed = place.repository.delete(&path("kept")).await;
    assert!(matches!(failed, Err(ArtifactError::Unavailable(_))), "{failed:?}");
    faulty.heal();
    place.repository.delete(&path("kept")).await.expect("the rest is removed");
    assert_eq!(place.list("").await, []);
}
