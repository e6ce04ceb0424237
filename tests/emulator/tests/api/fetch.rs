//! Objects that are fetched from other sites.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use qingstor_emulator::Emulator;
use tokio::sync::Semaphore;

use crate::client::{
    Client, Reply, Request, http_date, request, start_with_bucket, start_with_bucket_by,
};
use crate::origin::{Origin, Sent};

fn fetch(target: &str, url: impl Into<String>) -> Request {
    request("PUT", target).header("x-qs-fetch-source", url)
}

async fn fetched(client: &Client, url: impl Into<String>) -> Reply {
    client.send(fetch("/photos/a", url)).await
}

#[tokio::test]
async fn a_fetched_object_has_the_content_type_of_its_origin() {
    let (_emulator, client) = start_with_bucket().await;
    let origin = Origin::with(Sent::new(200, "Content-Type: text/plain\r\n", "content")).await;
    let reply = fetched(&client, origin.url("/x/y?z=%20")).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let got = client.get("/photos/a").await;
    assert_eq!(got.text(), "content");
    assert_eq!(got.header("content-type"), "text/plain");
    assert_eq!(got.header("etag"), reply.header("etag"));
    let asked = &origin.requests()[0];
    assert_eq!(asked.method, "GET");
    assert_eq!(asked.target, "/x/y?z=%20");
    assert!(!asked.head.contains("authorization"), "{}", asked.head);
    assert!(asked.head.contains("accept-encoding: identity"));

    // The content type of the request has precedence. The default protocol is http.
    let put = fetch("/photos/b", origin.addr.to_string())
        .header("Content-Type", "text/html")
        .header("x-qs-meta-color", "red")
        .header("x-qs-storage-class", "STANDARD_IA");
    assert_eq!(client.send(put).await.status, 201);
    let got = client.get("/photos/b").await;
    assert_eq!(got.text(), "content");
    assert_eq!(got.header("content-type"), "text/html");
    assert_eq!(got.header("x-qs-meta-color"), "red");
    assert_eq!(got.header("x-qs-storage-class"), "STANDARD_IA");
}

#[tokio::test]
async fn a_fetched_object_can_be_encrypted() {
    let (_emulator, client) = start_with_bucket().await;
    let origin = Origin::with(Sent::new(200, "", "secret content")).await;
    let with_key = |request: Request| {
        request
            .header("x-qs-encryption-customer-algorithm", "AES256")
            .header(
                "x-qs-encryption-customer-key",
                "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=",
            )
            .header(
                "x-qs-encryption-customer-key-md5",
                "3I/h1kl+vSP1l12NKhxegQ==",
            )
    };
    let put = with_key(fetch("/photos/a", origin.url("/")));
    assert_eq!(client.send(put).await.status, 201);
    assert_eq!(client.get("/photos/a").await.status, 400);
    let got = client.send(with_key(request("GET", "/photos/a"))).await;
    assert_eq!(got.text(), "secret content");
    assert!(!origin.requests()[0].head.contains("customer"));
}

#[tokio::test]
async fn follows_a_limited_number_of_redirects() {
    let (_emulator, client) = start_with_bucket().await;
    let target = Origin::with(Sent::new(200, "", "content")).await;
    let elsewhere = target.url("/there");
    let origin = Origin::start(move |request| {
        let (status, rest) = request.target[1..].split_once('/').unwrap();
        let sent = match rest {
            "loop" => Sent::redirect(302, "/302/loop"),
            "far" => Sent::redirect(status.parse().unwrap(), &elsewhere),
            "near" => Sent::redirect(status.parse().unwrap(), "far"),
            _ => Sent::new(302, "", ""),
        };
        std::future::ready(sent)
    })
    .await;
    for status in [301, 302, 307] {
        let reply = fetched(&client, origin.url(&format!("/{status}/near"))).await;
        assert_eq!(reply.status, 201, "{status} {}", reply.text());
    }
    assert_eq!(target.requests().len(), 3);
    for path in [
        "/302/loop",
        "/302/nowhere",
        "/303/far",
        "/308/far",
        "/304/far",
    ] {
        let reply = fetched(&client, origin.url(path)).await;
        assert_eq!(reply.error(), (503, "upstream_failed".to_owned()), "{path}");
    }
    assert_eq!(target.requests().len(), 3);
    let loops = origin.requests();
    let loops = loops.iter().filter(|asked| asked.target == "/302/loop");
    assert_eq!(loops.count(), 11);
}

#[tokio::test]
async fn failing_origins_leave_no_object() {
    let impatient = Emulator::builder().client_timeout(Duration::from_secs(1));
    let (_emulator, client) = start_with_bucket_by(impatient).await;
    client.put("/photos/a", "before").await;
    for (sent, status, code) in [
        (Sent::new(404, "", "gone"), 404, "object_not_exists"),
        (Sent::new(500, "", ""), 503, "upstream_failed"),
        (Sent::new(403, "", ""), 503, "upstream_failed"),
        (Sent::new(206, "", "part"), 503, "upstream_failed"),
        (Sent::raw("HTTP/1.1 204 X\r\n\r\n"), 503, "upstream_failed"),
        (Sent::raw("nonsense\r\n\r\n"), 503, "upstream_failed"),
        (Sent::raw(""), 503, "upstream_failed"),
        // No length: chunked, or until the connection closes.
        (
            Sent::raw("HTTP/1.1 200 X\r\n\r\ncontent"),
            503,
            "upstream_failed",
        ),
        (
            Sent::raw("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
            503,
            "upstream_failed",
        ),
        (
            Sent::raw("HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nshort"),
            503,
            "upstream_failed",
        ),
        (
            Sent::raw("HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nslow").then_hangs(),
            503,
            "upstream_failed",
        ),
        (
            Sent::raw("HTTP/1.1 200 X\r\n").then_hangs(),
            503,
            "upstream_failed",
        ),
        (
            Sent::raw("HTTP/1.1 200 X\r\nContent-Length: 5368709121\r\n\r\n").then_hangs(),
            400,
            "entity_too_large",
        ),
    ] {
        let origin = Origin::with(sent.clone()).await;
        let reply = fetched(&client, origin.url("/")).await;
        assert_eq!(reply.error(), (status, code.to_owned()), "{sent:?}");
    }
    // No server listens on this port.
    let reply = fetched(&client, "http://127.0.0.1:1/").await;
    assert_eq!(reply.error(), (503, "upstream_failed".to_owned()));
    assert_eq!(client.get("/photos/a").await.text(), "before");
    let statistics = client.get("/photos?stats").await.json();
    assert_eq!(statistics["size"], 6);
}

#[tokio::test]
async fn refuses_an_origin_that_was_modified() {
    let (_emulator, client) = start_with_bucket().await;
    let now = SystemTime::now();
    let modified = http_date(now);
    let headers = format!("Last-Modified: {modified}\r\n");
    let dated = Origin::with(Sent::new(200, &headers, "content")).await;
    let undated = Origin::with(Sent::new(200, "", "content")).await;
    let before = http_date(now - Duration::from_secs(60));
    for (origin, since, status) in [
        (&dated, before.as_str(), 412),
        (&dated, &modified, 201),
        (&undated, &before, 201),
        (&undated, "yesterday", 400),
    ] {
        let put =
            fetch("/photos/a", origin.url("/")).header("x-qs-fetch-if-unmodified-since", since);
        let reply = client.send(put).await;
        assert_eq!(reply.status, status, "{since} {}", reply.text());
    }
}

#[tokio::test]
async fn refuses_invalid_fetches() {
    let (_emulator, client) = start_with_bucket().await;
    let origin = Origin::with(Sent::new(200, "", "content")).await;
    let url = origin.url("/");
    let put = || fetch("/photos/a", url.clone());
    for (put, status, code) in [
        (put().body("body"), 400, "invalid_request"),
        (
            put().header("x-qs-copy-source", "/photos/b"),
            400,
            "invalid_argument",
        ),
        (
            put().header("x-qs-move-source", "/photos/b"),
            400,
            "invalid_argument",
        ),
        (
            fetch("/photos/a", "file:///etc/hostname"),
            400,
            "invalid_argument",
        ),
        (
            fetch("/photos/a", "http://user:word@127.0.0.1/"),
            400,
            "invalid_argument",
        ),
        (fetch("/nowhere/a", url.clone()), 404, "bucket_not_exists"),
    ] {
        let reply = client.send(put.clone()).await;
        assert_eq!(reply.error(), (status, code.to_owned()), "{put:?}");
    }
    let reply = client.send_as_is(&put()).await;
    assert_eq!(reply.error(), (403, "permission_denied".to_owned()));
    assert!(origin.requests().is_empty());
}

#[tokio::test]
async fn a_source_must_be_an_http_or_https_url() {
    let (_emulator, client) = start_with_bucket().await;
    for url in [
        "a",
        "../x",
        "\"",
        "{}",
        "/photos/b",
        "http://",
        "http://{}/",
        "a b",
        "..",
        "?",
        "ftp://a.b/",
    ] {
        let reply = fetched(&client, url).await;
        assert_eq!(reply.error(), (400, "invalid_argument".to_owned()), "{url}");
        let mirror = request("PUT", "/photos?mirror");
        let mirror = mirror.json(&serde_json::json!({"source_site": url}));
        let reply = client.send(mirror).await;
        assert_eq!(reply.error(), (400, "invalid_request".to_owned()), "{url}");
    }
}

#[tokio::test]
async fn refuses_concurrent_fetches_of_one_object() {
    let (_emulator, client) = start_with_bucket().await;
    let gate = Arc::new(Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let origin = Origin::start(move |_| {
        let gate = Arc::clone(&gate);
        async move {
            gate.acquire().await.unwrap().forget();
            Sent::new(200, "", "content")
        }
    })
    .await;
    let url = origin.url("/");
    let first = tokio::spawn({
        let (client, put) = (client.clone(), fetch("/photos/a", url.clone()));
        async move { client.send(put).await }
    });
    origin.wait_for(1).await;
    let reply = fetched(&client, url.clone()).await;
    assert_eq!(reply.error(), (409, "fetch_in_process".to_owned()));
    // Fetching the same URL to another object is allowed.
    opened.add_permits(2);
    assert_eq!(
        client.send(fetch("/photos/b", url.clone())).await.status,
        201
    );
    assert_eq!(first.await.unwrap().status, 201);
    opened.add_permits(1);
    assert_eq!(fetched(&client, url).await.status, 201);
}
