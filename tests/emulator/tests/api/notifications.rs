//! Notifications of events to URLs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use qingstor_emulator::Emulator;
use serde_json::{Value, json};

use crate::client::{Client, request, start_with_bucket};
use crate::origin::{Origin, Sent};

const EVENTS: [&str; 4] = [
    "create_object",
    "delete_object",
    "abort_multipart",
    "complete_multipart",
];

async fn setup(rules: Value) -> (Emulator, Client) {
    let (emulator, client) = start_with_bucket().await;
    let document = json!({"notifications": rules});
    let put = request("PUT", "/photos?notification").json(&document);
    assert_eq!(client.send(put).await.status, 200);
    (emulator, client)
}

fn rule(id: &str, events: &[&str], url: &str) -> Value {
    json!({"id": id, "event_types": events, "cloudfunc": "notifier", "notify_url": url})
}

/// Waits for `count` events, and returns their names, keys and sizes, sorted.
async fn events(origin: &Origin, count: usize) -> Vec<String> {
    origin.wait_for(count).await;
    // Additional events would arrive about now.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let requests = origin.requests();
    let mut events = requests
        .iter()
        .map(|request| {
            let body = serde_json::from_slice::<Value>(&request.body).unwrap();
            let event = &body["events"][0];
            let name = event["event_type"].as_str().unwrap();
            let object = &event["qingstor"]["object"];
            let key = object["name"].as_str().unwrap();
            format!("{name} {key} {}", object["size"])
        })
        .collect::<Vec<_>>();
    events.sort();
    events
}

#[tokio::test]
async fn a_callback_contains_the_facts_of_the_event() {
    let origin = Origin::with(Sent::new(200, "", "")).await;
    let url = origin.url("/hook?x=y");
    let (emulator, client) = setup(json!([rule("one", &["create_object"], &url)])).await;
    let reply = client.put("/photos/a%2Fb", "content").await;
    let request = origin.wait_for(1).await.remove(0);
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("POST", "/hook?x=y")
    );
    assert!(request.head.contains("content-type: application/json"));
    let mut body = serde_json::from_slice::<Value>(&request.body).unwrap();
    let time = body["events"][0]["event_time"].take();
    let time = time.as_str().unwrap();
    assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
    assert_eq!(
        body,
        json!({"events": [{
            "event_source": "qingstor",
            "event_version": "1.0",
            "event_type": "create_object",
            "event_time": null,
            "zone_id": "pek3a",
            "user_identify": {"principal_id": emulator.accounts()[0].user_id()},
            "response_elements": {"request_id": reply.header("x-qs-request-id")},
            "qingstor": {
                "schema_version": "1.0",
                "notification_id": "one",
                "bucket": {"name": "photos"},
                "object": {
                    "name": "a/b",
                    "etag": reply.header("etag").trim_matches('"'),
                    "size": 7,
                },
            },
        }]})
    );
}

#[tokio::test]
async fn all_operations_on_objects_send_notifications() {
    let origin = Origin::with(Sent::new(200, "", "")).await;
    let source = Origin::with(Sent::new(200, "", "12345")).await;
    let (_emulator, client) = setup(json!([rule("all", &EVENTS, &origin.url("/hook"))])).await;
    let mut expected = Vec::new();
    let send = async |request| assert!(client.send(request).await.status < 300);

    send(request("PUT", "/photos/put").body("1")).await;
    expected.push("create_object put 1");
    send(request("PUT", "/photos/copy").header("x-qs-copy-source", "/photos/put")).await;
    expected.push("create_object copy 1");
    send(request("PUT", "/photos/moved").header("x-qs-move-source", "/photos/copy")).await;
    expected.extend(["create_object moved 1", "delete_object copy 1"]);
    // A move to itself does not delete an object.
    send(request("PUT", "/photos/moved").header("x-qs-move-source", "/photos/moved")).await;
    expected.push("create_object moved 1");
    send(request("POST", "/photos/log?append&position=0").body("123")).await;
    expected.push("create_object log 3");
    send(request("PUT", "/photos/fetched").header("x-qs-fetch-source", source.url("/"))).await;
    expected.push("create_object fetched 5");
    send(request("DELETE", "/photos/log")).await;
    expected.push("delete_object log 3");
    let keys = json!({"objects": [{"key": "put"}, {"key": "absent"}]});
    send(request("POST", "/photos?delete").json(&keys)).await;
    expected.push("delete_object put 1");
    // The object did not exist.
    send(request("DELETE", "/photos/absent")).await;

    let initiate = async || {
        let reply = client.send(request("POST", "/photos/parts?uploads")).await;
        let id = reply.json()["upload_id"].as_str().unwrap().to_owned();
        format!("/photos/parts?upload_id={id}")
    };
    let upload = initiate().await;
    send(request("PUT", format!("{upload}&part_number=1")).body("12")).await;
    let parts = json!({"object_parts": [{"part_number": 1}]});
    send(request("POST", &upload).json(&parts)).await;
    expected.push("complete_upload parts 2");
    let upload = initiate().await;
    send(request("DELETE", &upload)).await;
    expected.push("abort_upload parts 0");
    send(request("DELETE", &upload)).await;

    expected.sort_unstable();
    assert_eq!(events(&origin, expected.len()).await, expected);
}

#[tokio::test]
async fn forms_mirrors_and_versions_send_notifications() {
    let origin = Origin::with(Sent::new(200, "", "")).await;
    let source = Origin::with(Sent::new(200, "", "12345")).await;
    let (_emulator, client) = setup(json!([rule("all", &EVENTS, &origin.url("/"))])).await;
    let mirror = json!({"source_site": source.url("/")});
    client
        .send(request("PUT", "/photos?mirror").json(&mirror))
        .await;
    let versioning = json!({"status": "ENABLED"});
    let put = request("PUT", "/photos?versioning").json(&versioning);
    client.send(put).await;

    let form = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nform\r\n\
                --b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n1\r\n--b--\r\n";
    let post = request("POST", "/photos")
        .header("Content-Type", "multipart/form-data; boundary=b")
        .body(form);
    assert_eq!(client.send(post).await.status, 201);
    assert_eq!(client.get("/photos/mirrored").await.status, 200);
    let first = client.put("/photos/a", "1").await;
    let marker = client.delete("/photos/a").await;
    // The object is already deleted, and a delete marker is not an object.
    client.delete("/photos/a").await;
    for version in [&marker, &first] {
        let version = version.header("x-qs-version-id");
        let reply = client
            .delete(format!("/photos/a?version_id={version}"))
            .await;
        assert_eq!(reply.status, 204);
    }
    let expected = [
        "create_object a 1",
        "create_object form 1",
        "create_object mirrored 5",
        "delete_object a 1",
        "delete_object a 1",
    ];
    assert_eq!(events(&origin, expected.len()).await, expected);
}

#[tokio::test]
async fn sends_only_matching_rules_and_only_to_this_machine() {
    let origin = Origin::with(Sent::new(200, "", "")).await;
    let other = Origin::with(Sent::new(200, "", "")).await;
    let local = format!("http://localhost:{}/", origin.addr.port());
    let images = json!({"id": "images", "event_types": EVENTS, "cloudfunc": "notifier",
                        "object_filters": ["*.jpg"], "notify_url": other.url("/")});
    let function = json!({"id": "function", "event_types": EVENTS, "cloudfunc": "tupu-porn",
                          "notify_url": other.url("/")});
    let silent = json!({"id": "silent", "event_types": EVENTS, "cloudfunc": "notifier"});
    let (_emulator, client) = setup(json!([
        rule("deletes", &["delete_object"], &other.url("/")),
        // This name is reserved for documentation, so it has no server.
        rule("strangers", &EVENTS, "http://192.0.2.1/"),
        images,
        function,
        silent,
        rule("local", &["create_object"], &local),
    ]))
    .await;
    client.put("/photos/a.png", "").await;
    assert_eq!(events(&origin, 1).await, ["create_object a.png 0"]);
    assert!(other.requests().is_empty());
    client.put("/photos/b.jpg", "").await;
    assert_eq!(events(&other, 1).await, ["create_object b.jpg 0"]);
}

#[tokio::test]
async fn retries_failed_deliveries() {
    let attempts = AtomicUsize::new(0);
    let origin = Origin::start(move |_| {
        let sent = match attempts.fetch_add(1, Ordering::Relaxed) {
            0 => Sent::redirect(307, "http://192.0.2.1/"),
            _ => Sent::new(204, "", ""),
        };
        std::future::ready(sent)
    })
    .await;
    let url = origin.url("/");
    let (_emulator, client) = setup(json!([rule("one", &["create_object"], &url)])).await;
    client.put("/photos/a", "").await;
    let requests = origin.wait_for(2).await;
    let pause = requests[1].at - requests[0].at;
    assert!(pause > Duration::from_millis(900), "{pause:?}");
    assert_eq!(requests[0].body, requests[1].body);
}

#[tokio::test]
async fn a_hanging_callback_does_not_block_the_request() {
    let origin = Origin::with(Sent::raw("").then_hangs()).await;
    let url = origin.url("/");
    let (emulator, client) = setup(json!([rule("one", &["create_object"], &url)])).await;
    let start = Instant::now();
    for number in 0..20 {
        client.put(format!("/photos/{number}"), "").await;
    }
    assert!(start.elapsed() < Duration::from_secs(15));
    let stop = Instant::now();
    emulator.shutdown().await;
    // Queued deliveries have two seconds.
    let took = stop.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[tokio::test]
async fn delivers_queued_events_at_the_end() {
    let origin = Origin::start(|_| async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Sent::new(200, "", "")
    })
    .await;
    let url = origin.url("/");
    let (emulator, client) = setup(json!([rule("one", &["create_object"], &url)])).await;
    // More than the limit of concurrent deliveries.
    let puts = (0..40).map(|number| client.put(format!("/photos/{number}"), ""));
    futures_util::future::join_all(puts).await;
    emulator.shutdown().await;
    assert_eq!(origin.requests().len(), 40);
}
