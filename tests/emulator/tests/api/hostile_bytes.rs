//! Malformed HTTP, which the HTTP library or the emulator refuses.

use std::time::Duration;

use qingstor_emulator::Emulator;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{Client, Reply, Request, content_md5, request};

/// Creates a public bucket, so that requests do not fail because of their signature.
async fn setup() -> (Emulator, Client) {
    let timeout = Duration::from_secs(2);
    let builder = Emulator::builder().in_memory().client_timeout(timeout);
    let emulator = builder.start().await.unwrap();
    let client = Client::new(&emulator);
    client.bucket("opened").await;
    let everybody = json!({"acl": [
        {"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "FULL_CONTROL"}
    ]});
    let put = request("PUT", "/opened?acl").json(&everybody);
    assert_eq!(client.send(put).await.status, 200);
    client.put("/opened/a", "0123456789").await;
    (emulator, client)
}

/// Sends bytes, closes the sending side, and reads until the server closes the connection.
async fn responses_to(client: &Client, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(client.addr).await.unwrap();
    // The server may close the connection before all bytes are sent.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut response = Vec::new();
    let read = stream.read_to_end(&mut response);
    // A reset is acceptable, but no reaction is not.
    let _ = tokio::time::timeout(Duration::from_secs(20), read)
        .await
        .unwrap_or_else(|_| {
            panic!(
                "the connection stays open after {}",
                String::from_utf8_lossy(bytes)
            )
        });
    response
}

#[tokio::test]
async fn refuses_bad_framing() {
    let (_emulator, client) = setup().await;
    for head in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: -1",
        "Content-Length: +5",
        "Content-Length: 5, 6",
        "Content-Length: 99999999999999999999",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked, identity",
        "Content-Length: 5\r\n folded: x",
        "Content-Length : 5",
        "Content\0Length: 5",
        "Content-Length: 5\r\nX-Qs-Meta-A: \0",
        "Content-Length: 5\r\nHost: other",
        "Content-Length: 5\nHost",
    ] {
        for body in [
            "",
            "5\r\n12345\r\n0\r\n\r\n",
            "FFFFFFFFFFFFFFFFF\r\n",
            "-1\r\n",
            "zz\r\n",
        ] {
            // A complete chunked body does not need `Content-Length`, and has precedence over it.
            if head.ends_with("Transfer-Encoding: chunked") && body.ends_with("0\r\n\r\n") {
                continue;
            }
            let bytes = format!("PUT /opened/b HTTP/1.1\r\nHost: h\r\n{head}\r\n\r\n{body}");
            let response = responses_to(&client, bytes.as_bytes()).await;
            if let Some(reply) = Reply::parse(&response) {
                assert!((400..500).contains(&reply.status), "{bytes}: {reply:?}");
            }
        }
    }
    assert_eq!(client.get("/opened/b").await.status, 404);
}

#[tokio::test]
async fn refuses_bad_targets_and_methods() {
    let (_emulator, client) = setup().await;
    let long = format!("/opened/{}", "k".repeat(1024));
    for (line, expected) in [
        ("GET /opened/%00 HTTP/1.1", 404),
        ("PUT /opened/%00 HTTP/1.1", 201),
        ("GET /opened/%c0%af HTTP/1.1", 400),
        ("GET /opened/%ff HTTP/1.1", 400),
        ("GET /opened/%zz HTTP/1.1", 400),
        ("GET /opened/% HTTP/1.1", 400),
        ("GET http://pek3a.qingstor.com/opened/a HTTP/1.1", 200),
        ("GET http://opened.pek3a.qingstor.com/a HTTP/1.1", 200),
        ("GET ftp://:@/opened/a HTTP/1.1", 400),
        ("CONNECT opened:80 HTTP/1.1", 400),
        ("GET * HTTP/1.1", 400),
        ("GET opened/a HTTP/1.1", 400),
        ("GET /opened/a HTTP/1.0", 200),
        ("GET /opened/a HTTP/0.9", 400),
        ("GET /opened/a HTTP/2.0", 400),
        ("GET /opened/a", 400),
        ("BREW /opened/a HTTP/1.1", 405),
        ("get /opened/a HTTP/1.1", 405),
        ("G\0T /opened/a HTTP/1.1", 400),
        ("TRACE /opened/a HTTP/1.1", 405),
        ("GET /opened/a?acl&uploads&versions&cors HTTP/1.1", 400),
        (&format!("PUT {long} HTTP/1.1"), 400),
    ] {
        let host = if line.contains("://") {
            ""
        } else {
            "Host: h\r\n"
        };
        let bytes = format!("{line}\r\n{host}Content-Length: 0\r\nConnection: close\r\n\r\n");
        let reply = Reply::parse(&responses_to(&client, bytes.as_bytes()).await);
        let status = reply.map(|reply| reply.status);
        assert_eq!(status, Some(expected), "{line}");
    }
}

#[tokio::test]
async fn responds_to_pipelined_requests_in_order() {
    let (_emulator, client) = setup().await;
    let mut bytes = Vec::new();
    for number in 0..50 {
        let body = format!("{number}");
        bytes.extend_from_slice(
            format!(
                "PUT /opened/p HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}\
                 GET /opened/p HTTP/1.1\r\nHost: h\r\n\r\n",
                body.len()
            )
            .as_bytes(),
        );
    }
    let responses = responses_to(&client, &bytes).await;
    let text = String::from_utf8(responses).unwrap();
    assert_eq!(text.matches("HTTP/1.1 201").count(), 50);
    assert_eq!(text.matches("HTTP/1.1 200").count(), 50);
    let mut rest = text.as_str();
    for number in 0..50 {
        let body = format!("\r\n\r\n{number}HTTP/1.1 201");
        let end = format!("\r\n\r\n{number}");
        let found = if number == 49 {
            rest.find(&end)
        } else {
            rest.find(&body)
        };
        rest = &rest[found.unwrap_or_else(|| panic!("no response to {number}"))..];
    }
}

/// Returns one request of each kind.
fn seeds() -> Vec<Request> {
    let trio = |request: Request| {
        let key = "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=";
        request
            .header("x-qs-encryption-customer-algorithm", "AES256")
            .header("x-qs-encryption-customer-key", key)
            .header(
                "x-qs-encryption-customer-key-md5",
                "3I/h1kl+vSP1l12NKhxegQ==",
            )
    };
    let form = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nf-${filename}\r\n--b\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"n\"\r\n\r\nx\r\n--b--\r\n";
    let documents = [
        (
            "PUT",
            "/opened?cors",
            r#"{"cors_rules":[{"allowed_origin":"*","allowed_methods":["GET"]}]}"#,
        ),
        (
            "PUT",
            "/opened?policy",
            r#"{"statement":[{"id":"a","user":["*"],"action":["get_object"],"effect":"allow","resource":["opened/*"],"condition":{"ip_address":{"source_ip":["10.0.0.0/8"]}}}]}"#,
        ),
        (
            "PUT",
            "/opened?lifecycle",
            r#"{"rule":[{"id":"r","status":"enabled","filter":{"prefix":"t/"},"expiration":{"days":3}}]}"#,
        ),
        (
            "PUT",
            "/opened?notification",
            r#"{"notifications":[{"id":"n","event_types":["create_object"],"cloudfunc":"notifier","object_filters":["*"],"notify_url":"http://127.0.0.1:9/"}]}"#,
        ),
        (
            "PUT",
            "/opened?logging",
            r#"{"target_bucket":"opened","target_prefix":"l/"}"#,
        ),
        ("PUT", "/opened?versioning", r#"{"status":"ENABLED"}"#),
        (
            "PUT",
            "/opened?cname",
            r#"{"domain":"www.example.com","type":"normal"}"#,
        ),
        (
            "POST",
            "/opened?delete",
            r#"{"objects":[{"key":"x"},{"key":"y"}],"quiet":true}"#,
        ),
        (
            "POST",
            "/opened/a?upload_id=0123456789abcdef0123456789abcdef",
            r#"{"object_parts":[{"part_number":0,"etag":"x"}]}"#,
        ),
    ];
    let mut seeds = vec![
        request("GET", "/"),
        request("GET", "/opened?prefix=a&delimiter=%2F&marker=0&limit=10"),
        request(
            "GET",
            "/opened?versions&key_marker=a&version_id_marker=null",
        ),
        request("GET", "/opened?uploads&upload_id_marker=x"),
        request("GET", "/opened?stats"),
        request("GET", "/opened/a")
            .header("Range", "bytes=2-5")
            .header("If-Match", "\"x\", *"),
        request("HEAD", "/opened/a?version_id=NjkxMjM0MzM1MjAxNzAwODMz"),
        request(
            "GET",
            "/opened/a?response-content-type=a%2Fb&response-expires=x",
        ),
        request("PUT", "/opened/b")
            .body("content")
            .header("x-qs-meta-a", "b"),
        request("PUT", "/opened/c").header("x-qs-copy-source", "/opened/a?version_id=null"),
        request("PUT", "/opened/c").header("x-qs-move-source", "/opened/b"),
        request("POST", "/opened/log?append&position=0").body("x"),
        request("POST", "/opened/m?uploads"),
        request(
            "PUT",
            "/opened/m?upload_id=0123456789abcdef0123456789abcdef&part_number=1",
        )
        .body("x"),
        request("DELETE", "/opened/b?version_id=null"),
        request("GET", "/opened/a?image&action=resize:w_10,h_10|info"),
        request("OPTIONS", "/opened/a")
            .header("Origin", "http://x")
            .header("Access-Control-Request-Method", "GET"),
        request("POST", "/opened")
            .header("Content-Type", "multipart/form-data; boundary=b")
            .body(form),
        trio(request("PUT", "/opened/s").body("secret")),
        trio(request("GET", "/opened/s")),
    ];
    seeds.extend(documents.map(|(method, target, body)| {
        let put = request(method, target).header("Content-MD5", content_md5(body.as_bytes()));
        put.body(body)
    }));
    seeds
}

/// Changes a few bytes of a request.
fn mutate(bytes: &mut Vec<u8>, random: &mut fastrand::Rng) {
    const TOKENS: [&[u8]; 14] = [
        b"\0",
        b"\r\n",
        b"%00",
        b"%",
        b"..",
        b"/",
        b"?",
        b"&",
        b"=",
        b"-1",
        b"99999999999999999999",
        b"\xff\xfe",
        b"\"",
        b"{[",
    ];
    for _ in 0..random.usize(1..4) {
        if bytes.is_empty() {
            return;
        }
        let at = random.usize(..bytes.len());
        match random.u8(..6) {
            0 => bytes[at] = random.u8(..),
            1 => drop(bytes.remove(at)),
            2 => bytes.truncate(at),
            3 => {
                let end = (at + random.usize(..40)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let token = TOKENS[random.usize(..TOKENS.len())];
                bytes.splice(at..at, token.iter().copied());
            }
        }
    }
}

#[tokio::test]
async fn mutated_requests_do_no_harm() {
    let (_emulator, client) = setup().await;
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let seeds = seeds();
    for _ in 0..50 {
        for seed in &seeds {
            // Signed requests also reach operations that are not public.
            let mut bytes = if random.bool() {
                seed.clone().signed(&client).to_bytes()
            } else {
                seed.to_bytes()
            };
            mutate(&mut bytes, &mut random);
            let response = responses_to(&client, &bytes).await;
            let shown = String::from_utf8_lossy(&bytes);
            if !response.is_empty() {
                let reply =
                    Reply::parse(&response).unwrap_or_else(|| panic!("incomplete head: {shown}"));
                assert!(reply.status != 500, "{shown}\n{}", reply.text());
            }
        }
    }
    // The emulator still works, and buckets of other users are unchanged.
    assert_eq!(client.get("/").await.status, 200);
}
