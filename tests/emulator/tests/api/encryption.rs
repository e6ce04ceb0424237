//! Encryption with customer-provided keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use qingstor_emulator::Emulator;
use serde_json::json;

use crate::client::{Client, Request, content_md5, request, start_with_bucket_by};

/// A key that consists of one repeated letter.
struct Key(u8);

impl Key {
    fn headers(&self, request: Request, prefix: &str) -> Request {
        let key = [self.0; 32];
        request
            .header(&format!("{prefix}algorithm"), "AES256")
            .header(&format!("{prefix}key"), STANDARD.encode(key))
            .header(&format!("{prefix}key-md5"), content_md5(&key))
    }

    fn on(&self, request: Request) -> Request {
        self.headers(request, "x-qs-encryption-customer-")
    }

    fn on_source(&self, request: Request) -> Request {
        self.headers(request, "x-qs-copy-source-encryption-customer-")
    }
}

const X: Key = Key(b'x');
const Y: Key = Key(b'y');

async fn setup(directory: &std::path::Path) -> (Emulator, Client) {
    start_with_bucket_by(Emulator::builder().data_dir(directory)).await
}

#[tokio::test]
async fn reading_requires_the_customer_key() {
    let directory = tempfile::tempdir().unwrap();
    let (_emulator, client) = setup(directory.path()).await;
    let plain = "what nobody shall read ".repeat(10_000);
    let put = X.on(request("PUT", "/photos/a").body(plain.as_str()));
    let put = client.send(put).await;
    assert_eq!(put.status, 201);
    assert_eq!(put.header("x-qs-encryption-customer-algorithm"), "AES256");
    assert_eq!(
        put.header("x-qs-encryption-customer-key-md5"),
        "3I/h1kl+vSP1l12NKhxegQ=="
    );
    let got = client.send(X.on(request("GET", "/photos/a"))).await;
    assert_eq!(got.text(), plain);
    assert_eq!(got.header("x-qs-encryption-customer-algorithm"), "AES256");
    let range = X.on(request("GET", "/photos/a").header("Range", "bytes=99990-100009"));
    assert_eq!(client.send(range).await.text(), plain[99_990..100_010]);
    for (get, status, code) in [
        (request("GET", "/photos/a"), 400, "invalid_request"),
        (Y.on(request("GET", "/photos/a")), 403, "permission_denied"),
    ] {
        assert_eq!(client.send(get).await.error(), (status, code.to_owned()));
    }
    assert_eq!(
        client.head("/photos/a").await.header("content-length"),
        "230000"
    );
    assert_eq!(
        client.send(X.on(request("HEAD", "/photos/a"))).await.status,
        200
    );
    assert_eq!(
        client.send(Y.on(request("HEAD", "/photos/a"))).await.status,
        403
    );
    let list = client.get("/photos").await.json();
    assert_eq!(list["keys"][0]["encrypted"], true);
    client.put("/photos/plain", "p").await;
    let needless = client.send(X.on(request("GET", "/photos/plain"))).await;
    assert_eq!(needless.error(), (400, "invalid_request".to_owned()));

    // No file contains the plain text.
    for file in std::fs::read_dir(directory.path().join("content")).unwrap() {
        let stored = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!stored.windows(8).any(|bytes| bytes == b"shall re"));
    }
}

#[tokio::test]
async fn copies_can_change_the_key_and_moves_keep_it() {
    let directory = tempfile::tempdir().unwrap();
    let (_emulator, client) = setup(directory.path()).await;
    client
        .send(X.on(request("PUT", "/photos/a").body("secret")))
        .await;
    let copy = |target: &str| request("PUT", target).header("x-qs-copy-source", "/photos/a");
    for (copy, status) in [
        (X.on_source(copy("/photos/plain")), 201),
        (Y.on(X.on_source(copy("/photos/y"))), 201),
        (X.on(X.on_source(copy("/photos/x"))), 201),
        (copy("/photos/refused"), 400),
        (Y.on_source(copy("/photos/refused")), 403),
        (X.on(copy("/photos/refused")), 400),
    ] {
        assert_eq!(client.send(copy.clone()).await.status, status, "{copy:?}");
    }
    assert_eq!(client.get("/photos/plain").await.text(), "secret");
    assert_eq!(
        client.send(Y.on(request("GET", "/photos/y"))).await.text(),
        "secret"
    );
    assert_eq!(
        client.send(X.on(request("GET", "/photos/x"))).await.text(),
        "secret"
    );
    assert_eq!(client.keys("photos").await, ["a", "plain", "x", "y"]);
    let moved = request("PUT", "/photos/moved").header("x-qs-move-source", "/photos/a");
    assert_eq!(client.send(moved).await.status, 201);
    assert_eq!(client.get("/photos/moved").await.status, 400);
    assert_eq!(
        client
            .send(X.on(request("GET", "/photos/moved")))
            .await
            .text(),
        "secret"
    );
}

#[tokio::test]
async fn all_parts_of_an_upload_need_its_key() {
    let directory = tempfile::tempdir().unwrap();
    let (_emulator, client) = setup(directory.path()).await;
    let start = client
        .send(X.on(request("POST", "/photos/film?uploads")))
        .await;
    assert_eq!(start.header("x-qs-encryption-customer-algorithm"), "AES256");
    let id = start.json()["upload_id"].as_str().unwrap().to_owned();
    let part = |number: u32, body: Vec<u8>| {
        request(
            "PUT",
            format!("/photos/film?upload_id={id}&part_number={number}"),
        )
        .body(body)
    };
    let first = vec![b'1'; 4 << 20];
    assert_eq!(client.send(X.on(part(0, first.clone()))).await.status, 201);
    assert_eq!(client.send(X.on(part(1, b"22".to_vec()))).await.status, 201);
    assert_eq!(client.send(part(2, b"3".to_vec())).await.status, 400);
    assert_eq!(client.send(Y.on(part(2, b"3".to_vec()))).await.status, 403);
    let body = json!({"object_parts": [{"part_number": 0}, {"part_number": 1}]});
    let done = request("POST", format!("/photos/film?upload_id={id}")).json(&body);
    assert_eq!(client.send(done).await.status, 201);
    let got = client.send(X.on(request("GET", "/photos/film"))).await;
    assert_eq!(got.body, [first, b"22".to_vec()].concat());
    let append = X.on(request("POST", "/photos/log?append&position=0").body("x"));
    assert_eq!(
        client.send(append).await.error(),
        (400, "invalid_argument".to_owned())
    );
}
