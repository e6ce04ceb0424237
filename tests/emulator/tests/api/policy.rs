//! Bucket policies.

use qingstor_emulator::Emulator;
use serde_json::{Value, json};

use crate::client::{Client, Reply, Request, request, start_with_two_accounts};

struct Setup {
    _emulator: Emulator,
    alice: Client,
    bob: Client,
    alice_id: String,
    bob_id: String,
}

/// Creates the private bucket `photos` of alice with two objects.
async fn setup() -> Setup {
    let (emulator, [alice, bob]) = start_with_two_accounts().await;
    let [alice_id, bob_id] =
        [0, 1].map(|index: usize| emulator.accounts()[index].user_id().to_owned());
    alice.bucket("photos").await;
    for key in ["open/a", "closed/a"] {
        assert_eq!(
            alice.put(format!("/photos/{key}"), "content").await.status,
            201
        );
    }
    Setup {
        _emulator: emulator,
        alice,
        bob,
        alice_id,
        bob_id,
    }
}

impl Setup {
    async fn policy(&self, statements: Value) {
        let call = request("PUT", "/photos?policy").json(&json!({"statement": statements}));
        let reply = self.alice.send(call).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }

    async fn anonymous(&self, method: &str, target: &str) -> Reply {
        self.alice.send_as_is(&request(method, target)).await
    }
}

fn allow(user: &str, action: &[&str], resource: &[&str]) -> Value {
    json!({"id": format!("allow {user} {action:?}"), "user": [user], "action": action,
           "effect": "allow", "resource": resource})
}

fn deny(user: &str, action: &[&str], resource: &[&str]) -> Value {
    let mut statement = allow(user, action, resource);
    statement["id"] = json!(format!("deny {user} {action:?}"));
    statement["effect"] = json!("deny");
    statement
}

fn refused(reply: &Reply) {
    assert_eq!(reply.error(), (403, "permission_denied".to_owned()));
}

#[tokio::test]
async fn a_policy_can_allow_anonymous_reads_and_lists() {
    let setup = setup().await;
    refused(&setup.anonymous("GET", "/photos/open/a").await);
    let actions = ["get_object", "list_objects"];
    setup
        .policy(json!([allow("*", &actions, &["photos/open/*"])]))
        .await;
    assert_eq!(
        setup.anonymous("GET", "/photos/open/a").await.text(),
        "content"
    );
    refused(&setup.anonymous("GET", "/photos/closed/a").await);
    assert_eq!(setup.anonymous("HEAD", "/photos/open/a").await.status, 403);
    let list = setup
        .anonymous("GET", "/photos?prefix=open%2F")
        .await
        .json();
    assert_eq!(list["keys"][0]["key"], "open/a");
    for target in ["/photos", "/photos?prefix=open", "/photos?prefix=closed%2F"] {
        refused(&setup.anonymous("GET", target).await);
    }
    // `*` includes signed callers.
    assert_eq!(setup.bob.get("/photos/open/a").await.status, 200);
    assert_eq!(setup.alice.delete("/photos?policy").await.status, 204);
    refused(&setup.anonymous("GET", "/photos/open/a").await);
}

#[tokio::test]
async fn some_operations_are_never_anonymous() {
    let setup = setup().await;
    let bucket_actions = ["head_bucket", "get_bucket_stats"];
    let object_actions = ["create_object", "delete_object", "get_object"];
    setup
        .policy(json!([
            allow("*", &bucket_actions, &["photos"]),
            allow("*", &object_actions, &["photos/*"]),
        ]))
        .await;
    assert_eq!(setup.anonymous("PUT", "/photos/new").await.status, 201);
    assert_eq!(setup.anonymous("HEAD", "/photos").await.status, 403);
    for (method, target) in [
        ("GET", "/photos?stats"),
        ("DELETE", "/photos/open/a"),
        ("GET", "/photos?policy"),
        ("GET", "/photos/open/a?response-content-type=text%2Fhtml"),
        ("DELETE", "/photos"),
    ] {
        refused(&setup.anonymous(method, target).await);
    }
    assert_eq!(setup.bob.head("/photos").await.status, 200);
    assert_eq!(setup.bob.get("/photos?stats").await.json()["count"], 3);
    assert_eq!(setup.bob.delete("/photos/open/a").await.status, 204);
    refused(&setup.bob.get("/photos?policy").await);
}

#[tokio::test]
async fn the_first_statement_decides_before_the_acl() {
    let setup = setup().await;
    let acl = json!({"acl": [
        {"grantee": {"type": "user", "id": setup.bob_id}, "permission": "READ"}
    ]});
    setup
        .alice
        .send(request("PUT", "/photos?acl").json(&acl))
        .await;
    assert_eq!(setup.bob.get("/photos/closed/a").await.status, 200);
    let statements = [
        deny(&setup.bob_id, &["get_object"], &["photos/closed/*"]),
        allow("*", &["get_object"], &["photos/*"]),
    ];
    setup.policy(json!(statements)).await;
    refused(&setup.bob.get("/photos/closed/a").await);
    assert_eq!(setup.bob.head("/photos/closed/a").await.status, 200);
    assert_eq!(setup.anonymous("GET", "/photos/closed/a").await.status, 200);
    refused(&setup.bob.put("/photos/open/a", "x").await);
    let [first, second] = statements;
    setup.policy(json!([second, first])).await;
    assert_eq!(setup.bob.get("/photos/closed/a").await.status, 200);
}

#[tokio::test]
async fn a_denial_applies_to_the_owner_except_for_settings() {
    let setup = setup().await;
    let everything = [
        "get_object",
        "head_object",
        "create_object",
        "delete_object",
        "list_objects",
    ];
    setup
        .policy(json!([deny(&setup.alice_id, &everything, &["photos/*"])]))
        .await;
    refused(&setup.alice.get("/photos/open/a").await);
    refused(&setup.alice.get("/photos").await);
    refused(&setup.alice.put("/photos/b", "x").await);
    refused(&setup.alice.delete("/photos/open/a").await);
    assert_eq!(setup.alice.get("/photos?acl").await.status, 200);
    assert_eq!(setup.alice.delete("/photos?policy").await.status, 204);
    assert_eq!(setup.alice.get("/photos/open/a").await.status, 200);
}

#[tokio::test]
async fn conditions_check_referer_and_address() {
    let setup = setup().await;
    let get = async |referer: Option<&str>| {
        let call = request("GET", "/photos/open/a");
        let call: Request = match referer {
            Some(referer) => call.header("Referer", referer),
            None => call,
        };
        setup.alice.send_as_is(&call).await.status
    };
    for (condition, referer, expected) in [
        (
            json!({"string_like": {"Referer": ["*.example1.com"]}}),
            Some("http://www.example1.com"),
            200,
        ),
        (
            json!({"string_like": {"Referer": ["*.example1.com"]}}),
            Some("http://evil.com"),
            403,
        ),
        (
            json!({"string_like": {"Referer": "*.example1.com"}}),
            None,
            403,
        ),
        (json!({"is_null": {"Referer": true}}), None, 200),
        (json!({"is_null": {"Referer": false}}), None, 403),
        (
            json!({"ip_address": {"source_ip": ["127.0.0.0/8"]}}),
            None,
            200,
        ),
        (
            json!({"ip_address": {"source_ip": ["10.0.0.0/8"]}}),
            None,
            403,
        ),
        (
            json!({"not_ip_address": {"source_ip": ["127.0.0.1/32"]}}),
            None,
            403,
        ),
    ] {
        let mut statement = allow("*", &["get_object"], &["photos/*"]);
        statement["condition"] = condition.clone();
        setup.policy(json!([statement])).await;
        assert_eq!(get(referer).await, expected, "{condition}");
    }
}

#[tokio::test]
async fn the_policy_of_the_source_bucket_decides_on_copies_and_moves() {
    let setup = setup().await;
    setup.bob.bucket("bucket-of-bob").await;
    let transfer = async |header: &str, key: &str| {
        let call = request("PUT", "/bucket-of-bob/got").header(header, format!("/photos/{key}"));
        setup.bob.send(call).await
    };
    refused(&transfer("x-qs-copy-source", "open/a").await);
    setup
        .policy(json!([allow(
            &setup.bob_id,
            &["get_object"],
            &["photos/open/*"]
        )]))
        .await;
    assert_eq!(transfer("x-qs-copy-source", "open/a").await.status, 201);
    refused(&transfer("x-qs-copy-source", "closed/a").await);
    refused(&transfer("x-qs-move-source", "open/a").await);
    let actions = ["get_object", "delete_object"];
    setup
        .policy(json!([allow(&setup.bob_id, &actions, &["photos/open/*"])]))
        .await;
    assert_eq!(transfer("x-qs-move-source", "open/a").await.status, 201);
    assert_eq!(setup.alice.get("/photos/open/a").await.status, 404);
}

#[tokio::test]
async fn a_policy_only_applies_to_its_bucket() {
    let setup = setup().await;
    let statements = json!({"statement": [allow("*", &["get_object"], &["albums/*"])]});
    let reply = setup
        .alice
        .send(request("PUT", "/photos?policy").json(&statements))
        .await;
    assert_eq!(reply.error(), (400, "invalid_request".to_owned()));
    assert!(reply.text().contains("albums/*"), "{}", reply.text());
}
