//! Objects: writing, reading, ranges, conditions, metadata.

use std::time::{Duration, SystemTime};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{
    content_md5, http_date, read_reply, request, start_with_bucket, start_with_two_accounts,
};

const ETAG: &str = "\"781e5e245d69b566979b86e28d23f2c7\"";

#[tokio::test]
async fn an_object_can_be_written_read_and_deleted() {
    let (_emulator, client) = start_with_bucket().await;
    assert_eq!(
        client.get("/photos/a").await.error(),
        (404, "object_not_exists".to_owned())
    );
    assert_eq!(client.head("/photos/a").await.status, 404);
    let created = client.put("/photos/a", "0123456789").await;
    assert_eq!((created.status, created.header("etag")), (201, ETAG));
    assert!(created.body.is_empty());

    let got = client.get("/photos/a").await;
    assert_eq!((got.status, got.text().as_str()), (200, "0123456789"));
    let head = client.head("/photos/a").await;
    for reply in [&got, &head] {
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("etag"), ETAG);
        assert_eq!(reply.header("content-length"), "10");
        assert_eq!(reply.header("content-type"), "application/octet-stream");
        assert_eq!(reply.header("x-qs-storage-class"), "STANDARD");
        assert!(reply.header("last-modified").ends_with("GMT"));
    }
    assert!(head.body.is_empty());

    client.put("/photos/a", "new").await;
    assert_eq!(client.get("/photos/a").await.text(), "new");
    assert_eq!(client.put("/photos/empty", "").await.status, 201);
    assert_eq!(
        client.get("/photos/empty").await.header("content-length"),
        "0"
    );
    for _ in 0..2 {
        assert_eq!(client.delete("/photos/a").await.status, 204);
    }
    assert_eq!(client.keys("photos").await, ["empty"]);
    assert_eq!(
        client.delete("/absent/a").await.error(),
        (404, "bucket_not_exists".to_owned())
    );
}

#[tokio::test]
async fn stores_metadata_and_storage_class() {
    let (_emulator, client) = start_with_bucket().await;
    let headers = [
        ("content-type", "text/plain; charset=utf8"),
        ("cache-control", "max-age=60"),
        ("content-disposition", "attachment; filename=\"a b\""),
        ("content-encoding", "identity"),
        ("expires", "Sun, 16 Aug 2015 09:05:00 GMT"),
        ("x-qs-storage-class", "STANDARD_IA"),
        ("x-qs-meta-k1", "v1"),
        ("x-qs-meta-k2", "with inner spaces"),
    ];
    let put = headers
        .iter()
        .fold(request("PUT", "/photos/a"), |request, (name, value)| {
            request.header(name, *value)
        });
    assert_eq!(client.send(put).await.status, 201);
    for reply in [
        client.get("/photos/a").await,
        client.head("/photos/a").await,
    ] {
        for (name, value) in headers {
            assert_eq!(reply.header(name), value, "{name}");
        }
    }
    for (name, value, code) in [
        ("x-qs-storage-class", "GLACIER", "invalid_request"),
        ("x-qs-meta-a", &"v".repeat(2048), "metadata_too_large"),
        ("x-qs-meta-a!", "v", "invalid_argument"),
    ] {
        let put = request("PUT", "/photos/b").header(name, value);
        assert_eq!(
            client.send(put).await.error(),
            (400, code.to_owned()),
            "{name}"
        );
    }
    assert_eq!(client.keys("photos").await, ["a"]);
}

#[tokio::test]
async fn checks_digests() {
    let (_emulator, client) = start_with_bucket().await;
    let put = |md5: String| {
        request("PUT", "/photos/a")
            .header("Content-MD5", md5)
            .body("body")
    };
    assert_eq!(client.send(put(content_md5(b"body"))).await.status, 201);
    let hex = "841a2d689ad86bd1611447453c22c6fc".to_owned();
    assert_eq!(client.send(put(hex)).await.status, 201);
    client.delete("/photos/a").await;
    assert_eq!(
        client.send(put(content_md5(b"other"))).await.error(),
        (400, "bad_digest".to_owned())
    );
    assert_eq!(
        client.send(put("nonsense".to_owned())).await.error(),
        (400, "invalid_argument".to_owned())
    );
    assert!(client.keys("photos").await.is_empty());
}

#[tokio::test]
async fn reads_ranges() {
    let (_emulator, client) = start_with_bucket().await;
    client.put("/photos/a", "0123456789").await;
    let get = |range: &str| client.send(request("GET", "/photos/a").header("Range", range));
    for (range, body, content_range) in [
        ("bytes=0-0", "0", "bytes 0-0/10"),
        ("bytes=2-5", "2345", "bytes 2-5/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=7-99", "789", "bytes 7-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=-99", "0123456789", "bytes 0-9/10"),
    ] {
        let reply = get(range).await;
        assert_eq!(
            (reply.status, reply.text().as_str()),
            (206, body),
            "{range}"
        );
        assert_eq!(reply.header("content-range"), content_range);
        assert_eq!(reply.header("content-length"), body.len().to_string());
        assert_eq!(reply.header("etag"), ETAG);
    }
    for range in [
        "bytes=10-",
        "bytes=5-2",
        "bytes=-0",
        "bytes=0-1,4-5",
        "lines=1-2",
        "bytes=x",
    ] {
        let reply = get(range).await;
        assert_eq!(reply.error(), (416, "invalid_range".to_owned()), "{range}");
        assert_eq!(reply.header("content-range"), "bytes */10");
    }
}

#[tokio::test]
async fn checks_conditions() {
    let (_emulator, client) = start_with_bucket().await;
    client.put("/photos/a", "0123456789").await;
    let before = http_date(SystemTime::now() - Duration::from_secs(60));
    let after = http_date(SystemTime::now() + Duration::from_secs(60));
    for (name, value, expected) in [
        ("If-Match", ETAG, 200),
        ("If-Match", "\"other\"", 412),
        ("If-None-Match", ETAG, 304),
        ("If-None-Match", "\"other\"", 200),
        ("If-Modified-Since", &before, 200),
        ("If-Modified-Since", &after, 304),
        ("If-Unmodified-Since", &before, 412),
        ("If-Unmodified-Since", &after, 200),
    ] {
        for method in ["GET", "HEAD"] {
            let reply = client
                .send(request(method, "/photos/a").header(name, value))
                .await;
            assert_eq!(reply.status, expected, "{method} {name}: {value}");
            match (method, expected) {
                ("GET", 412) => assert_eq!(reply.error().1, "precondition_failed"),
                (_, 304) => {
                    assert!(reply.body.is_empty());
                    assert_eq!(reply.header("etag"), ETAG);
                }
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn a_reader_finishes_an_object_that_changes() {
    use tokio::io::AsyncReadExt;

    let (_emulator, client) = start_with_bucket().await;
    // Larger than the socket buffers, so that the emulator still reads when the object changes.
    let size = 32 << 20;
    client.put("/photos/a", vec![b'1'; size]).await;
    let get = request("GET", "/photos/a").signed(&client).to_bytes();
    let mut stream = client.open(&get).await;
    let mut start = [0; 1024];
    stream.read_exact(&mut start).await.unwrap();

    client.put("/photos/a", "2").await;
    assert_eq!(client.delete("/photos/a").await.status, 204);
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    let ones = start
        .iter()
        .chain(&rest)
        .filter(|&&byte| byte == b'1')
        .count();
    assert!(ones >= size, "{ones}");
    assert!(
        rest.iter()
            .rev()
            .take(size - 1024)
            .all(|&byte| byte == b'1')
    );
}

#[tokio::test]
async fn concurrent_writes_are_atomic() {
    let (_emulator, client) = start_with_bucket().await;
    let writers = (0..16_u8).map(|writer| {
        let client = client.clone();
        tokio::spawn(async move {
            let body = vec![b'a' + writer; 100_000];
            client.put("/photos/shared", body).await.status
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        assert_eq!(writer.await.unwrap(), 201);
    }
    let got = client.get("/photos/shared").await;
    assert_eq!(got.body.len(), 100_000);
    assert!(got.body.iter().all(|byte| *byte == got.body[0]));
}

#[tokio::test]
async fn a_slow_body_is_not_stored_in_a_new_bucket_of_the_same_name() {
    let (_emulator, [alice, bob]) = start_with_two_accounts().await;
    for (method, target) in [
        ("PUT", "/photos/a"),
        ("POST", "/photos/a?append&position=0"),
    ] {
        alice.bucket("photos").await;
        let begun = request(method, target)
            .header("Content-Length", "5")
            .header("Expect", "100-continue")
            .signed(&alice);
        let mut stream = TcpStream::connect(alice.addr).await.unwrap();
        stream.write_all(&begun.to_bytes()).await.unwrap();
        let mut interim = [0; 25];
        stream.read_exact(&mut interim).await.unwrap();
        assert_eq!(alice.delete("/photos").await.status, 204);
        bob.bucket("photos").await;
        stream.write_all(b"12345").await.unwrap();
        let reply = read_reply(&mut stream).await;
        assert_eq!(reply.error(), (404, "bucket_not_exists".to_owned()));
        assert!(bob.keys("photos").await.is_empty());
        assert_eq!(bob.delete("/photos").await.status, 204);
    }
}
