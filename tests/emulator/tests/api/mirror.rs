//! Objects that are fetched from a mirror.

use std::time::Duration;

use qingstor_emulator::{Builder, Emulator};
use serde_json::json;

use crate::client::{Client, request, start_with_bucket_by};
use crate::origin::{Origin, Sent};

async fn setup(site: String) -> (Emulator, Client) {
    setup_with(Emulator::builder(), site).await
}

async fn setup_with(builder: Builder, site: String) -> (Emulator, Client) {
    let (emulator, client) = start_with_bucket_by(builder).await;
    let mirror = json!({"source_site": site});
    let put = request("PUT", "/photos?mirror").json(&mirror);
    assert_eq!(client.send(put).await.status, 200);
    (emulator, client)
}

/// Starts an origin with an object for every path below `/site/`.
async fn origin() -> Origin {
    Origin::start(|request| async move {
        // Long enough for concurrent requests.
        tokio::time::sleep(Duration::from_millis(50)).await;
        match request.target.strip_prefix("/site/") {
            Some("absent") | None => Sent::new(404, "", ""),
            Some("broken") => Sent::new(500, "", ""),
            Some(key) => Sent::new(200, "Content-Type: text/plain\r\n", &format!("[{key}]")),
        }
    })
    .await
}

#[tokio::test]
async fn fetches_an_absent_object_once_and_stores_it() {
    let origin = origin().await;
    let (_emulator, client) = setup(origin.url("/site")).await;
    let key = "a%20b/%E4%B8%AD%3F%2B";
    for _ in 0..2 {
        let got = client.get(format!("/photos/{key}")).await;
        assert_eq!((got.status, got.text()), (200, format!("[{key}]")));
        assert_eq!(got.header("content-type"), "text/plain");
    }
    assert_eq!(origin.requests().len(), 1);
    assert_eq!(client.keys("photos").await, ["a b/\u{4e2d}?+"]);
    // The first read supports ranges and conditions.
    let part = request("GET", "/photos/part").header("Range", "bytes=1-2");
    let got = client.send(part).await;
    assert_eq!((got.status, got.text()), (206, "pa".to_owned()));
    let never = request("GET", "/photos/never").header("If-Match", "\"other\"");
    assert_eq!(client.send(never).await.status, 412);
}

#[tokio::test]
async fn concurrent_readers_wait_for_one_fetch() {
    let origin = origin().await;
    let (_emulator, client) = setup(origin.url("/site/")).await;
    for (key, status) in [("a", 200), ("broken", 503)] {
        let gets = (0..20).map(|_| client.get(format!("/photos/{key}")));
        for got in futures_util::future::join_all(gets).await {
            assert_eq!(got.status, status, "{key}");
        }
    }
    let count = |target: &str| {
        let requests = origin.requests();
        requests
            .iter()
            .filter(|asked| asked.target == target)
            .count()
    };
    assert_eq!(count("/site/a"), 1);
    // A request after a failure fetches again.
    assert!(count("/site/broken") < 20);
    let found = count("/site/broken");
    client.get("/photos/broken").await;
    assert_eq!(count("/site/broken"), found + 1);
}

#[tokio::test]
async fn refuses_a_fetch_while_the_mirror_fetches_the_object() {
    let origin = Origin::with(Sent::raw("HTTP/1.1 200 X\r\n").then_hangs()).await;
    let impatient = Emulator::builder().client_timeout(Duration::from_secs(1));
    let (_emulator, client) = setup_with(impatient, origin.url("/site/")).await;
    let reading = tokio::spawn({
        let client = client.clone();
        async move { client.get("/photos/a").await }
    });
    origin.wait_for(1).await;
    let put = request("PUT", "/photos/a").header("x-qs-fetch-source", origin.url("/site/a"));
    let reply = client.send(put).await;
    assert_eq!(reply.error(), (409, "fetch_in_process".to_owned()));
    // An object that is put in the meantime is readable at once.
    assert_eq!(client.put("/photos/a", "newer").await.status, 201);
    assert_eq!(client.get("/photos/a").await.text(), "newer");
    let reply = reading.await.unwrap();
    assert_eq!(reply.error(), (503, "upstream_failed".to_owned()));
}

#[tokio::test]
async fn an_object_put_during_the_fetch_stays() {
    let origin = Origin::start(|_| async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Sent::new(200, "", "older")
    })
    .await;
    let (_emulator, client) = setup(origin.url("/")).await;
    let reading = tokio::spawn({
        let client = client.clone();
        async move { client.get("/photos/a").await }
    });
    origin.wait_for(1).await;
    client.put("/photos/a", "newer").await;
    assert_eq!(reading.await.unwrap().text(), "newer");
    assert_eq!(client.get("/photos/a").await.text(), "newer");
}

#[tokio::test]
async fn does_not_fetch_for_other_requests() {
    let origin = origin().await;
    let (_emulator, client) = setup(origin.url("/site/")).await;
    let missing = (404, "object_not_exists".to_owned());
    // A key that leads out of the site.
    assert_eq!(client.get("/photos/a/../../b").await.error(), missing);
    // HEAD does not fetch.
    assert_eq!(client.head("/photos/a").await.status, 404);
    assert_eq!(
        client.get("/photos/a?version_id=null").await.error(),
        missing
    );
    // Callers without read permission do not cause a fetch.
    let unsigned = client.send_as_is(&request("GET", "/photos/a")).await;
    assert_eq!(unsigned.error(), (403, "permission_denied".to_owned()));
    assert!(origin.requests().is_empty());

    assert_eq!(client.get("/photos/absent").await.error(), missing);
    let broken = client.get("/photos/broken").await;
    assert_eq!(broken.error(), (503, "upstream_failed".to_owned()));
    assert!(!broken.text().contains("site"), "{}", broken.text());
    assert!(client.keys("photos").await.is_empty());
    client.delete("/photos?mirror").await;
    assert_eq!(client.get("/photos/a").await.error(), missing);
    assert_eq!(origin.requests().len(), 2);
}

#[tokio::test]
async fn all_readers_can_cause_a_fetch() {
    let origin = origin().await;
    let (_emulator, client) = setup(origin.url("/site/")).await;
    let acl = json!({"acl": [
        {"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "READ"}
    ]});
    client.send(request("PUT", "/photos?acl").json(&acl)).await;
    let got = client.send_as_is(&request("GET", "/photos/a")).await;
    assert_eq!((got.status, got.text()), (200, "[a]".to_owned()));
    // A deleted object is fetched again, also with versioning.
    let versioning = json!({"status": "ENABLED"});
    let put = request("PUT", "/photos?versioning").json(&versioning);
    client.send(put).await;
    client.delete("/photos/a").await;
    assert_eq!(client.get("/photos/a").await.text(), "[a]");
    assert_eq!(origin.requests().len(), 2);
}
