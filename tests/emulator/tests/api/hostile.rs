//! Clients that are broken, slow or malicious.

use std::path::Path;
use std::time::Duration;

use qingstor_emulator::Emulator;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Client, Request, read_reply, request, start, start_with_bucket};

/// Returns all files below a directory except those of an empty store.
fn files(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    found.retain(|name| name != "qingstor-emulator.json" && name != "records.redb");
    found
}

/// Waits for a condition that becomes true soon after the client has disconnected.
async fn eventually(condition: impl Fn() -> bool) {
    for _ in 0..200 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the condition did not become true");
}

#[tokio::test]
async fn an_aborted_upload_leaves_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let emulator = Emulator::builder()
        .data_dir(directory.path())
        .start()
        .await
        .unwrap();
    let client = Client::new(&emulator);
    client.bucket("photos").await;
    let mut stream = client.begin_put("/photos/a", 1_000_000).await;
    stream.write_all(&[b'x'; 600_000]).await.unwrap();
    eventually(|| files(directory.path()).len() == 1).await;
    drop(stream);
    eventually(|| files(directory.path()).is_empty()).await;
    assert!(client.keys("photos").await.is_empty());
}

#[tokio::test]
async fn reports_a_body_that_ends_too_early() {
    let (_emulator, client) = start_with_bucket().await;
    client.put("/photos/a", "old").await;
    let mut stream = client.begin_put("/photos/a", 10).await;
    stream.write_all(b"12345").await.unwrap();
    stream.shutdown().await.unwrap();
    let reply = read_reply(&mut stream).await;
    assert_eq!(reply.error(), (400, "incomplete_body".to_owned()));
    assert_eq!(client.get("/photos/a").await.text(), "old");
}

#[tokio::test]
async fn closes_connections_of_slow_clients() {
    let emulator = Emulator::builder()
        .client_timeout(Duration::from_millis(200))
        .start()
        .await
        .unwrap();
    let client = Client::new(&emulator);
    client.bucket("photos").await;

    let mut stream = client.begin_put("/photos/a", 10).await;
    stream.write_all(b"12345").await.unwrap();
    let reply = read_reply(&mut stream).await;
    assert_eq!(reply.error(), (400, "incomplete_body".to_owned()));
    assert!(client.keys("photos").await.is_empty());

    let mut stream = client.open(b"GET / HTT").await;
    let mut rest = Vec::new();
    let closed = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest);
    tokio::time::timeout(Duration::from_secs(10), closed)
        .await
        .expect("the connection stays open")
        .unwrap();
}

#[tokio::test]
async fn keys_do_not_leave_the_data_directory() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let emulator = Emulator::builder().data_dir(&data).start().await.unwrap();
    let client = Client::new(&emulator);
    client.bucket("photos").await;
    for path in [
        "../escaped",
        "../../../escaped",
        "%2e%2e/%2e%2e/escaped",
        "..%2F..%2Fescaped",
        "..%5C..%5Cescaped",
        "a/../../../escaped",
        "../photos/bucket.json",
    ] {
        let target = format!("/photos/{path}");
        assert_eq!(client.put(&target, path).await.status, 201, "{path}");
        assert_eq!(client.get(&target).await.text(), path);
    }
    let outside = std::fs::read_dir(parent.path()).unwrap().count();
    assert_eq!(outside, 1, "there are files outside the data directory");
    for name in files(&data) {
        assert!(!name.contains("escaped"), "{name}");
    }
    assert_eq!(client.get("/photos?acl").await.status, 200);
    // Neither do bucket names.
    for target in ["/..", "/..%2F..", "/%2e%2e", "/.%00"] {
        assert_eq!(client.put(target, "").await.status, 400, "{target}");
        assert_eq!(client.get(target).await.status, 404, "{target}");
        let inside = format!("{target}/bucket.json");
        assert_eq!(client.get(inside).await.status, 404, "{target}");
    }
}

#[tokio::test]
async fn an_unread_body_does_not_prevent_the_response() {
    let emulator = start().await;
    let client = Client::new(&emulator);
    let reply = client.put("/absent/a", vec![0; 8 << 20]).await;
    assert_eq!(reply.error(), (404, "bucket_not_exists".to_owned()));
    // A client that waits for `100 Continue` does not send the body.
    client.bucket("photos").await;
    let polite = |target: &str| {
        request("PUT", target)
            .header("Expect", "100-continue")
            .header("Content-Length", "5")
            .signed(&client)
            .to_bytes()
    };
    let reply = client.exchange(&polite("/absent/a")).await;
    assert_eq!(reply.status, 404);
    let mut stream = client.open(&polite("/photos/a")).await;
    let mut interim = [0; 25];
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut interim)
        .await
        .unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"12345").await.unwrap();
    assert_eq!(read_reply(&mut stream).await.status, 201);
}

#[tokio::test]
async fn the_length_of_a_body_is_limited() {
    let (_emulator, client) = start_with_bucket().await;
    let huge = request("PUT", "/photos/a")
        .header("Content-Length", (5_u64 << 30 | 1).to_string())
        .header("Expect", "100-continue");
    let reply = client.send(huge).await;
    assert_eq!(reply.error(), (400, "entity_too_large".to_owned()));
}

/// A client that sends a head and then waits, without asking for `100 Continue`.
#[tokio::test]
async fn refuses_a_request_before_its_body_arrives() {
    let timeout = std::time::Duration::from_secs(600);
    let emulator = Emulator::builder().client_timeout(timeout).start().await;
    let emulator = emulator.unwrap();
    let client = Client::new(&emulator);
    client.bucket("photos").await;
    let announced = |request: Request, length: u64| {
        let length = length.to_string();
        request
            .header("Content-Length", length)
            .header("Content-Type", "multipart/form-data; boundary=b")
    };
    let huge = 6 << 30;
    for (request, length, code) in [
        (request("PUT", "/photos/a"), huge, "entity_too_large"),
        (
            request("PUT", "/photos/a?part_number=0&upload_id=x"),
            huge,
            "upload_not_exists",
        ),
        (
            request("POST", "/photos/a?append&position=0"),
            huge,
            "entity_too_large",
        ),
        (request("POST", "/photos"), huge, "entity_too_large"),
        (request("PUT", "/photos?acl"), huge, "entity_too_large"),
        (
            request("POST", "/photos?delete").header("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="),
            huge,
            "entity_too_large",
        ),
        (
            request("PUT", "/photos/a").header("x-qs-copy-source", "/photos/b"),
            5,
            "invalid_request",
        ),
        (
            request("PUT", "/photos/a").header("x-qs-fetch-source", "http://a/"),
            huge,
            "invalid_request",
        ),
        (request("PUT", "/absent/a"), huge, "bucket_not_exists"),
        (request("PUT", "/absent/a"), 5, "bucket_not_exists"),
    ] {
        let request = announced(request, length).signed(&client);
        let reply = client.exchange_head(&request.to_bytes()).await;
        assert_eq!(reply.error().1, code, "{request:?}");
    }
    // A client that sends single bytes does not delay the response.
    let slow = announced(request("PUT", "/absent/a"), 1 << 20).signed(&client);
    let mut stream = TcpStream::connect(emulator.addr()).await.unwrap();
    stream.write_all(&slow.to_bytes()).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let trickle = async {
        for _ in 0..1000 {
            writer.write_all(b"x").await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let mut status = [0; 12];
    tokio::select! {
        () = trickle => panic!("no response before the body"),
        read = reader.read_exact(&mut status) => assert_eq!(read.unwrap(), status.len()),
    }
    assert_eq!(&status, b"HTTP/1.1 404");
    // A client that sends everything before reading receives the response, and can send another
    // request.
    let put = request("PUT", "/absent/a")
        .body(vec![0; 8 << 20])
        .signed(&client);
    assert_eq!(client.send_as_is(&put).await.status, 404);
    assert_eq!(client.put("/photos/a", "content").await.status, 201);
}

#[tokio::test]
async fn refuses_malformed_requests() {
    let emulator = start().await;
    let client = Client::new(&emulator);
    let long = "a".repeat(100_000);
    let head =
        |lines: &str| format!("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{lines}\r\n");
    let many = (0..500)
        .map(|n| format!("x-{n}: v\r\n"))
        .collect::<String>();
    for (bytes, expected) in [
        // The HTTP library refuses these with a status and no body, as a proxy would.
        (format!("GET /{long} HTTP/1.1\r\n\r\n"), 414),
        (head(&format!("x-long: {}\r\n", long.repeat(10))), 431),
        (head(&many), 431),
        ("nonsense\r\n\r\n".to_owned(), 400),
        ("GET /<> HTTP/1.1\r\n\r\n".to_owned(), 400),
        // The emulator refuses these.
        (
            "OPTIONS * HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(),
            400,
        ),
        ("GET / HTTP/1.0\r\n\r\n".to_owned(), 403),
        (head("Host: another\r\n"), 400),
        (
            head("Authorization: QS a:b\r\nAuthorization: QS a:b\r\n"),
            400,
        ),
        (
            "GET /%00 HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(),
            404,
        ),
        (
            "GET /?a=%zz HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(),
            400,
        ),
        (
            "GET http://pek3a.qingstor.com HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(),
            403,
        ),
    ] {
        let reply = client.exchange(bytes.as_bytes()).await;
        assert_eq!(
            reply.status,
            expected,
            "{}",
            bytes.get(..60).unwrap_or(&bytes)
        );
        if !matches!(expected, 414 | 431) && !bytes.starts_with("nonsense") && !bytes.contains('<')
        {
            assert!(!reply.error().1.is_empty());
        }
    }
    // The emulator still works.
    assert_eq!(client.get("/").await.status, 200);
}
