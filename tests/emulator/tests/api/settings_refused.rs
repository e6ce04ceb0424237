//! Refused requests for bucket settings.

use serde_json::json;

use crate::client::{content_md5, request, start_with_two_accounts};
use crate::settings::{SUB_RESOURCES, put, refused, setup};

#[tokio::test]
async fn only_the_owner_can_read_and_change_settings() {
    let (emulator, [alice, bob]) = start_with_two_accounts().await;
    alice.bucket("photos").await;
    let grant =
        |user: &str| json!({"grantee": {"type": "user", "id": user}, "permission": "FULL_CONTROL"});
    let acl = json!({"acl": [
        grant(emulator.accounts()[1].user_id()),
        {"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "FULL_CONTROL"}
    ]});
    assert_eq!(put(&alice, "/photos?acl", &acl).await.status, 200);
    let methods = |name: &str| match name {
        "versioning" => vec!["PUT", "GET"],
        "retention" => vec!["PUT"],
        _ => vec!["PUT", "GET", "DELETE"],
    };
    for name in SUB_RESOURCES.into_iter().chain(["versioning", "retention"]) {
        for method in methods(name) {
            let call = || request(method, format!("/photos?{name}"));
            refused(&bob.send(call()).await, 403, "permission_denied");
            refused(&bob.send_as_is(&call()).await, 403, "permission_denied");
        }
    }
    let target = json!({"target_bucket": "photos", "target_prefix": ""});
    bob.bucket("bucket-of-bob").await;
    let reply = put(&bob, "/bucket-of-bob?logging", &target).await;
    refused(&reply, 400, "invalid_request");
    let absent = alice.get("/absent?cors").await;
    refused(&absent, 404, "bucket_not_exists");
}

#[tokio::test]
async fn refuses_hostile_bodies() {
    let (_emulator, client) = setup().await;
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_object = format!("{}1{}", "{\"rule\":".repeat(1000), "}".repeat(1000));
    let other = ["versioning", "retention"];
    for name in SUB_RESOURCES.into_iter().chain(other) {
        let target = format!("/photos?{name}");
        for (body, code) in [
            ("{", "invalid_json"),
            ("\u{0}", "invalid_json"),
            (nested.as_str(), "invalid_request"),
            (deep_object.as_str(), "invalid_request"),
            ("[]", "invalid_request"),
            ("null", "invalid_request"),
            ("1e400", "invalid_request"),
            ("\"text\"", "invalid_request"),
            (r#"[["a"]]"#, "invalid_request"),
        ] {
            let reply = client.put(&target, body).await;
            refused(&reply, 400, code);
        }
        refused(&client.put(&target, "{}").await, 400, "invalid_request");
        let damaged = request("PUT", &target)
            .header("Content-MD5", content_md5(b"other"))
            .body("{}");
        refused(&client.send(damaged).await, 400, "bad_digest");
    }
    let huge = format!("{{\"a\":\"{}\"}}", "x".repeat(9 << 20));
    refused(
        &client.put("/photos?cors", huge).await,
        400,
        "entity_too_large",
    );
    for (name, body) in [
        ("acl", json!([[]])),
        (
            "acl",
            json!({"acl": [[{"type": "user", "id": "a"}, "READ"]]}),
        ),
        (
            "acl",
            json!({"acl": [{"grantee": ["user", "a"], "permission": "READ"}]}),
        ),
        ("cors", json!({"cors_rules": {}})),
        ("cors", json!({"cors_rules": [["*", ["GET"]]]})),
        (
            "cors",
            json!({"cors_rules": [{"allowed_origin": 1, "allowed_methods": ["GET"]}]}),
        ),
        ("policy", json!({"statement": [{"id": 1}]})),
        ("mirror", json!({"source_site": ["http://a.com"]})),
        ("logging", json!({"target_bucket": {}, "target_prefix": ""})),
        ("cname", json!({"domain": null})),
        (
            "lifecycle",
            json!({"rule": [{"id": "a", "status": true, "filter": {}}]}),
        ),
        (
            "lifecycle",
            json!({"rule": [{"id": "a", "status": "enabled", "filter": [],
                                       "expiration": {"days": 1}}]}),
        ),
        (
            "lifecycle",
            json!({"rule": [{"id": "a", "status": "enabled", "filter": {},
                                       "expiration": {"days": 1e30}}]}),
        ),
        ("notification", json!({"notifications": "all"})),
        (
            "replication",
            json!({"rules": [{"id": "a", "filters": "x", "destination": {}}]}),
        ),
        ("versioning", json!({"status": ["ENABLED"]})),
    ] {
        let reply = put(&client, &format!("/photos?{name}"), &body).await;
        refused(&reply, 400, "invalid_request");
    }
    assert_eq!(client.head("/photos").await.status, 200);
}

#[tokio::test]
async fn limits_lists_without_a_documented_limit() {
    let (_emulator, client) = setup().await;
    let document = |name: &str, count: usize| {
        let (list, entry) = match name {
            "acl" => (
                "acl",
                json!({"grantee": {"type": "user", "id": "a"}, "permission": "READ"}),
            ),
            "cors" => (
                "cors_rules",
                json!({"allowed_origin": "*", "allowed_methods": ["GET"]}),
            ),
            "policy" => (
                "statement",
                json!({"user": "*", "action": "head_bucket", "effect": "deny"}),
            ),
            _ => (
                "notifications",
                json!({"event_types": ["create_object"], "cloudfunc": "notifier"}),
            ),
        };
        let entries = (0..count).map(|number| {
            let mut entry = entry.clone();
            entry["id"] = json!(number.to_string());
            entry
        });
        json!({list: entries.collect::<Vec<_>>()})
    };
    for name in ["acl", "cors", "policy", "notification"] {
        let target = format!("/photos?{name}");
        let reply = put(&client, &target, &document(name, 1001)).await;
        refused(&reply, 400, "invalid_request");
        assert!(reply.text().contains("1000"), "{}", reply.text());
        let reply = put(&client, &target, &document(name, 1000)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
}
