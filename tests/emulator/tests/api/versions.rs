//! Versions of objects.

use serde_json::{Value, json};

use crate::client::{Client, Reply, request, start_with_bucket};

async fn set_versioning(client: &Client, status: &str) {
    let put = request("PUT", "/photos?versioning").json(&json!({"status": status}));
    assert_eq!(client.send(put).await.status, 200);
}

async fn versioned() -> (qingstor_emulator::Emulator, Client) {
    let (emulator, client) = start_with_bucket().await;
    set_versioning(&client, "ENABLED").await;
    (emulator, client)
}

fn version(reply: &Reply) -> String {
    let version = reply.header("x-qs-version-id");
    assert!(!version.is_empty(), "{reply:?}");
    version.replace('=', "%3D")
}

/// Returns key, delete marker flag and latest flag of the entries.
fn entries(list: &Value) -> Vec<(&str, bool, bool)> {
    let flag = |entry: &Value, name: &str| entry[name].as_bool().unwrap();
    list["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (
                entry["key"].as_str().unwrap(),
                flag(entry, "delete_marker"),
                flag(entry, "is_latest"),
            )
        })
        .collect()
}

#[tokio::test]
async fn every_put_creates_a_version() {
    let (_emulator, client) = versioned().await;
    let first = version(&client.put("/photos/a", "one").await);
    let second = version(&client.put("/photos/a", "two!").await);
    assert_ne!(first, second);
    let newest = client.get("/photos/a").await;
    assert_eq!((newest.text(), version(&newest)), ("two!".into(), second));
    let old = client.get(format!("/photos/a?version_id={first}")).await;
    assert_eq!((old.text(), version(&old)), ("one".into(), first.clone()));
    let head = client.head(format!("/photos/a?version_id={first}")).await;
    assert_eq!((head.status, head.header("content-length")), (200, "3"));
    assert_eq!(client.keys("photos").await, ["a"]);
    let list = client.get("/photos?versions").await.json();
    assert_eq!(entries(&list), [("a", false, true), ("a", false, false)]);
    assert_eq!(list["keys"][0]["size"], 4);
    assert_eq!(list["keys"][1]["etag"], "f97c5d29941bfb1b2fdab0874906ab82");
    let statistics = client.get("/photos?stats").await.json();
    assert_eq!(
        (&statistics["count"], &statistics["size"]),
        (&json!(2), &json!(7))
    );
    // A copy of an old version restores it.
    let restore = request("PUT", "/photos/a")
        .header("x-qs-copy-source", format!("/photos/a?version_id={first}"));
    assert_eq!(client.send(restore).await.status, 201);
    assert_eq!(client.get("/photos/a").await.text(), "one");
}

#[tokio::test]
async fn deleting_creates_a_delete_marker_that_can_be_deleted() {
    let (_emulator, client) = versioned().await;
    let first = version(&client.put("/photos/a", "one").await);
    let deleted = client.delete("/photos/a").await;
    assert_eq!(
        (deleted.status, deleted.header("x-qs-delete-marker")),
        (204, "")
    );
    let marker = version(&deleted);
    let gone = client.get("/photos/a").await;
    assert_eq!(gone.error(), (404, "object_not_exists".to_owned()));
    assert_eq!(gone.header("x-qs-delete-marker"), "true");
    let named = client.get(format!("/photos/a?version_id={marker}")).await;
    assert_eq!(named.error(), (405, "method_not_allowed".to_owned()));
    let old = client.get(format!("/photos/a?version_id={first}")).await;
    assert_eq!(old.text(), "one");
    assert!(client.keys("photos").await.is_empty());
    let list = client.get("/photos?versions").await.json();
    assert_eq!(entries(&list), [("a", true, true), ("a", false, false)]);
    assert_eq!(list["keys"][0]["etag"], "");
    assert_eq!(list["keys"][0]["mime_type"], "");
    assert_eq!(client.delete("/photos").await.status, 409);

    let again = client.delete("/photos/a").await;
    assert_eq!(again.header("x-qs-delete-marker"), "true");
    for marker in [version(&again), marker] {
        let undo = client
            .delete(format!("/photos/a?version_id={marker}"))
            .await;
        assert_eq!(
            (undo.status, undo.header("x-qs-delete-marker")),
            (204, "true")
        );
    }
    assert_eq!(client.get("/photos/a").await.text(), "one");
    let purge = client.delete(format!("/photos/a?version_id={first}")).await;
    assert_eq!((purge.status, version(&purge)), (204, first.clone()));
    let absent = client.get(format!("/photos/a?version_id={first}")).await;
    assert_eq!(absent.error(), (404, "object_not_exists".to_owned()));
    assert_eq!(client.delete("/photos").await.status, 204);
}

#[tokio::test]
async fn objects_without_versioning_have_the_version_null() {
    let (_emulator, client) = start_with_bucket().await;
    let before = client.put("/photos/a", "before").await;
    assert_eq!(before.header("x-qs-version-id"), "");
    set_versioning(&client, "ENABLED").await;
    client.put("/photos/a", "kept").await;
    set_versioning(&client, "SUSPENDED").await;
    assert_eq!(version(&client.put("/photos/a", "null 1").await), "null");
    assert_eq!(version(&client.put("/photos/a", "null 2").await), "null");
    let list = client.get("/photos?versions").await.json();
    assert_eq!(entries(&list), [("a", false, true), ("a", false, false)]);
    assert_eq!(
        client.get("/photos/a?version_id=null").await.text(),
        "null 2"
    );
    let deleted = client.delete("/photos/a").await;
    assert_eq!(version(&deleted), "null");
    let list = client.get("/photos?versions").await.json();
    assert_eq!(entries(&list), [("a", true, true), ("a", false, false)]);
    let kept = list["keys"][1]["version_id"].as_str().unwrap();
    let kept = client.get(format!("/photos/a?version_id={kept}")).await;
    assert_eq!(kept.text(), "kept");
}

#[tokio::test]
async fn lists_versions_in_pages() {
    let (_emulator, client) = versioned().await;
    for key in ["a", "dir/b", "dir/c", "e"] {
        for content in ["1", "2", "3"] {
            client.put(format!("/photos/{key}"), content).await;
        }
    }
    client.delete("/photos/e").await;
    let whole = client.get("/photos?versions&limit=1000").await.json();
    assert_eq!(entries(&whole).len(), 13);
    for limit in [1, 2, 5, 12] {
        let (mut keys, mut marker) = (Vec::new(), String::new());
        loop {
            let target = format!("/photos?versions&limit={limit}{marker}");
            let page = client.get(target).await.json();
            keys.extend(page["keys"].as_array().unwrap().clone());
            if page["has_more"] == false {
                assert_eq!(page["next_key_marker"], "");
                break;
            }
            let next = |name: &str| page[name].as_str().unwrap().to_owned();
            marker = format!(
                "&key_marker={}&version_id_marker={}",
                next("next_key_marker"),
                next("next_version_id_marker")
            );
        }
        assert_eq!(Value::Array(keys), whole["keys"], "limit {limit}");
    }
    let after = client.get("/photos?versions&key_marker=dir/b").await.json();
    assert_eq!(entries(&after)[0], ("dir/c", false, true));
    let grouped = client.get("/photos?versions&delimiter=/").await.json();
    assert_eq!(grouped["common_prefixes"], json!(["dir/"]));
    assert_eq!(entries(&grouped).len(), 7);
    let within = client.get("/photos?versions&prefix=dir/c").await.json();
    assert_eq!(entries(&within).len(), 3);
}
