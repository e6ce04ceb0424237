//! Lifecycle rules, tested by moving the clock.

use qingstor_emulator::{Emulator, LifecycleReport};
use serde_json::{Value, json};

use crate::client::{Client, request, start_with_bucket, start_with_bucket_by};

async fn setup(rules: Value) -> (Emulator, Client) {
    let (emulator, client) = start_with_bucket().await;
    put_rules(&client, rules).await;
    (emulator, client)
}

async fn put_rules(client: &Client, rules: Value) {
    let put = request("PUT", "/photos?lifecycle").json(&json!({"rule": rules}));
    let reply = client.send(put).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

async fn set_versioning(client: &Client, status: &str) {
    let put = request("PUT", "/photos?versioning").json(&json!({"status": status}));
    assert_eq!(client.send(put).await.status, 200);
}

fn rule(id: &str, prefix: &str, action: &str, value: Value) -> Value {
    json!({"id": id, "status": "enabled", "filter": {"prefix": prefix}, action: value})
}

fn days(days: u32) -> Value {
    json!({"days": days})
}

fn to_ia(days: u32) -> Value {
    json!({"days": days, "storage_class": "STANDARD_IA"})
}

fn report(expired: u64, transitioned: u64, aborted: u64) -> LifecycleReport {
    LifecycleReport {
        expired,
        transitioned,
        aborted,
    }
}

async fn apply(emulator: &Emulator, days: u32) -> LifecycleReport {
    emulator.apply_lifecycle(days).await.unwrap()
}

/// Returns the states of the rules.
async fn states(client: &Client) -> Vec<String> {
    let document = client.get("/photos?lifecycle").await.json();
    let rules = document["rule"].as_array().unwrap().iter();
    rules
        .map(|rule| rule["state"].as_str().unwrap().to_owned())
        .collect()
}

/// Returns key, delete marker and storage class of all versions.
async fn versions(client: &Client) -> Vec<String> {
    let document = client.get("/photos?versions").await.json();
    let keys = document["keys"].as_array().unwrap().iter();
    keys.map(|entry| {
        let marker = if entry["delete_marker"] == true {
            "marker"
        } else {
            entry["storage_class"].as_str().unwrap()
        };
        format!("{} {marker}", entry["key"].as_str().unwrap())
    })
    .collect()
}

#[tokio::test]
async fn objects_expire_and_change_class_after_their_days() {
    let (emulator, client) = setup(json!([
        rule("a", "logs/", "expiration", days(40)),
        rule("b", "", "transition", to_ia(30)),
        rule(
            "c",
            "data/",
            "abort_incomplete_multipart_upload",
            json!({"days_after_initiation": 3})
        ),
    ]))
    .await;
    for key in ["logs/a", "logs/b", "other"] {
        client.put(format!("/photos/{key}"), "content").await;
    }
    for key in ["data/a", "logs/c"] {
        client
            .send(request("POST", format!("/photos/{key}?uploads")))
            .await;
    }
    let etag = client.head("/photos/other").await.header("etag").to_owned();
    // A new rule takes effect after one day.
    assert_eq!(apply(&emulator, 0).await, report(0, 0, 0));
    assert_eq!(states(&client).await, ["unchecked"; 3]);
    assert_eq!(apply(&emulator, 2).await, report(0, 0, 0));
    assert_eq!(states(&client).await, ["ready"; 3]);
    assert_eq!(apply(&emulator, 3).await, report(0, 0, 1));
    assert_eq!(apply(&emulator, 29).await, report(0, 0, 0));
    assert_eq!(apply(&emulator, 30).await, report(0, 3, 0));
    assert_eq!(apply(&emulator, 30).await, report(0, 0, 0));
    assert_eq!(apply(&emulator, 40).await, report(2, 0, 0));
    assert_eq!(client.keys("photos").await, ["other"]);
    let other = client.get("/photos/other").await;
    assert_eq!(other.text(), "content");
    assert_eq!(other.header("x-qs-storage-class"), "STANDARD_IA");
    assert_eq!(other.header("etag"), etag);
    let uploads = client.get("/photos?uploads").await.json();
    assert_eq!(uploads["uploads"].as_array().unwrap().len(), 1);
    let statistics = client.get("/photos?stats").await.json();
    assert_eq!(statistics["storage_classes"]["STANDARD_IA"]["count"], 1);
}

#[tokio::test]
async fn days_of_old_versions_start_when_they_are_replaced() {
    let (emulator, client) = setup(json!([
        rule("a", "logs/", "expiration", days(10)),
        rule("b", "", "noncurrent_version_expiration", days(40)),
        rule("c", "", "noncurrent_version_transition", to_ia(30)),
    ]))
    .await;
    set_versioning(&client, "ENABLED").await;
    for body in ["1", "2"] {
        client.put("/photos/logs/a", body).await;
        client.put("/photos/b", body).await;
    }
    assert_eq!(apply(&emulator, 10).await, report(1, 0, 0));
    let (b, a) = ("b STANDARD", "logs/a STANDARD");
    assert_eq!(versions(&client).await, [b, b, "logs/a marker", a, a]);
    assert_eq!(client.get("/photos/logs/a").await.status, 404);
    assert_eq!(apply(&emulator, 10).await, report(0, 0, 0));
    assert_eq!(apply(&emulator, 30).await, report(0, 3, 0));
    assert_eq!(apply(&emulator, 40).await, report(3, 0, 0));
    assert_eq!(versions(&client).await, [b, "logs/a marker"]);
    assert_eq!(client.get("/photos/b").await.text(), "2");
}

#[tokio::test]
async fn expiration_replaces_the_null_version_if_versioning_is_suspended() {
    let (emulator, client) = setup(json!([
        rule("a", "old/", "expiration", days(10)),
        rule("b", "old/", "noncurrent_version_expiration", days(10)),
    ]))
    .await;
    client.put("/photos/old/a", "null").await;
    client.put("/photos/old/b", "null").await;
    // The copy shares its content, which must not be removed with the version.
    let copy = request("PUT", "/photos/copy").header("x-qs-copy-source", "/photos/old/a");
    assert_eq!(client.send(copy).await.status, 201);
    set_versioning(&client, "ENABLED").await;
    client.put("/photos/old/a", "newer").await;
    set_versioning(&client, "SUSPENDED").await;
    assert_eq!(apply(&emulator, 10).await, report(3, 0, 0));
    let copied = "copy STANDARD";
    assert_eq!(
        versions(&client).await,
        [copied, "old/a marker", "old/a STANDARD", "old/b marker"]
    );
    assert_eq!(apply(&emulator, 10).await, report(1, 0, 0));
    assert_eq!(
        versions(&client).await,
        [copied, "old/a marker", "old/b marker"]
    );
    assert_eq!(client.get("/photos/copy").await.text(), "null");
}

#[tokio::test]
async fn retained_objects_do_not_expire() {
    let (emulator, client) = setup(json!([rule("a", "", "expiration", days(1))])).await;
    client.put("/photos/a", "content").await;
    let put = request("PUT", "/photos?retention").json(&days(20));
    assert_eq!(client.send(put).await.status, 200);
    assert_eq!(apply(&emulator, 19).await, report(0, 0, 0));
    assert_eq!(client.keys("photos").await, ["a"]);
    assert_eq!(apply(&emulator, 20).await, report(1, 0, 0));
    assert!(client.keys("photos").await.is_empty());
}

#[tokio::test]
async fn many_objects_need_several_steps() {
    let rules = json!([rule("a", "x", "expiration", days(1))]);
    let emulator = Emulator::builder().in_memory().start().await.unwrap();
    let client = Client::new(&emulator);
    client.bucket("photos").await;
    put_rules(&client, rules).await;
    for chunk in 0..6 {
        let puts = (0..100).map(|number| {
            let key = chunk * 100 + number;
            let prefix = if key % 2 == 0 { "x" } else { "y" };
            client.put(format!("/photos/{prefix}{key:04}"), "content")
        });
        futures_util::future::join_all(puts).await;
    }
    assert_eq!(apply(&emulator, 1).await, report(300, 0, 0));
    assert_eq!(client.get("/photos?stats").await.json()["count"], 300);
    assert!(
        client
            .keys("photos")
            .await
            .iter()
            .all(|key| key.starts_with('y'))
    );
}

#[tokio::test]
async fn applied_rules_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let builder = || Emulator::builder().data_dir(directory.path());
    let (emulator, client) = start_with_bucket_by(builder()).await;
    put_rules(
        &client,
        json!([
            rule("a", "x", "expiration", days(1)),
            rule("b", "", "transition", to_ia(30))
        ]),
    )
    .await;
    client.put("/photos/x", "content").await;
    client.put("/photos/y", "content").await;
    assert_eq!(apply(&emulator, 30).await, report(1, 1, 0));
    emulator.shutdown().await;
    let emulator = builder().start().await.unwrap();
    let client = Client::new(&emulator);
    assert_eq!(client.keys("photos").await, ["y"]);
    let head = client.head("/photos/y").await;
    assert_eq!(head.header("x-qs-storage-class"), "STANDARD_IA");
    assert_eq!(states(&client).await, ["ready", "ready"]);
    assert_eq!(apply(&emulator, 30).await, report(0, 0, 0));
}

#[tokio::test]
async fn the_admin_api_applies_rules() {
    let emulator = Emulator::builder().admin(true).start().await.unwrap();
    let client = Client::new(&emulator);
    client.bucket("photos").await;
    put_rules(&client, json!([rule("a", "", "expiration", days(2))])).await;
    client.put("/photos/a", "content").await;
    let send = |method: &str, query: &str| {
        let request = request(method, format!("/_emulator/lifecycle{query}"));
        let client = client.clone();
        async move { client.send_as_is(&request).await }
    };
    let nothing = json!({"expired": 0, "transitioned": 0, "aborted": 0});
    assert_eq!(send("POST", "").await.json(), nothing);
    assert_eq!(send("POST", "?days=1").await.json(), nothing);
    assert_eq!(
        send("POST", "?days=2").await.json(),
        json!({"expired": 1, "transitioned": 0, "aborted": 0})
    );
    assert!(client.keys("photos").await.is_empty());
    assert_eq!(send("POST", "?days=-1").await.status, 400);
    assert_eq!(send("GET", "?days=2").await.status, 405);
}
