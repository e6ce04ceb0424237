//! Buckets and lists of objects.

use qingstor_emulator::Emulator;
use serde_json::json;

use crate::client::{Client, request, start, start_with_bucket};

#[tokio::test]
async fn a_bucket_can_be_created_and_deleted() {
    let emulator = start().await;
    let client = Client::new(&emulator);
    assert_eq!(client.head("/photos").await.status, 404);
    assert_eq!(client.put("/photos", "").await.status, 201);
    assert_eq!(
        client.put("/photos", "").await.error(),
        (409, "bucket_already_exists".to_owned())
    );
    assert_eq!(client.head("/photos").await.status, 200);

    let buckets = client.get("/").await.json();
    assert_eq!(buckets["count"], 1);
    assert_eq!(buckets["buckets"][0]["name"], "photos");
    assert_eq!(buckets["buckets"][0]["location"], "pek3a");
    assert_eq!(buckets["buckets"][0]["url"], "http://127.0.0.1/photos");

    client.put("/photos/a", "12345").await;
    let statistics = client.get("/photos?stats").await.json();
    assert_eq!(statistics["count"], 1);
    assert_eq!(statistics["size"], 5);
    assert_eq!(statistics["status"], "active");
    assert_eq!(statistics["name"], "photos");
    assert_eq!(statistics["storage_classes"]["STANDARD"]["size"], 5);

    assert_eq!(
        client.delete("/photos").await.error(),
        (409, "bucket_not_empty".to_owned())
    );
    assert_eq!(client.delete("/photos/a").await.status, 204);
    assert_eq!(client.delete("/photos").await.status, 204);
    assert_eq!(
        client.delete("/photos").await.error(),
        (404, "bucket_not_exists".to_owned())
    );
    assert_eq!(client.get("/").await.json()["count"], 0);
}

#[tokio::test]
async fn refuses_invalid_bucket_names() {
    let emulator = start().await;
    let client = Client::new(&emulator);
    for name in [
        "abc",
        "Photos",
        "my_photos",
        "-photos",
        "192.168.0.1",
        "..%2F..%2Fetc",
    ] {
        assert_eq!(
            client.put(format!("/{name}"), "").await.error(),
            (400, "invalid_bucket_name".to_owned()),
            "{name}"
        );
    }
}

#[tokio::test]
async fn lists_buckets_by_page_and_zone() {
    let emulator = Emulator::builder()
        .account("ALICE", "A")
        .account("BOB", "B")
        .zones(["pek3a", "sh1a"])
        .start()
        .await
        .unwrap();
    let alice = Client::of(&emulator, &emulator.accounts()[0]);
    let bob = Client::of(&emulator, &emulator.accounts()[1]);
    for name in ["bucket-1", "bucket-2", "bucket-3"] {
        alice.bucket(name).await;
    }
    bob.bucket("bucket-of-bob").await;
    let shanghai = request("PUT", "/bucket-4").header("Host", "sh1a.qingstor.com:443");
    assert_eq!(alice.send(shanghai).await.status, 201);

    let names = |list: &serde_json::Value| {
        list["buckets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|bucket| bucket["name"].as_str().unwrap()[7..].to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let page = alice.get("/?offset=1&limit=2").await.json();
    assert_eq!((names(&page).as_str(), &page["count"]), ("2 3", &json!(4)));

    for (list, expected) in [
        (request("GET", "/"), "1 2 3 4"),
        (request("GET", "/").header("Location", "sh1a"), "4"),
        (request("GET", "/").header("Host", "sh1a.qingstor.com"), "4"),
        (
            request("GET", "/").header("Host", "pek3a.qingstor.com"),
            "1 2 3",
        ),
    ] {
        assert_eq!(names(&alice.send(list).await.json()), expected);
    }
    let nowhere = request("GET", "/").header("Location", "mars1");
    assert_eq!(
        alice.send(nowhere).await.error(),
        (400, "invalid_location".to_owned())
    );
    assert_eq!(
        alice.get("/?limit=-1").await.error(),
        (400, "invalid_argument".to_owned())
    );

    // A bucket is not found on the host of another zone, but on the host without a zone.
    let elsewhere = request("HEAD", "/bucket-1").header("Host", "sh1a.qingstor.com");
    assert_eq!(alice.send(elsewhere).await.status, 404);
    assert_eq!(alice.head("/bucket-4").await.status, 200);
}

#[tokio::test]
async fn lists_objects_in_pages() {
    let (_emulator, client) = start_with_bucket().await;
    let empty = client.get("/photos").await.json();
    assert_eq!(empty["keys"], json!([]));
    assert_eq!(empty["has_more"], false);
    assert_eq!(empty["limit"], 100);
    for key in ["a", "dir/1", "dir/2", "z"] {
        client.put(format!("/photos/{key}"), "x").await;
    }
    let first = client.get("/photos?delimiter=%2F&limit=2").await.json();
    assert_eq!(first["keys"][0]["key"], "a");
    assert_eq!(first["common_prefixes"], json!(["dir/"]));
    assert_eq!(first["has_more"], true);
    assert_eq!(first["next_marker"], "dir/");
    let second = client
        .get("/photos?delimiter=%2F&limit=2&marker=dir%2F")
        .await
        .json();
    assert_eq!(second["keys"][0]["key"], "z");
    assert_eq!(second["common_prefixes"], json!([]));
    assert_eq!(second["has_more"], false);
    assert_eq!(second["next_marker"], "");

    let key = &client.get("/photos?prefix=dir%2F1").await.json()["keys"][0];
    assert_eq!(key["size"], 1);
    assert_eq!(key["etag"], "\"9dd4e461268c8034f5c8564e155c67a6\"");
    assert_eq!(key["mime_type"], "application/octet-stream");
    assert_eq!(key["storage_class"], "STANDARD");
    assert_eq!(key["encrypted"], false);
    assert!(key["created"].as_str().unwrap().ends_with('Z'));
    assert!(key["modified"].is_u64());
    assert_eq!(client.get("/photos?limit=5000").await.json()["limit"], 1000);
}

#[tokio::test]
async fn stores_access_control_lists() {
    let (emulator, client) = start_with_bucket().await;
    let owner = emulator.accounts()[0].user_id();
    let acl = client.get("/photos?acl").await.json();
    assert_eq!(acl["owner"]["id"], owner);
    assert_eq!(
        acl["acl"],
        json!([{"grantee": {"type": "user", "id": owner, "name": owner}, "permission": "FULL_CONTROL"}])
    );

    let put = |body: serde_json::Value| client.send(request("PUT", "/photos?acl").json(&body));
    let everyone = json!([
        {"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "READ"}
    ]);
    assert_eq!(put(json!({"acl": everyone})).await.status, 200);
    assert_eq!(client.get("/photos?acl").await.json()["acl"], everyone);
    assert_eq!(put(json!({"acl": []})).await.status, 200);
    assert_eq!(client.get("/photos?acl").await.json()["acl"], json!([]));

    for (body, code) in [
        (json!({}), "invalid_request"),
        (
            json!({"acl": [{"grantee": {"type": "group", "name": "all"}, "permission": "READ"}]}),
            "invalid_request",
        ),
        (
            json!({"acl": [{"grantee": {"type": "user", "id": "u"}, "permission": "EAT"}]}),
            "invalid_request",
        ),
    ] {
        assert_eq!(
            put(body.clone()).await.error(),
            (400, code.to_owned()),
            "{body}"
        );
    }
    let broken = request("PUT", "/photos?acl").body("{\"acl\": [");
    assert_eq!(
        client.send(broken).await.error(),
        (400, "invalid_json".to_owned())
    );
    let damaged = request("PUT", "/photos?acl")
        .header("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg==")
        .body("{\"acl\": []}");
    assert_eq!(
        client.send(damaged).await.error(),
        (400, "bad_digest".to_owned())
    );
}

#[tokio::test]
async fn deletes_several_objects_with_one_request() {
    let (_emulator, client) = start_with_bucket().await;
    for key in ["a", "b", "c"] {
        client.put(format!("/photos/{key}"), "x").await;
    }
    let delete =
        |body: serde_json::Value| client.send(request("POST", "/photos?delete").json(&body));
    let reply = delete(json!({"objects": [
        {"key": "a"}, {"key": "absent"}, {"key": ""}, {"key": "b", "version_id": "1"},
        {"key": "c", "version_id": "NjkxMjM0MzM1MjAxNzAwODMz"},
    ]}))
    .await;
    assert_eq!(reply.status, 200);
    let result = reply.json();
    assert_eq!(
        result["deleted"],
        json!([{"key": "a"}, {"key": "absent"}, {"key": "c"}])
    );
    assert_eq!(result["errors"][0]["code"], "invalid_object_name");
    assert_eq!(result["errors"][1]["code"], "invalid_argument");
    assert_eq!(client.keys("photos").await, ["b", "c"]);

    let quiet = delete(json!({"quiet": true, "objects": [{"key": "b"}]}))
        .await
        .json();
    assert_eq!(quiet, json!({"errors": []}));
    assert_eq!(client.keys("photos").await, ["c"]);

    let keys = |count| {
        (0..count)
            .map(|n| json!({"key": format!("{n}")}))
            .collect::<Vec<_>>()
    };
    assert_eq!(delete(json!({"objects": keys(1000)})).await.status, 200);
    assert_eq!(
        delete(json!({"objects": keys(1001)})).await.error(),
        (400, "too_many_objects".to_owned())
    );
    for bad in [
        json!([[{"key": "c"}]]),
        json!({"objects": [["c", null]]}),
        json!({"objects": {"key": "c"}}),
    ] {
        assert_eq!(
            delete(bad.clone()).await.error(),
            (400, "invalid_request".to_owned()),
            "{bad}"
        );
    }
    assert_eq!(client.keys("photos").await, ["c"]);
    let unchecked = request("POST", "/photos?delete").body("{\"objects\": []}");
    let reply = client.send(unchecked).await;
    assert_eq!(reply.error(), (400, "invalid_argument".to_owned()));
    assert!(reply.text().contains("Content-MD5"), "{}", reply.text());
}

#[tokio::test]
async fn refuses_unknown_buckets_and_operations() {
    let (_emulator, client) = start_with_bucket().await;
    for (method, target) in [
        ("PATCH", "/photos"),
        ("DELETE", "/photos?acl"),
        ("POST", "/"),
        ("PUT", "/"),
    ] {
        assert_eq!(
            client.send(request(method, target)).await.error(),
            (405, "method_not_allowed".to_owned()),
            "{method} {target}"
        );
    }
    assert_eq!(client.head("/photos").await.status, 200);
}

#[tokio::test]
async fn every_response_has_a_unique_request_id() {
    let emulator = start().await;
    let client = Client::new(&emulator);
    let mut ids = Vec::new();
    for (method, target) in [
        ("GET", "/"),
        ("GET", "/absent"),
        ("HEAD", "/absent"),
        ("PATCH", "/"),
    ] {
        let reply = client.send(request(method, target)).await;
        assert_eq!(reply.header("server"), "QingStor");
        assert!(reply.header("date").ends_with("GMT"));
        let id = reply.header("x-qs-request-id").to_owned();
        assert_eq!(id.len(), 32);
        match (method, reply.status) {
            ("HEAD", _) => assert!(reply.body.is_empty()),
            (_, 200) => {}
            _ => {
                let document = reply.json();
                assert_eq!(document["request_id"], id);
                for field in ["code", "message", "url"] {
                    assert!(!document[field].as_str().unwrap().is_empty());
                }
                assert_eq!(reply.header("content-type"), "application/json");
            }
        }
        ids.push(id);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

#[tokio::test]
async fn a_preflight_without_rules_allows_nothing() {
    let (_emulator, client) = start_with_bucket().await;
    let preflight = request("OPTIONS", "/photos/a")
        .header("Origin", "qingcloud.com")
        .header("Access-Control-Request-Method", "GET");
    for reply in [
        client.send(preflight.clone()).await,
        client.send_as_is(&preflight).await,
    ] {
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("access-control-allow-origin"), "");
    }
    let reply = client.send(request("OPTIONS", "/photos/a")).await;
    assert_eq!(reply.error(), (400, "invalid_argument".to_owned()));
    assert!(reply.text().contains("Origin"));
}
