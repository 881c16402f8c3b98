//! What dead senders and dead servers leave behind.

use std::time::{Duration, SystemTime};

use artifacts::S3Options;

use crate::common::{Kind, Place, client, path, s3_endpoint};
use crate::faulty::{Fault, Faulty};

const DAY: i64 = 24 * 60 * 60 * 1000;
/// 2023-11-14.
const THEN: i64 = 1_700_000_000_000;

#[tokio::test]
async fn abandoned_uploads_to_s3_are_aborted() {
    let faulty = Faulty::new(&s3_endpoint()).await;
    let options = S3Options { endpoint_url: Some(faulty.url.clone()), ..S3Options::default() };
    let place = Place::on_s3(options).await;
    assert_eq!(place.repository.sweep(THEN).await.expect("nothing to do without a bucket"), 0);
    place.put("first", b"x").await;
    let mut ids = Vec::new();
    for key in ["some/prefix/old", "some/prefix/young", "some/prefixed/other"] {
        let begun = client().create_multipart_upload().bucket(&place.bucket).key(key).send().await.expect("an upload");
        ids.push((key, begun.upload_id.expect("an id")));
    }
    // MinIO lists the uploads of one key only, so that the listing is ours, and what follows from it is real.
    let uploads = ids.iter().zip(["2023-11-06", "2023-11-13", "2023-11-06"]).map(|((key, id), day)| {
        format!("<Upload><Key>{key}</Key><UploadId>{id}</UploadId><Initiated>{day}T00:00:00.000Z</Initiated></Upload>")
    });
    let uploads = uploads.collect::<Vec<_>>().concat();
    let listing = format!(
        "<?xml version=\"1.0\"?><ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Bucket>{}</Bucket><IsTruncated>false</IsTruncated>{uploads}</ListMultipartUploadsResult>",
        place.bucket
    );
    faulty.next("uploads", 1, Fault::Answer(listing));
    assert_eq!(place.repository.sweep(THEN).await.expect("a sweep"), 1);

    let asked = faulty.heads().into_iter().find(|head| head.contains("uploads")).expect("the listing");
    assert!(asked.contains("prefix=some%2Fprefix%2F"), "only ours are asked for: {asked}");
    for (key, left) in [("old", 0), ("young", 1)] {
        let found = place.everything(Kind::S3, key).await.len() - 1;
        assert_eq!(found, left, "{key}");
    }
    let others = client().list_multipart_uploads().bucket(&place.bucket).prefix("some/prefixed/other").send().await;
    assert_eq!(others.expect("a listing").uploads().len(), 1, "what is others' stays, whatever the store lists");
}

#[tokio::test]
async fn abandoned_uploads_are_found_as_the_store_lists_them() {
    let place = Place::new(Kind::S3).await;
    place.put("first", b"x").await;
    for key in ["some/prefix/old", "some/prefixed/other"] {
        client().create_multipart_upload().bucket(&place.bucket).key(key).send().await.expect("an upload");
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time after 1970").as_millis();
    let now = i64::try_from(now).expect("a time before the year 292 million");
    assert_eq!(place.repository.sweep(now).await.expect("a sweep"), 0, "one under way is left alone");
    assert_eq!(place.repository.sweep(now + 8 * DAY).await.expect("a sweep"), 1);
}

#[tokio::test]
async fn stale_files_of_uploads_to_a_folder_are_removed() {
    let place = Place::new(Kind::Folder).await;
    assert_eq!(place.repository.sweep(THEN + DAY).await.expect("nothing to do without a folder"), 0);
    place.put("a", b"x").await;
    let staging = place.folder.path().join("root/.ferroflow-uploads");
    std::fs::create_dir(&staging).expect("a folder");
    for (name, hours) in [("old", 25), ("young", 23)] {
        let file = std::fs::File::create(staging.join(name)).expect("a file");
        let time = SystemTime::now() - Duration::from_hours(hours);
        file.set_modified(time).expect("its time");
    }
    assert_eq!(place.repository.sweep(THEN).await.expect("a sweep"), 1);
    assert!(!staging.join("old").exists() && staging.join("young").exists());
    std::fs::remove_file(staging.join("young")).expect("it is there");
    place.repository.sweep(THEN).await.expect("a sweep");
    assert!(!staging.exists(), "an empty place goes, too");
    assert_eq!(place.repository.stat(&path("a")).await.expect("the file").size, 1);
}
