//! Steps for bucket settings, each written as the JSON document of the API.

use cucumber::gherkin::Step;
use cucumber::{given, then, when};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::response::document;
use crate::world::{Suite, send};

#[given(regex = "^the bucket's (.+) are$")]
#[given(regex = "^the bucket's (.+) is$")]
async fn the_setting_is(world: &mut Suite, step: &Step, setting: String) {
    is_put(world, step, setting).await;
    world.must_succeed();
}

#[when(regex = "^the bucket's (.+) (?:is|are) put$")]
async fn is_put(world: &mut Suite, step: &Step, setting: String) {
    let body = document(world, step);
    let bucket = world.bucket();
    match &*setting {
        "ACL" => {
            send!(world, bucket.put_acl(list(&body["acl"])));
        }
        "CORS rules" => {
            send!(world, bucket.put_cors(list(&body["cors_rules"])));
        }
        "policy" => {
            send!(world, bucket.put_policy(list(&body["statement"])));
        }
        "mirror" => {
            send!(
                world,
                bucket.put_external_mirror(text(&body["source_site"]))
            );
        }
        "logging" => {
            let (bucket_name, prefix) =
                (text(&body["target_bucket"]), text(&body["target_prefix"]));
            send!(world, bucket.put_logging(bucket_name, prefix));
        }
        "domains" => {
            let (domain, kind) = (text(&body["domain"]), text(&body["type"]));
            send!(world, bucket.put_cname(domain, kind.into()));
        }
        "lifecycle" => {
            send!(world, bucket.put_lifecycle(list(&body["rule"])));
        }
        "notifications" => {
            send!(world, bucket.put_notification(list(&body["notifications"])));
        }
        "replication" => {
            send!(world, bucket.put_replication(list(&body["rules"])));
        }
        other => panic!("unknown setting {other}"),
    }
}

#[when(regex = "^the bucket's (.+) (?:is|are) read$")]
async fn is_read(world: &mut Suite, setting: String) {
    let bucket = world.bucket();
    let read = match &*setting {
        "ACL" => send!(world, bucket.get_acl()).map(|output| json!({ "acl": output.acl })),
        "CORS rules" => {
            send!(world, bucket.get_cors()).map(|output| json!({ "cors_rules": output.cors_rules }))
        }
        "policy" => {
            send!(world, bucket.get_policy()).map(|output| json!({ "statement": output.statement }))
        }
        "mirror" => send!(world, bucket.get_external_mirror())
            .map(|output| json!({ "source_site": output.source_site })),
        "logging" => send!(world, bucket.get_logging()).map(|output| {
            json!({ "target_bucket": output.target_bucket, "target_prefix": output.target_prefix })
        }),
        "domains" => send!(world, bucket.get_cname())
            .map(|output| json!({ "cname_records": output.cname_records, "count": output.count })),
        "lifecycle" => {
            send!(world, bucket.get_lifecycle()).map(|output| json!({ "rule": output.rule }))
        }
        "notifications" => send!(world, bucket.get_notification())
            .map(|output| json!({ "notifications": output.notifications })),
        "replication" => {
            send!(world, bucket.get_replication()).map(|output| json!({ "rules": output.rules }))
        }
        other => panic!("unknown setting {other}"),
    };
    world.response.json = read.unwrap_or_default();
}

#[when(regex = "^the bucket's (.+) (?:is|are) deleted$")]
async fn is_deleted(world: &mut Suite, setting: String) {
    let bucket = world.bucket();
    match &*setting {
        "CORS rules" => {
            send!(world, bucket.delete_cors());
        }
        "policy" => {
            send!(world, bucket.delete_policy());
        }
        "mirror" => {
            send!(world, bucket.delete_external_mirror());
        }
        "logging" => {
            send!(world, bucket.delete_logging());
        }
        "lifecycle" => {
            send!(world, bucket.delete_lifecycle());
        }
        "notifications" => {
            send!(world, bucket.delete_notification());
        }
        "replication" => {
            send!(world, bucket.delete_replication());
        }
        other => panic!("unknown setting {other}"),
    }
}

#[when(expr = "the domain {string} is deleted")]
async fn a_domain_is_deleted(world: &mut Suite, domain: String) {
    send!(world, world.bucket().delete_cname(domain));
}

#[when(expr = "the domains of the type {word} are read")]
async fn domains_are_read(world: &mut Suite, kind: String) {
    let call = world.bucket().get_cname().type_(kind.into());
    if let Some(output) = send!(world, call) {
        world.response.json =
            json!({ "cname_records": output.cname_records, "count": output.count });
    }
}

#[when(expr = "a retention of {int} {word} is put")]
async fn a_retention_is_put(world: &mut Suite, period: u32, unit: String) {
    let call = world.bucket().put_retention();
    let call = match &*unit {
        "days" => call.days(period),
        "years" => call.years(period),
        other => panic!("unknown unit of a retention period: {other}"),
    };
    send!(world, call);
}

/// An empty body removes a retention that is not locked.
#[when(expr = "the retention is removed")]
async fn the_retention_is_removed(world: &mut Suite) {
    send!(world, world.bucket().put_retention());
}

/// The response for an absent setting is not documented, so both a 404 and an empty setting pass.
#[then(regex = "^the bucket has no (.+)$")]
async fn the_bucket_has_no(world: &mut Suite, setting: String) {
    is_read(world, setting).await;
    let response = &world.response;
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        other => other == 0,
    };
    let all_empty = match &response.json {
        Value::Object(fields) => fields.values().all(empty),
        _ => false,
    };
    assert!(response.status == 404 || all_empty, "{response:?}");
}

/// Accepts both the content of the origin and a redirect to the origin.
#[then(
    expr = "a request for the object {string} returns {string} from the origin or redirects to it"
)]
async fn is_served_from_the_origin(world: &mut Suite, key: String, content: String) {
    let origin = world.origin.as_ref().unwrap().endpoint();
    match world.bucket().get_object(&key).await {
        Ok(output) => assert_eq!(output.body.bytes().await.unwrap(), content),
        Err(error) => {
            assert_eq!(error.status().unwrap(), 302, "{error}");
            let location = error.location().unwrap();
            assert!(location.starts_with(&origin), "{location}");
            assert!(location.ends_with(&key), "{location}");
        }
    }
}

fn list<T: DeserializeOwned>(value: &Value) -> Vec<T> {
    serde_json::from_value(value.clone()).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
