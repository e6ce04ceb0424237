//! Bucket settings.

use qingstor_emulator::Emulator;
use serde_json::{Value, json};

use crate::client::{Client, Reply, request, start_with_bucket, start_with_bucket_by};

pub(crate) const SUB_RESOURCES: [&str; 8] = [
    "cors",
    "policy",
    "mirror",
    "logging",
    "cname",
    "lifecycle",
    "notification",
    "replication",
];

pub(crate) async fn put(client: &Client, target: &str, body: &Value) -> Reply {
    client.send(request("PUT", target).json(body)).await
}

pub(crate) fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.error(), (status, code.to_owned()), "{}", reply.text());
}

/// Creates the buckets `photos` and `log-bucket` in the default zone, and `replicate-bucket-1` in
/// another.
pub(crate) async fn setup() -> (Emulator, Client) {
    let (emulator, client) = start_with_bucket().await;
    client.bucket("log-bucket").await;
    let away = request("PUT", "/replicate-bucket-1").header("Host", "sh1a.qingstor.com");
    assert_eq!(client.send(away).await.status, 201);
    (emulator, client)
}

fn cors() -> Value {
    json!({"cors_rules": [
        {"allowed_origin": "http://*.qingcloud.com",
         "allowed_methods": ["PUT", "GET", "DELETE", "POST"],
         "allowed_headers": ["x-qs-date", "Content-Type", "Content-MD5", "Authorization"],
         "max_age_seconds": 200, "expose_headers": ["x-qs-date"]},
        {"allowed_origin": "http://*.example.com",
         "allowed_methods": ["PUT", "GET", "DELETE", "POST"],
         "allowed_headers": ["*"], "max_age_seconds": 400}
    ]})
}

fn policy() -> Value {
    json!({"statement": [
        {"id": "allow certain site to get objects", "user": "*", "action": ["get_object"],
         "effect": "allow", "resource": ["photos/*"],
         "condition": {"string_like": {"Referer": ["*.example1.com", "*.example2.com"]},
                       "ip_address": {"source_ip": ["172.16.0.0/24", "172.16.1.1/32"]}}},
        {"id": "allow user-henry to list objects and create objects", "user": "user-henry",
         "action": ["list_objects", "create_object"], "effect": "allow", "resource": ["photos/*"]}
    ]})
}

fn notification() -> Value {
    json!({"notifications": [
        {"id": "notification-1", "event_types": ["create_object"], "cloudfunc": "notifier",
         "object_filters": ["*"], "notify_url": "http://user_notify_url"}
    ]})
}

fn lifecycle() -> Value {
    json!({"rule": [
        {"id": "delete-logs", "status": "enabled", "filter": {"prefix": "logs/"},
         "expiration": {"days": 90}},
        {"id": "abort-multipart-upload-in-data", "status": "enabled",
         "filter": {"prefix": "data/"},
         "abort_incomplete_multipart_upload": {"days_after_initiation": 3}},
        {"id": "change-storage-class-in-data", "status": "enabled", "filter": {"prefix": "data/"},
         "transition": {"storage_class": "STANDARD_IA", "days": 30}}
    ]})
}

fn replication() -> Value {
    json!({"rules": [
        {"id": "replication-1", "status": "enabled", "filters": {"prefix": "image"},
         "sync_marker": "disabled", "delete_marker": "disabled",
         "destination": {"bucket": "replicate-bucket-1", "storage_class": "STANDARD_IA"}}
    ]})
}

#[tokio::test]
async fn settings_can_be_put_read_and_deleted() {
    let (_emulator, client) = setup().await;
    for (name, body, unset) in [
        ("cors", cors(), json!({"cors_rules": []})),
        ("policy", policy(), json!({"statement": []})),
        (
            "mirror",
            json!({"source_site": "https://example.com/something/"}),
            json!({}),
        ),
        (
            "logging",
            json!({"target_bucket": "log-bucket", "target_prefix": "logs/"}),
            json!({}),
        ),
        ("notification", notification(), json!({"notifications": []})),
    ] {
        let target = format!("/photos?{name}");
        assert_eq!(client.get(&target).await.json(), unset);
        let reply = put(&client, &target, &body).await;
        assert_eq!((reply.status, reply.text().as_str()), (200, ""), "{name}");
        let got = client.get(&target).await;
        assert_eq!((got.status, got.json()), (200, body), "{name}");
        assert_eq!(
            client.get(format!("/log-bucket?{name}")).await.json(),
            unset
        );
        for _ in 0..2 {
            let reply = client.delete(&target).await;
            assert_eq!((reply.status, reply.text().as_str()), (204, ""), "{name}");
        }
        assert_eq!(client.get(&target).await.json(), unset);
    }
}

#[tokio::test]
async fn a_put_replaces_the_whole_setting() {
    let (_emulator, client) = setup().await;
    put(&client, "/photos?cors", &cors()).await;
    let smaller = json!({"cors_rules": [{"allowed_origin": "*", "allowed_methods": ["GET"]}],
                         "resp_vary": "enable"});
    put(&client, "/photos?cors", &smaller).await;
    assert_eq!(client.get("/photos?cors").await.json(), smaller);
    // A refused document changes nothing.
    let bad = json!({"cors_rules": [{"allowed_origin": "*", "allowed_methods": ["TRACE"]}]});
    refused(
        &put(&client, "/photos?cors", &bad).await,
        400,
        "invalid_request",
    );
    assert_eq!(client.get("/photos?cors").await.json(), smaller);
}

#[tokio::test]
async fn lifecycle_rules_have_a_state() {
    let (_emulator, client) = setup().await;
    assert_eq!(
        client.get("/photos?lifecycle").await.json(),
        json!({"rule": []})
    );
    assert_eq!(
        put(&client, "/photos?lifecycle", &lifecycle()).await.status,
        200
    );
    let mut got = client.get("/photos?lifecycle").await.json();
    for rule in got["rule"].as_array_mut().unwrap() {
        let rule = rule.as_object_mut().unwrap();
        assert_eq!(rule.remove("state").unwrap(), "unchecked");
        let created = rule.remove("created").unwrap().as_i64().unwrap();
        assert!((created - crate::client::unix_now()).abs() < 60);
    }
    assert_eq!(got, lifecycle());
    // The returned document can be put again.
    let again = client.get("/photos?lifecycle").await.json();
    assert_eq!(put(&client, "/photos?lifecycle", &again).await.status, 200);
    assert_eq!(client.get("/photos?lifecycle").await.json(), again);

    let contradiction = json!({"rule": [
        {"id": "a", "status": "enabled", "filter": {"prefix": "data/"}, "expiration": {"days": 30}},
        {"id": "b", "status": "enabled", "filter": {"prefix": "data/old/"},
         "transition": {"storage_class": "STANDARD_IA", "days": 30}}
    ]});
    let reply = put(&client, "/photos?lifecycle", &contradiction).await;
    refused(&reply, 400, "invalid_request");
    assert_eq!(client.delete("/photos?lifecycle").await.status, 204);
    assert_eq!(
        client.get("/photos?lifecycle").await.json(),
        json!({"rule": []})
    );
}

#[tokio::test]
async fn replication_and_versioning_exclude_each_other() {
    let (_emulator, client) = setup().await;
    let versioning =
        async |status: &str| put(&client, "/photos?versioning", &json!({"status": status})).await;
    assert_eq!(
        put(&client, "/photos?replication", &replication())
            .await
            .status,
        200
    );
    let mut expected = replication();
    expected["rules"][0]["destination"]["zone"] = json!("sh1a");
    assert_eq!(client.get("/photos?replication").await.json(), expected);
    refused(&versioning("ENABLED").await, 400, "invalid_request");
    assert_eq!(client.delete("/photos?replication").await.status, 204);
    assert_eq!(
        client.get("/photos?replication").await.json(),
        json!({"rules": []})
    );

    assert_eq!(
        client.get("/photos?versioning").await.json(),
        json!({"status": "DISABLED"})
    );
    assert_eq!(versioning("ENABLED").await.status, 200);
    refused(
        &put(&client, "/photos?replication", &replication()).await,
        400,
        "invalid_request",
    );
    refused(&versioning("DISABLED").await, 400, "invalid_request");
    assert_eq!(versioning("suspended").await.status, 200);
    assert_eq!(
        client.get("/photos?versioning").await.json(),
        json!({"status": "SUSPENDED"})
    );
    refused(&versioning("DISABLED").await, 400, "invalid_request");
    assert_eq!(client.delete("/photos?versioning").await.status, 405);

    for target in ["log-bucket", "absent-bucket"] {
        let mut rules = replication();
        rules["rules"][0]["destination"]["bucket"] = json!(target);
        let reply = put(&client, "/log-bucket?replication", &rules).await;
        refused(&reply, 400, "invalid_request");
    }
}

#[tokio::test]
async fn retention_protects_objects() {
    let (_emulator, client) = setup().await;
    let reply = put(&client, "/photos?retention", &json!({"days": 30})).await;
    assert_eq!(reply.status, 200);
    let id = reply.header("x-qs-worm-id").to_owned();
    assert_eq!(id.len(), 32);
    let longer = put(&client, "/photos?retention", &json!({"years": 1})).await;
    assert_eq!(longer.header("x-qs-worm-id"), id);
    let enabled = json!({"status": "ENABLED"});
    refused(
        &put(&client, "/photos?versioning", &enabled).await,
        400,
        "invalid_request",
    );
    for body in [
        json!({"days": 36_501}),
        json!({"years": 101}),
        json!({}),
        json!([30]),
    ] {
        let reply = put(&client, "/photos?retention", &body).await;
        refused(&reply, 400, "invalid_request");
    }
    let reply = client.put("/photos?retention", "").await;
    assert_eq!((reply.status, reply.header("x-qs-worm-id")), (200, ""));
    assert_eq!(
        put(&client, "/photos?versioning", &enabled).await.status,
        200
    );
    let reply = put(&client, "/photos?retention", &json!({"days": 30})).await;
    refused(&reply, 400, "invalid_request");
}

#[tokio::test]
async fn domains_can_be_bound_and_released() {
    let (_emulator, client) = setup().await;
    let bind =
        async |bucket: &str, body: Value| put(&client, &format!("/{bucket}?cname"), &body).await;
    let empty = json!({"cname_records": [], "count": 0});
    assert_eq!(client.get("/photos?cname").await.json(), empty);
    for body in [
        json!({"domain": "www.example.com", "type": "normal"}),
        json!({"domain": "photos.example.com"}),
        json!({"domain": "site.example.com", "type": "website"}),
    ] {
        assert_eq!(bind("photos", body).await.status, 200);
    }
    let list = async |target: &str| {
        let list = client.get(target).await.json();
        let records = list["cname_records"].as_array().unwrap().clone();
        assert_eq!(list["count"], records.len());
        let mut words = Vec::new();
        for record in records {
            assert!(record["created"].as_str().unwrap().ends_with("Z"));
            words.push(format!("{}:{}", record["domain"], record["type"]).replace('"', ""));
        }
        words.join(" ")
    };
    let normal = "www.example.com:normal photos.example.com:normal";
    assert_eq!(list("/photos?cname").await, normal);
    assert_eq!(list("/photos?cname&type=normal").await, normal);
    assert_eq!(
        list("/photos?cname&type=website").await,
        "site.example.com:website"
    );
    refused(
        &client.get("/photos?cname&type=other").await,
        400,
        "invalid_argument",
    );

    let domain = json!({"domain": "WWW.example.com"});
    refused(
        &bind("log-bucket", domain.clone()).await,
        400,
        "domain_occupied",
    );
    refused(
        &bind("photos", json!({"domain": "no domain"})).await,
        400,
        "cname_error",
    );
    let release = || request("DELETE", "/photos?cname");
    refused(&client.send(release()).await, 400, "invalid_json");
    for _ in 0..2 {
        assert_eq!(client.send(release().json(&domain)).await.status, 204);
    }
    assert_eq!(list("/photos?cname").await, "photos.example.com:normal");
    assert_eq!(bind("log-bucket", domain).await.status, 200);
    assert_eq!(list("/log-bucket?cname").await, "www.example.com:normal");
}

#[tokio::test]
async fn concurrent_binds_of_a_domain_have_one_winner() {
    let (_emulator, client) = setup().await;
    let body = json!({"domain": "www.example.com"});
    let (one, other) = tokio::join!(
        put(&client, "/photos?cname", &body),
        put(&client, "/log-bucket?cname", &body)
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
}

#[tokio::test]
async fn preflights_follow_the_rules() {
    let (_emulator, client) = setup().await;
    put(&client, "/photos?cors", &cors()).await;
    let preflight = async |origin: &str, method: &str, headers: &str| {
        let call = request("OPTIONS", "/photos/any/key")
            .header("Origin", origin)
            .header("Access-Control-Request-Method", method)
            .header("Access-Control-Request-Headers", headers);
        let reply = client.send_as_is(&call).await;
        assert_eq!(reply.status, 200);
        reply
    };
    let reply = preflight("http://www.qingcloud.com", "PUT", "X-QS-Date,authorization").await;
    for (name, value) in [
        ("access-control-allow-origin", "http://www.qingcloud.com"),
        ("access-control-allow-methods", "PUT, GET, DELETE, POST"),
        ("access-control-allow-headers", "X-QS-Date, authorization"),
        ("access-control-expose-headers", "x-qs-date"),
        ("access-control-max-age", "200"),
        ("vary", "Origin"),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
    // A preflight has the query of its request, which can contain a signature, but is unsigned.
    for target in [
        "/photos/any/key?access_key_id=ID&expires=1&signature=a",
        "/photos/any/key?signature=a",
        "/photos/any/key?upload_id=a&part_number=0&access_key_id=ID&expires=1&signature=a",
        "/photos/any/key?uploads",
        "/photos/any/key?access_key_id=ID&expires=1&signature=%",
        "/photos/any/key?%ff=%zz&acl&cors",
        "/photos?prefix=a&access_key_id=ID&expires=1&signature=a",
        "/photos?delete",
        "/photos",
    ] {
        for authorization in ["", "QS ID:wrong", "Bearer x"] {
            let call = request("OPTIONS", target)
                .header("Origin", "http://www.qingcloud.com")
                .header("Access-Control-Request-Method", "PUT")
                .header("Authorization", authorization);
            let reply = client.send_as_is(&call).await;
            assert_eq!(reply.status, 200, "{target} {}", reply.text());
            let allowed = reply.header("access-control-allow-origin");
            assert_eq!(allowed, "http://www.qingcloud.com", "{target}");
        }
    }
    let second = preflight("http://a.example.com", "PUT", "x-anything").await;
    assert_eq!(second.header("access-control-max-age"), "400");
    for (origin, method, headers) in [
        ("http://www.qingcloud.com", "HEAD", ""),
        ("http://www.qingcloud.com", "PUT", "x-other"),
        ("http://elsewhere.com", "PUT", ""),
    ] {
        let reply = preflight(origin, method, headers).await;
        assert!(
            !reply
                .headers
                .keys()
                .any(|name| name.starts_with("access-control"))
        );
    }
}

#[tokio::test]
async fn settings_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let builder = || Emulator::builder().data_dir(directory.path());
    let (emulator, client) = start_with_bucket_by(builder()).await;
    put(&client, "/photos?cors", &cors()).await;
    put(&client, "/photos?policy", &policy()).await;
    put(&client, "/photos?lifecycle", &lifecycle()).await;
    put(&client, "/photos?notification", &notification()).await;
    put(
        &client,
        "/photos?cname",
        &json!({"domain": "www.example.com"}),
    )
    .await;
    put(&client, "/photos?retention", &json!({"days": 1})).await;
    let all = async |client: &Client| {
        let mut documents = Vec::new();
        for name in SUB_RESOURCES {
            documents.push(client.get(format!("/photos?{name}")).await.json());
        }
        documents
    };
    let before = all(&client).await;
    assert_eq!(before[0], cors());
    emulator.shutdown().await;
    let emulator = builder().start().await.unwrap();
    let client = Client::new(&emulator);
    assert_eq!(all(&client).await, before);
    let enabled = json!({"status": "ENABLED"});
    let reply = put(&client, "/photos?versioning", &enabled).await;
    refused(&reply, 400, "invalid_request");
}

#[tokio::test]
async fn responses_have_cors_headers_for_allowed_origins() {
    let (_emulator, client) = start_with_bucket().await;
    let rules = json!({"cors_rules": [{
        "allowed_origin": "http://*.example.com",
        "allowed_methods": ["GET"],
        "expose_headers": ["ETag"],
    }]});
    client
        .send(request("PUT", "/photos?cors").json(&rules))
        .await;
    client.put("/photos/a", "x").await;
    let ask = |method: &str, target: &str, origin: &str| {
        client.send(request(method, target).header("Origin", origin))
    };
    let read = ask("GET", "/photos/a", "http://www.example.com").await;
    assert_eq!(
        read.header("access-control-allow-origin"),
        "http://www.example.com"
    );
    assert_eq!(read.header("access-control-expose-headers"), "ETag");
    assert_eq!(read.header("vary"), "Origin");
    let missing = ask("GET", "/photos/absent", "http://www.example.com").await;
    assert_eq!(missing.status, 404);
    assert_eq!(
        missing.header("access-control-allow-origin"),
        "http://www.example.com"
    );
    for (method, origin) in [
        ("HEAD", "http://www.example.com"),
        ("GET", "http://other.com"),
    ] {
        let refused = ask(method, "/photos/a", origin).await;
        assert_eq!(refused.status, 200);
        assert_eq!(refused.header("access-control-allow-origin"), "");
    }
}
