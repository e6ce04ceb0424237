//! Malicious requests, each of which is refused with the right error.

use std::fmt::Write as _;

use qingstor_emulator::Emulator;
use serde_json::json;

use crate::client::{Client, Reply, Request, request, start_with_bucket, start_with_two_accounts};

async fn setup() -> (Emulator, Client) {
    let (emulator, client) = start_with_bucket().await;
    client.put("/photos/a", "0123456789").await;
    (emulator, client)
}

/// Checks that the response is a client error with a document.
fn is_refused(reply: &Reply, what: &str) {
    assert!((400..500).contains(&reply.status), "{what}: {reply:?}");
    assert!(!reply.error().1.is_empty(), "{what}");
}

#[tokio::test]
async fn refuses_bad_ranges() {
    let (_emulator, client) = setup().await;
    let get = |range: &str| {
        let get = request("GET", "/photos/a").header("Range", range);
        client.send(get)
    };
    for (range, expected) in [
        ("bytes=0-0", "0"),
        ("bytes=9-18446744073709551615", "9"),
        ("bytes=0-18446744073709551616", "0123456789"),
        ("bytes=-18446744073709551615", "0123456789"),
        ("bytes=-99999999999999999999999", "0123456789"),
    ] {
        let reply = get(range).await;
        assert_eq!((reply.status, reply.text()), (206, expected.to_owned()));
    }
    for range in [
        "bytes=0-0,5-",
        "bytes=-0",
        "bytes=10-",
        "bytes=5-4",
        "bytes=99999999999999999999999-",
        "bytes=--1",
        "bytes=+1-2",
        "bytes=0x0-1",
        "bytes=",
        "bytes=-",
        "bytes",
        "lines=0-1",
    ] {
        let reply = get(range).await;
        assert_eq!(reply.status, 416, "{range}");
    }
}

/// Operations with a JSON document.
const DOCUMENTS: [(&str, &str); 13] = [
    ("PUT", "/photos?acl"),
    ("PUT", "/photos?cors"),
    ("PUT", "/photos?policy"),
    ("PUT", "/photos?mirror"),
    ("PUT", "/photos?lifecycle"),
    ("PUT", "/photos?notification"),
    ("PUT", "/photos?logging"),
    ("PUT", "/photos?replication"),
    ("PUT", "/photos?versioning"),
    ("PUT", "/photos?cname"),
    ("DELETE", "/photos?cname"),
    ("POST", "/photos?delete"),
    ("POST", "/photos/a?upload_id=x"),
];

#[tokio::test]
async fn refuses_bad_documents() {
    let (_emulator, client) = setup().await;
    let nested = format!("{{\"acl\": {}", "[".repeat(1 << 20));
    let closed = format!("{}1{}", "[".repeat(1000), "]".repeat(1000));
    for document in [
        b"".as_slice(),
        b"\0",
        b"{\"acl\": \"\0\"}",
        b"\xff\xfe{\0}\0",
        b"\xef\xbb\xbf{}",
        b"{",
        b"{}}",
        b"null",
        b"[]",
        b"{}",
        b"1e999999",
        b"{\"a\": 1, \"a\": 2}",
        b"{\"acl\": [], \"acl\": 7}",
        b"{\"acl\": {\"\": null}}",
        b"{\"objects\": [1]}",
        b"{\"object_parts\": [{\"part_number\": -1}]}",
        b"{\"object_parts\": [{\"part_number\": 1e99}]}",
        b"{\"rule\": [null]}",
        b"{\"rules\": {}}",
        b"{\"status\": [\"ENABLED\"]}",
        b"{\"acl\": \"\\ud800\"}",
        nested.as_bytes(),
        closed.as_bytes(),
    ] {
        for (method, target) in DOCUMENTS {
            let put = request(method, target)
                .header("Content-MD5", crate::client::content_md5(document))
                .body(document);
            let reply = client.send(put).await;
            let shown = String::from_utf8_lossy(&document[..document.len().min(60)]);
            is_refused(&reply, &format!("{method} {target} {shown}"));
        }
    }
    let huge = vec![b' '; (8 << 20) + 1];
    let reply = client.send(request("PUT", "/photos?acl").body(huge)).await;
    assert_eq!(reply.error(), (400, "entity_too_large".to_owned()));
}

fn form(content_type: &str, body: impl Into<Vec<u8>>) -> Request {
    request("POST", "/photos")
        .header("Content-Type", content_type)
        .body(body)
}

fn field(name: &str, value: &str) -> String {
    format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

#[tokio::test]
async fn refuses_bad_forms() {
    let (_emulator, client) = setup().await;
    let usual = "multipart/form-data; boundary=b";
    let file = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nx\r\n";
    let good = format!("{}{file}--b--\r\n", field("key", "k"));
    for content_type in [
        "",
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"",
        &format!("multipart/form-data; boundary={}", "b".repeat(71)),
        "multipart/form-data; boundary=other",
    ] {
        let reply = client.send(form(content_type, good.clone())).await;
        is_refused(&reply, content_type);
    }
    let many = (0..5000).fold(String::new(), |mut fields, number| {
        fields.push_str(&field(&number.to_string(), ""));
        fields
    });
    let endless = "--b\r\nX-Long: ".to_owned() + &"x".repeat(20 << 20);
    let headers = (0..10_000).fold("--b\r\n".to_owned(), |mut text, number| {
        write!(text, "X-{number}: v\r\n").unwrap();
        text
    });
    for body in [
        String::new(),
        "--b--\r\n".to_owned(),
        "b".repeat(1000),
        field("key", "k") + "--b--\r\n",
        field("key", "k") + file,
        field("key", "k"),
        format!("{file}--b--\r\n"),
        format!("{}{file}--b--\r\n", field("key", "")),
        format!("{}{file}--b--\r\n", field("key", "/etc/passwd")),
        format!("{}{file}--b--\r\n", field("key", &"k".repeat(1024))),
        format!("{}{file}--b--\r\n", field("key", &"k".repeat(2 << 20))),
        format!("{}{file}{}--b--\r\n", field("", "k"), field("key", "k")),
        format!("{}{}{file}--b--\r\n", field("key", "k"), many),
        endless,
        headers,
    ] {
        let reply = client.send(form(usual, body.clone())).await;
        is_refused(&reply, body.get(..200).unwrap_or(&body));
    }
    assert_eq!(client.keys("photos").await, ["a"]);
    // File names are not used as paths.
    for key in ["../../a", "..\\a", "%2e%2e/a", "a//", "."] {
        let body = format!("{}{file}--b--\r\n", field("key", key));
        assert_eq!(client.send(form(usual, body)).await.status, 201, "{key}");
        assert!(client.keys("photos").await.contains(&key.to_owned()));
    }
}

#[tokio::test]
async fn refuses_bad_encryption_headers() {
    let (_emulator, client) = setup().await;
    let algorithm = ("algorithm", "AES256");
    let key = ("key", "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=");
    let md5 = ("key-md5", "3I/h1kl+vSP1l12NKhxegQ==");
    for headers in [
        &[algorithm][..],
        &[key],
        &[md5],
        &[algorithm, key],
        &[algorithm, md5],
        &[key, md5],
        &[("algorithm", "AES128"), key, md5],
        &[algorithm, ("key", "!!!!"), md5],
        &[algorithm, ("key", "eHh4"), md5],
        &[algorithm, ("key", ""), md5],
        &[algorithm, key, ("key-md5", "3I/h1kl+vSP1l12NKhxegA==")],
        &[algorithm, key, ("key-md5", "x")],
        &[algorithm, key, md5, key],
    ] {
        for (method, target) in [
            ("PUT", "/photos/b"),
            ("GET", "/photos/a"),
            ("POST", "/photos/b?uploads"),
        ] {
            let sent = headers
                .iter()
                .fold(request(method, target), |sent, header| {
                    let name = format!("x-qs-encryption-customer-{}", header.0);
                    sent.header(&name, header.1)
                });
            let reply = client.send(sent).await;
            is_refused(&reply, &format!("{method} {headers:?}"));
            assert!(
                !reply.text().contains("eHh4eHh4"),
                "the response contains the key"
            );
        }
    }
}

#[tokio::test]
async fn refuses_bad_uploads() {
    let (_emulator, client) = setup().await;
    let initiated = client.send(request("POST", "/photos/b?uploads")).await;
    let id = initiated.json()["upload_id"].as_str().unwrap().to_owned();
    for number in [
        "10001",
        "-1",
        "",
        "1.0",
        "0x1",
        "+1",
        "4294967296",
        "99999999999999999999",
    ] {
        let target = format!("/photos/b?upload_id={id}&part_number={number}");
        is_refused(&client.put(target, "x").await, number);
    }
    let long = "a".repeat(5000);
    for bad in ["", "x", "0", "%00", "..", "%F0%9F%98%80", &id[1..], &long] {
        let target = format!("/photos/b?upload_id={bad}&part_number=1");
        is_refused(&client.put(target, "x").await, bad);
        let target = format!("/photos/b?upload_id={bad}");
        is_refused(&client.get(target).await, bad);
    }
    // An upload ID is only valid for its key.
    let reply = client.put(format!("/photos/a?upload_id={id}&part_number=1"), "x");
    assert_eq!(reply.await.error().1, "upload_not_exists");
    let parts = (0..=10_001).map(|number| json!({"part_number": number}));
    let body = json!({"object_parts": parts.collect::<Vec<_>>()});
    let complete = request("POST", format!("/photos/b?upload_id={id}")).json(&body);
    is_refused(&client.send(complete).await, "10,002 parts");
    for limit in ["-1", "x", "99999999999999999999", "%00"] {
        let reply = client.get(format!("/photos/b?upload_id={id}&limit={limit}"));
        is_refused(&reply.await, limit);
    }
}

#[tokio::test]
async fn refuses_access_to_buckets_of_other_users() {
    let (_emulator, [alice, bob]) = start_with_two_accounts().await;
    alice.bucket("private").await;
    alice.put("/private/a", "secret").await;
    bob.bucket("bobsbox").await;
    for target in [
        "/private",
        "/private/",
        "/private/a",
        "/private/%61",
        "//private/a",
        "/bobsbox/../private/a",
        "/bobsbox/%2e%2e/private/a",
        "/bobsbox/..%2fprivate%2fa",
        "/bobsbox//private/a",
        "/%70rivate/a",
        "/private%2Fa",
        "/private/a?acl",
        "/private?policy",
        "/private/a?image&action=info",
    ] {
        for method in ["GET", "HEAD", "PUT", "DELETE"] {
            let reply = bob.send(request(method, target)).await;
            assert!(!reply.text().contains("secret"), "{method} {target}");
            assert_ne!(reply.status, 500);
        }
    }
    for source in [
        "/private/a",
        "//private/a",
        "/bobsbox/../private/a",
        "private/a",
    ] {
        let copy = request("PUT", "/bobsbox/stolen").header("x-qs-copy-source", source);
        is_refused(&bob.send(copy).await, source);
        let steal = request("PUT", "/bobsbox/stolen").header("x-qs-move-source", source);
        is_refused(&bob.send(steal).await, source);
    }
    assert_eq!(alice.get("/private/a").await.text(), "secret");
    assert_eq!(alice.keys("private").await, ["a"]);
}
