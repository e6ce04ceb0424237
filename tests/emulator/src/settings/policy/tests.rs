use serde_json::{Value, json};

use super::*;

fn parse(statements: Value) -> Result<Policy, String> {
    let policy = serde_json::from_value::<Policy>(json!({"statement": statements}))
        .map_err(|error| error.to_string())?;
    policy
        .check("mybucket")
        .map_err(|error| error.to_string())?;
    Ok(policy)
}

fn statement(user: Value, action: Value, effect: &str, resource: Value) -> Value {
    let mut statement = json!({"id": effect, "user": user, "action": action, "effect": effect});
    if !resource.is_null() {
        statement["resource"] = resource;
    }
    statement
}

fn decide(policy: &Policy, action: Action, key: &str, user: Option<&str>) -> Option<Effect> {
    policy.decide(&PolicyRequest {
        action,
        key,
        user,
        referer: "http://www.example1.com",
        source_ip: [172, 16, 0, 9].into(),
    })
}

#[test]
fn the_first_matching_statement_decides() {
    let policy = parse(json!([
        statement(
            json!("eve"),
            json!("get_object"),
            "deny",
            json!("mybucket/*")
        ),
        statement(
            json!("*"),
            json!(["get_object"]),
            "allow",
            json!(["mybucket/open/*"])
        ),
    ]))
    .unwrap();
    let get = |key, user| decide(&policy, Action::GetObject, key, user);
    assert_eq!(get("open/a", Some("eve")), Some(Effect::Deny));
    assert_eq!(get("open/a", Some("bob")), Some(Effect::Allow));
    assert_eq!(get("open/a", None), Some(Effect::Allow));
    assert_eq!(get("closed/a", Some("eve")), Some(Effect::Deny));
    assert_eq!(get("closed/a", None), None);
    assert_eq!(decide(&policy, Action::HeadObject, "open/a", None), None);
}

#[test]
fn a_list_matches_the_bucket_or_a_prefix() {
    let list = |resource: Value, prefix| {
        let policy = parse(json!([statement(
            json!("*"),
            json!("list_objects"),
            "allow",
            resource
        )]));
        decide(&policy.unwrap(), Action::ListObjects, prefix, None).is_some()
    };
    for (resource, prefix, expected) in [
        (Value::Null, "", true),
        (json!("mybucket"), "anything", true),
        (json!("mybucket/*"), "", true),
        (json!("mybucket/dir/*"), "dir/", true),
        (json!("mybucket/dir/*"), "dir/sub", true),
        (json!("mybucket/dir/*"), "dir", false),
        (json!("mybucket/dir/*"), "", false),
        (json!(["mybucket/a/*", "mybucket/b/*"]), "b/", true),
    ] {
        assert_eq!(
            list(resource.clone(), prefix),
            expected,
            "{resource} {prefix}"
        );
    }
}

#[test]
fn both_names_of_an_action_are_accepted() {
    for (documents, specification, action) in [
        ("list_object_parts", "list_multipart", Action::ListParts),
        ("upload_object_part", "upload_multipart", Action::UploadPart),
        (
            "abort_multipart_upload",
            "abort_multipart",
            Action::AbortUpload,
        ),
        (
            "initiate_multipart_upload",
            "initiate_multipart",
            Action::InitiateUpload,
        ),
        (
            "complete_multipart_upload",
            "complete_multipart",
            Action::CompleteUpload,
        ),
    ] {
        for name in [documents, specification] {
            let policy = parse(json!([statement(
                json!("*"),
                json!(name),
                "deny",
                json!("mybucket/*")
            )]));
            let decided = decide(&policy.unwrap(), action, "a", None);
            assert_eq!(decided, Some(Effect::Deny), "{name}");
        }
    }
}

#[test]
fn the_policy_of_the_api_documents() {
    let policy = parse(json!([
        {"id": "allow certain site to get objects", "user": "*", "action": ["get_object"],
         "effect": "allow", "resource": ["mybucket/*"],
         "condition": {"string_like": {"Referer": ["*.example1.com", "*.example2.com"]},
                       "ip_address": {"source_ip": ["172.16.0.0/24", "172.16.1.1/32"]}}},
        {"id": "allow user-henry to list objects and create objects", "user": "user-henry",
         "action": ["list_objects", "create_object"], "effect": "allow", "resource": ["mybucket/*"]}
    ]))
    .unwrap();
    assert_eq!(
        decide(&policy, Action::GetObject, "a", None),
        Some(Effect::Allow)
    );
    assert_eq!(
        decide(&policy, Action::CreateObject, "a", Some("user-henry")),
        Some(Effect::Allow)
    );
    assert_eq!(
        decide(&policy, Action::CreateObject, "a", Some("user-hans")),
        None
    );
    let elsewhere = PolicyRequest {
        action: Action::GetObject,
        key: "a",
        user: None,
        referer: "http://www.example1.com",
        source_ip: [172, 16, 1, 2].into(),
    };
    assert_eq!(policy.decide(&elsewhere), None);
}

#[test]
fn bad_statements_are_refused() {
    let good = statement(
        json!("*"),
        json!("get_object"),
        "allow",
        json!("mybucket/*"),
    );
    let with = |field: &str, value: Value| {
        let mut statement = good.clone();
        statement[field] = value;
        json!([statement])
    };
    assert!(parse(json!([good])).is_ok());
    assert!(parse(json!([])).is_ok());
    assert!(parse(with("unknown", json!(1))).is_ok());
    let mut without_resource = good.clone();
    without_resource.as_object_mut().unwrap().remove("resource");
    for (statements, word) in [
        (json!([good, good]), "two statements"),
        (with("id", json!("")), "not be empty"),
        (with("id", json!("i".repeat(101))), "100 characters"),
        (with("user", json!([])), "user is empty"),
        (with("user", json!("u".repeat(301))), "300 characters"),
        (
            with("user", json!(["u".repeat(150), "v".repeat(151)])),
            "300 characters",
        ),
        (with("user", json!(1)), "a string or a list of strings"),
        (with("action", json!(["get_object", ""])), "action is empty"),
        (
            with("action", json!("put_object")),
            "unknown action \"put_object\"",
        ),
        (with("action", json!("*")), "unknown action"),
        (
            with("action", json!(vec!["get_object"; 51])),
            "500 characters",
        ),
        (
            with("effect", json!("forbid")),
            "expected `allow` or `deny`",
        ),
        (json!([without_resource]), "needs a resource"),
        (with("resource", json!("mybucket")), "needs a resource"),
        (with("resource", json!("mybucket/")), "must be"),
        (with("resource", json!("other/*")), "must be"),
        (with("resource", json!(["mybucket/*", "*"])), "must be"),
        (
            with("resource", json!(format!("mybucket/{}", "r".repeat(2040)))),
            "2048",
        ),
        (
            with("action", json!(["get_object", "head_bucket"])),
            "head_bucket needs",
        ),
        (
            with("condition", json!({"ip_address": {"source_ip": "x"}})),
            "source_ip",
        ),
        (
            json!([["a", "*", "get_object", "allow"]]),
            "expected an object",
        ),
    ] {
        let error = parse(statements).unwrap_err();
        assert!(error.contains(word), "{word} is missing in {error}");
    }
}

#[test]
fn a_policy_keeps_its_form() {
    for statement in [
        statement(json!("*"), json!("head_bucket"), "deny", Value::Null),
        statement(
            json!(["*"]),
            json!(["get_object"]),
            "allow",
            json!(["mybucket/*"]),
        ),
        statement(
            json!(["a", "b"]),
            json!("get_object"),
            "allow",
            json!("mybucket/*"),
        ),
    ] {
        let document = json!({"statement": [statement]});
        let policy = serde_json::from_value::<Policy>(document.clone()).unwrap();
        assert_eq!(serde_json::to_value(policy).unwrap(), document);
    }
}
