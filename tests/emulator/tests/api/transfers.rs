//! Copies and moves.

use std::time::{Duration, SystemTime};

use qingstor_emulator::Emulator;

use crate::client::{
    Client, Request, http_date, request, start_with_bucket, start_with_two_accounts,
};

async fn setup() -> (Emulator, Client) {
    let (emulator, client) = start_with_bucket().await;
    client.bucket("albums").await;
    let put = request("PUT", "/photos/a")
        .header("Content-Type", "text/plain")
        .header("x-qs-meta-color", "red")
        .body("content");
    assert_eq!(client.send(put).await.status, 201);
    (emulator, client)
}

fn copy(target: &str, source: &str) -> Request {
    request("PUT", target).header("x-qs-copy-source", source)
}

fn moved(target: &str, source: &str) -> Request {
    request("PUT", target).header("x-qs-move-source", source)
}

#[tokio::test]
async fn a_copy_keeps_or_replaces_the_metadata() {
    let (_emulator, client) = setup().await;
    let reply = client.send(copy("/albums/b", "/photos/a")).await;
    assert_eq!(reply.status, 201);
    assert_eq!(
        reply.header("etag"),
        client.head("/photos/a").await.header("etag")
    );
    let got = client.get("/albums/b").await;
    assert_eq!(got.text(), "content");
    assert_eq!(got.header("content-type"), "text/plain");
    assert_eq!(got.header("x-qs-meta-color"), "red");

    // The copy is independent of the source.
    client.put("/photos/a", "changed").await;
    client.delete("/photos/a").await;
    assert_eq!(client.get("/albums/b").await.text(), "content");

    // A copy to itself changes the metadata.
    let edit = copy("/albums/b", "/albums/b")
        .header("x-qs-metadata-directive", "REPLACE")
        .header("x-qs-meta-size", "big")
        .header("x-qs-storage-class", "STANDARD_IA");
    assert_eq!(client.send(edit).await.status, 201);
    let got = client.get("/albums/b").await;
    assert_eq!(got.text(), "content");
    assert_eq!(got.header("x-qs-meta-color"), "");
    assert_eq!(got.header("x-qs-meta-size"), "big");
    assert_eq!(got.header("content-type"), "application/octet-stream");
    assert_eq!(got.header("x-qs-storage-class"), "STANDARD_IA");
}

#[tokio::test]
async fn a_move_removes_the_source() {
    let (_emulator, client) = setup().await;
    assert_eq!(
        client.send(moved("/albums/b", "/photos/a")).await.status,
        201
    );
    assert!(client.keys("photos").await.is_empty());
    let got = client.get("/albums/b").await;
    assert_eq!(got.text(), "content");
    assert_eq!(got.header("x-qs-meta-color"), "red");
    assert_eq!(
        client.send(moved("/albums/c", "/photos/a")).await.error(),
        (404, "object_not_exists".to_owned())
    );
    // A move to itself keeps the object.
    assert_eq!(
        client.send(moved("/albums/b", "/albums/b")).await.status,
        201
    );
    assert_eq!(client.get("/albums/b").await.text(), "content");
}

#[tokio::test]
async fn checks_conditions_on_the_source() {
    let (_emulator, client) = setup().await;
    let etag = client.head("/photos/a").await.header("etag").to_owned();
    let encoded = etag.replace('"', "%22");
    let before = http_date(SystemTime::now() - Duration::from_secs(60));
    let after = http_date(SystemTime::now() + Duration::from_secs(60));
    for kind in ["copy", "move"] {
        for (condition, value, expected) in [
            ("if-match", "\"other\"", 412),
            ("if-none-match", &etag, 412),
            ("if-modified-since", &after, 412),
            ("if-unmodified-since", &before, 412),
            ("if-modified-since", "yesterday", 400),
            ("if-match", &encoded, 201),
        ] {
            let put = request("PUT", "/albums/b")
                .header(&format!("x-qs-{kind}-source"), "/photos/a")
                .header(&format!("x-qs-{kind}-source-{condition}"), value);
            let reply = client.send(put).await;
            assert_eq!(reply.status, expected, "{kind} {condition}: {value}");
        }
    }
    assert!(client.keys("photos").await.is_empty());
    assert_eq!(client.keys("albums").await, ["b"]);
}

#[tokio::test]
async fn refuses_invalid_copies() {
    let (_emulator, client) = setup().await;
    let elsewhere = request("PUT", "/bucket-in-shanghai").header("Host", "sh1a.qingstor.com");
    assert_eq!(client.send(elsewhere).await.status, 201);
    for (put, status, code) in [
        (
            copy("/albums/b", "/photos/absent"),
            404,
            "object_not_exists",
        ),
        (copy("/albums/b", "/nowhere/a"), 404, "bucket_not_exists"),
        (copy("/nowhere/b", "/photos/a"), 404, "bucket_not_exists"),
        (copy("/albums/b", "photos"), 400, "invalid_argument"),
        (copy("/albums/b", "/photos/%zz"), 400, "invalid_argument"),
        (
            copy("/bucket-in-shanghai/b", "/photos/a"),
            400,
            "invalid_argument",
        ),
        (
            copy("/albums/b", "/photos/a").body("body"),
            400,
            "invalid_request",
        ),
        (
            copy("/albums/b", "/photos/a").header("x-qs-metadata-directive", "merge"),
            400,
            "invalid_argument",
        ),
        (
            copy("/albums/b", "/photos/a").header("x-qs-move-source", "/photos/a"),
            400,
            "invalid_argument",
        ),
        (
            copy("/albums/b", "/photos/a?version_id=1"),
            400,
            "invalid_argument",
        ),
        (
            copy("/albums/b", "/photos/a?version_id=NjkxMjM0MzM1MjAxNzAwODMz"),
            404,
            "object_not_exists",
        ),
    ] {
        let reply = client.send(put.clone()).await;
        assert_eq!(reply.error(), (status, code.to_owned()), "{put:?}");
    }
    assert!(client.keys("albums").await.is_empty());
}

#[tokio::test]
async fn a_move_needs_write_permission_on_the_source() {
    let (emulator, [alice, bob]) = start_with_two_accounts().await;
    alice.bucket("photos").await;
    bob.bucket("albums").await;
    alice.put("/photos/a", "content").await;
    let denied = (403, "permission_denied".to_owned());
    assert_eq!(
        bob.send(copy("/albums/b", "/photos/a")).await.error(),
        denied
    );
    let acl = serde_json::json!({"acl": [{
        "grantee": {"type": "user", "id": emulator.accounts()[1].user_id()},
        "permission": "READ",
    }]});
    alice.send(request("PUT", "/photos?acl").json(&acl)).await;
    assert_eq!(bob.send(copy("/albums/b", "/photos/a")).await.status, 201);
    assert_eq!(
        bob.send(moved("/albums/b", "/photos/a")).await.error(),
        denied
    );
    assert_eq!(alice.keys("photos").await, ["a"]);
}
