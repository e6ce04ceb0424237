//! Multipart uploads.

use serde_json::{Value, json};

use crate::client::{Client, Reply, content_md5, request, start_with_bucket};

const MIB: usize = 1 << 20;

async fn initiate(client: &Client, key: &str) -> String {
    let reply = client
        .send(request("POST", format!("/photos/{key}?uploads")))
        .await;
    let document = reply.json();
    assert_eq!((reply.status, &document["key"]), (200, &json!(key)));
    assert_eq!(document["bucket"], "photos");
    document["upload_id"].as_str().unwrap().to_owned()
}

fn part_target(key: &str, id: &str, number: u32) -> String {
    format!("/photos/{key}?upload_id={id}&part_number={number}")
}

async fn complete(client: &Client, key: &str, id: &str, parts: &Value) -> Reply {
    let target = format!("/photos/{key}?upload_id={id}");
    let body = json!({"object_parts": parts});
    client.send(request("POST", target).json(&body)).await
}

#[tokio::test]
async fn accepts_parts_in_any_order_and_replacements() {
    let (_emulator, client) = start_with_bucket().await;
    let id = initiate(&client, "film").await;
    let (first, second) = (vec![b'1'; 4 * MIB], vec![b'2'; 5 * MIB]);
    for (number, body) in [
        (7, b"last".to_vec()),
        (0, b"replaced".to_vec()),
        (3, second.clone()),
        (0, first.clone()),
        (9, b"left out".to_vec()),
    ] {
        let digest = content_md5(&body);
        let put = request("PUT", part_target("film", &id, number))
            .header("Content-MD5", digest)
            .body(body);
        assert_eq!(client.send(put).await.status, 201);
    }
    assert_eq!(client.get("/photos/film").await.status, 404);
    let list = client
        .get(format!("/photos/film?upload_id={id}"))
        .await
        .json();
    assert_eq!(list["count"], 4);
    let etags = list["object_parts"].as_array().unwrap();
    assert_eq!(etags[0]["part_number"], 0);
    assert_eq!(etags[0]["size"], 4 * MIB);
    let page = format!("/photos/film?upload_id={id}&part_number_marker=0&limit=2");
    let page = client.get(page).await.json();
    assert_eq!(page["count"], 2);
    let numbers = page["object_parts"].as_array().unwrap();
    assert_eq!(
        (&numbers[0]["part_number"], &numbers[1]["part_number"]),
        (&json!(3), &json!(7))
    );
    let parts = json!([
        {"part_number": 0, "etag": etags[0]["etag"]},
        {"part_number": 3, "etag": format!("\"{}\"", etags[1]["etag"].as_str().unwrap())},
        {"part_number": 7},
    ]);
    let done = complete(&client, "film", &id, &parts).await;
    assert_eq!(done.status, 201);
    let whole = [first, second, b"last".to_vec()].concat();
    let got = client.get("/photos/film").await;
    assert_eq!(got.body, whole);
    assert_eq!(got.header("etag"), done.header("etag"));
    assert!(done.header("etag").ends_with("-3\""), "{done:?}");
    // A range across two parts.
    let range = request("GET", "/photos/film").header("Range", "bytes=4194300-4194307");
    assert_eq!(client.send(range).await.body, b"11112222");

    let abort = client.delete(format!("/photos/film?upload_id={id}")).await;
    assert_eq!(abort.status, 204);
    assert_eq!(client.get("/photos/film").await.body.len(), whole.len());
    let gone = client.put(part_target("film", &id, 1), "x").await;
    assert_eq!(gone.error(), (404, "upload_not_exists".to_owned()));
}

#[tokio::test]
async fn refuses_a_bad_list_of_parts_and_keeps_the_upload() {
    let (_emulator, client) = start_with_bucket().await;
    let id = initiate(&client, "film").await;
    client
        .put(part_target("film", &id, 1), vec![b'1'; 4 * MIB])
        .await;
    client.put(part_target("film", &id, 2), "small").await;
    client.put(part_target("film", &id, 3), "last").await;
    for (parts, code) in [
        (json!([]), "invalid_request"),
        (
            json!([{"part_number": 2}, {"part_number": 1}]),
            "invalid_request",
        ),
        (
            json!([{"part_number": 1}, {"part_number": 1}]),
            "invalid_request",
        ),
        (json!([{"part_number": 4}]), "invalid_argument"),
        (
            json!([{"part_number": 1, "etag": "abc"}]),
            "invalid_argument",
        ),
        (
            json!([{"part_number": 1}, {"part_number": 2}, {"part_number": 3}]),
            "entity_too_small",
        ),
        (json!([{"part_number": -1}]), "invalid_request"),
        (json!({}), "invalid_request"),
    ] {
        let reply = complete(&client, "film", &id, &parts).await;
        assert_eq!(reply.error(), (400, code.to_owned()), "{parts}");
    }
    let right = json!([{"part_number": 1}, {"part_number": 3}]);
    assert_eq!(complete(&client, "film", &id, &right).await.status, 201);
    assert_eq!(client.get("/photos/film").await.body.len(), 4 * MIB + 4);
}

#[tokio::test]
async fn refuses_invalid_part_requests() {
    let (_emulator, client) = start_with_bucket().await;
    let id = initiate(&client, "film").await;
    for (target, status, code) in [
        (part_target("film", &id, 10_001), 400, "invalid_argument"),
        (part_target("film", "0123", 1), 404, "upload_not_exists"),
        (
            part_target("film", &"f".repeat(32), 1),
            404,
            "upload_not_exists",
        ),
        (part_target("other", &id, 1), 404, "upload_not_exists"),
        (
            part_target("film", "%E4%B8%AD", 1),
            404,
            "upload_not_exists",
        ),
    ] {
        let reply = client.put(target.as_str(), "x").await;
        assert_eq!(reply.error(), (status, code.to_owned()), "{target}");
    }
    let bad = request("PUT", part_target("film", &id, 1))
        .header("Content-MD5", content_md5(b"other"))
        .body("x");
    assert_eq!(
        client.send(bad).await.error(),
        (400, "bad_digest".to_owned())
    );
    let list = client
        .get(format!("/photos/film?upload_id={id}"))
        .await
        .json();
    assert_eq!(list["count"], 0);
    assert_eq!(
        client
            .put(part_target("film", &id, 10_000), "x")
            .await
            .status,
        201
    );
    assert_eq!(
        client
            .delete(format!("/photos/film?upload_id={id}"))
            .await
            .status,
        204
    );
    assert_eq!(
        client
            .delete(format!("/photos/film?upload_id={id}"))
            .await
            .status,
        204
    );
    assert_eq!(
        client
            .delete(format!("/absent/film?upload_id={id}"))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn copies_parts_completely_or_by_range() {
    let (_emulator, client) = start_with_bucket().await;
    client.put("/photos/source", "0123456789").await;
    let id = initiate(&client, "film").await;
    let copy = |number, header: Option<(&str, &str)>| {
        let copy = request("PUT", part_target("film", &id, number))
            .header("x-qs-copy-source", "/photos/source");
        client.send(match header {
            Some((name, value)) => copy.header(name, value),
            None => copy,
        })
    };
    let ranged = copy(1, Some(("x-qs-copy-range", "bytes=2-4"))).await;
    assert_eq!(ranged.status, 201);
    assert_eq!(ranged.header("x-qs-content-copy-range"), "bytes 2-4/10");
    let failed = copy(1, Some(("x-qs-copy-source-if-none-match", "*"))).await;
    assert_eq!(failed.error(), (412, "precondition_failed".to_owned()));
    let beyond = copy(1, Some(("x-qs-copy-range", "bytes=10-"))).await;
    assert_eq!(beyond.error(), (416, "invalid_range".to_owned()));
    let done = complete(&client, "film", &id, &json!([{"part_number": 1}])).await;
    assert_eq!(done.status, 201);
    assert_eq!(client.get("/photos/film").await.text(), "234");

    let id = initiate(&client, "copy").await;
    let whole =
        request("PUT", part_target("copy", &id, 0)).header("x-qs-copy-source", "/photos/source");
    let whole = client.send(whole).await;
    assert_eq!(whole.header("x-qs-content-copy-range"), "");
    complete(&client, "copy", &id, &json!([{"part_number": 0}])).await;
    assert_eq!(client.get("/photos/copy").await.text(), "0123456789");
}

#[tokio::test]
async fn keeps_metadata_and_a_custom_etag() {
    let (_emulator, client) = start_with_bucket().await;
    let start = request("POST", "/photos/film?uploads")
        .header("Content-Type", "video/mp4")
        .header("x-qs-meta-color", "red")
        .header("x-qs-storage-class", "STANDARD_IA");
    let id = client.send(start).await.json()["upload_id"]
        .as_str()
        .unwrap()
        .to_owned();
    client.put(part_target("film", &id, 0), "x").await;
    let body = json!({"object_parts": [{"part_number": 0}]});
    let done = request("POST", format!("/photos/film?upload_id={id}"))
        .json(&body)
        .header("ETag", "\"mine\"");
    assert_eq!(client.send(done).await.header("etag"), "\"mine\"");
    let head = client.head("/photos/film").await;
    for (name, value) in [
        ("etag", "\"mine\""),
        ("content-type", "video/mp4"),
        ("x-qs-meta-color", "red"),
        ("x-qs-storage-class", "STANDARD_IA"),
    ] {
        assert_eq!(head.header(name), value, "{name}");
    }
}

#[tokio::test]
async fn lists_unfinished_uploads_by_key_and_creation() {
    let (_emulator, client) = start_with_bucket().await;
    let mut ids = Vec::new();
    for key in ["b", "a", "a", "dir/c", "a"] {
        ids.push((key, initiate(&client, key).await));
    }
    // The sort is stable, so uploads of one key stay ordered by creation.
    ids.sort_by_key(|(key, _)| *key);
    let expected = ids
        .iter()
        .map(|(key, id)| json!([key, id]))
        .collect::<Vec<_>>();
    let listed = |list: &Value| {
        list["uploads"]
            .as_array()
            .unwrap()
            .iter()
            .map(|upload| json!([upload["key"], upload["upload_id"]]))
            .collect::<Vec<_>>()
    };
    let whole = client.get("/photos?uploads").await.json();
    assert_eq!(listed(&whole), expected);
    assert_eq!(
        (&whole["limit"], &whole["next_key_marker"]),
        (&json!(200), &json!(""))
    );
    for limit in [1, 2, 4] {
        let (mut found, mut marker) = (Vec::new(), String::new());
        loop {
            let page = client
                .get(format!("/photos?uploads&limit={limit}{marker}"))
                .await;
            let page = page.json();
            found.extend(listed(&page));
            if page["next_key_marker"] == "" {
                assert_eq!(page["has_more"], false);
                break;
            }
            let next = |name: &str| page[name].as_str().unwrap().to_owned();
            marker = format!(
                "&key_marker={}&upload_id_marker={}",
                next("next_key_marker"),
                next("next_upload_id_marker")
            );
        }
        assert_eq!(found, expected, "limit {limit}");
    }
    let grouped = client
        .get("/photos?uploads&delimiter=/&prefix=d")
        .await
        .json();
    assert_eq!(grouped["common_prefixes"], json!(["dir/"]));
    assert_eq!(listed(&grouped), Vec::<Value>::new());
    let after = client.get("/photos?uploads&key_marker=a").await.json();
    assert_eq!(listed(&after), expected[3..]);
    // Unfinished uploads are not listed as objects.
    assert_eq!(client.delete("/photos").await.status, 204);
}
