//! Transfers past the server.

use std::time::Duration;

use crate::common::{Kind, Place, open, path, pattern, s3_endpoint};
use artifacts::{ArtifactError, Presigned, S3Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MINUTE: Duration = Duration::from_mins(1);

/// Sends a presigned request as any client would; answers head and body.
async fn send(method: &str, to: &Presigned, body: &[u8]) -> (String, Vec<u8>) {
    let (host, target) = to.url.strip_prefix("http://").and_then(|url| url.split_once('/')).unwrap();
    let headers: String = to.headers.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect();
    let length = body.len();
    let head = format!(
        "{method} /{target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap(), answer[end + 4..].to_vec())
}

#[tokio::test]
async fn presigned_urls_read_and_write() {
    let place = Place::new(Kind::S3).await;
    place.put("first", b"").await;
    let at = path("a b/größe.txt");
    let put = place.repository.presign_put(&at, MINUTE).await.unwrap();
    assert!(put.headers.iter().any(|(name, value)| name == "content-type" && value == "text/plain"), "{put:?}");
    let (head, _) = send("PUT", &put, b"straight in").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(place.read("a b/größe.txt").await, b"straight in");

    let get = place.repository.presign_get(&at, Some(MINUTE)).await.unwrap();
    let (head, body) = send("GET", &get, b"").await;
    assert!(head.contains("attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe%2Etxt"), "{head}");
    assert_eq!(body, b"straight in");
}

#[tokio::test]
async fn parts_come_together() {
    let place = Place::new(Kind::S3).await;
    let at = path("weights.bin");
    let (id, urls) = place.repository.begin_parts(&at, 2).await.unwrap();
    let size = 5 * 1024 * 1024;
    let mut parts = Vec::new();
    for (i, url) in urls.iter().enumerate() {
        let (head, _) = send("PUT", url, &pattern(i * size, size)).await;
        let etag = head.lines().find_map(|line| line.strip_prefix("ETag: ").or(line.strip_prefix("Etag: "))).unwrap();
        parts.push((i32::try_from(i).unwrap() + 1, etag.to_owned()));
    }
    assert_eq!(place.list("").await, [], "nothing can be seen before the end");
    parts.reverse();
    place.repository.finish_parts(&at, &id, parts).await.unwrap();
    assert_eq!(place.read("weights.bin").await, pattern(0, 2 * size));

    let unknown = place.repository.finish_parts(&at, &id, vec![(1, "\"x\"".into())]).await;
    assert!(matches!(unknown, Err(ArtifactError::Refused(_))), "{unknown:?}");
}

#[tokio::test]
async fn abandoned_parts_are_gone() {
    let place = Place::new(Kind::S3).await;
    place.put("first", b"").await;
    let before = place.everything(Kind::S3, "").await;
    let at = path("weights.bin");
    let (id, urls) = place.repository.begin_parts(&at, 1).await.unwrap();
    send("PUT", &urls[0], b"half").await;
    assert_ne!(place.everything(Kind::S3, "weights.bin").await, before, "an upload under way is seen here");
    place.repository.abandon_parts(&at, &id).await.unwrap();
    place.repository.abandon_parts(&at, &id).await.unwrap();
    assert_eq!(place.everything(Kind::S3, "weights.bin").await, before);
}

#[tokio::test]
async fn a_folder_has_no_way_past_the_server() {
    let place = Place::new(Kind::Folder).await;
    assert!(!place.repository.supports_direct_transfer());
    assert!(matches!(place.repository.presign_get(&path("a"), None).await, Err(ArtifactError::Unsupported)));
    assert!(matches!(place.repository.begin_parts(&path("a"), 1).await, Err(ArtifactError::Unsupported)));
}

#[tokio::test]
async fn urls_are_signed_for_where_clients_reach_the_store() {
    let inside = S3Options { endpoint_url: Some(s3_endpoint()), ..S3Options::default() };
    let hidden = open(inside.clone(), "s3://bucket/p").await;
    assert!(!hidden.supports_direct_transfer());
    let at = path("a");
    assert!(matches!(hidden.presign_get(&at, None).await, Err(ArtifactError::Unsupported)));
    assert!(matches!(hidden.presign_put(&at, MINUTE).await, Err(ArtifactError::Unsupported)));
    assert!(matches!(hidden.begin_parts(&at, 1).await, Err(ArtifactError::Unsupported)));

    let public = S3Options { public_endpoint: Some("https://files.example.org".into()), ..inside };
    let open = open(public, "s3://bucket/p").await;
    assert!(open.supports_direct_transfer());
    for signed in [open.presign_get(&at, None).await.unwrap(), open.presign_put(&at, MINUTE).await.unwrap()] {
        assert!(signed.url.starts_with("https://files.example.org/bucket/p/a?"), "{}", signed.url);
    }
}

#[tokio::test]
async fn parts_are_signed_for_clients_and_begun_by_the_server() {
    let public_endpoint = Some("https://files.example.org".into());
    let options = S3Options { endpoint_url: Some(s3_endpoint()), public_endpoint, ..S3Options::default() };
    let place = Place::on_s3(options).await;
    let at = path("weights.bin");
    let (id, urls) = place.repository.begin_parts(&at, 1).await.unwrap();
    assert!(urls[0].url.starts_with("https://files.example.org/"), "{}", urls[0].url);
    assert!(urls[0].url.contains("X-Amz-Expires=43200"), "the last part of a large file comes late: {}", urls[0].url);
    place.repository.abandon_parts(&at, &id).await.unwrap();
}

#[tokio::test]
async fn there_is_no_url_that_writes_a_folder() {
    let place = Place::new(Kind::S3).await;
    place.put("first", b"").await;
    let folder = path("");
    assert!(matches!(place.repository.presign_put(&folder, MINUTE).await, Err(ArtifactError::IsDirectory)));
    assert!(matches!(place.repository.begin_parts(&folder, 2).await, Err(ArtifactError::IsDirectory)));
}
